//! The numbers of one run, as tables and machines see them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tasks::{CodeTests, Detail, JudgeKind, MathJudge, MetricKind, Verdict};

use crate::metric::calls;
use crate::metric::{
    Credit, CurvePoint, EVALPLUS_KS, Estimate, Expectation, ItemScore, LetterShare, Over, Reading,
    choice_accuracy, choice_samples, cons_curve, families_followed, has_corrections,
    instructions_followed, letter_shares, pass_at_1, pass_at_1_completed, pass_curve,
    prompts_followed, tests_passed, values,
};
use crate::rating::Ratings;
use crate::{ItemOutcomes, Outcome, Plan, SampleOutcome, Serving};

/// All reported numbers of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The version of this layout.
    pub schema: String,
    /// The task's name.
    pub task: String,
    /// The task's version.
    pub task_version: u32,
    /// The split.
    pub split: String,
    /// The model's name.
    pub model: String,
    /// Items of this run.
    pub n_items: usize,
    /// Items of the full data set.
    pub n_items_full: usize,
    /// The remark on a partial source, if the run has one.
    pub partial_source: Option<String>,
    /// Samples per item.
    pub n_samples: u32,
    /// The run seed.
    pub seed: u64,
    /// Whether every sample of the plan was graded.
    pub complete: bool,
    /// Samples by outcome.
    pub counts: Counts,
    /// Metrics in the order of the task file; empty where nothing was graded.
    pub metrics: Vec<Figure>,
    /// How often two judges of mathematical equivalence disagreed, where both were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disagreements: Option<Disagreements>,
    /// What language models say of the answers, where they were asked.
    #[serde(default, skip_serializing_if = "Ratings::is_empty")]
    pub ratings: Ratings,
    /// How often each letter was chosen, beside how often it was right, for tasks with options.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub letters: Vec<LetterShare>,
    /// Generated tokens of a sample on average, with items as the independent units; `None` where no
    /// backend reported any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avg_length: Option<Estimate>,
    /// Token totals.
    pub tokens: Tokens,
    /// How the model was served, where anything was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serving: Option<Serving>,
    /// Seconds spent running, over all sessions.
    pub wall_s: f64,
    /// The run file.
    pub run_file: String,
}

/// Samples by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Samples of the plan.
    pub planned: usize,
    /// The answer is right.
    pub correct: usize,
    /// The answer is wrong.
    pub incorrect: usize,
    /// No answer was found.
    pub unparsed: usize,
    /// The model ran into the token limit.
    pub truncated: usize,
    /// The model answered a question that has no right answer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub answered: usize,
    /// Infrastructure failed; not scored.
    pub failed: usize,
    /// Not attempted yet.
    pub pending: usize,
}

impl Counts {
    /// Samples with a verdict.
    pub fn n_graded(&self) -> usize {
        self.correct + self.incorrect + self.unparsed + self.truncated + self.answered
    }
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// Answers on which two judges disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disagreements {
    /// Answers on which both are sure.
    pub n_answers: usize,
    /// The samples on whose answers they disagree: item, `#` and the sample's index.
    pub samples: Vec<String>,
}

/// One metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// A name that does not change with n: `pass_at_1`, `pass_at_4`, `cons_at_n`.
    pub id: String,
    /// Its name, which says what it is averaged over: `pass@1[avg-of-64]`, `cons@64`. Where items have
    /// different numbers of graded samples, the name says so: `pass@1[avg-of-62..64]`.
    pub name: String,
    /// The estimate.
    #[serde(flatten)]
    pub estimate: Estimate,
}

impl Figure {
    /// Whether tables show it; pass@k and cons@k for every k are for machines and charts.
    pub fn is_headline(&self) -> bool {
        let is_of_curve = |prefix| {
            let k = self.id.strip_prefix(prefix);
            k.is_some_and(|k| k != "1" && k.bytes().all(|byte| byte.is_ascii_digit()))
        };
        !is_of_curve("pass_at_") && !is_of_curve("cons_at_")
    }
}

/// Token totals over graded samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Prompt tokens.
    pub prompt: u64,
    /// Generated tokens.
    pub completion: u64,
    /// Samples whose backend reported no usage.
    pub n_unreported: usize,
    /// The part of `prompt` that the server had in a cache, where it told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<u64>,
    /// The part of `completion` spent on reasoning, where the server told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
}

impl Tokens {
    /// Adds these to those.
    pub(crate) fn add(&mut self, other: &Self) {
        let add = |sum: &mut Option<u64>, n: Option<u64>| {
            if let Some(n) = n {
                *sum = Some(sum.unwrap_or(0) + n);
            }
        };
        self.prompt += other.prompt;
        self.completion += other.completion;
        self.n_unreported += other.n_unreported;
        add(&mut self.cached, other.cached);
        add(&mut self.reasoning, other.reasoning);
    }
}

/// What a summary needs besides plan and outcomes.
#[derive(Debug, Clone, Copy)]
pub struct RunFacts<'a> {
    /// The mean number of generated tokens of each item.
    pub lengths: &'a [ItemScore],
    /// Token totals.
    pub tokens: Tokens,
    /// Milliseconds spent running, over all sessions.
    pub wall_ms: u64,
    /// The run file.
    pub path: &'a str,
}

/// Derives every reported number from stored outcomes.
pub fn summarize(plan: &Plan, items: &[ItemOutcomes], facts: RunFacts<'_>) -> Summary {
    let counts = counts(plan, items);
    Summary {
        schema: "evalrun.summary/1".to_owned(),
        task: plan.task.clone(),
        task_version: plan.task_version,
        split: plan.dataset.split.name().to_owned(),
        model: plan.model.model.clone(),
        n_items: plan.dataset.n_items,
        n_items_full: plan.dataset.n_items_full,
        partial_source: plan.dataset.partial_note(),
        n_samples: plan.n_samples,
        seed: plan.run_seed,
        complete: counts.n_graded() == counts.planned,
        counts,
        metrics: figures(plan, items),
        disagreements: disagreements(plan, items),
        ratings: Ratings::default(),
        letters: letters(plan, items),
        avg_length: values(facts.lengths).map(not_negative),
        tokens: facts.tokens,
        serving: None,
        wall_s: facts.wall_ms as f64 / 1000.0,
        run_file: facts.path.to_owned(),
    }
}

/// A mean of lengths with an interval that holds no lengths below zero.
fn not_negative(mut lengths: Estimate) -> Estimate {
    lengths.ci95.low = lengths.ci95.low.max(0.0);
    lengths
}

fn letters(plan: &Plan, items: &[ItemOutcomes]) -> Vec<LetterShare> {
    let is_wanted = plan.metrics.contains(&MetricKind::Letters);
    if is_wanted { letter_shares(&choice_samples(items)) } else { Vec::new() }
}

fn disagreements(plan: &Plan, items: &[ItemOutcomes]) -> Option<Disagreements> {
    if plan.math_judge != Some(MathJudge::Both) {
        return None;
    }
    let mut found = Disagreements { n_answers: 0, samples: Vec::new() };
    for item in items {
        for sample in &item.samples {
            let Some(Detail::Equivalence(outcome)) = &sample.detail else { continue };
            found.n_answers += usize::from(outcome.native.is_some());
            if outcome.is_disagreement() {
                found.samples.push(format!("{}#{}", item.item, sample.sample_idx));
            }
        }
    }
    Some(found)
}

fn counts(plan: &Plan, items: &[ItemOutcomes]) -> Counts {
    let planned = plan.dataset.n_items * plan.n_samples as usize;
    let mut counts = Counts { planned, ..Counts::default() };
    for sample in items.iter().flat_map(|item| &item.samples) {
        match sample.outcome {
            Outcome::Judged(Verdict::Correct) => counts.correct += 1,
            Outcome::Judged(Verdict::Incorrect) => counts.incorrect += 1,
            Outcome::Judged(Verdict::Unparsed) => counts.unparsed += 1,
            Outcome::Judged(Verdict::Truncated) => counts.truncated += 1,
            Outcome::Judged(Verdict::Answered) => counts.answered += 1,
            Outcome::Failed => counts.failed += 1,
        }
    }
    counts.pending = planned.saturating_sub(counts.n_graded() + counts.failed);
    counts
}

fn figures(plan: &Plan, items: &[ItemOutcomes]) -> Vec<Figure> {
    let n = plan.n_samples as usize;
    let mut figures = Vec::new();
    let mut add = |id: String, name: String, estimate: Option<Estimate>| {
        figures.extend(estimate.map(|estimate| Figure { id, name, estimate }));
    };
    for metric in &plan.metrics {
        match metric {
            MetricKind::PassAt1 => pass_figures(items, n, &mut add),
            MetricKind::ConsAtN => consensus_figures(items, n, &mut add),
            MetricKind::Instructions => instruction_figures(items, &mut add),
            MetricKind::CodeTests => code_figures(plan, items, &mut add),
            MetricKind::Letters => choice_figures(items, &mut add),
            MetricKind::Calls => add(
                "data_corrected".to_owned(),
                "pass@1, wrong data left out".to_owned(),
                calls::corrected(items),
            ),
            // Ratings are no shares, so they stand in a part of the summary of their own.
            MetricKind::Ratings => (),
        }
    }
    figures.extend(breakdown(plan, items));
    figures
}

/// pass@1, pass@k for every k, and pass@1 over finished samples where some are not finished.
fn pass_figures(
    items: &[ItemOutcomes],
    n: usize,
    add: &mut impl FnMut(String, String, Option<Estimate>),
) {
    let name = format!("pass@1[avg-of-{}]", n_graded(items));
    add("pass_at_1".to_owned(), name.clone(), pass_at_1(items));
    for CurvePoint { k, estimate, .. } in pass_curve(items, n).into_iter().skip(1) {
        add(format!("pass_at_{k}"), format!("pass@{k}"), Some(estimate));
    }
    if items.iter().flat_map(|item| &item.samples).any(is_unfinished) {
        let name = format!("{name}, completed only");
        add("pass_at_1_completed".to_owned(), name, pass_at_1_completed(items));
    }
}

/// cons@k. One vote is no consensus; it would repeat pass@1 under another name.
fn consensus_figures(
    items: &[ItemOutcomes],
    n: usize,
    add: &mut impl FnMut(String, String, Option<Estimate>),
) {
    for CurvePoint { k, expectation, estimate } in cons_curve(items, n) {
        let id = if k == n { "cons_at_n".to_owned() } else { format!("cons_at_{k}") };
        let how = match expectation {
            Expectation::Exact => "",
            Expectation::Resampled => "[resampled]",
        };
        if k > 1 {
            add(id, format!("cons@{k}{how}"), Some(estimate));
        }
    }
}

/// Whether the model gave no answer that could be graded.
fn is_unfinished(sample: &SampleOutcome) -> bool {
    matches!(sample.outcome, Outcome::Judged(Verdict::Truncated | Verdict::Unparsed))
}

/// pass@1 over the items of each value of each field that the task names.
fn breakdown(plan: &Plan, items: &[ItemOutcomes]) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (idx, field) in plan.breakdown.iter().enumerate() {
        let values: BTreeSet<&str> =
            items.iter().filter_map(|item| Some(item.labels.get(idx)?.as_str())).collect();
        for value in values {
            let is_of = |item: &&ItemOutcomes| item.labels.get(idx).is_some_and(|v| v == value);
            let of_value: Vec<ItemOutcomes> = items.iter().filter(is_of).cloned().collect();
            let (id, name) = (format!("{field}={value}"), format!("{field} {value}"));
            let estimate = pass_at_1(&of_value);
            figures.extend(estimate.map(|estimate| Figure { id, name, estimate }));
        }
    }
    figures
}

/// pass@1 as upstream credits, where that differs from ours: options that read alike.
fn choice_figures(items: &[ItemOutcomes], add: &mut impl FnMut(String, String, Option<Estimate>)) {
    let samples = choice_samples(items);
    if samples.iter().any(|s| s.is_correct && s.chosen != Some(s.gold)) {
        let name = "pass@1, upstream's one gold letter".to_owned();
        add("gold_letter_only".to_owned(), name, choice_accuracy(&samples, Credit::GoldOnly));
    }
}

/// pass@k on the base tests, then on base and plus tests, as far as the task has them.
fn code_figures(
    plan: &Plan,
    items: &[ItemOutcomes],
    add: &mut impl FnMut(String, String, Option<Estimate>),
) {
    let all = [("base", "base", CodeTests::Base), ("plus", "base + plus", CodeTests::BaseAndPlus)];
    let has_plus = matches!(plan.judge, JudgeKind::Program { tests: CodeTests::BaseAndPlus, .. });
    for (id, name, tests) in all.into_iter().take(if has_plus { 2 } else { 1 }) {
        for k in EVALPLUS_KS.into_iter().filter(|k| *k <= plan.n_samples as usize) {
            let over = if k == 1 { format!("[avg-of-{}]", n_graded(items)) } else { String::new() };
            let name = format!("{name} tests pass@{k}{over}");
            add(format!("{id}_tests_pass_at_{k}"), name, tests_passed(items, tests, k));
        }
    }
}

/// Prompts and instructions, strictly and loosely; the same over finished samples where some are not
/// finished, and with data errors corrected where there are any; then each family.
fn instruction_figures(
    items: &[ItemOutcomes],
    add: &mut impl FnMut(String, String, Option<Estimate>),
) {
    let mut pairs = |reading, over, remark: &str| {
        let way = match reading {
            Reading::Strict | Reading::CorrectedStrict => "strict",
            Reading::Loose | Reading::CorrectedLoose => "loose",
        };
        let (id, comma) = (remark.replace(' ', "_"), if remark.is_empty() { "" } else { ", " });
        let underscore = if remark.is_empty() { "" } else { "_" };
        let prompts = prompts_followed(items, reading, over);
        let instructions = instructions_followed(items, reading, over);
        for (what, estimate) in [("prompt", prompts), ("instruction", instructions)] {
            let id = format!("{what}_{way}{underscore}{id}");
            add(id, format!("{what} {way}{comma}{remark}"), estimate);
        }
    };
    pairs(Reading::Strict, Over::Graded, "");
    pairs(Reading::Loose, Over::Graded, "");
    if items.iter().flat_map(|item| &item.samples).any(is_unfinished) {
        pairs(Reading::Strict, Over::Completed, "completed only");
        pairs(Reading::Loose, Over::Completed, "completed only");
    }
    if has_corrections(items) {
        pairs(Reading::CorrectedStrict, Over::Graded, "data corrected");
        pairs(Reading::CorrectedLoose, Over::Graded, "data corrected");
    }
    for (family, estimate) in families_followed(items, Reading::Strict) {
        add(format!("family_{family}"), format!("{family} strict"), Some(estimate));
    }
}

/// How many samples of an item were graded: a number, or a range where items differ.
fn n_graded(items: &[ItemOutcomes]) -> String {
    let n_graded = || items.iter().map(|item| item.scores().len()).filter(|n| *n > 0);
    match (n_graded().min().unwrap_or(0), n_graded().max().unwrap_or(0)) {
        (least, most) if least == most => most.to_string(),
        (least, most) => format!("{least}..{most}"),
    }
}
