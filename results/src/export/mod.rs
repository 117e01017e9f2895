//! Interchange: runs in the file formats of other tools.
//!
//! Each format is written for a consumer that is named in its file, and read back by that consumer in
//! the scripts under `tests/peers/exports/`. Nothing here computes a figure.

mod evalplus;
mod every_eval_ever;
mod hf_eval_results;
mod inspect;
mod lm_eval;
mod time;

pub use evalplus::evalplus;
pub use every_eval_ever::every_eval_ever;
pub use hf_eval_results::{HubDataset, Scale, hf_eval_results, is_whole_benchmark};
pub use inspect::inspect;
pub use lm_eval::lm_eval;

use serde_json::{Map, Value};

use crate::Plan;

/// The sampling parameters of a plan that are set, under other tools' names for them.
fn sampling_under(plan: &Plan, names: &[(&str, &str)]) -> Map<String, Value> {
    let sampling = serde_json::to_value(&plan.sampling).expect("sampling is plain data");
    let translated = |(ours, theirs): &(&str, &str)| {
        let value = sampling.get(*ours).filter(|value| !value.is_null())?;
        let is_empty = value.as_array().is_some_and(Vec::is_empty);
        (!is_empty).then(|| ((*theirs).to_owned(), value.clone()))
    };
    names.iter().filter_map(translated).collect()
}
