//! A form of values in which values that Python calls equal are the same bytes.

use num_bigint::BigInt;
use num_traits::FromPrimitive;
use sha2::{Digest, Sha256};

use super::Value;
use super::decode::{DecodeError, MAX_DEPTH, Reader};
use super::transcode::{Seen, transcode};

/// Bytes of canonical forms that are gathered before they are hashed.
const FORM_BYTES: usize = 1 << 16;
/// Items of sets and integers whose forms are longer are represented by their hash: else values nested
/// in sets would be copied at each level, and a float could take a hundred bytes.
const LONG_BYTES: usize = 64;

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
#[derive(Default, Clone)]
pub struct Fold {
    hash: Sha256,
    n_bytes: u64,
    is_incomparable: bool,
}

impl Fold {
    /// Begins a list (`[`) or tuple (`(`) of `n_items` values, which follow one by one.
    pub fn sequence(&mut self, tag: u8, n_items: usize) {
        let mut head = Vec::with_capacity(9);
        head.sequence_head(tag, n_items);
        self.bytes(&head);
    }

    /// Adds one whole value.
    fn value(&mut self, value: &Value) {
        let mut form = Vec::new();
        self.is_incomparable |= !write(value, &mut form);
        self.bytes(&form);
    }

    /// Adds the items of an encoded list or tuple, the whole of `body`. What is added when this
    /// fails is not said.
    pub fn items(&mut self, body: &[u8]) -> Result<Items, DecodeError> {
        let mut reader = Reader::new(body);
        let depth = reader.descend(MAX_DEPTH)?;
        let n_items = match reader.byte()? {
            b'[' | b'(' => reader.length()?,
            other => return Err(DecodeError::Tag(other)),
        };
        let (mut form, mut seen) = (Vec::with_capacity(FORM_BYTES), Seen::default());
        for _ in 0..n_items {
            transcode(&mut reader, depth, &mut form, &mut seen)?;
            if form.len() >= FORM_BYTES {
                self.bytes(&form);
                form.clear();
            }
        }
        self.bytes(&form);
        self.is_incomparable |= seen.is_incomparable;
        if !reader.is_empty() {
            return Err(DecodeError::Long);
        }
        Ok(Items { n_items, has_bytes: seen.has_bytes })
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

/// What an encoded list or tuple held.
pub struct Items {
    pub n_items: usize,
    /// Whether `bytes` were among them, which may be something else that `marshal` took for them.
    pub has_bytes: bool,
}

/// A canonical form in the making.
pub(super) trait Form {
    fn sequence_head(&mut self, tag: u8, n_items: usize);
    fn counted(&mut self, tag: u8, bytes: &[u8]);
    /// Stands for what is long.
    fn hashed(&mut self, bytes: &[u8]);
    fn small_integer(&mut self, value: i32);
    fn integer(&mut self, value: &BigInt);
    /// A float that is a whole number is written as that integer, as Python compares it. `false` for
    /// what is not equal to itself, here and below.
    fn real(&mut self, value: f64) -> bool;
    fn complex(&mut self, value: f64, imaginary: f64) -> bool;
    /// A set or `dict` from the forms of its items.
    fn unordered(&mut self, tag: u8, forms: Vec<Vec<u8>>);
}

impl Form for Vec<u8> {
    fn sequence_head(&mut self, tag: u8, n_items: usize) {
        self.push(tag);
        self.extend_from_slice(&(n_items as u64).to_le_bytes());
    }

    fn counted(&mut self, tag: u8, bytes: &[u8]) {
        self.sequence_head(tag, bytes.len());
        self.extend_from_slice(bytes);
    }

    fn hashed(&mut self, bytes: &[u8]) {
        self.push(b'#');
        self.extend_from_slice(&Sha256::digest(bytes));
    }

    fn small_integer(&mut self, value: i32) {
        let bytes = value.to_le_bytes();
        let n_bytes = match value {
            -0x80..=0x7f => 1,
            -0x8000..=0x7fff => 2,
            -0x80_0000..=0x7f_ffff => 3,
            _ => 4,
        };
        self.counted(b'i', &bytes[..n_bytes]);
    }

    fn integer(&mut self, value: &BigInt) {
        let bytes = value.to_signed_bytes_le();
        if bytes.len() > LONG_BYTES { self.hashed(&bytes) } else { self.counted(b'i', &bytes) }
    }

    fn real(&mut self, value: f64) -> bool {
        if value.fract() == 0.0 {
            self.integer(&BigInt::from_f64(value).expect("a whole float is finite"));
            return true;
        }
        self.push(b'g');
        self.extend_from_slice(&value.to_le_bytes());
        !value.is_nan()
    }

    fn complex(&mut self, value: f64, imaginary: f64) -> bool {
        if imaginary == 0.0 {
            return self.real(value);
        }
        self.push(b'y');
        // Both parts are written, even when one of them cannot be compared.
        self.real(value) & self.real(imaginary)
    }

    fn unordered(&mut self, tag: u8, mut forms: Vec<Vec<u8>>) {
        for form in forms.iter_mut().filter(|form| form.len() > LONG_BYTES) {
            let long = std::mem::take(form);
            form.hashed(&long);
        }
        forms.sort_unstable();
        self.sequence_head(tag, forms.len());
        for form in &forms {
            self.extend_from_slice(form);
        }
    }
}

/// Writes the canonical form; `false` when there is none.
pub(super) fn write(value: &Value, to: &mut Vec<u8>) -> bool {
    match value {
        Value::None => to.push(b'N'),
        Value::Bool(value) => to.small_integer(i32::from(*value)),
        Value::Int(value) => to.integer(value),
        Value::Float(value) => return to.real(*value),
        Value::Complex(value, imaginary) => return to.complex(*value, *imaginary),
        Value::Str(text) => to.counted(b'u', text.as_bytes()),
        Value::Bytes(bytes) => to.counted(b's', bytes),
        Value::List(items) => return sequence(b'[', items, to),
        Value::Tuple(items) => return sequence(b'(', items, to),
        Value::Set(items) | Value::FrozenSet(items) => {
            let forms = items.iter().map(|item| vec![item]);
            return unordered(b'<', forms, to);
        }
        Value::Dict(pairs) => {
            return unordered(b'{', pairs.iter().map(|(key, item)| vec![key, item]), to);
        }
        Value::Subclass { base, .. } => return write(base, to),
        Value::NumpyScalar { value, .. } => return write(value, to),
        Value::NumpyArray { .. } | Value::Iterable { .. } | Value::Other { .. } => {
            to.push(b'o');
            return false;
        }
    }
    true
}

fn sequence(tag: u8, items: &[Value], to: &mut Vec<u8>) -> bool {
    to.sequence_head(tag, items.len());
    items.iter().fold(true, |comparable, item| write(item, to) & comparable)
}

fn unordered<'v>(tag: u8, groups: impl Iterator<Item = Vec<&'v Value>>, to: &mut Vec<u8>) -> bool {
    let mut comparable = true;
    let forms = groups.map(|group| {
        let mut form = Vec::new();
        comparable &= group.iter().fold(true, |all, value| write(value, &mut form) & all);
        form
    });
    let forms = forms.collect();
    to.unordered(tag, forms);
    comparable
}
