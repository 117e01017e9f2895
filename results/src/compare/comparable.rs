//! Which differences between two plans leave their scores comparable.

use serde::Serialize;

use tasks::choice::ShuffleProtocol;

use crate::{Difference, Plan};

/// One value in which two plans differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanDifference {
    /// The dotted path of the value.
    pub path: String,
    /// The first run's value, as JSON.
    pub a: String,
    /// The second run's.
    pub b: String,
}

impl std::fmt::Display for PlanDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} and {}", self.path, self.a, self.b)
    }
}

impl From<Difference> for PlanDifference {
    fn from(difference: Difference) -> Self {
        let (a, b) = (shown(&difference.stored), shown(&difference.wanted));
        Self { path: difference.path, a, b }
    }
}

/// The differences between two plans.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PlanDifferences {
    /// What a comparison is made for: model, seed, sampling, number of samples.
    pub intended: Vec<PlanDifference>,
    /// What makes scores mean different things: data, prompt, extraction, grading.
    pub disqualifying: Vec<PlanDifference>,
}

impl PlanDifferences {
    /// These differences and those.
    #[must_use]
    pub(crate) fn and(mut self, others: &Self) -> Self {
        self.intended.extend(others.intended.iter().cloned());
        self.disqualifying.extend(others.disqualifying.iter().cloned());
        self
    }
}

/// Values of a plan that may differ, because they are what is compared or never touch a score. The seed
/// is none of them where it decides the order of options.
/// Everything else may not, so that a value added to plans is refused until someone lists it here.
const INTENDED: [&str; 4] = ["model", "sampling", "n_samples", "run_seed"];

/// Values that say how a run is described or reported.
const IGNORED: [&str; 5] = ["title", "sampling_source", "metrics", "breakdown", "texts"];

/// Texts of values longer than this are cut.
const N_CHARS: usize = 80;

/// Sorts the differences of two plans.
pub fn plan_differences(a: &Plan, b: &Plan) -> PlanDifferences {
    let mut found = PlanDifferences::default();
    for difference in a.differences(b) {
        let first = difference.path.split('.').next().unwrap_or_default().to_owned();
        if IGNORED.contains(&first.as_str()) {
            continue;
        }
        let is_order = first == "run_seed" && a.shuffle == Some(ShuffleProtocol::PerItem);
        let is_intended = INTENDED.contains(&first.as_str()) && !is_order;
        let list = if is_intended { &mut found.intended } else { &mut found.disqualifying };
        list.push(PlanDifference::from(difference));
    }
    found
}

/// The value as it is shown: cut where it is long.
pub(super) fn shown(text: &str) -> String {
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(N_CHARS).collect();
    if chars.next().is_some() { start + "…" } else { start }
}
