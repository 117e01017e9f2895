//! What a candidate must not do.

use serde::{Deserialize, Serialize};

use crate::metric::{Direction, ItemMetric};

/// The rules of a gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// How sure a rule must be to pass or to call a regression, between 0.5 and 1.
    pub confidence: f64,
    /// What the confidence is about.
    pub false_alarms: FalseAlarms,
    /// Rules of single tasks.
    pub rules: Vec<Rule>,
    /// Rules over several tasks.
    pub pooled: Vec<PooledRule>,
}

/// What 1 − confidence bounds the probability of, where nothing has become worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FalseAlarms {
    /// That any rule of the gate calls a regression (Bonferroni over the rules that can stop it).
    #[default]
    Gate,
    /// That one given rule does; a gate of many rules then errs more often.
    Rule,
}

/// How much a rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// A regression fails the gate, and without a decision the gate has none.
    #[default]
    Critical,
    /// A regression fails the gate; the lack of a decision is only reported.
    Supporting,
    /// Reported, and decides nothing.
    Advisory,
}

impl Tier {
    /// The word in policies and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Supporting => "supporting",
            Self::Advisory => "advisory",
        }
    }
}

/// How far a figure may fall (or rise, where less is better).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limits {
    /// By so much in the figure's own units: 0.02 is two percentage points.
    Absolute(f64),
    /// By this share of the base's figure.
    Relative(f64),
    /// By neither.
    Both {
        /// In the figure's own units.
        absolute: f64,
        /// As a share of the base's figure.
        relative: f64,
    },
}

impl Limits {
    /// The absolute limit, if there is one.
    pub fn absolute(self) -> Option<f64> {
        match self {
            Self::Absolute(absolute) | Self::Both { absolute, .. } => Some(absolute),
            Self::Relative(_) => None,
        }
    }

    /// The relative limit, if there is one.
    pub fn relative(self) -> Option<f64> {
        match self {
            Self::Relative(relative) | Self::Both { relative, .. } => Some(relative),
            Self::Absolute(_) => None,
        }
    }

    /// What both together allow where the base's figure is `base`.
    pub fn allowed(self, base: f64) -> f64 {
        let relative = self.relative().map(|relative| relative * base);
        relative.into_iter().chain(self.absolute()).fold(f64::INFINITY, f64::min)
    }
}

/// When runs are of no use for a decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budgets {
    /// The largest share of planned samples that may have failed or be missing, in either run.
    pub max_failed: f64,
    /// The largest share of graded samples that may have run into the token limit, in either run.
    pub max_truncated: f64,
    /// The fewest items that must be in both runs.
    pub min_items: usize,
}

/// A rule of one task.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The task.
    pub task: String,
    /// How much it decides.
    pub tier: Tier,
    /// The figure.
    pub metric: ItemMetric,
    /// Which way is better.
    pub direction: Direction,
    /// How far it may fall.
    pub limits: Limits,
    /// When the runs are of no use.
    pub budgets: Budgets,
    /// How sure to be.
    pub confidence: f64,
}

/// How tasks count in a pooled rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weights {
    /// Every task the same.
    #[default]
    Tasks,
    /// Every item the same.
    Items,
}

/// A rule over the mean of several tasks, which sees smaller drops than each of them.
#[derive(Debug, Clone, PartialEq)]
pub struct PooledRule {
    /// Its name.
    pub name: String,
    /// The tasks.
    pub tasks: Vec<String>,
    /// How they count.
    pub weights: Weights,
    /// How much it decides.
    pub tier: Tier,
    /// The figure, a share that all tasks have.
    pub metric: ItemMetric,
    /// Which way is better.
    pub direction: Direction,
    /// How far the mean may fall.
    pub max_drop: f64,
    /// When the runs are of no use; each task has at least the fewest items.
    pub budgets: Budgets,
    /// How sure to be.
    pub confidence: f64,
}

impl Policy {
    /// The rules that can fail the gate.
    pub fn n_deciding(&self) -> usize {
        let rules = self.rules.iter().map(|rule| rule.tier);
        let tiers = rules.chain(self.pooled.iter().map(|rule| rule.tier));
        tiers.filter(|tier| *tier != Tier::Advisory).count()
    }
}
