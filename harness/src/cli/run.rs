//! `evalrun run`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use judges::Grader;
use results::report::{self, Format};
use results::{JudgeMode, RunFile, RunWriter, Session, Summary, Texts};
use tasks::calls::Category;
use tasks::{Backend, BackendError, JudgeKind, Task, suite};
use tokio::runtime::Runtime;

use super::endpoint_args::n_in_flight;
use super::ledger::Ledger;
use super::run_args::RunArgs;
use super::run_file::Unfinished;
use super::stored_judges::{Asked, tell_missing};
use super::{Context, judge, print, run_file};
use crate::assets::AssetStore;
use crate::calls::{MemoryBank, World, WorldChoice};
use crate::display::Display;
use crate::engine::{self, Budget, EngineSettings, RunEnd, Work};
use crate::error::EvalrunError;
use crate::exit_code::ExitCode;
use crate::judging::{self, Bench, Cost, JudgingEnd};
use crate::plan::{self, CallsOverrides, ModelChoice, RunPlan};
use crate::telemetry::Telemetry;

/// Runs every task of `args` on its model and prints one table at the end.
pub(super) fn run(args: &RunArgs, context: &Context) -> Result<ExitCode, EvalrunError> {
    let overrides = args.overrides()?;
    let tasks = find_tasks(args, &overrides.calls.world, &context.display)?;
    let choice = args.model()?;
    let runtime = Runtime::new()
        .map_err(|err| EvalrunError::Usage(format!("cannot start the runtime: {err}")))?;
    let resources = (&context.store, &context.display);
    let telemetry = Telemetry::start(args.log.as_deref(), args.spans.as_deref())?;
    let backend = plan::open(&choice, args.embedded(), resources, &runtime)?;
    let backend = telemetry.observe(backend);
    let graders = plan::Graders::new(resources, args.running.workers.map(|n| n as usize));
    let mut graders = graders.in_world(World::open(&overrides.calls.world)?);
    let plans = tasks
        .into_iter()
        .map(|task| plan::resolve(task, &overrides, backend.as_ref(), &graders))
        .collect::<Result<Vec<RunPlan>, _>>()?;
    check_calls(&overrides.calls, &plans)?;
    let bench = open_bench(args, &plans, resources, &runtime)?;
    if args.plan {
        let plans: Vec<_> = plans.iter().map(|plan| &plan.plan).collect();
        print::json(&plans)?;
        return Ok(ExitCode::Ok);
    }
    let running = running(args, &choice, backend.as_ref())?;
    let runs = plans
        .into_iter()
        .map(|plan| {
            let targets = plan.items.iter().map(|item| &item.target);
            let grader = Arc::new(graders.grader(&plan.plan, targets)?);
            Ok((plan, grader))
        })
        .collect::<Result<Vec<Run>, EvalrunError>>()?;
    check_use(args, &runs, context)?;
    let mut summaries = Vec::new();
    tracing::info!(n_tasks = runs.len(), "run begins");
    let how = (args, &running, bench.as_ref());
    let end = run_all(&runtime, &runs, how, (&backend, context), &mut summaries);
    // Programs of an interrupted run may still be running; nobody waits for them.
    runtime.shutdown_background();
    tracing::info!(?end, "run ends");
    drop(backend);
    telemetry.finish(&context.display);
    // What was measured before an error is still a result.
    show(&summaries, args)?;
    match end? {
        End::Run(end) => conclude(end, &summaries, (bench.as_ref(), context)),
        End::Judging(end) => {
            let asked = bench.as_ref().map(Asked::ratings);
            judge::conclude(end, &summaries, (asked, context))
        }
    }
}

/// How a command ended: while asking the model, or while asking its judges.
#[derive(Debug)]
enum End {
    Run(RunEnd),
    Judging(JudgingEnd),
}

/// A run and what grades it.
type Run = (RunPlan, Arc<Grader>);

fn run_all(
    runtime: &Runtime,
    runs: &[Run],
    (args, running, bench): (&RunArgs, &Running, Option<&Bench>),
    (backend, context): (&Arc<dyn Backend>, &Context),
    summaries: &mut Vec<Summary>,
) -> Result<End, EvalrunError> {
    for run in runs {
        let bench = bench.filter(|_| run.0.plan.judge == JudgeKind::Dialogue);
        let target = prepare(args, &run.0, context)?;
        let end = execute(runtime, run, &target, (backend, running, bench), context)?;
        let mut judging = JudgingEnd::Done;
        if let (Some(bench), RunEnd::Done) = (bench, &end) {
            judging = judge::judge(target.path(), bench, (runtime, context))?;
        }
        summaries.push(RunFile::open(target.path())?.summary()?);
        if !matches!(end, RunEnd::Done) {
            return Ok(End::Run(end));
        }
        if !matches!(judging, JudgingEnd::Done) {
            return Ok(End::Judging(judging));
        }
    }
    Ok(End::Run(RunEnd::Done))
}

/// Refuses options about functions that no task of the command has a use for.
fn check_calls(calls: &CallsOverrides, plans: &[RunPlan]) -> Result<(), EvalrunError> {
    let category = |plan: &RunPlan| match plan.plan.judge {
        JudgeKind::Calls(category) => Some(category),
        _ => None,
    };
    let categories: Vec<Category> = plans.iter().filter_map(category).collect();
    match (calls.idle(&categories), plans) {
        (None, _) => Ok(()),
        (Some(flag), [plan]) => Err(EvalrunError::Usage(format!(
            "{flag}: `{}` has no functions that use it",
            plan.plan.task
        ))),
        (Some(flag), _) => Err(EvalrunError::Usage(format!(
            "{flag}: none of these tasks has functions that use it"
        ))),
    }
}

/// Refuses options that no task of the command has a use for, and tells of what --drop leaves out that
/// nobody sends.
fn check_use(args: &RunArgs, runs: &[Run], context: &Context) -> Result<(), EvalrunError> {
    let has_workers = |(_, grader): &Run| grader.n_workers().is_some();
    if args.running.workers.is_some() && !runs.iter().any(has_workers) {
        let reason = "--workers: none of these tasks runs anything to grade its answers";
        return Err(EvalrunError::Usage(reason.to_owned()));
    }
    let samplings: Vec<_> = runs.iter().map(|(plan, _)| &plan.plan.sampling).collect();
    for name in args.dialect.idle_drops(&samplings) {
        context.display.note(&format!(
            "--drop {name}: it would not be sent anyway, for nothing sets it (the plan says that it is dropped)"
        ));
    }
    Ok(())
}

/// The judges, if any are named, after telling what each will cost.
fn open_bench(
    args: &RunArgs,
    plans: &[RunPlan],
    resources: (&AssetStore, &Display),
    runtime: &Runtime,
) -> Result<Option<Bench>, EvalrunError> {
    let is_judged = |plan: &&RunPlan| plan.plan.judge == JudgeKind::Dialogue;
    let judged: Vec<&RunPlan> = plans.iter().filter(is_judged).collect();
    match (judged.is_empty(), args.judges.are_given()) {
        (true, true) => {
            let reason = "--judge-model: none of these tasks is rated by language models";
            return Err(EvalrunError::Usage(reason.to_owned()));
        }
        (false, false) => resources.1.chat(
            "no judge is named, so answers are stored and not rated; `evalrun rejudge` rates them",
        ),
        _ => (),
    }
    if !args.judges.are_given() {
        return Ok(None);
    }
    let settings = (args.judges.settings()?, JudgeMode::Single);
    let bench = Bench::open(settings, args.embedded(), resources, runtime)?;
    let mut n_least = 0;
    for RunPlan { plan, items, .. } in judged {
        for judge in bench.judges(&[plan], resources)? {
            let cost = judging::expected(&judge, bench.settings.n_samples, (plan, items))?;
            n_least += cost.n_least_prompt_tokens;
            Cost { n_least_prompt_tokens: n_least, ..cost }
                .check(bench.settings.token_limit, ", or take fewer items with --limit")?;
            let name = judge.config.name();
            resources.1.chat(&format!(
                "{}: to be judged by {name}: {cost}, every answer counted with the tokens it may have",
                plan.task
            ));
        }
    }
    Ok(Some(bench))
}

fn find_tasks(
    args: &RunArgs,
    world: &WorldChoice,
    display: &Display,
) -> Result<Vec<Task>, EvalrunError> {
    if args.task.is_empty() {
        let advice = "name a task: `evalrun --task aime25`; `evalrun tasks` lists them, `evalrun --help` tells more";
        return Err(EvalrunError::Usage(advice.to_owned()));
    }
    let mut tasks = Vec::new();
    for name in &args.task {
        let found = suite::find_all(name)?;
        let is_group = found.len() > 1;
        tasks.extend(found.into_iter().filter(|task| !is_group || can_run(task, world, display)));
    }
    if args.running.resume.is_some() && tasks.len() > 1 {
        return Err(EvalrunError::Usage("--resume continues one run, so give one task".to_owned()));
    }
    Ok(tasks)
}

/// Whether a task of a group can be run here; the others of its group are.
fn can_run(task: &Task, world: &WorldChoice, display: &Display) -> bool {
    let reason = match task.judge {
        JudgeKind::Calls(category) => world.lacks(category),
        _ => None,
    };
    if let Some(reason) = reason {
        display.note(&format!("{} is left out: {reason}", task.name));
    }
    reason.is_none()
}

/// How the runs of a command are run.
struct Running {
    settings: EngineSettings,
    budget: Arc<Budget>,
    /// What a session keeps of it, as JSON.
    recorded: String,
}

fn running(
    args: &RunArgs,
    choice: &ModelChoice,
    backend: &dyn Backend,
) -> Result<Running, EvalrunError> {
    let concurrency = args.running.concurrency;
    let settings = EngineSettings {
        concurrency: match choice {
            ModelChoice::Remote { remote, .. } => n_in_flight(concurrency, remote.replicas.len()),
            _ => concurrency.map_or(backend.capabilities().concurrency, |n| n as usize),
        },
        max_attempts: args.running.retries.saturating_add(1),
        max_failures: args.limits.max_failures,
    };
    let price = args.limits.price(&backend.fingerprint().model)?;
    let mut recorded = serde_json::json!({
        "concurrency": settings.concurrency,
        "max_attempts": settings.max_attempts,
    });
    if matches!(choice, ModelChoice::Remote { .. }) {
        recorded["traffic"] = args.traffic.recorded();
        recorded["samples_per_request"] = backend.capabilities().samples_per_request.into();
    }
    if let Some(price) = price {
        recorded["price"] = serde_json::json!(price);
    }
    Ok(Running {
        settings,
        budget: Arc::new(args.limits.budget(price)),
        recorded: recorded.to_string(),
    })
}

/// Where the samples of a run go.
enum Target {
    New(PathBuf),
    Old(PathBuf),
}

impl Target {
    fn path(&self) -> &Path {
        match self {
            Self::New(path) | Self::Old(path) => path,
        }
    }
}

/// Decides between a new run file and one to continue, before anything is asked.
fn prepare(args: &RunArgs, plan: &RunPlan, context: &Context) -> Result<Target, EvalrunError> {
    let running = &args.running;
    if let Some(name) = &running.resume {
        return Ok(Target::Old(run_file::find(name, &running.out)));
    }
    std::fs::create_dir_all(&running.out).map_err(|err| EvalrunError::Output {
        path: running.out.clone(),
        reason: format!("cannot create the folder for run files ({err}); --out names another one"),
    })?;
    let new = Target::New(run_file::new_path(&running.out, &plan.plan));
    if running.fresh {
        return Ok(new);
    }
    match run_file::unfinished(&running.out, &plan.plan)? {
        Unfinished::Nothing => Ok(new),
        Unfinished::SamePlan(path) => {
            context.display.chat(&format!("continuing {}", path.display()));
            Ok(Target::Old(path))
        }
        Unfinished::OtherPlan(path, differences) => {
            context.display.chat(&format!(
                "starting a new run; the unfinished {} has another plan:",
                path.display()
            ));
            for difference in &differences {
                context.display.chat(&format!("  {difference}"));
            }
            Ok(new)
        }
    }
}

fn execute(
    runtime: &Runtime,
    (plan, grader): &Run,
    target: &Target,
    (backend, running, bench): (&Arc<dyn Backend>, &Running, Option<&Bench>),
    context: &Context,
) -> Result<RunEnd, EvalrunError> {
    let session = session(plan, running);
    let items: Vec<_> = plan.items.iter().map(Arc::as_ref).collect();
    let mut writer = match target {
        Target::New(path) => RunWriter::create(path, &plan.plan, &items, &session)?,
        Target::Old(path) => RunWriter::resume(path, &plan.plan, &session)?,
    };
    if let Some(bench) = bench {
        for judge in bench.judges(&[&plan.plan], (&context.store, &context.display))? {
            writer.register_judge(&judge.config, bench.settings.n_samples)?;
        }
    }
    let stored = RunFile::open(target.path())?;
    let ledger = Ledger::read(&stored)?;
    let memory = MemoryBank::open(&plan.items, grader, &stored)?;
    if plan.plan.texts == Texts::Sealed {
        context.display.chat(&format!(
            "{}: questions and answers are sealed in the run file, as their authors ask; --keep-text keeps them readable",
            plan.plan.task
        ));
    }
    let mut display = context.display.run(&plan.plan.task);
    if plan.plan.judge == JudgeKind::Dialogue {
        display = display.without_correct();
    }
    display.show(&engine::Event::Started {
        n_planned: plan.items.len() as u64 * u64::from(plan.plan.n_samples),
        n_graded: ledger.n_graded,
        n_correct: ledger.n_correct,
    });
    let work = Work {
        task: Arc::clone(&plan.task),
        grader: Arc::clone(grader),
        memory,
        sampling: plan.plan.sampling.clone(),
        has_answered: ledger.n_graded > 0,
        pending: ledger.pending(plan),
        backend: Arc::clone(backend),
        budget: Arc::clone(&running.budget),
        settings: running.settings,
    };
    runtime.block_on(engine::run(work, writer, |event| display.show(event)))
}

fn session(plan: &RunPlan, running: &Running) -> Session {
    Session {
        started_at: crate::now(),
        settings: running.recorded.clone(),
        judge: (plan.plan.judge.name().to_owned(), judges::JUDGE_VERSION),
        environment: environment(),
    }
}

/// Facts about the program, the machine and the working folder, for whoever asks later.
fn environment() -> Vec<(String, String)> {
    let git = |args: &[&str]| {
        let output = std::process::Command::new("git").args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let n_cpus = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let machine =
        format!("{} {}, {n_cpus} processors", std::env::consts::OS, std::env::consts::ARCH);
    let mut facts = vec![
        ("evalrun_version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("machine".to_owned(), machine),
    ];
    if let Some(commit) = git(&["rev-parse", "HEAD"]) {
        let is_dirty = git(&["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty());
        let state = if is_dirty { "with changes" } else { "clean" };
        facts.push(("git".to_owned(), format!("{commit} ({state})")));
    }
    facts
}

/// One task gives one JSON object, several give an array, however many of them came to an end.
fn show(summaries: &[Summary], args: &RunArgs) -> Result<(), EvalrunError> {
    match (args.json, args.task.len()) {
        (true, 2..) => print::json(&summaries),
        (true, _) => print::result(&report::render(summaries, Format::Json)),
        (false, _) if summaries.is_empty() => Ok(()),
        (false, _) => print::result(&report::render(summaries, Format::Table)),
    }
}

/// Tells what is left to do and picks the exit code.
fn conclude(
    end: RunEnd,
    summaries: &[Summary],
    (bench, context): (Option<&Bench>, &Context),
) -> Result<ExitCode, EvalrunError> {
    let again = "run the same command again to continue";
    match end {
        RunEnd::Interrupted => {
            context.display.note(&format!("interrupted; every finished sample is stored: {again}"));
            Ok(ExitCode::Interrupted)
        }
        RunEnd::BudgetSpent(limit) => {
            context.display.note(&format!("stopped early: {limit}; {again}"));
            Ok(ExitCode::Incomplete)
        }
        RunEnd::TooManyFailures { n_failed, n_ended } => {
            context.display.note(&format!(
                "stopped early: {n_failed} of {n_ended} samples failed, more than --max-failures; they are not scored: {again}"
            ));
            tell_failures(summaries, context)?;
            Ok(ExitCode::Incomplete)
        }
        RunEnd::Stopped(source) => {
            let key = match source {
                BackendError::Refused { status: 401 | 403, .. } => {
                    "The API key comes from OPENAI_API_KEY, --api-key-env or --api-key-file. "
                }
                _ => "",
            };
            let advice =
                format!("{key}Finished samples are stored: when the cause is mended, {again}.");
            Err(EvalrunError::Backend { source, advice })
        }
        RunEnd::Done => {
            let n_failed: usize = summaries.iter().map(|summary| summary.counts.failed).sum();
            let is_unjudged = tell_missing(summaries, bench.map(Asked::ratings), context)?;
            if n_failed == 0 {
                return Ok(if is_unjudged { ExitCode::Incomplete } else { ExitCode::Ok });
            }
            let samples = report::count(n_failed, "sample");
            context.display.note(&format!("{samples} failed and got no score: {again}"));
            tell_failures(summaries, context)?;
            Ok(ExitCode::Incomplete)
        }
    }
}

fn tell_failures(summaries: &[Summary], context: &Context) -> Result<(), EvalrunError> {
    for summary in summaries {
        for (kind, n, message) in RunFile::open(Path::new(&summary.run_file))?.failures()? {
            let example = format!("  {}: {n} × {kind}, for example: {message}", summary.task);
            context.display.note(&example);
        }
    }
    Ok(())
}
