//! Arithmetic on constants, for arguments such as `2 * 30` and `'a' + 'b'`.
//!
//! Upstream passes them to `eval`. Here operands are constants, lists and tuples and nothing else, no
//! name is looked up, and the results of a reply together stay within a bound.

use num_bigint::BigInt;
use num_traits::{One, Signed, ToPrimitive, Zero};
use ruff_python_ast::{Expr, Operator, UnaryOp};

use super::Undecodable;
use super::budget::{Budget, n_parts};
use super::python::constant;
use crate::calls::percent;
use crate::calls::value::{Class, Dict, Value, small};

/// Bits of an integer result.
const MAX_BITS: u64 = 1 << 16;
/// Operators inside one another. `ast.unparse` meets Python's recursion limit near here.
const MAX_DEPTH: usize = 200;

type Result<T = Value> = std::result::Result<T, Undecodable>;

/// Computes an expression of constants.
pub(super) fn evaluate(expr: &Expr, budget: &Budget) -> Result {
    evaluate_to(expr, (budget, MAX_DEPTH))
}

fn evaluate_to(expr: &Expr, (budget, depth): (&Budget, usize)) -> Result {
    let depth = depth.checked_sub(1).ok_or_else(|| refused("it is nested too deeply"))?;
    if let Expr::EllipsisLiteral(_) = expr {
        return Err(refused("`...` is no number"));
    }
    if let Some(constant) = constant(expr)? {
        return Ok(constant);
    }
    let all = |items: &[Expr]| {
        items.iter().map(|item| evaluate_to(item, (budget, depth))).collect::<Result<Vec<_>>>()
    };
    match expr {
        Expr::List(list) => Ok(Value::List(all(&list.elts)?)),
        Expr::Tuple(tuple) => Ok(Value::Tuple(all(&tuple.elts)?)),
        Expr::UnaryOp(operation) => {
            unary(operation.op, evaluate_to(&operation.operand, (budget, depth))?)
        }
        Expr::BinOp(operation) => {
            let left = evaluate_to(&operation.left, (budget, depth))?;
            let right = evaluate_to(&operation.right, (budget, depth))?;
            binary(operation.op, (left, right), budget)
        }
        _ => Err(refused("it is no arithmetic on constants")),
    }
}

/// A literal, as `ast.literal_eval` reads it: constants, containers, signs, and sums with an
/// imaginary part.
pub(super) fn literal(expr: &Expr) -> Result {
    if let Expr::EllipsisLiteral(_) = expr {
        return Err(refused("`...` is not supported"));
    }
    if let Some(constant) = constant(expr)? {
        return Ok(constant);
    }
    let all = |items: &[Expr]| items.iter().map(literal).collect::<Result<Vec<_>>>();
    match expr {
        Expr::List(list) => Ok(Value::List(all(&list.elts)?)),
        Expr::Tuple(tuple) => Ok(Value::Tuple(all(&tuple.elts)?)),
        Expr::Dict(dict) => {
            let mut entries = Dict::new();
            for item in &dict.items {
                let key = item.key.as_ref().ok_or_else(|| refused("it unpacks a dictionary"))?;
                let entry = entries.insert(literal(key)?, literal(&item.value)?);
                entry.map_err(|_| refused("a key cannot be hashed"))?;
            }
            Ok(Value::Dict(entries))
        }
        Expr::UnaryOp(operation) if matches!(operation.op, UnaryOp::UAdd | UnaryOp::USub) => {
            match constant(&operation.operand)? {
                Some(number @ (Value::Int(_) | Value::Float(_) | Value::Complex(..))) => {
                    unary(operation.op, number)
                }
                _ => Err(refused("a sign stands before something that is no number")),
            }
        }
        Expr::BinOp(operation) if matches!(operation.op, Operator::Add | Operator::Sub) => {
            let (left, right) = (literal(&operation.left)?, literal(&operation.right)?);
            let is_sum = matches!(left, Value::Int(_) | Value::Float(_))
                && matches!(right, Value::Complex(..));
            let sum = || binary(operation.op, (left, right), &Budget::new());
            if is_sum { sum() } else { Err(refused("it is computed")) }
        }
        _ => Err(refused("it is no literal")),
    }
}

pub(super) fn refused(why: &str) -> Undecodable {
    Undecodable(format!("an argument cannot be computed: {why}"))
}

fn unsupported(what: &str, classes: &[Class]) -> Undecodable {
    let names: Vec<&str> = classes.iter().map(|class| class.name()).collect();
    refused(&format!("{what} is not defined for {}", names.join(" and ")))
}

fn unary(op: UnaryOp, operand: Value) -> Result {
    let class = operand.class();
    let number = number(operand);
    Ok(match (op, number) {
        (UnaryOp::Not, number) => {
            Value::Bool(!number.map_or_else(|v| is_true(&v), |n| n.is_true()))
        }
        (UnaryOp::UAdd, Ok(number)) => number.into(),
        (UnaryOp::USub, Ok(Number::Int(n))) => Value::Int(-n),
        (UnaryOp::USub, Ok(Number::Float(x))) => Value::Float(-x),
        (UnaryOp::USub, Ok(Number::Complex(re, im))) => Value::Complex(-re, -im),
        (UnaryOp::Invert, Ok(Number::Int(n))) => Value::Int(!n),
        (op, _) => return Err(unsupported(op.as_str(), &[class])),
    })
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::None => false,
        Value::Str(text) => !text.is_empty(),
        Value::Bytes(bytes) => !bytes.is_empty(),
        Value::List(items) | Value::Tuple(items) => !items.is_empty(),
        _ => true,
    }
}

/// A number in the type that its operation happens in.
enum Number {
    Int(BigInt),
    Float(f64),
    Complex(f64, f64),
}

impl Number {
    fn is_true(&self) -> bool {
        match self {
            Self::Int(n) => !n.is_zero(),
            Self::Float(x) => *x != 0.0,
            Self::Complex(re, im) => *re != 0.0 || *im != 0.0,
        }
    }

    /// As a float, where it is not too large for one.
    fn real(&self) -> Result<f64> {
        match self {
            Self::Int(n) => {
                let real = n.to_f64().filter(|real| real.is_finite());
                real.ok_or_else(|| refused("an integer is too large for a float"))
            }
            Self::Float(x) => Ok(*x),
            Self::Complex(..) => Err(refused("a complex number is no float")),
        }
    }

    fn parts(&self) -> Result<(f64, f64)> {
        match self {
            Self::Complex(re, im) => Ok((*re, *im)),
            real => Ok((real.real()?, 0.0)),
        }
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        match number {
            Number::Int(n) => Self::Int(n),
            Number::Float(x) => Self::Float(x),
            Number::Complex(re, im) => Self::Complex(re, im),
        }
    }
}

fn number(value: Value) -> std::result::Result<Number, Value> {
    match value {
        Value::Bool(flag) => Ok(Number::Int(BigInt::from(u8::from(flag)))),
        Value::Int(n) => Ok(Number::Int(n)),
        Value::Float(x) => Ok(Number::Float(x)),
        Value::Complex(re, im) => Ok(Number::Complex(re, im)),
        other => Err(other),
    }
}

fn binary(op: Operator, (left, right): (Value, Value), budget: &Budget) -> Result {
    let classes = [left.class(), right.class()];
    match (number(left), number(right)) {
        (Ok(Number::Int(a)), Ok(Number::Int(b))) => {
            let result = integers(op, &a, &b)?;
            budget.spend(n_parts(&result))?;
            Ok(result)
        }
        (Ok(a @ Number::Complex(..)), Ok(b)) | (Ok(a), Ok(b @ Number::Complex(..))) => {
            complexes(op, a.parts()?, b.parts()?)
        }
        (Ok(a), Ok(b)) => floats(op, a.real()?, b.real()?).map(Value::Float),
        (Err(Value::Str(format)), right) if op == Operator::Mod => {
            let right = right.map_or_else(|value| value, Value::from);
            let text = percent::format(&format, &right, budget.left());
            let text = text.ok_or_else(|| refused("the text is no format for its values"))?;
            budget.spend(text.len())?;
            Ok(Value::Str(text))
        }
        (Err(sequence), Ok(Number::Int(n))) | (Ok(Number::Int(n)), Err(sequence))
            if op == Operator::Mult =>
        {
            repeated(sequence, &n, budget)
        }
        (Err(left), Err(right)) if op == Operator::Add => joined(left, right, budget),
        _ => Err(unsupported(op.as_str(), &classes)),
    }
}

/// The left side grows in place, so that a long sum takes linear time.
fn joined(left: Value, right: Value, budget: &Budget) -> Result {
    let classes = [left.class(), right.class()];
    budget.spend(n_parts(&right))?;
    Ok(match (left, right) {
        (Value::Str(a), Value::Str(b)) => Value::Str(a + &b),
        (Value::Bytes(a), Value::Bytes(b)) => Value::Bytes(extended(a, b)),
        (Value::List(a), Value::List(b)) => Value::List(extended(a, b)),
        (Value::Tuple(a), Value::Tuple(b)) => Value::Tuple(extended(a, b)),
        _ => return Err(unsupported("+", &classes)),
    })
}

fn extended<T>(mut left: Vec<T>, right: Vec<T>) -> Vec<T> {
    left.extend(right);
    left
}

fn repeated(sequence: Value, times: &BigInt, budget: &Budget) -> Result {
    let times = if times.is_negative() { Some(0) } else { small(times) };
    let length = match &sequence {
        Value::Str(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) | Value::Tuple(items) => items.iter().map(n_parts).sum(),
        _ => return Err(unsupported("*", &[sequence.class(), Class::Int])),
    };
    let times = if length == 0 { Some(0) } else { times };
    let times = times.unwrap_or(usize::MAX);
    budget.spend(length.saturating_mul(times))?;
    Ok(match sequence {
        Value::Str(text) => Value::Str(text.repeat(times)),
        Value::Bytes(bytes) => Value::Bytes(bytes.repeat(times)),
        Value::List(items) => Value::List(copies(&items, times)),
        Value::Tuple(items) => Value::Tuple(copies(&items, times)),
        other => return Err(unsupported("*", &[other.class(), Class::Int])),
    })
}

fn copies(items: &[Value], times: usize) -> Vec<Value> {
    std::iter::repeat_n(items, times).flatten().cloned().collect()
}

fn integers(op: Operator, a: &BigInt, b: &BigInt) -> Result {
    let divisor = || if b.is_zero() { Err(refused("it divides by zero")) } else { Ok(b) };
    let result = match op {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mult if a.bits() + b.bits() <= MAX_BITS => a * b,
        Operator::FloorDiv => floor_of_integers(a, divisor()?).0,
        Operator::Mod => floor_of_integers(a, divisor()?).1,
        Operator::Div => return quotient(a, divisor()?).map(Value::Float),
        Operator::Pow => return power(a, b),
        Operator::LShift | Operator::RShift => return shifted(op, a, b),
        Operator::BitOr => a | b,
        Operator::BitXor => a ^ b,
        Operator::BitAnd => a & b,
        Operator::Mult => return Err(refused("the result is too large")),
        Operator::MatMult => return Err(unsupported("@", &[Class::Int, Class::Int])),
    };
    Ok(Value::Int(result))
}

/// `divmod`: the remainder has the divisor's sign.
fn floor_of_integers(a: &BigInt, b: &BigInt) -> (BigInt, BigInt) {
    let (quotient, remainder) = (a / b, a % b);
    if !remainder.is_zero() && remainder.is_negative() != b.is_negative() {
        return (quotient - 1, remainder + b);
    }
    (quotient, remainder)
}

/// `a / b`, correctly rounded: 66 bits of the quotient and one more for a remainder.
fn quotient(a: &BigInt, b: &BigInt) -> Result<f64> {
    if a.is_zero() {
        return Ok(0.0);
    }
    let (a_bits, b_bits) = (i64::try_from(a.bits()), i64::try_from(b.bits()));
    let excess = a_bits.unwrap_or(i64::MAX) - b_bits.unwrap_or(i64::MAX);
    let shift = 66 - excess;
    let magnitude = |n: &BigInt, by: i64| n.abs() << usize::try_from(by.max(0)).unwrap_or(0);
    let (dividend, divisor) = (magnitude(a, shift), magnitude(b, -shift));
    let (scaled, remainder) = (&dividend / &divisor, &dividend % &divisor);
    let scaled = (scaled << 1_usize) | BigInt::from(u8::from(!remainder.is_zero()));
    let Some(mantissa) = scaled.to_f64().filter(|_| (-1_000..1_000).contains(&excess)) else {
        return Err(refused("the quotient is beyond what is computed here"));
    };
    let value = mantissa * 2_f64.powi(i32::try_from(-shift - 1).unwrap_or(0));
    Ok(if a.is_negative() == b.is_negative() { value } else { -value })
}

fn power(a: &BigInt, b: &BigInt) -> Result {
    if b.is_negative() {
        if a.is_zero() {
            return Err(refused("zero has no negative power"));
        }
        let (a, b) = (Number::Int(a.clone()).real()?, Number::Int(b.clone()).real()?);
        return floats(Operator::Pow, a, b).map(Value::Float);
    }
    if a.is_zero() || a.abs().is_one() {
        let is_odd = b.bit(0);
        let is_one = b.is_zero() || (!is_odd && !a.is_zero());
        return Ok(Value::Int(if is_one { BigInt::one() } else { a.clone() }));
    }
    let exponent = b.to_usize().filter(|n| {
        u64::try_from(*n).is_ok_and(|n| a.bits().checked_mul(n).is_some_and(|n| n <= MAX_BITS))
    });
    let exponent = exponent.ok_or_else(|| refused("the result is too large"))?;
    Ok(Value::Int(num_traits::pow(a.clone(), exponent)))
}

fn shifted(op: Operator, a: &BigInt, b: &BigInt) -> Result {
    let by = b.to_u64().ok_or_else(|| refused("it shifts by a negative or huge count"))?;
    if op == Operator::RShift {
        let by = usize::try_from(by.min(a.bits() + 1)).unwrap_or(usize::MAX);
        return Ok(Value::Int(a >> by));
    }
    if !a.is_zero() && a.bits().saturating_add(by) > MAX_BITS {
        return Err(refused("the result is too large"));
    }
    let by = if a.is_zero() { 0 } else { by };
    Ok(Value::Int(a << usize::try_from(by).unwrap_or(0)))
}

fn floats(op: Operator, a: f64, b: f64) -> Result<f64> {
    let divisor = || if b == 0.0 { Err(refused("it divides by zero")) } else { Ok(b) };
    Ok(match op {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mult => a * b,
        Operator::Div => a / divisor()?,
        Operator::FloorDiv => floor_division(a, divisor()?).0,
        Operator::Mod => floor_division(a, divisor()?).1,
        Operator::Pow if a == 0.0 && b < 0.0 => return Err(refused("it divides by zero")),
        Operator::Pow => {
            let result = a.powf(b);
            let is_new = a.is_finite() && b.is_finite() && !result.is_finite();
            if is_new {
                return Err(refused("the power is complex or too large"));
            }
            result
        }
        op => return Err(unsupported(op.as_str(), &[Class::Float, Class::Float])),
    })
}

/// `divmod` of floats, as `Objects/floatobject.c` of `CPython` computes it.
fn floor_division(a: f64, b: f64) -> (f64, f64) {
    let mut remainder = a % b;
    let mut quotient = (a - remainder) / b;
    if remainder == 0.0 {
        remainder = 0_f64.copysign(b);
    } else if (b < 0.0) != (remainder < 0.0) {
        remainder += b;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0_f64.copysign(a / b), remainder);
    }
    let floor = quotient.floor();
    (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, remainder)
}

fn complexes(op: Operator, (a, b): (f64, f64), (c, d): (f64, f64)) -> Result {
    let (re, im) = match op {
        Operator::Add => (a + c, b + d),
        Operator::Sub => (a - c, b - d),
        Operator::Mult => (a * c - b * d, a * d + b * c),
        Operator::Div if c != 0.0 || d != 0.0 => {
            let size = c * c + d * d;
            ((a * c + b * d) / size, (b * c - a * d) / size)
        }
        op => return Err(unsupported(op.as_str(), &[Class::Complex, Class::Complex])),
    };
    Ok(Value::Complex(re, im))
}
