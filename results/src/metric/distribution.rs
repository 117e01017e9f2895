//! Quantiles and tail probabilities.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// The probability that an interval leaves out on each of its sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tail(f64);

impl Tail {
    /// A two-sided interval of 95 %.
    pub const OF_95: Self = Self(0.025);

    /// Of a two-sided interval: 0.95 leaves 0.025 on each side. The confidence lies between 0 and 1.
    pub fn two_sided(confidence: f64) -> Self {
        Self(((1.0 - confidence) / 2.0).clamp(1e-12, 0.5))
    }

    /// Of a bound on one side: 0.95 leaves 0.05 beyond it.
    pub fn one_sided(confidence: f64) -> Self {
        Self((1.0 - confidence).clamp(1e-12, 0.5))
    }

    /// The probability shared equally among `n` tests, so that all of them together have it
    /// (Bonferroni).
    #[must_use]
    pub fn shared_among(self, n: usize) -> Self {
        Self(self.0 / n.max(1) as f64)
    }

    /// The probability.
    pub fn probability(self) -> f64 {
        self.0
    }

    /// The quantile of the standard normal distribution that has this much above it.
    pub fn normal(self) -> f64 {
        Normal::standard().inverse_cdf(1.0 - self.0)
    }

    /// The quantile of Student's distribution with `df` degrees of freedom that has this much above
    /// it.
    pub fn student(self, df: usize) -> f64 {
        // Above this many the two agree to five digits, and the inverse is slow.
        if df > 10_000 {
            return self.normal();
        }
        let student = StudentsT::new(0.0, 1.0, df.max(1) as f64);
        student.expect("at least one degree of freedom").inverse_cdf(1.0 - self.0)
    }
}

/// The chance of at most `n_successes` heads among `n_trials` tosses of a fair coin.
pub(crate) fn at_most_heads(n_successes: usize, n_trials: usize) -> f64 {
    if n_successes >= n_trials {
        return 1.0;
    }
    let ln_half = -(n_trials as f64) * std::f64::consts::LN_2;
    let mut ln_ways = 0.0_f64;
    let mut sum = ln_half.exp();
    for k in 1..=n_successes {
        ln_ways += ((n_trials - k + 1) as f64 / k as f64).ln();
        sum += (ln_half + ln_ways).exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} instead of {expected}");
    }

    #[test]
    fn quantiles_and_tails() {
        // scipy 1.16 `norm.ppf(.975)`, `t.ppf(.975, 29)`, `t.ppf(.95, 4)`, `binom.cdf(3, 10, .5)`.
        check(Tail::OF_95.normal(), 1.959_963_984_540_054);
        check(Tail::two_sided(0.95).student(29), 2.045_229_642_132_703);
        check(Tail::one_sided(0.95).student(4), 2.131_846_786_326_649);
        check(at_most_heads(3, 10), 0.171_875);
        check(at_most_heads(10, 10), 1.0);
        check(at_most_heads(0, 0), 1.0);
        check(Tail::one_sided(0.95).shared_among(5).probability(), 0.01);
    }
}
