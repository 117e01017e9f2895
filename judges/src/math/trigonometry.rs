//! Trigonometric functions of rational multiples of π, and their relations to sine and cosine.

use super::node::Function;
use super::polynomial::{Atom, Exponent, Monomial, Polynomial};
use super::quotient::Quotient;
use super::ratio::Ratio;

/// A function in terms of sine and cosine, with exact values at multiples of π/4 and π/6.
pub(super) fn exact(function: &Function, arguments: &[Quotient]) -> Option<Quotient> {
    let argument = arguments.first()?;
    match function {
        Function::Sin => sine(argument),
        Function::Cos => cosine(argument),
        Function::Tan => sine(argument)?.mul(&cosine(argument)?.inverse()?),
        Function::Cot => cosine(argument)?.mul(&sine(argument)?.inverse()?),
        Function::Sec => cosine(argument)?.inverse(),
        Function::Csc => sine(argument)?.inverse(),
        _ => None,
    }
}

fn sine(argument: &Quotient) -> Option<Quotient> {
    if let Some(turns) = in_half_turns(argument) {
        // sin πt = cos π(t - 1/2)
        if let Some(value) = cosine_of(&turns.add(&Ratio::new((-1).into(), 2.into())?)?) {
            return Some(value);
        }
    }
    let is_negative = argument.top.leading().is_some_and(|(_, ratio)| ratio.is_negative());
    let size = if is_negative { argument.negate()? } else { argument.clone() };
    let value = Quotient::atom(Atom::Call(Function::Sin, vec![size]));
    if is_negative { value.negate() } else { Some(value) }
}

fn cosine(argument: &Quotient) -> Option<Quotient> {
    if let Some(value) = in_half_turns(argument).and_then(|turns| cosine_of(&turns)) {
        return Some(value);
    }
    let is_negative = argument.top.leading().is_some_and(|(_, ratio)| ratio.is_negative());
    let size = if is_negative { argument.negate()? } else { argument.clone() };
    Some(Quotient::atom(Atom::Call(Function::Cos, vec![size])))
}

/// The rational factor of a multiple of π.
fn in_half_turns(argument: &Quotient) -> Option<Ratio> {
    if argument.as_rational().is_some_and(|ratio| ratio.is_zero()) {
        return Some(Ratio::zero());
    }
    let (monomial, ratio) = argument.top.as_term().filter(|_| argument.bottom.is_one())?;
    let is_pi = *monomial == Monomial(vec![(Atom::Pi, Exponent::ONE)]);
    is_pi.then(|| ratio.clone())
}

/// cos πt where t is a multiple of 1/4 or 1/6.
fn cosine_of(turns: &Ratio) -> Option<Quotient> {
    let twelfths = turns.mul(&Ratio::integer(12))?.to_i64()?.rem_euclid(24);
    let folded = twelfths.min(24 - twelfths);
    let (is_negative, acute) = if folded > 6 { (true, 12 - folded) } else { (false, folded) };
    let half = |prime: u64| -> Option<Quotient> {
        let root = Monomial(vec![(Atom::Prime(prime), Exponent::new(1, 2)?)]);
        Some(Polynomial::term(root, Ratio::new(1.into(), 2.into())?).into())
    };
    let value = match acute {
        0 => Quotient::rational(Ratio::one()),
        2 => half(3)?,
        3 => half(2)?,
        4 => Quotient::rational(Ratio::new(1.into(), 2.into())?),
        6 => Quotient::rational(Ratio::zero()),
        _ => return None,
    };
    if is_negative { value.negate() } else { Some(value) }
}
