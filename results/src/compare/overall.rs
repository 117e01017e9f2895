//! The difference over several tasks.

use serde::Serialize;

use super::Comparison;
use crate::metric::{Interval, mover};

/// Differences of several tasks as one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Overall {
    /// Tasks.
    pub n_tasks: usize,
    /// Every task counts the same.
    pub by_task: Mean,
    /// Every item counts the same.
    pub by_item: Mean,
}

/// A weighted mean of differences.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mean {
    /// The difference.
    pub value: f64,
    /// Its interval, at the comparisons' confidence; tasks are taken as independent.
    pub interval: Interval,
}

/// The mean difference over several tasks; `None` for fewer than two, and for different figures.
pub fn overall(comparisons: &[Comparison]) -> Option<Overall> {
    let mean = |weight: &dyn Fn(&Comparison) -> f64| {
        let sum: f64 = comparisons.iter().map(weight).sum();
        let part = |comparison: &Comparison| {
            let difference = &comparison.difference;
            (weight(comparison) / sum, difference.value, difference.interval)
        };
        let (value, interval) = mover(&comparisons.iter().map(part).collect::<Vec<_>>());
        Mean { value, interval }
    };
    let (first, others) = comparisons.split_first()?;
    let is_alike = !others.is_empty() && others.iter().all(|other| other.metric == first.metric);
    is_alike.then(|| Overall {
        n_tasks: comparisons.len(),
        by_task: mean(&|_| 1.0),
        by_item: mean(&|comparison| comparison.difference.n_pairs as f64),
    })
}
