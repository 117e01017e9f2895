//! Values to bytes that the guest turns into objects with `marshal.loads`.

use num_bigint::{BigInt, Sign};
use thiserror::Error;

use super::Value;

/// Why a value cannot be given to a guest.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a value of type {type_name} cannot be passed to a program")]
pub struct EncodeError {
    /// The type.
    pub type_name: String,
}

/// Writes a value of built-in types in version 2 of the `marshal` format.
pub fn encode(value: &Value) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    write(value, &mut bytes)?;
    Ok(bytes)
}

fn write(value: &Value, to: &mut Vec<u8>) -> Result<(), EncodeError> {
    match value {
        Value::None => to.push(b'N'),
        Value::Bool(true) => to.push(b'T'),
        Value::Bool(false) => to.push(b'F'),
        Value::Int(value) => long(value, to),
        Value::Float(value) => {
            to.push(b'g');
            to.extend_from_slice(&value.to_le_bytes());
        }
        Value::Complex(real, imaginary) => {
            to.push(b'y');
            to.extend_from_slice(&real.to_le_bytes());
            to.extend_from_slice(&imaginary.to_le_bytes());
        }
        Value::Str(text) => counted(b'u', text.as_bytes(), to),
        Value::Bytes(bytes) => counted(b's', bytes, to),
        Value::List(items) => sequence(b'[', items, to)?,
        Value::Tuple(items) => sequence(b'(', items, to)?,
        Value::Set(items) => sequence(b'<', items, to)?,
        Value::FrozenSet(items) => sequence(b'>', items, to)?,
        Value::Dict(pairs) => {
            to.push(b'{');
            for (key, value) in pairs {
                write(key, to)?;
                write(value, to)?;
            }
            to.push(b'0');
        }
        Value::Subclass { .. }
        | Value::NumpyScalar { .. }
        | Value::NumpyArray { .. }
        | Value::Iterable { .. }
        | Value::Other { .. } => {
            return Err(EncodeError { type_name: value.type_name().to_owned() });
        }
    }
    Ok(())
}

fn length(n_items: usize) -> [u8; 4] {
    i32::try_from(n_items).expect("inputs are far below two billion items").to_le_bytes()
}

fn counted(tag: u8, bytes: &[u8], to: &mut Vec<u8>) {
    to.push(tag);
    to.extend_from_slice(&length(bytes.len()));
    to.extend_from_slice(bytes);
}

fn sequence(tag: u8, items: &[Value], to: &mut Vec<u8>) -> Result<(), EncodeError> {
    to.push(tag);
    to.extend_from_slice(&length(items.len()));
    items.iter().try_for_each(|item| write(item, to))
}

fn long(value: &BigInt, to: &mut Vec<u8>) {
    if let Ok(small) = i32::try_from(value) {
        to.push(b'i');
        to.extend_from_slice(&small.to_le_bytes());
        return;
    }
    let mut digits = Vec::new();
    let (mut word, mut n_bits) = (0_u64, 0);
    for part in value.iter_u32_digits() {
        word |= u64::from(part) << n_bits;
        n_bits += 32;
        while n_bits >= 15 {
            digits.push((word & 0x7fff) as u16);
            word >>= 15;
            n_bits -= 15;
        }
    }
    digits.push((word & 0x7fff) as u16);
    while digits.last() == Some(&0) {
        digits.pop();
    }
    let count = i32::from_le_bytes(length(digits.len()));
    let count = if value.sign() == Sign::Minus { -count } else { count };
    to.push(b'l');
    to.extend_from_slice(&count.to_le_bytes());
    to.extend(digits.iter().flat_map(|digit| digit.to_le_bytes()));
}
