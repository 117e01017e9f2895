//! Makes requests wait for their turn.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tasks::BackendError;
use tokio::sync::Notify;

use super::TrafficSettings;
use super::pool::{Outcome, Pool, Second, Ticket, Turn};
use super::report::Report;

/// How often a second request looks for a place. It is not told of free ones, for first requests are.
const SECOND_LOOK: Duration = Duration::from_millis(10);

/// The entrance to the servers.
#[derive(Debug)]
pub(crate) struct Gate {
    pool: Mutex<Pool>,
    /// Told when a place may have become free. Whoever gets one passes it on, so that a place that
    /// comes with another one is not overlooked.
    freed: Notify,
    started: Instant,
    names: Vec<String>,
    /// Of which servers it matters that an answer goes on. Most of the time of none, so that the many
    /// pieces of a stream need no lock.
    doubted: Vec<AtomicBool>,
}

/// The right to send one request; it ends with what became of it, or when it is dropped.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    gate: &'a Gate,
    ticket: Option<Ticket>,
}

impl Gate {
    /// The entrance to the servers of these names and weights.
    pub(crate) fn new(settings: &TrafficSettings, servers: &[(String, u32)]) -> Self {
        let weights: Vec<u32> = servers.iter().map(|(_, weight)| *weight).collect();
        Self {
            pool: Mutex::new(Pool::new(settings, &weights, 0)),
            freed: Notify::new(),
            started: Instant::now(),
            names: servers.iter().map(|(name, _)| name.clone()).collect(),
            doubted: servers.iter().map(|_| AtomicBool::new(false)).collect(),
        }
    }

    /// Waits for the turn of a request whose prompt has about `n_prompt_tokens` tokens and which is for as
    /// many samples as `n_samples` says when it is asked.
    pub(crate) async fn enter(
        &self,
        n_prompt_tokens: f64,
        n_samples: impl Fn() -> usize,
    ) -> Result<Pass<'_>, BackendError> {
        loop {
            let turn = self.pool().admit((n_prompt_tokens, n_samples()), self.now_ms());
            match turn {
                Turn::Go(ticket) => {
                    self.freed.notify_one();
                    return Ok(Pass { gate: self, ticket: Some(ticket) });
                }
                Turn::Down { server, outage } => {
                    self.freed.notify_one();
                    return Err(BackendError::Down {
                        endpoint: self.names[server].clone(),
                        n_failures: outage.n_failures,
                        lasted_s: outage.lasted_ms / 1000,
                        reason: outage.reason,
                    });
                }
                Turn::Wait { ms: None } => self.freed.notified().await,
                Turn::Wait { ms: Some(ms) } => {
                    let wait = Duration::from_millis(ms.max(1));
                    // Whatever ends the wait, the pool is asked again.
                    drop(tokio::time::timeout(wait, self.freed.notified()).await);
                }
            }
        }
    }

    /// Waits for places for a second request like the one that server number `besides` has: at another
    /// server where there are several.
    pub(crate) async fn enter_second(
        &self,
        besides: usize,
        (n_prompt_tokens, n_places): (f64, usize),
    ) -> Pass<'_> {
        let waiting = Waiting::new(self, Second { besides, n_places });
        loop {
            let now_ms = self.now_ms();
            let ticket = self.pool().admit_second(waiting.second, n_prompt_tokens, now_ms);
            if let Some(ticket) = ticket {
                return Pass { gate: self, ticket: Some(ticket) };
            }
            tokio::time::sleep(SECOND_LOOK).await;
        }
    }

    /// Milliseconds until some server may be asked.
    pub(crate) fn wait_ms(&self) -> u64 {
        self.pool().wait_ms(self.now_ms())
    }

    fn note_life(&self, server: usize) {
        let mut pool = self.pool();
        let is_news = pool.note_life(server);
        self.doubted[server].store(false, Ordering::Relaxed);
        drop(pool);
        if is_news {
            self.freed.notify_one();
        }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        // The pool's data are numbers that are valid at every moment.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A second request that waits, until this is dropped.
struct Waiting<'a> {
    gate: &'a Gate,
    second: Second,
}

impl<'a> Waiting<'a> {
    fn new(gate: &'a Gate, second: Second) -> Self {
        gate.pool().await_second(second);
        Self { gate, second }
    }
}

impl Drop for Waiting<'_> {
    /// What was left to it may be anyone's.
    fn drop(&mut self) {
        self.gate.pool().forget_second(self.second);
        self.gate.freed.notify_one();
    }
}

impl Pass<'_> {
    /// Which server is to be asked.
    pub(crate) fn server(&self) -> usize {
        self.ticket().server
    }

    /// Whether the server was down, and this request finds out how it is now.
    pub(crate) fn is_probe(&self) -> bool {
        self.ticket().probe.is_some()
    }

    /// Says that the server has begun to answer, which proves that it is there long before the answer is
    /// complete.
    pub(crate) fn note_begin(&self) {
        self.gate.note_life(self.server());
    }

    /// Says that another piece of the answer came.
    pub(crate) fn note_piece(&self) {
        if self.gate.doubted[self.server()].load(Ordering::Relaxed) {
            self.gate.note_life(self.server());
        }
    }

    /// Tokens that the request is expected to need.
    pub(crate) fn n_tokens(&self) -> f64 {
        self.ticket().n_tokens
    }

    /// Samples that the request is for.
    pub(crate) fn n_places(&self) -> usize {
        self.ticket().n_places
    }

    /// Says what became of the request.
    pub(crate) fn settle(mut self, report: &Report) {
        self.give_back(&report.outcome());
    }

    fn ticket(&self) -> &Ticket {
        self.ticket.as_ref().expect("a pass has its ticket until it is settled")
    }

    fn give_back(&mut self, outcome: &Outcome) {
        if let Some(ticket) = self.ticket.take() {
            let mut pool = self.gate.pool();
            pool.settle(ticket, outcome, self.gate.now_ms());
            let is_doubted = pool.may_be_shown_alive(ticket.server);
            self.gate.doubted[ticket.server].store(is_doubted, Ordering::Relaxed);
            drop(pool);
            self.gate.freed.notify_one();
        }
    }
}

impl Drop for Pass<'_> {
    /// A request that was called off frees its place.
    fn drop(&mut self) {
        self.give_back(&Outcome::unknown());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::remote::traffic::Concurrency;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// 500 requests through three places: all get through, some of them called off, never four at once.
    #[tokio::test]
    async fn nobody_waits_for_ever() {
        let concurrency = Concurrency { start: 3, most: 3 };
        let settings = TrafficSettings { concurrency, ..TrafficSettings::default() };
        let gate = Arc::new(Gate::new(&settings, &[("server".to_owned(), 1)]));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut visitors = tokio::task::JoinSet::new();
        for idx in 0..500 {
            let (gate, now, most) = (Arc::clone(&gate), Arc::clone(&now), Arc::clone(&most));
            visitors.spawn(async move {
                let pass = gate.enter(1.0, || 1).await.expect("a place");
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                now.fetch_sub(1, Ordering::SeqCst);
                if idx % 3 > 0 {
                    pass.settle(&Report::Useless);
                }
            });
        }
        let ended = visitors.join_all().await;
        assert_eq!((ended.len(), most.load(Ordering::SeqCst)), (500, 3));
    }
}
