//! JSON as Python's `json` module writes it: with `NaN`, infinities, integers of any size and lone
//! surrogates.

use num_bigint::BigInt;
use sandbox::value::{Value, decode};

/// Containers nested deeper than this are refused.
const MAX_DEPTH: usize = 400;

/// Reads one document. The error says what was expected, and at which byte.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut cursor = Cursor { text: text.as_bytes(), at: 0 };
    let value = cursor.value(MAX_DEPTH)?;
    cursor.space();
    if cursor.at == text.len() { Ok(value) } else { Err(cursor.wanted("the end")) }
}

struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
}

impl Cursor<'_> {
    fn wanted(&self, what: &str) -> String {
        format!("{what} expected at byte {}", self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, literal: &str) -> bool {
        let is_next = self.text[self.at..].starts_with(literal.as_bytes());
        self.at += if is_next { literal.len() } else { 0 };
        is_next
    }

    fn need(&mut self, literal: &str) -> Result<(), String> {
        if self.eat(literal) { Ok(()) } else { Err(self.wanted(literal)) }
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        let depth = depth.checked_sub(1).ok_or_else(|| self.wanted("less nesting"))?;
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.constant(),
        }
    }

    fn constant(&mut self) -> Result<Value, String> {
        let constants = [
            ("null", Value::None),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
        ];
        let found = constants.into_iter().find(|(name, _)| self.eat(name));
        found.map(|(_, value)| value).ok_or_else(|| self.wanted("a value"))
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        self.need("[")?;
        let mut items = Vec::new();
        self.space();
        if self.eat("]") {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.space();
            if !self.eat(",") {
                self.need("]")?;
                return Ok(Value::List(items));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        self.need("{")?;
        let mut pairs = Vec::new();
        self.space();
        if self.eat("}") {
            return Ok(Value::Dict(pairs));
        }
        loop {
            self.space();
            let key = self.string()?;
            self.space();
            self.need(":")?;
            pairs.push((key, self.value(depth)?));
            self.space();
            if !self.eat(",") {
                self.need("}")?;
                return Ok(Value::Dict(pairs));
            }
        }
    }

    fn number(&mut self) -> Result<Value, String> {
        if self.eat("-Infinity") {
            return Ok(Value::Float(f64::NEG_INFINITY));
        }
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let text = std::str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
        let is_integer = !text.contains(['.', 'e', 'E']);
        let parsed = if is_integer {
            text.parse::<BigInt>().ok().map(Value::Int)
        } else {
            text.parse().ok().map(Value::Float)
        };
        parsed.ok_or_else(|| format!("a number expected at byte {start}"))
    }

    fn string(&mut self) -> Result<Value, String> {
        self.need("\"")?;
        let mut bytes = Vec::new();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return text(&bytes).ok_or_else(|| self.wanted("text"));
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut bytes)?;
                }
                Some(byte) => {
                    self.at += 1;
                    bytes.push(byte);
                }
                None => return Err(self.wanted("\"")),
            }
        }
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), String> {
        let kind = self.peek();
        self.at += 1;
        let plain = match kind {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let unit = self.unit()?;
                let code = self.with_low_half(unit);
                push_code_point(code, bytes);
                return Ok(());
            }
            _ => return Err(self.wanted("an escape")),
        };
        bytes.push(plain);
        Ok(())
    }

    fn unit(&mut self) -> Result<u32, String> {
        let digits = self.text.get(self.at..self.at + 4);
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.wanted("four hexadecimal digits"))?;
        self.at += 4;
        Ok(unit)
    }

    /// Joins a high surrogate with the low one that follows; alone, it stays what it is.
    fn with_low_half(&mut self, high: u32) -> u32 {
        let start = self.at;
        if (0xd800..0xdc00).contains(&high) && self.eat("\\u") {
            if let Ok(low @ 0xdc00..=0xdfff) = self.unit() {
                return 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            }
            self.at = start;
        }
        high
    }
}

/// A `str` from UTF-8 that may hold surrogates, by way of its form in the sandbox's messages.
fn text(bytes: &[u8]) -> Option<Value> {
    let length = i32::try_from(bytes.len()).ok()?.to_le_bytes();
    decode(&[b"u".as_slice(), &length, bytes].concat()).ok()
}

/// Appends a code point in UTF-8, surrogates like any other.
fn push_code_point(code: u32, bytes: &mut Vec<u8>) {
    if let Some(char) = char::from_u32(code) {
        bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        return;
    }
    let bits = |shift: u32| (code >> shift).to_le_bytes()[0] & 0x3f;
    bytes.extend_from_slice(&[0xe0 | bits(12), 0x80 | bits(6), 0x80 | bits(0)]);
}

#[cfg(test)]
mod tests {
    use super::super::python_text::repr;
    use super::parse;
    use proptest::prelude::*;

    #[test]
    fn documents_keep_what_python_wrote() {
        let check = |json: &str, expected: Option<&str>| {
            let found = parse(json).ok().map(|value| repr(&value, 200));
            assert_eq!(found.as_deref(), expected, "{json}");
        };
        check("[1, -2.5, 1e3, true, false, null]", Some("[1, -2.5, 1000.0, True, False, None]"));
        check("[NaN, Infinity, -Infinity]", Some("[nan, inf, -inf]"));
        check("123456789012345678901234567890", Some("123456789012345678901234567890"));
        check(r#"{"a": {"b": []}, "c": {}}"#, Some("{'a': {'b': []}, 'c': {}}"));
        check(r#" "\u00e9\n\"\ud83d\ude00" "#, Some("'é\\n\"😀'"));
        check(r#""\ud800""#, Some("'\u{fffd}\u{fffd}\u{fffd}'"));
        check("[1,]", None);
        check("[1] 2", None);
        check("01x", None);
        check(&"[".repeat(100_000), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r#"[\[\]{}",:0-9eE.\\u+\-NIntrue ]{0,60}"#) {
            drop(parse(&text));
        }
    }
}
