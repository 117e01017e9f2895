//! What `json.loads` accepts.
//!
//! Source: `CPython` 3.11, `Modules/_json.c` and `Lib/json/decoder.py`: `NaN`, `Infinity` and scalars
//! pass, lone surrogate escapes pass, raw control characters in strings do not, and an integer of
//! more than 4,300 digits does not. Nesting has no limit here, where Python would run out of stack.

/// The most digits of an integer (`sys.int_info.default_max_str_digits`).
const MAX_INTEGER_DIGITS: usize = 4_300;

/// Whether `json.loads(text)` returns a value.
pub(crate) fn is_json(text: &str) -> bool {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    scanner.document().is_some()
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// An open container, whose next piece is a value.
enum Open {
    Array,
    Object,
}

impl Scanner<'_> {
    /// One value with blanks around it, and nothing more.
    fn document(&mut self) -> Option<()> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            self.skip_blanks();
            if !self.value(&mut open)? {
                continue;
            }
            // A value has ended: so may the containers around it.
            loop {
                self.skip_blanks();
                let Some(container) = open.last() else {
                    return (self.at == self.bytes.len()).then_some(());
                };
                match (container, self.next()?) {
                    (Open::Array, b',') => break,
                    (Open::Object, b',') => {
                        self.skip_blanks();
                        self.key()?;
                        break;
                    }
                    (Open::Array, b']') | (Open::Object, b'}') => {
                        open.pop();
                    }
                    _ => return None,
                }
            }
        }
    }

    /// A scalar or an empty container (true), or the start of a container with content (false).
    fn value(&mut self, open: &mut Vec<Open>) -> Option<bool> {
        match self.peek()? {
            b'"' => self.string()?,
            b'{' => {
                self.at += 1;
                self.skip_blanks();
                if !self.take(b"}") {
                    self.key()?;
                    open.push(Open::Object);
                    return Some(false);
                }
            }
            b'[' => {
                self.at += 1;
                self.skip_blanks();
                if !self.take(b"]") {
                    open.push(Open::Array);
                    return Some(false);
                }
            }
            _ => self.word_or_number()?,
        }
        Some(true)
    }

    fn word_or_number(&mut self) -> Option<()> {
        let words: [&[u8]; 6] = [b"null", b"true", b"false", b"NaN", b"Infinity", b"-Infinity"];
        if words.iter().any(|word| self.take(word)) {
            return Some(());
        }
        self.number()
    }

    /// The key of a member and its colon.
    fn key(&mut self) -> Option<()> {
        if self.peek()? != b'"' {
            return None;
        }
        self.string()?;
        self.skip_blanks();
        self.take(b":").then_some(())
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            self.next().filter(u8::is_ascii_hexdigit)?;
                        }
                    }
                    _ => return None,
                },
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        self.take(b"-");
        let start = self.at;
        if !self.take(b"0") && self.digits() == 0 {
            return None;
        }
        let n_digits = self.at - start;
        let fraction = self.fraction();
        let exponent = self.exponent();
        (fraction || exponent || n_digits <= MAX_INTEGER_DIGITS).then_some(())
    }

    /// A point without digits, like an `e` without digits, is left for what follows to reject.
    fn fraction(&mut self) -> bool {
        let start = self.at;
        if self.take(b".") && self.digits() > 0 {
            return true;
        }
        self.at = start;
        false
    }

    fn exponent(&mut self) -> bool {
        let start = self.at;
        if self.take(b"e") || self.take(b"E") {
            let _sign = self.take(b"+") || self.take(b"-");
            if self.digits() > 0 {
                return true;
            }
        }
        self.at = start;
        false
    }

    fn digits(&mut self) -> usize {
        let rest = &self.bytes[self.at..];
        let n = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += n;
        n
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, expected: &[u8]) -> bool {
        let found = self.bytes[self.at..].starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn python_decides() {
        let check = |text: &str, expected: bool| assert_eq!(is_json(text), expected, "{text:?}");
        for text in
            ["1", " [1, 2]\n", "\"\\ud800\"", "NaN", "-Infinity", "[1e999]", "{}", "[[],{}]"]
        {
            check(text, true);
        }
        check("{\"a\": [true, {\"b\": null}], \"c\": -0.5e+3}", true);
        for text in
            ["", "01", "1.", "-", "+1", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "\"\t\"", "\"\\x\""]
        {
            check(text, false);
        }
        for text in ["\u{feff}1", "1 2", "[1 2]", "{\"a\" 1}", "-NaN", "\u{a0}1", "nul", "[", "1e"]
        {
            check(text, false);
        }
        check(&"1".repeat(4_300), true);
        check(&"1".repeat(4_301), false);
        check(&format!("{}.0", "1".repeat(4_301)), true);
        check(&("[".repeat(100_000) + &"]".repeat(100_000)), true);
    }

    proptest! {
        #[test]
        fn what_serde_accepts_python_accepts(text in "[\\[\\]{}\",:0-9a\\\\ .eE+-]{0,12}") {
            if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
                prop_assert!(is_json(&text));
            }
        }
    }
}
