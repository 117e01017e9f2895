//! `evalrun report`.

use results::RunFile;
use results::report::{self, Format, render};

use super::args::{FormatArg, ReportArgs};
use super::{print, run_file};
use crate::error::EvalrunError;
use crate::exit_code::ExitCode;

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
        FormatArg::Baseline => {
            print::result(&results::baseline(&runs)?)?;
            return Ok(ExitCode::Ok);
        }
        FormatArg::Table => Format::Table,
        FormatArg::Json => Format::Json,
        FormatArg::Md => Format::Markdown,
        FormatArg::Csv => Format::Csv,
    };
    print::result(&render(&summaries, format))?;
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
