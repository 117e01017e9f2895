//! Expressions as they are written, before anything is multiplied out.

use num_bigint::BigInt;
use num_traits::Signed;

use super::ratio::Ratio;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Integer(BigInt),
    /// A rational number that is not an integer.
    Fraction(Ratio),
    Decimal(Decimal),
    /// A number with a percent sign.
    Percent(Box<Node>),
    Infinity(Sign),
    /// A division by zero.
    Undefined,
    Symbol(Symbol),
    Constant(Constant),
    Sum(Vec<Node>),
    Product(Vec<Node>),
    Power(Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
    Matrix(Vec<Vec<Node>>),
}

/// A decimal, which Math-Verify reads as a floating-point number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Decimal {
    pub(super) value: Ratio,
    /// Significant digits as written.
    pub(super) n_digits: usize,
}

/// A sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Positive,
    Negative,
}

/// A name. Symbols of an answer that mentions a lone `i` are not real upstream and differ from
/// real ones of the same name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Symbol {
    pub(super) name: String,
    pub(super) is_real: bool,
}

/// A constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Constant {
    Pi,
    Euler,
    /// The capital letter I. A small i is a symbol upstream.
    Imaginary,
    /// Euler's gamma.
    Gamma,
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Function {
    Sin,
    Cos,
    Tan,
    Csc,
    Sec,
    Cot,
    Arcsin,
    Arccos,
    Arctan,
    /// Of the argument and the base.
    Log,
    Abs,
    Floor,
    Ceiling,
    Factorial,
    Binomial,
    /// A function that the answer names, such as `f`.
    Named(String),
}

impl Node {
    pub(super) fn integer(number: i64) -> Self {
        Self::Integer(number.into())
    }

    pub(super) fn rational(ratio: Ratio) -> Self {
        if ratio.is_integer() { Self::Integer(ratio.top().clone()) } else { Self::Fraction(ratio) }
    }

    /// The value of an exact number.
    pub(super) fn as_rational(&self) -> Option<Ratio> {
        match self {
            Self::Integer(number) => Some(Ratio::integer(number.clone())),
            Self::Fraction(ratio) => Some(ratio.clone()),
            _ => None,
        }
    }

    pub(super) fn negate(self) -> Self {
        match self {
            Self::Integer(number) => Self::Integer(-number),
            Self::Fraction(ratio) => Self::Fraction(ratio.negate()),
            Self::Decimal(Decimal { value, n_digits }) => {
                Self::Decimal(Decimal { value: value.negate(), n_digits })
            }
            Self::Infinity(Sign::Positive) => Self::Infinity(Sign::Negative),
            Self::Infinity(Sign::Negative) => Self::Infinity(Sign::Positive),
            other => Self::integer(-1).times(other),
        }
    }

    /// A product whose factors are not products.
    pub(super) fn times(self, other: Self) -> Self {
        let mut factors = Vec::new();
        for side in [self, other] {
            match side {
                Self::Product(inner) => factors.extend(inner),
                one => factors.push(one),
            }
        }
        Self::Product(factors)
    }

    pub(super) fn plus(self, other: Self) -> Self {
        let mut terms = Vec::new();
        for side in [self, other] {
            match side {
                Self::Sum(inner) => terms.extend(inner),
                one => terms.push(one),
            }
        }
        Self::Sum(terms)
    }

    /// A quotient, which is a number only for two integers.
    pub(super) fn over(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Integer(top), Self::Integer(bottom)) => {
                Ratio::new(top.clone(), bottom.clone()).map_or(Self::Undefined, Self::rational)
            }
            _ => {
                Self::Product(vec![self, Self::Power(Box::new(other), Box::new(Self::integer(-1)))])
            }
        }
    }

    pub(super) fn power(self, exponent: Self) -> Self {
        Self::Power(Box::new(self), Box::new(exponent))
    }

    /// Two factors without a sign between them; an integer before a positive rational number is a
    /// mixed number upstream, even `2 3`.
    pub(super) fn beside(self, other: Self) -> Self {
        match (&self, other.as_rational().filter(|part| part.top().is_positive())) {
            (Self::Integer(whole), Some(part)) => {
                let part = if whole.is_negative() { part.negate() } else { part };
                let sum = Ratio::integer(whole.clone()).add(&part);
                sum.map_or(Self::Undefined, Self::rational)
            }
            _ => self.times(other),
        }
    }

    pub(super) fn is_matrix(&self) -> bool {
        matches!(self, Self::Matrix(_))
    }

    pub(super) fn is_percent(&self) -> bool {
        matches!(self, Self::Percent(_))
    }

    /// Whether a condition holds for the expression or any part of it.
    pub(super) fn any(&self, condition: &impl Fn(&Self) -> bool) -> bool {
        condition(self)
            || match self {
                Self::Percent(inner) => inner.any(condition),
                Self::Sum(parts) | Self::Product(parts) | Self::Call(_, parts) => {
                    parts.iter().any(|part| part.any(condition))
                }
                Self::Power(base, exponent) => base.any(condition) || exponent.any(condition),
                Self::Matrix(rows) => rows.iter().flatten().any(|entry| entry.any(condition)),
                _ => false,
            }
    }

    /// Whether the expression has symbols only: `m+n`, `f(x)`, `A/S`.
    pub(super) fn has_only_symbols(&self) -> bool {
        match self {
            Self::Symbol(_) => true,
            Self::Sum(parts) | Self::Product(parts) | Self::Call(_, parts) => {
                !parts.is_empty() && parts.iter().all(Self::has_only_symbols)
            }
            Self::Power(base, exponent) => {
                base.has_only_symbols()
                    && (**exponent == Self::integer(-1) || exponent.has_only_symbols())
            }
            _ => false,
        }
    }
}
