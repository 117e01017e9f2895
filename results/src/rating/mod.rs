//! Ratings by language models: a mean on a scale from 1 to 10, never a share of right answers.
//!
//! Data flow: judgments of the run file → [`Score`]s of one judge → [`JudgeRatings`], and those of several
//! judges → [`Panel`]; compared answers → [`PairRatings`].
//!
//! The headline is upstream's (FastChat 0e6d3e4b, `show_result.py`): the mean of all ratings of both
//! turns, pooled, without those that could not be read. What was dropped stands next to it.

mod agreement;
mod by_dialogue;
mod estimate;
mod fastchat;
mod lines;
mod pairs;
mod panel;
mod radar;
mod single;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tasks::{Detail, ItemId, Reading, Target, n_rated_turns};

use crate::judgment::{
    JudgeMode, JudgmentKey, JudgmentResult, Setting, StoredJudge, StoredJudgment,
};
use crate::{ItemOutcomes, RunFile, StoreError};

pub use agreement::{krippendorff_alpha, spearman};
pub use by_dialogue::{JudgeSeries, by_dialogue};
pub use estimate::RatingEstimate;
pub use fastchat::{answers as fastchat_answers, judgments as fastchat_judgments};
pub(crate) use lines::{html_section, lines};
pub use pairs::{Comparison, Game, PairRatings};
pub use panel::Panel;
pub use radar::{RadarSeries, radar, radar_of};
pub use single::{Correlation, Coverage, JudgeRatings, Part, Score};

/// The scale of ratings.
pub const SCALE: (f64, f64) = (1.0, 10.0);

/// What judges say of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ratings {
    /// Each judge that rated answers.
    #[serde(default)]
    pub judges: Vec<JudgeRatings>,
    /// Judges together, where several rated answers by the same prompts.
    #[serde(default)]
    pub panels: Vec<Panel>,
    /// Comparisons with other runs.
    #[serde(default)]
    pub pairs: Vec<PairRatings>,
}

impl Ratings {
    /// Whether no judge was asked.
    pub fn is_empty(&self) -> bool {
        self.judges.is_empty() && self.pairs.is_empty()
    }

    /// Whether no answer waits for a judge. Replies that could not be read do not count as waiting:
    /// asking again is a choice. Comparisons are apart.
    pub fn is_complete(&self) -> bool {
        self.judges.iter().all(|judge| judge.coverage.failed + judge.coverage.pending == 0)
    }

    /// Works out every figure from what the run file holds.
    pub(crate) fn of(run: &RunFile, items: &[ItemOutcomes]) -> Result<Self, StoreError> {
        let (judges, judgments) = (run.judges()?, run.judgments()?);
        if judges.is_empty() {
            return Ok(Self::default());
        }
        let dialogues = dialogues(run)?;
        let lengths = lengths(items);
        let mut ratings = Self::default();
        let mut rated: Vec<(&StoredJudge, Vec<Score>)> = Vec::new();
        for judge in &judges {
            let own = judgments.iter().filter(|judgment| judgment.key.judge_id == judge.judge_id);
            let own: Vec<&StoredJudgment> = own.collect();
            match judge.config.mode {
                JudgeMode::Single => {
                    let scores = scores(&own, &dialogues, &lengths);
                    let n_turns: usize = dialogues.values().map(|d| d.n_turns as usize).sum();
                    let per_turn = (run.plan().n_samples * judge.n_samples) as usize;
                    ratings.judges.push(single::rate(judge, &scores, &own, n_turns * per_turn));
                    rated.push((judge, scores));
                }
                JudgeMode::Pairs => {
                    for opponent in run.opponents()? {
                        let n_turns: u32 = dialogues.values().map(|d| d.n_turns).sum();
                        let n_planned = (n_turns * opponent.n_samples * judge.n_samples) as usize;
                        ratings.pairs.extend(pairs::of(judge, &opponent, &own, n_planned));
                    }
                }
            }
        }
        distinguish(&mut ratings.judges);
        let named: Vec<(&str, &StoredJudge, &[Score])> = (ratings.judges.iter().zip(&rated))
            .map(|(judge, (stored, scores))| (judge.judge.as_str(), *stored, scores.as_slice()))
            .collect();
        ratings.panels = panel::panels(&named);
        Ok(ratings)
    }
}

/// What ratings need to know of an item.
struct Dialogue {
    category: String,
    n_turns: u32,
}

fn dialogues(run: &RunFile) -> Result<BTreeMap<ItemId, Dialogue>, StoreError> {
    let dialogue = |target: Target| match target {
        Target::Dialogue(d) => {
            Some(Dialogue { n_turns: n_rated_turns(d.turns.len()), category: d.category })
        }
        _ => None,
    };
    let items = run.items()?.into_iter();
    Ok(items.filter_map(|item| Some((item.id, dialogue(item.target)?))).collect())
}

type Lengths = BTreeMap<(ItemId, u32, u32), usize>;

/// Characters of each visible answer by item, sample and turn.
fn lengths(items: &[ItemOutcomes]) -> Lengths {
    let mut lengths = Lengths::new();
    for item in items {
        for sample in &item.samples {
            let Some(Detail::Dialogue(facts)) = &sample.detail else { continue };
            for (turn, facts) in (1..).zip(facts) {
                lengths.insert((item.item.clone(), sample.sample_idx, turn), facts.n_chars);
            }
        }
    }
    lengths
}

fn scores(
    judgments: &[&StoredJudgment],
    dialogues: &BTreeMap<ItemId, Dialogue>,
    lengths: &Lengths,
) -> Vec<Score> {
    let score = |judgment: &&StoredJudgment| {
        let JudgmentKey { sample, turn, .. } = &judgment.key;
        let place = (sample.item.clone(), sample.sample_idx, *turn);
        Some(Score {
            category: dialogues.get(&sample.item)?.category.clone(),
            n_chars: lengths.get(&place).copied(),
            item: place.0,
            sample_idx: place.1,
            turn: place.2,
            reading: judgment.reading()?.clone(),
        })
    };
    let alone = judgments.iter().filter(|judgment| judgment.key.setting == Setting::Alone);
    alone.filter_map(score).collect()
}

/// Judges of one name that differ in something else get numbers.
fn distinguish(judges: &mut [JudgeRatings]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for judge in judges {
        let n = seen.entry(judge.judge.clone()).or_default();
        *n += 1;
        if *n > 1 {
            judge.judge = format!("{} #{n}", judge.judge);
        }
    }
}

/// Whether a judgment was read only after a reminder.
fn was_reminded(judgment: &StoredJudgment) -> bool {
    matches!(&judgment.result, JudgmentResult::Read(read) if read.first_reply.is_some())
}

/// Whether a reply held nothing.
fn is_unparsed(judgment: &StoredJudgment) -> bool {
    judgment.reading().is_some_and(Reading::is_unparsed)
}
