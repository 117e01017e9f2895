//! The 25 kinds of instructions.

use std::fmt;

use super::correction::DataError;
use super::keywords::Keyword;
use super::language::Language;
use super::python::pattern::Pattern;

/// A bound on a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The count must be smaller than this.
    LessThan(u64),
    /// The count must not be smaller than this.
    AtLeast(u64),
}

impl Bound {
    pub(crate) fn holds(self, count: usize) -> bool {
        let count = count as u64;
        match self {
            Self::LessThan(limit) => count < limit,
            Self::AtLeast(limit) => count >= limit,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LessThan(limit) => write!(f, "fewer than {limit}"),
            Self::AtLeast(limit) => write!(f, "at least {limit}"),
        }
    }
}

/// One instruction with its arguments.
#[derive(Debug, Clone)]
pub struct Instruction(pub(crate) Kind);

/// The kinds, in the order of their ids.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    CapitalWords(Bound),
    AllCapitals,
    AllLowercase,
    RepeatPrompt { prompt: String },
    TwoResponses,
    Placeholders { at_least: u64 },
    Postscript { marker: Pattern },
    ConstrainedResponse,
    JsonFormat,
    Sections { heading: Pattern, at_least: u64 },
    Bullets { exactly: u64 },
    Highlights { at_least: u64 },
    Title,
    KeywordsPresent(Vec<Keyword>),
    KeywordsForbidden(Vec<Keyword>),
    KeywordFrequency { keyword: Keyword, bound: Bound },
    LetterFrequency { letter: String, bound: Bound },
    ResponseLanguage { code: &'static str },
    NthParagraph { n_paragraphs: u64, nth: u64, first_word: String },
    Paragraphs { exactly: u64 },
    Sentences(Bound),
    Words(Bound),
    NoComma,
    EndPhrase { phrase: String },
    Quotation,
}

impl Instruction {
    /// The id, as the benchmark writes it.
    pub fn id(&self) -> &'static str {
        match self.0 {
            Kind::CapitalWords(_) => "change_case:capital_word_frequency",
            Kind::AllCapitals => "change_case:english_capital",
            Kind::AllLowercase => "change_case:english_lowercase",
            Kind::RepeatPrompt { .. } => "combination:repeat_prompt",
            Kind::TwoResponses => "combination:two_responses",
            Kind::Placeholders { .. } => "detectable_content:number_placeholders",
            Kind::Postscript { .. } => "detectable_content:postscript",
            Kind::ConstrainedResponse => "detectable_format:constrained_response",
            Kind::JsonFormat => "detectable_format:json_format",
            Kind::Sections { .. } => "detectable_format:multiple_sections",
            Kind::Bullets { .. } => "detectable_format:number_bullet_lists",
            Kind::Highlights { .. } => "detectable_format:number_highlighted_sections",
            Kind::Title => "detectable_format:title",
            Kind::KeywordsPresent(_) => "keywords:existence",
            Kind::KeywordsForbidden(_) => "keywords:forbidden_words",
            Kind::KeywordFrequency { .. } => "keywords:frequency",
            Kind::LetterFrequency { .. } => "keywords:letter_frequency",
            Kind::ResponseLanguage { .. } => "language:response_language",
            Kind::NthParagraph { .. } => "length_constraints:nth_paragraph_first_word",
            Kind::Paragraphs { .. } => "length_constraints:number_paragraphs",
            Kind::Sentences(_) => "length_constraints:number_sentences",
            Kind::Words(_) => "length_constraints:number_words",
            Kind::NoComma => "punctuation:no_comma",
            Kind::EndPhrase { .. } => "startend:end_checker",
            Kind::Quotation => "startend:quotation",
        }
    }

    /// The family: what stands before the colon of the id.
    pub fn family(&self) -> &'static str {
        self.id().split(':').next().unwrap_or("")
    }
}

/// The instructions of one row.
#[derive(Debug, Clone)]
pub struct Instructions {
    pub(crate) language: Language,
    pub(crate) items: Vec<Item>,
}

/// An instruction, and what it should have been where the row is known to be faulty.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) instruction: Instruction,
    pub(crate) corrected: Option<(DataError, Instruction)>,
}

impl Instructions {
    /// The instructions in the order of the row.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Instruction> {
        self.items.iter().map(|item| &item.instruction)
    }

    /// The language whose rules hold.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The known errors of the row's data, with the place of their instruction.
    pub fn data_errors(&self) -> impl Iterator<Item = (usize, DataError)> {
        let errors = self.items.iter().enumerate();
        errors.filter_map(|(index, item)| item.corrected.as_ref().map(|(error, _)| (index, *error)))
    }
}
