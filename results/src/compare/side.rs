//! One side of a comparison: a run, or the baseline made of one.

use tasks::{ItemId, JudgeKind, Verdict};

use crate::metric::{ItemMetric, ItemSeries};
use crate::rating::{JudgeSeries, by_dialogue};
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
    /// What judges of dialogues say of them.
    pub judges: Vec<JudgeSeries>,
    /// The run file, which has the answers; a baseline has none.
    run: Option<RunFile>,
}

/// How many samples there are, and how many are of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    planned: usize,
    graded: usize,
    truncated: usize,
}

impl Health {
    /// The share of planned samples that failed or were never attempted.
    pub fn share_failed(&self) -> f64 {
        self.planned.saturating_sub(self.graded) as f64 / self.planned.max(1) as f64
    }

    /// The share of graded samples that ran into the token limit.
    pub fn share_truncated(&self) -> f64 {
        self.truncated as f64 / self.graded.max(1) as f64
    }
}

impl Side {
    /// A run as one side.
    pub fn of_run(label: String, run: RunFile) -> Result<Self, StoreError> {
        let (items, judges) = (series(&run)?, by_dialogue(&run)?);
        Ok(Self { label, plan: run.plan().clone(), items, judges, run: Some(run) })
    }

    /// A run of which only series are left.
    pub fn of_series(
        label: String,
        plan: Plan,
        items: Vec<ItemSeries>,
        judges: Vec<JudgeSeries>,
    ) -> Self {
        Self { label, plan, items, judges, run: None }
    }

    /// The figure that is compared where none is named.
    pub fn default_metric(&self) -> ItemMetric {
        match self.plan.judge {
            JudgeKind::Dialogue => ItemMetric::Rating,
            _ => ItemMetric::PassAt1,
        }
    }

    /// How many samples there are, and how many are of no use.
    pub fn health(&self) -> Health {
        let count = |of: &dyn Fn(&ItemSeries) -> usize| self.items.iter().map(of).sum();
        Health {
            planned: self.plan.dataset.n_items * self.plan.n_samples as usize,
            graded: count(&ItemSeries::n_graded),
            truncated: count(&|item| item.n_with(Verdict::Truncated)),
        }
    }

    /// The answers to an item; empty for a baseline, which has no texts.
    pub fn answers(&self, item: &ItemId) -> Result<Vec<Option<String>>, StoreError> {
        self.run.as_ref().map_or(Ok(Vec::new()), |run| run.answers(item))
    }

    /// Why the verdicts on an item's samples are what they are; empty for a baseline, and where texts are
    /// withheld, which reasons quote.
    pub fn reasons(&self, item: &ItemId) -> Result<Vec<Option<String>>, StoreError> {
        match &self.run {
            Some(run) if !self.plan.withholds_texts() => run.explanations(item),
            _ => Ok(Vec::new()),
        }
    }

    /// Whether some item has a score of this metric.
    pub fn has(&self, metric: ItemMetric) -> bool {
        if metric == ItemMetric::Rating {
            return self.judges.iter().any(|judge| !judge.ratings.is_empty());
        }
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
    let items = run.outcomes()?;
    let lengths = run.turn_totals(&items)?.lengths;
    let series = items.iter().map(|item| {
        let tokens = lengths.get(&item.item).map(|length| length.value);
        ItemSeries::new(run.plan(), item, tokens)
    });
    Ok(series.collect())
}
