//! From the text of an answer to what it says.

use std::sync::LazyLock;

use regex::Regex;

use super::boxed::last_boxed;
use super::clean::{clean, pattern};
use super::fallback;
use super::list_reader;
use super::reader::{Reader, Stop};
use super::token::{Unlexed, tokens};
use super::value::Value;

/// An answer as Math-Verify takes it out of its context.
pub(super) struct Answer {
    pub(super) value: Parsed,
    /// The cleaned text, which is compared too.
    pub(super) text: Option<String>,
}

/// What an answer says.
pub(super) enum Parsed {
    Value(Value),
    /// Upstream reads nothing.
    Nothing,
    /// Upstream may read some number that is not computed here, or nothing.
    Number,
    /// Upstream may read something that is not read here.
    Unread,
}

/// Spellings that make upstream treat the symbols of an answer as complex.
static COMPLEX: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bi\b|\\mathbb\{C\}|\\imath\b|\\det|\\(?:operatorname|text)\{rank\}|\\operatorname\{(?:tr|Re|Im)\}|\\text\{(?:Re|Im)\}|\\(?:arg|Re|Im)\{",
    )
});

impl Answer {
    const UNREAD: Self = Self { value: Parsed::Unread, text: None };

    /// A gold answer, between dollars.
    pub(super) fn gold(gold: &str) -> Self {
        let unescaped = gold.replace(r"\$", "");
        let is_odd = gold.is_empty()
            || gold.ends_with('\\')
            || unescaped.contains(['$', '\n'])
            || gold.contains(r"\boxed")
            || gold.contains(r"\fbox")
            || has_answer_word(gold);
        if is_odd {
            return Self::UNREAD;
        }
        let text = clean(gold);
        let value = match parse(&text) {
            Err(Stop::Refused) if has_odd_digits(gold) => return Self::UNREAD,
            Err(Stop::Refused) => fallback::number_in(&format!("${gold}$")),
            other => known(other),
        };
        Self { value, text: Some(text).filter(|text| !text.is_empty()) }
    }

    /// The inside of a box.
    pub(super) fn boxed(answer: &str) -> Self {
        let whole = format!(r"\boxed{{{answer}}}");
        let text = if answer.is_empty() { String::new() } else { clean(&last_boxed(&whole)) };
        if text.is_empty() {
            let value =
                if answer.is_empty() { Parsed::Nothing } else { fallback::latex_in(&whole) };
            return Self { value, text: None };
        }
        let value = match parse(&text) {
            Err(Stop::Refused) if has_odd_digits(answer) => return Self::UNREAD,
            Err(Stop::Refused) => fallback::latex_in(&whole),
            other => known(other),
        };
        Self { value, text: Some(text) }
    }
}

fn known(read: Result<Value, Stop>) -> Parsed {
    match read {
        Ok(value) => Parsed::Value(value),
        Err(Stop::Refused) => Parsed::Nothing,
        Err(Stop::Unread) => Parsed::Unread,
    }
}

/// Digits of other scripts, which upstream's patterns take for digits and its numbers do not.
fn has_odd_digits(text: &str) -> bool {
    text.chars().any(|c| !c.is_ascii() && c.is_numeric())
}

/// Words before an answer, which change where upstream looks for it.
pub(super) fn has_answer_word(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("answer")
}

/// Reads cleaned text; where the whole is refused, the last part of a chain of equations.
pub(super) fn parse(text: &str) -> Result<Value, Stop> {
    match read(text) {
        Err(Stop::Refused) => match last_equation(text) {
            Some(last) => read(last),
            None => Err(Stop::Refused),
        },
        other => other,
    }
}

fn read(text: &str) -> Result<Value, Stop> {
    let tokens = tokens(text).map_err(|error| match error {
        Unlexed::Refused => Stop::Refused,
        Unlexed::TooLong => Stop::Unread,
    })?;
    let mut reader = Reader::new(text, &tokens, !COMPLEX.is_match(text));
    let value = list_reader::answer(&mut reader)?;
    Ok(match (&value, grouped(text)) {
        (Value::Set(_), Some(number)) => Value::Expression(number?),
        _ => value,
    })
}

/// A list that is one number with separators between groups of three digits.
fn grouped(text: &str) -> Option<Result<super::node::Node, Stop>> {
    let digits = text.trim();
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let is_grouped = is_digits(first)
        && first.len() <= 3
        && !rest.is_empty()
        && rest.iter().all(|group| group.len() == 3 && is_digits(group))
        && fraction.is_none_or(is_digits);
    if !is_grouped {
        return None;
    }
    // A leading zero makes the first comma a decimal point upstream.
    if first.starts_with('0') {
        return Some(Err(Stop::Unread));
    }
    let number = super::atom::number(&digits.replace(',', ""));
    Some(number.map(|number| if negative { number.negate() } else { number }))
}

/// What follows the last equals sign where there are at least two and no list.
fn last_equation(text: &str) -> Option<&str> {
    if text.contains([',', ';']) {
        return None;
    }
    let is_alone = |at: usize| !text[..at].ends_with(['\\', '<', '!', '>']);
    let signs: Vec<usize> =
        text.match_indices('=').map(|(at, _)| at).filter(|at| is_alone(*at)).collect();
    signs.last().filter(|_| signs.len() > 1).map(|at| &text[at + 1..])
}
