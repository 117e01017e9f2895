//! Punkt's sentence boundaries.
//!
//! Source: NLTK 3.8.1, `nltk/tokenize/punkt.py`, `PunktSentenceTokenizer`. From 3.10 on the rules
//! take more characters for non-word characters.

use std::ops::Range;

use super::super::python::text;
use super::model::Punkt;
use super::token::{NUMBER, Token, is_no_word_char, tokens};

/// Orthographic contexts: upper case at the start, inside, and at unknown places of sentences.
const BEGINS_UPPER: u32 = 1 << 1;
const INSIDE_UPPER: u32 = 1 << 2;
const UNKNOWN_UPPER: u32 = 1 << 3;
/// The same in lower case.
const BEGINS_LOWER: u32 = 1 << 4;
const INSIDE_LOWER: u32 = 1 << 5;
const UNKNOWN_LOWER: u32 = 1 << 6;
const UPPER: u32 = BEGINS_UPPER | INSIDE_UPPER | UNKNOWN_UPPER;
const LOWER: u32 = BEGINS_LOWER | INSIDE_LOWER | UNKNOWN_LOWER;

/// A place where a sentence may end.
struct Candidate {
    /// The word before the mark.
    word: Range<usize>,
    /// The end of the mark.
    end: usize,
    /// The end of what follows: a mark or the next word.
    context_end: usize,
    /// Where the next sentence would start.
    next_start: usize,
}

impl Punkt {
    /// The sentences of a text, as byte ranges.
    pub(crate) fn sentences(&self, text: &str) -> Vec<Range<usize>> {
        let mut slices = Vec::new();
        let mut start = 0;
        for candidate in candidates(text) {
            let context = &text[candidate.word.start..candidate.context_end];
            if self.has_break(context) {
                slices.push(start..candidate.end);
                start = candidate.next_start;
            }
        }
        slices.push(start..text.trim_end_matches(text::is_space).len());
        realigned(text, &slices)
    }

    /// Whether a token other than the last ends a sentence.
    fn has_break(&self, context: &str) -> bool {
        let mut tokens = tokens(context, self);
        for index in 1..tokens.len() {
            let (before, after) = tokens.split_at_mut(index);
            self.reconsider(&mut before[index - 1], &after[0]);
            if before[index - 1].is_break {
                return true;
            }
        }
        false
    }

    /// The second pass: what the next token says about a token that ends in a period.
    fn reconsider(&self, token: &mut Token<'_>, next: &Token<'_>) {
        if !token.ends_in_period() {
            return;
        }
        let kind = token.kind_without_period();
        let is_number = kind == NUMBER;
        let next_kind = next.kind_without_sentence_period();
        let is_initial = token.is_initial();
        if self.is_collocation(kind, next_kind) {
            token.is_break = false;
            token.is_abbreviation = true;
            return;
        }
        let starts_sentence = self.starts_sentence(next);
        if (token.is_abbreviation || token.is_ellipsis) && !is_initial {
            let is_starter = next.starts_upper() && self.is_sentence_starter(next_kind);
            if starts_sentence == Some(true) || is_starter {
                token.is_break = true;
                return;
            }
        }
        if is_initial || is_number {
            let is_name = starts_sentence.is_none()
                && is_initial
                && next.starts_upper()
                && self.contexts(next_kind) & LOWER == 0;
            if starts_sentence == Some(false) || is_name {
                token.is_break = false;
                token.is_abbreviation = true;
            }
        }
    }

    /// What the case of a token says about its being the first of a sentence.
    fn starts_sentence(&self, token: &Token<'_>) -> Option<bool> {
        if token.is_inner_punctuation() {
            return Some(false);
        }
        let context = self.contexts(token.kind_without_sentence_period());
        if token.starts_upper() && context & LOWER != 0 && context & INSIDE_UPPER == 0 {
            return Some(true);
        }
        if token.starts_lower() && (context & UPPER != 0 || context & BEGINS_LOWER == 0) {
            return Some(false);
        }
        None
    }
}

/// The places where a sentence may end. Of overlapping ones the last stands for all.
fn candidates(text: &str) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let marks = text.bytes().enumerate().filter(|(_, byte)| matches!(byte, b'.' | b'?' | b'!'));
    for (at, _) in marks {
        let end = at + 1;
        let Some((context_end, next_start)) = what_follows(text, end) else { continue };
        let previous = found.last().map_or(0..0, |candidate| candidate.word.clone());
        let between = &text[previous.end..at];
        let last_blank = between.rfind([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']).unwrap_or(0);
        // A blank at the very start counts as none, as upstream.
        let start = if last_blank > 0 { previous.end + last_blank + 1 } else { previous.start };
        if previous.end > start {
            found.pop();
        }
        found.push(Candidate { word: start..at, end, context_end, next_start });
    }
    found
}

/// The end of the mark or word that follows, and where the next sentence would start.
fn what_follows(text: &str, end: usize) -> Option<(usize, usize)> {
    let next = text[end..].chars().next()?;
    if is_no_word_char(next) {
        return Some((end + next.len_utf8(), end));
    }
    if !text::is_space(next) {
        return None;
    }
    let start = end + text[end..].find(|c| !text::is_space(c))?;
    let word = text[start..].find(text::is_space);
    Some((word.map_or(text.len(), |length| start + length), start))
}

/// Moves closing quotes and brackets after a mark to the sentence before them.
fn realigned(text: &str, slices: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut sentences = Vec::new();
    let mut moved = 0;
    for (index, slice) in slices.iter().enumerate() {
        let slice = slice.start + moved..slice.end;
        let closing = slices.get(index + 1).and_then(|next| {
            closing_length(text.get(next.clone()).unwrap_or("")).map(|length| (next.start, length))
        });
        if let Some((next_start, length)) = closing {
            let closers = text[next_start..next_start + length].trim_end_matches(text::is_space);
            sentences.push(slice.start..next_start + closers.len());
            moved = length;
        } else {
            moved = 0;
            if slice.start < slice.end {
                sentences.push(slice);
            }
        }
    }
    sentences
}

/// The length of the closing marks and the blanks after them at the start of a sentence:
/// `["\')\]}]+?(?:\s+|(?=--)|$)` with `re.MULTILINE`.
fn closing_length(sentence: &str) -> Option<usize> {
    let after = sentence.trim_start_matches(['"', '\'', ')', ']', '}']);
    let n_closing = sentence.len() - after.len();
    let ends = after.is_empty() || after.starts_with("--") || after.starts_with(text::is_space);
    if n_closing == 0 || !ends {
        return None;
    }
    let rest = after.trim_start_matches(text::is_space);
    Some(sentence.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::super::model::tests::SMALL;
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let model = Punkt::read(SMALL.as_bytes()).expect("a model");
        let found: Vec<&str> =
            model.sentences(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn sentences_end_where_punkt_ends_them() {
        check("One. Two! Three?", &["One.", "Two!", "Three?"]);
        check("Dr. Smith came. He left.", &["Dr. Smith came.", "He left."]);
        check("e.g. He said. The end", &["e.g. He said.", "The end"]);
        check("J. Aron and A. Zed.", &["J. Aron and A. Zed."]);
        check("(One.) \"Two!\" Three.", &["(One.)", "\"Two!\"", "Three."]);
        check("What?! No!!! Yes.", &["What?!", "No!!!", "Yes."]);
        check("  ", &[]);
        check("", &[]);
        check("no mark", &["no mark"]);
    }

    #[test]
    fn closing_marks_need_an_end() {
        let check = |text: &str, expected: Option<usize>| {
            assert_eq!(closing_length(text), expected, "{text:?}");
        };
        check(")  x", Some(3));
        check("\")", Some(2));
        check(")--x", Some(1));
        check(")x", None);
        check("x", None);
    }
}
