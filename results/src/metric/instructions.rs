//! Accuracies over verifiable instructions (Zhou et al., "Instruction-Following Evaluation for Large
//! Language Models", arXiv 2311.07911).

use std::collections::{BTreeMap, BTreeSet};

use tasks::{Detail, InstructionOutcome, Verdict};

use super::{Estimate, ItemScore, clustered, ratio};
use crate::{ItemOutcomes, Outcome, SampleOutcome};

/// One way to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The response as it is.
    Strict,
    /// The best of eight readings of the response.
    Loose,
    /// As strict, with the instructions that were meant where the data are known to be wrong.
    CorrectedStrict,
    /// As loose, likewise.
    CorrectedLoose,
}

/// Which samples count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Every graded sample; truncated and unparsed ones follow nothing.
    Graded,
    /// Only samples that the model finished.
    Completed,
}

impl Reading {
    fn of(self, outcome: &InstructionOutcome) -> bool {
        let corrected = outcome.corrected.unwrap_or((outcome.strict, outcome.loose));
        match self {
            Self::Strict => outcome.strict,
            Self::Loose => outcome.loose,
            Self::CorrectedStrict => corrected.0,
            Self::CorrectedLoose => corrected.1,
        }
    }
}

/// The share of prompts of which every instruction is followed.
pub fn prompts_followed(items: &[ItemOutcomes], reading: Reading, over: Over) -> Option<Estimate> {
    let scores = items.iter().filter_map(|item| {
        let followed: Vec<bool> = of_item(item, over)
            .map(|outcomes| outcomes.iter().all(|outcome| reading.of(outcome)))
            .collect();
        let n_followed = followed.iter().filter(|is_followed| **is_followed).count();
        (!followed.is_empty()).then(|| ItemScore {
            value: n_followed as f64 / followed.len() as f64,
            n_samples: followed.len(),
        })
    });
    clustered(&scores.collect::<Vec<_>>())
}

/// The share of instructions that are followed, each counting once.
pub fn instructions_followed(
    items: &[ItemOutcomes],
    reading: Reading,
    over: Over,
) -> Option<Estimate> {
    shares(items, |item| of_item(item, over).flatten().map(|o| reading.of(o)).collect())
}

/// The share of each family's instructions that are followed. The family is what stands before the
/// colon of an id.
pub fn families_followed(items: &[ItemOutcomes], reading: Reading) -> BTreeMap<String, Estimate> {
    let all = items.iter().flat_map(|item| of_item(item, Over::Graded).flatten());
    let names: BTreeSet<String> = all.map(|o| family(o).to_owned()).collect();
    let estimate = |name: &str| {
        shares(items, |item| {
            let outcomes = of_item(item, Over::Graded).flatten();
            outcomes.filter(|o| family(o) == name).map(|o| reading.of(o)).collect()
        })
    };
    names.into_iter().filter_map(|name| Some((name.clone(), estimate(&name)?))).collect()
}

/// Whether some item has a known data error.
pub fn has_corrections(items: &[ItemOutcomes]) -> bool {
    items
        .iter()
        .flat_map(|item| of_item(item, Over::Graded).flatten())
        .any(|o| o.corrected.is_some())
}

fn family(outcome: &InstructionOutcome) -> &str {
    outcome.id.split_once(':').map_or(outcome.id.as_str(), |(family, _)| family)
}

fn shares(items: &[ItemOutcomes], flags: impl Fn(&ItemOutcomes) -> Vec<bool>) -> Option<Estimate> {
    let counts = items.iter().map(flags).filter(|flags| !flags.is_empty());
    let counts: Vec<(f64, f64)> = counts
        .map(|flags| (flags.iter().filter(|f| **f).count() as f64, flags.len() as f64))
        .collect();
    let (hits, trials) = counts.iter().fold((0.0, 0.0), |sum, c| (sum.0 + c.0, sum.1 + c.1));
    ratio(hits / trials, &counts)
}

/// The outcomes of each sample of an item that counts.
fn of_item(item: &ItemOutcomes, over: Over) -> impl Iterator<Item = &Vec<InstructionOutcome>> {
    let counts = move |sample: &&SampleOutcome| match sample.outcome {
        Outcome::Failed => false,
        Outcome::Judged(Verdict::Truncated | Verdict::Unparsed) => over == Over::Graded,
        Outcome::Judged(_) => true,
    };
    let details = item.samples.iter().filter(counts).filter_map(|sample| sample.detail.as_ref());
    details.filter_map(|detail| match detail {
        Detail::Instructions(outcomes) => Some(outcomes),
        Detail::Program(_)
        | Detail::Equivalence(_)
        | Detail::Choice(_)
        | Detail::Dialogue(_)
        | Detail::Calls(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tasks::ItemId;

    /// A sample as flags: `1` strict, `l` only loose, `0` neither, `m` meant but not written; after
    /// `!` it is truncated.
    fn item(samples: &[&str]) -> ItemOutcomes {
        let sample = |(idx, text): (usize, &&str)| {
            let (is_truncated, flags) =
                text.strip_prefix('!').map_or((false, *text), |flags| (true, flags));
            let outcome = |flag: char| InstructionOutcome {
                id: "keywords:existence".to_owned(),
                strict: flag == '1',
                loose: matches!(flag, '1' | 'l'),
                corrected: (flag == 'm').then_some((true, true)),
            };
            let verdict = if is_truncated { Verdict::Truncated } else { Verdict::Incorrect };
            SampleOutcome {
                sample_idx: u32::try_from(idx).unwrap(),
                outcome: Outcome::Judged(verdict),
                vote: None,
                detail: Some(Detail::Instructions(flags.chars().map(outcome).collect())),
            }
        };
        let samples = samples.iter().enumerate().map(sample).collect();
        ItemOutcomes { item: ItemId("i".to_owned()), labels: Vec::new(), samples }
    }

    fn check(reading: Reading, over: Over, expected: (f64, f64)) {
        let items = [item(&["11"]), item(&["1l", "!00"]), item(&["0m1"])];
        let prompts = prompts_followed(&items, reading, over).unwrap();
        let instructions = instructions_followed(&items, reading, over).unwrap();
        let found = (prompts.value, instructions.value);
        let is_near = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(
            is_near(found.0, expected.0) && is_near(found.1, expected.1),
            "{reading:?} {over:?}: {found:?}"
        );
        assert!(instructions.ci95.low <= found.1 && found.1 <= instructions.ci95.high);
    }

    #[test]
    fn readings_and_unfinished_samples_count_as_they_should() {
        check(Reading::Strict, Over::Graded, (1.0 / 3.0, 4.0 / 9.0));
        check(Reading::Loose, Over::Graded, (0.5, 5.0 / 9.0));
        check(Reading::Strict, Over::Completed, (1.0 / 3.0, 4.0 / 7.0));
        check(Reading::Loose, Over::Completed, (2.0 / 3.0, 5.0 / 7.0));
        check(Reading::CorrectedStrict, Over::Completed, (1.0 / 3.0, 5.0 / 7.0));
        assert!(has_corrections(&[item(&["m"])]) && !has_corrections(&[item(&["1"])]));
        assert_eq!(families_followed(&[item(&["10"])], Reading::Strict)["keywords"].n_samples, 2);
    }
}
