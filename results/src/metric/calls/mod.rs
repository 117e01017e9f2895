//! BFCL v4: from categories to the overall score, and upstream's tables of it.
//!
//! Source: `eval_checker/eval_runner_helper.py` of `bfcl-eval` 2026.3.23. Upstream counts a category that
//! was not evaluated as zero; here that figure has a name of its own, beside one over what is there.

mod corrected;
mod leaderboard;
mod sensitivity;
mod shown;

use std::collections::BTreeMap;

use serde::Serialize;
use tasks::calls::{Category, Mean, Node, Part};

pub use corrected::corrected;
pub use leaderboard::{Cost, ModelRow, Table, Usage, leaderboard};
pub use sensitivity::{Sensitivity, configurations, sensitivity};
pub use shown::{MEANS, ShownMean};

/// How many entries of a category are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CategoryScore {
    /// Right entries.
    pub n_correct: usize,
    /// Judged entries.
    pub n_total: usize,
}

impl CategoryScore {
    /// The share of right entries; zero over none.
    pub fn accuracy(&self) -> f64 {
        if self.n_total == 0 { 0.0 } else { self.n_correct as f64 / self.n_total as f64 }
    }
}

/// The categories that were judged.
pub type CategoryScores = BTreeMap<Category, CategoryScore>;

/// A mean of categories.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aggregate {
    /// With every category that was not judged as zero, as upstream's overall score has it.
    pub with_zeros: f64,
    /// Over what was judged, weights scaled up; `None` where nothing was.
    pub partial: Option<f64>,
    /// Whether every category was judged.
    pub is_complete: bool,
    /// Judged entries, and for categories that were not judged those of the release.
    pub n_entries: usize,
}

impl Aggregate {
    /// The figure where every category was judged.
    pub fn complete(&self) -> Option<f64> {
        self.is_complete.then_some(self.with_zeros)
    }
}

/// The mean over a node's parts.
pub fn aggregate(node: &Node, scores: &CategoryScores) -> Aggregate {
    let parts: Vec<Aggregate> = node.parts.iter().map(|part| of_part(part, scores)).collect();
    let weights: Vec<f64> = match node.mean {
        Mean::Equal => vec![1.0; parts.len()],
        Mean::ByEntries => parts.iter().map(|part| part.n_entries as f64).collect(),
        Mean::Weighted(weights) => weights.to_vec(),
    };
    let with_zeros = match node.mean {
        // Upstream scales these weights before it multiplies, which rounds differently.
        Mean::Weighted(_) => {
            let sum: f64 = weights.iter().sum();
            parts.iter().zip(&weights).map(|(part, weight)| part.with_zeros * (weight / sum)).sum()
        }
        Mean::Equal | Mean::ByEntries => {
            let total: f64 =
                parts.iter().zip(&weights).map(|(part, weight)| part.with_zeros * weight).sum();
            total / weights.iter().sum::<f64>()
        }
    };
    Aggregate {
        with_zeros,
        partial: partial(&parts, &weights),
        is_complete: parts.iter().all(|part| part.is_complete),
        n_entries: parts.iter().map(|part| part.n_entries).sum(),
    }
}

fn partial(parts: &[Aggregate], weights: &[f64]) -> Option<f64> {
    let judged = parts.iter().zip(weights);
    let judged: Vec<(f64, f64)> =
        judged.filter_map(|(part, weight)| Some((part.partial?, *weight))).collect();
    let weight: f64 = judged.iter().map(|(_, weight)| weight).sum();
    let total: f64 = judged.iter().map(|(value, weight)| value * weight).sum();
    (weight > 0.0).then(|| total / weight)
}

fn of_part(part: &Part, scores: &CategoryScores) -> Aggregate {
    match part {
        Part::Branch(node) => aggregate(node, scores),
        Part::Leaf(category) => of_category(*category, scores),
    }
}

/// A category as a mean of itself.
pub fn of_category(category: Category, scores: &CategoryScores) -> Aggregate {
    let score = scores.get(&category);
    Aggregate {
        with_zeros: score.map_or(0.0, CategoryScore::accuracy),
        partial: score.map(CategoryScore::accuracy),
        is_complete: score.is_some(),
        n_entries: score.map_or(category.n_entries(), |score| score.n_total),
    }
}

#[cfg(test)]
mod tests {
    use tasks::calls::tree;

    use super::*;

    #[test]
    fn missing_categories_show_in_every_mean_above_them() {
        let score = |n_correct| CategoryScore { n_correct, n_total: 10 };
        let mut scores = CategoryScores::from([
            (Category::Irrelevance, score(10)),
            (Category::SimplePython, score(5)),
        ]);
        let check = |node: &Node, scores: &CategoryScores, expected: (f64, Option<f64>, bool)| {
            let found = aggregate(node, scores);
            assert!((found.with_zeros - expected.0).abs() < 1e-12, "{}: {found:?}", node.name);
            assert_eq!(
                (found.partial, found.is_complete),
                (expected.1, expected.2),
                "{}",
                node.name
            );
        };
        check(&tree::IRRELEVANCE, &scores, (0.5, Some(1.0), false));
        check(&tree::NON_LIVE, &scores, (0.5 / 12.0, Some(0.5), false));
        check(&tree::AGENTIC, &scores, (0.0, None, false));
        check(&tree::OVERALL, &scores, (0.5 / 120.0 + 0.05, Some(0.75), false));
        scores.insert(Category::LiveIrrelevance, score(0));
        check(&tree::IRRELEVANCE, &scores, (0.5, Some(0.5), true));
    }
}
