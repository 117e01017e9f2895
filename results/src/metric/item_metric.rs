//! Figures that are means of one score per item, so that two runs can be compared item by item.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tasks::{CodeTests, ItemId, JudgeKind, MetricKind, Verdict};

use super::consensus::votes;
use super::curve::majority_curve;
use super::{
    ItemScore, MajorityRule, Over, Reading, majority, pass_at_k_of_item, prompts_followed,
    tests_passed,
};
use crate::{ItemOutcomes, Outcome, Plan};

/// A figure that is the mean of one score per item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ItemMetric {
    /// The share of an item's graded samples that are correct.
    PassAt1,
    /// The same over samples that were finished with an answer.
    PassAt1Completed,
    /// The chance that k samples hold a correct one.
    PassAtK(usize),
    /// The expected score of the majority answer over k samples.
    ConsAtK(usize),
    /// The same over all samples of the run that has fewer; stands for a [`Self::ConsAtK`].
    ConsAtN,
    /// The share of samples that follow all instructions, strictly.
    PromptStrict,
    /// The same, loosely.
    PromptLoose,
    /// The share of samples whose program passes the base tests.
    BaseTests,
    /// The share of samples whose program passes base and plus tests.
    PlusTests,
    /// The mean rating of a dialogue, from 1 to 10. It is kept by judge, apart from the other scores.
    Rating,
    /// Generated tokens of a sample.
    CompletionTokens,
    /// The share of graded samples without an answer.
    Unparsed,
    /// The share of graded samples that ran into the token limit.
    Truncated,
}

/// What scores are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// From 0 to 1, shown in percent.
    Share,
    /// The scale of judges, from 1 to 10.
    Rating,
    /// Generated tokens.
    Tokens,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

impl ItemMetric {
    /// The metrics that have a name of their own.
    const NAMED: [(&'static str, Self); 11] = [
        ("pass_at_1", Self::PassAt1),
        ("pass_at_1_completed", Self::PassAt1Completed),
        ("cons_at_n", Self::ConsAtN),
        ("prompt_strict", Self::PromptStrict),
        ("prompt_loose", Self::PromptLoose),
        ("base_tests_pass_at_1", Self::BaseTests),
        ("plus_tests_pass_at_1", Self::PlusTests),
        ("rating", Self::Rating),
        ("completion_tokens", Self::CompletionTokens),
        ("unparsed", Self::Unparsed),
        ("truncated", Self::Truncated),
    ];

    /// The names that can be written, `pass_at_K` and `cons_at_K` among them.
    pub fn names() -> Vec<&'static str> {
        let named = Self::NAMED.iter().map(|(name, _)| *name);
        named.chain(["pass_at_K", "cons_at_K"]).collect()
    }

    /// Whether scores lie between 0 and 1.
    pub fn is_share(self) -> bool {
        self.unit() == Unit::Share
    }

    /// What scores are counted in.
    pub fn unit(self) -> Unit {
        match self {
            Self::CompletionTokens => Unit::Tokens,
            Self::Rating => Unit::Rating,
            _ => Unit::Share,
        }
    }

    /// Which way is better.
    pub fn direction(self) -> Direction {
        match self {
            Self::CompletionTokens | Self::Unparsed | Self::Truncated => Direction::Lower,
            Self::PassAt1
            | Self::PassAt1Completed
            | Self::PassAtK(_)
            | Self::ConsAtK(_)
            | Self::ConsAtN
            | Self::PromptStrict
            | Self::PromptLoose
            | Self::BaseTests
            | Self::PlusTests
            | Self::Rating => Direction::Higher,
        }
    }

    /// The metric with `cons_at_n` made definite: over `n` samples.
    #[must_use]
    pub fn over(self, n: usize) -> Self {
        if self == Self::ConsAtN { Self::ConsAtK(n) } else { self }
    }
}

impl fmt::Display for ItemMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PassAtK(k) => write!(f, "pass_at_{k}"),
            Self::ConsAtK(k) => write!(f, "cons_at_{k}"),
            other => {
                let named = Self::NAMED.iter().find(|(_, metric)| metric == other);
                f.write_str(named.map_or("", |(name, _)| name))
            }
        }
    }
}

impl FromStr for ItemMetric {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if let Some((_, metric)) = Self::NAMED.iter().find(|(known, _)| *known == name) {
            return Ok(*metric);
        }
        let k = |prefix| {
            let k = name.strip_prefix(prefix)?.parse::<usize>().ok()?;
            (k > 0).then_some(k)
        };
        if let Some(k) = k("pass_at_") {
            return Ok(Self::PassAtK(k));
        }
        if let Some(k) = k("cons_at_") {
            return Ok(Self::ConsAtK(k));
        }
        let nearest = tasks::error::nearest(name, Self::names());
        let nearest = nearest.map_or_else(|| ".".to_owned(), |n| format!("; did you mean `{n}`?"));
        Err(format!("there is no metric `{name}`{nearest} Known: {}", Self::names().join(", ")))
    }
}

impl TryFrom<String> for ItemMetric {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

impl From<ItemMetric> for String {
    fn from(metric: ItemMetric) -> Self {
        metric.to_string()
    }
}

/// What comparisons need of one item, without texts: small enough to be committed.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemSeries {
    /// The item.
    pub item: ItemId,
    /// How its samples ended, in order.
    pub outcomes: Vec<Outcome>,
    /// Scores that outcomes alone do not tell.
    pub measured: BTreeMap<ItemMetric, f64>,
}

impl ItemSeries {
    /// The series of an item of a run; `tokens` is the mean number of generated tokens.
    pub fn new(plan: &Plan, item: &ItemOutcomes, tokens: Option<f64>) -> Self {
        let one = std::slice::from_ref(item);
        let mut measured = BTreeMap::new();
        let mut add = |metric, value: Option<f64>| {
            measured.extend(value.map(|value| (metric, value)));
        };
        for metric in &plan.metrics {
            match metric {
                // Ratings are no scores, and letters have no figure of one item. Calls without wrong data
                // are for people who doubt the data.
                MetricKind::PassAt1
                | MetricKind::Ratings
                | MetricKind::Letters
                | MetricKind::Calls => (),
                MetricKind::ConsAtN => {
                    for (k, value) in consensus(item) {
                        add(ItemMetric::ConsAtK(k), Some(value));
                    }
                }
                MetricKind::Instructions => {
                    let followed = |reading| prompts_followed(one, reading, Over::Graded);
                    add(ItemMetric::PromptStrict, followed(Reading::Strict).map(|e| e.value));
                    add(ItemMetric::PromptLoose, followed(Reading::Loose).map(|e| e.value));
                }
                MetricKind::CodeTests => {
                    let passed = |tests| tests_passed(one, tests, 1).map(|e| e.value);
                    add(ItemMetric::BaseTests, passed(CodeTests::Base));
                    if let JudgeKind::Program { tests: CodeTests::BaseAndPlus, .. } = plan.judge {
                        add(ItemMetric::PlusTests, passed(CodeTests::BaseAndPlus));
                    }
                }
            }
        }
        add(ItemMetric::CompletionTokens, tokens);
        let outcomes = item.samples.iter().map(|sample| sample.outcome).collect();
        Self { item: item.item.clone(), outcomes, measured }
    }

    /// Samples that were graded.
    pub fn n_graded(&self) -> usize {
        self.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Judged(_))).count()
    }

    /// How many samples ended with `verdict`.
    pub fn n_with(&self, verdict: Verdict) -> usize {
        self.outcomes.iter().filter(|outcome| **outcome == Outcome::Judged(verdict)).count()
    }

    /// The item's score; `None` where it has too few graded samples, or where the metric is not
    /// one of its task's.
    pub fn score(&self, metric: ItemMetric) -> Option<ItemScore> {
        let n_graded = self.n_graded();
        let n_correct = self.n_with(Verdict::Correct);
        // What was only answered is neither right nor wrong.
        let n_decided = n_graded - self.n_with(Verdict::Answered);
        let n_completed = n_correct + self.n_with(Verdict::Incorrect);
        let share = |n: usize, of: usize| {
            (of > 0).then(|| ItemScore { value: n as f64 / of as f64, n_samples: of })
        };
        match metric {
            ItemMetric::PassAt1 => share(n_correct, n_decided),
            ItemMetric::PassAt1Completed => share(n_correct, n_completed),
            ItemMetric::Unparsed => share(self.n_with(Verdict::Unparsed), n_graded),
            ItemMetric::Truncated => share(self.n_with(Verdict::Truncated), n_graded),
            ItemMetric::PassAtK(k) => {
                let value = pass_at_k_of_item(n_decided, n_correct, k)?;
                Some(ItemScore { value, n_samples: n_decided })
            }
            ItemMetric::Rating => None,
            ItemMetric::ConsAtN
            | ItemMetric::ConsAtK(_)
            | ItemMetric::PromptStrict
            | ItemMetric::PromptLoose
            | ItemMetric::BaseTests
            | ItemMetric::PlusTests
            | ItemMetric::CompletionTokens => {
                let value = *self.measured.get(&metric)?;
                Some(ItemScore { value, n_samples: n_graded })
            }
        }
    }
}

/// Samples up to which consensus over fewer than all is kept.
const N_SAMPLES_MOST: usize = 64;

/// cons@k for powers of two and for all graded samples.
fn consensus(item: &ItemOutcomes) -> Vec<(usize, f64)> {
    let votes = votes(&item.samples);
    let n = votes.len();
    if n > N_SAMPLES_MOST {
        return vec![(n, majority(&votes, MajorityRule::SharedTies).0)];
    }
    let curve = (1_usize..).zip(majority_curve(&votes));
    curve.filter(|(k, _)| *k > 1 && (k.is_power_of_two() || *k == n)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        let ks = [ItemMetric::PassAtK(8), ItemMetric::ConsAtK(64)];
        let named = ItemMetric::NAMED.iter().map(|(_, metric)| *metric);
        for metric in named.chain(ks) {
            assert_eq!(metric.to_string().parse(), Ok(metric));
        }
        let err = "pas_at_1".parse::<ItemMetric>().expect_err("no metric");
        assert!(
            err.starts_with("there is no metric `pas_at_1`; did you mean `pass_at_1`?"),
            "{err}"
        );
        assert!("pass_at_0".parse::<ItemMetric>().is_err());
    }

    #[test]
    fn scores_follow_outcomes() {
        let of = |letter| match letter {
            'C' => Outcome::Judged(Verdict::Correct),
            'I' => Outcome::Judged(Verdict::Incorrect),
            'U' => Outcome::Judged(Verdict::Unparsed),
            'T' => Outcome::Judged(Verdict::Truncated),
            'A' => Outcome::Judged(Verdict::Answered),
            _ => Outcome::Failed,
        };
        let check = |letters: &str, metric, expected: Option<(f64, usize)>| {
            let outcomes = letters.chars().map(of).collect();
            let series =
                ItemSeries { item: ItemId("a".to_owned()), outcomes, measured: BTreeMap::new() };
            let found = series.score(metric).map(|score| (score.value, score.n_samples));
            assert_eq!(found, expected, "{letters} {metric}");
        };
        check("CIUTF", ItemMetric::PassAt1, Some((0.25, 4)));
        check("CIUTF", ItemMetric::PassAt1Completed, Some((0.5, 2)));
        check("CIUTF", ItemMetric::Truncated, Some((0.25, 4)));
        check("CIUTF", ItemMetric::Unparsed, Some((0.25, 4)));
        check("CIUTF", ItemMetric::PassAtK(2), Some((0.5, 4)));
        check("CIUTF", ItemMetric::PassAtK(5), None);
        check("F", ItemMetric::PassAt1, None);
        check("AA", ItemMetric::PassAt1, None);
        check("UT", ItemMetric::PassAt1Completed, None);
        check("C", ItemMetric::ConsAtN, None);
    }
}
