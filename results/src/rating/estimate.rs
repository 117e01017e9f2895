//! Means of ratings with intervals over questions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::Interval;

/// 97.5 % quantiles of Student's t distribution for 1 to 10 degrees of freedom.
const T_975: [f64; 10] =
    [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281];

/// The same quantile of the standard normal distribution.
const Z_975: f64 = 1.959_963_985;

/// A mean on a scale that is no share, with an interval that treats questions as the independent
/// units: the ratings of one question, over turns and samples, are one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RatingEstimate {
    /// The mean over all ratings, pooled as upstream pools them.
    pub value: f64,
    /// The standard error over questions; `None` for fewer than two.
    pub stderr: Option<f64>,
    /// The 95 % confidence interval by Student's t, cut at the ends of the scale; `None` for fewer
    /// than two questions.
    pub ci95: Option<Interval>,
    /// Questions behind the mean.
    pub n_questions: usize,
    /// Ratings behind the mean.
    pub n_ratings: usize,
}

/// The pooled mean of `(question, rating)` pairs on a scale from `low` to `high`. It is a ratio of
/// sums over questions, so its standard error is that of a ratio (Cochran, "Sampling Techniques",
/// 6.4). `None` for no ratings.
pub(super) fn pooled<Q: Ord>(
    ratings: impl IntoIterator<Item = (Q, f64)>,
    (low, high): (f64, f64),
) -> Option<RatingEstimate> {
    let mut clusters: BTreeMap<Q, (f64, usize)> = BTreeMap::new();
    for (question, rating) in ratings {
        let cluster = clusters.entry(question).or_default();
        cluster.0 += rating;
        cluster.1 += 1;
    }
    let n_ratings: usize = clusters.values().map(|(_, n)| n).sum();
    if n_ratings == 0 {
        return None;
    }
    let (n, total) = (clusters.len(), n_ratings as f64);
    let value = clusters.values().map(|(sum, _)| sum).sum::<f64>() / total;
    let squares: f64 = clusters.values().map(|(sum, n)| (sum - value * *n as f64).powi(2)).sum();
    let stderr = (n > 1).then(|| (squares * n as f64 / (n as f64 - 1.0)).sqrt() / total);
    let ci95 = stderr.map(|stderr| {
        let half = t_975(n - 1) * stderr;
        Interval { low: (value - half).max(low), high: (value + half).min(high) }
    });
    Some(RatingEstimate { value, stderr, ci95, n_questions: n, n_ratings })
}

/// The 97.5 % quantile of Student's t: exact to four decimals up to ten degrees of freedom, then by
/// its expansion around the normal quantile (Abramowitz and Stegun, 26.7.5).
fn t_975(degrees: usize) -> f64 {
    if let Some(quantile) = T_975.get(degrees.saturating_sub(1)) {
        return *quantile;
    }
    let (v, z) = (degrees as f64, Z_975);
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + first / v + second / v.powi(2) + third / v.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ratings: &[(u32, f64)], expected: &str) {
        let seen = pooled(ratings.iter().copied(), (1.0, 10.0)).map_or("none".to_owned(), |e| {
            let ci = e.ci95.map_or("-".to_owned(), |ci| format!("{:.3}–{:.3}", ci.low, ci.high));
            let stderr = e.stderr.map_or("-".to_owned(), |stderr| format!("{stderr:.4}"));
            format!("{:.4} {stderr} {ci} {}/{}", e.value, e.n_ratings, e.n_questions)
        });
        assert_eq!(seen, expected);
    }

    #[test]
    fn means_pool_ratings_and_intervals_cluster_questions() {
        check(&[], "none");
        check(&[(1, 7.0), (1, 8.0)], "7.5000 - - 2/1");
        // Of equal clusters the standard error is that of the mean of their means: 6, 7 and 8.
        let even = [(1, 5.0), (1, 7.0), (2, 7.0), (2, 7.0), (3, 8.0), (3, 8.0)];
        check(&even, "7.0000 0.5774 4.516–9.484 6/3");
        // A dropped rating moves the pooled mean away from the mean of the questions' means.
        check(&[(1, 4.0), (2, 9.0), (2, 9.0)], "7.3333 2.2222 1.000–10.000 3/2");
    }

    #[test]
    fn quantiles_are_students() {
        // scipy.stats.t.ppf(0.975, df)
        for (degrees, expected) in
            [(1, 12.7062), (9, 2.2622), (11, 2.2010), (20, 2.0860), (79, 1.9905), (1000, 1.9623)]
        {
            assert!((t_975(degrees) - expected).abs() < 2e-4, "{degrees}: {}", t_975(degrees));
        }
    }
}
