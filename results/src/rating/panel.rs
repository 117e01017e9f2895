//! Several judges of one run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tasks::PromptSet;

use super::estimate::pooled;
use super::single::{Cell, Score, cells};
use super::{RatingEstimate, SCALE, krippendorff_alpha};
use crate::judgment::StoredJudge;

/// Judges that rated the same answers by the same prompts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Panel {
    /// The judges.
    pub judges: Vec<String>,
    /// The prompts.
    pub prompts: PromptSet,
    /// The mean over answers of the judges' mean.
    pub mean: Option<RatingEstimate>,
    /// The mean over answers of the judges' median.
    pub median: Option<RatingEstimate>,
    /// Krippendorff's alpha with the interval metric, over every answer that two judges rated.
    pub alpha: Option<f64>,
    /// Answers that all of them rated, which mean and median are over.
    pub n_shared: usize,
    /// Answers that at least one of them rated.
    pub n_rated: usize,
}

/// A panel for every set of prompts that more than one judge was asked with.
pub(super) fn panels(judges: &[(&str, &StoredJudge, &[Score])]) -> Vec<Panel> {
    [PromptSet::Upstream, PromptSet::Language]
        .into_iter()
        .filter_map(|prompts| {
            let of_set = judges.iter().filter(|(_, judge, _)| judge.config.prompts == prompts);
            let (names, scores): (Vec<String>, Vec<&[Score]>) =
                of_set.map(|(name, _, scores)| ((*name).to_owned(), *scores)).unzip();
            (names.len() > 1).then(|| panel(names, prompts, &scores))
        })
        .collect()
}

fn panel(judges: Vec<String>, prompts: PromptSet, scores: &[&[Score]]) -> Panel {
    let mut answers: BTreeMap<Cell, Vec<f64>> = BTreeMap::new();
    for (cell, rating) in scores.iter().flat_map(|scores| cells(scores)) {
        answers.entry(cell).or_default().push(rating);
    }
    let shared: Vec<(&Cell, &Vec<f64>)> =
        answers.iter().filter(|(_, ratings)| ratings.len() == judges.len()).collect();
    let over = |value: fn(&[f64]) -> f64| {
        pooled(shared.iter().map(|(cell, ratings)| (&cell.0, value(ratings))), SCALE)
    };
    let units: Vec<Vec<f64>> = answers.values().cloned().collect();
    Panel {
        mean: over(|ratings| ratings.iter().sum::<f64>() / ratings.len() as f64),
        median: over(median),
        alpha: krippendorff_alpha(&units),
        n_shared: shared.len(),
        n_rated: answers.len(),
        judges,
        prompts,
    }
}

/// The middle rating, or the mean of the two in the middle.
fn median(ratings: &[f64]) -> f64 {
    let mut sorted = ratings.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}
