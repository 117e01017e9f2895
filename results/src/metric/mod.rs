//! Metrics over graded samples.
//!
//! Every estimator is pure, and every estimate carries its n. Samples of one item are not
//! independent, so items are the units of all standard errors (clustered standard errors, Miller,
//! "Adding Error Bars to Evals", arXiv 2411.00640).

pub mod calls;
mod choice;
mod consensus;
mod instructions;
mod interval;
mod pass;
mod programs;

pub use choice::{
    ChoiceSample, Credit, LetterShare, accuracy_by_domain, choice_accuracy, letter_shares,
};
pub use consensus::{MajorityRule, cons_at_n, majority};
pub use instructions::{
    Over, Reading, families_followed, has_corrections, instructions_followed, prompts_followed,
};
pub use interval::{Estimate, Interval, ItemScore, clustered, ratio};
pub use pass::{pass_at_1, pass_at_k, pass_at_k_of_item};
pub use programs::{EVALPLUS_KS, tests_passed};
