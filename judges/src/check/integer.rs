//! Integer answers, as AIME asks for.
//!
//! Integers compare as integers: `073` is `73`. NeMo-Skills compares digit strings and rejects
//! that pair, Math-Verify accepts it. Arithmetic is not carried out: `72+1` is no integer answer.

use super::latex::{peel, styled};
use super::unit;

/// The longest answer, in bytes, that is read.
const LONGEST: usize = 4096;

/// Currency signs before a number.
const CURRENCIES: [&str; 5] = [r"\$", "$", "€", "£", "₽"];

/// Separators between groups of three digits, the longest first.
pub(crate) const SEPARATORS: [&str; 9] =
    [",\\!", "{,}", r"\,", r"\ ", ",", " ", "\u{a0}", "\u{202f}", "\u{2009}"];

/// Commands that may stand in the middle of a chain of equations.
const ARITHMETIC: [&str; 9] =
    ["frac", "dfrac", "tfrac", "cdot", "times", "sqrt", "left", "right", "pi"];

/// Reads an answer that is one integer and returns its decimal form without leading zeros or a
/// plus sign; zero has no sign. The size is not bounded by a machine type.
///
/// Accepted around the number are math delimiters, Markdown, style commands, thousands
/// separators between groups of three, a zero fraction (`73.0`), a unit, percent or degree sign,
/// and an equation that it closes (`m+n=73`). Two numbers are never one answer.
#[must_use]
pub fn parse_integer(answer: &str) -> Option<String> {
    if answer.len() > LONGEST {
        return None;
    }
    // Bold type may stand around a part of the answer only: `**42** marbles`.
    let plain = answer.replace("**", "");
    let answer = peel(&plain);
    number(answer).or_else(|| equation(answer))
}

/// A number with its currency, unit and sign.
fn number(text: &str) -> Option<String> {
    let mut text = peel(text);
    loop {
        let next =
            drop_label(text).or_else(|| unit::strip(text)).or_else(|| drop_parentheses(text));
        match next {
            Some(next) => text = peel(next),
            None => return signed(text),
        }
    }
}

fn signed(text: &str) -> Option<String> {
    let (negative, text) = match text.strip_prefix(['-', '−', '–']) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let text = text.trim_start();
    let currency = CURRENCIES.iter().find_map(|sign| text.strip_prefix(sign));
    let digits = literal(currency.unwrap_or(text).trim_start())?;
    Some(if negative && digits != "0" { format!("-{digits}") } else { digits })
}

/// Digits with thousands separators and a fraction of zeros.
fn literal(text: &str) -> Option<String> {
    let (first, mut rest) = split_digits(text);
    if first.is_empty() {
        return None;
    }
    let mut digits = first.to_owned();
    while let Some((group, after)) = next_group(rest) {
        if first.len() > 3 || first.starts_with('0') {
            return None;
        }
        digits.push_str(group);
        rest = after;
    }
    let zeros = rest.strip_prefix('.').unwrap_or(rest);
    if zeros.bytes().any(|b| b != b'0') || (zeros.len() == rest.len() && !rest.is_empty()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    Some(if significant.is_empty() { "0".to_owned() } else { significant.to_owned() })
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// The group of three digits after a separator, and what follows it.
pub(crate) fn next_group(rest: &str) -> Option<(&str, &str)> {
    let after = SEPARATORS.iter().find_map(|separator| rest.strip_prefix(separator))?;
    let (group, after) = split_digits(after);
    (group.len() == 3).then_some((group, after))
}

/// Drops a leading `\text{Answer: }` or an empty `\text{ }`.
fn drop_label(text: &str) -> Option<&str> {
    let (_, label, rest) = styled(text)?;
    let label = label.trim();
    let is_label = label.is_empty() || (label.ends_with(':') && !has_digit(label));
    (is_label && !rest.is_empty()).then_some(rest)
}

/// Drops brackets around a single number.
fn drop_parentheses(text: &str) -> Option<&str> {
    let brackets = [("(", ")"), ("[", "]"), (r"\{", r"\}"), (r"\left(", r"\right)")];
    brackets.iter().find_map(|(open, close)| {
        let inner = text.strip_prefix(open)?.strip_suffix(close)?;
        (!inner.contains(['(', ')', '[', ']', ','])).then_some(inner)
    })
}

/// The integer in a chain of equations such as `m + n = 73` or `70 + 3 = 73`. All members that
/// are integers must agree. Words may stand in the first member only, so that "x = 5 or x = 7"
/// has no integer.
fn equation(text: &str) -> Option<String> {
    let mut found: Option<String> = None;
    for (index, member) in text.split('=').enumerate() {
        match number(member) {
            Some(value) if found.as_ref().is_none_or(|known| *known == value) => {
                found = Some(value);
            }
            None if index == 0 && is_left_side(member) => {}
            None if index > 0 && is_arithmetic(peel(member)) => {}
            _ => return None,
        }
    }
    found.filter(|_| text.contains('='))
}

fn is_left_side(member: &str) -> bool {
    let member = member.trim_end();
    let joins =
        |word: &str| ["or", "and", "или", "и", "lor", "vee", "quad", "qquad"].contains(&word);
    !member.ends_with(['!', '<', '>', '~', ':'])
        && !member.ends_with(r"\not")
        && !member.contains([',', ';'])
        && !member.split(|c: char| !c.is_alphabetic()).any(joins)
}

fn is_arithmetic(member: &str) -> bool {
    let mut words = member.split(|c: char| !c.is_ascii_alphabetic());
    let allowed = |c: char| {
        c.is_ascii_alphanumeric() || c.is_whitespace() || r"+-*/^(){}.\_!&−·×π".contains(c)
    };
    member.chars().all(allowed)
        && !member.trim_end().ends_with('!')
        && words.all(|word| word.len() <= 1 || ARITHMETIC.contains(&word))
}

fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, expected: &str) {
        assert_eq!(parse_integer(answer).as_deref().unwrap_or("∅"), expected, "{answer:?}");
    }

    #[test]
    fn integers() {
        for form in [
            "73",
            "073",
            "0073",
            "+73",
            "73.",
            "73.0",
            "73.000",
            "073.",
            " 73 ",
            "$73$",
            r"\(73\)",
            r"\text{73}",
            r"\textbf{073}",
            r"\mathbf{73}",
            "**73**",
            "**73** marbles",
            "{73}",
            "{{73}}",
            "(73)",
            r"\$73",
            r"73\%",
            "73%",
            r"73^\circ",
            r"73^{\circ}",
            "73°",
            r"73 \text{ units}",
            r"73\mbox{ cm}^2",
            "73 dollars",
            "73 рубля",
            "x=73",
            "x = 73",
            "m+n=73",
            r"m + n = 73",
            "70+3=73",
            "73=70+3",
            r"\displaystyle 73",
            r"73\quad",
            r"\boxed{73}",
            r"\text{Answer: }73",
            r"\text{ }73",
            "\"73\"",
            r"73 \text{ (mod 1000)}",
            "73_{10}",
            "[73]",
            r"\{73\}",
            "73 (mod 1000)",
            r"73\ ",
            r"\large 73",
            r"\mathbf 73",
            r"73\,",
            r"x = \boxed{73}",
            "$73$.",
            r"\underline{73}",
            r"\text{m+n = 73}",
            r"N = 2 \cdot 36 + 1 = 73",
            "`73`",
            r"73\\",
            "$m+n$ = **73**",
            r"$73$ = $70 + 3$",
            r"73\text{ (approximately)}",
            r"73\mathrm{~cm}^2",
        ] {
            check(form, "73");
        }
    }

    #[test]
    fn signs_and_zero() {
        for (form, expected) in [
            ("-5", "-5"),
            ("−5", "-5"),
            ("- 5", "-5"),
            ("-0", "0"),
            ("000", "0"),
            ("0.0", "0"),
            ("+0", "0"),
            (r"-\$5", "-5"),
            ("x=-984", "-984"),
            ("-007", "-7"),
        ] {
            check(form, expected);
        }
    }

    #[test]
    fn thousands() {
        for form in [
            "1234567",
            "1,234,567",
            "1{,}234{,}567",
            r"1\,234\,567",
            "1 234 567",
            r"1,\!234,\!567",
            "1\u{a0}234\u{202f}567",
        ] {
            check(form, "1234567");
        }
        let long = "9".repeat(300);
        check(&long, &long);
    }

    #[test]
    fn everything_else() {
        for form in [
            "",
            "7 3",
            "7,3",
            "0,73",
            "100,00",
            "3/4",
            "73.5",
            "10^3",
            "72+1",
            "5 or 7",
            "73 or 74",
            r"73 \text{ or } 74",
            "5 million",
            r"5 \text{ million}",
            "x",
            "m=70, n=3, m+n=73",
            "x=5, y=7",
            "x = 5 or x = 7",
            "x != 5",
            "x >= 5",
            r"\frac{73}{1}",
            "5!",
            "x=5!",
            "73x",
            "73 x",
            "2 pi",
            "1e5",
            "0x10",
            "12:30",
            "not 5 but 293",
            "A",
            "-",
            "+",
            ".",
            "$",
            "{",
            "}",
            r"\",
            "=",
            "1,2,3",
            r"73\pmod{1000}",
            r"\pm 3",
            "52_8",
            r"\text{at most } 5",
            "1,0000",
            "12345,678",
            "--5",
            "1.000.000",
            "5 (x)",
            "[5, 7]",
            "n=1=2",
            r"5\text{ or }x=7",
            r"\sqrt{25}",
            "½",
            "５",
            "42 (or 43)",
            r"42\text{ (or 43)}",
            "42 (or maybe 43)",
            r"42\text{7}",
            r"42\mathrm{e}",
            r"42\mathrm{i}",
            "42 тыс",
            "42 млн.",
            "42 lakh",
            "42 crore",
            "42 negative",
            r"\(42\), \(43\)",
            "$42$ / $43$",
            "$42$ = $43$",
        ] {
            check(form, "∅");
        }
        check(&"{".repeat(100_000), "∅");
        check(&"=".repeat(4000), "∅");
    }
}
