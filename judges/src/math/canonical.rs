//! From an expression to the quotient that it is, exactly.

use num_bigint::BigInt;
use num_traits::{One, Signed, ToPrimitive};

use super::estimate::estimate;
use super::node::{Constant, Function, Node};
use super::polynomial::{Atom, Exponent, Monomial, Polynomial};
use super::quotient::Quotient;
use super::ratio::Ratio;
use super::trigonometry;

/// The largest trial divisor when a number is factored; what remains is prime below its square.
const LARGEST_DIVISOR: u64 = 4096;

/// The largest number whose factorial is multiplied out.
const LARGEST_FACTORIAL: u32 = 300;

/// The quotient that an expression is, or `None` where it has no exact form here.
pub(super) fn canonical(node: &Node) -> Option<Quotient> {
    match node {
        Node::Integer(number) => Some(Quotient::rational(Ratio::integer(number.clone()))),
        Node::Fraction(ratio) => Some(Quotient::rational(ratio.clone())),
        Node::Decimal(decimal) => Some(Quotient::rational(decimal.value.clone())),
        Node::Percent(inner) => canonical(inner)?.scale(&Ratio::new(1.into(), 100.into())?),
        Node::Infinity(_) | Node::Undefined | Node::Matrix(_) => None,
        Node::Symbol(symbol) => Some(Quotient::atom(Atom::Symbol(symbol.clone()))),
        Node::Constant(Constant::Pi) => Some(Quotient::atom(Atom::Pi)),
        Node::Constant(Constant::Euler) => Some(Quotient::atom(Atom::Euler)),
        Node::Constant(Constant::Imaginary) => Some(Quotient::atom(Atom::Imaginary)),
        Node::Constant(Constant::Gamma) => Some(Quotient::atom(Atom::Gamma)),
        Node::Sum(terms) => terms
            .iter()
            .try_fold(Quotient::rational(Ratio::zero()), |sum, term| sum.add(&canonical(term)?)),
        Node::Product(factors) => {
            factors.iter().try_fold(Quotient::rational(Ratio::one()), |product, one| {
                product.mul(&canonical(one)?)
            })
        }
        Node::Power(base, exponent) => power(&canonical(base)?, &canonical(exponent)?),
        Node::Call(function, arguments) => call(function, arguments),
    }
}

/// The rational number that an expression is.
pub(super) fn rational(node: &Node) -> Option<Ratio> {
    match node {
        Node::Integer(number) => Some(Ratio::integer(number.clone())),
        Node::Fraction(ratio) => Some(ratio.clone()),
        _ => canonical(node)?.as_rational(),
    }
}

pub(super) fn power(base: &Quotient, exponent: &Quotient) -> Option<Quotient> {
    let Some(exponent) = exponent.as_rational() else { return exponential(base, exponent) };
    if let Some(times) = exponent.to_i64() {
        return base.pow(times);
    }
    let exponent = Exponent::from_ratio(&exponent)?;
    if !base.bottom.is_one() {
        return None;
    }
    if let Some((monomial, ratio)) = base.top.as_term() {
        let is_one_symbol = matches!(monomial.0.as_slice(), [(Atom::Symbol(_), Exponent::ONE)]);
        let is_root_free = is_one_symbol || monomial.0.iter().all(|(atom, _)| is_positive(atom));
        if is_root_free {
            return power_of_term(monomial, ratio, exponent);
        }
    }
    let content = base.top.content()?;
    let primitive = base.top.scale(&Ratio::one().div(&content)?)?;
    let factor = power_of_rational(&content, exponent)?;
    power_of_polynomial(primitive, exponent)?.mul(&factor)
}

/// Whether an atom is a positive real number, whose powers multiply out.
fn is_positive(atom: &Atom) -> bool {
    matches!(atom, Atom::Prime(_) | Atom::Pi | Atom::Euler | Atom::Gamma | Atom::LogOf(_))
}

fn power_of_term(monomial: &Monomial, ratio: &Ratio, exponent: Exponent) -> Option<Quotient> {
    let mut product = power_of_rational(ratio, exponent)?;
    for (atom, own) in &monomial.0 {
        let exponent = own.mul(exponent)?;
        let factor = match atom {
            Atom::Prime(prime) => power_of_rational(&Ratio::integer(*prime), exponent)?,
            other => Polynomial::atom(other.clone(), exponent).into(),
        };
        product = product.mul(&factor)?;
    }
    Some(product)
}

/// A power of a rational number as a product of powers of primes; of a negative one only the
/// square root.
fn power_of_rational(ratio: &Ratio, exponent: Exponent) -> Option<Quotient> {
    if let Some(times) = exponent.as_integer() {
        return Some(Quotient::rational(ratio.pow(times)?));
    }
    if ratio.is_negative() {
        let is_half = exponent == Exponent::new(1, 2)?;
        let root = power_of_rational(&ratio.abs(), exponent)?;
        return if is_half { root.mul(&Quotient::atom(Atom::Imaginary)) } else { None };
    }
    if ratio.is_zero() {
        let is_positive = exponent > Exponent::new(0, 1)?;
        return is_positive.then(|| Quotient::rational(Ratio::zero()));
    }
    let mut product = Quotient::rational(Ratio::one());
    for (prime, times) in factors(ratio)? {
        let exponent = exponent.mul(Exponent::new(times, 1)?)?;
        let (mut factor, mut rest) = (Ratio::one(), Polynomial::one());
        let atom = Atom::Prime(prime);
        let left = super::polynomial::reduce(&atom, exponent, &mut factor, &mut rest)?;
        let powers = if left.is_zero() { Vec::new() } else { vec![(atom, left)] };
        let monomial = Monomial(powers);
        product = product.mul(&Polynomial::term(monomial, factor).into())?;
    }
    Some(product)
}

fn power_of_polynomial(base: Polynomial, exponent: Exponent) -> Option<Quotient> {
    let floor = exponent.to_ratio()?.floor().to_i64()?;
    let left = exponent.add(Exponent::new(-floor, 1)?)?;
    let whole = Quotient::from(base.clone()).pow(floor)?;
    whole.mul(&Polynomial::atom(Atom::Root(base), left).into())
}

/// The prime factors of a positive rational number with their exponents, or `None` where a large
/// factor is left over.
fn factors(ratio: &Ratio) -> Option<Vec<(u64, i64)>> {
    let mut factors = Vec::new();
    for (number, sign) in [(ratio.top(), 1), (ratio.bottom(), -1)] {
        let mut rest = number.clone();
        let mut divisor = 2;
        while divisor <= LARGEST_DIVISOR && !rest.is_one() {
            if let Some(small) = rest.to_u64().filter(|small| *small < divisor * divisor) {
                factors.push((small, sign));
                rest = BigInt::one();
                break;
            }
            let mut times = 0;
            while (&rest % divisor) == BigInt::ZERO {
                rest /= divisor;
                times += sign;
            }
            if times != 0 {
                factors.push((divisor, times));
            }
            divisor += 1 + (divisor & 1);
        }
        if !rest.is_one() {
            let root = rest.sqrt();
            let small = rest.to_u64().filter(|small| *small < LARGEST_DIVISOR * LARGEST_DIVISOR);
            match small {
                Some(small) => factors.push((small, sign)),
                None if &root * &root == rest => {
                    let root = root.to_u64().filter(|r| *r < LARGEST_DIVISOR * LARGEST_DIVISOR)?;
                    factors.push((root, 2 * sign));
                }
                None => return None,
            }
        }
    }
    factors.sort_unstable();
    Some(factors)
}

/// A power with an exponent that is not rational: a product over the exponent's terms.
fn exponential(base: &Quotient, exponent: &Quotient) -> Option<Quotient> {
    let opaque = || {
        let arguments = vec![base.clone(), exponent.clone()];
        Some(Quotient::atom(Atom::Call(Function::Named("^".to_owned()), arguments)))
    };
    let is_euler = *base == Quotient::atom(Atom::Euler);
    let bases = match base.as_rational() {
        _ if is_euler => vec![(None, 1)],
        Some(ratio) if ratio > Ratio::zero() => {
            factors(&ratio)?.into_iter().map(|(prime, times)| (Some(prime), times)).collect()
        }
        _ => return opaque(),
    };
    if !exponent.bottom.is_one() {
        return opaque();
    }
    let mut product = Quotient::rational(Ratio::one());
    for (base, times) in bases {
        for (monomial, ratio) in exponent.top.terms() {
            let ratio = ratio.mul(&Ratio::integer(times))?;
            let own = Exponent::from_ratio(&ratio)?;
            let factor = match (base, monomial.0.as_slice()) {
                (None, []) => Polynomial::atom(Atom::Euler, own).into(),
                (Some(prime), []) => power_of_rational(&Ratio::integer(prime), own)?,
                (None, [(Atom::LogOf(prime), Exponent::ONE)]) => {
                    power_of_rational(&Ratio::integer(*prime), own)?
                }
                (None, [(Atom::Call(Function::Log, argument), Exponent::ONE)]) => {
                    power(&argument[0], &Quotient::rational(ratio))?
                }
                _ => Polynomial::atom(Atom::Exponential(base, monomial.clone()), own).into(),
            };
            product = product.mul(&factor)?;
        }
    }
    Some(product)
}

fn call(function: &Function, nodes: &[Node]) -> Option<Quotient> {
    let arguments = nodes.iter().map(canonical).collect::<Option<Vec<_>>>()?;
    let number = arguments.first().and_then(Quotient::as_rational);
    let integer = |number: BigInt| Some(Quotient::rational(Ratio::integer(number)));
    match (function, &number) {
        (Function::Abs, Some(ratio)) => return Some(Quotient::rational(ratio.abs())),
        (Function::Floor, Some(ratio)) => return integer(ratio.floor()),
        (Function::Ceiling, Some(ratio)) => return integer(-ratio.negate().floor()),
        (Function::Abs, None) if !arguments[0].has_symbols() => {
            let size = estimate(&nodes[0], 0)?.real().filter(|size| size.abs() > 1e-9);
            return if size? < 0.0 { arguments[0].negate() } else { Some(arguments[0].clone()) };
        }
        (Function::Floor | Function::Ceiling, None) if !arguments[0].has_symbols() => {
            let size = estimate(&nodes[0], 0)?.real()?;
            let is_clear = size.abs() < 1e9 && (size - size.round()).abs() > 1e-6;
            let whole = if *function == Function::Floor { size.floor() } else { size.ceil() };
            #[expect(clippy::cast_possible_truncation, reason = "the size is below 1e9")]
            let whole = whole as i64;
            return if is_clear { integer(whole.into()) } else { None };
        }
        (Function::Factorial, Some(ratio)) => {
            let number = ratio.to_i64().and_then(|number| u32::try_from(number).ok())?;
            let product = || (2..=number).fold(BigInt::one(), |product, factor| product * factor);
            return if number <= LARGEST_FACTORIAL { integer(product()) } else { None };
        }
        (Function::Binomial, Some(above)) => {
            return binomial(above, &arguments.get(1)?.as_rational()?);
        }
        (Function::Log, _) => {
            return logarithm(&arguments[0])?.mul(&logarithm(arguments.get(1)?)?.inverse()?);
        }
        _ => {}
    }
    if let Some(value) = trigonometry::exact(function, &arguments) {
        return Some(value);
    }
    Some(Quotient::atom(Atom::Call(function.clone(), arguments)))
}

fn binomial(above: &Ratio, below: &Ratio) -> Option<Quotient> {
    let (above, below) = (above.to_i64()?, below.to_i64()?);
    if !(0..=1000).contains(&above) || !(0..=above).contains(&below) {
        return None;
    }
    let below = below.min(above - below);
    let number = (0..below).fold(BigInt::one(), |number, i| number * (above - i) / (i + 1));
    Some(Quotient::rational(Ratio::integer(number)))
}

/// Whether a product is a real number for all values of its symbols.
fn is_real(monomial: &Monomial) -> bool {
    monomial.0.iter().all(|(atom, exponent)| match atom {
        Atom::Symbol(symbol) => symbol.is_real && exponent.as_integer().is_some(),
        other => is_positive(other),
    })
}

/// The natural logarithm; of a positive rational number a sum over its primes.
fn logarithm(argument: &Quotient) -> Option<Quotient> {
    let opaque = || Some(Quotient::atom(Atom::Call(Function::Log, vec![argument.clone()])));
    let Some((monomial, ratio)) = argument.top.as_term().filter(|_| argument.bottom.is_one())
    else {
        return opaque();
    };
    if ratio.top().is_negative() {
        return opaque();
    }
    let mut sum = Quotient::rational(Ratio::zero());
    for (prime, times) in factors(ratio)? {
        sum = sum.add(&Quotient::atom(Atom::LogOf(prime)).scale(&Ratio::integer(times))?)?;
    }
    for (atom, exponent) in &monomial.0 {
        let log = match atom {
            Atom::Euler => Quotient::rational(Ratio::one()),
            Atom::Prime(prime) => Quotient::atom(Atom::LogOf(*prime)),
            Atom::Exponential(base, inner) if is_real(inner) => {
                let inner = Quotient::from(Polynomial::term(inner.clone(), Ratio::one()));
                match base {
                    Some(prime) => inner.mul(&Quotient::atom(Atom::LogOf(*prime)))?,
                    None => inner,
                }
            }
            _ => return opaque(),
        };
        sum = sum.add(&log.scale(&exponent.to_ratio()?)?)?;
    }
    Some(sum)
}
