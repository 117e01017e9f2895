//! What a gate found.

use serde::Serialize;

use super::policy::Tier;
use crate::compare::PlanDifference;
use crate::metric::{Direction, ItemMetric};

/// What a rule, or the gate, comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateResult {
    /// Not worse than allowed.
    Pass,
    /// Worse than allowed.
    Regression,
    /// The data cannot tell.
    Inconclusive,
}

impl GateResult {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Regression => "regression",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// What a gate found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateReport {
    /// The version of this layout.
    pub schema: &'static str,
    /// What the gate comes to.
    pub result: GateResult,
    /// Rules in the order of the policy, pooled ones last.
    pub rules: Vec<RuleReport>,
    /// Tasks among the candidate's runs that no rule is about.
    pub ungated: Vec<String>,
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleReport {
    /// The task, or the pooled rule's name.
    pub name: String,
    /// The tasks.
    pub tasks: Vec<String>,
    /// How much it decides.
    pub tier: Tier,
    /// The figure.
    pub metric: ItemMetric,
    /// Which way is better.
    pub direction: Direction,
    /// How sure it has to be.
    pub confidence: f64,
    /// What it comes to.
    pub result: GateResult,
    /// Why, one sentence each.
    pub reasons: Vec<String>,
    /// The figures; `None` where the runs could not be compared.
    pub measured: Option<Measured>,
    /// What the runs are meant to differ in.
    pub differ_in: Vec<PlanDifference>,
}

/// The figures of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measured {
    /// The base's figure over the compared items.
    pub base: f64,
    /// The candidate's.
    pub candidate: f64,
    /// The candidate's less the base's.
    pub change: f64,
    /// The lower bound of the change at the rule's confidence, by itself.
    pub low: f64,
    /// The upper bound of the change at the rule's confidence, by itself.
    pub high: f64,
    /// How far the figure may fall (or rise, where less is better).
    pub allowed: f64,
    /// The smallest fall (or rise) that would have been called a regression with a probability of
    /// 80 %.
    pub detectable: f64,
    /// How likely so bad a candidate is where nothing became worse.
    pub p: f64,
    /// Compared items.
    pub n_items: usize,
}

impl GateReport {
    /// The report of these rules. A regression of a critical or supporting rule fails the gate; a
    /// critical rule without a decision leaves it without one.
    pub(super) fn new(rules: Vec<RuleReport>, ungated: Vec<String>) -> Self {
        let is = |result, tiers: &[Tier]| {
            rules.iter().any(|rule| rule.result == result && tiers.contains(&rule.tier))
        };
        let result = if is(GateResult::Regression, &[Tier::Critical, Tier::Supporting]) {
            GateResult::Regression
        } else if is(GateResult::Inconclusive, &[Tier::Critical]) {
            GateResult::Inconclusive
        } else {
            GateResult::Pass
        };
        Self { schema: "evalrun.gate/1", result, rules, ungated }
    }
}
