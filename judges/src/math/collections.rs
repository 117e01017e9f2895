//! Comparison of sets, tuples and intervals (`sympy_compare_sets` of Math-Verify 0.9.0).

use super::Equivalence;
use super::compare::{last_side, values};
use super::estimate::{Complex, estimate};
use super::expressions;
use super::node::{Node, Sign};
use super::segments::segments;
use super::value::{Comparison, Interval, Value};

/// The most elements that are paired in any order.
const MOST_ELEMENTS: usize = 64;

/// Compares two values of which at least one is a collection.
///
/// Upstream lets a percent sign count or not by what the elements beside it are.
pub(super) fn compare(gold: &Value, answer: &Value) -> Equivalence {
    if gold.any(&Node::is_percent) || answer.any(&Node::is_percent) {
        return Equivalence::Unsure;
    }
    if let (Value::Interval(gold), Value::Interval(answer)) = (gold, answer) {
        return intervals(gold, answer);
    }
    let (gold, answer) = (wrapped(gold), wrapped(answer));
    match (&gold, &answer) {
        (Value::Set(_) | Value::Tuple(_), Value::Set(_) | Value::Tuple(_)) => {
            elements(&gold, &answer)
        }
        (Value::Interval(pair), Value::Set(_) | Value::Tuple(_)) => match pair_of(pair) {
            Some(pair) => elements(&pair, &answer),
            None => sets(&gold, &answer),
        },
        (Value::Set(_) | Value::Tuple(_), Value::Interval(pair)) => match pair_of(pair) {
            Some(pair) => elements(&gold, &pair),
            None => sets(&gold, &answer),
        },
        _ => sets(&gold, &answer),
    }
}

/// An element as a set of one.
fn wrapped(value: &Value) -> Value {
    if value.is_collection() { value.clone() } else { Value::Set(vec![value.clone()]) }
}

/// An open interval as a pair.
fn pair_of(interval: &Interval) -> Option<Value> {
    let is_open = interval.left.is_open && interval.right.is_open;
    let ends = [&interval.left.at, &interval.right.at];
    is_open.then(|| Value::Tuple(ends.map(|at| Value::Expression(at.clone())).to_vec()))
}

fn intervals(gold: &Interval, answer: &Interval) -> Equivalence {
    if gold.left.is_open != answer.left.is_open || gold.right.is_open != answer.right.is_open {
        return Equivalence::Different;
    }
    Equivalence::all([
        expressions::compare(&gold.left.at, &answer.left.at),
        expressions::compare(&gold.right.at, &answer.right.at),
    ])
}

/// Sets of numbers, of which at least one is not a list.
fn sets(gold: &Value, answer: &Value) -> Equivalence {
    let is_list = |value: &Value| match value {
        Value::Tuple(_) => true,
        Value::Set(elements) => !elements.iter().all(is_number_like),
        _ => false,
    };
    let is_interval = |value: &Value| matches!(value, Value::Interval(_));
    let is_any_list = |value: &Value| matches!(value, Value::Tuple(_) | Value::Set(_));
    let is_mixed =
        is_interval(gold) && is_any_list(answer) || is_any_list(gold) && is_interval(answer);
    if is_list(gold) || is_list(answer) || is_mixed {
        return Equivalence::Different;
    }
    match (segments(gold), segments(answer)) {
        (Some(gold), Some(answer)) => Equivalence::of(gold == answer),
        _ => Equivalence::Unsure,
    }
}

/// Whether an element could be a point of a set of numbers.
fn is_number_like(element: &Value) -> bool {
    let is_symbolic = |node: &Node| node.any(&|part| matches!(part, Node::Symbol(_)));
    element.as_expression().is_some_and(|node| !is_symbolic(node))
}

fn elements(gold: &Value, answer: &Value) -> Equivalence {
    let (gold_elements, answer_elements) = (distinct(gold), distinct(answer));
    if gold_elements.len().max(answer_elements.len()) > MOST_ELEMENTS {
        return Equivalence::Unsure;
    }
    if gold_elements.len() != answer_elements.len() {
        let are_sets = matches!((gold, answer), (Value::Set(_), Value::Set(_)));
        // The sets may still be equal, as {1, 2/2} and {1} are.
        let may_be_equal = are_sets && !has_lone(&gold_elements, &answer_elements);
        return if may_be_equal { Equivalence::Unsure } else { Equivalence::Different };
    }
    match (gold, answer) {
        (Value::Set(_), _) => unordered(&gold_elements, &answer_elements),
        (_, Value::Set(written)) if written.len() != gold_elements.len() => Equivalence::Different,
        _ => in_order(&gold_elements, &answer_elements),
    }
}

/// Whether an element of one side certainly equals none of the other.
fn has_lone(left: &[&Value], right: &[&Value]) -> bool {
    let is_lone = |one: &Value, others: &[&Value]| {
        others.iter().all(|other| values(one, other) == Equivalence::Different)
    };
    left.iter().any(|one| is_lone(one, right)) || right.iter().any(|one| is_lone(one, left))
}

/// The elements, without repetition in a set.
fn distinct(value: &Value) -> Vec<&Value> {
    match value {
        Value::Tuple(elements) => elements.iter().collect(),
        Value::Set(elements) => {
            let mut distinct: Vec<&Value> = Vec::new();
            for element in elements {
                if distinct.len() <= MOST_ELEMENTS && !distinct.contains(&element) {
                    distinct.push(element);
                }
            }
            distinct
        }
        _ => Vec::new(),
    }
}

fn in_order(gold: &[&Value], answer: &[&Value]) -> Equivalence {
    Equivalence::all(gold.iter().zip(answer).map(|(gold, answer)| values(gold, answer)))
}

/// Upstream sorts both sides; real numbers by size, and other elements so that equal ones meet.
fn unordered(gold: &[&Value], answer: &[&Value]) -> Equivalence {
    if let (Some(gold), Some(answer)) = (by_size(gold), by_size(answer)) {
        return in_order(&gold, &answer);
    }
    let mut left: Vec<&&Value> = answer.iter().collect();
    let mut is_sure = true;
    let mut n_matched = 0;
    for one in gold {
        let mut verdicts = left.iter().map(|other| values(one, other));
        let at = verdicts.position(|verdict| {
            is_sure &= verdict != Equivalence::Unsure;
            verdict == Equivalence::Equal
        });
        if let Some(at) = at {
            left.swap_remove(at);
            n_matched += 1;
        }
    }
    // A collection or a name is sorted apart from an expression that it equals.
    let n_odd = |side: &[&Value]| {
        let is_name = |node: &Node| matches!(node, Node::Symbol(_));
        side.iter().filter(|one| one.as_expression().is_none_or(is_name)).count()
    };
    match (n_matched == gold.len(), is_sure) {
        (true, _) if n_odd(gold) != n_odd(answer) => Equivalence::Unsure,
        (true, _) => Equivalence::Equal,
        (false, true) => Equivalence::Different,
        (false, false) => Equivalence::Unsure,
    }
}

/// The elements in order of size, where all are real numbers and none lie close together.
fn by_size<'a>(elements: &[&'a Value]) -> Option<Vec<&'a Value>> {
    let mut sized = Vec::with_capacity(elements.len());
    for element in elements {
        let value = match element {
            Value::Relations(chain) if chain.iter().all(|r| r.comparison == Comparison::Equal) => {
                last_side((*element).clone())
            }
            _ => (*element).clone(),
        };
        sized.push((size(value.as_expression()?)?, *element));
    }
    sized.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let is_clear =
        sized.windows(2).all(|pair| pair[1].0 - pair[0].0 > 1e-9 * (1.0 + pair[0].0.abs()));
    is_clear.then(|| sized.into_iter().map(|(_, element)| element).collect())
}

fn size(node: &Node) -> Option<f64> {
    match node {
        Node::Infinity(Sign::Positive) => Some(f64::INFINITY),
        Node::Infinity(Sign::Negative) => Some(f64::NEG_INFINITY),
        other if other.any(&|part| matches!(part, Node::Symbol(_))) => None,
        other => estimate(other, 0).and_then(Complex::real),
    }
}
