//! Python's `==` on values of built-in types.

use std::collections::HashSet;

use num_bigint::BigInt;
use num_traits::{FromPrimitive, ToPrimitive};

use super::{Fingerprint, Value};

/// Whether `left == right` would be true in Python, were all methods those of the built-in types.
///
/// Numbers compare by value across `bool`, `int`, `float`, `complex` and numpy scalars, exactly
/// for integers of any size. A `tuple` never equals a `list`; a `set` equals a `frozenset`. NaN
/// equals nothing, also inside containers: an object is never the same one as in another guest. A
/// numpy array equals nothing, since Python finds no truth value in comparing it.
pub fn python_eq(left: &Value, right: &Value) -> bool {
    if let (Some(left), Some(right)) = (Number::of(left), Number::of(right)) {
        return left.equals(&right);
    }
    match (left.base(), right.base()) {
        (Value::None, Value::None) => true,
        (Value::Str(left), Value::Str(right)) => left == right,
        (Value::NumpyScalar { value: left, .. }, right) => python_eq(left, right),
        (left, Value::NumpyScalar { value: right, .. }) => python_eq(left, right),
        (Value::Bytes(left), Value::Bytes(right)) => left == right,
        (Value::List(left), Value::List(right)) | (Value::Tuple(left), Value::Tuple(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| python_eq(l, r))
        }
        (
            Value::Set(left) | Value::FrozenSet(left),
            Value::Set(right) | Value::FrozenSet(right),
        ) => left.len() == right.len() && same_members(left, right),
        (Value::Dict(left), Value::Dict(right)) => {
            left.len() == right.len() && same_pairs(left, right)
        }
        _ => false,
    }
}

/// The bytes that stand for a hashable value among the members of a set; `None` for a NaN.
fn member(value: &Value) -> Option<[u8; 32]> {
    let fingerprint = Fingerprint::of(value);
    (!fingerprint.is_incomparable).then_some(fingerprint.sha256)
}

fn same_members(left: &[Value], right: &[Value]) -> bool {
    let right: Option<HashSet<_>> = right.iter().map(member).collect();
    right.is_some_and(|right| {
        left.iter().all(|value| member(value).is_some_and(|member| right.contains(&member)))
    })
}

fn same_pairs(left: &[(Value, Value)], right: &[(Value, Value)]) -> bool {
    let by_key = |(key, value)| Some((member(key)?, value));
    let right: Option<std::collections::HashMap<_, &Value>> =
        right.iter().map(|(key, value)| by_key((key, value))).collect();
    right.is_some_and(|right| {
        left.iter().all(|(key, value)| {
            let other = member(key).and_then(|key| right.get(&key));
            other.is_some_and(|other| python_eq(value, other))
        })
    })
}

/// A number, apart from its type.
enum Number<'v> {
    Small(bool),
    Whole(&'v BigInt),
    Real(f64),
    Complex(f64, f64),
}

impl<'v> Number<'v> {
    fn of(value: &'v Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(Self::Small(*value)),
            Value::Int(value) => Some(Self::Whole(value)),
            Value::Float(value) => Some(Self::Real(*value)),
            Value::Complex(real, imaginary) => Some(Self::Complex(*real, *imaginary)),
            Value::NumpyScalar { value, .. } => Self::of(value),
            Value::Subclass { base, .. } => Self::of(base),
            _ => None,
        }
    }

    #[expect(clippy::float_cmp, reason = "Python's `==` is exact")]
    fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Complex(real, imaginary), Self::Complex(other, others)) => {
                real == other && imaginary == others
            }
            (Self::Complex(real, imaginary), other) | (other, Self::Complex(real, imaginary)) => {
                *imaginary == 0.0 && Self::Real(*real).equals(other)
            }
            (Self::Real(left), Self::Real(right)) => left == right,
            (Self::Real(real), whole) | (whole, Self::Real(real)) => {
                real.fract() == 0.0 && BigInt::from_f64(*real) == whole.whole()
            }
            (Self::Whole(left), Self::Whole(right)) => left == right,
            (left, right) => left.whole() == right.whole(),
        }
    }

    fn whole(&self) -> Option<BigInt> {
        match self {
            Self::Small(value) => Some(BigInt::from(*value)),
            Self::Whole(value) => Some((*value).clone()),
            Self::Real(_) | Self::Complex(..) => None,
        }
    }
}

/// The value as a float, the way numpy's `float64` conversion takes it; `None` where it fails.
pub fn as_f64(value: &Value) -> Option<f64> {
    match Number::of(value)? {
        Number::Small(value) => Some(f64::from(u8::from(value))),
        Number::Whole(value) => value.to_f64().filter(|float| float.is_finite()),
        Number::Real(value) => Some(value),
        Number::Complex(..) => None,
    }
}
