//! Approximate values of expressions at sample points: proof that two expressions differ, never
//! that they are equal.

use std::hash::{DefaultHasher, Hash, Hasher};

use num_traits::ToPrimitive;

use super::node::{Constant, Function, Node};

/// A complex number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Complex {
    pub(super) re: f64,
    pub(super) im: f64,
}

impl Complex {
    fn new(re: f64, im: f64) -> Self {
        Self { re, im }
    }

    /// The value, where it is a finite real number.
    pub(super) fn real(self) -> Option<f64> {
        (self.re.is_finite() && self.im.abs() <= 1e-12 * (1.0 + self.re.abs())).then_some(self.re)
    }

    pub(super) fn size(self) -> f64 {
        self.re.hypot(self.im)
    }

    pub(super) fn distance(self, other: Self) -> f64 {
        (self.re - other.re).hypot(self.im - other.im)
    }

    fn mul(self, other: Self) -> Self {
        Self::new(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)
    }

    fn div(self, other: Self) -> Self {
        let square = other.re * other.re + other.im * other.im;
        let product = self.mul(Self::new(other.re, -other.im));
        Self::new(product.re / square, product.im / square)
    }

    fn ln(self) -> Self {
        Self::new(self.size().ln(), self.im.atan2(self.re))
    }

    fn exp(self) -> Self {
        let (sin, cos) = self.im.sin_cos();
        let size = self.re.exp();
        Self::new(size * cos, if self.im == 0.0 { 0.0 } else { size * sin })
    }

    fn pow(self, exponent: Self) -> Self {
        if exponent.im == 0.0 && exponent.re.fract() == 0.0 && exponent.re.abs() < 1024.0 {
            #[expect(clippy::cast_possible_truncation, reason = "the exponent is a small integer")]
            let times = exponent.re.abs() as i32;
            let power = (0..times).fold(Self::new(1.0, 0.0), |power, _| power.mul(self));
            return if exponent.re < 0.0 { Self::new(1.0, 0.0).div(power) } else { power };
        }
        if self.im == 0.0 && exponent.im == 0.0 && self.re >= 0.0 {
            return Self::new(self.re.powf(exponent.re), 0.0);
        }
        self.ln().mul(exponent).exp()
    }
}

/// The value at one of several sample points, where it is finite.
pub(super) fn estimate(node: &Node, sample: u64) -> Option<Complex> {
    let value = value(node, sample)?;
    (value.re.is_finite() && value.im.is_finite()).then_some(value)
}

fn value(node: &Node, sample: u64) -> Option<Complex> {
    let real = |number: f64| Some(Complex::new(number, 0.0));
    match node {
        Node::Integer(number) => real(number.to_f64()?),
        Node::Fraction(ratio) => real(ratio.to_f64()),
        Node::Decimal(decimal) => real(decimal.value.to_f64()),
        Node::Percent(inner) => Some(value(inner, sample)?.div(Complex::new(100.0, 0.0))),
        Node::Infinity(_) | Node::Undefined | Node::Matrix(_) => None,
        Node::Symbol(symbol) => real(sampled(symbol, sample)),
        Node::Constant(Constant::Pi) => real(std::f64::consts::PI),
        Node::Constant(Constant::Euler) => real(std::f64::consts::E),
        Node::Constant(Constant::Gamma) => real(0.577_215_664_901_532_9),
        Node::Constant(Constant::Imaginary) => Some(Complex::new(0.0, 1.0)),
        Node::Sum(terms) => terms.iter().try_fold(Complex::new(0.0, 0.0), |sum, term| {
            let term = value(term, sample)?;
            Some(Complex::new(sum.re + term.re, sum.im + term.im))
        }),
        Node::Product(factors) => {
            factors.iter().try_fold(Complex::new(1.0, 0.0), |product, one| {
                Some(product.mul(value(one, sample)?))
            })
        }
        Node::Power(base, exponent) => Some(value(base, sample)?.pow(value(exponent, sample)?)),
        Node::Call(function, arguments) => call(function, arguments, sample),
    }
}

/// A number between a half and two and a half that depends on the name and the sample, negative
/// for about half the names in odd samples.
fn sampled(name: &impl Hash, sample: u64) -> f64 {
    let mut hasher = DefaultHasher::new();
    (name, sample).hash(&mut hasher);
    let bits = hasher.finish();
    let size = 0.5 + 2.0 * (bits >> 11) as f64 / (1u64 << 53) as f64;
    if sample % 2 == 1 && bits % 2 == 1 { -size } else { size }
}

fn call(function: &Function, arguments: &[Node], sample: u64) -> Option<Complex> {
    let of = |at: usize| value(arguments.get(at)?, sample);
    if let Function::Named(name) = function {
        // Some smooth function that only the name decides.
        let mut sum = sampled(name, 0);
        for (at, argument) in arguments.iter().enumerate() {
            sum += sampled(&(name, at), 0) * value(argument, sample)?.real()?;
        }
        return Some(Complex::new(sum.sin() + sum, 0.0));
    }
    let first = of(0)?;
    if *function == Function::Log {
        return Some(first.ln().div(of(1)?.ln()));
    }
    if *function == Function::Abs {
        return Some(Complex::new(first.size(), 0.0));
    }
    let number = first.real()?;
    let far_from_integer = (number - number.round()).abs() > 1e-6;
    let result = match function {
        Function::Sin => number.sin(),
        Function::Cos => number.cos(),
        Function::Tan => number.tan(),
        Function::Csc => 1.0 / number.sin(),
        Function::Sec => 1.0 / number.cos(),
        Function::Cot => 1.0 / number.tan(),
        Function::Arcsin => number.asin(),
        Function::Arccos => number.acos(),
        Function::Arctan => number.atan(),
        Function::Floor if far_from_integer => number.floor(),
        Function::Ceiling if far_from_integer => number.ceil(),
        Function::Factorial if !far_from_integer && (0.0..170.0).contains(&number) => {
            let mut product = 1.0;
            let mut factor = 2.0;
            while factor <= number.round() {
                product *= factor;
                factor += 1.0;
            }
            product
        }
        _ => return None,
    };
    Some(Complex::new(result, 0.0))
}
