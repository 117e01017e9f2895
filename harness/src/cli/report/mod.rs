//! `evalrun report`.

mod destination;
mod interchange;

use results::report::{
    Entry, Format, Leaderboard, LeaderboardFormat, PageLimits, ReportedRun, TextPolicy, html,
    jsonl, junit, render,
};
use results::{RunFile, Summary};

use super::args::{FormatArg, ReportArgs};
use super::run_file;
use crate::error::EvalrunError;
use crate::exit_code::ExitCode;
use destination::Destination;

/// Writes the numbers, samples or page of stored runs.
pub(super) fn report(args: &ReportArgs) -> Result<ExitCode, EvalrunError> {
    check_options(args)?;
    let files = args
        .runs
        .iter()
        .map(|name| RunFile::open(&run_file::find(name, &args.out)))
        .collect::<Result<Vec<_>, _>>()?;
    let summaries = files.iter().map(RunFile::summary).collect::<Result<Vec<_>, _>>()?;
    let texts = text_policy(args);
    let runs: Vec<ReportedRun<'_>> = files
        .iter()
        .zip(&summaries)
        .map(|(file, summary)| ReportedRun { file, summary, texts })
        .collect();
    if let (FormatArg::Bfcl, Some(folder)) = (args.format, &args.output) {
        interchange::bfcl_folder(&summaries, folder)?;
        return Ok(ExitCode::Ok);
    }
    let mut out = Destination::open(args)?;
    if args.leaderboard && args.format != FormatArg::Html {
        let text = leaderboard(&runs, args.format)?;
        out.take(|out| Ok(out.write_all(text.as_bytes())?))?;
    } else {
        write(&runs, &summaries, args, &mut out)?;
    }
    out.finish()?;
    Ok(ExitCode::Ok)
}

/// Refuses options that would do nothing.
fn check_options(args: &ReportArgs) -> Result<(), EvalrunError> {
    let format = args.format;
    let has_texts = match format {
        FormatArg::Html
        | FormatArg::Jsonl
        | FormatArg::Junit
        | FormatArg::Parquet
        | FormatArg::Evalplus
        | FormatArg::FastchatAnswers
        | FormatArg::FastchatJudgments
        | FormatArg::Inspect => true,
        FormatArg::Table
        | FormatArg::Md
        | FormatArg::Csv
        | FormatArg::Json
        | FormatArg::Latex
        | FormatArg::Baseline
        | FormatArg::LmEval
        | FormatArg::Bfcl
        | FormatArg::EveryEvalEver
        | FormatArg::HfEvalResults => false,
    };
    let idle = [
        (
            args.samples.is_some() && format != FormatArg::Html,
            "--samples is for --format html: other formats hold every sample, or none",
        ),
        (
            args.hf_dataset.is_some() && format != FormatArg::HfEvalResults,
            "--hf-dataset is for --format hf-eval-results: no other format names a data set of the Hub",
        ),
        (args.keep_text && !has_texts, "--keep-text: this format has figures only, and no texts"),
    ];
    match idle.into_iter().find(|(is_idle, _)| *is_idle) {
        Some((_, message)) => Err(EvalrunError::Usage(message.to_owned())),
        None => Ok(()),
    }
}

fn text_policy(args: &ReportArgs) -> TextPolicy {
    match (args.keep_text, args.no_text) {
        (true, _) => TextPolicy::Keep,
        (false, true) => TextPolicy::Withhold,
        (false, false) => TextPolicy::AsPlanned,
    }
}

fn write(
    runs: &[ReportedRun<'_>],
    summaries: &[Summary],
    args: &ReportArgs,
    out: &mut Destination,
) -> Result<(), EvalrunError> {
    let format = match args.format {
        FormatArg::Table => Format::Table,
        FormatArg::Json => Format::Json,
        FormatArg::Md => Format::Markdown,
        FormatArg::Csv => Format::Csv,
        FormatArg::Latex => Format::Latex,
        FormatArg::Html => {
            let limits = PageLimits::default();
            let n_samples = args.samples.map_or(limits.n_samples, |n| n as usize);
            let limits = PageLimits { n_samples, leaderboard: args.leaderboard, ..limits };
            return out.take(|out| html(runs, limits, out));
        }
        FormatArg::Baseline => {
            let text = results::baseline(runs.iter().map(|run| run.file))?;
            return out.take(|out| Ok(out.write_all(text.as_bytes())?));
        }
        FormatArg::Jsonl => return out.take(|out| jsonl(runs, out)),
        FormatArg::Junit => return out.take(|out| junit(runs, out)),
        FormatArg::Parquet => return parquet(runs, out),
        FormatArg::Bfcl => return interchange::bfcl_overall(summaries, out),
        FormatArg::Evalplus
        | FormatArg::FastchatAnswers
        | FormatArg::FastchatJudgments
        | FormatArg::Inspect
        | FormatArg::LmEval
        | FormatArg::EveryEvalEver
        | FormatArg::HfEvalResults => return interchange::write(runs, args, out),
    };
    out.take(|out| Ok(out.write_all(render(summaries, format).as_bytes())?))
}

fn leaderboard(runs: &[ReportedRun<'_>], format: FormatArg) -> Result<String, EvalrunError> {
    let format = match format {
        FormatArg::Table => LeaderboardFormat::Table,
        FormatArg::Md => LeaderboardFormat::Markdown,
        FormatArg::Latex => LeaderboardFormat::Latex,
        FormatArg::Csv => LeaderboardFormat::Csv,
        FormatArg::Json => LeaderboardFormat::Json,
        _ => {
            return Err(EvalrunError::Usage(
                "--leaderboard has the layouts table, md, latex, csv, json and html".to_owned(),
            ));
        }
    };
    let entries: Vec<Entry<'_>> = runs.iter().map(Entry::from).collect();
    Ok(Leaderboard::new(&entries).render(format))
}

#[cfg(feature = "parquet")]
fn parquet(runs: &[ReportedRun<'_>], out: &mut Destination) -> Result<(), EvalrunError> {
    out.take(|out| results::report::parquet(runs, out))
}

#[cfg(not(feature = "parquet"))]
fn parquet(_runs: &[ReportedRun<'_>], _out: &mut Destination) -> Result<(), EvalrunError> {
    Err(EvalrunError::Usage(
        "--format parquet: this evalrun was built without it; build it with `--features parquet`, \
         or take --format jsonl, which holds the same"
            .to_owned(),
    ))
}
