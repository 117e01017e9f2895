//! One sample from its first request to its record.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use judges::calls::Memory;
use judges::{GradeError, Grader};
use results::{Failure, SampleRecord, SampleResult};
use tasks::{
    Backend, BackendError, Company, Completion, Episode, EpisodeKind, Judgement, Remark, Request,
    Sample, Sampling, Step, Task, TaskError, Terms, TextPolicy, TokenMeter, Transcript, Turn,
};
use tokio::sync::{Semaphore, mpsc};

use super::{Budget, EngineSettings, Event};
use crate::calls::{MemoryBank, Missing};

/// The longest wait of our own between two attempts.
const MAX_BACKOFF_MS: u64 = 60_000;

/// The longest wait that a server may ask for.
const MAX_WAIT_MS: u64 = 3_600_000;

/// What every sample of a run shares.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) task: Arc<Task>,
    pub(super) grader: Arc<Grader>,
    pub(super) memory: Option<Arc<MemoryBank>>,
    /// Places for samples being graded, where grading takes time.
    pub(super) desks: Option<Arc<Semaphore>>,
    pub(super) sampling: Arc<Sampling>,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) meter: Arc<TokenMeter>,
    pub(super) budget: Arc<Budget>,
    /// Completions that came, whoever asked for them.
    pub(super) n_answered: Arc<AtomicU64>,
    pub(super) settings: EngineSettings,
    pub(super) events: mpsc::UnboundedSender<Event>,
}

/// A sample that ended, with the error that ended it if it failed.
pub(super) struct Ended {
    pub(super) record: SampleRecord,
    pub(super) error: Option<BackendError>,
}

/// Runs `sample` to its end, or gives nothing where the budget was used up before it was begun. Only a
/// broken prompt is an error; a failed request is a record.
pub(super) async fn run(shared: Shared, sample: Sample) -> Result<Option<Ended>, TaskError> {
    let ended = converse(&shared, &sample).await?;
    if let Some(bank) = &shared.memory {
        match ended.as_ref().map(|ended| &ended.record.result) {
            None => bank.lack(&sample, Missing::NotBegun),
            Some(SampleResult::Failed(failure)) => {
                bank.lack(&sample, Missing::Failed(failure.message.clone()));
            }
            Some(SampleResult::Judged { .. }) => {}
        }
    }
    Ok(ended)
}

async fn converse(shared: &Shared, sample: &Sample) -> Result<Option<Ended>, TaskError> {
    let failed = |kind: &str, message: String| {
        let result = SampleResult::Failed(Failure { kind: kind.to_owned(), message });
        Ok(Some(Ended { record: record(sample, result), error: None }))
    };
    let memory = match &shared.memory {
        None => None,
        Some(bank) => match bank.before(sample).await {
            Ok(memory) => memory,
            Err(Missing::NotBegun) => return Ok(None),
            Err(Missing::Failed(reason)) => return failed("memory", reason),
        },
    };
    let (task, sampling) = (&shared.task, &shared.sampling);
    let mut episode = shared.grader.start(task, sample, sampling, memory.as_deref())?;
    let mut turns: Vec<Turn> = Vec::new();
    loop {
        let last = turns.last().map(|turn| &turn.completion);
        let step;
        (step, episode) = next_step(shared, episode, last).await;
        let request = match step {
            Step::Ask(request) => request,
            Step::Done => break,
            Step::Failed(message) => return failed("functions", message),
        };
        // What is begun is paid for, so it may end.
        let is_begun = !turns.is_empty();
        match complete(shared, sample, &request, is_begun).await {
            Ok(Some(completion)) => turns.push(Turn { request, completion }),
            Ok(None) => return Ok(None),
            Err(error) => {
                let result = SampleResult::Failed(Failure::from(&error));
                return Ok(Some(Ended { record: record(sample, result), error: Some(error) }));
            }
        }
    }
    let transcript = Transcript { turns };
    if let Err(reason) = leave(shared, sample, &transcript, memory).await {
        return failed("memory", reason);
    }
    let result = match grade(shared, sample, &transcript).await {
        Ok(judgement) => SampleResult::Judged { transcript, judgement },
        Err(GradeError::Data(message)) => {
            return Err(TaskError::Grade { item: sample.item.id.to_string(), message });
        }
        Err(GradeError::Infrastructure(message)) => return failed("judge", message),
    };
    Ok(Some(Ended { record: record(sample, result), error: None }))
}

/// Leaves the memory of a conversation to those that wait for it, on a thread of its own.
async fn leave(
    shared: &Shared,
    sample: &Sample,
    transcript: &Transcript,
    before: Option<Arc<Memory>>,
) -> Result<(), String> {
    let (Some(bank), Some(before)) = (&shared.memory, before) else { return Ok(()) };
    let (bank, sample, transcript) = (Arc::clone(bank), sample.clone(), transcript.clone());
    let work = move || bank.leave(&sample, (&transcript, Some(&before)));
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|err| match err.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Err("the run is being stopped".to_owned()),
    })
}

/// The next step in place, or on a thread of its own where functions are run for it.
async fn next_step(
    shared: &Shared,
    mut episode: Box<dyn Episode>,
    last: Option<&Completion>,
) -> (Step, Box<dyn Episode>) {
    let desks = shared.desks.as_ref().filter(|_| last.is_some() && episode.runs_functions());
    let Some(desks) = desks else {
        let step = episode.next(last);
        return (step, episode);
    };
    let desk = Arc::clone(desks).acquire_owned().await;
    let _desk = desk.expect("the semaphore is never closed");
    let last = last.cloned();
    let work = tokio::task::spawn_blocking(move || (episode.next(last.as_ref()), episode));
    match work.await {
        Ok(next) => next,
        Err(err) => match err.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The run is being stopped, and this sample with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Grades in place, or on a thread of its own where that takes time, so that requests go on.
async fn grade(
    shared: &Shared,
    sample: &Sample,
    transcript: &Transcript,
) -> Result<Judgement, GradeError> {
    let Some(desks) = &shared.desks else {
        return shared.grader.grade(&sample.item.target, transcript);
    };
    let desk = Arc::clone(desks).acquire_owned().await;
    let _desk = desk.expect("the semaphore is never closed");
    let (grader, item) = (Arc::clone(&shared.grader), Arc::clone(&sample.item));
    let transcript = transcript.clone();
    let work = tokio::task::spawn_blocking(move || grader.grade(&item.target, &transcript));
    work.await.unwrap_or_else(|err| match err.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Err(GradeError::Infrastructure("the run is being stopped".to_owned())),
    })
}

fn record(sample: &Sample, result: SampleResult) -> SampleRecord {
    SampleRecord { key: sample.key(), seed: sample.seed, result, finished_at: crate::now() }
}

/// Asks until an answer comes, the error is final, or the attempts are used up. A server that answers
/// others meanwhile and has only too much to do uses up none. Of a sample that `is_begun` every request
/// is sent; the first one of a sample only while the budget lasts.
async fn complete(
    shared: &Shared,
    sample: &Sample,
    request: &Request,
    is_begun: bool,
) -> Result<Option<Completion>, BackendError> {
    let may_send = || is_begun || shared.budget.reached().is_none();
    // A conversation goes on from its own answers, so it shares no request with others.
    let company = match shared.task.episode {
        EpisodeKind::SingleTurn => Company::Welcome,
        EpisodeKind::FixedTurns | EpisodeKind::Calls => Company::Alone,
    };
    let terms = Terms { may_send: &may_send, company };
    let retries_help = !shared.backend.capabilities().deterministic;
    let (mut n_attempts, mut n_used_up) = (1, 1);
    let mut n_answered = shared.n_answered.load(Ordering::Relaxed);
    loop {
        let answer = shared.backend.complete_if(request, &shared.meter, terms).await;
        pass_on_remarks(shared);
        let error = match answer {
            Ok(None) => return Ok(None),
            Ok(Some(mut completion)) => {
                completion.timing.n_attempts = n_attempts;
                shared.n_answered.fetch_add(1, Ordering::Relaxed);
                shared.budget.spend(&completion);
                return Ok(Some(completion));
            }
            Err(error) => match shared.task.texts {
                TextPolicy::Public => error,
                TextPolicy::Withheld => error.without_texts(),
            },
        };
        let n_answered_before =
            std::mem::replace(&mut n_answered, shared.n_answered.load(Ordering::Relaxed));
        let is_busy_with_others = error.is_backpressure() && n_answered > n_answered_before;
        let is_last = n_used_up >= shared.settings.max_attempts && !is_busy_with_others;
        if !retries_help || is_last || !error.is_transient() {
            return Err(error);
        }
        let wait_ms = wait_ms(&error, n_attempts, request.seed.0);
        // The dispatcher outlives its samples; without it nobody needs the event.
        let _ = shared.events.send(Event::Retrying {
            item: sample.item.id.to_string(),
            sample_idx: sample.sample_idx,
            cause: error.cause(),
            reason: error.to_string(),
            wait_ms,
        });
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        n_attempts += 1;
        n_used_up += u32::from(!is_busy_with_others);
    }
}

/// Counts and tells what the backend has to say besides its answers.
fn pass_on_remarks(shared: &Shared) {
    for remark in shared.backend.remarks() {
        let event = match remark {
            Remark::Hedged(hedge) => {
                shared.budget.spend_tokens(hedge.spent);
                Event::Hedged(hedge)
            }
            Remark::Manner(text) => Event::Remarked(text),
        };
        // As for retries.
        let _ = shared.events.send(event);
    }
}

/// 0.5 s doubled with every attempt, up to a minute, or what the server asks for, up to an hour, where
/// that is longer. A quarter of it is added by the seed, so that samples that failed together do not come
/// back together.
fn wait_ms(error: &BackendError, n_attempts: u32, seed: u32) -> u64 {
    let backoff_ms = (500_u64 << (n_attempts - 1).min(10)).min(MAX_BACKOFF_MS);
    let base = match error {
        BackendError::Unavailable { retry_after_ms: Some(wait_ms), .. } => {
            (*wait_ms).min(MAX_WAIT_MS).max(backoff_ms)
        }
        _ => backoff_ms,
    };
    base + base / 4 * u64::from(seed % 1024) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(retry_after_ms: Option<u64>, n_attempts: u32, expected: u64) {
        let error =
            BackendError::Unavailable { status: 429, message: String::new(), retry_after_ms };
        assert_eq!(wait_ms(&error, n_attempts, 0), expected);
    }

    #[test]
    fn waits_double_unless_the_server_says() {
        check(None, 1, 500);
        check(None, 4, 4_000);
        check(None, 40, MAX_BACKOFF_MS);
        check(Some(300_000), 1, 300_000);
        check(Some(u64::MAX), 1, MAX_WAIT_MS);
        check(Some(7_000), 3, 7_000);
        check(Some(7_000), 5, 8_000);
        check(Some(0), 3, 2_000);
    }
}
