//! Bare numbers in running text, for GSM8K.
//!
//! A group of three digits after a thousands separator belongs to the number before it, also after a
//! space: "1 200" is one number and "7 20" are two.

use crate::check::integer::{SEPARATORS, next_group};

/// Currency signs that may stand between a minus sign and its number, the longest first.
const CURRENCIES: [&str; 5] = [r"\$", "$", "€", "£", "₽"];

/// LaTeX before a number that does not change it.
const DELIMITERS: [&str; 5] = [r"\(", r"\)", r"\[", r"\]", r"\$"];

/// Words that continue a number as a calculation.
const OPERATOR_WORDS: [&str; 5] = ["plus", "minus", "times", "divided", "multiplied"];

/// The number that the last line of the form `#### 42` starts with, whatever else the line tells. A
/// line such as `#### 1. Setup` is a Markdown heading.
pub(super) fn after_hashes(text: &str) -> Option<&str> {
    let mut end = text.len();
    while let Some(at) = text[..end].rfind("####") {
        let line = text[at + 4..end].lines().next().unwrap_or("");
        if let Some(number) = of_line(line.trim_start_matches(['#', '\t'])) {
            return Some(number);
        }
        end = at;
    }
    None
}

/// The last number: digits with thousands separators, one decimal point and a minus sign that
/// does not subtract.
pub(super) fn last(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let end = bytes.iter().rposition(u8::is_ascii_digit)? + 1;
    let mut start = digits_before(bytes, end);
    if start > 1 && bytes[start - 1] == b'.' && bytes[start - 2].is_ascii_digit() {
        let whole = start - 1;
        start = groups_before(text, digits_before(bytes, whole), whole);
    } else {
        start = groups_before(text, start, end);
    }
    let bare = &text[..start];
    let unsigned = CURRENCIES.iter().find_map(|sign| bare.strip_suffix(sign)).unwrap_or(bare);
    let negative = unsigned.strip_suffix(['-', '−']).filter(|head| {
        !head.trim_end().ends_with(|c: char| c.is_alphanumeric() || ")]}".contains(c))
    });
    Some(&text[negative.map_or(start, str::len)..end])
}

/// The number that a final-answer phrase gives: the number it starts with, whatever the phrase
/// tells after it ("42 for all 3 of them"), or the result of the calculation it starts with
/// ("6 * 7 = 42"), or else its last number. A phrase that offers several numbers is returned
/// whole, because it is no single answer.
pub(super) fn of_phrase(phrase: &str) -> Option<&str> {
    let Some((number, rest)) = leading(phrase) else { return last(phrase) };
    if is_calculation(rest) {
        let result = phrase.rsplit_once('=').and_then(|(_, result)| leading(result));
        let has_words = phrase.contains(char::is_alphabetic);
        return match result {
            Some((number, _)) => Some(number),
            None if has_words => last(phrase),
            None => Some(phrase),
        };
    }
    Some(if offers_another(rest) { phrase } else { number })
}

/// Splits the number at the start of a text, past markup and with its sign, from the rest.
fn leading(text: &str) -> Option<(&str, &str)> {
    let text = skip_markup(text);
    let unsigned = text.strip_prefix(['-', '−', '–', '+']).map_or(text, |rest| {
        CURRENCIES.iter().find_map(|sign| rest.strip_prefix(sign)).unwrap_or(rest)
    });
    let length = number_length(unsigned);
    (length > 0).then(|| text.split_at(text.len() - unsigned.len() + length))
}

/// Skips spaces, emphasis, math delimiters and currency signs before a number.
fn skip_markup(text: &str) -> &str {
    let mut text = text;
    loop {
        let rest = text.trim_start_matches([' ', '\u{a0}', '*', '_', '`', '"', '$', '€', '£', '₽']);
        let rest = DELIMITERS.iter().find_map(|mark| rest.strip_prefix(mark)).unwrap_or(rest);
        if rest.len() == text.len() {
            return text;
        }
        text = rest;
    }
}

/// The length of the number that a text starts with: digits, groups of three after separators, and
/// decimals.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let first = digits_after(bytes, 0);
    let mut end = first;
    while (1..=3).contains(&first)
        && let Some((_, after)) = next_group(&text[end..])
    {
        end = text.len() - after.len();
    }
    let decimals = if bytes.get(end) == Some(&b'.') { digits_after(bytes, end + 1) } else { 0 };
    if first > 0 && decimals > 0 { end + 1 + decimals } else { end }
}

/// Whether an operator and another number follow a number before anything that ends a
/// calculation.
fn is_calculation(rest: &str) -> bool {
    let head = rest.split(['=', '(', ',', ';']).next().unwrap_or("");
    let words = first_words(rest);
    let starts_with_word = OPERATOR_WORDS.contains(&words[0]);
    let number_follows = |after: &str| skip_markup(after).starts_with(|c: char| c.is_ascii_digit());
    (starts_with_word && words[1..3].iter().any(|word| is_number(word)))
        || head.char_indices().any(|(at, c)| {
            let after = &head[at + c.len_utf8()..];
            match c {
                '+' | '/' | '×' | '·' | '÷' | '-' | '−' => number_follows(after),
                '*' => {
                    !after.starts_with('*') && !head[..at].ends_with('*') && number_follows(after)
                }
                // After a letter these are the power of a unit and a part of a word.
                '^' | 'x' => !head[..at].ends_with(char::is_alphabetic) && number_follows(after),
                '\\' => ["times", "cdot", "div"]
                    .iter()
                    .find_map(|name| after.strip_prefix(name))
                    .is_some_and(number_follows),
                _ => false,
            }
        })
}

/// Whether another number is joined to a number, as in "42 or 43", "42 apples or 43" and
/// "42, 43".
fn offers_another(rest: &str) -> bool {
    is_list(rest) || joins(rest, 0) || joins(rest, 1)
}

/// Whether only numbers follow a number.
fn is_list(rest: &str) -> bool {
    let next = skip_markup(skip_markup(rest).trim_start_matches(','));
    next.starts_with(|c: char| c.is_ascii_digit()) && !next.contains(char::is_alphabetic)
}

/// Whether a further number is joined after so many words.
fn joins(rest: &str, n_words: usize) -> bool {
    let words = first_words(rest);
    let joiner = words[n_words].to_lowercase();
    ["or", "and", "to", "или", "либо", "и"].contains(&joiner.as_str())
        && words[n_words + 1..n_words + 3].iter().any(|word| is_number(word))
}

/// The first four words and numbers of a text, empty where it has fewer.
fn first_words(text: &str) -> [&str; 4] {
    let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    [(); 4].map(|()| words.next().unwrap_or(""))
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}

/// The number that the rest of a line after `####` gives: the one that it starts with, or the result
/// of the calculation that it starts with. A unit may have a number of its own, as in "42 hours and 0
/// minutes"; numbers without one are no single answer.
fn of_line(line: &str) -> Option<&str> {
    let (number, rest) = leading(line)?;
    let is_heading = rest.strip_prefix(['.', ')', ':']).is_some_and(|title| {
        title.starts_with([' ', '\t', '*']) && title.contains(char::is_alphabetic)
    });
    if is_heading {
        return None;
    }
    if is_calculation(rest) {
        return of_phrase(line);
    }
    Some(if is_list(rest) || joins(rest, 0) { line.trim() } else { number })
}

fn digits_before(bytes: &[u8], end: usize) -> usize {
    bytes[..end].iter().rposition(|b| !b.is_ascii_digit()).map_or(0, |at| at + 1)
}

/// Walks left over `1,234,` groups from the digits at `start..end`.
fn groups_before(text: &str, mut start: usize, end: usize) -> usize {
    let mut width = end - start;
    while width == 3 {
        let head = &text[..start];
        let Some(before) = SEPARATORS.iter().find_map(|separator| head.strip_suffix(separator))
        else {
            break;
        };
        let previous = digits_before(text.as_bytes(), before.len());
        width = before.len() - previous;
        let is_fraction = text[..previous].ends_with('.');
        if is_fraction || !(1..=3).contains(&width) {
            break;
        }
        start = previous;
    }
    start
}

fn digits_after(bytes: &[u8], start: usize) -> usize {
    bytes[start..].iter().take_while(|b| b.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(last(text), expected, "{text:?}");
    }

    #[test]
    fn last_numbers() {
        check("a 12 b", Some("12"));
        check("$1,234.50 left", Some("1,234.50"));
        check("1,234,567", Some("1,234,567"));
        check("1,2,3", Some("3"));
        check("10-5", Some("5"));
        check("x = -5.", Some("-5"));
        check("2 - 7", Some("7"));
        check("от 5 до 7 рублей", Some("7"));
        check("3.14", Some("3.14"));
        check("12345,678", Some("678"));
        check("-$42", Some("-$42"));
        check(r"it is: -\$1,042", Some(r"-\$1,042"));
        check("$-42", Some("-42"));
        check("50-$42", Some("42"));
        check("x = −5", Some("−5"));
        check("7 − 5", Some("5"));
        check("She has $1{,}234$ apples", Some("1{,}234"));
        check(r"so 1\,234\,567", Some(r"1\,234\,567"));
        check("всего 1\u{a0}200", Some("1\u{a0}200"));
        check("всего 12\u{202f}345.50", Some("12\u{202f}345.50"));
        check("it is 7 20", Some("20"));
        check("it is 7, 200", Some("200"));
        check("in 2019 100 came", Some("100"));
        check("of 3.5 200", Some("200"));
        check("none", None);
        check("", None);
    }

    #[test]
    fn numbers_of_phrases() {
        for (phrase, expected) in [
            ("42 (6 * 7)", "42"),
            ("42 for all 3 of them", "42"),
            ("42 = 6 * 7", "42"),
            ("42 dollars per 7 days", "42"),
            ("42 marbles (7 groups of 6)", "42"),
            ("-$1,042.50 for 3", "-$1,042.50"),
            ("**42** for 3", "42"),
            (r"\$42 for 3", "42"),
            ("42, as 6 and 7 show", "42"),
            ("42, not 43", "42"),
            ("42 times as many as 3", "42"),
            ("42 or so", "42"),
            ("6 * 7 = 42", "42"),
            ("6 x 7 = $42 for 3", "42"),
            ("6 times 7 = 42", "42"),
            ("6 dollars + 36 dollars = 42 dollars", "42"),
            (r"6 \times 7 = 42", "42"),
            ("6 * 7 is 42", "42"),
            ("that 3 of them make 42", "42"),
            ("x = 42", "42"),
            ("42 or 43", "42 or 43"),
            ("42 (or maybe 43)", "42 (or maybe 43)"),
            ("42 apples or 43 apples", "42 apples or 43 apples"),
            ("42, 43", "42, 43"),
            (r"42\), \(43", r"42\), \(43"),
            ("42$ / $43", "42$ / $43"),
            ("10/2", "10/2"),
            ("10^2", "10^2"),
            ("42 m^2", "42"),
            ("42 см^2 из 3", "42"),
            ("+42 in all", "+42"),
            ("1{,}234", "1{,}234"),
            (r"\$1{,}234$", "1{,}234"),
            (r"1\,234 of 5", r"1\,234"),
            ("1 200 рублей", "1 200"),
            ("1\u{a0}200 рублей", "1\u{a0}200"),
            ("1\u{202f}200 рублей", "1\u{202f}200"),
            ("1 200 dollars", "1 200"),
            ("7 20", "7 20"),
            ("2019 100", "2019 100"),
            ("none", "∅"),
        ] {
            assert_eq!(of_phrase(phrase).unwrap_or("∅"), expected, "{phrase:?}");
        }
    }

    #[test]
    fn hash_lines() {
        for (text, expected) in [
            ("#### 42", Some("42")),
            ("#### $1,234 dollars", Some("1,234")),
            ("#### -5.", Some("-5")),
            ("#### **7**\n", Some("7")),
            ("#### 6\n#### Step 2", Some("6")),
            ("#### 42 (that is 6 * 7)", Some("42")),
            ("#### 42 = 6*7", Some("42")),
            ("#### 6*7 = 42", Some("42")),
            ("#### 42 m^2", Some("42")),
            ("#### 42, since 6*7", Some("42")),
            ("#### $42 per 7 days", Some("42")),
            ("#### 42 hours and 0 minutes", Some("42")),
            ("#### 1 234 рубля", Some("1 234")),
            ("#### 42 or 43", Some("42 or 43")),
            ("#### 42, 43", Some("42, 43")),
            ("#### 42.", Some("42")),
            ("##### +42 #####", Some("+42")),
            ("#### 2. Result\n#### 42", Some("42")),
            ("#### 1. Setup", None),
            ("#### 1) Setup", None),
            ("#### **1.** Setup", None),
            ("#### Step 1", None),
            ("####", None),
        ] {
            assert_eq!(after_hashes(text), expected, "{text:?}");
        }
    }
}
