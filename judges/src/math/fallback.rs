//! What Math-Verify finds in a text whose LaTeX it cannot read: a number after white space, an
//! equals sign or the start, or a fraction of numbers.

use std::sync::LazyLock;

use regex::Regex;

use super::answer::{Parsed, has_answer_word, parse};
use super::atom::number;
use super::clean::{clean, pattern};
use super::node::Node;
use super::value::Value;

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|\s|=)(?:\*\*)?[$€£¥₹₽₪₩₫฿]?(?:(?<grouped>-?[1-9][0-9]{0,2}(?:[ ,][0-9]{3})+)(?<tail>\.[0-9]+)?|(?<whole>-?[0-9]+)(?<fraction>[.,][0-9]+)|(?<bare>\.[0-9]+)|(?<integer>-?[0-9]+))(?<percent>\s*(?:%|[Pp]ercent|[Pp]ct))?",
    )
});

/// The start of an arithmetic expression that upstream would compute.
static ARITHMETIC: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:^|\s|=)(?:\*\*)?-?\(?-?[0-9][0-9.\s+\-*×/^()÷]*[+\-*×/^()÷][0-9.\s+\-*×/^()÷]+")
});

static FRACTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"-?\\frac\{-?[0-9]+(?:[.,][0-9]+)?\}\{-?[0-9]+(?:[.,][0-9]+)?\}")
});

/// The last number of a text without readable LaTeX.
pub(super) fn number_in(text: &str) -> Parsed {
    if has_odd_digits(text) || ARITHMETIC.is_match(text) {
        return Parsed::Unread;
    }
    match last_number(text) {
        Some((_, _, Some(node))) => Parsed::Value(Value::Expression(node)),
        Some((_, _, None)) => Parsed::Unread,
        None => Parsed::Nothing,
    }
}

/// The last number or fraction of a box that was not read.
pub(super) fn latex_in(text: &str) -> Parsed {
    if has_environment(text) || has_answer_word(text) {
        return Parsed::Unread;
    }
    let mut fractions = FRACTION.find_iter(text);
    let Some(fraction) = fractions.next() else { return number_in(text) };
    let after = text[fraction.end()..].trim_start();
    let is_alone = fractions.next().is_none()
        && last_number(text).is_none()
        && !ARITHMETIC.is_match(text)
        && !after.starts_with(['%', 'p', 'P'])
        && !after.starts_with(r"\%");
    match parse(&clean(fraction.as_str())) {
        Ok(value) if is_alone => Parsed::Value(value),
        _ => Parsed::Unread,
    }
}

/// The last number of a box that spreads over lines.
pub(super) fn lines_in(text: &str) -> Parsed {
    match latex_in(text) {
        Parsed::Value(Value::Expression(node)) => Parsed::Value(Value::Expression(node)),
        Parsed::Nothing => Parsed::Nothing,
        _ => Parsed::Unread,
    }
}

fn has_environment(text: &str) -> bool {
    text.contains('$')
        || text.contains(r"\(")
        || text.contains(r"\[")
        || text.contains(r"\fbox")
        || text.matches(r"\boxed").count() > 1
        || text.split('[').skip(1).zip(text.split('[')).any(|(_, before)| {
            before.ends_with(char::is_whitespace)
        })
}

/// Digits of other scripts, which upstream's patterns take for digits.
fn has_odd_digits(text: &str) -> bool {
    text.chars().any(|c| !c.is_ascii() && c.is_numeric())
}

/// The number that ends last: where it starts, where it ends, and its value.
fn last_number(text: &str) -> Option<(usize, usize, Option<Node>)> {
    let captures = NUMBER.captures_iter(text).last()?;
    let whole = captures.get(0)?;
    let group = |name: &str| captures.name(name).map_or("", |found| found.as_str());
    let integer = format!("{}{}{}", group("grouped"), group("whole"), group("integer"));
    let fraction = format!("{}{}{}", group("tail"), group("fraction"), group("bare"));
    let digits = integer.replace([',', ' '], "");
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest.to_owned()),
        None => (false, digits),
    };
    let node = number(&format!("{digits}{}", fraction.replace(',', "."))).ok();
    let node = node.map(|node| if negative { node.negate() } else { node });
    let is_percent = captures.name("percent").is_some();
    let node = node.map(|node| if is_percent { Node::Percent(Box::new(node)) } else { node });
    Some((whole.start(), whole.end(), node))
}
