//! Rules applied to runs.

use std::collections::BTreeSet;

use super::policy::{Budgets, FalseAlarms, Limits, Policy, Rule};
use super::pooled::pooled;
use super::report::{GateReport, GateResult, Measured, RuleReport};
use crate::compare::{
    CommonJudges, OnDifference, Pair, PlanDifference, PlanDifferences, Shape, Side, Spread,
    common_metric, pair, plan_differences, points, share, significance, size,
};
use crate::error::CompareError;
use crate::metric::{Direction, ItemMetric, Tail};

/// Applies a policy. Every side has at most one run of a task.
pub fn evaluate(
    policy: &Policy,
    base: &[Side],
    candidate: &[Side],
    on_difference: OnDifference,
) -> Result<GateReport, CompareError> {
    no_task_twice(base)?;
    no_task_twice(candidate)?;
    let runs = Runs { base, candidate, on_difference };
    let n_sharing = match policy.false_alarms {
        FalseAlarms::Gate => policy.n_deciding().max(1),
        FalseAlarms::Rule => 1,
    };
    let mut rules: Vec<RuleReport> =
        policy.rules.iter().map(|rule| single(rule, &runs, n_sharing)).collect();
    rules.extend(policy.pooled.iter().map(|rule| pooled(rule, &runs, n_sharing)));
    let gated: BTreeSet<&String> = rules.iter().flat_map(|rule| &rule.tasks).collect();
    let tasks = candidate.iter().map(|side| &side.plan.task);
    let ungated = tasks.filter(|task| !gated.contains(task)).cloned().collect();
    Ok(GateReport::new(rules, ungated))
}

fn no_task_twice(sides: &[Side]) -> Result<(), CompareError> {
    for (idx, side) in sides.iter().enumerate() {
        if let Some(first) = sides[..idx].iter().find(|s| s.plan.task == side.plan.task) {
            return Err(CompareError::Ambiguous {
                task: side.plan.task.clone(),
                first: first.label.clone(),
                second: side.label.clone(),
            });
        }
    }
    Ok(())
}

/// What rules are applied to.
pub(super) struct Runs<'a> {
    base: &'a [Side],
    candidate: &'a [Side],
    on_difference: OnDifference,
}

/// The pairs of a task that a rule may use.
pub(super) struct Usable {
    pub(super) metric: ItemMetric,
    pub(super) pairs: Vec<Pair>,
    pub(super) differ_in: Vec<PlanDifference>,
}

impl Runs<'_> {
    /// The pairs of a task, or why it has none that a decision could rest on.
    pub(super) fn usable(
        &self,
        task: &str,
        metric: ItemMetric,
        budgets: Budgets,
    ) -> Result<Usable, Vec<String>> {
        let of_task = |sides: &'_ [Side], whose: &str| {
            let found = sides.iter().position(|side| side.plan.task == task);
            found.ok_or_else(|| format!("there is no {whose} run of {task}"))
        };
        let (base, candidate) =
            match (of_task(self.base, "base"), of_task(self.candidate, "candidate")) {
                (Ok(base), Ok(candidate)) => (&self.base[base], &self.candidate[candidate]),
                (base, candidate) => {
                    return Err([base, candidate].into_iter().filter_map(Result::err).collect());
                }
            };
        let mut reasons = over_budget("base", base, budgets);
        reasons.extend(over_budget("candidate", candidate, budgets));
        let plans = plan_differences(&base.plan, &candidate.plan);
        reasons.extend(self.refused(&plans));
        let metric = common_metric([base, candidate], metric).map_err(|err| {
            reasons.push(err.to_string());
            reasons.clone()
        })?;
        let judges = CommonJudges::of(base, candidate, metric);
        reasons.extend(self.refused(&judges.differences));
        if metric == ItemMetric::Rating {
            let (of_base, of_candidate) = judges.shares_unrated(base, candidate);
            for (whose, found) in [("base", of_base), ("candidate", of_candidate)] {
                let what = "dialogues lack a rating";
                reasons.extend(over((found, budgets.max_failed, what), whose, base));
            }
        }
        let (pairs, _) = pair(base, candidate, metric, &judges);
        if pairs.len() < budgets.min_items {
            let (found, least) = (pairs.len(), budgets.min_items);
            reasons.push(format!("{task} has {found} items in both runs; {least} are needed"));
        }
        if reasons.is_empty() {
            let differ_in = plans.and(&judges.differences).intended;
            return Ok(Usable { metric, pairs, differ_in });
        }
        Err(reasons)
    }

    /// What makes scores mean different things, unless that was allowed.
    fn refused(&self, plans: &PlanDifferences) -> Vec<String> {
        if self.on_difference == OnDifference::Name {
            return Vec::new();
        }
        let different = plans.disqualifying.iter();
        different.map(|d| format!("the runs are not comparable: {d}")).collect()
    }
}

fn over_budget(whose: &str, side: &Side, budgets: Budgets) -> Vec<String> {
    let health = side.health();
    let shares = [
        (health.share_failed(), budgets.max_failed, "samples failed or are missing"),
        (
            health.share_truncated(),
            budgets.max_truncated,
            "graded samples ran into the token limit",
        ),
    ];
    shares.into_iter().filter_map(|budget| over(budget, whose, side)).collect()
}

/// A share that is larger than allowed, in words.
fn over((found, most, what): (f64, f64, &str), whose: &str, side: &Side) -> Option<String> {
    let (shown, allowed, task) = (share(found), share(most), &side.plan.task);
    let text = format!("{shown} of the {whose}'s {what} on {task}; {allowed} are allowed");
    (found > most + 1e-12).then_some(text)
}

/// One rule of one task.
fn single(rule: &Rule, runs: &Runs<'_>, n_sharing: usize) -> RuleReport {
    let mut report = RuleReport {
        name: rule.task.clone(),
        tasks: vec![rule.task.clone()],
        tier: rule.tier,
        metric: rule.metric,
        direction: rule.direction,
        confidence: rule.confidence,
        result: GateResult::Inconclusive,
        reasons: Vec::new(),
        measured: None,
        differ_in: Vec::new(),
    };
    match runs.usable(&rule.task, rule.metric, rule.budgets) {
        Err(reasons) => report.reasons = reasons,
        Ok(usable) => {
            report.metric = usable.metric;
            report.differ_in = usable.differ_in;
            let tails = Tails::new(rule.confidence, n_sharing);
            let (result, measured) = measure(rule, usable.metric, &usable.pairs, tails);
            report.result = result;
            report.reasons.push(reason(result, &measured, usable.metric, rule.direction));
            report.measured = Some(measured);
        }
    }
    report
}

/// What is left out beyond a bound.
#[derive(Clone, Copy)]
pub(super) struct Tails {
    /// To exclude a drop: one true regression in so many passes.
    pub(super) pass: Tail,
    /// To call a regression, which all deciding rules may together do falsely so often.
    pub(super) alarm: Tail,
}

impl Tails {
    pub(super) fn new(confidence: f64, n_sharing: usize) -> Self {
        let pass = Tail::one_sided(confidence);
        Self { pass, alarm: pass.shared_among(n_sharing) }
    }
}

/// Item differences that are above 0 where the candidate is better.
pub(super) fn gains(pairs: &[Pair], direction: Direction) -> Vec<f64> {
    pairs
        .iter()
        .map(|pair| match direction {
            Direction::Higher => pair.difference(),
            Direction::Lower => -pair.difference(),
        })
        .collect()
}

/// How much an item keeps above what a relative limit asks for.
fn kept(pairs: &[Pair], direction: Direction, relative: f64) -> Vec<f64> {
    pairs
        .iter()
        .map(|pair| match direction {
            Direction::Higher => pair.b.value - (1.0 - relative) * pair.a.value,
            Direction::Lower => (1.0 + relative) * pair.a.value - pair.b.value,
        })
        .collect()
}

fn measure(
    rule: &Rule,
    metric: ItemMetric,
    pairs: &[Pair],
    tails: Tails,
) -> (GateResult, Measured) {
    let shape = Shape::of(metric);
    let mean =
        |score: &dyn Fn(&Pair) -> f64| pairs.iter().map(score).sum::<f64>() / pairs.len() as f64;
    let (base, candidate) = (mean(&|pair| pair.a.value), mean(&|pair| pair.b.value));
    let tested = significance(pairs, shape);
    let p = match rule.direction {
        Direction::Higher => tested.p_down,
        Direction::Lower => tested.p_up,
    };
    let gains = gains(pairs, rule.direction);
    let some = "a usable task has items, at least one";
    let spread = Spread::new(&gains, shape).expect(some);
    let bound = |spread: &Spread<'_>| Bounds {
        low: spread.interval(tails.pass).low,
        high: spread.interval(tails.alarm).high,
    };
    let results = limits(rule.limits).map(|limit| match limit {
        Limit::Absolute(drop) => bound(&spread).decide(-drop, p, tails.alarm),
        // Nothing falls below a score of nothing.
        Limit::Relative(_) if base == 0.0 && rule.direction == Direction::Higher => {
            GateResult::Pass
        }
        Limit::Relative(relative) => {
            let kept = kept(pairs, rule.direction, relative);
            bound(&Spread::new(&kept, shape).expect(some)).decide(0.0, p, tails.alarm)
        }
    });
    let result = worst(results);
    let allowed = rule.limits.allowed(base);
    let ends = spread.interval(tails.pass);
    let (low, high) = match rule.direction {
        Direction::Higher => (ends.low, ends.high),
        Direction::Lower => (0.0 - ends.high, 0.0 - ends.low),
    };
    let detectable = allowed + spread.detectable(tails.alarm);
    let change = candidate - base;
    let n_items = pairs.len();
    (result, Measured { base, candidate, change, low, high, allowed, detectable, p, n_items })
}

enum Limit {
    Absolute(f64),
    Relative(f64),
}

fn limits(limits: Limits) -> impl Iterator<Item = Limit> {
    let absolute = limits.absolute().map(Limit::Absolute);
    absolute.into_iter().chain(limits.relative().map(Limit::Relative))
}

/// Between which bounds a gain lies.
pub(super) struct Bounds {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Bounds {
    /// Whether the gain is at least `least`. A regression also takes an exact test of no change, which
    /// holds the rate of false alarms where an interval of few items would not.
    pub(super) fn decide(&self, least: f64, p: f64, alarm: Tail) -> GateResult {
        if self.low >= least {
            GateResult::Pass
        } else if self.high < least && p <= alarm.probability() {
            GateResult::Regression
        } else {
            GateResult::Inconclusive
        }
    }
}

/// A regression by one limit is one; all limits must be kept to pass.
fn worst(results: impl Iterator<Item = GateResult>) -> GateResult {
    results.fold(GateResult::Pass, |worst, result| match (worst, result) {
        (GateResult::Regression, _) | (_, GateResult::Regression) => GateResult::Regression,
        (GateResult::Pass, result) => result,
        (GateResult::Inconclusive, _) => GateResult::Inconclusive,
    })
}

/// One sentence on what was decided.
pub(super) fn reason(
    result: GateResult,
    measured: &Measured,
    metric: ItemMetric,
    direction: Direction,
) -> String {
    let worse = match direction {
        Direction::Higher => "drop",
        Direction::Lower => "rise",
    };
    let allowed = size(measured.allowed, metric);
    match result {
        GateResult::Pass => format!("a {worse} of more than {allowed} is excluded"),
        GateResult::Regression => {
            format!("the {worse} exceeds {allowed} (p = {:.2e})", measured.p)
        }
        GateResult::Inconclusive => format!(
            "the change lies between {} and {}, and a {worse} of {allowed} is allowed",
            points(measured.low, metric),
            points(measured.high, metric)
        ),
    }
}
