//! Ratings dialogue by dialogue, so that two runs can be compared by them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tasks::ItemId;

use super::single::{Cell, cells};
use super::{Lengths, dialogues, scores};
use crate::judgment::{JudgeConfig, JudgeMode, StoredJudgment};
use crate::metric::ItemScore;
use crate::{RunFile, StoreError};

/// What one judge says of every item of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeSeries {
    /// Who, and how asked.
    pub judge: JudgeConfig,
    /// The mean rating of an item's dialogues, for items that have one all of whose turns were rated.
    pub ratings: BTreeMap<ItemId, ItemScore>,
}

/// The series of every judge that rated single answers. A dialogue counts where each of its turns has a
/// rating: the first turn alone is another figure than both, and second turns are rated lower.
pub fn by_dialogue(run: &RunFile) -> Result<Vec<JudgeSeries>, StoreError> {
    let judges = run.judges()?;
    if judges.is_empty() {
        return Ok(Vec::new());
    }
    let (dialogues, judgments) = (dialogues(run)?, run.judgments()?);
    let single = judges.into_iter().filter(|judge| judge.config.mode == JudgeMode::Single);
    let series = single.map(|judge| {
        let own = judgments.iter().filter(|judgment| judgment.key.judge_id == judge.judge_id);
        let own: Vec<&StoredJudgment> = own.collect();
        let cells = cells(&scores(&own, &dialogues, &Lengths::new()));
        let n_turns = |item: &ItemId| dialogues.get(item).map_or(0, |dialogue| dialogue.n_turns);
        JudgeSeries { judge: judge.config, ratings: means(&cells, n_turns) }
    });
    Ok(series.collect())
}

fn means(
    cells: &BTreeMap<Cell, f64>,
    n_turns: impl Fn(&ItemId) -> u32,
) -> BTreeMap<ItemId, ItemScore> {
    let samples: BTreeSet<(&ItemId, u32)> = cells.keys().map(|cell| (&cell.0, cell.1)).collect();
    let mut sums: BTreeMap<ItemId, (f64, usize)> = BTreeMap::new();
    for (item, sample_idx) in samples {
        let turns = 1..=n_turns(item);
        let ratings: Option<Vec<f64>> =
            turns.map(|turn| cells.get(&(item.clone(), sample_idx, turn)).copied()).collect();
        if let Some(ratings) = ratings.filter(|ratings| !ratings.is_empty()) {
            let (sum, n) = sums.entry(item.clone()).or_default();
            *sum += ratings.iter().sum::<f64>() / ratings.len() as f64;
            *n += 1;
        }
    }
    let mean = |(item, (sum, n_samples)): (ItemId, (f64, usize))| {
        (item, ItemScore { value: sum / n_samples as f64, n_samples })
    };
    sums.into_iter().map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ratings: &[(&str, u32, u32, f64)], expected: &str) {
        let cell = |(item, sample_idx, turn, rating): &(&str, u32, u32, f64)| {
            ((ItemId((*item).to_owned()), *sample_idx, *turn), *rating)
        };
        let means = means(&ratings.iter().map(cell).collect(), |_| 2);
        let shown = means.iter().map(|(item, s)| format!("{item} {} of {}", s.value, s.n_samples));
        assert_eq!(shown.collect::<Vec<_>>().join(", "), expected);
    }

    #[test]
    fn a_dialogue_counts_where_all_its_turns_are_rated() {
        check(&[("a", 0, 1, 8.0), ("a", 0, 2, 6.0), ("b", 0, 1, 9.0)], "a 7 of 1");
        check(
            &[("a", 0, 1, 8.0), ("a", 0, 2, 6.0), ("a", 1, 1, 4.0), ("a", 1, 2, 5.0)],
            "a 5.75 of 2",
        );
        check(&[], "");
    }
}
