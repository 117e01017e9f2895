//! By whose ratings two runs are compared.
//!
//! Ratings of two judges are not on one scale, nor are those of one judge asked in two ways. So two runs
//! are compared by the judges that they share, and their ratings averaged where they are several.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Side;
use super::comparable::{PlanDifference, PlanDifferences, shown};
use crate::JudgeConfig;
use crate::metric::{ItemMetric, ItemScore, ItemSeries};
use crate::plan::value_differences;

/// The judges of a comparison.
#[derive(Debug, Default)]
pub(crate) struct CommonJudges {
    of_a: Vec<usize>,
    of_b: Vec<usize>,
    /// Their names.
    pub(crate) names: Vec<String>,
    /// How the judges of the runs differ.
    pub(crate) differences: PlanDifferences,
}

impl CommonJudges {
    /// The judges that both runs have. Where there is none, every judge, and what they differ in is
    /// disqualifying. Nobody for a metric that is no rating.
    pub(crate) fn of(a: &Side, b: &Side, metric: ItemMetric) -> Self {
        if metric != ItemMetric::Rating {
            return Self::default();
        }
        let mut common = Self::default();
        for (idx, judge) in a.judges.iter().enumerate() {
            let twin = b.judges.iter().position(|other| is_same(&judge.judge, &other.judge));
            if let Some(twin) = twin {
                common.of_a.push(idx);
                common.of_b.push(twin);
                common.names.push(judge.judge.name());
                let differences = differences(&judge.judge, &b.judges[twin].judge);
                common.differences.intended.extend(differences);
            }
        }
        if common.names.is_empty() {
            common.differences.disqualifying = strangers(a, b);
            common.of_a = (0..a.judges.len()).collect();
            common.of_b = (0..b.judges.len()).collect();
            let judges = a.judges.iter().chain(&b.judges).map(|judge| judge.judge.name());
            common.names = judges.collect::<BTreeSet<_>>().into_iter().collect();
        }
        common
    }

    /// An item's score in the first run.
    pub(crate) fn score_a(
        &self,
        side: &Side,
        series: &ItemSeries,
        metric: ItemMetric,
    ) -> Option<ItemScore> {
        score(side, series, metric, &self.of_a)
    }

    /// Likewise in the second run.
    pub(crate) fn score_b(
        &self,
        side: &Side,
        series: &ItemSeries,
        metric: ItemMetric,
    ) -> Option<ItemScore> {
        score(side, series, metric, &self.of_b)
    }

    /// The shares of both runs' planned dialogues that lack a rating by some of the judges.
    pub(crate) fn shares_unrated(&self, a: &Side, b: &Side) -> (f64, f64) {
        (share_unrated(a, &self.of_a), share_unrated(b, &self.of_b))
    }
}

/// The item's score; for a rating the mean over these judges, each of whom must have given one.
fn score(
    side: &Side,
    series: &ItemSeries,
    metric: ItemMetric,
    judges: &[usize],
) -> Option<ItemScore> {
    if metric != ItemMetric::Rating {
        return series.score(metric);
    }
    let ratings = judges.iter().map(|judge| side.judges[*judge].ratings.get(&series.item));
    let ratings: Vec<&ItemScore> = ratings.collect::<Option<_>>()?;
    let sum: f64 = ratings.iter().map(|rating| rating.value).sum();
    let n_samples = ratings.iter().map(|rating| rating.n_samples).min()?;
    Some(ItemScore { value: sum / ratings.len() as f64, n_samples })
}

fn share_unrated(side: &Side, judges: &[usize]) -> f64 {
    let n_planned = side.plan.dataset.n_items * side.plan.n_samples as usize;
    let rated = side.items.iter().filter_map(|s| score(side, s, ItemMetric::Rating, judges));
    let n_rated: usize = rated.map(|rating| rating.n_samples).sum();
    n_planned.saturating_sub(n_rated) as f64 / n_planned.max(1) as f64
}

/// The address of a judge's server, which may change without the judge.
const ADDRESS: &str = "judge.model.details.base_url";

/// Whether two judges are one: the same model, asked by the same prompts in the same way.
fn is_same(a: &JudgeConfig, b: &JudgeConfig) -> bool {
    differences(a, b).iter().all(|difference| difference.path == ADDRESS)
}

fn differences(a: &JudgeConfig, b: &JudgeConfig) -> Vec<PlanDifference> {
    let json = |judge| serde_json::to_value(judge).expect("a judge is plain data");
    let found = value_differences("judge", &json(a), &json(b));
    found.into_iter().map(PlanDifference::from).collect()
}

/// How the judges of two runs differ that share none.
fn strangers(a: &Side, b: &Side) -> Vec<PlanDifference> {
    if let ([a], [b]) = (a.judges.as_slice(), b.judges.as_slice()) {
        let found = differences(&a.judge, &b.judge).into_iter();
        return found.filter(|difference| difference.path != ADDRESS).collect();
    }
    let names = |side: &Side| {
        let names = side.judges.iter().map(|judge| Value::from(judge.judge.name()));
        shown(&names.collect::<Value>().to_string())
    };
    vec![PlanDifference { path: "judges".to_owned(), a: names(a), b: names(b) }]
}
