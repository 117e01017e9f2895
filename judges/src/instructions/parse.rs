//! From ids and arguments to instructions.

use serde_json::{Map, Value};

use super::arguments::Arguments;
use super::correction;
use super::instruction::{Instruction, Instructions, Item, Kind};
use super::keywords::{Keyword, Place};
use super::language::{Language, RESPONSE_LANGUAGES};
use super::python::pattern::Pattern;
use super::python::text;
use super::python::translate::Mode;

/// A row's instructions make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstructionError {
    /// The two lists of a row differ in length.
    #[error("{n_ids} instruction ids but {n_kwargs} sets of arguments; every id needs one")]
    Unpaired {
        /// The number of ids.
        n_ids: usize,
        /// The number of sets of arguments.
        n_kwargs: usize,
    },
    /// No instruction has this id.
    #[error("unknown instruction id `{id}`")]
    UnknownId {
        /// The id.
        id: String,
    },
    /// The instruction takes no such argument.
    #[error("`{id}` takes no argument `{argument}`")]
    UnknownArgument {
        /// The id.
        id: String,
        /// The argument.
        argument: String,
    },
    /// The instruction lacks an argument.
    #[error("`{id}` needs the argument `{argument}`")]
    MissingArgument {
        /// The id.
        id: String,
        /// The argument.
        argument: &'static str,
    },
    /// An argument has a value that is of no use.
    #[error("`{id}`: `{argument}` is {value}, wanted {wanted}")]
    BadArgument {
        /// The id.
        id: String,
        /// The argument.
        argument: &'static str,
        /// Its value, as JSON.
        value: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A keyword or marker is no valid pattern of Python's `re`.
    #[error("`{id}`: the pattern {pattern:?} does not compile: {problem}")]
    BadPattern {
        /// The id.
        id: String,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// A pattern of a row.
pub(crate) fn compiled(source: &str, mode: Mode, id: &str) -> Result<Pattern, InstructionError> {
    Pattern::new(source, mode).map_err(|problem| InstructionError::BadPattern {
        id: id.to_owned(),
        pattern: source.to_owned(),
        problem,
    })
}

impl Instructions {
    /// Parses the `instruction_id_list` and the `kwargs` of a row.
    pub fn parse(
        language: Language,
        ids: &[impl AsRef<str>],
        kwargs: &[Map<String, Value>],
    ) -> Result<Self, InstructionError> {
        if ids.len() != kwargs.len() {
            return Err(InstructionError::Unpaired { n_ids: ids.len(), n_kwargs: kwargs.len() });
        }
        let items = ids.iter().zip(kwargs).map(|(id, values)| item(language, id.as_ref(), values));
        Ok(Self { language, items: items.collect::<Result<_, _>>()? })
    }
}

fn item(
    language: Language,
    id: &str,
    values: &Map<String, Value>,
) -> Result<Item, InstructionError> {
    let arguments = Arguments::new(id, values);
    let parsed = parse(language, &arguments)?;
    arguments.finish()?;
    Ok(parsed)
}

fn parse(language: Language, arguments: &Arguments<'_>) -> Result<Item, InstructionError> {
    let count = |name| arguments.count(name);
    let kind = match arguments.id {
        "change_case:capital_word_frequency" => {
            Kind::CapitalWords(arguments.bound("capital_frequency", "capital_relation")?)
        }
        "change_case:english_capital" => Kind::AllCapitals,
        "change_case:english_lowercase" => Kind::AllLowercase,
        "combination:repeat_prompt" => {
            Kind::RepeatPrompt { prompt: lower(arguments.text("prompt_to_repeat")?) }
        }
        "combination:two_responses" => Kind::TwoResponses,
        "detectable_content:number_placeholders" => {
            Kind::Placeholders { at_least: count("num_placeholders")? }
        }
        "detectable_content:postscript" => return postscript(language, arguments),
        "detectable_format:constrained_response" => Kind::ConstrainedResponse,
        "detectable_format:json_format" => Kind::JsonFormat,
        "detectable_format:multiple_sections" => return sections(language, arguments),
        "detectable_format:number_bullet_lists" => Kind::Bullets { exactly: count("num_bullets")? },
        "detectable_format:number_highlighted_sections" => {
            Kind::Highlights { at_least: count("num_highlights")? }
        }
        "detectable_format:title" => Kind::Title,
        "keywords:existence" => {
            let list = arguments.texts("keywords")?;
            return keywords(language, arguments, &list, Place::Anywhere, Kind::KeywordsPresent);
        }
        "keywords:forbidden_words" => {
            let list = arguments.texts("forbidden_words")?;
            return keywords(language, arguments, &list, Place::WholeWord, Kind::KeywordsForbidden);
        }
        "keywords:frequency" => return frequency(language, arguments),
        "keywords:letter_frequency" => Kind::LetterFrequency {
            letter: letter(arguments)?,
            bound: arguments.bound("let_frequency", "let_relation")?,
        },
        "language:response_language" => {
            Kind::ResponseLanguage { code: response_language(arguments)? }
        }
        "length_constraints:nth_paragraph_first_word" => Kind::NthParagraph {
            n_paragraphs: count("num_paragraphs")?,
            nth: nth_paragraph(arguments)?,
            first_word: arguments.text("first_word")?.to_lowercase(),
        },
        "length_constraints:number_paragraphs" => {
            Kind::Paragraphs { exactly: count("num_paragraphs")? }
        }
        "length_constraints:number_sentences" => {
            Kind::Sentences(arguments.bound("num_sentences", "relation")?)
        }
        "length_constraints:number_words" => Kind::Words(arguments.bound("num_words", "relation")?),
        "punctuation:no_comma" => Kind::NoComma,
        "startend:end_checker" => Kind::EndPhrase { phrase: lower(arguments.text("end_phrase")?) },
        "startend:quotation" => Kind::Quotation,
        id => return Err(InstructionError::UnknownId { id: id.to_owned() }),
    };
    Ok(Item { instruction: Instruction(kind), corrected: None })
}

/// Stripped and in lower case.
fn lower(text: &str) -> String {
    text::strip(text).to_lowercase()
}

fn postscript(language: Language, arguments: &Arguments<'_>) -> Result<Item, InstructionError> {
    let written = text::strip(arguments.text("postscript_marker")?);
    // Upstream reads two markers as abbreviations and any other as a pattern.
    let pattern = match written {
        "P.P.S" => r"p\.\s?p\.\s?s".to_owned(),
        "P.S." => r"p\.\s?s\.".to_owned(),
        other => other.to_lowercase(),
    };
    let marker = compiled(&pattern, Mode::KeepingCase, arguments.id)?;
    let corrected = match language {
        Language::English => None,
        Language::Russian => correction::marker(written, arguments.id)?,
    };
    Ok(Item { instruction: Instruction(Kind::Postscript { marker }), corrected })
}

fn sections(language: Language, arguments: &Arguments<'_>) -> Result<Item, InstructionError> {
    let spliter = text::strip(arguments.text("section_spliter")?);
    let at_least = arguments.count("num_sections")?;
    let heading = language.section_heading(spliter);
    let heading = compiled(&heading, Mode::KeepingCase, arguments.id)?;
    let corrected = match language {
        Language::English => None,
        Language::Russian => correction::heading(spliter, at_least, arguments.id)?,
    };
    Ok(Item { instruction: Instruction(Kind::Sections { heading, at_least }), corrected })
}

fn keywords(
    language: Language,
    arguments: &Arguments<'_>,
    written: &[&str],
    place: Place,
    kind: fn(Vec<Keyword>) -> Kind,
) -> Result<Item, InstructionError> {
    let list = written.iter().map(|text| keyword(language, text, place, arguments.id));
    let list = list.collect::<Result<Vec<_>, _>>()?;
    let corrected = correction::keywords(&list, place, arguments.id, kind)?;
    Ok(Item { instruction: Instruction(kind(list)), corrected })
}

fn frequency(language: Language, arguments: &Arguments<'_>) -> Result<Item, InstructionError> {
    let written = text::strip(arguments.text("keyword")?);
    let bound = arguments.bound("frequency", "relation")?;
    let keyword = keyword(language, written, Place::Anywhere, arguments.id)?;
    let kind = |keyword| Kind::KeywordFrequency { keyword, bound };
    let list = std::slice::from_ref(&keyword);
    let corrected = correction::keywords(list, Place::Anywhere, arguments.id, |mut list| {
        kind(list.swap_remove(0))
    })?;
    Ok(Item { instruction: Instruction(kind(keyword)), corrected })
}

fn keyword(
    language: Language,
    text: &str,
    place: Place,
    id: &str,
) -> Result<Keyword, InstructionError> {
    match language {
        Language::English => Keyword::as_written(text, place, id),
        Language::Russian => Ok(Keyword::Lemmatised { text: text.to_owned(), place }),
    }
}

/// One character. Of a blank nothing is left, and nothing is never found.
fn letter(arguments: &Arguments<'_>) -> Result<String, InstructionError> {
    let letter = arguments.text("letter")?;
    if letter.chars().count() != 1 {
        return Err(arguments.bad("letter", "one character"));
    }
    Ok(lower(letter))
}

fn response_language(arguments: &Arguments<'_>) -> Result<&'static str, InstructionError> {
    let code = arguments.text("language")?;
    let known = RESPONSE_LANGUAGES.iter().find(|known| **known == code);
    known.copied().ok_or_else(|| arguments.bad("language", "one of the benchmark's 30 languages"))
}

fn nth_paragraph(arguments: &Arguments<'_>) -> Result<u64, InstructionError> {
    match arguments.count("nth_paragraph")? {
        0 => Err(arguments.bad("nth_paragraph", "a whole number from 1 on")),
        nth => Ok(nth),
    }
}

#[cfg(test)]
mod tests {
    use super::super::correction::DataError;
    use super::*;

    fn parsed(id: &str, kwargs: &str) -> Result<Instructions, InstructionError> {
        let kwargs = serde_json::from_str(kwargs).expect("JSON");
        Instructions::parse(Language::Russian, &[id], &[kwargs])
    }

    #[test]
    fn every_kind_keeps_its_id() {
        let check = |id: &str, kwargs: &str| {
            let instructions = parsed(id, kwargs).expect("an instruction");
            let found: Vec<_> = instructions.iter().map(Instruction::id).collect();
            assert_eq!(found, [id]);
            let one_more = kwargs.replacen('{', "{\"other\": 1, ", 1).replace(", }", "}");
            assert_eq!(
                parsed(id, &one_more).expect_err("one argument too many"),
                InstructionError::UnknownArgument { id: id.into(), argument: "other".into() }
            );
        };
        for (id, kwargs) in EXAMPLES {
            check(id, kwargs);
        }
    }

    const EXAMPLES: [(&str, &str); 25] = [
        (
            "change_case:capital_word_frequency",
            r#"{"capital_frequency": 2.0, "capital_relation": "at least"}"#,
        ),
        ("change_case:english_capital", "{}"),
        ("change_case:english_lowercase", "{}"),
        ("combination:repeat_prompt", r#"{"prompt_to_repeat": "x"}"#),
        ("combination:two_responses", r#"{"keyword": null}"#),
        ("detectable_content:number_placeholders", r#"{"num_placeholders": 2}"#),
        ("detectable_content:postscript", r#"{"postscript_marker": "P. S."}"#),
        ("detectable_format:constrained_response", "{}"),
        ("detectable_format:json_format", "{}"),
        ("detectable_format:multiple_sections", r#"{"section_spliter": "x", "num_sections": 2}"#),
        ("detectable_format:number_bullet_lists", r#"{"num_bullets": 0}"#),
        ("detectable_format:number_highlighted_sections", r#"{"num_highlights": 2}"#),
        ("detectable_format:title", "{}"),
        ("keywords:existence", r#"{"keywords": ["x"]}"#),
        ("keywords:forbidden_words", r#"{"forbidden_words": ["x"]}"#),
        ("keywords:frequency", r#"{"keyword": "x", "frequency": 2, "relation": "less than"}"#),
        (
            "keywords:letter_frequency",
            r##"{"letter": "#", "let_frequency": 2, "let_relation": "at least"}"##,
        ),
        ("language:response_language", r#"{"language": "ru"}"#),
        (
            "length_constraints:nth_paragraph_first_word",
            r#"{"num_paragraphs": 2, "nth_paragraph": 1, "first_word": "x"}"#,
        ),
        ("length_constraints:number_paragraphs", r#"{"num_paragraphs": 2}"#),
        ("length_constraints:number_sentences", r#"{"num_sentences": 2, "relation": "less than"}"#),
        ("length_constraints:number_words", r#"{"num_words": 2, "relation": "at least"}"#),
        ("punctuation:no_comma", "{}"),
        ("startend:end_checker", r#"{"end_phrase": "x"}"#),
        ("startend:quotation", "{}"),
    ];

    #[test]
    fn errors_name_what_is_wrong() {
        let check = |id: &str, kwargs: &str, expected: &str| {
            let error = parsed(id, kwargs).expect_err("an error").to_string();
            assert_eq!(error, expected);
        };
        check("keywords:exists", "{}", "unknown instruction id `keywords:exists`");
        check("keywords:existence", "{}", "`keywords:existence` needs the argument `keywords`");
        check(
            "language:response_language",
            r#"{"language": "kk"}"#,
            "`language:response_language`: `language` is \"kk\", wanted one of the benchmark's 30 \
             languages",
        );
        check(
            "detectable_format:multiple_sections",
            r#"{"section_spliter": "Q(1", "num_sections": 1}"#,
            "`detectable_format:multiple_sections`: the pattern \" ?Q(1 ?(?:[0-9]|[a-zA-Z])\" does \
             not compile: missing ), unterminated subpattern",
        );
    }

    #[test]
    fn known_errors_are_told_by_their_kind() {
        let check = |id: &str, kwargs: &str, expected: Option<DataError>| {
            let instructions = parsed(id, kwargs).expect("an instruction");
            let found: Vec<_> = instructions.data_errors().collect();
            assert_eq!(found, expected.map(|error| (0, error)).into_iter().collect::<Vec<_>>());
        };
        let latin = Some(DataError::KeywordWithoutRussianWord);
        check("keywords:existence", r#"{"keywords": ["сердца", "gao"]}"#, latin);
        check("keywords:existence", r#"{"keywords": ["сердца"]}"#, None);
        check("keywords:forbidden_words", r#"{"forbidden_words": ["json"]}"#, latin);
        check(
            "keywords:frequency",
            r#"{"keyword": "x", "frequency": 1, "relation": "at least"}"#,
            latin,
        );
        let spaced = Some(DataError::PostscriptWithBlanks);
        check("detectable_content:postscript", r#"{"postscript_marker": "P. P. S"}"#, spaced);
        check("detectable_content:postscript", r#"{"postscript_marker": "P.P.S"}"#, None);
        let mixed = Some(DataError::HeadingInMixedScripts);
        let id = "detectable_format:multiple_sections";
        check(id, r#"{"section_spliter": "CЕКЦИЯ", "num_sections": 3}"#, mixed);
        check(id, r#"{"section_spliter": "СЕКЦИЯ", "num_sections": 3}"#, None);
    }
}
