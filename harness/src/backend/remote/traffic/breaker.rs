//! Whether a server is up.

/// So many failures in a row, with nothing from the server between them, mean that it is down.
const N_FAILURES: u32 = 5;

/// The first pause; each further one is twice as long.
const FIRST_PAUSE_MS: u64 = 500;

/// The longest pause.
const MAX_PAUSE_MS: u64 = 15_000;

/// Keeps requests away from a server that is down, and lets one through now and then to see.
#[derive(Debug, Clone)]
pub(super) struct Breaker {
    patience_ms: u64,
    n_failures: u32,
    failing_since_ms: u64,
    failed_last_ms: u64,
    n_pauses: u32,
    paused_until_ms: u64,
    probe: Option<Probe>,
    n_probes: u64,
    reason: String,
}

/// The one request that finds out how a server is. A request that was one in an earlier outage is none
/// in the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Probe(u64);

/// Whether a request may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The server is up as far as anyone knows.
    Open,
    /// One request may find out.
    Probe,
    /// Not before this time; without one, not before the probe under way has ended.
    Shut { until_ms: Option<u64> },
}

/// Why and since when a server is down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outage {
    /// Failures in a row.
    pub(super) n_failures: u32,
    /// Milliseconds from the first of them to the last: nobody knows of the time after it.
    pub(super) lasted_ms: u64,
    /// The last of them.
    pub(super) reason: String,
}

impl Breaker {
    /// A server that is up as far as anyone knows. When it has been down for `patience_ms`, a last
    /// probe tells whether it still is.
    pub(super) fn new(patience_ms: u64) -> Self {
        Self {
            patience_ms,
            n_failures: 0,
            failing_since_ms: 0,
            failed_last_ms: 0,
            n_pauses: 0,
            paused_until_ms: 0,
            probe: None,
            n_probes: 0,
            reason: String::new(),
        }
    }

    /// Whether a request may be sent at `now_ms`.
    pub(super) fn way(&self, now_ms: u64) -> Way {
        match (self.is_down(), self.probe) {
            (false, _) => Way::Open,
            (true, Some(_)) => Way::Shut { until_ms: None },
            (true, None) if now_ms >= self.paused_until_ms => Way::Probe,
            (true, None) => Way::Shut { until_ms: Some(self.paused_until_ms) },
        }
    }

    /// A probe is sent.
    pub(super) fn probe(&mut self) -> Probe {
        let probe = Probe(self.n_probes);
        self.n_probes += 1;
        self.probe = Some(probe);
        probe
    }

    /// A request ended without telling anything; another one may be the probe in its place.
    pub(super) fn give_up(&mut self, probe: Option<Probe>) {
        if self.is_asking(probe) {
            self.probe = None;
        }
    }

    /// The server said something, be it a refusal.
    pub(super) fn note_life(&mut self) {
        *self = Self { n_probes: self.n_probes, ..Self::new(self.patience_ms) };
    }

    /// The server could not be reached, or said that it is not there; the request may have been a
    /// `probe`.
    pub(super) fn note_failure(&mut self, reason: &str, probe: Option<Probe>, now_ms: u64) {
        if self.n_failures == 0 {
            self.failing_since_ms = now_ms;
        }
        let (was_down, was_probe) = (self.is_down(), self.is_asking(probe));
        self.n_failures += 1;
        self.failed_last_ms = now_ms;
        reason.clone_into(&mut self.reason);
        // What was under way when the server went down tells nothing new.
        if self.is_down() && (!was_down || was_probe) {
            self.paused_until_ms = self.end_of_pause_ms(now_ms);
            self.n_pauses += 1;
        }
        self.give_up(probe);
    }

    /// Nobody gives a server up without having asked it when patience ends, so no pause reaches beyond.
    fn end_of_pause_ms(&self, now_ms: u64) -> u64 {
        let pause_ms = (FIRST_PAUSE_MS << self.n_pauses.min(10)).min(MAX_PAUSE_MS);
        let patience_ends_ms = self.failing_since_ms.saturating_add(self.patience_ms);
        let until_ms = now_ms + pause_ms;
        if patience_ends_ms > now_ms { until_ms.min(patience_ends_ms) } else { until_ms }
    }

    /// The outage, if there is one.
    pub(super) fn outage(&self) -> Option<Outage> {
        self.is_down().then(|| Outage {
            n_failures: self.n_failures,
            lasted_ms: self.failed_last_ms.saturating_sub(self.failing_since_ms),
            reason: self.reason.clone(),
        })
    }

    /// Whether anything has failed since the server last said something.
    pub(super) fn is_failing(&self) -> bool {
        self.n_failures > 0
    }

    fn is_asking(&self, probe: Option<Probe>) -> bool {
        probe.is_some() && probe == self.probe
    }

    /// Whether so much has failed that only probes are sent.
    pub(super) fn is_down(&self) -> bool {
        self.n_failures >= N_FAILURES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(n: u32, at_ms: u64) -> Breaker {
        let mut breaker = Breaker::new(60_000);
        for _ in 0..n {
            breaker.note_failure("refused", None, at_ms);
        }
        breaker
    }

    fn check(breaker: &Breaker, now_ms: u64, expected: Way) {
        assert_eq!(breaker.way(now_ms), expected, "{breaker:?} at {now_ms}");
    }

    #[test]
    fn a_server_that_is_down_is_asked_once_in_a_while() {
        check(&failed(4, 10), 10, Way::Open);
        let mut breaker = failed(9, 10);
        check(&breaker, 10, Way::Shut { until_ms: Some(510) });
        check(&breaker, 510, Way::Probe);
        let first = breaker.probe();
        check(&breaker, 600, Way::Shut { until_ms: None });
        breaker.note_failure("refused", Some(first), 600);
        check(&breaker, 600, Way::Shut { until_ms: Some(1_600) });
        let outage = breaker.outage().expect("an outage");
        assert_eq!((outage.n_failures, outage.lasted_ms), (10, 590));
        let second = breaker.probe();
        // The first probe is over: what it says now moves nothing.
        breaker.give_up(Some(first));
        check(&breaker, 1_650, Way::Shut { until_ms: None });
        breaker.give_up(Some(second));
        check(&breaker, 1_650, Way::Probe);
        breaker.probe();
        breaker.note_life();
        check(&breaker, 1_700, Way::Open);
        assert_eq!(breaker.outage(), None);
        breaker.note_failure("refused", Some(second), 1_800);
        check(&breaker, 1_800, Way::Open);
    }

    fn check_pauses(patience_ms: u64, expected: &[u64]) {
        let mut breaker = Breaker { patience_ms, ..failed(5, 0) };
        breaker.paused_until_ms = FIRST_PAUSE_MS.min(patience_ms.max(1));
        let mut now_ms = 0;
        for expected_ms in expected {
            let Way::Shut { until_ms: Some(until_ms) } = breaker.way(now_ms) else { break };
            assert_eq!(until_ms - now_ms, *expected_ms, "{breaker:?}");
            now_ms = until_ms;
            let probe = breaker.probe();
            breaker.note_failure("refused", Some(probe), now_ms);
        }
    }

    #[test]
    fn pauses_double_up_to_a_bound_and_a_probe_runs_when_patience_ends() {
        check_pauses(u64::MAX, &[500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
        check_pauses(10_000, &[500, 1_000, 2_000, 4_000, 2_500, 15_000]);
        check_pauses(600, &[500, 100, 2_000]);
    }
}
