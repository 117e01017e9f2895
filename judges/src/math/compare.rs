//! The order of comparisons of Math-Verify 0.9.0 (`sympy_expr_eq` in `grader.py`).

use super::Equivalence;
use super::collections;
use super::expressions;
use super::node::Node;
use super::relations;
use super::segments::solution_set;
use super::value::{Comparison, Relation, Value};

/// Compares a value with the gold value.
pub(super) fn values(gold: &Value, answer: &Value) -> Equivalence {
    let gold_is_equation = is_equation(gold);
    let gold_is_assignment = is_assignment(gold);
    let answer_is_equation = is_equation(answer);
    let (mut gold, mut answer) = (shortened(gold), shortened(answer));
    if answer_is_equation && !gold_is_equation {
        answer = last_side(answer);
    } else if gold_is_assignment && !answer_is_equation {
        gold = last_side(gold);
    }
    if let (Value::Relations(chain), true) = (&gold, is_set(&answer)) {
        let Some(set) = solution_set(chain) else { return Equivalence::Unsure };
        gold = set;
    }
    if gold == Value::Expression(Node::Undefined) {
        return Equivalence::Different;
    }
    if gold == answer {
        return Equivalence::Equal;
    }
    match (&gold, &answer) {
        (Value::Relations(gold), Value::Relations(answer)) => relations::compare(gold, answer),
        (Value::Expression(gold), Value::Expression(answer)) => expressions::compare(gold, answer),
        _ if gold.is_collection() || answer.is_collection() => collections::compare(&gold, &answer),
        _ => Equivalence::Different,
    }
}

/// Whether a gold value equals no number, whichever it is.
pub(super) fn is_never_number(gold: &Value) -> bool {
    match gold {
        Value::Expression(node) => match node {
            Node::Matrix(_) => true,
            Node::Symbol(symbol) => symbol.name.chars().all(char::is_alphabetic),
            _ => false,
        },
        Value::Tuple(elements) => elements.len() > 1,
        Value::Interval(_) | Value::Domain(_) => true,
        _ => false,
    }
}

fn is_equation(value: &Value) -> bool {
    let Value::Relations(chain) = value else { return false };
    chain.iter().all(|relation| relation.comparison == Comparison::Equal)
}

/// Whether a value is an equation whose left side has symbols only.
fn is_assignment(value: &Value) -> bool {
    let Value::Relations(chain) = value else { return false };
    is_equation(value) && chain.first().is_some_and(|first| has_only_symbols(&first.left))
}

fn has_only_symbols(value: &Value) -> bool {
    match value {
        Value::Expression(node) => node.has_only_symbols(),
        Value::Tuple(elements) | Value::Set(elements) => {
            !elements.is_empty() && elements.iter().all(has_only_symbols)
        }
        _ => false,
    }
}

/// An assignment without the middle of its chain.
fn shortened(value: &Value) -> Value {
    match value {
        Value::Relations(chain) if is_assignment(value) && chain.len() > 1 => {
            let (first, last) = (&chain[0], &chain[chain.len() - 1]);
            Value::Relations(vec![Relation {
                left: first.left.clone(),
                comparison: Comparison::Equal,
                right: last.right.clone(),
            }])
        }
        other => other.clone(),
    }
}

/// The right side of the last relation.
pub(super) fn last_side(value: Value) -> Value {
    match value {
        Value::Relations(mut chain) => chain.pop().expect("a chain has a relation").right,
        other => other,
    }
}

/// Whether upstream takes a value for a set; a tuple is none.
fn is_set(value: &Value) -> bool {
    value.is_collection() && !matches!(value, Value::Tuple(_))
}
