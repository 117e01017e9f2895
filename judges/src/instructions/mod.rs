//! Checks of verifiable instructions: `IFEval` in English and ruIFEval in Russian.
//!
//! A row's instructions are parsed once ([`Instructions::parse`]) and a response is then checked
//! against them ([`check`]), strictly and loosely. The rules are those of `IFEval`'s
//! `instructions.py` at google-research 3f357bde (Zhou et al., 2023) and of ruIFEval 0.1 at
//! 9dd2387f, down to what Python's `re`, `str` and `json` do. What differs between the languages
//! is data in [`Language`]; what needs files is read from [`LanguageData`] when first asked for.
//!
//! Departures from upstream, all where upstream draws lots or crashes: the language detector runs
//! with seed 0; an argument that is missing or out of range is an error and not a random draw; a
//! keyword pattern whose search explodes is not followed instead of never ending; JSON may nest
//! deeper than Python's stack; tokens over 1,024 characters are not lemmatised.

mod arguments;
mod case;
mod check;
mod combination;
mod content;
mod correction;
mod data;
mod detector;
mod fasttext;
mod finding;
mod format;
mod instruction;
mod keywords;
mod language;
mod length;
mod loose;
mod morphology;
mod nltk;
mod parse;
mod punctuation;
pub(crate) mod python;
mod startend;

pub use check::{CorrectedVerdict, InstructionVerdict, check};
pub use correction::DataError;
pub use data::{LanguageData, LanguageDataError, LanguageFile};
pub use instruction::{Bound, Instruction, Instructions};
pub use language::Language;
pub use parse::InstructionError;
