//! Known errors of ruIFEval's data, and the instructions that were meant.
//!
//! The headline verdict keeps them, as upstream does. The corrected one differs in these
//! instructions only:
//!
//! | error | rows (key) | upstream | corrected |
//! |---|---|---|---|
//! | keyword without a Russian word | 1402, 1466, 1658, 1675, 2395, 2549 | its normal form is empty: always present, and forbidden as soon as there is a word | searched as it is written, by IFEval's rule |
//! | section heading in mixed scripts | 357 | a Latin `C` in `CЕКЦИЯ`, while the prompt asks for `Часть Х` | `Часть` and a digit or a letter of either script |
//! | postscript marker with blanks | `P. S.`, `P. P. S` | the blank must be there and another character after the last letter | `P.S.` and `P.P.S` count as well |

use std::fmt;

use super::instruction::{Instruction, Kind};
use super::keywords::{Keyword, Place};
use super::parse::{InstructionError, compiled};
use super::python::translate::Mode;

/// A known kind of error in the arguments of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataError {
    /// A keyword has no Russian word in it, so lemmatising leaves nothing to search for.
    KeywordWithoutRussianWord,
    /// A section heading mixes Latin and Cyrillic letters and is not what the prompt asks for.
    HeadingInMixedScripts,
    /// A postscript marker with blanks, which the usual way to write it does not match.
    PostscriptWithBlanks,
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeywordWithoutRussianWord => "a keyword has no Russian word",
            Self::HeadingInMixedScripts => "the section heading mixes two scripts",
            Self::PostscriptWithBlanks => "the postscript marker has blanks in it",
        })
    }
}

/// Headings in mixed scripts, with what the prompt of their row asks for.
const HEADINGS: [(&str, &str); 1] = [("C\u{415}КЦИЯ", "Часть")];

/// Postscript markers with blanks, with patterns for every way to write them.
const MARKERS: [(&str, &str); 2] = [("P. S.", r"p\.\s?s\."), ("P. P. S", r"p\.\s?p\.\s?s")];

type Correction = Result<Option<(DataError, Instruction)>, InstructionError>;

/// Keywords of which some lose all their words, searched as they are written.
pub(crate) fn keywords(
    keywords: &[Keyword],
    place: Place,
    id: &str,
    kind: impl FnOnce(Vec<Keyword>) -> Kind,
) -> Correction {
    if keywords.iter().all(|keyword| keyword.written_without_words().is_none()) {
        return Ok(None);
    }
    let corrected = keywords.iter().map(|keyword| match keyword.written_without_words() {
        Some(written) => Keyword::as_written(written, place, id),
        None => Ok(keyword.clone()),
    });
    let corrected = corrected.collect::<Result<_, _>>()?;
    Ok(Some((DataError::KeywordWithoutRussianWord, Instruction(kind(corrected)))))
}

/// The heading that the prompt asks for.
pub(crate) fn heading(spliter: &str, at_least: u64, id: &str) -> Correction {
    let Some((_, meant)) = HEADINGS.iter().find(|(written, _)| *written == spliter) else {
        return Ok(None);
    };
    let heading = format!(" ?{meant} ?[0-9a-zA-ZА-Яа-яЁё]");
    let heading = compiled(&heading, Mode::KeepingCase, id)?;
    let kind = Kind::Sections { heading, at_least };
    Ok(Some((DataError::HeadingInMixedScripts, Instruction(kind))))
}

/// A marker that matches however it is spaced.
pub(crate) fn marker(marker: &str, id: &str) -> Correction {
    let Some((_, pattern)) = MARKERS.iter().find(|(written, _)| *written == marker) else {
        return Ok(None);
    };
    let marker = compiled(pattern, Mode::KeepingCase, id)?;
    Ok(Some((DataError::PostscriptWithBlanks, Instruction(Kind::Postscript { marker }))))
}
