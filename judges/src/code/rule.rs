//! Problems whose results are not simply compared.
//!
//! The table is that of `EvalPlus` 0.3.1, `evalplus/eval/_special_oracle.py`.

use num_traits::ToPrimitive;
use sandbox::value::{Value, python_eq};

use super::compare::as_number;
use super::problem::CodeDataset;

/// How the results of a problem are judged, before tolerance is considered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Equal to the expected result.
    Equal,
    /// The same set of elements.
    SameMembers,
    /// `None` or not, where that is all that is expected.
    IsNone,
    /// A root of the polynomial that is the argument. What the canonical solution returned counts
    /// as one: it is Newton's method, and which of its runs converge depends on the last bit of
    /// `sum`, which is another one since `CPython` 3.12.
    Root,
    /// Equal, or the sum of the differences of the arguments' digits.
    DigitDistance,
    /// Equal, or the surface of a pyramid whose height is the second argument.
    PyramidSurface,
    /// Equal, or zero.
    EqualOrZero,
    /// Anything returned is right.
    Anything,
}

impl Rule {
    pub fn of(dataset: CodeDataset, entry_point: &str) -> Self {
        match (dataset, entry_point) {
            (CodeDataset::HumanEval, "find_zero") => Self::Root,
            (CodeDataset::HumanEval, _) => Self::Equal,
            (CodeDataset::Mbpp, entry_point) => match entry_point {
                "are_equivalent" => Self::Anything,
                "sum_div" => Self::EqualOrZero,
                "surface_Area" => Self::PyramidSurface,
                "digit_distance_nums" => Self::DigitDistance,
                "check_str" | "text_match_three" | "text_starta_endb" => Self::IsNone,
                "similar_elements"
                | "find_char_long"
                | "common_in_nested_lists"
                | "extract_singly"
                | "larg_nnum"
                | "intersection_array"
                | "find_dissimilar"
                | "Diff" => Self::SameMembers,
                _ => Self::Equal,
            },
        }
    }
}

/// |p(x)| for the polynomial whose coefficients, lowest first, are the only argument; `None` where
/// Python would raise.
pub fn polynomial(arguments: &Value, x: &Value) -> Option<f64> {
    let (Value::List(arguments) | Value::Tuple(arguments)) = arguments else { return None };
    let [Value::List(coefficients) | Value::Tuple(coefficients)] = arguments.as_slice() else {
        return None;
    };
    let x = as_number(x)?;
    let mut sum = 0.0;
    for (power, coefficient) in coefficients.iter().enumerate() {
        let power = x.powf(power as f64);
        // `math.pow` raises where the result of finite numbers is not finite.
        if x.is_finite() && !power.is_finite() {
            return None;
        }
        sum += as_number(coefficient)? * power;
    }
    Some(sum.abs())
}

/// The sum of the absolute differences of the digits of two integers, the shorter one padded with
/// zeros in front; `None` where one is negative, since a sign is no digit.
pub fn digit_distance(arguments: &Value) -> Option<Value> {
    let (Value::List(arguments) | Value::Tuple(arguments)) = arguments else { return None };
    let [Value::Int(left), Value::Int(right)] = arguments.as_slice() else { return None };
    let (left, right) = (left.to_string(), right.to_string());
    let width = left.len().max(right.len());
    let padded = [format!("{left:0>width$}"), format!("{right:0>width$}")];
    let [left, right] = padded.each_ref().map(|text| text.chars().map(|char| char.to_digit(10)));
    let mut sum = 0;
    for (left, right) in left.zip(right) {
        sum += left?.abs_diff(right?);
    }
    Some(Value::int(sum))
}

/// Whether `found` is within `atol` of the surface of a square pyramid with this base edge and
/// perpendicular height, rounded half to even.
pub fn is_pyramid_surface(arguments: &Value, found: &Value, atol: f64) -> bool {
    let (Value::List(arguments) | Value::Tuple(arguments)) = arguments else { return false };
    let [edge, height] = arguments.as_slice() else { return false };
    let (Some(edge), Some(height)) = (as_number(edge), as_number(height)) else { return false };
    let slant = ((edge / 2.0).powi(2) + height.powi(2)).sqrt();
    let surface = (edge.powi(2) + 4.0 * (edge * slant) / 2.0).round_ties_even();
    let is_equal = surface.to_i128().is_some_and(|whole| python_eq(found, &Value::int(whole)));
    is_equal || as_number(found).is_some_and(|found| (found - surface).abs() <= atol)
}
