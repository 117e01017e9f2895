//! `numpy.allclose` on values.

use super::Value;
use super::equality::as_f64;

/// Whether `numpy.allclose(actual, expected, rtol, atol)` would be true.
///
/// True when every |actual − expected| ≤ atol + rtol · |expected|, with infinities equal to
/// themselves and NaN equal to nothing. Lists and tuples are arrays and must be regular; numbers
/// and booleans are allowed; anything else fails, as numpy raises there. Arrays of different shape
/// fail, except that a single number stands against an array of any shape (broadcasting).
pub fn allclose(actual: &Value, expected: &Value, rtol: f64, atol: f64) -> bool {
    let (Some(actual), Some(expected)) = (Array::of(actual), Array::of(expected)) else {
        return false;
    };
    let is_close = |actual: f64, expected: f64| {
        #[expect(clippy::float_cmp, reason = "infinities are equal or not")]
        let is_same = actual == expected;
        let is_near = (actual - expected).abs() <= atol + rtol * expected.abs();
        is_same || (is_near && expected.is_finite())
    };
    match (actual.shape.as_slice(), expected.shape.as_slice()) {
        (left, right) if left == right => {
            actual.items.iter().zip(&expected.items).all(|(a, e)| is_close(*a, *e))
        }
        ([], _) => expected.items.iter().all(|e| is_close(actual.items[0], *e)),
        (_, []) => actual.items.iter().all(|a| is_close(*a, expected.items[0])),
        _ => false,
    }
}

/// A regular array of floats.
#[derive(Debug, PartialEq)]
struct Array {
    shape: Vec<usize>,
    items: Vec<f64>,
}

impl Array {
    fn of(value: &Value) -> Option<Self> {
        let items = match value.base() {
            Value::List(items) | Value::Tuple(items) => items,
            Value::NumpyArray { shape, items, .. } => {
                let items = items.iter().map(as_f64).collect::<Option<_>>()?;
                return Some(Self { shape: shape.clone(), items });
            }
            number => return Some(Self { shape: Vec::new(), items: vec![as_f64(number)?] }),
        };
        let mut whole = Self { shape: vec![items.len()], items: Vec::new() };
        for (index, item) in items.iter().enumerate() {
            let part = Self::of(item)?;
            if index == 0 {
                whole.shape.extend_from_slice(&part.shape);
            } else if whole.shape[1..] != part.shape {
                return None;
            }
            whole.items.extend(part.items);
        }
        Some(whole)
    }
}
