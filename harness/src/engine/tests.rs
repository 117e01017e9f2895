//! The pipeline with a scripted backend: from samples to the numbers of the run file.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use results::{RunFile, RunWriter, Session, Summary};
use tasks::{Backend, BackendError, Completion, Finish, Request, Sample, suite};

use super::{EngineSettings, Event, RunEnd, Work, run};
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
    let folder = tempfile::tempdir().expect("a temporary folder");
    let backend: Arc<dyn Backend> = Arc::new(ScriptedBackend::new(script));
    let overrides = Overrides {
        split: Some("demo".to_owned()),
        n_samples: Some(n_samples),
        ..Overrides::default()
    };
    let store = AssetStore::new(folder.path(), Vec::new());
    let task = suite::find("aime25").expect("a built-in task");
    let plan =
        resolve(task, &overrides, backend.as_ref(), (&store, &Display::quiet())).expect("a plan");
    let (display, targets) = (Display::quiet(), plan.items.iter().map(|item| &item.target));
    let mut graders = Graders::new((&store, &display), None);
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
    let draw = |item| (0..n_samples).map(move |idx| Sample::draw(item, idx, "aime25", 0));
    let work = Work {
        task: Arc::clone(&plan.task),
        grader: Arc::new(grader),
        sampling: plan.plan.sampling.clone(),
        pending: plan.items.iter().flat_map(draw).collect(),
        has_answered: false,
        backend,
        settings: EngineSettings { concurrency: 3, max_attempts: 2, timeout: None },
    };
    let mut events = Vec::new();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let end =
        runtime.block_on(run(work, writer, |event| events.push(event.clone()))).expect("a run");
    let summary = RunFile::open(&path).expect("a run file").summary().expect("a summary");
    Outcome { end, summary, events }
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
