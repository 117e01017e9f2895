//! Quotients of two polynomials.

use super::polynomial::{Atom, Exponent, Monomial, Polynomial, reduce};
use super::ratio::Ratio;

/// A quotient. A denominator of one term is always multiplied into the numerator.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quotient {
    pub(super) top: Polynomial,
    pub(super) bottom: Polynomial,
}

impl Quotient {
    pub(super) fn new(top: Polynomial, bottom: Polynomial) -> Option<Self> {
        if bottom.is_zero() {
            return None;
        }
        if bottom.is_one() {
            return Some(Self { top, bottom });
        }
        if top.is_zero() {
            return Some(top.into());
        }
        if let Some((monomial, ratio)) = bottom.as_term() {
            let (inverse, bottom) = invert(monomial, ratio)?;
            return Some(Self { top: top.mul(&inverse)?, bottom });
        }
        let leading = bottom.leading()?.1.clone();
        let scale = Ratio::one().div(&leading)?;
        Some(Self { top: top.scale(&scale)?, bottom: bottom.scale(&scale)? })
    }

    pub(super) fn rational(ratio: Ratio) -> Self {
        Polynomial::rational(ratio).into()
    }

    pub(super) fn atom(atom: Atom) -> Self {
        Polynomial::atom(atom, Exponent::ONE).into()
    }

    pub(super) fn as_rational(&self) -> Option<Ratio> {
        if self.bottom.is_one() { self.top.as_rational() } else { None }
    }

    pub(super) fn add(&self, other: &Self) -> Option<Self> {
        if self.bottom == other.bottom {
            return Self::new(self.top.add(&other.top)?, self.bottom.clone());
        }
        let top = self.top.mul(&other.bottom)?.add(&other.top.mul(&self.bottom)?)?;
        Self::new(top, self.bottom.mul(&other.bottom)?)
    }

    pub(super) fn mul(&self, other: &Self) -> Option<Self> {
        Self::new(self.top.mul(&other.top)?, self.bottom.mul(&other.bottom)?)
    }

    pub(super) fn negate(&self) -> Option<Self> {
        self.scale(&Ratio::integer(-1))
    }

    pub(super) fn scale(&self, factor: &Ratio) -> Option<Self> {
        Some(Self { top: self.top.scale(factor)?, bottom: self.bottom.clone() })
    }

    pub(super) fn inverse(&self) -> Option<Self> {
        Self::new(self.bottom.clone(), self.top.clone())
    }

    pub(super) fn pow(&self, exponent: i64) -> Option<Self> {
        let times = u32::try_from(exponent.unsigned_abs()).ok()?;
        let power = Self::new(self.top.pow(times)?, self.bottom.pow(times)?)?;
        if exponent < 0 { power.inverse() } else { Some(power) }
    }

    /// Whether two quotients are the same function.
    pub(super) fn equals(&self, other: &Self) -> Option<bool> {
        if self == other {
            return Some(true);
        }
        let left = self.top.mul(&other.bottom)?;
        let right = other.top.mul(&self.bottom)?;
        Some(left == right)
    }

    /// Whether every atom of the quotient is free of hidden identities, so that different forms
    /// are different functions.
    pub(super) fn is_transparent(&self) -> bool {
        let mut atoms = self.top.atoms().chain(self.bottom.atoms());
        !atoms.any(|atom| matches!(atom, Atom::Root(_) | Atom::Call(..) | Atom::Exponential(..)))
    }

    pub(super) fn has_symbols(&self) -> bool {
        self.top.atoms().chain(self.bottom.atoms()).any(|atom| match atom {
            Atom::Symbol(_) => true,
            Atom::Exponential(_, monomial) => {
                Self::from(Polynomial::term(monomial.clone(), Ratio::one())).has_symbols()
            }
            Atom::Root(base) => Self::from(base.clone()).has_symbols(),
            Atom::Call(_, arguments) => arguments.iter().any(Self::has_symbols),
            _ => false,
        })
    }
}

impl From<Polynomial> for Quotient {
    fn from(top: Polynomial) -> Self {
        Self { top, bottom: Polynomial::one() }
    }
}

/// One over a term, as a polynomial over what its roots leave in the denominator.
fn invert(monomial: &Monomial, ratio: &Ratio) -> Option<(Polynomial, Polynomial)> {
    let mut factor = Ratio::one().div(ratio)?;
    let mut atoms = Vec::with_capacity(monomial.0.len());
    let (mut rest, mut left) = (Polynomial::one(), Polynomial::one());
    for (atom, exponent) in &monomial.0 {
        let mut negative = exponent.mul(Exponent::new(-1, 1)?)?;
        if let Atom::Root(base) = atom {
            // The exponent lies between zero and one: x^(-e) = x^(1-e) / x.
            left = left.mul(base)?;
            negative = negative.add(Exponent::ONE)?;
        }
        let exponent = reduce(atom, negative, &mut factor, &mut rest)?;
        if !exponent.is_zero() {
            atoms.push((atom.clone(), exponent));
        }
    }
    Some((Polynomial::term(Monomial(atoms), factor).mul(&rest)?, left))
}
