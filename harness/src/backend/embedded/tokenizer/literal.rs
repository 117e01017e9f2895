//! Strings as Python writes them, in which RWKV vocabularies are published.

/// What `\xNN` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// A character, as in `'…'`.
    Characters,
    /// A byte, as in `b'…'`.
    Bytes,
}

/// The bytes of a literal like `'a\n'` or `b'\xff'`; of a string its UTF-8.
pub(super) fn literal(source: &str) -> Option<Vec<u8>> {
    let (escapes, quoted) = match source.strip_prefix('b') {
        Some(quoted) => (Escapes::Bytes, quoted),
        None => (Escapes::Characters, source),
    };
    let quote = quoted.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    unescaped(quoted.strip_prefix(quote)?.strip_suffix(quote)?, escapes)
}

/// The bytes of what stands between a literal's quotes. `None` for escapes that `repr` never writes.
pub(super) fn unescaped(source: &str, escapes: Escapes) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        rest = append_escape(after, escapes, &mut bytes)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(bytes)
}

/// Appends what the escape at the beginning of `source` stands for, and returns what follows it.
fn append_escape<'s>(source: &'s str, escapes: Escapes, bytes: &mut Vec<u8>) -> Option<&'s str> {
    let (escape, rest) = source.split_at_checked(1)?;
    let n_digits = match escape {
        "\\" | "'" | "\"" => {
            bytes.extend_from_slice(escape.as_bytes());
            return Some(rest);
        }
        "n" | "r" | "t" => {
            bytes.push(match escape {
                "n" => b'\n',
                "r" => b'\r',
                _ => b'\t',
            });
            return Some(rest);
        }
        "x" => 2,
        "u" if escapes == Escapes::Characters => 4,
        "U" if escapes == Escapes::Characters => 8,
        _ => return None,
    };
    let (digits, rest) = rest.split_at_checked(n_digits)?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let code = u32::from_str_radix(digits, 16).ok()?;
    match escapes {
        Escapes::Bytes => bytes.push(u8::try_from(code).ok()?),
        Escapes::Characters => {
            bytes.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_as_python_reads_them() {
        let check = |source: &str, expected: Option<&[u8]>| {
            assert_eq!(literal(source).as_deref(), expected, "{source}");
        };
        check("'a b'", Some(b"a b"));
        check(r#""it's""#, Some(b"it's"));
        check(r"'\\\'\n\r\t'", Some(b"\\'\n\r\t"));
        check(r"'\xe9\u200b\U0001f600é'", Some("é\u{200b}😀é".as_bytes()));
        check(r"b'\xe9\xff\\x'", Some(b"\xe9\xff\\x"));
        check("''", Some(b""));
        check("'", None);
        check("a", None);
        check("'a\"", None);
        check(r"'\'", None);
        check(r"'\q'", None);
        check(r"'\x4'", None);
        check(r"'\x+4'", None);
        check(r"'\ud800'", None);
        check(r"b'\u0041'", None);
    }
}
