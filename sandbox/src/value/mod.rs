//! Python values outside Python: what a call is given and what it returned.
//!
//! A value is built from the data of built-in types alone. Methods that a candidate defines take
//! no part in making one, and comparing happens here, on the host.

mod allclose;
mod canonical;
mod decode;
mod encode;
mod equality;
mod transcode;

use num_bigint::BigInt;

pub use allclose::allclose;
pub use canonical::Fingerprint;
pub use decode::{DecodeError, decode};
pub use encode::{EncodeError, encode};
pub use equality::python_eq;

pub(crate) use canonical::Fold;
pub(crate) use decode::Reader;

/// The text of a Python `str`: UTF-8, except that lone surrogates are encoded like other code
/// points (Python's `surrogatepass`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PyStr(Vec<u8>);

impl PyStr {
    /// Text from bytes in the `surrogatepass` form of UTF-8.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, in the `surrogatepass` form of UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, with replacement characters for lone surrogates.
    pub fn to_string_lossy(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// The number of code points, which is Python's `len`.
    pub fn n_chars(&self) -> usize {
        self.0.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
    }
}

impl From<&str> for PyStr {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

/// A Python value.
#[derive(Debug, Clone)]
pub enum Value {
    /// `None`.
    None,
    /// `bool`.
    Bool(bool),
    /// `int`, of any size.
    Int(BigInt),
    /// `float`.
    Float(f64),
    /// `complex`: real and imaginary part.
    Complex(f64, f64),
    /// `str`.
    Str(PyStr),
    /// `bytes` or `bytearray`.
    Bytes(Vec<u8>),
    /// `list`.
    List(Vec<Value>),
    /// `tuple`.
    Tuple(Vec<Value>),
    /// `set`.
    Set(Vec<Value>),
    /// `frozenset`.
    FrozenSet(Vec<Value>),
    /// `dict`, in its order.
    Dict(Vec<(Value, Value)>),
    /// An instance of a class derived from a built-in type: what the built-in type stored.
    Subclass {
        /// Name of the class, as the candidate chose it.
        type_name: String,
        /// The data of the built-in base.
        base: Box<Value>,
    },
    /// A numpy scalar.
    NumpyScalar {
        /// Name of the element type, such as `float64`.
        dtype: String,
        /// The value as a Python number, `bool`, `str` or `bytes`.
        value: Box<Value>,
    },
    /// A numpy array.
    NumpyArray {
        /// Name of the element type, such as `float64`.
        dtype: String,
        /// Length of each axis.
        shape: Vec<usize>,
        /// The elements in C order.
        items: Vec<Value>,
    },
    /// Something that can be iterated and is no container above, such as a `range`, a `dict`
    /// view or a generator, with what it yields; only where the program asked for it.
    Iterable {
        /// Name of the type.
        type_name: String,
        /// What it yields.
        items: Vec<Value>,
    },
    /// An object of any other type, whose value is not looked at.
    Other {
        /// Name of the type, as the candidate chose it.
        type_name: String,
    },
}

impl Value {
    /// An `int`.
    pub fn int(value: impl Into<BigInt>) -> Self {
        Self::Int(value.into())
    }

    /// A `str`.
    pub fn str(text: &str) -> Self {
        Self::Str(text.into())
    }

    /// The value with subclass marks removed at the top: what `==` of the built-in type sees.
    pub fn base(&self) -> &Self {
        match self {
            Self::Subclass { base, .. } => base.base(),
            other => other,
        }
    }

    /// The name that `type(value).__name__` would show.
    pub fn type_name(&self) -> &str {
        match self {
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Complex(..) => "complex",
            Self::Str(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Set(_) => "set",
            Self::FrozenSet(_) => "frozenset",
            Self::Dict(_) => "dict",
            Self::NumpyScalar { dtype, .. } => dtype,
            Self::NumpyArray { .. } => "ndarray",
            Self::Subclass { type_name, .. }
            | Self::Iterable { type_name, .. }
            | Self::Other { type_name } => type_name,
        }
    }
}
