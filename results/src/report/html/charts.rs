//! What the page's charts are drawn from.

use serde::Serialize;
use tasks::{Detail, TestsOutcome, TestsStatus};

use super::selection::outcome_name;
use crate::metric::Estimate;
use crate::{Figure, ItemOutcomes, Plan, RunFile, SampleOutcome, StoreError, Summary};

/// Every outcome, in the order of legends. A page shows those that occur in it.
pub(super) const OUTCOMES: [&str; 6] =
    ["correct", "incorrect", "answered", "unparsed", "truncated", "failed"];

/// How many samples have so many generated tokens, by outcome.
#[derive(Debug, Serialize)]
pub(super) struct Histogram {
    /// Tokens in one bin: bin `i` holds lengths from `i * width` up to the next.
    width: u64,
    /// For each bin one count an outcome, in the order of legends.
    bins: Vec<[usize; OUTCOMES.len()]>,
    /// Samples whose backend reported no usage.
    n_unreported: usize,
}

/// About so many bins.
const N_BINS: u64 = 30;

/// The lengths of a run's samples.
pub(super) fn lengths(file: &RunFile) -> Result<Histogram, StoreError> {
    let mut lengths: Vec<(usize, u64)> = Vec::new();
    let mut n_unreported = 0;
    file.for_each_length(|outcome, n_tokens| match n_tokens {
        Some(n_tokens) => lengths.push((outcome_idx(outcome_name(outcome)), n_tokens)),
        // A failed sample has no text and no length.
        None => n_unreported += usize::from(outcome != crate::Outcome::Failed),
    })?;
    Ok(histogram(&lengths, n_unreported))
}

fn histogram(lengths: &[(usize, u64)], n_unreported: usize) -> Histogram {
    let longest = lengths.iter().map(|(_, n_tokens)| *n_tokens).max().unwrap_or(0);
    let width = round_up(longest.div_ceil(N_BINS));
    let n_bins = if lengths.is_empty() { 0 } else { longest / width + 1 };
    let mut bins = vec![[0; OUTCOMES.len()]; usize::try_from(n_bins).expect("a few bins")];
    for (outcome, n_tokens) in lengths {
        bins[usize::try_from(n_tokens / width).expect("a few bins")][*outcome] += 1;
    }
    Histogram { width, bins, n_unreported }
}

/// The next of 1, 2, 5, 10, 20, 50 and so on.
fn round_up(n: u64) -> u64 {
    let powers = std::iter::successors(Some(1_u64), |power| power.checked_mul(10));
    let steps = powers.flat_map(|power| [1, 2, 5].map(|step| power.saturating_mul(step)));
    steps.into_iter().find(|step| *step >= n).unwrap_or(u64::MAX)
}

fn outcome_idx(name: &str) -> usize {
    OUTCOMES.iter().position(|known| *known == name).expect("every outcome is listed")
}

/// A figure over k samples.
#[derive(Debug, Serialize)]
pub(super) struct CurvePoint {
    k: u32,
    #[serde(flatten)]
    estimate: Estimate,
}

/// The figures whose id is `prefix` and a number, such as `pass_at_4`, in order; `cons_at_n` stands
/// for the samples per item.
pub(super) fn curve(summary: &Summary, prefix: &str) -> Vec<CurvePoint> {
    let point = |figure: &Figure| {
        let k = match figure.id.strip_prefix(prefix)? {
            "n" => summary.n_samples,
            k => k.parse().ok()?,
        };
        Some(CurvePoint { k, estimate: figure.estimate })
    };
    let mut points: Vec<CurvePoint> = summary.metrics.iter().filter_map(point).collect();
    points.sort_by_key(|point| point.k);
    points.dedup_by_key(|point| point.k);
    points
}

/// Counts by two properties.
#[derive(Debug, Serialize)]
pub(super) struct Matrix {
    title: String,
    columns: Vec<String>,
    rows: Vec<(String, Vec<usize>)>,
}

impl Matrix {
    fn new(title: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { title: title.to_owned(), columns, rows: Vec::new() }
    }

    fn add(&mut self, row: &str, column: usize) {
        let known = self.rows.iter().position(|(label, _)| label == row);
        let row_idx = known.unwrap_or_else(|| {
            self.rows.push((row.to_owned(), vec![0; self.columns.len()]));
            self.rows.len() - 1
        });
        self.rows[row_idx].1[column] += 1;
    }

    fn sorted(mut self) -> Self {
        self.rows.sort();
        self
    }

    /// Without columns that hold nothing.
    fn narrowed(mut self) -> Self {
        let is_used = |column: &usize| self.rows.iter().any(|(_, counts)| counts[*column] > 0);
        let used: Vec<usize> = (0..self.columns.len()).filter(is_used).collect();
        self.columns = used.iter().map(|column| self.columns[*column].clone()).collect();
        for (_, counts) in &mut self.rows {
            *counts = used.iter().map(|column| counts[*column]).collect();
        }
        self
    }
}

/// Outcomes by category, and what judges found beyond right or wrong.
pub(super) fn matrices(plan: &Plan, items: &[ItemOutcomes]) -> Vec<Matrix> {
    let mut by_field: Vec<Matrix> = plan
        .breakdown
        .iter()
        .map(|field| Matrix::new(&format!("Outcomes by {field}"), &OUTCOMES))
        .collect();
    let mut by_detail = DetailMatrices::new();
    for item in items {
        for sample in &item.samples {
            let outcome = outcome_idx(outcome_name(sample.outcome));
            for (matrix, label) in by_field.iter_mut().zip(&item.labels) {
                matrix.add(label, outcome);
            }
            by_detail.add(sample);
        }
    }
    let by_field = by_field.into_iter().map(Matrix::sorted);
    let all = by_field.chain(by_detail.into_matrices());
    all.filter(|matrix| !matrix.rows.is_empty()).map(Matrix::narrowed).collect()
}

/// The letters of options, and what stands for an answer without one.
const LETTERS: [&str; 5] = ["A", "B", "C", "D", "none"];

/// Confusion between tests, judges, and readings of instructions.
struct DetailMatrices {
    instructions: Matrix,
    tests: Matrix,
    judges: Matrix,
    letters: Matrix,
}

impl DetailMatrices {
    fn new() -> Self {
        Self {
            instructions: Matrix::new(
                "Instructions by family",
                &["followed", "followed loosely", "not followed"],
            ),
            tests: Matrix::new(
                "Base tests (rows) against added tests (columns)",
                &["pass", "fail", "timeout", "not run"],
            ),
            judges: Matrix::new(
                "Own check (rows) against the reference (columns)",
                &["equivalent", "different"],
            ),
            letters: Matrix::new("Gold letters (rows) against chosen ones (columns)", &LETTERS),
        }
    }

    fn add(&mut self, sample: &SampleOutcome) {
        if let Some(Detail::Instructions(outcomes)) = &sample.detail {
            for outcome in outcomes {
                let family = outcome.id.split(':').next().unwrap_or_default();
                let column = if outcome.strict { 0 } else { 2 - usize::from(outcome.loose) };
                self.instructions.add(family, column);
            }
        }
        if let Some(Detail::Program(outcome)) = &sample.detail {
            let idx = |tests: &TestsOutcome| match tests.status {
                TestsStatus::Pass => 0,
                TestsStatus::Fail => 1,
                TestsStatus::Timeout => 2,
            };
            let row = ["pass", "fail", "timeout"][idx(&outcome.base)];
            self.tests.add(row, outcome.plus.as_ref().map_or(3, idx));
        }
        if let Some(Detail::Equivalence(outcome)) = &sample.detail {
            let row = match outcome.native {
                Some(true) => "equivalent",
                Some(false) => "different",
                None => "not sure",
            };
            self.judges.add(row, usize::from(!outcome.reference));
        }
        if let Some(Detail::Choice(choice)) = &sample.detail {
            let chosen = choice.chosen.map_or("none".to_owned(), |letter| letter.to_string());
            let column = LETTERS.iter().position(|letter| *letter == chosen);
            self.letters.add(&choice.gold.to_string(), column.expect("every letter is listed"));
        }
    }

    fn into_matrices(self) -> impl Iterator<Item = Matrix> {
        [self.instructions, self.tests, self.judges, self.letters].into_iter().map(Matrix::sorted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_have_round_widths_and_hold_everything() {
        let check = |lengths: &[u64], width: u64, n_bins: usize| {
            let lengths: Vec<_> = lengths.iter().map(|n| (0, *n)).collect();
            let found = histogram(&lengths, 0);
            assert_eq!((found.width, found.bins.len()), (width, n_bins));
            assert_eq!(found.bins.iter().map(|bin| bin[0]).sum::<usize>(), lengths.len());
        };
        check(&[], 1, 0);
        check(&[0], 1, 1);
        check(&[3, 29, 30], 1, 31);
        check(&[31], 2, 16);
        check(&[32_768, 5], 2_000, 17);
    }
}
