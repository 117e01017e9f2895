//! The rule of NeMo-Skills.

use std::sync::LazyLock;

use regex::Regex;

use super::python::{ANY_LETTER, SPACE, WORD};

/// The fallback pattern of `extract_letter` (NeMo-Skills, commit 8b18f399,
/// `evaluation/evaluator/mcq.py`). What its look-ahead forbids is consumed here instead, which moves
/// no match, because a match starts with the optional marks before "Answer".
static PHRASE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(
        r"(?i)Answer[*_]{{0,2}}[{SPACE}]*:[{SPACE}*_]{{0,2}}[{SPACE}]*([{ANY_LETTER}])(?:[^{ANY_LETTER}0-9]|\z)"
    );
    Regex::new(&pattern).expect("the pattern is valid")
});

/// An isolated letter from A to J, as `\b[A-J]\b`.
static ISOLATED: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(r"(?:^|[^{WORD}])([A-J])");
    Regex::new(&pattern).expect("the pattern is valid")
});

/// A character of a word.
static IN_WORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!("^[{WORD}]")).expect("the pattern is valid"));

/// The content of the last box, or the last isolated letter in it where it is longer than one
/// character; without a box the letter of the last phrase.
pub(super) fn extract(text: &str) -> Option<&str> {
    match boxed(text) {
        Some(content) if content.chars().count() == 1 => Some(content),
        Some(content) => Some(last_isolated(content).unwrap_or(content)),
        None => {
            let groups = PHRASE.captures_iter(text).last()?;
            groups.get(1).map(|letter| letter.as_str())
        }
    }
}

/// `extract_answer` of `evaluation/math_grader.py`: the last `\boxed`, which a brace must follow at
/// once, up to the brace that closes it.
fn boxed(text: &str) -> Option<&str> {
    let command = &text[text.rfind(r"\boxed")?..];
    let mut depth = 0_i64;
    for (at, c) in command.char_indices() {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => continue,
        };
        if c == '}' && depth == 0 {
            return command[..at].strip_prefix(r"\boxed{");
        }
    }
    None
}

fn last_isolated(content: &str) -> Option<&str> {
    let found = ISOLATED.captures_iter(content).filter_map(|groups| groups.get(1));
    found
        .filter(|letter| !IN_WORD.is_match(&content[letter.end()..]))
        .last()
        .map(|letter| letter.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(extract(text), expected, "{text:?}");
    }

    #[test]
    fn replies_as_python_reads_them() {
        check(r"\boxed{B}", Some("B"));
        check(r"\boxed{A} then \boxed{b}", Some("b"));
        check(r"\boxed{\text{(C)}}", Some("C"));
        check(r"\boxed{A or D}", Some("D"));
        check(r"\boxed{B_1}", Some("B_1"));
        check(r"\boxed{AB B\u{301}}", Some("B"));
        check(r"\boxed{}", Some(""));
        check(r"\boxed {B} Answer: C", Some("C"));
        check(r"\boxed{B Answer: C", Some("C"));
        check(r"}\boxed{B}", Some("B"));
        check("Answer: B", Some("B"));
        check("**Answer:** b", Some("b"));
        check("Answer: A.\n*Answer* : **D**", Some("A"));
        check("Answer: A.\n*Answer* :**D**", Some("D"));
        check("Answer: BC", None);
        check("Answer: ***B", None);
        check("Answer: K", Some("K"));
        check("", None);
    }
}
