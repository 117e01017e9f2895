//! The rule of simple-evals.

use std::sync::LazyLock;

use regex::Regex;

/// `ANSWER_PATTERN_MULTICHOICE` (simple-evals, commit ee3b031, `common.py`).
static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)Answer[ \t]*:[ \t]*\$?([A-D])\$?").expect("the pattern is valid")
});

/// The first match, in the case in which the reply spells it.
pub(super) fn extract(text: &str) -> Option<&str> {
    let groups = PATTERN.captures(text)?;
    groups.get(1).map(|letter| letter.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(extract(text), expected, "{text:?}");
    }

    #[test]
    fn replies_as_python_reads_them() {
        check("Answer: B", Some("B"));
        check("answer \t:\t$C$", Some("C"));
        check("Answer: b", Some("b"));
        check("Answer: A is wrong.\nAnswer: D", Some("A"));
        check("Answer: Acid", Some("A"));
        check("Answer: a mixture", Some("a"));
        check("An\u{17f}wer: B", Some("B"));
        check("**Answer:** B", None);
        check("**Answer: B**", Some("B"));
        check("Answer:\nB", None);
        check("Answer: (B)", None);
        check("Answer: $$B$$", None);
        check("Answer: $LETTER", None);
        check("", None);
    }
}
