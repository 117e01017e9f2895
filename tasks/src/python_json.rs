//! JSON as Python's `json` module writes it.

use serde_json::Value;

/// The most digits of a number that is read as one. A double holds any number of so many digits.
const MAX_DIGITS: usize = 300;

/// Parses a row. Python writes numbers that JSON does not have (`NaN`, `Infinity`) and integers of any
/// length; they become `null`, since no prompt shows them. Judges that need them read the row
/// themselves.
pub fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(bytes).or_else(|err| match without_foreign_numbers(bytes) {
        Some(plain) => serde_json::from_slice(&plain),
        None => Err(err),
    })
}

/// The text with such numbers replaced; `None` where it has none.
fn without_foreign_numbers(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut is_changed = false;
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let (token, is_foreign) = match first {
            b'"' => (string(rest), false),
            b'-' | b'0'..=b'9' | b'A'..=b'Z' => {
                let token = word(rest);
                (token, is_foreign(token))
            }
            _ => (&rest[..1], false),
        };
        plain.extend_from_slice(if is_foreign { b"null" } else { token });
        is_changed |= is_foreign;
        rest = &rest[token.len()..];
    }
    is_changed.then_some(plain)
}

fn is_foreign(token: &[u8]) -> bool {
    let digits = token.strip_prefix(b"-").unwrap_or(token);
    matches!(digits, b"NaN" | b"Infinity")
        || (digits.len() > MAX_DIGITS && digits.iter().all(u8::is_ascii_digit))
}

/// A string with its quotation marks, or all there is of one that does not end.
fn string(bytes: &[u8]) -> &[u8] {
    let mut idx = 1;
    while let Some(byte) = bytes.get(idx) {
        match byte {
            b'"' => return &bytes[..=idx],
            b'\\' => idx += 2,
            _ => idx += 1,
        }
    }
    bytes
}

/// A number or a name; at least one byte.
fn word(bytes: &[u8]) -> &[u8] {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-');
    let length = bytes.iter().take_while(|byte| is_part(byte)).count();
    &bytes[..length.max(1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found = match parse(text.as_bytes()) {
            Ok(value) => value.to_string(),
            Err(err) => err.to_string(),
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn foreign_numbers_become_null() {
        check("[1, 2.5]", "[1,2.5]");
        check("[NaN, -Infinity, 1e3]", "[null,null,1000.0]");
        check(r#"{"NaN": "a \" Infinity", "b": Infinity}"#, r#"{"NaN":"a \" Infinity","b":null}"#);
        check(&format!("[-{}]", "9".repeat(400)), "[null]");
        check(r#"["NaN\"#, "EOF while parsing a string at line 1 column 6");
        check("[Nan]", "expected value at line 1 column 2");
        check("", "EOF while parsing a value at line 1 column 0");
    }
}
