//! The `flexible-extract` filter of lm-evaluation-harness.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use tasks::choice::Letter;

use super::python::SPACE;

/// `regex_pattern` of the filter (lm-evaluation-harness 0.4.13, `tasks/gpqa/generative`).
static PARENTHESES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\([A-Z]\)").expect("the pattern is valid"));

/// The last resort of `MultiChoiceRegexFilter` for four choices (`filters/extraction.py`).
static AFTER_COLON: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!(r":[{SPACE}]*([A-D])")).expect("the pattern is valid"));

static PUNCTUATION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\p{P}").expect("the pattern is valid"));

/// Letters in the form in which the filter answers.
const LETTERS: [&str; 4] = ["(A)", "(B)", "(C)", "(D)"];

/// The last capital letter in parentheses, else the last option's text without regard to case and
/// punctuation, else the letter after the last colon that one follows.
pub(super) fn extract<'a>(text: &'a str, options: &[String; 4]) -> Option<Cow<'a, str>> {
    if let Some(found) = PARENTHESES.find_iter(text).last() {
        return Some(Cow::Borrowed(found.as_str()));
    }
    if let Some(found) = last_option(text, options) {
        return Some(found);
    }
    let groups = AFTER_COLON.captures_iter(text).last()?;
    let letter = Letter::from_name(groups.get(1)?.as_str())?;
    Some(Cow::Borrowed(LETTERS[letter.idx()]))
}

/// What `exact_match` compares: lower case without ASCII punctuation.
pub(super) fn compared(found: &str) -> String {
    found.to_lowercase().chars().filter(|c| !c.is_ascii_punctuation()).collect()
}

fn last_option(text: &str, options: &[String; 4]) -> Option<Cow<'static, str>> {
    let texts = options.each_ref().map(|option| bare(&preprocessed(option)));
    // An option of punctuation alone matches the empty end of every reply, which counts as nothing.
    if texts.iter().any(String::is_empty) {
        return None;
    }
    // Of options with one text the last letter wins, as it does in Python's dictionary.
    let letters: HashMap<&str, &str> = texts.iter().map(String::as_str).zip(LETTERS).collect();
    let mut longest_first = texts.each_ref().map(|text| (escaped_len(text), regex::escape(text)));
    longest_first.sort_by_key(|(len, _)| std::cmp::Reverse(*len));
    let pattern = longest_first.map(|(_, pattern)| pattern).join("|");
    let reply = bare(text);
    let pattern = Regex::new(&pattern).ok()?;
    let found = pattern.find_iter(&reply).last()?.as_str();
    let found = found.trim_matches(is_space);
    let answer =
        letters.get(found).map_or_else(|| Cow::Owned(found.to_owned()), |l| Cow::Borrowed(*l));
    (!answer.is_empty()).then_some(answer)
}

/// `preprocess` of `tasks/gpqa/generative/utils.py` and the `strip` of the filter after it.
fn preprocessed(option: &str) -> String {
    let option = option.trim_matches(is_space).replace(" [title]", ". ").replace("  ", " ");
    option.trim_matches(is_space).to_owned()
}

/// `filter_ignores`: lower case without punctuation of any script.
fn bare(text: &str) -> String {
    PUNCTUATION.replace_all(&text.to_lowercase(), "").into_owned()
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The length of `re.escape(text)` in characters.
fn escaped_len(text: &str) -> usize {
    const ESCAPED: &str = "()[]{}?*+-|^$\\.&~# \t\n\r\u{b}\u{c}";
    text.chars().map(|c| if ESCAPED.contains(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, options: [&str; 4], expected: Option<&str>) {
        let options = options.map(str::to_owned);
        assert_eq!(extract(text, &options).as_deref(), expected, "{text:?}");
    }

    #[test]
    fn replies_as_python_reads_them() {
        let plain = ["Red", "Blue-green", "Blue", "5 m"];
        check("(A) or (B)", plain, Some("(B)"));
        check("(E)", plain, Some("(E)"));
        check("(b) Answer: B", plain, Some("(B)"));
        check("It is blue green, or red", plain, Some("(A)"));
        check("It is blue-green", plain, Some("(B)"));
        check("it is bluegreen", plain, Some("(B)"));
        check("Answer: B", plain, Some("(B)"));
        check("Answer:\n\nC", plain, Some("(C)"));
        check("Answer: E", plain, None);
        check("x", ["x", "X", "y", "z"], Some("(B)"));
        check("y: C", ["...", "x", "y", "z"], Some("(C)"));
        check("a + 5 +b", ["- 5 -", "x", "y", "z"], Some("5"));
        check("", plain, None);
    }
}
