//! Python's texts of values, and the numbers that Python reads from texts.

use std::fmt::Write;

use num_bigint::BigInt;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::instructions::python::text::{is_decimal, strip};

/// More decimal digits than this `int()` refuses (`sys.int_info.default_max_str_digits`).
pub(super) const MAX_DIGITS: usize = 4300;

/// `repr()` of a float: the shortest digits that read back, with an exponent from 1e16 and below 1e-4.
pub(super) fn float_repr(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').expect("`{:e}` writes an exponent");
    let exponent: i32 = exponent.parse().expect("the exponent is a number");
    if (-4..16).contains(&exponent) {
        let fixed = format!("{number}");
        return if fixed.contains('.') { fixed } else { fixed + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// `repr()` of a complex number, whose parts lose a `.0`.
pub(super) fn complex_repr(re: f64, im: f64) -> String {
    let part = |number: f64| {
        let text = float_repr(number);
        text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
    };
    if re == 0.0 && re.is_sign_positive() {
        return format!("{}j", part(im));
    }
    let sign = if im.is_sign_negative() { "" } else { "+" };
    format!("({}{sign}{}j)", part(re), part(im))
}

fn quote_of(has_single: bool, has_double: bool) -> char {
    if has_single && !has_double { '"' } else { '\'' }
}

/// `repr()` of a text.
pub(super) fn write_str_repr(text: &str, out: &mut String) {
    let quote = quote_of(text.contains('\''), text.contains('"'));
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            c if is_printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
}

/// `repr()` of bytes.
pub(super) fn write_bytes_repr(bytes: &[u8], out: &mut String) {
    let quote = quote_of(bytes.contains(&b'\''), bytes.contains(&b'"'));
    out.push('b');
    out.push(quote);
    for byte in bytes {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b' '..=b'~' if char::from(*byte) == quote => out.extend(['\\', quote]),
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push(quote);
}

/// `str.isprintable` of one character.
fn is_printable(c: char) -> bool {
    use GeneralCategory as G;
    let category = c.general_category();
    let is_other =
        matches!(category, G::Control | G::Format | G::Surrogate | G::PrivateUse | G::Unassigned);
    let is_gap = matches!(category, G::LineSeparator | G::ParagraphSeparator | G::SpaceSeparator);
    !is_other && (!is_gap || c == ' ')
}

/// The text with decimal digits of every script as ASCII, as `int()` and `float()` read them.
fn ascii_digits(text: &str) -> String {
    let digit = |c: char| {
        if c.is_ascii() || !is_decimal(c) {
            return c;
        }
        // Digits come in runs of ten, in order; some runs touch.
        let code = u32::from(c);
        let is_digit = |code: u32| char::from_u32(code).is_some_and(is_decimal);
        let n_before = (1..=60).take_while(|back| is_digit(code - back)).count();
        char::from(b'0' + u8::try_from(n_before % 10).expect("less than ten"))
    };
    text.chars().map(digit).collect()
}

/// Removes the underscores that stand between digits; `None` where one stands elsewhere.
fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit =
        |idx: Option<usize>| idx.and_then(|idx| bytes.get(idx)).is_some_and(u8::is_ascii_digit);
    let is_misplaced = |(idx, byte): (usize, &u8)| {
        *byte == b'_' && !(is_digit(idx.checked_sub(1)) && is_digit(Some(idx + 1)))
    };
    let has_misplaced = bytes.iter().enumerate().any(is_misplaced);
    (!has_misplaced).then(|| text.replace('_', ""))
}

/// `int(text)`.
pub(super) fn int(text: &str) -> Option<BigInt> {
    let text = without_underscores(&ascii_digits(strip(text)))?;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || digits.len() > MAX_DIGITS {
        return None;
    }
    let magnitude: BigInt = digits.parse().ok()?;
    Some(if text.starts_with('-') { -magnitude } else { magnitude })
}

/// `float(text)`.
pub(super) fn float(text: &str) -> Option<f64> {
    let text = without_underscores(&ascii_digits(strip(text)))?;
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let is_word = ["inf", "infinity", "nan"].iter().any(|word| unsigned.eq_ignore_ascii_case(word));
    let is_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    // Rust reads the same words and numbers.
    if is_word || is_number { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        let check = |number: f64, expected: &str| assert_eq!(float_repr(number), expected);
        check(1.0, "1.0");
        check(-0.0, "-0.0");
        check(1e15, "1000000000000000.0");
        check(1e16, "1e+16");
        check(0.0001, "0.0001");
        check(0.00001, "1e-05");
        check(1.5e-7, "1.5e-07");
        check(f64::INFINITY, "inf");
    }

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        let check = |text: &str, whole: Option<i64>, real: Option<f64>| {
            assert_eq!((int(text), float(text)), (whole.map(BigInt::from), real), "{text:?}");
        };
        check(" 42\n", Some(42), Some(42.0));
        check("-1_000", Some(-1000), Some(-1000.0));
        check("1__0", None, None);
        check("٣٤", Some(34), Some(34.0));
        check("+7", Some(7), Some(7.0));
        check(".5", None, Some(0.5));
        check("1e3", None, Some(1000.0));
        check("0x10", None, None);
        check("", None, None);
        check("- 1", None, None);
        check("Infinity", None, Some(f64::INFINITY));
    }
}
