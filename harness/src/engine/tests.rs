//! The pipeline with a scripted backend: from samples to the numbers of the run file.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use results::{RunFile, RunWriter, Session, Summary};
use tasks::{Backend, BackendError, Completion, Finish, Item, Request, Sample, suite};

use super::{Budget, EngineSettings, Event, MaxFailures, Pending, RunEnd, Work, run};
use crate::assets::AssetStore;
use crate::backend::scripted::{ScriptedBackend, completion};
use crate::display::Display;
use crate::plan::{Graders, Overrides, resolve};

struct Outcome {
    end: RunEnd,
    summary: Summary,
    events: Vec<Event>,
}

/// Runs the four demo items of `aime25`, `n_samples` each, on a script.
fn outcome(
    n_samples: u32,
    script: impl Fn(&Request) -> Result<Completion, BackendError> + Send + Sync + 'static,
) -> Outcome {
    limited_outcome(n_samples, (None, Budget::default()), script)
}

fn limited_outcome(
    n_samples: u32,
    (max_failures, budget): (Option<MaxFailures>, Budget),
    script: impl Fn(&Request) -> Result<Completion, BackendError> + Send + Sync + 'static,
) -> Outcome {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let backend: Arc<dyn Backend> = Arc::new(ScriptedBackend::new(script));
    let overrides = Overrides {
        split: Some("demo".to_owned()),
        n_samples: Some(n_samples),
        ..Overrides::default()
    };
    let store = AssetStore::new(folder.path(), Vec::new());
    let task = suite::find("aime25").expect("a built-in task");
    let display = Display::quiet();
    let mut graders = Graders::new((&store, &display), None);
    let plan = resolve(task, &overrides, backend.as_ref(), &graders).expect("a plan");
    let targets = plan.items.iter().map(|item| &item.target);
    let grader = graders.grader(&plan.plan, targets).expect("a grader that needs no files");
    let path = folder.path().join("run.db");
    let session = Session {
        started_at: crate::now(),
        settings: "{}".to_owned(),
        judge: ("integer".to_owned(), 1),
        environment: Vec::new(),
    };
    let items: Vec<_> = plan.items.iter().map(Arc::as_ref).collect();
    let writer = RunWriter::create(&path, &plan.plan, &items, &session).expect("a run file");
    let work = Work {
        task: Arc::clone(&plan.task),
        grader: Arc::new(grader),
        memory: None,
        sampling: plan.plan.sampling.clone(),
        pending: pending(&plan.items, n_samples),
        has_answered: false,
        backend,
        budget: Arc::new(budget),
        settings: EngineSettings { concurrency: 3, max_attempts: 2, max_failures },
    };
    let mut events = Vec::new();
    // One thread, so that what a script answers first counts first.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let end =
        runtime.block_on(run(work, writer, |event| events.push(event.clone()))).expect("a run");
    let summary = RunFile::open(&path).expect("a run file").summary().expect("a summary");
    Outcome { end, summary, events }
}

fn pending(items: &[Arc<Item>], n_samples: u32) -> Pending {
    let draw = |item: &Arc<Item>, idx| Sample::draw(item, idx, "aime25", 0);
    let samples: Vec<Sample> =
        items.iter().flat_map(|item| (0..n_samples).map(move |idx| draw(item, idx))).collect();
    Box::new(samples.into_iter())
}

fn unavailable() -> BackendError {
    BackendError::Unavailable { status: 503, message: "busy".to_owned(), retry_after_ms: Some(0) }
}

#[test]
fn every_outcome_reaches_the_run_file() {
    let outcome = outcome(1, |request| {
        let question = &request.messages[0].content;
        if question.contains("marbles") {
            Ok(completion("\\boxed{7}"))
        } else if question.contains("product") {
            Ok(completion("I give up."))
        } else if question.contains("rectangle") {
            Ok(Completion { finish: Finish::Length, ..completion("\\boxed{15}") })
        } else {
            Err(BackendError::Refused { status: 400, message: "no".to_owned() })
        }
    });
    assert!(matches!(outcome.end, RunEnd::Done));
    let counts = outcome.summary.counts;
    assert_eq!((counts.correct, counts.unparsed, counts.truncated, counts.failed), (1, 1, 1, 1));
    let pass = outcome.summary.metrics[0].estimate;
    assert_eq!((pass.n_items, (pass.value * 300.0).round()), (3, 100.0));
    let n_durable =
        outcome.events.iter().filter(|e| matches!(e, Event::Stored { .. } | Event::Failed { .. }));
    assert_eq!(n_durable.count(), 4);
    assert_eq!(outcome.events.last(), Some(&Event::Ended));
}

#[test]
fn transient_errors_are_tried_again_and_seeds_stay() {
    let seeds = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&seeds);
    let outcome = outcome(2, move |request| {
        let mut seeds = seen.lock().expect("no test panics while holding it");
        let is_first = !seeds.contains(&request.seed);
        seeds.push(request.seed);
        if is_first { Err(unavailable()) } else { Ok(completion("\\boxed{7}")) }
    });
    assert_eq!((outcome.summary.counts.failed, outcome.summary.counts.n_graded()), (0, 8));
    let n_retries =
        outcome.events.iter().filter(|event| matches!(event, Event::Retrying { .. })).count();
    assert_eq!(n_retries, 8);
    let mut seeds = seeds.lock().expect("the run is over").clone();
    seeds.sort();
    seeds.dedup();
    assert_eq!(seeds.len(), 8, "each sample has one seed of its own");
}

#[test]
fn a_dead_backend_stops_the_run_early() {
    let n_asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&n_asked);
    let refused = outcome(50, move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        Err(BackendError::Refused { status: 401, message: "who are you".to_owned() })
    });
    assert!(matches!(refused.end, RunEnd::Stopped(BackendError::Refused { status: 401, .. })));
    assert!(n_asked.load(Ordering::SeqCst) <= 4, "nothing is asked after the refusal");
    let down = outcome(50, |_| Err(unavailable()));
    assert!(matches!(down.end, RunEnd::Stopped(BackendError::Unavailable { .. })));
    assert!(down.summary.counts.failed < 30 && down.summary.metrics.is_empty());
}

/// A server that is busy with others asks for patience, which uses up no attempt.
#[test]
fn patience_costs_no_attempt_while_others_are_answered() {
    let n_asked = Arc::new(AtomicU32::new(0));
    let outcome = outcome(10, move |_| match n_asked.fetch_add(1, Ordering::SeqCst) % 2 {
        0 => Err(unavailable()),
        _ => Ok(completion("\\boxed{7}")),
    });
    assert_eq!((outcome.summary.counts.failed, outcome.summary.counts.n_graded()), (0, 40));
    let serving = outcome.summary.serving.expect("completions");
    assert_eq!(serving.retries[0].cause, "HTTP 503");
    assert_eq!(serving.n_requests, 40 + serving.retries[0].n);
}

#[test]
fn a_run_ends_when_too_much_failed_or_was_used_up() {
    let refuse = |_: &Request| Err(BackendError::Refused { status: 400, message: "no".to_owned() });
    let limits = (Some(MaxFailures::Count(3)), Budget::default());
    let failed = limited_outcome(50, limits, refuse);
    assert!(
        matches!(failed.end, RunEnd::TooManyFailures { n_failed: 4, n_ended: 4 }),
        "{:?}",
        failed.end
    );
    // Those that ended before they could be called off are stored as well.
    assert!((4..=6).contains(&failed.summary.counts.failed), "{:?}", failed.summary.counts);
    // Three tokens a completion: what is under way when the tenth is generated still counts.
    let limits = (None, Budget::new(Some(10), None));
    let spent = limited_outcome(50, limits, |_| Ok(completion("\\boxed{7}")));
    assert!(matches!(spent.end, RunEnd::BudgetSpent(_)), "{:?}", spent.end);
    assert!((4..=7).contains(&spent.summary.counts.n_graded()), "{:?}", spent.summary.counts);
    assert!(spent.summary.counts.pending > 190 && spent.summary.counts.failed == 0);
}
