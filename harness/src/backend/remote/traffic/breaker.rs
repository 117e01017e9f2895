//! Whether a server is up.

/// So many failures in a row, with nothing from the server between them, mean that it is down.
const N_FAILURES: u32 = 5;

/// The first pause; each further one is twice as long.
const FIRST_PAUSE_MS: u64 = 500;

/// The longest pause.
const MAX_PAUSE_MS: u64 = 15_000;

/// Keeps requests away from a server that is down, and lets one through now and then to see.
#[derive(Debug, Clone, Default)]
pub(super) struct Breaker {
    n_failures: u32,
    failing_since_ms: u64,
    n_pauses: u32,
    paused_until_ms: u64,
    is_asking: bool,
    reason: String,
}

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
    /// Milliseconds since the first of them.
    pub(super) lasted_ms: u64,
    /// The last of them.
    pub(super) reason: String,
}

impl Breaker {
    /// Whether a request may be sent at `now_ms`.
    pub(super) fn way(&self, now_ms: u64) -> Way {
        match (self.is_down(), self.is_asking) {
            (false, _) => Way::Open,
            (true, true) => Way::Shut { until_ms: None },
            (true, false) if now_ms >= self.paused_until_ms => Way::Probe,
            (true, false) => Way::Shut { until_ms: Some(self.paused_until_ms) },
        }
    }

    /// A probe is sent.
    pub(super) fn probe(&mut self) {
        self.is_asking = true;
    }

    /// The probe ended without telling anything.
    pub(super) fn give_up_probe(&mut self) {
        self.is_asking = false;
    }

    /// The server said something, be it a refusal.
    pub(super) fn note_life(&mut self) {
        *self = Self::default();
    }

    /// The server could not be reached, or said that it is not there.
    pub(super) fn note_failure(&mut self, reason: &str, was_probe: bool, now_ms: u64) {
        if self.n_failures == 0 {
            self.failing_since_ms = now_ms;
        }
        let was_down = self.is_down();
        self.n_failures += 1;
        reason.clone_into(&mut self.reason);
        // What was under way when the server went down tells nothing new.
        if self.is_down() && (!was_down || was_probe) {
            self.paused_until_ms =
                now_ms + (FIRST_PAUSE_MS << self.n_pauses.min(10)).min(MAX_PAUSE_MS);
            self.n_pauses += 1;
        }
        if was_probe {
            self.is_asking = false;
        }
    }

    /// The outage, if there is one.
    pub(super) fn outage(&self, now_ms: u64) -> Option<Outage> {
        self.is_down().then(|| Outage {
            n_failures: self.n_failures,
            lasted_ms: now_ms.saturating_sub(self.failing_since_ms),
            reason: self.reason.clone(),
        })
    }

    fn is_down(&self) -> bool {
        self.n_failures >= N_FAILURES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(n: u32, at_ms: u64) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..n {
            breaker.note_failure("refused", false, at_ms);
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
        breaker.probe();
        check(&breaker, 600, Way::Shut { until_ms: None });
        breaker.note_failure("refused", true, 600);
        check(&breaker, 600, Way::Shut { until_ms: Some(1_600) });
        let outage = breaker.outage(2_010).expect("an outage");
        assert_eq!((outage.n_failures, outage.lasted_ms), (10, 2_000));
        breaker.probe();
        breaker.note_life();
        check(&breaker, 1_700, Way::Open);
        assert_eq!(breaker.outage(1_700), None);
    }

    #[test]
    fn pauses_double_up_to_a_bound() {
        let mut breaker = failed(5, 0);
        let mut now_ms = 0;
        let mut pauses = Vec::new();
        for _ in 0..7 {
            let Way::Shut { until_ms: Some(until_ms) } = breaker.way(now_ms) else { break };
            pauses.push(until_ms - now_ms);
            now_ms = until_ms;
            breaker.probe();
            breaker.note_failure("refused", true, now_ms);
        }
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    }
}
