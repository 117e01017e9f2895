//! Sets of real numbers as segments of the line.

use std::cmp::Ordering;

use super::canonical::{canonical, rational};
use super::node::{Node, Sign};
use super::polynomial::{Atom, Exponent};
use super::ratio::Ratio;
use super::value::{Bound, Comparison, Domain, Interval, Relation, Value};

/// A place on the line: at an end, just before or just after a number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cut {
    at: Place,
    /// Whether the cut lies after the number.
    is_after: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Start,
    At(Ratio),
    End,
}

/// The maximal segments of a set, in order, or `None` where an end is not rational or a decimal
/// stands among several parts.
pub(super) fn segments(value: &Value) -> Option<Vec<(Cut, Cut)>> {
    let whole = || (cut(Place::Start, true), cut(Place::End, false));
    match value {
        Value::Domain(Domain::Empty) => Some(Vec::new()),
        Value::Domain(Domain::Reals) => Some(vec![whole()]),
        Value::Interval(interval) => {
            let (left, right) = (place(&interval.left.at)?, place(&interval.right.at)?);
            let segment = (cut(left, interval.left.is_open), cut(right, !interval.right.is_open));
            Some(joined(vec![segment]))
        }
        Value::Set(elements) => {
            let points = elements.iter().map(|element| {
                let at = place(element.as_expression()?)?;
                Some((cut(at.clone(), false), cut(at, true)))
            });
            Some(joined(points.collect::<Option<_>>()?))
        }
        Value::Union(left, right) => {
            let mut all = segments(left)?;
            all.extend(segments(right)?);
            Some(joined(all))
        }
        Value::Difference(left, right) => Some(common(&segments(left)?, &rest(&segments(right)?))),
        Value::Intersection(left, right) => Some(common(&segments(left)?, &segments(right)?)),
        _ => None,
    }
}

fn cut(at: Place, is_after: bool) -> Cut {
    Cut { at, is_after }
}

fn place(node: &Node) -> Option<Place> {
    match node {
        Node::Infinity(Sign::Negative) => Some(Place::Start),
        Node::Infinity(Sign::Positive) => Some(Place::End),
        other if other.any(&|part| matches!(part, Node::Decimal(_) | Node::Percent(_))) => None,
        other => rational(other).map(Place::At),
    }
}

/// Segments in order, with those that meet made one.
fn joined(mut parts: Vec<(Cut, Cut)>) -> Vec<(Cut, Cut)> {
    parts.retain(|(left, right)| left.cmp(right) == Ordering::Less);
    parts.sort();
    let mut joined: Vec<(Cut, Cut)> = Vec::with_capacity(parts.len());
    for (left, right) in parts {
        match joined.last_mut() {
            Some((_, end)) if left <= *end => *end = right.max(end.clone()),
            _ => joined.push((left, right)),
        }
    }
    joined
}

/// What is left of the line.
fn rest(parts: &[(Cut, Cut)]) -> Vec<(Cut, Cut)> {
    let mut from = cut(Place::Start, true);
    let mut rest = Vec::with_capacity(parts.len() + 1);
    for (left, right) in parts {
        rest.push((from, left.clone()));
        from = right.clone();
    }
    rest.push((from, cut(Place::End, false)));
    joined(rest)
}

fn common(left: &[(Cut, Cut)], right: &[(Cut, Cut)]) -> Vec<(Cut, Cut)> {
    let pairs = left.iter().flat_map(|a| right.iter().map(move |b| (a, b)));
    joined(
        pairs.map(|(a, b)| (a.0.clone().max(b.0.clone()), a.1.clone().min(b.1.clone()))).collect(),
    )
}

/// The interval that a chain of inequalities in one symbol describes.
pub(super) fn solution_set(chain: &[Relation]) -> Option<Value> {
    let (mut left, mut right): (Option<Bound>, Option<Bound>) = (None, None);
    let mut name = None;
    for relation in chain {
        let (symbol, comparison, at) = solved(relation)?;
        if name.get_or_insert(symbol.clone()) != &symbol {
            return None;
        }
        let is_open = matches!(comparison, Comparison::Less | Comparison::Greater);
        let side = match comparison {
            Comparison::Less | Comparison::AtMost => &mut right,
            Comparison::Greater | Comparison::AtLeast => &mut left,
            Comparison::Equal | Comparison::NotEqual => return None,
        };
        if side.replace(Bound { at, is_open }).is_some() {
            return None;
        }
    }
    let end = |sign| Bound { at: Node::Infinity(sign), is_open: true };
    let left = left.unwrap_or_else(|| end(Sign::Negative));
    let right = right.unwrap_or_else(|| end(Sign::Positive));
    let is_ordered = match (place(&left.at)?, place(&right.at)?) {
        (Place::At(left), Place::At(right)) => left < right,
        _ => true,
    };
    is_ordered.then_some(Value::Interval(Interval { left, right }))
}

/// A relation between one symbol and a rational number: the symbol, the comparison read from it,
/// and the number.
fn solved(relation: &Relation) -> Option<(Node, Comparison, Node)> {
    let (left, right) = (relation.left.as_expression()?, relation.right.as_expression()?);
    let difference = canonical(left)?.add(&canonical(right)?.negate()?)?;
    if !difference.bottom.is_one() || difference.top.terms().len() > 2 {
        return None;
    }
    let (mut slope, mut constant) = (None, Ratio::zero());
    for (monomial, ratio) in difference.top.terms() {
        match monomial.0.as_slice() {
            [] => constant = ratio.clone(),
            [(Atom::Symbol(symbol), exponent)] if *exponent == Exponent::ONE => {
                slope = Some((Node::Symbol(symbol.clone()), ratio.clone()));
            }
            _ => return None,
        }
    }
    let (symbol, slope) = slope?;
    let at = constant.negate().div(&slope)?;
    let comparison = relation.comparison;
    let comparison = if slope.is_negative() { comparison.flipped() } else { comparison };
    Some((symbol, comparison, Node::rational(at)))
}
