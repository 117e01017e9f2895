//! Comparison of equations and inequalities (`sympy_compare_relational` of Math-Verify 0.9.0).

use super::Equivalence;
use super::canonical::canonical;
use super::expressions;
use super::node::Node;
use super::polynomial::{Atom, Exponent, Polynomial};
use super::value::{Comparison, Relation, Value};

/// Chains of the same length are compared link by link.
pub(super) fn compare(gold: &[Relation], answer: &[Relation]) -> Equivalence {
    if gold.len() != answer.len() {
        return Equivalence::Different;
    }
    Equivalence::all(gold.iter().zip(answer).map(|(gold, answer)| link(gold, answer)))
}

fn link(gold: &Relation, answer: &Relation) -> Equivalence {
    if gold == answer {
        return Equivalence::Equal;
    }
    let sides = [&gold.left, &gold.right, &answer.left, &answer.right];
    let [Some(a), Some(b), Some(c), Some(d)] = sides.map(|side| side.as_expression()) else {
        // Upstream cannot subtract collections, which leaves equality of what is written.
        let is_same = gold.comparison == answer.comparison
            && same_as_written(&gold.left, &answer.left)
            && same_as_written(&gold.right, &answer.right);
        return Equivalence::of(is_same);
    };
    let same = || {
        let is_same = gold.comparison == answer.comparison;
        if is_same { equal_differences(a, b, c, d) } else { Equivalence::Different }
    };
    let flipped = || {
        let is_flipped = gold.comparison.flipped() == answer.comparison;
        if is_flipped { equal_differences(a, b, d, c) } else { Equivalence::Different }
    };
    let solved = || match (gold.comparison, answer.comparison) {
        (Comparison::Equal, Comparison::Equal) => same_solutions(a, b, c, d),
        _ => Equivalence::Different,
    };
    same().or(flipped).or(solved)
}

/// Equality as written, but for the order of sets.
fn same_as_written(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Set(left), Value::Set(right)) => {
            left.iter().all(|one| right.contains(one)) && right.iter().all(|one| left.contains(one))
        }
        _ => left == right,
    }
}

/// Whether `a - b` is `c - d`.
fn equal_differences(a: &Node, b: &Node, c: &Node, d: &Node) -> Equivalence {
    let gold = a.clone().plus(b.clone().negate());
    let answer = c.clone().plus(d.clone().negate());
    expressions::compare(&gold, &answer)
}

/// Whether two equations have the same solutions, where both are linear in some symbol.
fn same_solutions(a: &Node, b: &Node, c: &Node, d: &Node) -> Equivalence {
    let difference = |left: &Node, right: &Node| {
        let difference = canonical(left)?.add(&canonical(right)?.negate()?)?;
        let is_plain = difference.bottom.is_one() && difference.is_transparent();
        is_plain.then_some(difference.top)
    };
    let (Some(gold), Some(answer)) = (difference(a, b), difference(c, d)) else {
        return Equivalence::Unsure;
    };
    let (Some(one), Some(two)) = (normalised(&gold), normalised(&answer)) else {
        return Equivalence::Unsure;
    };
    match (is_linear(&gold) && is_linear(&answer), one == two) {
        (true, is_same) => Equivalence::of(is_same),
        (false, _) => Equivalence::Unsure,
    }
}

/// A polynomial scaled to the leading coefficient one.
fn normalised(polynomial: &Polynomial) -> Option<Polynomial> {
    let leading = polynomial.leading()?.1;
    polynomial.scale(&super::ratio::Ratio::one().div(leading)?)
}

/// Whether a polynomial has symbols and is of the first degree in all of them.
fn is_linear(polynomial: &Polynomial) -> bool {
    let mut has_symbols = false;
    for (monomial, _) in polynomial.terms() {
        let symbols = monomial.0.iter().filter(|(atom, _)| matches!(atom, Atom::Symbol(_)));
        let exponents: Vec<Exponent> = symbols.map(|(_, exponent)| *exponent).collect();
        match exponents.as_slice() {
            [] => {}
            [exponent] if *exponent == Exponent::ONE => has_symbols = true,
            _ => return false,
        }
    }
    has_symbols
}
