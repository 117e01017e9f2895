//! Figures over tests of programs, as `EvalPlus` 0.3.1 reports them (`evalplus/evaluate.py`).

use tasks::{CodeTests, Detail, Verdict};

use super::{Estimate, pass_at_1, pass_at_k};
use crate::{ItemOutcomes, Outcome, SampleOutcome};

/// The values of k that `EvalPlus` prints.
pub const EVALPLUS_KS: [usize; 3] = [1, 10, 100];

/// pass@k over programs that pass `tests`. Samples without a program, truncated ones included, pass
/// none. `None` where no sample was graded, or no item has `k` of them.
pub fn tests_passed(items: &[ItemOutcomes], tests: CodeTests, k: usize) -> Option<Estimate> {
    let items: Vec<ItemOutcomes> = items.iter().map(|item| by_tests(item, tests)).collect();
    // With k = 1 the two agree; this one takes items that have no sample yet, too.
    if k == 1 { pass_at_1(&items) } else { pass_at_k(&items, k) }
}

/// The item with its samples' verdicts replaced by what `tests` say.
fn by_tests(item: &ItemOutcomes, tests: CodeTests) -> ItemOutcomes {
    let sample = |sample: &SampleOutcome| {
        let outcome = match sample.outcome {
            Outcome::Judged(_) if passes(sample, tests) => Outcome::Judged(Verdict::Correct),
            Outcome::Judged(_) => Outcome::Judged(Verdict::Incorrect),
            Outcome::Failed => Outcome::Failed,
        };
        SampleOutcome { sample_idx: sample.sample_idx, outcome, vote: None, detail: None }
    };
    ItemOutcomes {
        item: item.item.clone(),
        labels: item.labels.clone(),
        samples: item.samples.iter().map(sample).collect(),
    }
}

fn passes(sample: &SampleOutcome, tests: CodeTests) -> bool {
    let Some(Detail::Program(outcome)) = &sample.detail else { return false };
    match tests {
        CodeTests::Base => outcome.passes_base(),
        CodeTests::BaseAndPlus => outcome.passes_plus() == Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tasks::{ItemId, ProgramOutcome, TestsOutcome, TestsStatus};

    fn tests_outcome(flag: char) -> TestsOutcome {
        TestsOutcome {
            status: if flag == '+' { TestsStatus::Pass } else { TestsStatus::Fail },
            ending: String::new(),
            failed_input_idx: None,
            failed_input: String::new(),
            fuel: 0,
        }
    }

    /// Two flags a sample: base and plus tests passed or not; `..` has no program, `xx` failed.
    fn item(samples: &str) -> ItemOutcomes {
        let sample = |(idx, flags): (usize, &str)| {
            let mut flags = flags.chars();
            let (base, plus) = (flags.next().unwrap_or('.'), flags.next().unwrap_or('.'));
            let detail = (base != '.' && base != 'x').then(|| {
                Detail::Program(Box::new(ProgramOutcome {
                    base: tests_outcome(base),
                    plus: Some(tests_outcome(plus)),
                }))
            });
            let judged = Outcome::Judged(Verdict::Incorrect);
            let outcome = if base == 'x' { Outcome::Failed } else { judged };
            let sample_idx = u32::try_from(idx).expect("a few samples");
            SampleOutcome { sample_idx, outcome, vote: None, detail }
        };
        let samples = samples.split(' ').enumerate().map(sample).collect();
        ItemOutcomes { item: ItemId("a".to_owned()), labels: Vec::new(), samples }
    }

    fn check(items: &[&str], tests: CodeTests, k: usize, expected: Option<f64>) {
        let items: Vec<ItemOutcomes> = items.iter().map(|samples| item(samples)).collect();
        let found = tests_passed(&items, tests, k).map(|estimate| estimate.value);
        assert_eq!(found, expected, "{items:?}");
    }

    #[test]
    fn plus_counts_only_where_base_passes() {
        check(&["++ +- -+ --"], CodeTests::Base, 1, Some(0.5));
        check(&["++ +- -+ --"], CodeTests::BaseAndPlus, 1, Some(0.25));
        check(&["++ .. xx"], CodeTests::Base, 1, Some(0.5));
        check(&["xx"], CodeTests::Base, 1, None);
        check(&["++ ++", "-- --"], CodeTests::BaseAndPlus, 2, Some(0.5));
        check(&["++ ++"], CodeTests::Base, 10, None);
        check(&["+- +- +- +- +- +- +- +- +- --"], CodeTests::Base, 10, Some(1.0));
    }
}
