//! The rule of the GPQA authors.

use std::sync::LazyLock;

use regex::Regex;

/// The patterns of `parse_sampled_answer` (`run_baseline.py` of the authors' repository) in their
/// order.
static PATTERNS: LazyLock<[Regex; 5]> = LazyLock::new(|| {
    [r"answer is \((.)\)", r"Answer: \((.)\)", r"answer: \((.)\)", r"answer \((.)\)", r"\((.)\)"]
        .map(|pattern| Regex::new(pattern).expect("the patterns are valid"))
});

/// The letter of the first pattern whose first match is a letter from A to D. The authors also count
/// one row as refused, whatever the reply; that is their run and not their rule.
pub(super) fn extract(text: &str) -> Option<&str> {
    PATTERNS.iter().find_map(|pattern| {
        let found = pattern.captures(text)?.get(1)?.as_str();
        matches!(found, "A" | "B" | "C" | "D").then_some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(extract(text), expected, "{text:?}");
    }

    #[test]
    fn replies_as_python_reads_them() {
        check("The correct answer is (B).", Some("B"));
        check("(A) is wrong. Answer: (C)", Some("C"));
        check("answer (D) or answer: (B)", Some("B"));
        check("the answer is (x), so (B)", None);
        check("the answer is (x); answer: (B)", Some("B"));
        check("Answer: B", None);
        check("(B) and (C)", Some("B"));
        check("(\n) (B)", Some("B"));
        check("(b) (B)", None);
        check("", None);
    }
}
