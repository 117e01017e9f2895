//! Ratings of single answers by one judge.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tasks::{ItemId, PromptSet, Reading};

use super::estimate::pooled;
use super::{RatingEstimate, SCALE, is_unparsed, spearman, was_reminded};
use crate::judgment::{JudgmentResult, StoredJudge, StoredJudgment};
use crate::metric::{Estimate, ratio};
use crate::summary::Tokens;

/// One reply of a judge to one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The question.
    pub item: ItemId,
    /// Its category.
    pub category: String,
    /// Which dialogue about it.
    pub sample_idx: u32,
    /// Which turn, counted from 1.
    pub turn: u32,
    /// Characters of the answer, where they are known.
    pub n_chars: Option<usize>,
    /// What the judge said.
    pub reading: Reading,
}

/// What one judge says of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgeRatings {
    /// Its number in the run file; no part of a report.
    #[serde(skip)]
    pub judge_id: i64,
    /// The judge's name, different from every other judge's of the run.
    pub judge: String,
    /// The prompts that it was asked with.
    pub prompts: PromptSet,
    /// Whether it judged itself.
    pub is_self: bool,
    /// Replies to each question.
    pub n_samples: u32,
    /// What became of every answer.
    pub coverage: Coverage,
    /// The mean over both turns. Several replies to one question count as their mean.
    pub average: Option<RatingEstimate>,
    /// The mean of each turn.
    pub turns: Vec<Part>,
    /// The mean of each category over both turns, in the order of the questions.
    pub categories: Vec<Part>,
    /// What `show_result.py` would print as the average: ratings outside 1 to 10 count as they are.
    pub upstream_average: Option<f64>,
    /// The mean standard deviation of several replies to one question.
    pub spread: Option<f64>,
    /// Spearman's rank correlation of ratings with the lengths of the answers.
    pub length_correlation: Option<Correlation>,
    /// The share of answers in the language of the question, where that was asked.
    pub in_language: Option<Estimate>,
    /// Tokens of prompts and replies.
    pub tokens: Tokens,
}

/// The mean of a part of the ratings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The turn or the category.
    pub name: String,
    /// Its mean.
    pub estimate: RatingEstimate,
}

/// A correlation and how many pairs it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// From −1 to 1.
    pub value: f64,
    /// Pairs.
    pub n: usize,
}

/// What became of every judgment that a run should have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Answers of the plan, times replies.
    pub planned: usize,
    /// Judged.
    pub judged: usize,
    /// The judge replied, but not in the form that it was asked for; no score.
    pub unparsed: usize,
    /// The judge was reminded of the form; part of the two before.
    pub reminded: usize,
    /// Infrastructure failed; no score, asked again on resume.
    pub failed: usize,
    /// Not asked yet, or there is no answer yet.
    pub pending: usize,
}

impl Coverage {
    /// Counts `judgments` out of `planned`.
    pub(super) fn of(judgments: &[&StoredJudgment], planned: usize) -> Self {
        let count = |is: fn(&StoredJudgment) -> bool| judgments.iter().filter(|j| is(j)).count();
        let failed = count(|judgment| matches!(judgment.result, JudgmentResult::Failed(_)));
        let unparsed = count(is_unparsed);
        Self {
            planned,
            judged: judgments.len() - failed - unparsed,
            unparsed,
            reminded: count(was_reminded),
            failed,
            pending: planned.saturating_sub(judgments.len()),
        }
    }
}

/// A question's answer to one turn.
pub(super) type Cell = (ItemId, u32, u32);

/// The mean rating of each answer that has one.
pub(super) fn cells(scores: &[Score]) -> BTreeMap<Cell, f64> {
    let mean = |ratings: Vec<f64>| ratings.iter().sum::<f64>() / ratings.len() as f64;
    replies(scores).into_iter().map(|(cell, ratings)| (cell, mean(ratings))).collect()
}

fn replies(scores: &[Score]) -> BTreeMap<Cell, Vec<f64>> {
    let mut replies: BTreeMap<Cell, Vec<f64>> = BTreeMap::new();
    for score in scores {
        if let Some(rating) = score.reading.rating() {
            let cell = (score.item.clone(), score.sample_idx, score.turn);
            replies.entry(cell).or_default().push(rating);
        }
    }
    replies
}

/// Works out a judge's figures.
pub(super) fn rate(
    judge: &StoredJudge,
    scores: &[Score],
    judgments: &[&StoredJudgment],
    n_planned: usize,
) -> JudgeRatings {
    let cells = cells(scores);
    let part = |is_part: &dyn Fn(&Cell) -> bool| {
        let chosen = cells.iter().filter(|(cell, _)| is_part(cell));
        pooled(chosen.map(|(cell, rating)| (&cell.0, *rating)), SCALE)
    };
    let turns: BTreeSet<u32> = cells.keys().map(|cell| cell.2).collect();
    let turns = turns.into_iter().filter_map(|turn| {
        Some(Part { name: turn.to_string(), estimate: part(&|cell| cell.2 == turn)? })
    });
    let category: BTreeMap<&ItemId, &str> =
        scores.iter().map(|score| (&score.item, score.category.as_str())).collect();
    let mut categories: Vec<&str> = Vec::new();
    for score in scores.iter().filter(|score| !score.category.is_empty()) {
        if !categories.contains(&score.category.as_str()) {
            categories.push(&score.category);
        }
    }
    let categories = categories.into_iter().filter_map(|name| {
        let is_of = |cell: &Cell| category.get(&cell.0) == Some(&name);
        Some(Part { name: name.to_owned(), estimate: part(&is_of)? })
    });
    JudgeRatings {
        judge_id: judge.judge_id,
        judge: judge.config.name(),
        prompts: judge.config.prompts,
        is_self: judge.config.is_self,
        n_samples: judge.n_samples,
        coverage: Coverage::of(judgments, n_planned),
        average: part(&|_| true),
        turns: turns.collect(),
        categories: categories.collect(),
        upstream_average: upstream_average(scores),
        spread: spread(scores),
        length_correlation: length_correlation(scores, &cells),
        in_language: in_language(scores),
        tokens: tokens(judgments),
    }
}

/// The mean over all rows whose score is not −1 (`display_result_single`).
fn upstream_average(scores: &[Score]) -> Option<f64> {
    let kept = scores.iter().map(|score| score.reading.upstream_score());
    let kept: Vec<f64> = kept.filter(|score| (score + 1.0).abs() > 1e-9).collect();
    (!kept.is_empty()).then(|| kept.iter().sum::<f64>() / kept.len() as f64)
}

fn spread(scores: &[Score]) -> Option<f64> {
    let deviation = |ratings: &Vec<f64>| {
        let n = ratings.len() as f64;
        let mean = ratings.iter().sum::<f64>() / n;
        let squares: f64 = ratings.iter().map(|rating| (rating - mean).powi(2)).sum();
        (squares / (n - 1.0)).sqrt()
    };
    let replies = replies(scores);
    let several = replies.values().filter(|ratings| ratings.len() > 1);
    let deviations: Vec<f64> = several.map(deviation).collect();
    (!deviations.is_empty()).then(|| deviations.iter().sum::<f64>() / deviations.len() as f64)
}

fn length_correlation(scores: &[Score], cells: &BTreeMap<Cell, f64>) -> Option<Correlation> {
    let mut lengths: BTreeMap<Cell, usize> = BTreeMap::new();
    for score in scores {
        let cell = (score.item.clone(), score.sample_idx, score.turn);
        lengths.extend(score.n_chars.map(|n_chars| (cell, n_chars)));
    }
    let pair = |(cell, rating): (&Cell, &f64)| Some((*rating, *lengths.get(cell)? as f64));
    let pairs: Vec<(f64, f64)> = cells.iter().filter_map(pair).collect();
    Some(Correlation { value: spearman(&pairs)?, n: pairs.len() })
}

fn in_language(scores: &[Score]) -> Option<Estimate> {
    let mut clusters: BTreeMap<&ItemId, (f64, f64)> = BTreeMap::new();
    for score in scores {
        if let Reading::Rating { in_language: Some(is_in), .. } = score.reading {
            let cluster = clusters.entry(&score.item).or_default();
            cluster.0 += f64::from(u8::from(is_in));
            cluster.1 += 1.0;
        }
    }
    let clusters: Vec<(f64, f64)> = clusters.into_values().collect();
    let (hits, trials) = clusters.iter().fold((0.0, 0.0), |sum, c| (sum.0 + c.0, sum.1 + c.1));
    if trials > 0.0 { ratio(hits / trials, &clusters) } else { None }
}

fn tokens(judgments: &[&StoredJudgment]) -> Tokens {
    let mut tokens = Tokens::default();
    for judgment in judgments {
        let JudgmentResult::Read(read) = &judgment.result else { continue };
        for reply in [Some(&read.reply), read.first_reply.as_ref()].into_iter().flatten() {
            match reply.usage {
                Some(usage) => {
                    tokens.prompt += usage.prompt_tokens;
                    tokens.completion += usage.completion_tokens;
                }
                None => tokens.n_unreported += 1,
            }
        }
    }
    tokens
}
