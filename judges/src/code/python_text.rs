//! Values as Python would show them, for people to read.

use std::fmt::Write;

use sandbox::value::Value;

/// `repr(value)`, cut after about `max_chars` characters.
pub fn repr(value: &Value, max_chars: usize) -> String {
    let mut text = Text { text: String::new(), left: max_chars };
    text.value(value);
    text.text
}

/// `text`, cut after `max_chars` characters.
pub fn cut(text: &str, max_chars: usize) -> String {
    let mut shown = Text { text: String::new(), left: max_chars };
    shown.put(text);
    shown.text
}

struct Text {
    text: String,
    left: usize,
}

impl Text {
    fn put(&mut self, part: &str) {
        if self.left == 0 {
            return;
        }
        match part.char_indices().nth(self.left) {
            None => {
                self.left -= part.chars().count();
                self.text.push_str(part);
            }
            Some((end, _)) => {
                self.text.push_str(&part[..end]);
                self.text.push('…');
                self.left = 0;
            }
        }
    }

    fn value(&mut self, value: &Value) {
        if self.left == 0 {
            return;
        }
        match value {
            Value::None => self.put("None"),
            Value::Bool(true) => self.put("True"),
            Value::Bool(false) => self.put("False"),
            Value::Int(value) if value.bits() > 10_000 => {
                self.put(&format!("<int of {} bits>", value.bits()));
            }
            Value::Int(value) => self.put(&value.to_string()),
            Value::Float(value) => self.put(&float(*value)),
            Value::Complex(real, imaginary) => self.complex(*real, *imaginary),
            Value::Str(text) => self.string(&text.to_string_lossy()),
            Value::Bytes(bytes) => self.put(&format!("<{} bytes>", bytes.len())),
            Value::List(items) => self.items("[", items, "]"),
            Value::Tuple(items) if items.len() == 1 => self.items("(", items, ",)"),
            Value::Tuple(items) => self.items("(", items, ")"),
            Value::Set(items) if items.is_empty() => self.put("set()"),
            Value::Set(items) => self.items("{", items, "}"),
            Value::FrozenSet(items) => self.items("frozenset({", items, "})"),
            Value::Dict(pairs) => self.pairs(pairs),
            Value::Subclass { type_name, base } => self.wrapped(type_name, base),
            Value::NumpyScalar { dtype, value } => self.wrapped(dtype, value),
            Value::NumpyArray { items, .. } => self.items("array([", items, "])"),
            Value::Iterable { type_name, items } => {
                self.items(&format!("{type_name}(["), items, "])");
            }
            Value::Other { type_name } => self.put(&format!("<{type_name} object>")),
        }
    }

    fn wrapped(&mut self, type_name: &str, value: &Value) {
        self.put(type_name);
        self.put("(");
        self.value(value);
        self.put(")");
    }

    fn items(&mut self, open: &str, items: &[Value], close: &str) {
        self.put(open);
        for (index, item) in items.iter().enumerate() {
            if self.left == 0 {
                return;
            }
            self.put(if index == 0 { "" } else { ", " });
            self.value(item);
        }
        self.put(close);
    }

    fn pairs(&mut self, pairs: &[(Value, Value)]) {
        self.put("{");
        for (index, (key, value)) in pairs.iter().enumerate() {
            if self.left == 0 {
                return;
            }
            self.put(if index == 0 { "" } else { ", " });
            self.value(key);
            self.put(": ");
            self.value(value);
        }
        self.put("}");
    }

    fn complex(&mut self, real: f64, imaginary: f64) {
        let part = |value: f64| float(value).trim_end_matches(".0").to_owned();
        if real == 0.0 && real.is_sign_positive() {
            return self.put(&format!("{}j", part(imaginary)));
        }
        let sign = if imaginary.is_sign_negative() { "" } else { "+" };
        self.put(&format!("({}{sign}{}j)", part(real), part(imaginary)));
    }

    fn string(&mut self, text: &str) {
        let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
        let mut shown = String::from(quote);
        // Nothing beyond what is left will be seen.
        for char in text.chars().take(self.left) {
            match char {
                '\n' => shown.push_str("\\n"),
                '\t' => shown.push_str("\\t"),
                '\r' => shown.push_str("\\r"),
                '\\' => shown.push_str("\\\\"),
                char if char == quote => shown.extend(['\\', char]),
                char if char.is_control() => {
                    write!(shown, "\\x{:02x}", u32::from(char)).expect("a string takes all text");
                }
                char => shown.push(char),
            }
        }
        shown.push(quote);
        self.put(&shown);
    }
}

/// `repr` of a float: the shortest digits, in exponent form below 1e-4 and from 1e16.
fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    let size = value.abs();
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if size == 0.0 || (1e-4..1e16).contains(&size) {
        return format!("{value:?}");
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').expect("the format has an exponent");
    let (sign, exponent) = exponent.strip_prefix('-').map_or(("+", exponent), |rest| ("-", rest));
    format!("{digits}e{sign}{exponent:0>2}")
}
