//! The rule of `inspect_ai`.

use std::sync::LazyLock;

use regex::Regex;
use tasks::choice::Letter;

use super::python::{ANY_LETTER, SPACE, WORD};

/// Both patterns of `parse_answers` (`inspect_ai`, commit 499e615, `solver/_multiple_choice.py`) with
/// Python's character classes written out: the strict one, which holds a whole line, and the one
/// that is tried where the strict one finds nothing.
static PATTERNS: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    let answer = format!(r"ANSWER[{SPACE}]*:[{SPACE}]*([{ANY_LETTER}\p{{Nd}} ,]+)");
    [format!(r"(?im)^{answer}[{SPACE}]*(?:$|\n|\.)"), format!(r"(?i){answer}(?:[^{WORD}]|\n|$|\.)")]
        .map(|pattern| Regex::new(&pattern).expect("the patterns are valid"))
});

/// The one token of the last match that commas do not leave empty, in upper case, if it is a letter of
/// four options; nothing where there are several tokens, as upstream then marks no option.
pub(super) fn extract(text: &str) -> Option<Letter> {
    let matched = PATTERNS.iter().find_map(|pattern| {
        let groups = pattern.captures_iter(text).last()?;
        groups.get(1)
    })?;
    // The group holds no other white space and no full stop, so `strip` and `rstrip(".")` come to this.
    let matched = matched.as_str().trim_matches(' ').to_uppercase();
    let mut tokens = matched.split(',').filter(|token| !token.is_empty());
    let only = tokens.next().filter(|_| tokens.next().is_none())?;
    Letter::from_name(only)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(extract(text).map(Letter::name), expected, "{text:?}");
    }

    #[test]
    fn replies_as_python_reads_them() {
        check("ANSWER: B", Some("B"));
        check("Answer: b.", Some("B"));
        check("ANSWER: A\nANSWER: C", Some("C"));
        check("ANSWER: A,", Some("A"));
        check("ANSWER: A, B", None);
        check("ANSWER: A B", None);
        check("ANSWER:\n\nD", Some("D"));
        check("so ANSWER: D!", Some("D"));
        check("**ANSWER: D**", Some("D"));
        check("ANSWER: **D**", None);
        check("ANSWER: D because", None);
        check("ANSWER: B\n\nand the ANSWER: C)", Some("B"));
        check("ANSWER: E", None);
        check("ANSWER: $LETTER", None);
        check("ANSWER: (B)", None);
        check("", None);
    }
}
