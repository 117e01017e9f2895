//! pass@1 and pass@k.

use tasks::Verdict;

use super::interval::{Estimate, ItemScore, clustered};
use crate::{ItemOutcomes, Outcome};

/// pass@1\[avg-of-n\]: the mean over items of the mean score over an item's graded samples
/// (DeepSeek-R1, arXiv 2501.12948). `None` where no sample was graded.
pub fn pass_at_1(items: &[ItemOutcomes]) -> Option<Estimate> {
    let of_items = items.iter().filter_map(|item| {
        let scores = item.scores();
        let n_samples = scores.len();
        let value = (n_samples > 0).then(|| scores.iter().sum::<f64>() / n_samples as f64)?;
        Some(ItemScore { value, n_samples })
    });
    clustered(&of_items.collect::<Vec<_>>())
}

/// pass@1 over samples that the model finished with an answer: truncated and unparsed ones, which
/// otherwise count as wrong, are left out, and so are items that have no other. It flatters a model
/// that gives up where it would fail; [`pass_at_1`] is the conservative figure. `None` where no sample
/// is left.
pub fn pass_at_1_completed(items: &[ItemOutcomes]) -> Option<Estimate> {
    let of_items = items.iter().filter_map(|item| {
        let score_of_finished = |outcome| match outcome {
            Outcome::Judged(Verdict::Correct) => Some(1.0),
            Outcome::Judged(Verdict::Incorrect) => Some(0.0),
            Outcome::Judged(Verdict::Unparsed | Verdict::Truncated | Verdict::Answered)
            | Outcome::Failed => None,
        };
        let scores: Vec<f64> =
            item.samples.iter().filter_map(|sample| score_of_finished(sample.outcome)).collect();
        let n_samples = scores.len();
        let value = (n_samples > 0).then(|| scores.iter().sum::<f64>() / n_samples as f64)?;
        Some(ItemScore { value, n_samples })
    });
    clustered(&of_items.collect::<Vec<_>>())
}

/// The unbiased pass@k over items with at least `k` graded samples (Chen et al., arXiv 2107.03374).
pub fn pass_at_k(items: &[ItemOutcomes], k: usize) -> Option<Estimate> {
    let of_items = items.iter().filter_map(|item| {
        let scores = item.scores();
        let n_correct = scores.iter().filter(|score| **score > 0.5).count();
        let value = pass_at_k_of_item(scores.len(), n_correct, k)?;
        Some(ItemScore { value, n_samples: scores.len() })
    });
    clustered(&of_items.collect::<Vec<_>>())
}

/// 1 − C(n−c, k) / C(n, k): the chance that k of n samples, c of them correct, hold a correct one.
/// `None` where there are fewer than `k` samples.
pub fn pass_at_k_of_item(n: usize, n_correct: usize, k: usize) -> Option<f64> {
    if k == 0 || k > n || n_correct > n {
        return None;
    }
    if n - n_correct < k {
        return Some(1.0);
    }
    let all_wrong: f64 = (n - n_correct + 1..=n).map(|i| 1.0 - k as f64 / i as f64).product();
    Some(1.0 - all_wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(n: usize, n_correct: usize, k: usize, expected: Option<f64>) {
        let value = pass_at_k_of_item(n, n_correct, k);
        match (value, expected) {
            (Some(value), Some(expected)) => assert!((value - expected).abs() < 1e-12, "{value}"),
            _ => assert_eq!(value, expected),
        }
    }

    #[test]
    fn pass_at_k_counts_subsets() {
        check(4, 1, 1, Some(0.25));
        check(4, 1, 2, Some(0.5));
        check(4, 1, 4, Some(1.0));
        check(4, 0, 4, Some(0.0));
        check(5, 2, 3, Some(0.9));
        check(4, 2, 5, None);
        check(4, 2, 0, None);
    }
}
