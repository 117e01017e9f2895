//! Python values, as far as calls and their acceptable answers hold them.
//!
//! Upstream compares decoded calls with `==`, `in` and `type()`, so numbers, containers and hashing
//! follow `CPython` 3.11 here.

use std::collections::HashMap;

use num_bigint::BigInt;
use num_traits::{FromPrimitive, ToPrimitive, Zero};

use super::text;

/// Dictionaries with more entries than this are searched by hash.
const N_SEARCHED: usize = 8;

/// A value.
#[derive(Debug, Clone)]
pub enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An `int` of any size.
    Int(BigInt),
    /// A `float`.
    Float(f64),
    /// A `complex`: the real and the imaginary part.
    Complex(f64, f64),
    /// A `str`. A lone surrogate is U+FFFD.
    Str(String),
    /// A `bytes`.
    Bytes(Vec<u8>),
    /// A `list`.
    List(Vec<Value>),
    /// A `tuple`.
    Tuple(Vec<Value>),
    /// A `dict`.
    Dict(Dict),
}

/// What `type()` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `NoneType`.
    None,
    /// `bool`, which is not `int` here.
    Bool,
    /// `int`.
    Int,
    /// `float`.
    Float,
    /// `complex`.
    Complex,
    /// `str`.
    Str,
    /// `bytes`.
    Bytes,
    /// `list`.
    List,
    /// `tuple`.
    Tuple,
    /// `dict`.
    Dict,
}

impl Class {
    /// `__name__`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "NoneType",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Complex => "complex",
            Self::Str => "str",
            Self::Bytes => "bytes",
            Self::List => "list",
            Self::Tuple => "tuple",
            Self::Dict => "dict",
        }
    }
}

impl Value {
    /// A `str`.
    pub fn str(text: impl Into<String>) -> Self {
        Self::Str(text.into())
    }

    /// An `int`.
    pub fn int(number: impl Into<BigInt>) -> Self {
        Self::Int(number.into())
    }

    /// `type()`.
    pub fn class(&self) -> Class {
        match self {
            Self::None => Class::None,
            Self::Bool(_) => Class::Bool,
            Self::Int(_) => Class::Int,
            Self::Float(_) => Class::Float,
            Self::Complex(..) => Class::Complex,
            Self::Str(_) => Class::Str,
            Self::Bytes(_) => Class::Bytes,
            Self::List(_) => Class::List,
            Self::Tuple(_) => Class::Tuple,
            Self::Dict(_) => Class::Dict,
        }
    }

    /// The text of a `str`.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a `list`.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// A `dict`.
    pub fn as_dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// Whether it is the empty `str`, which marks a parameter as optional among acceptable values.
    pub fn is_empty_str(&self) -> bool {
        matches!(self, Self::Str(text) if text.is_empty())
    }

    /// `repr()`.
    pub fn repr(&self) -> String {
        let mut out = String::new();
        self.write_repr(&mut out);
        out
    }

    /// `str()`.
    pub fn to_text(&self) -> String {
        match self {
            Self::Str(text) => text.clone(),
            other => other.repr(),
        }
    }

    fn write_repr(&self, out: &mut String) {
        match self {
            Self::None => out.push_str("None"),
            Self::Bool(true) => out.push_str("True"),
            Self::Bool(false) => out.push_str("False"),
            Self::Int(number) => out.push_str(&number.to_string()),
            Self::Float(number) => out.push_str(&text::float_repr(*number)),
            Self::Complex(re, im) => out.push_str(&text::complex_repr(*re, *im)),
            Self::Str(content) => text::write_str_repr(content, out),
            Self::Bytes(bytes) => text::write_bytes_repr(bytes, out),
            Self::List(items) => write_items(('[', ']'), items, out),
            Self::Tuple(items) => {
                write_items(('(', if items.len() == 1 { ',' } else { ')' }), items, out);
                if items.len() == 1 {
                    out.push(')');
                }
            }
            Self::Dict(dict) => {
                out.push('{');
                for (idx, (key, value)) in dict.iter().enumerate() {
                    out.push_str(if idx == 0 { "" } else { ", " });
                    key.write_repr(out);
                    out.push_str(": ");
                    value.write_repr(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_items((open, close): (char, char), items: &[Value], out: &mut String) {
    out.push(open);
    for (idx, item) in items.iter().enumerate() {
        out.push_str(if idx == 0 { "" } else { ", " });
        item.write_repr(out);
    }
    out.push(close);
}

impl PartialEq for Value {
    /// `==`: numbers of all types compare by value, a list never equals a tuple, and NaN nothing.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::List(a), Self::List(b)) | (Self::Tuple(a), Self::Tuple(b)) => a == b,
            (Self::Dict(a), Self::Dict(b)) => a == b,
            _ => match (Number::of(self), Number::of(other)) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }
}

/// A number by value.
#[derive(Debug, Clone, PartialEq)]
enum Number {
    Whole(BigInt),
    Real(f64),
    Complex(f64, f64),
}

impl Number {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(flag) => Some(Self::Whole(BigInt::from(u8::from(*flag)))),
            Value::Int(number) => Some(Self::Whole(number.clone())),
            Value::Float(number) => Some(Self::of_float(*number)),
            Value::Complex(re, im) if im.is_zero() => Some(Self::of_float(*re)),
            Value::Complex(re, im) => Some(Self::Complex(*re, *im)),
            _ => None,
        }
    }

    fn of_float(number: f64) -> Self {
        let is_whole = number.is_finite() && number.fract() == 0.0;
        let whole = is_whole.then(|| BigInt::from_f64(number)).flatten();
        whole.map_or(Self::Real(number), Self::Whole)
    }
}

/// What a hashable value is stored under: equal values have equal keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    None,
    Whole(BigInt),
    Real(u64),
    Complex(u64, u64),
    Str(String),
    Bytes(Vec<u8>),
    Tuple(Vec<Key>),
}

impl Key {
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::None => Self::None,
            Value::Str(text) => Self::Str(text.clone()),
            Value::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Value::Tuple(items) => Self::Tuple(items.iter().map(Self::of).collect::<Option<_>>()?),
            Value::List(_) | Value::Dict(_) => return None,
            number => match Number::of(number)? {
                Number::Whole(whole) => Self::Whole(whole),
                Number::Real(real) => Self::Real(real.to_bits()),
                Number::Complex(re, im) => Self::Complex(re.to_bits(), im.to_bits()),
            },
        })
    }
}

/// A `dict`: entries in the order in which their keys first appeared.
#[derive(Debug, Clone, Default)]
pub struct Dict {
    entries: Vec<(Value, Value)>,
    /// Present as soon as there are more than [`N_SEARCHED`] entries.
    places: Option<HashMap<Key, usize>>,
}

/// A key that cannot be hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unhashable;

impl Dict {
    /// Without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries in their order.
    pub fn iter(&self) -> impl Iterator<Item = &(Value, Value)> {
        self.entries.iter()
    }

    /// The entries in their order, by value.
    pub fn into_entries(self) -> impl Iterator<Item = (Value, Value)> {
        self.entries.into_iter()
    }

    /// The value under a `str` key.
    pub fn get_str(&self, key: &str) -> Option<&Value> {
        let idx = match &self.places {
            Some(places) => places.get(&Key::Str(key.to_owned())).copied(),
            None => self.entries.iter().position(|(k, _)| k.as_str() == Some(key)),
        };
        idx.map(|idx| &self.entries[idx].1)
    }

    /// The value under any key.
    pub fn get(&self, key: &Value) -> Option<&Value> {
        self.place(key).ok().flatten().map(|idx| &self.entries[idx].1)
    }

    /// Sets a value; a key that is there keeps its place and its first spelling.
    pub fn insert(&mut self, key: Value, value: Value) -> Result<(), Unhashable> {
        if let Some(idx) = self.place(&key)? {
            self.entries[idx].1 = value;
            return Ok(());
        }
        if let Some(places) = &mut self.places {
            places.insert(Key::of(&key).ok_or(Unhashable)?, self.entries.len());
        }
        self.entries.push((key, value));
        if self.places.is_none() && self.entries.len() > N_SEARCHED {
            let keys = self.entries.iter().enumerate();
            self.places = keys.map(|(idx, (key, _))| Some((Key::of(key)?, idx))).collect();
        }
        Ok(())
    }

    fn place(&self, key: &Value) -> Result<Option<usize>, Unhashable> {
        if let (None, Value::Str(_)) = (&self.places, key) {
            return Ok(self.entries.iter().position(|(k, _)| k == key));
        }
        let hashed = Key::of(key).ok_or(Unhashable)?;
        Ok(match &self.places {
            Some(places) => places.get(&hashed).copied(),
            None => self.entries.iter().position(|(k, _)| k == key),
        })
    }
}

impl PartialEq for Dict {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.iter().all(|(key, value)| other.get(key).is_some_and(|found| found == value))
    }
}

impl<const N: usize> From<[(&str, Value); N]> for Dict {
    fn from(entries: [(&str, Value); N]) -> Self {
        let mut dict = Self::new();
        for (key, value) in entries {
            dict.insert(Value::str(key), value).expect("a `str` can be hashed");
        }
        dict
    }
}

/// A whole number as a machine integer, where it is one.
pub(super) fn small(number: &BigInt) -> Option<usize> {
    number.to_usize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_value_and_containers_by_type() {
        let check = |a: Value, b: Value, equal: bool| assert_eq!(a == b, equal, "{a:?} {b:?}");
        check(Value::int(1), Value::Float(1.0), true);
        check(Value::Bool(true), Value::int(1), true);
        check(Value::Complex(2.0, 0.0), Value::int(2), true);
        check(Value::Float(f64::NAN), Value::Float(f64::NAN), false);
        check(Value::int(9_007_199_254_740_993_i64), Value::Float(9_007_199_254_740_992.0), false);
        check(Value::List(vec![]), Value::Tuple(vec![]), false);
        check(Value::None, Value::Bool(false), false);
    }

    #[test]
    fn keys_that_are_equal_share_an_entry() {
        let mut dict = Dict::new();
        for n in 0..20 {
            dict.insert(Value::int(n), Value::int(n)).expect("hashable");
        }
        dict.insert(Value::Bool(true), Value::str("x")).expect("hashable");
        dict.insert(Value::Float(2.0), Value::str("y")).expect("hashable");
        assert_eq!(dict.len(), 20);
        assert_eq!(dict.get(&Value::int(1)), Some(&Value::str("x")));
        assert_eq!(dict.insert(Value::List(vec![]), Value::None), Err(Unhashable));
    }

    #[test]
    fn representations_are_pythons() {
        let check = |value: Value, expected: &str| assert_eq!(value.repr(), expected);
        check(Value::Tuple(vec![Value::int(1)]), "(1,)");
        check(Value::Tuple(vec![]), "()");
        check(Value::List(vec![Value::None, Value::Float(1e16)]), "[None, 1e+16]");
        check(Value::Dict(Dict::from([("a", Value::Float(0.1))])), "{'a': 0.1}");
        check(Value::str("it's"), "\"it's\"");
        check(Value::str("a\u{200b}\n\u{e9}"), "'a\\u200b\\n\u{e9}'");
        check(Value::Complex(0.0, 4.0), "4j");
        check(Value::Complex(1.0, -2.0), "(1-2j)");
        check(Value::Bytes(b"a'\n\xff".to_vec()), "b\"a'\\n\\xff\"");
    }
}
