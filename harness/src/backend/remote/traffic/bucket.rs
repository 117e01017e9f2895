//! A limit of so much a minute.

/// A bucket that fills evenly and holds one second's worth.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    per_ms: f64,
    most: f64,
    level: f64,
    at_ms: u64,
}

impl Bucket {
    /// A full bucket at the time `now_ms`.
    pub(super) fn new(per_minute: u64, now_ms: u64) -> Self {
        let most = (per_minute as f64 / 60.0).max(1.0);
        Self { per_ms: per_minute as f64 / 60_000.0, most, level: most, at_ms: now_ms }
    }

    /// Milliseconds until `amount` may be taken. An amount that no full bucket holds may be taken
    /// from a full one, which then owes the rest.
    pub(super) fn wait_ms(&self, amount: f64, now_ms: u64) -> u64 {
        let missing = amount.min(self.most) - self.level_at(now_ms);
        if missing <= 0.0 { 0 } else { (missing / self.per_ms).ceil() as u64 }
    }

    /// Takes `amount`, or gives it back where it is negative.
    pub(super) fn take(&mut self, amount: f64, now_ms: u64) {
        self.level = (self.level_at(now_ms) - amount).min(self.most);
        self.at_ms = self.at_ms.max(now_ms);
    }

    fn level_at(&self, now_ms: u64) -> f64 {
        let passed = now_ms.saturating_sub(self.at_ms) as f64;
        (self.level + passed * self.per_ms).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times at which a caller that never rests gets `amount`.
    fn check(per_minute: u64, amount: f64, expected: &[u64]) {
        let (mut bucket, mut now_ms) = (Bucket::new(per_minute, 0), 0);
        for expected_ms in expected {
            now_ms += bucket.wait_ms(amount, now_ms);
            assert_eq!(now_ms, *expected_ms);
            bucket.take(amount, now_ms);
        }
    }

    #[test]
    fn a_minute_holds_what_was_allowed() {
        check(60, 1.0, &[0, 1_000, 2_000]);
        check(120, 1.0, &[0, 0, 500, 1_000]);
        check(1, 1.0, &[0, 60_000]);
        check(6_000, 300.0, &[0, 3_000, 6_000]);
    }

    #[test]
    fn what_was_not_used_comes_back() {
        let mut bucket = Bucket::new(6_000, 0);
        bucket.take(1_000.0, 0);
        assert_eq!(bucket.wait_ms(50.0, 0), 9_500);
        bucket.take(-950.0, 0);
        assert_eq!(bucket.wait_ms(50.0, 0), 0);
    }
}
