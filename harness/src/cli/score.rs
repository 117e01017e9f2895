//! `evalrun score`.

use std::io::Write;

use results::report::{Format, render};
use results::{JudgeMode, RunFile};
use serde_json::Value;

use super::args::ScoreArgs;
use super::calls_args::CallsModeArg;
use super::judge::{conclude, embedded, judge, resources, runtime};
use super::{Context, print};
use crate::error::EvalrunError;
use crate::exit_code::ExitCode;
use crate::judging::{Bench, JudgingEnd};
use crate::score::{self, ScoreSettings};
use judges::calls::check::Naming;
use judges::calls::decode::Mode;
use tasks::ExtractorKind;

/// Grades a file of responses.
pub(super) fn score(args: &ScoreArgs, context: &Context) -> Result<ExitCode, EvalrunError> {
    if let Some(task) = args.task.dialogues() {
        return dialogues(task, args, context);
    }
    if args.judges.are_given() || args.judgments.is_some() {
        let reason = "judges and judgments are for mt_bench and ru_mt_bench";
        return Err(EvalrunError::Usage(reason.to_owned()));
    }
    let scored = score::score(
        args.task,
        &args.samples,
        ScoreSettings {
            n_workers: args.workers.map(|n| n as usize),
            extractor: args.extractor.map(ExtractorKind::from),
            calls_mode: args.mode.map(|mode| match mode {
                CallsModeArg::Prompting => Mode::Prompting,
                CallsModeArg::Fc => Mode::Native,
                CallsModeArg::Hermes => Mode::Hermes,
            }),
            tables: args.tables.as_deref(),
            calls_naming: args.underscores.then_some(Naming::Underscores),
        },
        (&context.store, &context.display),
    )?;
    if let Some(out) = &args.out {
        write(out, &scored.lines)
            .map_err(|err| EvalrunError::File { path: out.clone(), reason: err.to_string() })?;
    }
    if args.json {
        print::json(&scored.summary)?;
    } else {
        print::result(&format!("{}\n", scored.table))?;
    }
    if scored.n_failed > 0 {
        context.display.note(&format!(
            "{} samples got no verdict and are not scored: run the same command again",
            scored.n_failed
        ));
        return Ok(ExitCode::Incomplete);
    }
    Ok(ExitCode::Ok)
}

/// Makes a run of the answers, lets judges rate them if any are named, and reports it.
fn dialogues(task: &str, args: &ScoreArgs, context: &Context) -> Result<ExitCode, EvalrunError> {
    if args.workers.is_some() || args.extractor.is_some() || args.out.is_some() {
        let reason = "--workers, --extractor and --out have no effect on dialogues";
        return Err(EvalrunError::Usage(reason.to_owned()));
    }
    let files = (args.judgments.as_deref(), args.runs.as_path());
    let path = score::fastchat::import(task, &args.samples, files, resources(context))?;
    let mut end = JudgingEnd::Done;
    if args.judges.are_given() {
        let runtime = runtime()?;
        let bench = (args.judges.settings()?, JudgeMode::Single);
        let bench = Bench::open(bench, embedded(), resources(context), &runtime)?;
        end = judge(&path, &bench, (&runtime, context))?;
        runtime.shutdown_background();
    }
    let summary = RunFile::open(&path)?.summary()?;
    let format = if args.json { Format::Json } else { Format::Table };
    print::result(&render(std::slice::from_ref(&summary), format))?;
    conclude(end, std::slice::from_ref(&summary), context)
}

/// Writes the lines to a temporary name first, so that an interruption leaves no half file.
fn write(out: &std::path::Path, lines: &[Value]) -> std::io::Result<()> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(std::path::Path::new(".")))?;
    let mut writer = std::io::BufWriter::new(file.as_file_mut());
    for line in lines {
        writeln!(writer, "{line}")?;
    }
    writer.flush()?;
    drop(writer);
    file.persist(out).map(drop).map_err(std::io::Error::from)
}
