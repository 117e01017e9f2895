//! Rules over several tasks.

use super::evaluate::{Bounds, Runs, Tails, Usable, gains, reason};
use super::policy::{PooledRule, Weights};
use super::report::{GateResult, Measured, RuleReport};
use crate::compare::{Shape, Spread, random_flips};
use crate::metric::{Direction, Interval, Tail, mover};

/// One rule over several tasks, which are taken as independent.
pub(super) fn pooled(rule: &PooledRule, runs: &Runs<'_>, n_sharing: usize) -> RuleReport {
    let mut report = RuleReport {
        name: rule.name.clone(),
        tasks: rule.tasks.clone(),
        tier: rule.tier,
        metric: rule.metric,
        direction: rule.direction,
        confidence: rule.confidence,
        result: GateResult::Inconclusive,
        reasons: Vec::new(),
        measured: None,
        differ_in: Vec::new(),
    };
    let mut tasks = Vec::new();
    for task in &rule.tasks {
        match runs.usable(task, rule.metric, rule.budgets) {
            Ok(usable) => tasks.push(usable),
            Err(reasons) => report.reasons.extend(reasons),
        }
    }
    if report.reasons.is_empty() {
        let (result, measured) = measure(rule, &tasks, Tails::new(rule.confidence, n_sharing));
        report.result = result;
        report.reasons.push(reason(result, &measured, rule.metric, rule.direction));
        report.measured = Some(measured);
    }
    report
}

fn measure(rule: &PooledRule, tasks: &[Usable], tails: Tails) -> (GateResult, Measured) {
    let n_items: usize = tasks.iter().map(|task| task.pairs.len()).sum();
    let weight = |task: &Usable| match rule.weights {
        Weights::Tasks => 1.0 / tasks.len() as f64,
        Weights::Items => task.pairs.len() as f64 / n_items as f64,
    };
    let of_tasks: Vec<(f64, Vec<f64>)> =
        tasks.iter().map(|task| (weight(task), gains(&task.pairs, rule.direction))).collect();
    let pass = interval(&of_tasks, tails.pass);
    let alarm = interval(&of_tasks, tails.alarm);
    // Each item's share of the mean; a flip of its sign is as likely as not where nothing changed.
    let parts = of_tasks.iter().flat_map(|(weight, gains)| {
        gains.iter().map(move |gain| weight * gain / gains.len() as f64)
    });
    let p = random_flips(&parts.collect::<Vec<_>>()).p_down;
    let result = Bounds { low: pass.low, high: alarm.high }.decide(-rule.max_drop, p, tails.alarm);
    let mean = |score: &dyn Fn(&Usable) -> f64| {
        tasks.iter().map(|task| weight(task) * score(task)).sum::<f64>()
    };
    let of_pairs = |task: &Usable, is_base: bool| {
        let value = |pair: &crate::compare::Pair| if is_base { pair.a.value } else { pair.b.value };
        task.pairs.iter().map(value).sum::<f64>() / task.pairs.len() as f64
    };
    let (base, candidate) =
        (mean(&|task| of_pairs(task, true)), mean(&|task| of_pairs(task, false)));
    let (low, high) = match rule.direction {
        Direction::Higher => (pass.low, pass.high),
        Direction::Lower => (0.0 - pass.high, 0.0 - pass.low),
    };
    let detectable = rule.max_drop + detectable(&of_tasks, tails.alarm);
    let (change, allowed) = (candidate - base, rule.max_drop);
    (result, Measured { base, candidate, change, low, high, allowed, detectable, p, n_items })
}

/// The interval of the weighted mean gain.
fn interval(tasks: &[(f64, Vec<f64>)], tail: Tail) -> Interval {
    let part = |(weight, gains): &(f64, Vec<f64>)| {
        let spread = Spread::new(gains, Shape::Shares)?;
        Some((*weight, spread.mean, spread.interval(tail)))
    };
    mover(&tasks.iter().filter_map(part).collect::<Vec<_>>()).1
}

/// Squares of what each task could have seen add up, as variances do.
fn detectable(tasks: &[(f64, Vec<f64>)], tail: Tail) -> f64 {
    let part = |(weight, gains): &(f64, Vec<f64>)| {
        Some((weight * Spread::new(gains, Shape::Shares)?.detectable(tail)).powi(2))
    };
    tasks.iter().filter_map(part).sum::<f64>().sqrt()
}
