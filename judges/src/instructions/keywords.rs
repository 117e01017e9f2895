//! Keywords and letters that must, or must not, occur.

use super::check::Session;
use super::data::LanguageDataError;
use super::finding::Finding;
use super::instruction::Bound;
use super::morphology::has_words;
use super::parse::{InstructionError, compiled};
use super::python::pattern::{Pattern, TooCostly};
use super::python::translate::Mode;

/// Where a keyword counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Anywhere, inside words too.
    Anywhere,
    /// Between word boundaries.
    WholeWord,
}

/// A keyword, which is a pattern.
#[derive(Debug, Clone)]
pub(crate) enum Keyword {
    /// Searched in the response (English).
    Written { text: String, pattern: Box<Pattern> },
    /// Its normal forms are searched in those of the response (Russian).
    Lemmatised { text: String, place: Place },
}

/// The response in the forms that keywords are searched in.
struct Searched<'a> {
    written: &'a str,
    /// Only where a keyword needs them.
    lemmas: Option<String>,
}

impl Place {
    fn pattern(self, keyword: &str) -> String {
        match self {
            Self::Anywhere => keyword.to_owned(),
            Self::WholeWord => format!(r"\b{keyword}\b"),
        }
    }
}

impl Keyword {
    /// A keyword that is searched as it is written.
    pub(crate) fn as_written(text: &str, place: Place, id: &str) -> Result<Self, InstructionError> {
        let pattern = compiled(&place.pattern(text), Mode::IgnoringCase, id)?;
        Ok(Self::Written { text: text.to_owned(), pattern: Box::new(pattern) })
    }

    /// The keyword as it is written, where lemmatising it leaves nothing though it has something.
    pub(crate) fn written_without_words(&self) -> Option<&str> {
        match self {
            Self::Lemmatised { text, .. } if !has_words(text) && !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Written { text, .. } | Self::Lemmatised { text, .. } => text,
        }
    }

    /// Searches for the keyword. The inner error is the reason why that has no result.
    fn search<T>(
        &self,
        session: &mut Session<'_>,
        searched: &Searched<'_>,
        search: fn(&Pattern, &str) -> Result<T, TooCostly>,
    ) -> Result<Result<T, String>, LanguageDataError> {
        let costly = |_| format!("the search for {:?} was given up as too costly", self.text());
        Ok(match self {
            Self::Written { pattern, .. } => search(pattern, searched.written).map_err(costly),
            Self::Lemmatised { text, place } => {
                let source = place.pattern(&session.lemmatiser()?.text(text));
                let lemmas = searched.lemmas.as_deref().unwrap_or("");
                match Pattern::new(&source, Mode::IgnoringCase) {
                    Ok(pattern) => search(&pattern, lemmas).map_err(costly),
                    Err(problem) => Err(format!("{text:?} is no pattern: {problem}")),
                }
            }
        })
    }
}

impl<'a> Searched<'a> {
    fn new(
        session: &mut Session<'_>,
        keywords: &[Keyword],
        response: &'a str,
    ) -> Result<Self, LanguageDataError> {
        let is_lemmatised = |keyword: &Keyword| matches!(keyword, Keyword::Lemmatised { .. });
        let lemmas = if keywords.iter().any(is_lemmatised) {
            Some(session.lemmatiser()?.text(response))
        } else {
            None
        };
        Ok(Self { written: response, lemmas })
    }
}

/// `keywords:existence`
pub(crate) fn present(
    session: &mut Session<'_>,
    keywords: &[Keyword],
    response: &str,
) -> Result<Finding, LanguageDataError> {
    let searched = Searched::new(session, keywords, response)?;
    for keyword in keywords {
        match keyword.search(session, &searched, Pattern::is_in)? {
            Ok(true) => {}
            Ok(false) => {
                return Ok(Finding::Missed(format!("{:?} does not occur", keyword.text())));
            }
            Err(reason) => return Ok(Finding::Missed(reason)),
        }
    }
    Ok(Finding::Followed)
}

/// `keywords:forbidden_words`
pub(crate) fn forbidden(
    session: &mut Session<'_>,
    keywords: &[Keyword],
    response: &str,
) -> Result<Finding, LanguageDataError> {
    let searched = Searched::new(session, keywords, response)?;
    for keyword in keywords {
        match keyword.search(session, &searched, Pattern::is_in)? {
            Ok(false) => {}
            Ok(true) => {
                let reason = format!("the forbidden word {:?} occurs", keyword.text());
                return Ok(Finding::Missed(reason));
            }
            Err(reason) => return Ok(Finding::Missed(reason)),
        }
    }
    Ok(Finding::Followed)
}

/// `keywords:frequency`
pub(crate) fn frequency(
    session: &mut Session<'_>,
    keyword: &Keyword,
    bound: Bound,
    response: &str,
) -> Result<Finding, LanguageDataError> {
    let searched = Searched::new(session, std::slice::from_ref(keyword), response)?;
    Ok(match keyword.search(session, &searched, Pattern::count)? {
        Ok(count) => Finding::of(bound.holds(count), || {
            format!("{:?} occurs {count} times, wanted {bound}", keyword.text())
        }),
        Err(reason) => Finding::Missed(reason),
    })
}

/// `keywords:letter_frequency`. A letter whose lower case is longer or nothing never occurs.
pub(crate) fn letter(letter: &str, bound: Bound, response: &str) -> Finding {
    let mut letters = letter.chars();
    let wanted = letters.next().filter(|_| letters.next().is_none());
    let count = response.to_lowercase().chars().filter(|c| Some(*c) == wanted).count();
    Finding::of(bound.holds(count), || {
        format!("the letter {letter:?} occurs {count} times, wanted {bound}")
    })
}
