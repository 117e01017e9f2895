//! The dispatcher: keeps enough samples in flight and linearises what happens.

use std::sync::Arc;
use std::time::Duration;

use judges::Grader;
use results::{RunWriter, SampleResult};
use tasks::{Backend, BackendError, Sample, Sampling, Task, TokenMeter};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};

use super::attempt::{self, Ended, Shared};
use super::interrupts::Interrupts;
use super::store::{Entry, Store};
use super::{Budget, EngineSettings, Event, MaxFailures};
use crate::calls::MemoryBank;
use crate::error::EvalrunError;

/// A run is stopped when this many samples in a row meet an outage: the endpoint is down.
const MAX_OUTAGES_IN_A_ROW: u32 = 20;

/// How often the display learns of tokens.
const TICK: Duration = Duration::from_millis(500);

/// What there is to do.
pub(crate) struct Work {
    /// The task.
    pub(crate) task: Arc<Task>,
    /// What grades its samples.
    pub(crate) grader: Arc<Grader>,
    /// What conversations leave for others, where they share memories.
    pub(crate) memory: Option<Arc<MemoryBank>>,
    /// Sampling parameters of every request.
    pub(crate) sampling: Sampling,
    /// Samples without a verdict, in the order in which they are started.
    pub(crate) pending: Pending,
    /// Whether the model has answered in an earlier session.
    pub(crate) has_answered: bool,
    /// The model.
    pub(crate) backend: Arc<dyn Backend>,
    /// What may be used up.
    pub(crate) budget: Arc<Budget>,
    /// Settings that cannot change a sample.
    pub(crate) settings: EngineSettings,
}

/// Samples that are drawn when their turn comes.
pub(crate) type Pending = Box<dyn Iterator<Item = Sample> + Send>;

/// How a run ended.
#[derive(Debug)]
pub(crate) enum RunEnd {
    /// Every pending sample was attempted.
    Done,
    /// Ctrl-C.
    Interrupted,
    /// The backend is of no use; what was done is kept.
    Stopped(BackendError),
    /// More samples failed than the user accepts.
    TooManyFailures {
        /// Samples that failed in this session.
        n_failed: u64,
        /// Samples that ended in this session.
        n_ended: u64,
    },
    /// The budget is used up; in words.
    BudgetSpent(String),
}

/// Runs all pending samples, storing each before it is shown as done.
pub(crate) async fn run(
    work: Work,
    writer: RunWriter,
    mut show: impl FnMut(&Event),
) -> Result<RunEnd, EvalrunError> {
    let (events, mut remarks) = mpsc::unbounded_channel();
    let meter = Arc::new(TokenMeter::default());
    let desks = work.grader.n_workers().map(|n_workers| Arc::new(Semaphore::new(n_workers)));
    let shared = Shared {
        task: work.task,
        grader: work.grader,
        memory: work.memory,
        desks,
        sampling: Arc::new(work.sampling),
        backend: work.backend,
        meter: Arc::clone(&meter),
        budget: work.budget,
        n_answered: Arc::default(),
        settings: work.settings,
        events,
    };
    let mut store = Store::start(writer);
    let mut flight = Flight::new(work.pending, work.has_answered, &shared.settings);
    let mut n_unstored = 0_usize;
    let mut ticks = tokio::time::interval(TICK);
    let mut interrupts = Interrupts::listen();
    loop {
        flight.fill(&shared);
        if flight.samples.is_empty() && n_unstored == 0 {
            break;
        }
        tokio::select! {
            Some(ended) = flight.samples.join_next() => {
                let Some(record) = flight.land(ended, &shared.budget)? else { continue };
                if !store.send(Entry::Sample(Box::new(record))).await {
                    break;
                }
                n_unstored += 1;
            }
            durable = store.durable.recv(), if n_unstored > 0 => match durable {
                Some(event) => {
                    n_unstored -= 1;
                    show(&event);
                }
                // The writer thread is gone: `finish` tells why.
                None => break,
            },
            Some(event) = remarks.recv() => {
                show(&event);
                if !store.send(Entry::happened(event.kind(), event.detail())).await {
                    break;
                }
            }
            _ = ticks.tick() => show(&Event::Tick { n_tokens: meter.total() }),
            () = interrupts.first() => flight.stop(RunEnd::Interrupted),
        }
    }
    flight.samples.shutdown().await;
    // What the last samples had to tell.
    while let Ok(event) = remarks.try_recv() {
        show(&event);
        store.send(Entry::happened(event.kind(), event.detail())).await;
    }
    if let RunEnd::BudgetSpent(limit) = &mut flight.end
        && let Some(reached) = shared.budget.reached()
    {
        // What was under way when the limit was reached has been added since.
        *limit = reached;
    }
    show(&Event::Ended);
    store.send(Entry::happened(flight.end.name(), String::new())).await;
    store.finish()?;
    if interrupts.end() {
        // Whoever pressed Ctrl-C while the last samples were stored wants nothing more to begin.
        flight.start_nothing_more(RunEnd::Interrupted);
    }
    Ok(flight.end)
}

/// Samples waiting and samples under way.
struct Flight {
    pending: Pending,
    samples: JoinSet<Result<Option<Ended>, tasks::TaskError>>,
    end: RunEnd,
    has_answered: bool,
    n_outages_in_a_row: u32,
    n_ended: u64,
    n_failed: u64,
    max_failures: Option<MaxFailures>,
}

impl Flight {
    fn new(pending: Pending, has_answered: bool, settings: &EngineSettings) -> Self {
        Self {
            pending,
            samples: JoinSet::new(),
            end: RunEnd::Done,
            has_answered,
            n_outages_in_a_row: 0,
            n_ended: 0,
            n_failed: 0,
            max_failures: settings.max_failures,
        }
    }

    fn fill(&mut self, shared: &Shared) {
        while self.samples.len() < shared.settings.concurrency
            && let Some(sample) = self.pending.next()
        {
            if let Some(limit) = shared.budget.reached() {
                // What is under way is paid for, so it may end.
                self.start_nothing_more(RunEnd::BudgetSpent(limit));
                break;
            }
            self.samples.spawn(attempt::run(shared.clone(), sample));
        }
    }

    /// Takes in a sample that ended: its record, or nothing for one that was called off or not begun.
    fn land(
        &mut self,
        ended: Result<Result<Option<Ended>, tasks::TaskError>, JoinError>,
        budget: &Budget,
    ) -> Result<Option<results::SampleRecord>, EvalrunError> {
        let ended = match ended {
            Ok(ended) => ended?,
            Err(err) if err.is_cancelled() => return Ok(None),
            Err(err) => std::panic::resume_unwind(err.into_panic()),
        };
        let Some(ended) = ended else {
            self.start_nothing_more(RunEnd::BudgetSpent(budget.reached().unwrap_or_default()));
            return Ok(None);
        };
        self.n_ended += 1;
        match (ended.error, &ended.record.result) {
            (Some(error), _) => self.note_failure(error),
            // What failed for another reason, such as a conversation before it, says nothing of the
            // endpoint: it neither answered nor was it out.
            (None, SampleResult::Failed(_)) => {
                self.n_failed += 1;
                self.heed_max_failures();
            }
            (None, SampleResult::Judged { .. }) => {
                self.has_answered = true;
                self.n_outages_in_a_row = 0;
            }
        }
        Ok(Some(ended.record))
    }

    /// Stops the run where going on is pointless: the endpoint refused the very first requests, or it
    /// is down. An item that is refused by itself stops nothing.
    fn note_failure(&mut self, error: BackendError) {
        self.n_failed += 1;
        self.n_outages_in_a_row = if error.is_outage() { self.n_outages_in_a_row + 1 } else { 0 };
        let is_down = matches!(error, BackendError::Down { .. });
        let is_refused = error.is_about_the_endpoint(self.has_answered);
        if is_down || is_refused || self.n_outages_in_a_row >= MAX_OUTAGES_IN_A_ROW {
            self.stop(RunEnd::Stopped(error));
        } else {
            self.heed_max_failures();
        }
    }

    fn heed_max_failures(&mut self) {
        let (n_failed, n_ended) = (self.n_failed, self.n_ended);
        if self.max_failures.is_some_and(|most| most.is_exceeded(n_failed, n_ended)) {
            self.stop(RunEnd::TooManyFailures { n_failed, n_ended });
        }
    }

    /// Starts nothing more and calls off what is under way; it will be asked again on resume. The
    /// first reason to stop counts.
    fn stop(&mut self, end: RunEnd) {
        self.samples.abort_all();
        self.start_nothing_more(end);
    }

    fn start_nothing_more(&mut self, end: RunEnd) {
        self.pending = Box::new(std::iter::empty());
        if matches!(self.end, RunEnd::Done) {
            self.end = end;
        }
    }
}

impl RunEnd {
    /// The stable name used in the run file's events.
    fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Interrupted => "interrupted",
            Self::Stopped(_) => "stopped",
            Self::TooManyFailures { .. } => "too_many_failures",
            Self::BudgetSpent(_) => "budget_spent",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use results::{Failure, SampleRecord};
    use tasks::{ItemId, SampleKey, SampleSeed};

    /// Lands failures with these errors, and tells how many outages in a row were counted, whether the
    /// model is taken to have answered, and how many failed.
    fn check(errors: &[Option<BackendError>], expected: (u32, bool, u64)) {
        let settings = EngineSettings { concurrency: 1, max_attempts: 1, max_failures: None };
        let mut flight = Flight::new(Box::new(std::iter::empty()), false, &settings);
        for error in errors {
            let failure = Failure { kind: "memory".to_owned(), message: String::new() };
            let record = SampleRecord {
                key: SampleKey { item: ItemId("x".to_owned()), sample_idx: 0 },
                seed: SampleSeed(0),
                result: SampleResult::Failed(failure),
                finished_at: String::new(),
            };
            let ended = Ended { record, error: error.clone() };
            flight.land(Ok(Ok(Some(ended))), &Budget::default()).expect("a record");
        }
        assert_eq!((flight.n_outages_in_a_row, flight.has_answered, flight.n_failed), expected);
    }

    #[test]
    fn failures_that_follow_from_others_do_not_hide_an_outage() {
        let out = || Some(BackendError::Timeout { limit_s: 1 });
        check(&[out(), out()], (2, false, 2));
        check(&[out(), None, None, out()], (2, false, 4));
        check(&[None], (0, false, 1));
    }
}
