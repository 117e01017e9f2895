//! Judging a stored run, and `evalrun rejudge`.

use std::path::Path;

use results::report::{self, Format};
use results::{JudgeMode, JudgmentWriter, Plan, RunFile, Summary};
use tasks::JudgeKind;
use tokio::runtime::Runtime;

use super::args::RejudgeArgs;
use super::stored_judges::{Asked, forget, tell_missing};
use super::{Context, print, run_file};
use crate::backend::embedded::EmbeddedSettings;
use crate::error::EvalrunError;
use crate::exit_code::ExitCode;
use crate::judging::{self, AskSettings, Bench, Cost, JudgingEnd};
use crate::plan::ModelChoice;

/// Rates the answers of a stored run by new judges, or reads stored replies again.
pub(super) fn rejudge(args: &RejudgeArgs, context: &Context) -> Result<ExitCode, EvalrunError> {
    let path = run_file::find(&args.run, &args.out);
    let run = RunFile::open(&path)?;
    check_kind(run.plan())?;
    if let Some(name) = &args.forget {
        forget(&path, name, context)?;
    }
    if args.reread {
        let n_changed = judging::reread(&path)?;
        context.display.note(&format!("{n_changed} replies are read otherwise than before"));
    }
    let asks_nobody = args.reread || args.forget.is_some();
    let mut end = JudgingEnd::Done;
    let mut bench = None;
    if !asks_nobody || args.judges.are_given() {
        let runtime = runtime()?;
        let settings = (args.judges.settings()?, JudgeMode::Single);
        let bench = bench.insert(Bench::open(settings, embedded(), resources(context), &runtime)?);
        end = judge(&path, bench, (&runtime, context))?;
        runtime.shutdown_background();
    }
    let summary = RunFile::open(&path)?.summary()?;
    let format = if args.json { Format::Json } else { Format::Table };
    print::result(&report::render(std::slice::from_ref(&summary), format))?;
    let asked = bench.as_ref().map(Asked::ratings);
    conclude(end, std::slice::from_ref(&summary), (asked, context))
}

/// Only dialogues are judged by language models.
pub(super) fn check_kind(plan: &Plan) -> Result<(), EvalrunError> {
    if plan.judge == JudgeKind::Dialogue {
        return Ok(());
    }
    Err(EvalrunError::Usage(format!(
        "`{}` has right answers; language models judge dialogues such as mt_bench only",
        plan.task
    )))
}

/// Lets every judge of `bench` rate what it has not rated yet. All costs are shown before the first
/// request.
pub(super) fn judge(
    path: &Path,
    bench: &Bench,
    (runtime, context): (&Runtime, &Context),
) -> Result<JudgingEnd, EvalrunError> {
    let run = RunFile::open(path)?;
    let judges = bench.judges(&[run.plan()], resources(context))?;
    let mut writer = JudgmentWriter::open(path)?;
    let mut work = Vec::new();
    for judge in judges {
        let judge_id = writer.register(&judge.config, bench.settings.n_samples)?;
        let calls = judging::singles(&judge, (judge_id, bench.settings.n_samples), &run)?;
        work.push((judge, calls));
    }
    drop(writer);
    ask_all(path, work, (bench, run.plan().run_seed), (runtime, context))
}

/// Asks every judge in turn, after telling what it will cost.
pub(super) fn ask_all(
    path: &Path,
    work: Vec<(judging::Judge, Vec<judging::Call>)>,
    (bench, seed): (&Bench, u64),
    (runtime, context): (&Runtime, &Context),
) -> Result<JudgingEnd, EvalrunError> {
    let settings = &bench.settings;
    let mut n_least = 0;
    for (judge, calls) in &work {
        let cost = Cost::of(calls, judge);
        n_least += cost.n_least_prompt_tokens;
        Cost { n_least_prompt_tokens: n_least, ..cost }.check(bench.tokens_left.get(), "")?;
        if !calls.is_empty() {
            context.display.chat(&format!("judging by {}: {cost}", judge.config.name()));
        }
    }
    for (judge, calls) in work {
        if calls.is_empty() {
            continue;
        }
        let ask = AskSettings {
            concurrency: settings.concurrency.unwrap_or(judge.backend.capabilities().concurrency),
            max_attempts: settings.max_attempts,
            seed,
        };
        let n_calls = calls.len();
        let progress = context.display.work(&format!("judging by {}", judge.config.name()));
        let writer = JudgmentWriter::open(path)?;
        let show = |n_done| progress.count(n_done, n_calls);
        let limits = (ask, &bench.tokens_left);
        let end = runtime.block_on(judging::ask(&judge, calls, limits, writer, show));
        progress.finish();
        match end? {
            JudgingEnd::Done => (),
            JudgingEnd::Spent => context.display.note(
                "the tokens of --max-judge-tokens are spent; run the same command with more to continue",
            ),
            end => return Ok(end),
        }
    }
    Ok(JudgingEnd::Done)
}

/// Tells what is left to judge and picks the exit code.
pub(super) fn conclude(
    end: JudgingEnd,
    summaries: &[Summary],
    (asked, context): (Option<Asked<'_>>, &Context),
) -> Result<ExitCode, EvalrunError> {
    let again = "run the same command again to continue";
    match end {
        JudgingEnd::Interrupted => {
            context.display.note(&format!("interrupted; every judgment is stored: {again}"));
            return Ok(ExitCode::Interrupted);
        }
        JudgingEnd::Stopped(source) => {
            let advice = format!(
                "That was the judge, whose API key comes from --judge-api-key-env or \
                 OPENAI_API_KEY. Judgments are stored: when the cause is mended, {again}."
            );
            return Err(EvalrunError::Backend { source, advice });
        }
        JudgingEnd::Spent | JudgingEnd::Done => (),
    }
    Ok(if tell_missing(summaries, asked, context)? { ExitCode::Incomplete } else { ExitCode::Ok })
}

pub(super) fn runtime() -> Result<Runtime, EvalrunError> {
    Runtime::new().map_err(|err| EvalrunError::Usage(format!("cannot start the runtime: {err}")))
}

pub(super) fn resources(
    context: &Context,
) -> (&crate::assets::AssetStore, &crate::display::Display) {
    (&context.store, &context.display)
}

/// How an embedded judge uses the machine.
pub(super) fn embedded() -> EmbeddedSettings {
    ModelChoice::DEFAULT_SETTINGS
}
