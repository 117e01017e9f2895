//! Ranks that intervals leave open.

use serde::Serialize;

use super::Cell;

/// The best and the worst rank that a model may have in a column, counted from 1. A model is surely
/// better than another only where its interval lies wholly above the other's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RankRange {
    /// One more than the models that are surely better.
    pub best: usize,
    /// The number of models that are not surely worse.
    pub worst: usize,
}

/// Fills in ranks and the best mark of one column's cells.
pub(super) fn fill_in(mut cells: Vec<&mut Cell>) {
    let estimates: Vec<_> = cells.iter().map(|cell| cell.estimate).collect();
    let highest = estimates.iter().map(|estimate| estimate.value).fold(f64::MIN, f64::max);
    for cell in &mut cells {
        let own = cell.estimate.ci95;
        let n_better = estimates.iter().filter(|other| other.ci95.low > own.high).count();
        let n_worse = estimates.iter().filter(|other| other.ci95.high < own.low).count();
        cell.rank = RankRange { best: n_better + 1, worst: estimates.len() - n_worse };
        cell.is_best = estimates.len() > 1 && cell.estimate.value >= highest;
    }
}
