//! Runs in the file formats of other tools: what each format can hold is checked here.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;
use results::export::{
    HubDataset, evalplus, every_eval_ever, hf_eval_results, inspect, is_whole_benchmark, lm_eval,
};
use results::metric::calls::Table;
use results::rating::{fastchat_answers, fastchat_judgments};
use results::report::{ReportedRun, bfcl_tables};
use results::{StoreError, Summary};
use serde::Serialize;
use tasks::JudgeKind;

use super::destination::Destination;
use crate::cli::args::{FormatArg, ReportArgs};
use crate::error::EvalrunError;
use crate::judging::answer_reader;

/// Writes runs in the format that `args` names.
pub(super) fn write(
    runs: &[ReportedRun<'_>],
    args: &ReportArgs,
    out: &mut Destination,
) -> Result<(), EvalrunError> {
    let is_texts = matches!(
        args.format,
        FormatArg::Evalplus | FormatArg::FastchatAnswers | FormatArg::FastchatJudgments
    );
    if is_texts && runs.iter().any(ReportedRun::withholds) {
        let name = args.format.to_possible_value();
        let name = name.as_ref().map_or("this format", |name| name.get_name());
        return Err(usage(&format!("{name} holds little but texts, and texts are to be left out")));
    }
    match args.format {
        FormatArg::Evalplus => {
            let run = only("evalplus", runs)?;
            let mut is_written = true;
            out.take(|out| {
                is_written = evalplus(run.file, out)?;
                Ok(())
            })?;
            let task = &run.summary.task;
            let refused = format!("evalplus is for HumanEval and MBPP; this is a run of `{task}`");
            if is_written { Ok(()) } else { Err(usage(&refused)) }
        }
        FormatArg::FastchatAnswers => {
            let file = only("fastchat-answers", runs)?.file;
            let rows = fastchat_answers(file, answer_reader(file.plan()))?;
            write_rows(rows, out, || {
                let task = &runs[0].summary.task;
                usage(&format!("fastchat-answers is for dialogues; this is a run of `{task}`"))
            })
        }
        FormatArg::FastchatJudgments => {
            let rows = fastchat_judgments(only("fastchat-judgments", runs)?.file)?;
            write_rows(rows, out, || no_judgments(&runs[0]))
        }
        FormatArg::Inspect => {
            let run = only("inspect", runs)?;
            out.take(|out| inspect(run, out))
        }
        FormatArg::EveryEvalEver => {
            let value = every_eval_ever(only("every-eval-ever", runs)?)?;
            out.take(|out| json(&value, out))
        }
        FormatArg::LmEval => {
            check_lm_eval(runs)?;
            let value = lm_eval(runs)?;
            out.take(|out| json(&value, out))
        }
        FormatArg::HfEvalResults => {
            let yaml = hf_eval_results(&with_datasets(runs, args)?)?;
            out.take(|out| Ok(out.write_all(yaml.as_bytes())?))
        }
        _ => unreachable!("the other formats are not for other tools"),
    }
}

/// Upstream's tables of scores, a file each.
pub(super) fn bfcl_folder(summaries: &[Summary], folder: &Path) -> Result<(), EvalrunError> {
    let tables = tables_of_bfcl(summaries)?;
    let fail =
        |err: io::Error| EvalrunError::Output { path: folder.to_owned(), reason: err.to_string() };
    fs::create_dir_all(folder).map_err(fail)?;
    for table in tables {
        fs::write(folder.join(table.file), table.csv()).map_err(fail)?;
    }
    Ok(())
}

/// The overall table alone.
pub(super) fn bfcl_overall(
    summaries: &[Summary],
    out: &mut Destination,
) -> Result<(), EvalrunError> {
    let tables = tables_of_bfcl(summaries)?;
    let overall = tables.iter().find(|table| table.file == "data_overall.csv");
    let text = overall.map(Table::csv).expect("upstream's tables have an overall one");
    out.take(|out| Ok(writeln!(out, "{text}")?))
}

fn tables_of_bfcl(summaries: &[Summary]) -> Result<Vec<Table>, EvalrunError> {
    match summaries.iter().find(|summary| !summary.task.starts_with("bfcl:")) {
        Some(other) => {
            Err(usage(&format!("bfcl is for BFCL's categories; this is a run of `{}`", other.task)))
        }
        None => Ok(bfcl_tables(summaries)),
    }
}

/// `FastChat`'s rows, one JSON object a line.
fn write_rows(
    rows: Option<Vec<serde_json::Value>>,
    out: &mut Destination,
    none: impl FnOnce() -> EvalrunError,
) -> Result<(), EvalrunError> {
    let rows = rows.ok_or_else(none)?;
    out.take(|out| rows.iter().try_for_each(|row| Ok(writeln!(out, "{row}")?)))
}

fn no_judgments(run: &ReportedRun<'_>) -> EvalrunError {
    let reason = if run.file.plan().judge == JudgeKind::Dialogue {
        let path = &run.summary.run_file;
        format!(
            "this run has no judgments; `evalrun rejudge {path} --judge-model MODEL` asks for them"
        )
    } else {
        let task = &run.summary.task;
        format!("only dialogues have judgments; this is a run of `{task}`")
    };
    usage(&format!("fastchat-judgments: {reason}"))
}

fn usage(reason: &str) -> EvalrunError {
    EvalrunError::Usage(format!("--format {reason}"))
}

fn only<'a, 'b>(
    format: &str,
    runs: &'a [ReportedRun<'b>],
) -> Result<&'a ReportedRun<'b>, EvalrunError> {
    let [run] = runs else {
        return Err(usage(&format!("{format} takes one run, for its files hold one each")));
    };
    Ok(run)
}

fn json(value: &impl Serialize, out: &mut dyn Write) -> Result<(), StoreError> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}

/// A results file has one model, and one entry a task.
fn check_lm_eval(runs: &[ReportedRun<'_>]) -> Result<(), EvalrunError> {
    let models: BTreeSet<_> = runs.iter().map(|run| &run.summary.model).collect();
    let tasks: BTreeSet<_> = runs.iter().map(|run| &run.summary.task).collect();
    if models.len() > 1 || tasks.len() < runs.len() {
        return Err(usage("lm-eval takes runs of one model, each of another task"));
    }
    Ok(())
}

fn with_datasets<'a>(
    runs: &[ReportedRun<'a>],
    args: &ReportArgs,
) -> Result<Vec<(ReportedRun<'a>, HubDataset)>, EvalrunError> {
    let tasks: BTreeSet<_> = runs.iter().map(|run| &run.summary.task).collect();
    if args.hf_dataset.is_some() && tasks.len() > 1 {
        return Err(usage(
            "hf-eval-results: --hf-dataset names one data set, and these are runs of several tasks",
        ));
    }
    let dataset = |run: &ReportedRun<'a>| {
        let task = &run.summary.task;
        if run.summary.metrics.is_empty() {
            let reason =
                format!("hf-eval-results: `{task}` has no figure in {}", run.summary.run_file);
            return Err(usage(&reason));
        }
        if args.hf_dataset.is_none() && !is_whole_benchmark(run.summary) {
            return Err(usage(&format!(
                "hf-eval-results: {} is not a whole run of `{task}`, and its figure is none of the benchmark's; --hf-dataset owner/name:task names another data set",
                run.summary.run_file
            )));
        }
        let known = args.hf_dataset.clone().or_else(|| HubDataset::of_task(task));
        let dataset = known.ok_or_else(|| {
            usage(&format!(
                "hf-eval-results: no data set of the Hub is known for `{task}`; name it with --hf-dataset owner/name:task"
            ))
        })?;
        Ok((*run, dataset))
    };
    runs.iter().map(dataset).collect()
}
