//! How many requests one server gets at the same time.
//!
//! Additive increase, multiplicative decrease (Chiu and Jain 1989), as TCP's congestion avoidance (RFC
//! 5681): places double with every round until the first sign of trouble, are halved when the server
//! says that it is overloaded, and then grow by a constant a round. The constant is a sixteenth of what
//! there was before the halving, so that long completions do not make recovery a matter of hours.
//! Halvings that follow one another are one trouble: what there was before the first of them stays the
//! measure, and places double again up to half of that. So they do after an outage, which says nothing
//! about load. A rising time to the first token takes back what growth has added, but never more than
//! that: a queue inside the server is no failure.

use super::DEFAULT_START;

/// Places are halved when the server says that it has too many requests.
const OVERLOAD_FACTOR: f64 = 0.5;

/// The part of the places before the halving that each round gives back.
const RECOVERY: f64 = 1.0 / 16.0;

/// Places are multiplied by this when the first token takes much longer than it did.
const LATENCY_FACTOR: f64 = 0.9;

/// The first token is late when it takes this many times as long as it did at best ...
const LATE_TIMES: f64 = 4.0;

/// ... and this many milliseconds longer, so that jitter of a fast server counts for nothing.
const LATE_MS: f64 = 1_000.0;

/// So many more connections that broke than answers that came mean that the server cannot serve so many
/// requests at the same time, whatever else it says.
const N_BROKEN: u32 = 4;

/// The weight of a new time to the first token in the running mean.
const NEWEST: f64 = 0.125;

/// By how much of the difference the best time follows the mean, so that longer prompts do not count
/// as trouble for ever.
const DRIFT: f64 = 0.005;

/// The places of one server.
#[derive(Debug, Clone)]
pub(super) struct Limit {
    places: f64,
    start: f64,
    most: f64,
    /// Below so many places each answer adds one, which doubles them with every round.
    threshold: f64,
    /// How many places a round adds from there on.
    step: f64,
    /// Whether places have grown since they were last halved.
    has_grown: bool,
    round: Round,
    n_broken: u32,
    best_ms: Option<f64>,
    mean_ms: f64,
}

/// A span between two decreases. What was sent in an earlier one tells nothing about the places of now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Round(u64);

/// What a request that ended says about the load of its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Load {
    /// It was answered; the time to its first token, where the answer was a stream.
    Answered { first_token_ms: Option<u64> },
    /// The server has too much to do: 429, 503, a time limit.
    Overloaded,
    /// The connection broke, which says something only when most of them do.
    Broken,
    /// Nothing about the load.
    Unknown,
}

impl Limit {
    /// Begins with `start` places and never has more than `most`.
    pub(super) fn new(start: usize, most: usize) -> Self {
        let (start, most) = (start.clamp(1, most) as f64, most as f64);
        Self {
            places: start,
            start,
            most,
            threshold: f64::INFINITY,
            step: 1.0,
            has_grown: true,
            round: Round(0),
            n_broken: 0,
            best_ms: None,
            mean_ms: 0.0,
        }
    }

    /// Whether one more may be under way besides so many; at least one always may.
    pub(super) fn has_room(&self, n_in_flight: usize) -> bool {
        self.has_room_for(1, n_in_flight)
    }

    /// Whether `n_more` may be under way besides so many, or as many of them as there are places at all.
    pub(super) fn has_room_for(&self, n_more: usize, n_in_flight: usize) -> bool {
        let places = self.places.floor();
        n_in_flight as f64 + (n_more as f64).min(places) <= places
    }

    /// The round that a request sent now belongs to.
    pub(super) fn round(&self) -> Round {
        self.round
    }

    /// Learns from a request of `round` that ended while `n_in_flight` were under way, itself included.
    pub(super) fn learn(&mut self, load: Load, round: Round, n_in_flight: usize) {
        let is_of_now = round == self.round;
        match load {
            Load::Overloaded if is_of_now => self.halve(),
            Load::Unknown | Load::Overloaded => (),
            Load::Broken => {
                self.n_broken += u32::from(is_of_now);
                if self.n_broken >= N_BROKEN {
                    self.halve();
                }
            }
            Load::Answered { first_token_ms } => {
                self.n_broken = self.n_broken.saturating_sub(1);
                let is_late = is_of_now && first_token_ms.is_some_and(|ms| self.is_late(ms as f64));
                // Places that nobody needed prove nothing about more of them.
                let is_used = n_in_flight as f64 * 2.0 > self.places;
                if is_late && self.places > self.start {
                    self.step = (self.places * RECOVERY).max(1.0);
                    self.places = (self.places * LATENCY_FACTOR).max(self.start);
                    self.threshold = self.places;
                    self.begin_round();
                } else if is_of_now && is_used && !is_late {
                    let is_slow = self.places < self.threshold;
                    let step = if is_slow { 1.0 } else { self.step / self.places };
                    self.places = (self.places + step).min(self.most);
                    self.has_grown = true;
                }
            }
        }
    }

    /// Begins anew with a server that was away: it may have as many requests as one that nobody knows,
    /// and soon half of those it had.
    pub(super) fn begin_again(&mut self) {
        self.note_trouble();
        let start = self.start.min(DEFAULT_START as f64);
        self.places = self.threshold.clamp(1.0, start);
        self.begin_round();
    }

    fn halve(&mut self) {
        self.note_trouble();
        self.places = (self.places * OVERLOAD_FACTOR).max(1.0);
        self.begin_round();
    }

    /// Half of the places there are now is what growth aims at from here, unless this is the trouble of
    /// before that goes on. A server that takes far less than it did is approached in halves, too.
    fn note_trouble(&mut self) {
        if !self.has_grown {
            return;
        }
        let aim = if self.threshold.is_finite() { self.threshold } else { self.places };
        let before = self.places.max(aim);
        self.step = (before * RECOVERY).max(1.0);
        self.threshold = before * OVERLOAD_FACTOR;
        self.has_grown = false;
    }

    fn begin_round(&mut self) {
        self.round.0 += 1;
        self.n_broken = 0;
    }

    fn is_late(&mut self, first_token_ms: f64) -> bool {
        let Some(best_ms) = self.best_ms else {
            (self.best_ms, self.mean_ms) = (Some(first_token_ms), first_token_ms);
            return false;
        };
        self.mean_ms += (first_token_ms - self.mean_ms) * NEWEST;
        self.best_ms =
            Some(best_ms.min(first_token_ms) + (self.mean_ms - best_ms).max(0.0) * DRIFT);
        self.mean_ms > best_ms * LATE_TIMES && self.mean_ms > best_ms + LATE_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn places(limit: &Limit) -> usize {
        (0..100_000).find(|n| !limit.has_room(*n)).expect("a bound")
    }

    /// What becomes of the places when a full house is answered so, request by request.
    fn check((start, most): (usize, usize), loads: &[(usize, Load)], expected: &[usize]) {
        let mut limit = Limit::new(start, most);
        let seen: Vec<usize> = loads
            .iter()
            .map(|(n_times, load)| {
                let (round, n_in_flight) = (limit.round(), places(&limit));
                for _ in 0..*n_times {
                    limit.learn(*load, round, n_in_flight);
                }
                places(&limit)
            })
            .collect();
        assert_eq!(seen, expected, "{loads:?}");
    }

    const GOOD: Load = Load::Answered { first_token_ms: Some(100) };
    const LATE: Load = Load::Answered { first_token_ms: Some(20_000) };

    #[test]
    fn places_follow_what_the_server_says() {
        check((4, 64), &[(4, GOOD), (8, GOOD), (16, GOOD), (99, GOOD)], &[8, 16, 32, 64]);
        // One decrease a round, whatever the number of refusals; then one more place a round.
        check((16, 64), &[(16, Load::Overloaded), (8, GOOD), (9, GOOD)], &[8, 8, 9]);
        check((256, 256), &[(1, Load::Overloaded), (128, GOOD), (144, GOOD)], &[128, 143, 158]);
        check((3, 3), &[(9, GOOD), (1, Load::Overloaded), (1, Load::Overloaded)], &[3, 1, 1]);
        // Latency takes back growth, not the places that were there from the beginning.
        check((8, 64), &[(8, GOOD), (1, LATE), (9, LATE), (9, LATE)], &[16, 14, 12, 11]);
        check((16, 16), &[(16, GOOD), (99, LATE)], &[16, 16]);
        check((8, 64), &[(99, Load::Unknown)], &[8]);
        check((8, 8), &[(3, Load::Broken), (1, GOOD), (1, Load::Broken)], &[8, 8, 8]);
        check((8, 8), &[(4, Load::Broken), (9, Load::Broken)], &[4, 2]);
    }

    /// What the places are after these events in turn: `x` a halving, `+` a round of answers, `o` an
    /// outage that ends.
    fn check_recovery(concurrency: (usize, usize), events: &str, expected: &[usize]) {
        let mut limit = Limit::new(concurrency.0, concurrency.1);
        let mut after = |event| {
            let (round, n_places) = (limit.round(), places(&limit));
            match event {
                'x' => limit.learn(Load::Overloaded, round, n_places),
                'o' => limit.begin_again(),
                _ => (0..n_places).for_each(|_| limit.learn(GOOD, round, n_places)),
            }
            places(&limit)
        };
        assert_eq!(events.chars().map(&mut after).collect::<Vec<_>>(), expected, "{events}");
    }

    #[test]
    fn what_there_was_before_trouble_comes_back_soon() {
        // One trouble, however many halvings it takes; then doubling up to half, then a step a round.
        let halvings = "xxxxxxx+++++++";
        let expected = [128, 64, 32, 16, 8, 4, 2, 4, 8, 16, 32, 64, 128, 143];
        check_recovery((256, 256), halvings, &expected);
        // An outage is no overload: as at the beginning, but no further than half at once.
        check_recovery((64, 64), "o++", &[16, 32, 35]);
        check_recovery((64, 64), "xo++", &[32, 16, 32, 35]);
        check_recovery((4, 64), "++++oo+", &[8, 16, 32, 64, 4, 4, 8]);
        check_recovery((2, 2), "o+", &[1, 2]);
        // A server that takes far less than before is not hurried back to what it took.
        check_recovery((64, 64), "xx+x+x+x+", &[32, 16, 32, 16, 17, 8, 9, 4, 5]);
    }

    #[test]
    fn unused_places_do_not_grow() {
        let mut limit = Limit::new(16, 64);
        for _ in 0..100 {
            limit.learn(GOOD, limit.round(), 2);
        }
        assert_eq!(places(&limit), 16);
    }

    proptest! {
        #[test]
        fn there_is_always_a_place_and_never_one_too_many(
            steps in proptest::collection::vec((0_u8..4, 0_u64..100_000), 0..400),
            start in 1_usize..40,
            most in 1_usize..100,
        ) {
            let mut limit = Limit::new(start, most);
            for (kind, ms) in steps {
                let load = match kind {
                    0 => Load::Overloaded,
                    1 => Load::Broken,
                    _ => Load::Answered { first_token_ms: Some(ms) },
                };
                let n_in_flight = places(&limit);
                limit.learn(load, limit.round(), n_in_flight);
                prop_assert!((1..=most).contains(&places(&limit)));
            }
        }
    }
}
