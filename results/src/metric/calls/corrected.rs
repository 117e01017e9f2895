//! Accuracy without the parameters of entries whose data no natural reply gets right.

use tasks::{Detail, Verdict};

use crate::metric::{Estimate, pass_at_1};
use crate::{ItemOutcomes, Outcome, SampleOutcome};

/// pass@1 with wrong data left out; `None` where no entry has any.
pub fn corrected(items: &[ItemOutcomes]) -> Option<Estimate> {
    let has_any = items.iter().flat_map(|item| &item.samples).any(|s| correction(s).is_some());
    let items: Vec<ItemOutcomes> = items.iter().map(without_errors).collect();
    has_any.then(|| pass_at_1(&items)).flatten()
}

fn correction(sample: &SampleOutcome) -> Option<bool> {
    match &sample.detail {
        Some(Detail::Calls(outcome)) => outcome.corrected,
        _ => None,
    }
}

fn without_errors(item: &ItemOutcomes) -> ItemOutcomes {
    let sample = |sample: &SampleOutcome| {
        let outcome = match correction(sample) {
            Some(true) => Outcome::Judged(Verdict::Correct),
            _ => sample.outcome,
        };
        SampleOutcome { sample_idx: sample.sample_idx, outcome, vote: None, detail: None }
    };
    ItemOutcomes {
        item: item.item.clone(),
        labels: item.labels.clone(),
        samples: item.samples.iter().map(sample).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tasks::{CallsOutcome, ItemId};

    /// A sample: `+` right, `-` wrong, `c` wrong and right without its wrong data, `x` wrong either way.
    fn check(samples: &str, expected: Option<f64>) {
        let sample = |(idx, flag): (usize, char)| {
            let verdict = if flag == '+' { Verdict::Correct } else { Verdict::Incorrect };
            let corrected = match flag {
                'c' => Some(true),
                'x' => Some(false),
                _ => None,
            };
            SampleOutcome {
                sample_idx: u32::try_from(idx).expect("few samples"),
                outcome: Outcome::Judged(verdict),
                vote: None,
                detail: Some(Detail::Calls(CallsOutcome { error_type: None, corrected })),
            }
        };
        let item = ItemOutcomes {
            item: ItemId("made".to_owned()),
            labels: Vec::new(),
            samples: samples.chars().enumerate().map(sample).collect(),
        };
        assert_eq!(corrected(&[item]).map(|estimate| estimate.value), expected, "{samples}");
    }

    #[test]
    fn wrong_data_are_left_out_where_there_are_any() {
        check("+-", None);
        check("+-c", Some(2.0 / 3.0));
        check("+x", Some(0.5));
    }
}
