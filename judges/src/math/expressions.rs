//! Comparison of two expressions (`sympy_compare_symbols`, `sympy_numeric_eq` and
//! `sympy_symbolic_eq` of Math-Verify 0.9.0).

use num_bigint::Sign;

use super::Equivalence;
use super::canonical::{canonical, rational};
use super::estimate::{Complex, estimate};
use super::node::{Constant, Function, Node};
use super::quotient::Quotient;
use super::ratio::Ratio;

/// Decimal places that remain where one side is a decimal.
const PLACES: u32 = 6;

/// Sample points that are compared.
const N_SAMPLES: u64 = 3;

/// Numbers that lie farther apart, relative to their size, are different.
const CLEAR: f64 = 1e-9;

/// The digits that a floating-point number of the usual precision keeps.
const KEPT_DIGITS: usize = 15;

pub(super) fn compare(gold: &Node, answer: &Node) -> Equivalence {
    if gold == answer {
        return Equivalence::Equal;
    }
    if matches!(gold, Node::Symbol(_)) || matches!(answer, Node::Symbol(_)) {
        return symbols(gold, answer);
    }
    match (gold, answer) {
        (Node::Matrix(gold), Node::Matrix(answer)) => matrices(gold, answer),
        (Node::Matrix(_), other) | (other, Node::Matrix(_)) => {
            if other.any(&Node::is_matrix) {
                Equivalence::Unsure
            } else {
                Equivalence::Different
            }
        }
        _ => scalars(gold, answer),
    }
}

/// A symbol against anything: only names are compared.
fn symbols(gold: &Node, answer: &Node) -> Equivalence {
    let ((Node::Symbol(symbol), other) | (other, Node::Symbol(symbol))) = (gold, answer) else {
        return Equivalence::Unsure;
    };
    let folded = |name: &str| match name.chars().count() {
        1 => name.to_owned(),
        _ => name.to_lowercase(),
    };
    match other {
        Node::Symbol(other) => Equivalence::of(folded(&symbol.name) == folded(&other.name)),
        Node::Constant(Constant::Euler) => Equivalence::of(symbol.name.to_lowercase() == "e"),
        // Upstream computes powers of e while it reads: e^(ln n) is n.
        _ if other.any(&|part| is_power_of_euler(part)) => Equivalence::Unsure,
        Node::Product(factors) => match spelled(factors) {
            Some(word) => Equivalence::of(symbol.name.to_lowercase() == word),
            None => printed_alike(&symbol.name, other),
        },
        other => printed_alike(&symbol.name, other),
    }
}

fn is_power_of_euler(node: &Node) -> bool {
    matches!(node, Node::Power(base, _) if **base == Node::Constant(Constant::Euler))
}

/// The word that factors spell, where all of them are symbols or e.
fn spelled(factors: &[Node]) -> Option<String> {
    let mut word = String::new();
    for factor in factors {
        match factor {
            Node::Symbol(symbol) => word.push_str(&symbol.name),
            Node::Constant(Constant::Euler) => word.push('e'),
            _ => return None,
        }
    }
    Some(word.to_lowercase())
}

/// Whether an expression prints as a symbol's name, as `5` does for `\text{5}`.
fn printed_alike(name: &str, other: &Node) -> Equivalence {
    if let Some(ratio) = other.as_rational() {
        return Equivalence::of(ratio.to_string() == name);
    }
    // A sum prints with spaces, which a name has not.
    let is_word = name.chars().all(|c| c.is_alphabetic() || c == '_') && name != "oo";
    if is_word || matches!(other, Node::Sum(_)) {
        Equivalence::Different
    } else {
        Equivalence::Unsure
    }
}

fn matrices(gold: &[Vec<Node>], answer: &[Vec<Node>]) -> Equivalence {
    if gold.len() != answer.len() || gold[0].len() != answer[0].len() {
        return Equivalence::Different;
    }
    let has_percent = |rows: &[Vec<Node>]| rows.iter().flatten().any(|n| n.any(&Node::is_percent));
    if has_percent(gold) || has_percent(answer) {
        return Equivalence::Unsure;
    }
    let pairs = gold.iter().flatten().zip(answer.iter().flatten());
    // Upstream computes the entries first, which makes a decimal of `1.5/3`.
    let is_computed = |node: &Node| has_inner_decimal(node) && !is_decimal(node);
    Equivalence::all(pairs.map(|(gold, answer)| match gold == answer {
        _ if is_computed(gold) || is_computed(answer) => Equivalence::Unsure,
        true => Equivalence::Equal,
        false => scalars(gold, answer),
    }))
}

fn scalars(gold: &Node, answer: &Node) -> Equivalence {
    let is_infinite = |node: &Node| matches!(node, Node::Infinity(_) | Node::Undefined);
    if is_infinite(gold) || is_infinite(answer) {
        let other = if is_infinite(gold) { answer } else { gold };
        let is_finite =
            estimate(other, 0).is_some() || other.any(&|part| matches!(part, Node::Symbol(_)));
        let is_odd = !is_infinite(other) && (other.any(&is_infinite) || !is_finite);
        return if is_odd { Equivalence::Unsure } else { Equivalence::of(gold == answer) };
    }
    if is_decimal(gold) || is_decimal(answer) {
        return decimals(gold, answer);
    }
    match (counted(gold), counted(answer)) {
        (Some(gold), Some(answer)) if gold == answer => return Equivalence::Equal,
        _ => {}
    }
    exact(gold, answer)
}

/// Whether an expression is a decimal, or one with a percent sign.
fn is_decimal(node: &Node) -> bool {
    match node {
        Node::Decimal(_) => true,
        Node::Percent(inner) => is_decimal(inner),
        _ => false,
    }
}

/// The integer that an expression is, with or without a percent sign, which is ignored.
fn counted(node: &Node) -> Option<&num_bigint::BigInt> {
    match node {
        Node::Integer(number) => Some(number),
        Node::Percent(inner) => counted(inner),
        _ => None,
    }
}

/// Digits of the decimal that an expression is.
fn n_digits(node: &Node) -> usize {
    match node {
        Node::Decimal(decimal) => decimal.n_digits,
        Node::Percent(inner) => n_digits(inner),
        _ => 0,
    }
}

/// Where one side is a decimal both are rounded, unless the other is an integer.
fn decimals(gold: &Node, answer: &Node) -> Equivalence {
    let (Some(left), Some(right)) = (canonical(gold), canonical(answer)) else {
        return rounded_estimates(gold, answer);
    };
    let has_symbols = left.has_symbols() || right.has_symbols();
    match (left.as_rational(), right.as_rational()) {
        (Some(left), Some(right)) => rounded(gold, answer, &left, &right),
        _ if has_symbols => different_at_samples(gold, answer),
        _ => rounded_estimates(gold, answer),
    }
}

/// Compares the rational values of two expressions of which one is a decimal.
fn rounded(gold: &Node, answer: &Node, left: &Ratio, right: &Ratio) -> Equivalence {
    let other = if is_decimal(gold) { answer } else { gold };
    let is_computed = !is_decimal(other) && has_inner_decimal(other);
    if left == right && !is_computed {
        return Equivalence::Equal;
    }
    let n_digits = n_digits(gold).max(n_digits(answer));
    let gap = left.add(&right.negate()).map_or(f64::INFINITY, |gap| gap.abs().to_f64());
    let size = left.abs().max(right.abs()).to_f64();
    let exact = if is_decimal(gold) { right } else { left };
    if !is_decimal(other) && exact.is_integer() {
        let is_clear = gap > 1e-12 * size || !is_computed && n_digits <= KEPT_DIGITS && gap > 0.0;
        return if is_clear { Equivalence::Different } else { Equivalence::Unsure };
    }
    if size > 1e8 && gap < 1e-12 * size {
        return Equivalence::Unsure;
    }
    let (left, right) = (left.round(PLACES), right.round(PLACES));
    match (left, right) {
        (Some([a, b]), Some([c, d])) if a == b && c == d => Equivalence::of(a == c),
        (Some(left), Some(right)) if left.iter().all(|one| !right.contains(one)) => {
            Equivalence::Different
        }
        _ => Equivalence::Unsure,
    }
}

fn has_inner_decimal(node: &Node) -> bool {
    node.any(&|part| matches!(part, Node::Decimal(_)))
}

/// Rounds approximate values, where their rounding is certain.
fn rounded_estimates(gold: &Node, answer: &Node) -> Equivalence {
    let has_symbols = |node: &Node| node.any(&|part| matches!(part, Node::Symbol(_)));
    if has_symbols(gold) || has_symbols(answer) {
        return different_at_samples(gold, answer);
    }
    let value = |node| estimate(node, 0).and_then(Complex::real);
    let (Some(left), Some(right)) = (value(gold), value(answer)) else {
        return Equivalence::Unsure;
    };
    let scaled = |value: f64| {
        let scaled = value * 1e6;
        let is_clear = scaled.abs() < 1e14
            && (scaled.fract().abs() - 0.5).abs() > 1e-6_f64.max(scaled.abs() * 1e-13);
        is_clear.then(|| scaled.round())
    };
    match (scaled(left), scaled(right)) {
        (Some(a), Some(b)) if (a - b).abs() < 0.5 => Equivalence::Equal,
        (Some(_), Some(_)) => Equivalence::Different,
        _ => different_at_samples(gold, answer),
    }
}

/// Compares two exact expressions.
fn exact(gold: &Node, answer: &Node) -> Equivalence {
    let forms = canonical(gold).zip(canonical(answer));
    let Some((left, right)) = forms else { return different_at_samples(gold, answer) };
    match left.equals(&right) {
        Some(true) => equal_forms(gold, answer, &left),
        Some(false) => different_forms(gold, answer, &left, &right),
        None => different_at_samples(gold, answer),
    }
}

/// Equal forms are equal upstream too, where no floating-point arithmetic comes between.
fn equal_forms(gold: &Node, answer: &Node, form: &Quotient) -> Equivalence {
    let is_inexact = |node: &Node| has_inner_decimal(node) && node.any(&|part| is_inexact(part));
    let is_odd = |node: &Node| node.any(&|part| is_odd(part));
    if is_number(gold) && is_number(answer) {
        return Equivalence::Equal;
    }
    if is_odd(gold) || is_odd(answer) {
        return Equivalence::Unsure;
    }
    if is_inexact(gold) || is_inexact(answer) {
        let is_simple = |node: &Node| is_simple_product(node) || !has_inner_decimal(node);
        let is_rational = form.as_rational().is_some();
        let is_certain = is_rational && is_simple(gold) && is_simple(answer);
        return if is_certain { Equivalence::Equal } else { Equivalence::Unsure };
    }
    Equivalence::Equal
}

/// Whether a number is a short binary fraction, which floating-point arithmetic keeps.
fn is_binary(ratio: &Ratio) -> bool {
    let bottom = ratio.bottom();
    bottom.trailing_zeros() == Some(bottom.bits() - 1)
        && bottom.bits().max(ratio.top().bits()) <= 30
}

/// A part that floating-point arithmetic rounds.
fn is_inexact(node: &Node) -> bool {
    match node {
        Node::Decimal(decimal) => !is_binary(&decimal.value),
        Node::Fraction(ratio) => !is_binary(ratio),
        Node::Power(base, exponent) if matches!(&**exponent, Node::Integer(times) if times.sign() == Sign::Minus) =>
        {
            let inverse = base.as_rational().and_then(|base| Ratio::one().div(&base));
            has_inner_decimal(base) || inverse.is_some_and(|inverse| !is_binary(&inverse))
        }
        Node::Power(base, exponent) => {
            let is_whole = matches!(**exponent, Node::Integer(_));
            has_inner_decimal(exponent) || !is_whole && has_inner_decimal(base)
        }
        Node::Call(Function::Abs, _) => false,
        Node::Call(_, arguments) => arguments.iter().any(has_inner_decimal),
        _ => false,
    }
}

/// What upstream does not compute as its form says.
fn is_odd(node: &Node) -> bool {
    matches!(node, Node::Percent(_) | Node::Undefined)
}

/// Whether a node is a number, or one with a percent sign.
fn is_number(node: &Node) -> bool {
    match node {
        Node::Percent(inner) => is_number(inner),
        other => other.as_rational().is_some(),
    }
}

/// A product of a decimal and exact numbers that is computed without a rounding error, as in
/// `1.44 \times 10^3`; or a rounded number.
fn is_simple_product(node: &Node) -> bool {
    if let Node::Call(Function::Floor | Function::Ceiling, _) = node {
        return true;
    }
    let Node::Product(factors) = node else { return false };
    let (mut decimal, mut rest) = (None, Ratio::one());
    for factor in factors {
        match factor {
            Node::Decimal(one) if decimal.is_none() => decimal = Some(&one.value),
            other if has_inner_decimal(other) => return false,
            other => match rational(other).and_then(|value| rest.mul(&value)) {
                Some(product) => rest = product,
                None => return false,
            },
        }
    }
    let Some((decimal, product)) = decimal.and_then(|one| Some((one, one.mul(&rest)?))) else {
        return false;
    };
    let (computed, expected) = (decimal.to_f64() * rest.to_f64(), product.to_f64());
    is_binary(&product) && computed.to_bits() == expected.to_bits()
}

fn different_forms(gold: &Node, answer: &Node, left: &Quotient, right: &Quotient) -> Equivalence {
    if let (Some(left), Some(right)) = (left.as_rational(), right.as_rational()) {
        return different_numbers(&left, &right);
    }
    let is_transparent = left.is_transparent() && right.is_transparent();
    if is_transparent
        && (left.has_symbols() || right.has_symbols())
        && !has_inner_decimal(gold)
        && !has_inner_decimal(answer)
    {
        return Equivalence::Different;
    }
    different_at_samples(gold, answer)
}

/// Upstream takes numbers for equal that differ by less than its precision.
fn different_numbers(left: &Ratio, right: &Ratio) -> Equivalence {
    let gap = left.add(&right.negate()).map_or(1.0, |difference| difference.abs().to_f64());
    if gap > 1e-12 { Equivalence::Different } else { Equivalence::Unsure }
}

/// Different where the values at some sample point are.
fn different_at_samples(gold: &Node, answer: &Node) -> Equivalence {
    for sample in 0..N_SAMPLES {
        let (Some(left), Some(right)) = (estimate(gold, sample), estimate(answer, sample)) else {
            continue;
        };
        let size = left.size().max(right.size());
        if left.distance(right) > CLEAR * size.max(1e-3) {
            return Equivalence::Different;
        }
    }
    Equivalence::Unsure
}
