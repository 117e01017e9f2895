//! Punkt's own tokens: words with their punctuation, and what the model says of each.
//!
//! Source: NLTK 3.8.1, `nltk/tokenize/punkt.py`, `PunktLanguageVars` and `PunktToken`.

use std::borrow::Cow;

use super::super::python::text;
use super::model::Punkt;

/// The kind of every number.
pub(super) const NUMBER: &str = "##number##";

/// A token with its annotations.
#[derive(Debug)]
pub(super) struct Token<'a> {
    text: &'a str,
    /// In lower case, or [`NUMBER`].
    kind: Cow<'a, str>,
    pub(super) is_break: bool,
    pub(super) is_abbreviation: bool,
    pub(super) is_ellipsis: bool,
}

impl<'a> Token<'a> {
    fn new(text: &'a str) -> Self {
        let kind = if is_number(text) { Cow::Borrowed(NUMBER) } else { lower(text) };
        Self { text, kind, is_break: false, is_abbreviation: false, is_ellipsis: false }
    }

    /// The first pass: what the token's own form says.
    fn annotate(&mut self, model: &Punkt) {
        if matches!(self.text, "." | "?" | "!") {
            self.is_break = true;
        } else if self.text.len() > 1 && self.text.bytes().all(|byte| byte == b'.') {
            self.is_ellipsis = true;
        } else if self.ends_in_period() && !self.text.ends_with("..") {
            let word = lower(&self.text[..self.text.len() - 1]);
            let last_part = word.rsplit('-').next().unwrap_or("");
            self.is_abbreviation = model.is_abbreviation(&word) || model.is_abbreviation(last_part);
            self.is_break = !self.is_abbreviation;
        }
    }

    pub(super) fn ends_in_period(&self) -> bool {
        self.text.ends_with('.')
    }

    pub(super) fn kind_without_period(&self) -> &str {
        self.kind.strip_suffix('.').filter(|rest| !rest.is_empty()).unwrap_or(&self.kind)
    }

    /// Without the period only where it ends a sentence.
    pub(super) fn kind_without_sentence_period(&self) -> &str {
        if self.is_break { self.kind_without_period() } else { &self.kind }
    }

    /// One letter and a period.
    pub(super) fn is_initial(&self) -> bool {
        let mut chars = self.text.chars();
        let is_letter = |c: char| text::is_word(c) && !text::is_decimal(c);
        chars.next().is_some_and(is_letter) && chars.as_str() == "."
    }

    pub(super) fn is_inner_punctuation(&self) -> bool {
        matches!(self.text, ";" | ":" | "," | "." | "!" | "?")
    }

    pub(super) fn starts_upper(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }

    pub(super) fn starts_lower(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_lowercase)
    }
}

/// `str.lower()`.
fn lower(text: &str) -> Cow<'_, str> {
    let is_lower = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if text.bytes().all(is_lower) { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
}

/// `^-?[\.,]?\d[\d,\.-]*\.?$`
fn is_number(word: &str) -> bool {
    let word = word.strip_prefix('-').unwrap_or(word);
    let word = word.strip_prefix(['.', ',']).unwrap_or(word);
    word.chars().next().is_some_and(text::is_decimal)
        && word.chars().all(|c| text::is_decimal(c) || matches!(c, ',' | '.' | '-'))
}

/// The annotated tokens of a text, line by line.
pub(super) fn tokens<'a>(text: &'a str, model: &Punkt) -> Vec<Token<'a>> {
    let mut tokens = Vec::new();
    for line in text.split('\n') {
        let mut at = 0;
        while let Some(start) = line[at..].find(|c| !text::is_space(c)) {
            let rest = &line[at + start..];
            let n_bytes = token_length(rest);
            let mut token = Token::new(&rest[..n_bytes]);
            token.annotate(model);
            tokens.push(token);
            at += start + n_bytes;
        }
    }
    tokens
}

/// The length of the token at the start of `rest`, which does not start with a blank.
fn token_length(rest: &str) -> usize {
    let run = marks_length(rest);
    if run > 0 {
        return run;
    }
    let first = rest.chars().next().map_or(0, char::len_utf8);
    if rest.starts_with(is_no_word_start) {
        return first;
    }
    let mut ends = rest[first..].char_indices().map(|(offset, _)| first + offset);
    ends.find(|at| is_word_end(&rest[*at..])).unwrap_or(rest.len())
}

/// Two or more hyphens, two or more periods, or three or more periods with single blanks between.
fn marks_length(rest: &str) -> usize {
    let run = |mark: u8| rest.bytes().take_while(|byte| *byte == mark).count();
    let longest = run(b'-').max(run(b'.'));
    if longest > 1 {
        return longest;
    }
    spaced_periods_length(rest)
}

fn spaced_periods_length(rest: &str) -> usize {
    let (mut n_periods, mut end) = (0, 0);
    let mut chars = rest.char_indices();
    while let Some((offset, '.')) = chars.next() {
        n_periods += 1;
        end = offset + 1;
        if !chars.next().is_some_and(|(_, c)| text::is_space(c)) {
            break;
        }
    }
    if n_periods > 2 { end } else { 0 }
}

/// Whether marks start here, without measuring them.
fn starts_with_marks(rest: &str) -> bool {
    if rest.starts_with("--") || rest.starts_with("..") {
        return true;
    }
    let mut chars = rest.chars();
    let mut periods = (0..5).zip(chars.by_ref());
    rest.starts_with('.')
        && periods.by_ref().filter(|(index, c)| is_spaced_period(*index, *c)).count() == 5
}

fn is_spaced_period(index: usize, c: char) -> bool {
    if index.is_multiple_of(2) { c == '.' } else { text::is_space(c) }
}

/// Whether a word ends before `rest`.
fn is_word_end(rest: &str) -> bool {
    if rest.starts_with(|c| text::is_space(c) || is_no_word_char(c)) || starts_with_marks(rest) {
        return true;
    }
    rest.strip_prefix(',').is_some_and(|rest| {
        rest.is_empty()
            || rest.starts_with(|c| text::is_space(c) || is_no_word_char(c))
            || starts_with_marks(rest)
    })
}

fn is_no_word_start(c: char) -> bool {
    matches!(
        c,
        '(' | '"'
            | '`'
            | '{'
            | '['
            | ':'
            | ';'
            | '&'
            | '#'
            | '*'
            | '@'
            | ')'
            | '}'
            | ']'
            | '-'
            | ','
    )
}

/// Characters that cannot be inside a word.
pub(super) fn is_no_word_char(c: char) -> bool {
    matches!(c, ')' | '"' | ';' | '}' | ']' | '*' | ':' | '@' | '\'' | '(' | '{' | '[' | '?' | '!')
}

#[cfg(test)]
mod tests {
    use super::super::model::tests::SMALL;
    use super::*;

    #[test]
    fn tokens_are_punkts() {
        let model = Punkt::read(SMALL.as_bytes()).expect("a model");
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<&str> = tokens(text, &model).iter().map(|token| token.text).collect();
            assert_eq!(found, expected, "{text:?}");
        };
        check("Dr. X, (y)!", &["Dr.", "X", ",", "(", "y", ")", "!"]);
        check("a,b c,", &["a,b", "c", ","]);
        check("wait... no--yes . . . .x", &["wait", "...", "no", "--", "yes", ". . . .", "x"]);
        check(". . x", &[".", ".", "x"]);
        check("it's 3.5", &["it", "'s", "3.5"]);
        check("a\u{1c}b\nc", &["a", "b", "c"]);
    }

    #[test]
    fn numbers_have_one_kind() {
        let check = |text: &str, expected: bool| assert_eq!(is_number(text), expected, "{text:?}");
        check("-3,000.5", true);
        check(".5", true);
        check("3.", true);
        check("3a", false);
        check("-", false);
    }
}
