//! One figure over several tasks.

use super::interval::{Estimate, Interval};

/// An estimate and its share of the aggregate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// The estimate of one task.
    pub estimate: Estimate,
    /// Its weight; all weights are divided by their sum.
    pub weight: f64,
}

/// Every task counts the same.
pub fn macro_average(estimates: &[Estimate]) -> Option<Estimate> {
    let parts = estimates.iter().map(|estimate| Part { estimate: *estimate, weight: 1.0 });
    combine(&parts.collect::<Vec<_>>())
}

/// Every item counts the same: tasks are weighted by their numbers of items.
pub fn average_by_items(estimates: &[Estimate]) -> Option<Estimate> {
    let part = |estimate: &Estimate| Part { estimate: *estimate, weight: estimate.n_items as f64 };
    combine(&estimates.iter().map(part).collect::<Vec<_>>())
}

/// The weighted mean of independent estimates. Variances add up; the interval recovers them from the
/// parts' own intervals, each side by itself, so that it is as skewed as they are (MOVER: Zou and
/// Donner, Statistics in Medicine 27, 2008). The standard error is there where all parts have one.
/// `None` for no parts, or weights that add up to nothing.
pub fn combine(parts: &[Part]) -> Option<Estimate> {
    let sum: f64 = parts.iter().map(|part| part.weight).sum();
    if parts.is_empty() || sum <= 0.0 {
        return None;
    }
    let has_stderr = parts.iter().all(|part| part.estimate.stderr.is_some());
    let variance = |part: &Part| (part.weight / sum * part.estimate.stderr.unwrap_or(0.0)).powi(2);
    let ends = |part: &Part| (part.weight / sum, part.estimate.value, part.estimate.ci95);
    let (value, ci95) = mover(&parts.iter().map(ends).collect::<Vec<_>>());
    Some(Estimate {
        value,
        stderr: has_stderr.then(|| parts.iter().map(variance).sum::<f64>().sqrt()),
        ci95,
        n_items: parts.iter().map(|part| part.estimate.n_items).sum(),
        n_samples: parts.iter().map(|part| part.estimate.n_samples).sum(),
    })
}

/// The weighted sum of values, each with its weight and interval, and the interval of the sum.
pub(crate) fn mover(parts: &[(f64, f64, Interval)]) -> (f64, Interval) {
    let value: f64 = parts.iter().map(|(weight, value, _)| weight * value).sum();
    let root = |side: &dyn Fn(f64, &Interval) -> f64| {
        let squares = parts.iter().map(|(weight, v, ends)| (weight * side(*v, ends)).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let low = value - root(&|value, ends| value - ends.low);
    (value, Interval { low, high: value + root(&|value, ends| ends.high - value) })
}
