//! Metrics over graded samples.
//!
//! Every estimator is pure, and every estimate carries its n. Samples of one item are not
//! independent, so items are the units of all standard errors (clustered standard errors, Miller,
//! "Adding Error Bars to Evals", arXiv 2411.00640).

mod aggregate;
mod bootstrap;
pub mod calls;
mod choice;
mod consensus;
mod curve;
mod distribution;
mod instructions;
mod interval;
mod item_metric;
mod pass;
mod programs;
mod random;

pub(crate) use aggregate::mover;
pub use aggregate::{Part, average_by_items, combine, macro_average};
pub(crate) use bootstrap::mean_interval;
pub use bootstrap::values;
pub use choice::{
    ChoiceSample, Credit, LetterShare, choice_accuracy, choice_samples, letter_shares,
};
pub use consensus::{MajorityRule, cons_at_n, majority};
pub use curve::{CurvePoint, Expectation, cons_curve, majority_curve, pass_curve};
pub use distribution::Tail;
pub(crate) use distribution::at_most_heads;
pub use instructions::{
    Over, Reading, families_followed, has_corrections, instructions_followed, prompts_followed,
};
pub use interval::{Estimate, Interval, ItemScore, clustered, ratio};
pub use item_metric::{Direction, ItemMetric, ItemSeries, Unit};
pub use pass::{pass_at_1, pass_at_1_completed, pass_at_k, pass_at_k_of_item};
pub use programs::{EVALPLUS_KS, tests_passed};
pub(crate) use random::SplitMix64;
