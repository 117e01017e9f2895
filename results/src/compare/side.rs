//! One side of a comparison: a run, or the baseline made of one.

use tasks::{ItemId, Verdict};

use crate::metric::{ItemMetric, ItemSeries};
use crate::{Plan, RunFile, StoreError};

/// What is compared.
#[derive(Debug)]
pub struct Side {
    /// The file it comes from.
    pub label: String,
    /// What the run set out to do.
    pub plan: Plan,
    /// Its items in order; items without any sample are absent.
    pub items: Vec<ItemSeries>,
    /// The run file, which has the answers; a baseline has none.
    run: Option<RunFile>,
}

/// Samples that a comparison cannot rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Samples of the plan.
    pub n_planned: usize,
    /// Graded samples.
    pub n_graded: usize,
    /// Samples that ran into the token limit.
    pub n_truncated: usize,
    /// Samples without an answer.
    pub n_unparsed: usize,
}

impl Health {
    /// The share of planned samples that failed or were never attempted.
    pub fn failed(&self) -> f64 {
        let n_missing = self.n_planned.saturating_sub(self.n_graded);
        n_missing as f64 / self.n_planned.max(1) as f64
    }

    /// The share of graded samples that ran into the token limit.
    pub fn truncated(&self) -> f64 {
        self.n_truncated as f64 / self.n_graded.max(1) as f64
    }
}

impl Side {
    /// A run as one side.
    pub fn of_run(label: String, run: RunFile) -> Result<Self, StoreError> {
        let items = series(&run)?;
        Ok(Self { label, plan: run.plan().clone(), items, run: Some(run) })
    }

    /// A run of which only series are left.
    pub fn of_series(label: String, plan: Plan, items: Vec<ItemSeries>) -> Self {
        Self { label, plan, items, run: None }
    }

    /// How many samples there are, and how many are of no use.
    pub fn health(&self) -> Health {
        let count = |of: &dyn Fn(&ItemSeries) -> usize| self.items.iter().map(of).sum();
        Health {
            n_planned: self.plan.dataset.n_items * self.plan.n_samples as usize,
            n_graded: count(&ItemSeries::n_graded),
            n_truncated: count(&|item| item.n_with(Verdict::Truncated)),
            n_unparsed: count(&|item| item.n_with(Verdict::Unparsed)),
        }
    }

    /// The answers to an item; empty for a baseline, which has no texts.
    pub fn answers(&self, item: &ItemId) -> Result<Vec<Option<String>>, StoreError> {
        self.run.as_ref().map_or(Ok(Vec::new()), |run| run.answers(item))
    }

    /// Whether some item has a score of this metric.
    pub fn has(&self, metric: ItemMetric) -> bool {
        self.items.iter().any(|item| item.score(metric).is_some())
    }

    /// The metrics that items have scores of, those for every k left out.
    pub fn metrics(&self) -> Vec<ItemMetric> {
        let named = ItemMetric::names().into_iter().filter_map(|name| name.parse().ok());
        let n = self.plan.n_samples as usize;
        named.filter(|metric: &ItemMetric| self.has(metric.over(n))).collect()
    }
}

/// The series of every item of a run.
pub(crate) fn series(run: &RunFile) -> Result<Vec<ItemSeries>, StoreError> {
    let lengths = run.lengths()?;
    let series = run.outcomes()?.into_iter().map(|item| {
        let tokens = lengths.get(&item.item).map(|length| length.value);
        ItemSeries::new(run.plan(), &item, tokens)
    });
    Ok(series.collect())
}
