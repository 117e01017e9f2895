//! Exact rational numbers of any size.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::{BigInt, Sign};
use num_traits::{One, Signed, ToPrimitive, Zero};

/// The most bits a numerator or denominator may have: a larger one is no value.
pub(super) const MOST_BITS: u64 = 8192;

/// A rational number in lowest terms with a positive denominator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ratio {
    top: BigInt,
    bottom: BigInt,
}

impl Ratio {
    /// The quotient, or `None` for a zero denominator or a number beyond [`MOST_BITS`].
    pub(super) fn new(top: BigInt, bottom: BigInt) -> Option<Self> {
        if bottom.is_zero() || top.bits().max(bottom.bits()) > 2 * MOST_BITS {
            return None;
        }
        if bottom.is_one() {
            return Self { top, bottom }.bounded();
        }
        let mut common = gcd(top.clone(), bottom.clone());
        if bottom.sign() == Sign::Minus {
            common = -common;
        }
        Self { top: top / &common, bottom: bottom / common }.bounded()
    }

    pub(super) fn integer(number: impl Into<BigInt>) -> Self {
        Self { top: number.into(), bottom: BigInt::one() }
    }

    pub(super) fn zero() -> Self {
        Self::integer(0)
    }

    pub(super) fn one() -> Self {
        Self::integer(1)
    }

    pub(super) fn top(&self) -> &BigInt {
        &self.top
    }

    pub(super) fn bottom(&self) -> &BigInt {
        &self.bottom
    }

    pub(super) fn is_zero(&self) -> bool {
        self.top.is_zero()
    }

    pub(super) fn is_one(&self) -> bool {
        self.top.is_one() && self.bottom.is_one()
    }

    pub(super) fn is_integer(&self) -> bool {
        self.bottom.is_one()
    }

    pub(super) fn is_negative(&self) -> bool {
        self.top.is_negative()
    }

    pub(super) fn add(&self, other: &Self) -> Option<Self> {
        if self.bottom == other.bottom {
            return Self::new(&self.top + &other.top, self.bottom.clone());
        }
        let top = &self.top * &other.bottom + &other.top * &self.bottom;
        Self::new(top, &self.bottom * &other.bottom)
    }

    pub(super) fn mul(&self, other: &Self) -> Option<Self> {
        Self::new(&self.top * &other.top, &self.bottom * &other.bottom)
    }

    pub(super) fn div(&self, other: &Self) -> Option<Self> {
        Self::new(&self.top * &other.bottom, &self.bottom * &other.top)
    }

    pub(super) fn negate(&self) -> Self {
        Self { top: -&self.top, bottom: self.bottom.clone() }
    }

    pub(super) fn abs(&self) -> Self {
        Self { top: self.top.abs(), bottom: self.bottom.clone() }
    }

    /// An integer power, where it stays within [`MOST_BITS`].
    pub(super) fn pow(&self, exponent: i64) -> Option<Self> {
        let times = u32::try_from(exponent.unsigned_abs()).ok()?;
        let bits = self.top.bits().max(self.bottom.bits());
        let is_unit = self.top.abs().is_one() && self.bottom.is_one();
        if !is_unit && bits.checked_mul(u64::from(times))? > 2 * MOST_BITS {
            return None;
        }
        let times = if is_unit { times % 2 } else { times };
        let (top, bottom) = (self.top.pow(times), self.bottom.pow(times));
        if exponent < 0 { Self::new(bottom, top) } else { Self::new(top, bottom) }
    }

    pub(super) fn floor(&self) -> BigInt {
        let (quotient, rest) = (&self.top / &self.bottom, &self.top % &self.bottom);
        if rest.is_negative() { quotient - 1 } else { quotient }
    }

    /// The number rounded to a multiple of `10^-places`, in such units; next to a tie, where the
    /// rounding of a binary floating-point number cannot be foreseen, the two candidates.
    pub(super) fn round(&self, places: u32) -> Option<[BigInt; 2]> {
        let scaled = self.mul(&Self::integer(BigInt::from(10).pow(places)))?;
        let slack = Self::new(BigInt::one(), BigInt::from(1_000_000))?;
        let half = Self::new(BigInt::one(), BigInt::from(2))?;
        let middle = scaled.add(&half)?;
        Some([middle.add(&slack.negate())?.floor(), middle.add(&slack)?.floor()])
    }

    /// The nearest double, within a few units in the last place.
    pub(super) fn to_f64(&self) -> f64 {
        let shift = self.top.bits().cast_signed() - self.bottom.bits().cast_signed() - 64;
        let (top, bottom) = if shift > 0 {
            (self.top.clone(), &self.bottom << shift.unsigned_abs())
        } else {
            (&self.top << shift.unsigned_abs(), self.bottom.clone())
        };
        let mantissa = (top / bottom).to_f64().unwrap_or(f64::NAN);
        mantissa * 2f64.powi(i32::try_from(shift).unwrap_or(i32::MAX))
    }

    pub(super) fn to_i64(&self) -> Option<i64> {
        if self.is_integer() { self.top.to_i64() } else { None }
    }

    fn bounded(self) -> Option<Self> {
        (self.top.bits().max(self.bottom.bits()) <= MOST_BITS).then_some(self)
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.top * &other.bottom).cmp(&(&other.top * &self.bottom))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_integer() {
            write!(f, "{}", self.top)
        } else {
            write!(f, "{}/{}", self.top, self.bottom)
        }
    }
}

fn gcd(a: BigInt, b: BigInt) -> BigInt {
    if let (Some(mut a), Some(mut b)) = (a.to_i128(), b.to_i128()) {
        while b != 0 {
            (a, b) = (b, a.checked_rem(b).unwrap_or(0));
        }
        return BigInt::from(a).abs();
    }
    let (mut a, mut b) = (a, b);
    while !b.is_zero() {
        let rest = &a % &b;
        (a, b) = (b, rest);
    }
    a.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(top: i64, bottom: i64) -> Ratio {
        Ratio::new(top.into(), bottom.into()).unwrap()
    }

    #[test]
    fn ratios_are_in_lowest_terms() {
        assert_eq!(ratio(6, -4), ratio(-3, 2));
        assert_eq!(ratio(0, -4), Ratio::zero());
        assert_eq!(Ratio::new(1.into(), 0.into()), None);
        assert_eq!(ratio(-7, 2).floor(), BigInt::from(-4));
        assert!((ratio(-7, 2).to_f64() + 3.5).abs() < 1e-12);
    }

    #[test]
    fn rounding_shows_ties() {
        assert_eq!(ratio(1, 3).round(6), Some([333_333, 333_333].map(BigInt::from)));
        assert_eq!(ratio(-2, 3).round(6), Some([-666_667, -666_667].map(BigInt::from)));
        assert_eq!(ratio(1, 2).round(0), Some([0, 1].map(BigInt::from)));
    }

    #[test]
    fn powers_are_bounded() {
        assert_eq!(ratio(2, 3).pow(-2), Some(ratio(9, 4)));
        assert_eq!(ratio(10, 1).pow(1_000_000_000), None);
        assert_eq!(ratio(-1, 1).pow(1_000_000_001), Some(ratio(-1, 1)));
        assert_eq!(ratio(0, 1).pow(-1), None);
    }
}
