//! Mathematical equivalence of two answers, decided natively where the verdict is certain.
//!
//! The verdict that is reproduced is that of Math-Verify 0.9.0 (with latex2sympy2-extended 1.11.0
//! and sympy 1.14.0): `verify` of the gold answer between dollars and the answer inside `\boxed`,
//! the box having the first priority. [`Equivalence::Equal`] and [`Equivalence::Different`] are
//! said only where that verdict is certain; everything else is [`Equivalence::Unsure`] and belongs
//! to the reference itself.
//!
//! An answer is cleaned as upstream cleans it (`clean`), cut into tokens (`token`), read by the
//! upstream grammar (`reader`, `list_reader`), and compared: numbers and expressions through an
//! exact canonical form (`canonical`), which can prove equality, and through approximate values at
//! sample points (`estimate`), which can only prove a difference.

mod answer;
mod atom;
mod boxed;
mod canonical;
mod clean;
mod collections;
mod commands;
mod compare;
mod estimate;
mod expressions;
mod fallback;
mod functions;
mod list_reader;
mod node;
mod normal;
mod polynomial;
mod quotient;
mod ratio;
mod reader;
mod relations;
mod respell;
mod segments;
#[cfg(test)]
mod tests;
mod token;
mod trigonometry;
mod units;
mod value;

use answer::{Answer, Parsed};

/// The longest answer, in bytes, that is looked at.
pub const LONGEST_ANSWER: usize = 4096;

/// Whether two answers are equivalent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Equivalence {
    /// Certainly equivalent.
    Equal,
    /// Certainly not.
    Different,
    /// Not decided here.
    Unsure,
}

impl Equivalence {
    pub(crate) fn of(is_equal: bool) -> Self {
        if is_equal { Self::Equal } else { Self::Different }
    }

    /// Equal where all are, different where one is.
    pub(crate) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::Equal;
        for part in parts {
            match part {
                Self::Different => return Self::Different,
                Self::Unsure => all = Self::Unsure,
                Self::Equal => {}
            }
        }
        all
    }

    /// Equal where one of two ways says so, different where both do.
    pub(crate) fn or(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::Different => other(),
            Self::Unsure => match other() {
                Self::Equal => Self::Equal,
                _ => Self::Unsure,
            },
        }
    }
}

/// Compares an answer, the inside of a box, with the gold answer. The order matters, as it does
/// upstream: an equation that answers a gold expression is taken by its right side.
///
/// Time and memory are bounded for any input.
#[must_use]
pub fn compare(gold: &str, answer: &str) -> Equivalence {
    if gold.len().max(answer.len()) > LONGEST_ANSWER {
        return Equivalence::Unsure;
    }
    let (gold, answer) = (Answer::gold(gold), Answer::boxed(answer));
    if gold.text.is_some() && gold.text == answer.text {
        return Equivalence::Equal;
    }
    match (gold.value, answer.value) {
        (Parsed::Value(gold), Parsed::Value(answer)) => compare::values(&gold, &answer),
        (Parsed::Nothing, _) | (_, Parsed::Nothing) => Equivalence::Different,
        (Parsed::Value(gold), Parsed::Number) if compare::is_never_number(&gold) => {
            Equivalence::Different
        }
        _ => Equivalence::Unsure,
    }
}

/// The form in which an answer votes for a consensus.
///
/// Equality of forms is an equivalence relation by construction. Answers that are read and have an
/// exact canonical form share a form if and only if they are the same value: numbers as exact
/// rational numbers and radicals, expressions multiplied out, comma lists and sets in sorted order
/// without repetition, `x = 5` as `5`, units and base subscripts dropped, a percentage as the
/// number before the sign. Everything else votes as its cleaned text.
///
/// Two departures from [`compare`] follow, because that relation is not transitive: a decimal votes
/// as its exact value (`0.333333` is not a third), and `(1,2)` is not `1,2`.
#[must_use]
pub fn normal_form(answer: &str) -> String {
    if answer.len() > LONGEST_ANSWER {
        return answer.trim().to_owned();
    }
    let parsed = Answer::boxed(answer);
    let form = match &parsed.value {
        Parsed::Value(value) => normal::form(value),
        Parsed::Nothing | Parsed::Number | Parsed::Unread => None,
    };
    form.or(parsed.text).unwrap_or_else(|| answer.trim().to_owned())
}
