//! Tokens that are no Russian words by their shape alone.
//!
//! Source: pymorphy3 2.0.6, `pymorphy3/shapes.py` and `units/by_shape.py`.

use super::super::python::text;

/// Whether the shape alone says that the token is its own normal form: a number, punctuation, a
/// Roman number or a Latin word.
pub(super) fn is_its_own_lemma(token: &str) -> bool {
    is_number(token) || is_punctuation(token) || is_roman(token) || is_latin(token)
}

/// What `int` or, with a comma for the point, `float` takes.
fn is_number(token: &str) -> bool {
    let token = token.replace(',', ".");
    let unsigned = token.strip_prefix(['+', '-']).unwrap_or(&token);
    let name = unsigned.to_ascii_lowercase();
    if matches!(name.as_str(), "nan" | "inf" | "infinity") {
        return true;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let exponent_is_whole = exponent
        .is_none_or(|exponent| is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
    let mantissa_is_number = match mantissa.split_once('.') {
        Some(("", part) | (part, "")) => is_digits(part),
        Some((whole, part)) => is_digits(whole) && is_digits(part),
        None => is_digits(mantissa),
    };
    exponent_is_whole && mantissa_is_number
}

/// Digits, with single underscores between them.
fn is_digits(text: &str) -> bool {
    text.split('_').all(|run| !run.is_empty() && run.chars().all(text::is_decimal))
}

fn is_punctuation(token: &str) -> bool {
    !text::is_blank(token) && token.chars().all(|c| text::is_space(c) || text::is_punctuation(c))
}

/// `M{0,4}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})$`, ignoring case.
fn is_roman(token: &str) -> bool {
    let token = token.to_ascii_uppercase();
    let thousands = token.trim_start_matches('M');
    let after = digit(thousands, 'C', 'D', 'M');
    let after = digit(after, 'X', 'L', 'C');
    let after = digit(after, 'I', 'V', 'X');
    !token.is_empty() && token.len() - thousands.len() <= 4 && after.is_empty()
}

/// What follows one decimal digit written with a one, a five and a ten.
fn digit(token: &str, one: char, five: char, ten: char) -> &str {
    let subtracted = token.strip_prefix(one).and_then(|rest| rest.strip_prefix([five, ten]));
    if let Some(rest) = subtracted {
        return rest;
    }
    let token = token.strip_prefix(five).unwrap_or(token);
    let rest = token.trim_start_matches(one);
    &token[(token.len() - rest.len()).min(3)..]
}

/// Has letters, and all of them have `LATIN` in their Unicode name.
fn is_latin(token: &str) -> bool {
    let mut letters = token.chars().filter(|c| text::is_alpha(*c)).peekable();
    letters.peek().is_some() && letters.all(is_latin_letter)
}

/// Letters with `LATIN` in their name, in Unicode 14.0.
fn is_latin_letter(c: char) -> bool {
    const RANGES: [(u32, u32); 33] = [
        (0x41, 0x5a),
        (0x61, 0x7a),
        (0xc0, 0xd6),
        (0xd8, 0xf6),
        (0xf8, 0x2af),
        (0x1d00, 0x1d25),
        (0x1d62, 0x1d65),
        (0x1d6b, 0x1d77),
        (0x1d79, 0x1d9a),
        (0x1e00, 0x1eff),
        (0x2071, 0x2071),
        (0x207f, 0x207f),
        (0x2090, 0x209c),
        (0x2184, 0x2184),
        (0x2c2e, 0x2c2e),
        (0x2c5e, 0x2c5e),
        (0x2c60, 0x2c7c),
        (0x2c7e, 0x2c7f),
        (0xa722, 0xa76f),
        (0xa771, 0xa787),
        (0xa78b, 0xa7ca),
        (0xa7d0, 0xa7d1),
        (0xa7d3, 0xa7d3),
        (0xa7d5, 0xa7d9),
        (0xa7f5, 0xa7f7),
        (0xa7fa, 0xa7ff),
        (0xab30, 0xab5a),
        (0xab60, 0xab64),
        (0xab66, 0xab68),
        (0xfb00, 0xfb06),
        (0xff21, 0xff3a),
        (0xff41, 0xff5a),
        (0x1df00, 0x1df1e),
    ];
    RANGES.iter().any(|(low, high)| (*low..=*high).contains(&u32::from(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_told() {
        let check = |token: &str, expected: bool| {
            assert_eq!(is_its_own_lemma(token), expected, "{token:?}");
        };
        for token in ["12", "-1_000", "3,5", ".5e-3", "٣", "inf", "«»", "…", "XIV", "mmxx", "naïve"]
        {
            check(token, true);
        }
        for token in ["", "кот", "1_", "№", "XXвек", "е5"] {
            check(token, false);
        }
    }

    #[test]
    fn roman_numbers_are_told() {
        let check =
            |token: &str, expected: bool| assert_eq!(is_roman(token), expected, "{token:?}");
        check("MMMMCMXCIX", true);
        check("iv", true);
        check("IIII", false);
        check("MMMMM", false);
        check("VX", false);
    }
}
