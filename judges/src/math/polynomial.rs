//! Sums of products of atoms with rational coefficients, in canonical form.
//!
//! Roots of rational numbers are products of prime numbers with exponents between zero and one.
//! Such products are linearly independent over the rationals (A. S. Besicovitch, J. London Math.
//! Soc. 15, 1940), so two numbers of this form are equal only if they are written the same.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_traits::One;

use super::node::{Function, Symbol};
use super::quotient::Quotient;
use super::ratio::Ratio;

/// The most terms a polynomial may have.
const MOST_TERMS: usize = 256;

/// The largest exponent, and the largest denominator of one.
const LARGEST_EXPONENT: i64 = 4096;

/// What is not taken apart further.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Atom {
    /// A prime number, with an exponent between zero and one.
    Prime(u64),
    Imaginary,
    Pi,
    Euler,
    /// Euler's gamma.
    Gamma,
    /// The natural logarithm of a prime number.
    LogOf(u64),
    Symbol(Symbol),
    /// A prime number, or e, to the power of a product; the atom's exponent is a factor of it.
    Exponential(Option<u64>, Monomial),
    /// A polynomial of several terms, with an exponent between zero and one.
    Root(Polynomial),
    Call(Function, Vec<Quotient>),
}

/// A rational exponent in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Exponent {
    top: i64,
    bottom: i64,
}

impl Exponent {
    pub(super) const ONE: Self = Self { top: 1, bottom: 1 };

    pub(super) fn new(top: i64, bottom: i64) -> Option<Self> {
        let ratio = Ratio::new(top.into(), bottom.into())?;
        Self::from_ratio(&ratio)
    }

    pub(super) fn from_ratio(ratio: &Ratio) -> Option<Self> {
        let top = i64::try_from(ratio.top()).ok()?;
        let bottom = i64::try_from(ratio.bottom()).ok()?;
        (top.abs().max(bottom) <= LARGEST_EXPONENT).then_some(Self { top, bottom })
    }

    pub(super) fn to_ratio(self) -> Option<Ratio> {
        Ratio::new(self.top.into(), self.bottom.into())
    }

    pub(super) fn add(self, other: Self) -> Option<Self> {
        Self::new(self.top * other.bottom + other.top * self.bottom, self.bottom * other.bottom)
    }

    pub(super) fn mul(self, other: Self) -> Option<Self> {
        Self::new(self.top * other.top, self.bottom * other.bottom)
    }

    /// The whole part and what is left, which is not negative.
    fn split(self) -> (i64, Self) {
        let whole = self.top.div_euclid(self.bottom);
        (whole, Self { top: self.top - whole * self.bottom, bottom: self.bottom })
    }

    pub(super) fn as_integer(self) -> Option<i64> {
        (self.bottom == 1).then_some(self.top)
    }

    pub(super) fn is_zero(self) -> bool {
        self.top == 0
    }
}

/// A product of powers of atoms, in the order of the atoms.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Monomial(pub(super) Vec<(Atom, Exponent)>);

/// A sum of monomials with coefficients that are not zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Polynomial {
    terms: BTreeMap<Monomial, Ratio>,
}

impl Polynomial {
    pub(super) fn rational(ratio: Ratio) -> Self {
        Self::term(Monomial::default(), ratio)
    }

    pub(super) fn one() -> Self {
        Self::rational(Ratio::one())
    }

    pub(super) fn term(monomial: Monomial, ratio: Ratio) -> Self {
        let mut terms = BTreeMap::new();
        if !ratio.is_zero() {
            terms.insert(monomial, ratio);
        }
        Self { terms }
    }

    pub(super) fn atom(atom: Atom, exponent: Exponent) -> Self {
        Self::term(Monomial(vec![(atom, exponent)]), Ratio::one())
    }

    pub(super) fn terms(&self) -> impl ExactSizeIterator<Item = (&Monomial, &Ratio)> {
        self.terms.iter()
    }

    pub(super) fn is_zero(&self) -> bool {
        self.terms.is_empty()
    }

    pub(super) fn is_one(&self) -> bool {
        self.as_rational().is_some_and(|ratio| ratio.is_one())
    }

    /// The only term.
    pub(super) fn as_term(&self) -> Option<(&Monomial, &Ratio)> {
        self.terms.first_key_value().filter(|_| self.terms.len() == 1)
    }

    pub(super) fn as_rational(&self) -> Option<Ratio> {
        if self.is_zero() {
            return Some(Ratio::zero());
        }
        self.as_term().filter(|(monomial, _)| monomial.0.is_empty()).map(|(_, ratio)| ratio.clone())
    }

    /// The coefficient of the last term, which scales a polynomial to its normal form.
    pub(super) fn leading(&self) -> Option<(&Monomial, &Ratio)> {
        self.terms.last_key_value()
    }

    pub(super) fn atoms(&self) -> impl Iterator<Item = &Atom> {
        self.terms.keys().flat_map(|monomial| monomial.0.iter().map(|(atom, _)| atom))
    }

    pub(super) fn add(&self, other: &Self) -> Option<Self> {
        let mut sum = self.clone();
        for (monomial, ratio) in &other.terms {
            sum.add_term(monomial.clone(), ratio)?;
        }
        Some(sum)
    }

    pub(super) fn scale(&self, factor: &Ratio) -> Option<Self> {
        if factor.is_zero() {
            return Some(Self::default());
        }
        let scaled = self.terms.iter().map(|(m, ratio)| Some((m.clone(), ratio.mul(factor)?)));
        Some(Self { terms: scaled.collect::<Option<_>>()? })
    }

    pub(super) fn mul(&self, other: &Self) -> Option<Self> {
        if self.terms.len() * other.terms.len() > 8 * MOST_TERMS {
            return None;
        }
        let mut product = Self::default();
        for (left, a) in &self.terms {
            for (right, b) in &other.terms {
                let (monomial, factor, rest) = left.mul(right)?;
                let ratio = a.mul(b)?.mul(&factor)?;
                if rest.is_one() {
                    product.add_term(monomial, &ratio)?;
                } else {
                    product = product.add(&Self::term(monomial, ratio).mul(&rest)?)?;
                }
            }
        }
        Some(product)
    }

    pub(super) fn pow(&self, exponent: u32) -> Option<Self> {
        if let Some(ratio) = self.as_rational() {
            return ratio.pow(exponent.into()).map(Self::rational);
        }
        if exponent > 64 && self.terms.len() > 1 {
            return None;
        }
        let (mut power, mut square, mut rest) = (Self::one(), self.clone(), exponent);
        while rest > 0 {
            if rest % 2 == 1 {
                power = power.mul(&square)?;
            }
            rest /= 2;
            if rest > 0 {
                square = square.mul(&square)?;
            }
        }
        Some(power)
    }

    /// The positive rational number that leaves coprime integers as coefficients.
    pub(super) fn content(&self) -> Option<Ratio> {
        let one = BigInt::one();
        let mut content: Option<Ratio> = None;
        for ratio in self.terms.values() {
            content = Some(match content {
                None => ratio.abs(),
                Some(known) => common_measure(&known, ratio, &one)?,
            });
        }
        content
    }

    fn add_term(&mut self, monomial: Monomial, ratio: &Ratio) -> Option<()> {
        let sum = match self.terms.get(&monomial) {
            Some(known) => known.add(ratio)?,
            None => ratio.clone(),
        };
        if sum.is_zero() {
            self.terms.remove(&monomial);
        } else {
            self.terms.insert(monomial, sum);
        }
        (self.terms.len() <= MOST_TERMS).then_some(())
    }
}

/// The largest rational number of which two are integer multiples.
fn common_measure(left: &Ratio, right: &Ratio, one: &BigInt) -> Option<Ratio> {
    let bottom = Ratio::new(one.clone(), left.bottom() * right.bottom())?;
    let (mut a, mut b) = (left.top() * right.bottom(), right.top() * left.bottom());
    while b != BigInt::ZERO {
        let rest = &a % &b;
        (a, b) = (b, rest);
    }
    Ratio::integer(a).abs().mul(&bottom)
}

impl Monomial {
    /// The product: a monomial, a rational factor and a polynomial factor.
    pub(super) fn mul(&self, other: &Self) -> Option<(Self, Ratio, Polynomial)> {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut product = Vec::with_capacity(self.0.len() + other.0.len());
        let (mut factor, mut rest) = (Ratio::one(), Polynomial::one());
        loop {
            let next = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some((a, _)), Some((b, _))) if a == b => {
                    let (atom, one) = left.next()?;
                    let exponent = one.add(right.next()?.1)?;
                    let left = reduce(atom, exponent, &mut factor, &mut rest)?;
                    (!left.is_zero()).then(|| (atom.clone(), left))
                }
                (Some((a, _)), Some((b, _))) if a < b => left.next().cloned(),
                (Some(_), None) => left.next().cloned(),
                _ => right.next().cloned(),
            };
            product.extend(next);
        }
        Some((Self(product), factor, rest))
    }
}

/// Moves the whole part of an exponent out of an atom that has a value, and returns what is left.
pub(super) fn reduce(
    atom: &Atom,
    exponent: Exponent,
    factor: &mut Ratio,
    rest: &mut Polynomial,
) -> Option<Exponent> {
    let (whole, left) = exponent.split();
    Some(match atom {
        Atom::Prime(prime) => {
            *factor = factor.mul(&Ratio::integer(*prime).pow(whole)?)?;
            left
        }
        Atom::Imaginary => {
            let turns = exponent.as_integer()?.rem_euclid(4);
            if turns >= 2 {
                *factor = factor.negate();
            }
            Exponent::new(turns % 2, 1)?
        }
        Atom::Root(base) => {
            *rest = rest.mul(&base.pow(u32::try_from(whole).ok()?)?)?;
            left
        }
        _ => exponent,
    })
}
