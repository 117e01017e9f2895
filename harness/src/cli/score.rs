//! `evalrun score`.

use std::io::Write;
use std::path::Path;

use results::report::{Format, count, render};
use results::{JudgeMode, RunFile};
use serde_json::Value;
use tempfile::NamedTempFile;

use super::args::ScoreArgs;
use super::calls_args::CallsModeArg;
use super::judge::{conclude, embedded, judge, resources, runtime};
use super::stored_judges::Asked;
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
    if args.runs.is_some() {
        let reason = "--runs is for mt_bench and ru_mt_bench, whose answers become a run";
        return Err(EvalrunError::Usage(reason.to_owned()));
    }
    let settings = settings(args);
    score::check(args.task, &args.samples, settings)?;
    // Grading may take an hour, so that what cannot be written is to be known before.
    let out = args.out.as_deref().map(LinesFile::open).transpose()?;
    if let Some(folder) = &args.tables {
        std::fs::create_dir_all(folder).map_err(|err| cannot_write(folder, &err))?;
    }
    let scored =
        score::score(args.task, &args.samples, settings, (&context.store, &context.display))?;
    let written = out.map_or(Ok(()), |out| out.write(&scored.lines));
    if args.json {
        print::json(&scored.summary)?;
    } else {
        print::result(&format!("{}\n", scored.table))?;
    }
    written?;
    if scored.n_failed > 0 {
        context.display.note(&format!(
            "{} got no verdict and are not scored; where the machine was at fault, run the same command again",
            count(scored.n_failed, "sample")
        ));
        return Ok(ExitCode::Incomplete);
    }
    Ok(ExitCode::Ok)
}

fn settings(args: &ScoreArgs) -> ScoreSettings<'_> {
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
    }
}

/// Makes a run of the answers, lets judges rate them if any are named, and reports it.
fn dialogues(task: &str, args: &ScoreArgs, context: &Context) -> Result<ExitCode, EvalrunError> {
    let given = [
        ("--workers", args.workers.is_some()),
        ("--extractor", args.extractor.is_some()),
        ("--out", args.out.is_some()),
        ("--mode", args.mode.is_some()),
        ("--underscores", args.underscores),
        ("--tables", args.tables.is_some()),
    ];
    if let Some((option, _)) = given.into_iter().find(|(_, is_given)| *is_given) {
        return Err(EvalrunError::Usage(format!("{option} has no effect on dialogues")));
    }
    let runs = args.runs.as_deref().unwrap_or(Path::new("results"));
    let files = (args.judgments.as_deref(), runs);
    let path = score::fastchat::import(task, &args.samples, files, resources(context))?;
    let mut end = JudgingEnd::Done;
    let mut bench = None;
    if args.judges.are_given() {
        let runtime = runtime()?;
        let settings = (args.judges.settings()?, JudgeMode::Single);
        let bench = bench.insert(Bench::open(settings, embedded(), resources(context), &runtime)?);
        end = judge(&path, bench, (&runtime, context))?;
        runtime.shutdown_background();
    }
    let summary = RunFile::open(&path)?.summary()?;
    let format = if args.json { Format::Json } else { Format::Table };
    print::result(&render(std::slice::from_ref(&summary), format))?;
    let asked = bench.as_ref().map(Asked::ratings);
    let code = conclude(end, std::slice::from_ref(&summary), (asked, context))?;
    let has_gaps = args.judgments.is_some() && !summary.ratings.is_complete();
    Ok(if has_gaps { ExitCode::Incomplete } else { code })
}

/// A file of lines. It has a temporary name until it is whole, so that an interruption leaves no half
/// file.
struct LinesFile<'a> {
    path: &'a Path,
    file: NamedTempFile,
}

impl<'a> LinesFile<'a> {
    fn open(path: &'a Path) -> Result<Self, EvalrunError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = if path.is_dir() {
            Err(std::io::Error::from(std::io::ErrorKind::IsADirectory))
        } else {
            NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
        };
        Ok(Self { path, file: file.map_err(|err| cannot_write(path, &err))? })
    }

    fn write(mut self, lines: &[Value]) -> Result<(), EvalrunError> {
        let mut write = || -> std::io::Result<()> {
            let mut writer = std::io::BufWriter::new(self.file.as_file_mut());
            for line in lines {
                writeln!(writer, "{line}")?;
            }
            writer.flush()
        };
        write().map_err(|err| cannot_write(self.path, &err))?;
        let named = self.file.persist(self.path);
        named.map(drop).map_err(|err| cannot_write(self.path, &err.error))
    }
}

fn cannot_write(path: &Path, err: &std::io::Error) -> EvalrunError {
    EvalrunError::Output { path: path.to_owned(), reason: err.to_string() }
}
