//! A form of values in which values that Python calls equal are the same bytes.

use num_bigint::BigInt;
use num_traits::FromPrimitive;
use sha2::{Digest, Sha256};

use super::Value;

/// The hash of a value's canonical form, standing in for a value too large to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// SHA-256 of the canonical form.
    pub sha256: [u8; 32],
    /// Length of the canonical form, in bytes.
    pub n_bytes: u64,
    /// Whether the value holds something that is not equal to itself or has no canonical form: a
    /// NaN, or an object of a type whose value is not looked at.
    pub is_incomparable: bool,
}

impl Fingerprint {
    /// The fingerprint of a value at hand.
    pub fn of(value: &Value) -> Self {
        let mut fold = Fold::default();
        fold.value(value);
        fold.finish()
    }

    /// Whether the values behind two fingerprints are equal to Python.
    pub fn equals(&self, other: &Self) -> bool {
        self == other && !self.is_incomparable
    }
}

/// A fingerprint in the making.
#[derive(Default)]
pub struct Fold {
    hash: Sha256,
    n_bytes: u64,
    is_incomparable: bool,
}

impl Fold {
    /// Begins a list (`[`) or tuple (`(`) of `n_items` values, which follow one by one.
    pub fn sequence(&mut self, tag: u8, n_items: usize) {
        let mut head = Vec::with_capacity(9);
        sequence_head(tag, n_items, &mut head);
        self.bytes(&head);
    }

    /// Adds one whole value.
    pub fn value(&mut self, value: &Value) {
        let mut form = Vec::new();
        self.is_incomparable |= !write(value, &mut form);
        self.bytes(&form);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.n_bytes += bytes.len() as u64;
        self.hash.update(bytes);
    }

    pub fn finish(self) -> Fingerprint {
        Fingerprint {
            sha256: self.hash.finalize().into(),
            n_bytes: self.n_bytes,
            is_incomparable: self.is_incomparable,
        }
    }
}

fn sequence_head(tag: u8, n_items: usize, to: &mut Vec<u8>) {
    to.push(tag);
    to.extend_from_slice(&(n_items as u64).to_le_bytes());
}

/// Writes the canonical form; `false` when there is none.
fn write(value: &Value, to: &mut Vec<u8>) -> bool {
    match value {
        Value::None => {
            to.push(b'N');
            true
        }
        Value::Bool(value) => integer(&BigInt::from(*value), to),
        Value::Int(value) => integer(value, to),
        Value::Float(value) => real(*value, to),
        Value::Complex(value, imaginary) if *imaginary == 0.0 => real(*value, to),
        Value::Complex(value, imaginary) => {
            to.push(b'y');
            // Both parts are written, even when one of them cannot be compared.
            real(*value, to) & real(*imaginary, to)
        }
        Value::Str(text) => counted(b'u', text.as_bytes(), to),
        Value::Bytes(bytes) => counted(b's', bytes, to),
        Value::List(items) => sequence(b'[', items, to),
        Value::Tuple(items) => sequence(b'(', items, to),
        Value::Set(items) | Value::FrozenSet(items) => {
            let forms = items.iter().map(|item| vec![item]);
            unordered(b'<', forms, to)
        }
        Value::Dict(pairs) => unordered(b'{', pairs.iter().map(|(k, v)| vec![k, v]), to),
        Value::Subclass { base, .. } => write(base, to),
        Value::NumpyScalar { value, .. } => write(value, to),
        Value::NumpyArray { .. } | Value::Iterable { .. } | Value::Other { .. } => {
            to.push(b'o');
            false
        }
    }
}

fn counted(tag: u8, bytes: &[u8], to: &mut Vec<u8>) -> bool {
    sequence_head(tag, bytes.len(), to);
    to.extend_from_slice(bytes);
    true
}

fn sequence(tag: u8, items: &[Value], to: &mut Vec<u8>) -> bool {
    sequence_head(tag, items.len(), to);
    items.iter().fold(true, |comparable, item| write(item, to) & comparable)
}

fn unordered<'v>(tag: u8, groups: impl Iterator<Item = Vec<&'v Value>>, to: &mut Vec<u8>) -> bool {
    let mut comparable = true;
    let mut forms: Vec<Vec<u8>> = groups
        .map(|group| {
            let mut form = Vec::new();
            comparable &= group.iter().fold(true, |all, value| write(value, &mut form) & all);
            form
        })
        .collect();
    forms.sort_unstable();
    sequence_head(tag, forms.len(), to);
    for form in &forms {
        to.extend_from_slice(form);
    }
    comparable
}

fn integer(value: &BigInt, to: &mut Vec<u8>) -> bool {
    counted(b'i', &value.to_signed_bytes_le(), to)
}

/// A float that is a whole number is written as that integer, as Python compares it.
fn real(value: f64, to: &mut Vec<u8>) -> bool {
    if value.fract() == 0.0 {
        let whole = BigInt::from_f64(value).expect("a whole float is finite");
        return integer(&whole, to);
    }
    to.push(b'g');
    to.extend_from_slice(&value.to_le_bytes());
    !value.is_nan()
}
