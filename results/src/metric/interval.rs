//! Standard errors and confidence intervals.

use serde::{Deserialize, Serialize};

/// The 97.5 % quantile of the standard normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// An estimate with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean over items, between 0 and 1.
    pub value: f64,
    /// The standard error over items; `None` for fewer than two items.
    pub stderr: Option<f64>,
    /// The 95 % confidence interval.
    pub ci95: Interval,
    /// Items behind the estimate.
    pub n_items: usize,
    /// Graded samples behind the estimate.
    pub n_samples: usize,
}

/// A confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The score of one item between 0 and 1, and how many graded samples it comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ItemScore {
    /// The score.
    pub value: f64,
    /// Graded samples.
    pub n_samples: usize,
}

/// The mean of item scores between 0 and 1, with an interval that treats items as the independent
/// units. The interval is Wilson's (1927) at the effective sample size p(1−p)/s²·n, where s² is the
/// variance between items: for one sample per item that is exactly Wilson's interval over n items,
/// averaged samples narrow it, and it never leaves 0…1. Where the items do not vary, the effective
/// size is n; it is never more than the samples there are, however alike the items come out. `None`
/// for no items.
pub fn clustered(items: &[ItemScore]) -> Option<Estimate> {
    if items.is_empty() {
        return None;
    }
    let n = items.len() as f64;
    let n_samples: usize = items.iter().map(|item| item.n_samples).sum();
    let value = items.iter().map(|item| item.value).sum::<f64>() / n;
    let squares: f64 = items.iter().map(|item| (item.value - value).powi(2)).sum();
    let stderr = (items.len() > 1).then(|| (squares / (n * (n - 1.0))).sqrt());
    let n_effective = if squares > 1e-12 { value * (1.0 - value) / (squares / n) * n } else { n };
    Some(Estimate {
        value,
        stderr,
        ci95: wilson(value, n_effective.clamp(1.0, n_samples as f64)),
        n_items: items.len(),
        n_samples,
    })
}

/// A share `value` = Σ hits / Σ trials over clusters of `(hits, trials)`, with a standard error that
/// treats clusters as the independent units (the ratio estimator of Cochran, "Sampling Techniques",
/// 1977, section 6.4) and Wilson's interval at the effective number of trials. `None` for no clusters.
pub fn ratio(value: f64, clusters: &[(f64, f64)]) -> Option<Estimate> {
    let n_trials: f64 = clusters.iter().map(|(_, trials)| trials).sum();
    if clusters.is_empty() || n_trials <= 0.0 {
        return None;
    }
    let n = clusters.len() as f64;
    let squares: f64 = clusters.iter().map(|(hits, trials)| (hits - value * trials).powi(2)).sum();
    let variance = squares * n / (n - 1.0).max(1.0) / (n_trials * n_trials);
    let n_effective = if variance > 1e-15 { value * (1.0 - value) / variance } else { n_trials };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    let n_samples = n_trials as usize;
    Some(Estimate {
        value,
        stderr: (clusters.len() > 1).then(|| variance.sqrt()),
        ci95: wilson(value, n_effective.clamp(1.0, n_trials)),
        n_items: clusters.len(),
        n_samples,
    })
}

fn wilson(p: f64, n: f64) -> Interval {
    let z2 = Z_95 * Z_95;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z_95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    Interval { low: (centre - half).clamp(0.0, p), high: (centre + half).clamp(p, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scores: &[f64], n_samples: usize, expected: &str) {
        let items: Vec<ItemScore> =
            scores.iter().map(|value| ItemScore { value: *value, n_samples }).collect();
        let shown = clustered(&items).map_or("none".to_owned(), |e| {
            let stderr = e.stderr.map_or("-".to_owned(), |s| format!("{s:.4}"));
            format!("{:.4} {stderr} [{:.4}, {:.4}]", e.value, e.ci95.low, e.ci95.high)
        });
        assert_eq!(shown, expected);
    }

    #[test]
    fn intervals_are_wilson_at_the_effective_size() {
        // Wilson intervals of 0/10, 10/10 and 5/10 as statsmodels `proportion_confint` gives them.
        check(&[0.0; 10], 1, "0.0000 0.0000 [0.0000, 0.2775]");
        check(&[1.0; 10], 1, "1.0000 0.0000 [0.7225, 1.0000]");
        let half: Vec<f64> = (0..10).map(|i| f64::from(i % 2)).collect();
        check(&half, 1, "0.5000 0.1667 [0.2366, 0.7634]");
        check(&half, 64, "0.5000 0.1667 [0.2366, 0.7634]");
        check(&[0.4, 0.6, 0.5, 0.5], 64, "0.5000 0.0408 [0.4314, 0.5686]");
        // Forty samples say no more than forty samples, however alike the items are: 20/40.
        check(&[0.5, 0.5, 0.5, 0.501], 10, "0.5002 0.0003 [0.3522, 0.6482]");
        check(&[1.0], 1, "1.0000 - [0.2065, 1.0000]");
        check(&[], 1, "none");
    }

    proptest::proptest! {
        #[test]
        fn an_interval_holds_its_estimate_and_stays_between_0_and_1(
            scores in proptest::collection::vec(0.0..=1.0_f64, 1..40),
            n_samples in 1..100_usize,
        ) {
            let items: Vec<ItemScore> =
                scores.into_iter().map(|value| ItemScore { value, n_samples }).collect();
            let estimate = clustered(&items).expect("there are items");
            let Interval { low, high } = estimate.ci95;
            proptest::prop_assert!(0.0 <= low && low <= estimate.value);
            proptest::prop_assert!(estimate.value <= high && high <= 1.0);
            proptest::prop_assert_eq!(estimate.n_samples, items.len() * n_samples);
        }
    }
}
