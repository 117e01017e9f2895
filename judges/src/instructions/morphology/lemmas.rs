//! Texts as sequences of normal forms.
//!
//! Source: ruIFEval 0.1, `instructions.py`, `lemmatize`.

use std::collections::HashMap;

use super::super::python::text;
use super::analysis::Analyser;
use super::dictionary::Dictionary;

/// Tokens longer than this are their own normal form: no word is, and analysing one costs more
/// than its length.
const MAX_TOKEN_CHARS: usize = 1_024;

/// Turns texts into normal forms, remembering the words it has met.
#[derive(Debug)]
pub(crate) struct Lemmatiser<'a> {
    analyser: Analyser<'a>,
    lemmas: HashMap<String, String>,
}

impl<'a> Lemmatiser<'a> {
    pub(crate) fn new(dictionary: &'a Dictionary) -> Self {
        Self { analyser: Analyser::new(dictionary), lemmas: HashMap::new() }
    }

    /// The text with Latin letters, ASCII digits and most marks gone and each token replaced by the
    /// first normal form, with single blanks between.
    pub(crate) fn text(&mut self, text: &str) -> String {
        let mut lemmas = String::with_capacity(text.len());
        for token in tokens(text) {
            if !lemmas.is_empty() {
                lemmas.push(' ');
            }
            if let Some(lemma) = self.lemmas.get(token) {
                lemmas.push_str(lemma);
            } else {
                let lemma = self.lemma(token);
                lemmas.push_str(&lemma);
                self.lemmas.insert(token.to_owned(), lemma);
            }
        }
        lemmas
    }

    /// The first normal form of a token.
    pub(crate) fn lemma(&mut self, token: &str) -> String {
        self.normal_forms(token).swap_remove(0)
    }

    /// The different normal forms of a token, most probable first. There is at least one.
    pub(crate) fn normal_forms(&mut self, token: &str) -> Vec<String> {
        if token.chars().nth(MAX_TOKEN_CHARS).is_some() {
            return vec![token.to_lowercase()];
        }
        let mut forms: Vec<String> = Vec::new();
        for reading in self.analyser.readings(token).iter() {
            if !forms.contains(&reading.normal_form) {
                forms.push(reading.normal_form.clone());
            }
        }
        forms
    }
}

/// Whether lemmatising leaves anything of the text.
pub(crate) fn has_words(text: &str) -> bool {
    tokens(text).next().is_some()
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| text::is_space(c) || is_dropped(c)).filter(|token| !token.is_empty())
}

/// ASCII other than the backslash, and the em dash. Marks such as « stay glued to their word.
fn is_dropped(c: char) -> bool {
    c == '—' || c.is_ascii_graphic() && c != '\\'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_and_ascii_marks_part_tokens() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(tokens(text).collect::<Vec<_>>(), expected, "{text:?}");
        };
        check("«Кот» v2—дом-2, ко\u{301}т…", &["«Кот»", "дом", "ко\u{301}т…"]);
        check("json", &[]);
        check(r"а\б", &[r"а\б"]);
    }
}
