//! Items that two runs answer differently.

use serde::Serialize;
use tasks::{JudgeKind, Verdict};

use super::Side;
use super::paired::Pair;
use crate::metric::{Direction, ItemMetric, ItemSeries};
use crate::{Outcome, StoreError};

/// An item whose score changed, with both answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flip {
    /// The item.
    pub item: String,
    /// The second score less the first.
    pub difference: f64,
    /// Whether the second run is worse on it.
    pub is_worse: bool,
    /// What the first run says.
    pub a: Said,
    /// What the second run says.
    pub b: Said,
}

/// What one run says to an item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// Its score.
    pub score: f64,
    /// How a single sample ended, or how many of several are correct.
    pub outcome: String,
    /// Its answer, or the most frequent of several, cut to one short line; `None` where there is none,
    /// where answers are not texts to read side by side, such as programs and whole replies, or where a
    /// baseline kept no texts.
    pub answer: Option<String>,
    /// Where there is no answer to show, why the verdict is what it is, or of several verdicts the most
    /// frequent reason of those that are not correct, if any; cut likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Answers and reasons are cut to so many characters.
const N_CHARS: usize = 60;

/// The items that changed, worse ones first, the largest changes first; at most `n_most` of them.
pub fn flips(
    sides: [&Side; 2],
    pairs: &[Pair],
    metric: ItemMetric,
    n_most: usize,
) -> Result<Vec<Flip>, StoreError> {
    let is_worse = |pair: &Pair| match metric.direction() {
        Direction::Higher => pair.difference() < 0.0,
        Direction::Lower => pair.difference() > 0.0,
    };
    let mut changed: Vec<&Pair> = pairs.iter().filter(|p| p.difference().abs() > 1e-12).collect();
    changed.sort_by(|x, y| {
        let by_size = y.difference().abs().total_cmp(&x.difference().abs());
        is_worse(y).cmp(&is_worse(x)).then(by_size)
    });
    let flip = |pair: &&Pair| {
        Ok(Flip {
            item: pair.item.0.clone(),
            difference: pair.difference(),
            is_worse: is_worse(pair),
            a: said(sides[0], pair, pair.a.value, metric)?,
            b: said(sides[1], pair, pair.b.value, metric)?,
        })
    };
    changed.iter().take(n_most).map(flip).collect()
}

fn said(side: &Side, pair: &Pair, score: f64, metric: ItemMetric) -> Result<Said, StoreError> {
    if metric == ItemMetric::Rating {
        // Why a judge rates as it does is a page of text, and both turns have one.
        return Ok(Said { score, outcome: format!("{score:.2}"), answer: None, reason: None });
    }
    let series = side.items.iter().find(|series| series.item == pair.item);
    let outcome = series.map(outcome).unwrap_or_default();
    let shown = |texts| most_frequent(texts).map(|text| one_line(&text));
    // Two programs are best told apart by the first test that they fail.
    let is_program = matches!(side.plan.judge, JudgeKind::Program { .. });
    let answer = if is_program { None } else { shown(side.answers(&pair.item)?) };
    let reason = if answer.is_none() { shown(side.reasons(&pair.item)?) } else { None };
    Ok(Said { score, outcome, answer, reason })
}

fn outcome(series: &ItemSeries) -> String {
    match series.outcomes.as_slice() {
        [Outcome::Judged(verdict)] => verdict.name().to_owned(),
        [Outcome::Failed] => "failed".to_owned(),
        _ => format!("{} of {} correct", series.n_with(Verdict::Correct), series.n_graded()),
    }
}

/// The text given most often; of several, the first.
fn most_frequent(texts: Vec<Option<String>>) -> Option<String> {
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    let n_alike = |text: &String| texts.iter().filter(|other| *other == text).count();
    let first_best = texts.iter().rev().max_by_key(|text| n_alike(text));
    first_best.cloned()
}

fn one_line(text: &str) -> String {
    let line = text.trim().replace(['\n', '\r'], "⏎").replace('\t', " ");
    let mut chars = line.chars();
    let start: String = chars.by_ref().take(N_CHARS).collect();
    if chars.next().is_some() { start + "…" } else { start }
}
