//! The gate: whether a candidate is worse than a base by more than a policy allows, as far as the
//! data can tell.
//!
//! Data flow: [`Policy`] and two lists of sides → [`GateReport`] → text. A rule passes where the
//! paired interval excludes a drop beyond what is allowed, is a regression where it excludes anything
//! less and an exact test agrees, and is inconclusive otherwise.

mod evaluate;
mod github;
mod init;
mod junit;
mod policy;
mod policy_file;
mod pooled;
mod render;
mod report;

pub use evaluate::evaluate;
pub use init::init;
pub use policy::{Budgets, FalseAlarms, Limits, Policy, PooledRule, Rule, Tier, Weights};
pub use render::{GateFormat, render};
pub use report::{GateReport, GateResult, Measured, RuleReport};
