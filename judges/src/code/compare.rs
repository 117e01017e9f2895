//! One result against what the canonical solution gave.

use std::collections::HashSet;

use num_traits::ToPrimitive;
use sandbox::value::{Fingerprint, Value, allclose, python_eq};
use sandbox::{Outcome, Report, Returned};

use super::python_text::{cut, repr};
use super::reference::{Expected, short};
use super::rule::{Rule, digit_distance, is_pyramid_surface, polynomial};

/// Relative tolerance of float results (`evalplus/eval/__init__.py`).
const RTOL: f64 = 1e-7;
/// Absolute tolerance of problems that name none, once a float was expected (same file).
const FLOAT_ATOL: f64 = 1e-6;
/// Characters of a value in a reason.
const SHOWN_CHARS: usize = 200;

/// The comparison of one suite's results, in order.
///
/// The absolute tolerance belongs to the whole suite: once a float was expected, later results are
/// compared with tolerance too, whatever they are, as `EvalPlus` does.
#[derive(Debug, Clone)]
pub struct Comparison {
    rule: Rule,
    atol: f64,
}

impl Comparison {
    pub fn new(rule: Rule, atol: f64) -> Self {
        Self { rule, atol }
    }

    /// Whether results are compared with a tolerance from here on, where `is_floats` says whether
    /// this input's expected result is made of floats.
    pub fn expects(&mut self, is_floats: bool) -> bool {
        if self.rule != Rule::Root && self.atol == 0.0 && is_floats {
            self.atol = FLOAT_ATOL;
        }
        self.atol != 0.0
    }

    /// Judges the next result; the reason where it is wrong.
    pub fn judge(
        &mut self,
        input: &Value,
        report: &Report,
        expected: &Expected,
    ) -> Result<(), String> {
        match &report.outcome {
            Outcome::Raised(raised) | Outcome::Unrepresentable(raised) => {
                let text = format!("raised {}: {}", raised.kind, raised.message);
                Err(cut(&text, SHOWN_CHARS))
            }
            Outcome::Returned(Returned::Large(found)) => self.judge_large(found, expected),
            Outcome::Returned(Returned::Value(found)) => {
                let after = report.arguments_after.as_ref();
                let is_right = self.is_right(input, after, found, expected);
                if is_right { Ok(()) } else { Err(self.reason(found, expected)) }
            }
        }
    }

    fn reason(&self, found: &Value, expected: &Expected) -> String {
        let found = repr(found, SHOWN_CHARS);
        if self.rule == Rule::Root {
            return format!("returned {found}, which is no root");
        }
        match expected {
            Expected::Value(expected) => {
                format!("returned {found} and not {}", repr(expected, SHOWN_CHARS))
            }
            Expected::Digest(_) => format!("returned {found}, which differs from the reference"),
        }
    }

    fn judge_large(&mut self, found: &Fingerprint, expected: &Expected) -> Result<(), String> {
        self.expects(expected.is_floats());
        let is_equal = match expected {
            Expected::Digest(digest) => !found.is_incomparable && *digest == short(found),
            Expected::Value(expected) => found.equals(&Fingerprint::of(expected)),
        };
        let is_right = self.rule == Rule::Anything || is_equal;
        let wrong = || format!("returned {} bytes that differ from the reference", found.n_bytes);
        if is_right { Ok(()) } else { Err(wrong()) }
    }

    fn is_right(
        &mut self,
        input: &Value,
        after: Option<&Value>,
        found: &Value,
        expected: &Expected,
    ) -> bool {
        let equal = || is_equal(found, expected);
        let exact = match self.rule {
            Rule::Equal => equal(),
            Rule::Anything => true,
            Rule::EqualOrZero => equal() || python_eq(found, &Value::int(0)),
            Rule::PyramidSurface => equal() || is_pyramid_surface(input, found, self.atol),
            Rule::DigitDistance => {
                equal() || digit_distance(input).is_some_and(|sum| python_eq(found, &sum))
            }
            Rule::IsNone => match found {
                Value::Bool(_) => equal(),
                found => is_equal(&Value::Bool(!matches!(found, Value::None)), expected),
            },
            Rule::SameMembers => has_same_members(found, expected),
            Rule::Root => return self.is_root(input, after, found) || equal(),
        };
        let is_tolerant = self.expects(expected.is_floats());
        exact || (is_tolerant && self.is_near(found, expected))
    }

    /// Whether the polynomial vanishes at `found`.
    ///
    /// Upstream evaluates the polynomial that the call left behind; here the one it was given must
    /// vanish too, or emptying the list would make everything a root.
    fn is_root(&self, input: &Value, after: Option<&Value>, found: &Value) -> bool {
        [Some(input), after].into_iter().all(|arguments| {
            let size = arguments.and_then(|arguments| polynomial(arguments, found));
            size.is_some_and(|size| size <= self.atol)
        })
    }

    fn is_near(&self, found: &Value, expected: &Expected) -> bool {
        let Expected::Value(expected) = expected else { return false };
        is_same_type(found, expected)
            && sequence(expected).is_none_or(|expected| {
                sequence(found).is_some_and(|found| found.len() == expected.len())
            })
            && allclose(found, expected, RTOL, self.atol)
    }
}

/// `found == expected`.
fn is_equal(found: &Value, expected: &Expected) -> bool {
    match expected {
        // Here numpy rounds the integer, where Python's own floats are compared exactly.
        Expected::Value(Value::Int(whole)) if is_numpy_float(found) => {
            as_number(found).is_some_and(|found| whole.to_f64() == Some(found))
        }
        Expected::Value(expected) => python_eq(found, expected),
        Expected::Digest(digest) => {
            let found = Fingerprint::of(found);
            !found.is_incomparable && short(&found) == *digest
        }
    }
}

fn is_numpy_float(value: &Value) -> bool {
    matches!(value, Value::NumpyScalar { dtype, .. } if dtype.starts_with("float"))
}

/// `type(found) == type(expected)`; classes of one name count as one.
fn is_same_type(found: &Value, expected: &Value) -> bool {
    std::mem::discriminant(found) == std::mem::discriminant(expected)
        && found.type_name() == expected.type_name()
}

fn sequence(value: &Value) -> Option<&[Value]> {
    match value.base() {
        Value::List(items) | Value::Tuple(items) => Some(items),
        _ => None,
    }
}

/// `is_floats`: a float, a list or tuple of nothing but floats, or an array of them.
pub fn is_floats(value: &Value) -> bool {
    fn is_float(value: &Value) -> bool {
        // `numpy.float64` derives from `float`.
        matches!(value.base(), Value::Float(_))
            || matches!(value, Value::NumpyScalar { dtype, .. } if dtype == "float64")
    }
    match value.base() {
        Value::List(items) | Value::Tuple(items) => !items.is_empty() && items.iter().all(is_float),
        Value::NumpyArray { dtype, .. } => dtype == "float64" || dtype == "float32",
        value => is_float(value),
    }
}

/// `set(found) == set(expected)`; `false` where Python would raise.
fn has_same_members(found: &Value, expected: &Expected) -> bool {
    let Expected::Value(expected) = expected else { return false };
    match (members(found), members(expected)) {
        (Some(found), Some(expected)) => found == expected,
        _ => false,
    }
}

fn members(value: &Value) -> Option<HashSet<[u8; 32]>> {
    let member = |item: &Value| {
        let fingerprint = Fingerprint::of(item);
        (is_hashable(item) && !fingerprint.is_incomparable).then_some(fingerprint.sha256)
    };
    match value.base() {
        Value::List(items)
        | Value::Tuple(items)
        | Value::Set(items)
        | Value::FrozenSet(items)
        | Value::Iterable { items, .. } => items.iter().map(member).collect(),
        Value::NumpyArray { items, shape, .. } if shape.len() == 1 => {
            items.iter().map(member).collect()
        }
        Value::Dict(pairs) => pairs.iter().map(|(key, _)| member(key)).collect(),
        Value::Str(text) => {
            let text = text.to_string_lossy();
            text.chars().map(|char| member(&Value::str(char.encode_utf8(&mut [0; 4])))).collect()
        }
        Value::Bytes(bytes) => bytes.iter().map(|byte| member(&Value::int(*byte))).collect(),
        _ => None,
    }
}

fn is_hashable(value: &Value) -> bool {
    match value.base() {
        Value::Tuple(items) | Value::FrozenSet(items) => items.iter().all(is_hashable),
        Value::List(_) | Value::Set(_) | Value::Dict(_) | Value::NumpyArray { .. } => false,
        _ => true,
    }
}

/// A real number as a float; `None` where Python's `float` of a number would raise.
pub fn as_number(value: &Value) -> Option<f64> {
    match value.base() {
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::Int(value) => value.to_f64().filter(|value| value.is_finite()),
        Value::Float(value) => Some(*value),
        Value::NumpyScalar { value, .. } => as_number(value),
        _ => None,
    }
}

/// Whether `numpy.allclose` can hold of a value at all: numbers, and lists of them.
pub fn can_be_near(value: &Value) -> bool {
    match value.base() {
        Value::List(items) | Value::Tuple(items) => items.iter().all(can_be_near),
        Value::NumpyArray { .. } => true,
        value => as_number(value).is_some(),
    }
}
