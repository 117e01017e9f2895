//! Bytes from the guest to values: total, whatever the bytes are.
//!
//! The format is version 2 of Python's own `marshal` (`Python/marshal.c`), which the interpreter
//! writes in C for exact built-in types, plus tags of ours for what `marshal` refuses. Version 2
//! has no back references, so no input can describe a cycle or grow while it is read.

use num_bigint::{BigInt, Sign};
use thiserror::Error;

use super::{PyStr, Value};

/// Values nested deeper than this are refused; `marshal` itself stops at 2,000 or earlier.
pub const MAX_DEPTH: usize = 512;
/// Values in one message, so that a small message cannot become a large structure.
pub const MAX_VALUES: usize = 1 << 22;

/// Tags that `marshal` does not use.
pub mod tag {
    pub const SUBCLASS: u8 = b'K';
    pub const NUMPY_SCALAR: u8 = b'n';
    pub const NUMPY_ARRAY: u8 = b'm';
    pub const ITERABLE: u8 = b'k';
    pub const OTHER: u8 = b'o';
}

/// Why bytes are not a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// They end too early.
    #[error("the value is cut short")]
    Short,
    /// A byte that begins no value.
    #[error("unknown tag {0}")]
    Tag(u8),
    /// Text that is not UTF-8.
    #[error("text that is not UTF-8")]
    Text,
    /// Deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH}")]
    Deep,
    /// More than [`MAX_VALUES`].
    #[error("more than {MAX_VALUES} values")]
    Many,
    /// Bytes after the end.
    #[error("bytes after the value")]
    Long,
    /// A digit of a large integer out of range, or an array whose shape does not fit its items.
    #[error("a malformed number or array")]
    Malformed,
}

/// Reads one value that takes all of `bytes`.
pub fn decode(bytes: &[u8]) -> Result<Value, DecodeError> {
    let mut reader = Reader::new(bytes);
    let value = item(&mut reader)?;
    if reader.rest.is_empty() { Ok(value) } else { Err(DecodeError::Long) }
}

/// A position in a message.
pub struct Reader<'b> {
    rest: &'b [u8],
    n_values: usize,
}

impl<'b> Reader<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes, n_values: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Whether the next byte is this one.
    pub(super) fn is_at(&self, byte: u8) -> bool {
        self.rest.first() == Some(&byte)
    }

    /// Counts one more value, at a level that may have so many below it; gives its items' level.
    pub(super) fn descend(&mut self, depth: usize) -> Result<usize, DecodeError> {
        let depth = depth.checked_sub(1).ok_or(DecodeError::Deep)?;
        self.n_values += 1;
        if self.n_values > MAX_VALUES { Err(DecodeError::Many) } else { Ok(depth) }
    }

    pub(super) fn take(&mut self, n_bytes: usize) -> Result<&'b [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(n_bytes).ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        self.array().map(|[byte]| byte)
    }

    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        self.array().map(i32::from_le_bytes)
    }

    pub(super) fn f64(&mut self) -> Result<f64, DecodeError> {
        self.array().map(f64::from_le_bytes)
    }

    pub(super) fn length(&mut self) -> Result<usize, DecodeError> {
        usize::try_from(self.i32()?).map_err(|_| DecodeError::Malformed)
    }

    pub(super) fn counted(&mut self) -> Result<&'b [u8], DecodeError> {
        let length = self.length()?;
        self.take(length)
    }

    fn name(&mut self) -> Result<String, DecodeError> {
        Ok(String::from_utf8_lossy(self.counted()?).into_owned())
    }
}

/// Reads the next value.
pub fn item(reader: &mut Reader<'_>) -> Result<Value, DecodeError> {
    nested(reader, MAX_DEPTH)
}

fn nested(reader: &mut Reader<'_>, depth: usize) -> Result<Value, DecodeError> {
    let depth = reader.descend(depth)?;
    Ok(match reader.byte()? {
        b'N' => Value::None,
        b'T' => Value::Bool(true),
        b'F' => Value::Bool(false),
        b'i' => Value::int(reader.i32()?),
        b'l' => Value::Int(long(reader)?),
        b'g' => Value::Float(reader.f64()?),
        b'y' => Value::Complex(reader.f64()?, reader.f64()?),
        b's' => Value::Bytes(reader.counted()?.to_vec()),
        b'u' | b't' | b'a' | b'A' => Value::Str(string(reader.counted()?)?),
        b'z' | b'Z' => {
            let length = reader.byte()?;
            Value::Str(string(reader.take(length.into())?)?)
        }
        b'[' => Value::List(items(reader, depth)?),
        b'(' => Value::Tuple(items(reader, depth)?),
        b')' => {
            let length = reader.byte()?;
            Value::Tuple((0..length).map(|_| nested(reader, depth)).collect::<Result<_, _>>()?)
        }
        b'<' => Value::Set(items(reader, depth)?),
        b'>' => Value::FrozenSet(items(reader, depth)?),
        b'{' => Value::Dict(pairs(reader, depth)?),
        other => extension(other, reader, depth)?,
    })
}

/// What `marshal` has no form for.
pub(super) fn extension(
    tag: u8,
    reader: &mut Reader<'_>,
    depth: usize,
) -> Result<Value, DecodeError> {
    Ok(match tag {
        tag::SUBCLASS => {
            let type_name = reader.name()?;
            Value::Subclass { type_name, base: Box::new(nested(reader, depth)?) }
        }
        tag::NUMPY_SCALAR => {
            let dtype = reader.name()?;
            Value::NumpyScalar { dtype, value: Box::new(nested(reader, depth)?) }
        }
        tag::NUMPY_ARRAY => {
            let dtype = reader.name()?;
            let n_axes = reader.byte()?;
            let shape = (0..n_axes).map(|_| reader.length()).collect::<Result<Vec<_>, _>>()?;
            let items = items(reader, depth)?;
            let size = shape.iter().try_fold(1_usize, |size, n| size.checked_mul(*n));
            if size != Some(items.len()) {
                return Err(DecodeError::Malformed);
            }
            Value::NumpyArray { dtype, shape, items }
        }
        tag::ITERABLE => {
            let type_name = reader.name()?;
            Value::Iterable { type_name, items: items(reader, depth)? }
        }
        tag::OTHER => Value::Other { type_name: reader.name()? },
        b'.' => Value::Other { type_name: "ellipsis".to_owned() },
        other => return Err(DecodeError::Tag(other)),
    })
}

fn items(reader: &mut Reader<'_>, depth: usize) -> Result<Vec<Value>, DecodeError> {
    let length = reader.length()?;
    // A count is a claim: room is made only for as many as bytes are there.
    let mut items = Vec::with_capacity(length.min(reader.rest.len()).min(1 << 16));
    for _ in 0..length {
        items.push(nested(reader, depth)?);
    }
    Ok(items)
}

fn pairs(reader: &mut Reader<'_>, depth: usize) -> Result<Vec<(Value, Value)>, DecodeError> {
    let mut pairs = Vec::new();
    while !reader.is_at(b'0') {
        pairs.push((nested(reader, depth)?, nested(reader, depth)?));
    }
    reader.byte()?;
    Ok(pairs)
}

/// An integer in digits of 15 bits, the sign in the count.
pub(super) fn long(reader: &mut Reader<'_>) -> Result<BigInt, DecodeError> {
    let count = reader.i32()?;
    let n_digits = count.unsigned_abs() as usize;
    let digits = reader.take(n_digits.checked_mul(2).ok_or(DecodeError::Short)?)?;
    let mut words = Vec::with_capacity(n_digits / 2 + 1);
    let (mut word, mut n_bits) = (0_u64, 0);
    for digit in digits.chunks_exact(2) {
        let digit = u16::from_le_bytes([digit[0], digit[1]]);
        if digit >= 1 << 15 {
            return Err(DecodeError::Malformed);
        }
        word |= u64::from(digit) << n_bits;
        n_bits += 15;
        if n_bits >= 32 {
            words.push((word & 0xffff_ffff) as u32);
            word >>= 32;
            n_bits -= 32;
        }
    }
    words.push((word & 0xffff_ffff) as u32);
    let sign = if count < 0 { Sign::Minus } else { Sign::Plus };
    Ok(BigInt::from_slice(sign, &words))
}

fn string(bytes: &[u8]) -> Result<PyStr, DecodeError> {
    Ok(PyStr::from_bytes(text(bytes)?.to_vec()))
}

/// Checks that bytes are UTF-8 but for surrogates.
pub(super) fn text(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    let mut rest = bytes;
    while let Err(error) = std::str::from_utf8(rest) {
        match &rest[error.valid_up_to()..] {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, after @ ..] => rest = after,
            _ => return Err(DecodeError::Text),
        }
    }
    Ok(bytes)
}
