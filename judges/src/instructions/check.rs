//! A response against the instructions of its row.

use super::correction::DataError;
use super::data::{LanguageData, LanguageDataError};
use super::finding::Finding;
use super::instruction::{Instruction, Instructions, Kind};
use super::language::Language;
use super::loose::Readings;
use super::morphology::Lemmatiser;
use super::python::text;
use super::{case, combination, content, format, keywords, length, punctuation, startend};

/// What a response makes of its row's instructions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstructionVerdict {
    /// Whether the response follows each instruction.
    pub strict: Vec<bool>,
    /// Whether it does in one of eight readings: without its first line, its last line, stars.
    pub loose: Vec<bool>,
    /// For each instruction that is not followed strictly, in order, what was counted and what was
    /// wanted, after the instruction's id.
    pub reasons: Vec<String>,
    /// The verdict on the instructions that were meant, where the row has a known data error.
    pub corrected: Option<CorrectedVerdict>,
}

/// The verdict with known errors of the data set right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectedVerdict {
    /// Whether the response follows each instruction.
    pub strict: Vec<bool>,
    /// Whether it does in one of eight readings.
    pub loose: Vec<bool>,
    /// The errors, with the place of their instruction.
    pub errors: Vec<(usize, DataError)>,
}

/// Checks a response.
pub fn check(
    instructions: &Instructions,
    response: &str,
    data: &LanguageData,
) -> Result<InstructionVerdict, LanguageDataError> {
    let mut session = Session { language: instructions.language, data, lemmatiser: None };
    let readings = Readings::new(response);
    let mut verdict =
        InstructionVerdict { strict: vec![], loose: vec![], reasons: vec![], corrected: None };
    let errors: Vec<_> = instructions.data_errors().collect();
    let mut corrected = CorrectedVerdict { strict: vec![], loose: vec![], errors };
    for item in &instructions.items {
        let judged = session.judge(&item.instruction, &readings)?;
        let meant = match &item.corrected {
            Some((_, instruction)) => session.judge(instruction, &readings)?,
            None => judged.clone(),
        };
        corrected.strict.push(meant.strict.is_followed());
        corrected.loose.push(meant.is_loose);
        verdict.strict.push(judged.strict.is_followed());
        verdict.loose.push(judged.is_loose);
        if let Finding::Missed(reason) = judged.strict {
            verdict.reasons.push(format!("{}: {reason}", item.instruction.id()));
        }
    }
    verdict.corrected = Some(corrected).filter(|corrected| !corrected.errors.is_empty());
    Ok(verdict)
}

/// The verdict on one instruction.
#[derive(Debug, Clone)]
struct Judged {
    strict: Finding,
    is_loose: bool,
}

/// What the checks of one response share.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    pub(crate) language: Language,
    pub(crate) data: &'a LanguageData,
    lemmatiser: Option<Lemmatiser<'a>>,
}

impl<'a> Session<'a> {
    /// The lemmatiser, with the words it has met in this response.
    pub(crate) fn lemmatiser(&mut self) -> Result<&mut Lemmatiser<'a>, LanguageDataError> {
        let dictionary = self.data.dictionary()?;
        Ok(self.lemmatiser.get_or_insert_with(|| Lemmatiser::new(dictionary)))
    }

    fn judge(
        &mut self,
        instruction: &Instruction,
        readings: &Readings<'_>,
    ) -> Result<Judged, LanguageDataError> {
        let strict = self.find(instruction, readings.response)?;
        let mut is_loose = strict.is_followed();
        if !is_loose {
            for reading in readings.others() {
                is_loose = is_loose || self.find(instruction, reading)?.is_followed();
            }
        }
        Ok(Judged { strict, is_loose })
    }

    fn find(
        &mut self,
        instruction: &Instruction,
        response: &str,
    ) -> Result<Finding, LanguageDataError> {
        if text::is_blank(response) {
            return Ok(Finding::Missed("the response is blank".into()));
        }
        Ok(match &instruction.0 {
            Kind::CapitalWords(bound) => case::capital_words(self, *bound, response)?,
            Kind::AllCapitals => case::all_capitals(self, response)?,
            Kind::AllLowercase => case::all_lowercase(self, response)?,
            Kind::ResponseLanguage { code } => case::language(self, code, response)?,
            Kind::RepeatPrompt { prompt } => combination::repeat_prompt(prompt, response),
            Kind::TwoResponses => combination::two_responses(response),
            Kind::Placeholders { at_least } => content::placeholders(*at_least, response),
            Kind::Postscript { marker } => content::postscript(marker, response),
            Kind::ConstrainedResponse => format::constrained(self, response),
            Kind::JsonFormat => format::json(response),
            Kind::Sections { heading, at_least } => format::sections(heading, *at_least, response),
            Kind::Bullets { exactly } => format::bullets(*exactly, response),
            Kind::Highlights { at_least } => format::highlights(*at_least, response),
            Kind::Title => format::title(response),
            Kind::KeywordsPresent(list) => keywords::present(self, list, response)?,
            Kind::KeywordsForbidden(list) => keywords::forbidden(self, list, response)?,
            Kind::KeywordFrequency { keyword, bound } => {
                keywords::frequency(self, keyword, *bound, response)?
            }
            Kind::LetterFrequency { letter, bound } => keywords::letter(letter, *bound, response),
            Kind::NthParagraph { n_paragraphs, nth, first_word } => {
                length::nth_paragraph(*n_paragraphs, *nth, first_word, response)
            }
            Kind::Paragraphs { exactly } => length::paragraphs(*exactly, response),
            Kind::Sentences(bound) => length::sentences(self, *bound, response)?,
            Kind::Words(bound) => length::words(*bound, response),
            Kind::NoComma => punctuation::no_comma(response),
            Kind::EndPhrase { phrase } => startend::end_phrase(phrase, response),
            Kind::Quotation => startend::quotation(response),
        })
    }
}
