//! `evalrun report`.

use results::rating::{fastchat_answers, fastchat_judgments};
use results::report::{self, Format, render};
use results::{RunFile, StoreError};

use serde_json::Value;

use super::args::{FormatArg, ReportArgs};
use super::{print, run_file};
use crate::error::EvalrunError;
use crate::exit_code::ExitCode;
use crate::judging::answer_reader;

/// Prints the numbers of stored runs.
pub(super) fn report(args: &ReportArgs) -> Result<ExitCode, EvalrunError> {
    let runs = args
        .runs
        .iter()
        .map(|name| RunFile::open(&run_file::find(name, &args.out)))
        .collect::<Result<Vec<_>, _>>()?;
    let summaries = runs.iter().map(RunFile::summary).collect::<Result<Vec<_>, _>>()?;
    let format = match args.format {
        FormatArg::Evalplus => return evalplus(&runs),
        FormatArg::FastchatAnswers => return fastchat(&runs, answers),
        FormatArg::FastchatJudgments => return fastchat(&runs, fastchat_judgments),
        FormatArg::Table => Format::Table,
        FormatArg::Json => Format::Json,
        FormatArg::Md => Format::Markdown,
        FormatArg::Csv => Format::Csv,
    };
    print::result(&render(&summaries, format))?;
    Ok(ExitCode::Ok)
}

fn answers(run: &RunFile) -> Result<Option<Vec<Value>>, StoreError> {
    fastchat_answers(run, answer_reader(run.plan()))
}

type Rows = fn(&RunFile) -> Result<Option<Vec<Value>>, StoreError>;

fn fastchat(runs: &[RunFile], rows: Rows) -> Result<ExitCode, EvalrunError> {
    let refuse = |reason: String| EvalrunError::Usage(format!("FastChat's format {reason}"));
    let [run] = runs else { return Err(refuse("takes one run".to_owned())) };
    let none = || refuse(format!("has no rows for this run of `{}`", run.plan().task));
    let rows = rows(run)?.ok_or_else(none)?;
    print::result(&rows.iter().map(|row| format!("{row}\n")).collect::<String>())?;
    Ok(ExitCode::Ok)
}

fn evalplus(runs: &[RunFile]) -> Result<ExitCode, EvalrunError> {
    let refuse = |reason: &str| EvalrunError::Usage(format!("--format evalplus {reason}"));
    let [run] = runs else { return Err(refuse("takes one run, for EvalPlus has a file for each")) };
    let of_other_task =
        || refuse(&format!("is for HumanEval and MBPP; this is a run of `{}`", run.plan().task));
    print::json(&report::evalplus(run)?.ok_or_else(of_other_task)?)?;
    Ok(ExitCode::Ok)
}
