//! When a request that is slow to begin is sent a second time.
//!
//! Dean and Barroso, "The Tail at Scale" (2013): the first answer counts and the other request is called
//! off. What that costs is bounded: a request is sent twice at most, and one in ten of them.

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};
use tokio::sync::watch;

/// At most one in so many requests is sent a second time.
const ONE_IN: u64 = 10;

/// Times to the first byte that are remembered.
const N_REMEMBERED: usize = 256;

/// So many of them must be known before a percentile means anything.
const N_NEEDED: usize = 20;

/// How often a request that is due, but would be one too many, looks whether it still is.
const SHARE_LOOK: Duration = Duration::from_millis(100);

/// How long a request may be silent before it is sent a second time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HedgeAfter {
    /// So long.
    Time(Duration),
    /// As long as this percentage of the latest requests took to their first byte.
    Percentile(u8),
}

/// Decides which requests are sent a second time.
#[derive(Debug)]
pub(super) struct Hedging {
    after: HedgeAfter,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    n_requests: u64,
    n_hedges: u64,
    /// The latest times to a first byte, as a ring.
    waits: Vec<Duration>,
    next: usize,
}

/// How far the answer to one request has come.
#[derive(Debug)]
pub(super) struct Progress {
    started: Instant,
    begun_at: OnceLock<Instant>,
    begun: watch::Sender<bool>,
    n_tokens: AtomicU64,
}

impl Progress {
    /// Of a request that is sent now.
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            begun_at: OnceLock::new(),
            begun: watch::Sender::new(false),
            n_tokens: AtomicU64::new(0),
        }
    }

    /// Says that something of the answer came.
    pub(super) fn note_begin(&self) {
        if self.begun_at.set(Instant::now()).is_ok() {
            self.begun.send_replace(true);
        }
    }

    /// Says how many tokens have come, as far as they can be told apart.
    pub(super) fn note_tokens(&self, n_tokens: u64) {
        self.n_tokens.store(n_tokens, Ordering::Relaxed);
    }

    /// How many tokens have come.
    pub(super) fn n_tokens(&self) -> u64 {
        self.n_tokens.load(Ordering::Relaxed)
    }

    /// Waits for the first byte.
    async fn begin(&self) {
        let mut begun = self.begun.subscribe();
        // The sender lives as long as this.
        drop(begun.wait_for(|has_begun| *has_begun).await);
    }
}

/// The right to send one request a second time; it is given back unless it is used up.
#[derive(Debug)]
pub(super) struct Share<'a> {
    hedging: &'a Hedging,
    is_used: bool,
}

impl Share<'_> {
    /// Says that the request is sent.
    pub(super) fn use_up(mut self) {
        self.is_used = true;
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        if !self.is_used {
            self.hedging.seen().n_hedges -= 1;
        }
    }
}

impl Hedging {
    /// Nothing is known yet.
    pub(super) fn new(after: HedgeAfter) -> Self {
        Self { after, seen: Mutex::default() }
    }

    /// Counts a request.
    pub(super) fn note_request(&self) {
        self.seen().n_requests += 1;
    }

    /// Learns how long a request took to its first byte; at least as long as it has lasted, where it was
    /// overtaken before.
    pub(super) fn learn(&self, progress: &Progress, was_overtaken: bool) {
        let until = progress.begun_at.get().copied();
        let Some(until) = until.or_else(|| was_overtaken.then(Instant::now)) else { return };
        let wait = until.duration_since(progress.started);
        let mut seen = self.seen();
        if seen.waits.len() < N_REMEMBERED {
            seen.waits.push(wait);
        } else {
            let next = seen.next;
            seen.waits[next] = wait;
            seen.next = (next + 1) % N_REMEMBERED;
        }
    }

    /// Waits until a request has been silent for too long and may be sent again, for ever if it is not
    /// silent.
    pub(super) async fn due(&self, progress: &Progress) -> Share<'_> {
        let is_due = match self.wait() {
            Some(wait) => tokio::time::timeout(wait, progress.begin()).await.is_err(),
            None => false,
        };
        if !is_due {
            std::future::pending::<()>().await;
        }
        loop {
            match self.take() {
                Some(share) => return share,
                None => tokio::time::sleep(SHARE_LOOK).await,
            }
        }
    }

    /// Waits for what a second request needs, for ever once the first one has begun.
    pub(super) async fn unless_begun<T>(progress: &Progress, place: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            () = progress.begin() => std::future::pending().await,
            place = place => place,
        }
    }

    /// Counts a second request, if there may be another one.
    fn take(&self) -> Option<Share<'_>> {
        let mut seen = self.seen();
        if (seen.n_hedges + 1) * ONE_IN > seen.n_requests {
            return None;
        }
        seen.n_hedges += 1;
        Some(Share { hedging: self, is_used: false })
    }

    /// How long a request may be silent, as far as that is known.
    fn wait(&self) -> Option<Duration> {
        match self.after {
            HedgeAfter::Time(wait) => Some(wait),
            HedgeAfter::Percentile(percent) => self.seen().percentile(percent),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Its numbers are valid at every moment.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// By nearest rank.
    fn percentile(&self, percent: u8) -> Option<Duration> {
        if self.waits.len() < N_NEEDED {
            return None;
        }
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        let rank = (waits.len() * usize::from(percent)).div_ceil(100).max(1);
        waits.get(rank - 1).copied()
    }
}

impl FromStr for HedgeAfter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || "seconds such as 2.5, or a percentile from p50 to p99".to_owned();
        if let Some(percent) = text.strip_prefix('p') {
            let percent = percent.parse().ok().filter(|n| (50..=99).contains(n));
            return percent.map(Self::Percentile).ok_or_else(refuse);
        }
        let seconds = text.parse().ok().filter(|s: &f64| *s > 0.0 && *s <= 1e6);
        seconds.map(|s| Self::Time(Duration::from_secs_f64(s))).ok_or_else(refuse)
    }
}

impl std::fmt::Display for HedgeAfter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Time(wait) => write!(f, "{}", wait.as_secs_f64()),
            Self::Percentile(percent) => write!(f, "p{percent}"),
        }
    }
}

impl Serialize for HedgeAfter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_in_ten_is_sent_twice() {
        let hedging = Hedging::new(HedgeAfter::Time(Duration::ZERO));
        let mut n_taken = 0;
        for _ in 0..55 {
            hedging.note_request();
            let shares = (0..9).filter_map(|_| hedging.take());
            n_taken += shares.map(Share::use_up).count();
        }
        assert_eq!(n_taken, 5);
        (0..5).for_each(|_| hedging.note_request());
        drop(hedging.take().expect("one in sixty"));
        assert!(hedging.take().is_some(), "what was not used is there again");
    }

    #[test]
    fn a_percentile_is_of_the_latest_requests() {
        let hedging = Hedging::new(HedgeAfter::Percentile(90));
        let learn = |ms: u64| {
            let progress = Progress::new();
            let begun_at = progress.started + Duration::from_millis(ms);
            progress.begun_at.set(begun_at).expect("it has not begun");
            hedging.learn(&progress, false);
        };
        (1..20).for_each(learn);
        assert_eq!(hedging.wait(), None);
        learn(20);
        assert_eq!(hedging.wait(), Some(Duration::from_millis(18)));
        (0..256).for_each(|_| learn(7));
        assert_eq!(hedging.wait(), Some(Duration::from_millis(7)));
        hedging.learn(&Progress::new(), false);
        assert_eq!(hedging.seen().waits.len(), N_REMEMBERED);
    }

    #[test]
    fn the_wait_is_a_time_or_a_percentile() {
        let check = |text: &str, expected: &str| {
            let read = text.parse::<HedgeAfter>().map_or_else(|err| err, |after| after.to_string());
            assert!(read.starts_with(expected), "{text}: {read}");
        };
        check("2.5", "2.5");
        check("p95", "p95");
        for wrong in ["0", "-1", "p10", "p100", "95%", "nan", ""] {
            check(wrong, "seconds such as");
        }
    }
}
