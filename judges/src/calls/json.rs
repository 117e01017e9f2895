//! `json.loads` of Python 3.11: NaN and infinities are numbers, integers have any size, and the last
//! of two equal keys counts.

use super::text::MAX_DIGITS;
use super::value::{Dict, Value};

/// Documents nested deeper than this are refused; Python's recursion limit does so near 1,000.
const MAX_DEPTH: usize = 900;

/// Reads one document. The error says what is wrong, and at which byte.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut cursor = Cursor { text, at: 0 };
    let value = cursor.value(MAX_DEPTH)?;
    cursor.space();
    if cursor.at == text.len() { Ok(value) } else { Err(cursor.wanted("the end")) }
}

struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    fn wanted(&self, what: &str) -> String {
        format!("{what} expected at byte {}", self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, literal: &str) -> bool {
        let is_next = self.text.as_bytes()[self.at..].starts_with(literal.as_bytes());
        self.at += if is_next { literal.len() } else { 0 };
        is_next
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        let depth = depth.checked_sub(1).ok_or_else(|| self.wanted("less nesting"))?;
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Value::Str),
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
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.eat("]") {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.space();
            if self.eat("]") {
                return Ok(Value::List(items));
            }
            if !self.eat(",") {
                return Err(self.wanted("a comma"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        let mut dict = Dict::new();
        self.space();
        if self.eat("}") {
            return Ok(Value::Dict(dict));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.wanted("a key in double quotes"));
            }
            let key = self.string()?;
            self.space();
            if !self.eat(":") {
                return Err(self.wanted("a colon"));
            }
            let value = self.value(depth)?;
            dict.insert(Value::Str(key), value).expect("a `str` can be hashed");
            self.space();
            if self.eat("}") {
                return Ok(Value::Dict(dict));
            }
            if !self.eat(",") {
                return Err(self.wanted("a comma"));
            }
        }
    }

    fn number(&mut self) -> Result<Value, String> {
        if self.eat("-Infinity") {
            return Ok(Value::Float(f64::NEG_INFINITY));
        }
        let text = self.rest();
        let bytes = text.as_bytes();
        let digits_from =
            |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let start = usize::from(bytes[0] == b'-');
        let n_whole = if bytes.get(start) == Some(&b'0') { 1 } else { digits_from(start) };
        if n_whole == 0 {
            return Err(self.wanted("a value"));
        }
        let mut end = start + n_whole;
        let mut is_float = false;
        if bytes.get(end) == Some(&b'.') && digits_from(end + 1) > 0 {
            end += 1 + digits_from(end + 1);
            is_float = true;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let n_digits = bytes.get(end + 1 + sign..).map_or(0, |_| digits_from(end + 1 + sign));
            if n_digits > 0 {
                end += 1 + sign + n_digits;
                is_float = true;
            }
        }
        let literal = &text[..end];
        if !is_float && n_whole > MAX_DIGITS {
            return Err(self.wanted("fewer digits"));
        }
        self.at += end;
        Ok(if is_float {
            Value::Float(literal.parse().expect("a JSON number is a float for Rust"))
        } else {
            Value::Int(literal.parse().expect("digits are an integer"))
        })
    }

    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let is_special = |byte: u8| byte == b'"' || byte == b'\\' || byte < b' ';
            let Some(n_plain) = rest.bytes().position(is_special) else {
                return Err(self.wanted("the end of a text"));
            };
            out.push_str(&rest[..n_plain]);
            self.at += n_plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                _ => return Err(self.wanted("no control character")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let kind = self.text.as_bytes().get(self.at + 1).copied();
        let simple = match kind {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.code_point(),
            _ => return Err(self.wanted("a known escape")),
        };
        self.at += 2;
        Ok(simple)
    }

    /// `\uXXXX`, or two of them that make a pair. A lone surrogate is U+FFFD.
    fn code_point(&mut self) -> Result<char, String> {
        let first = self.unit(self.at).ok_or_else(|| self.wanted("four hexadecimal digits"))?;
        self.at += 6;
        if (0xd800..0xdc00).contains(&first)
            && let Some(second @ 0xdc00..0xe000) = self.unit(self.at)
        {
            self.at += 6;
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return Ok(char::from_u32(code).expect("a pair is a character"));
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn unit(&self, at: usize) -> Option<u32> {
        let digits = self.text.as_bytes().get(at..at + 6)?.strip_prefix(b"\\u")?;
        let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
        let digits = std::str::from_utf8(digits).ok().filter(|_| is_hex)?;
        u32::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documents_are_read_as_python_reads_them() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(parse(text).ok().map(|value| value.repr()).as_deref(), expected, "{text}");
        };
        check(r#"{"a": 1, "b": [true, null], "a": 2}"#, Some("{'a': 2, 'b': [True, None]}"));
        check("[NaN, -Infinity, 1e400, -0, 1.0]", Some("[nan, -inf, inf, 0, 1.0]"));
        check("123456789012345678901234567890", Some("123456789012345678901234567890"));
        check(r#""\ud83d\ude00\u00e9\/""#, Some("'😀é/'"));
        check("\"a\nb\"", None);
        check("01", None);
        check("1.", None);
        check("{'a': 1}", None);
        check("[1,]", None);
        check("\u{feff}1", None);
        check("", None);
        check("1e5", Some("100000.0"));
        check("-", None);
        check(&format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)), None);
        check(&"1".repeat(5000), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{}\",:\\\\u0-9a-fA-F.eE+\\- \u{e9}-]{0,60}") {
            let _ = parse(&text);
        }
    }
}
