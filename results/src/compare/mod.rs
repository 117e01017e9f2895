//! Paired comparison of runs.
//!
//! Data flow: two [`Side`]s → [`Pair`]s → [`PairedDifference`] → [`Comparison`] → text. Items are the
//! units; samples of one item are averaged before anything is compared, for sample 3 of one model has
//! nothing to do with sample 3 of another.

mod comparable;
mod flips;
mod judges;
mod overall;
mod paired;
mod render;
mod side;
mod significance;

use std::collections::BTreeMap;

use serde::Serialize;
use tasks::ItemId;

pub use comparable::{PlanDifference, PlanDifferences, plan_differences};
pub use flips::{Flip, Said};
pub(crate) use judges::CommonJudges;
pub use overall::{Mean, Overall, overall};
pub use paired::{Pair, PairedDifference, Shape, Spread};
pub use render::{ComparisonFormat, render};
pub(crate) use render::{amount, confidence, points, share, size};
pub(crate) use side::series;
pub use side::{Health, Side};
pub use significance::{N_FLIPS, Significance, Test, random_flips, significance};

use crate::error::CompareError;
use crate::metric::{ItemMetric, ItemSeries, Tail};

/// What to do about plans that make scores mean different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDifference {
    /// Refuse to compare.
    Refuse,
    /// Compare all the same, and name the differences.
    Name,
}

/// How to compare.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The figure.
    pub metric: ItemMetric,
    /// The confidence of intervals, between 0 and 1.
    pub confidence: f64,
    /// How many changed items are listed.
    pub n_flips: usize,
    /// What to do about plans that differ.
    pub on_difference: OnDifference,
}

/// Two runs side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The task.
    pub task: String,
    /// The figure.
    pub metric: ItemMetric,
    /// The confidence of intervals.
    pub confidence: f64,
    /// The first run.
    pub a: RunLine,
    /// The second run.
    pub b: RunLine,
    /// By whose ratings, where the figure is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub judges: Vec<String>,
    /// The difference.
    pub difference: PairedDifference,
    /// Items that are not compared.
    pub dropped: Dropped,
    /// Compared items that lack graded samples in one of the runs.
    pub n_partial: usize,
    /// Whether every compared item has as many graded samples in both runs, as exact tests ask for.
    pub equal_samples: bool,
    /// Where the plans differ.
    pub plans: PlanDifferences,
    /// How many items changed.
    pub n_flips: usize,
    /// The first of them.
    pub flips: Vec<Flip>,
}

/// What is said of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunLine {
    /// The file.
    pub label: String,
    /// The model.
    pub model: String,
    /// Items of the plan.
    pub n_items: usize,
    /// Samples per item.
    pub n_samples: u32,
    /// The share of samples that failed or were not attempted.
    pub failed: f64,
    /// The share of graded samples that ran into the token limit.
    pub truncated: f64,
}

/// Items that are in no pair.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// Items that only the first run has.
    pub only_a: usize,
    /// Items that only the second run has.
    pub only_b: usize,
    /// Items of both that have no score in one of them: nothing graded, or too little for the metric.
    pub unscored: usize,
}

/// Compares two runs of one task.
pub fn compare(a: &Side, b: &Side, options: Options) -> Result<Comparison, CompareError> {
    let plans = plan_differences(&a.plan, &b.plan);
    let refuse = |plans: &PlanDifferences| match options.on_difference {
        OnDifference::Refuse if !plans.disqualifying.is_empty() => {
            Err(CompareError::Incomparable {
                a: a.label.clone(),
                b: b.label.clone(),
                differences: plans.disqualifying.clone(),
            })
        }
        _ => Ok(()),
    };
    refuse(&plans)?;
    let metric = common_metric([a, b], options.metric)?;
    let judges = CommonJudges::of(a, b, metric);
    refuse(&judges.differences)?;
    let (pairs, dropped) = pair(a, b, metric, &judges);
    let tail = Tail::two_sided(options.confidence);
    let difference = PairedDifference::new(&pairs, Shape::of(metric), tail)
        .ok_or_else(|| CompareError::NoPairs { a: a.label.clone(), b: b.label.clone() })?;
    let n_planned = |side: &Side| side.plan.n_samples as usize;
    let is_partial = |p: &&Pair| p.a.n_samples < n_planned(a) || p.b.n_samples < n_planned(b);
    Ok(Comparison {
        task: a.plan.task.clone(),
        metric,
        confidence: options.confidence,
        a: line(a),
        b: line(b),
        judges: judges.names,
        difference,
        dropped,
        n_partial: pairs.iter().filter(is_partial).count(),
        equal_samples: pairs.iter().all(|pair| pair.a.n_samples == pair.b.n_samples),
        plans: plans.and(&judges.differences),
        n_flips: difference.n_up + difference.n_down,
        flips: flips::flips([a, b], &pairs, metric, options.n_flips)?,
    })
}

/// The metric where both sides have it; `cons_at_n` becomes that over the samples that both have.
pub(crate) fn common_metric(
    sides: [&Side; 2],
    metric: ItemMetric,
) -> Result<ItemMetric, CompareError> {
    let n = sides.map(|side| side.plan.n_samples as usize).into_iter().min().unwrap_or(1);
    let metric = metric.over(n);
    for side in sides {
        if !side.has(metric) {
            let known = side.metrics().iter().map(ItemMetric::to_string).collect::<Vec<_>>();
            let known = known.join(", ");
            return Err(CompareError::NoMetric { label: side.label.clone(), metric, known });
        }
    }
    Ok(metric)
}

/// The items that both runs have a score of, in the first one's order.
pub(crate) fn pair(
    a: &Side,
    b: &Side,
    metric: ItemMetric,
    judges: &CommonJudges,
) -> (Vec<Pair>, Dropped) {
    let of_b: BTreeMap<&ItemId, &ItemSeries> = b.items.iter().map(|i| (&i.item, i)).collect();
    let of_a: BTreeMap<&ItemId, &ItemSeries> = a.items.iter().map(|i| (&i.item, i)).collect();
    let mut dropped = Dropped::default();
    let mut pairs = Vec::new();
    for series in &a.items {
        let Some(other) = of_b.get(&series.item) else {
            dropped.only_a += 1;
            continue;
        };
        match (judges.score_a(a, series, metric), judges.score_b(b, other, metric)) {
            (Some(a), Some(b)) => pairs.push(Pair { item: series.item.clone(), a, b }),
            _ => dropped.unscored += 1,
        }
    }
    dropped.only_b = b.items.iter().filter(|series| !of_a.contains_key(&series.item)).count();
    (pairs, dropped)
}

fn line(side: &Side) -> RunLine {
    let health = side.health();
    RunLine {
        label: side.label.clone(),
        model: side.plan.model.model.clone(),
        n_items: side.plan.dataset.n_items,
        n_samples: side.plan.n_samples,
        failed: health.share_failed(),
        truncated: health.share_truncated(),
    }
}
