//! What an entry expects, and the prompt configuration in the ids of format sensitivity.

use tasks::calls::{Category, CheckKind, FunctionDoc, Language};

use super::check::{Check, DataError, Naming};
use super::decode::{self, Decoded, Mode, ReturnFormat, ToolTag};
use super::multi_turn::Conversation;
use super::value::Value;
use super::verdict::{ErrorType, Failure, Judged};

/// What is judged, and by what.
#[derive(Debug, Clone)]
pub enum Entry {
    /// Calls are expected.
    Calls(SingleTurn),
    /// A call is expected, or none.
    Relevance(CheckKind),
    /// Calls are run.
    Conversation(Conversation),
    /// The last message names one of these answers.
    Agentic(Vec<String>),
}

/// A call that is expected, with the acceptable values of each parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectedCall {
    /// The function.
    pub name: String,
    /// Acceptable values by parameter, in the data's order; an empty text among them makes the
    /// parameter optional.
    pub parameters: Vec<(String, Vec<Value>)>,
}

impl ExpectedCall {
    /// The acceptable values of a parameter.
    pub(super) fn values(&self, parameter: &str) -> Option<&[Value]> {
        let found = self.parameters.iter().find(|(name, _)| name == parameter);
        found.map(|(_, values)| values.as_slice())
    }
}

/// An answer of the data that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the expected calls are not a list of functions with lists of acceptable values")]
pub struct AnswerError;

/// Reads the expected calls of an entry.
pub fn expected_calls(ground_truth: &Value) -> Result<Vec<ExpectedCall>, AnswerError> {
    let call = |call: &Value| {
        let (name, parameters) = call.as_dict()?.iter().next()?;
        let parameter = |(name, values): &(Value, Value)| {
            Some((name.as_str()?.to_owned(), values.as_list()?.to_vec()))
        };
        let parameters = parameters.as_dict()?.iter().map(parameter).collect::<Option<_>>()?;
        Some(ExpectedCall { name: name.as_str()?.to_owned(), parameters })
    };
    let calls = ground_truth.as_list().ok_or(AnswerError)?;
    calls.iter().map(call).collect::<Option<_>>().ok_or(AnswerError)
}

/// How a reply of format sensitivity was asked for, as far as decoding needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// The format asked for.
    pub format: ReturnFormat,
    /// Whether a tag was asked for.
    pub tag: ToolTag,
}

/// A configuration that upstream does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no prompt configuration")]
pub struct ConfigError(pub String);

impl Config {
    /// The plain format of a language.
    pub fn of(language: Language) -> Self {
        let format = match language {
            Language::Python => ReturnFormat::Python,
            Language::Java => ReturnFormat::Java,
            Language::JavaScript => ReturnFormat::JavaScript,
        };
        Self { format, tag: ToolTag::Absent }
    }

    /// Reads `ret_fmt=…&tool_call_tag=…&func_doc_fmt=…&prompt_fmt=…&style=…`.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let refused = || ConfigError(text.to_owned());
        let parts: Vec<(&str, &str)> =
            text.split('&').filter_map(|part| part.split_once('=')).collect();
        let [
            ("ret_fmt", format),
            ("tool_call_tag", tag),
            ("func_doc_fmt", "python" | "xml" | "json"),
            ("prompt_fmt", "plaintext" | "markdown"),
            ("style", "classic" | "experimental"),
        ] = parts.as_slice()
        else {
            return Err(refused());
        };
        let format = match *format {
            "python" => ReturnFormat::Python,
            "json" => ReturnFormat::Json,
            "verbose_xml" => ReturnFormat::VerboseXml,
            "concise_xml" => ReturnFormat::ConciseXml,
            _ => return Err(refused()),
        };
        let tag = match *tag {
            "True" => ToolTag::Required,
            "False" => ToolTag::Absent,
            _ => return Err(refused()),
        };
        Ok(Self { format, tag })
    }
}

/// A single-turn entry that expects calls.
#[derive(Debug, Clone)]
pub struct SingleTurn {
    /// The category, for format sensitivity that of the original.
    pub category: Category,
    /// The functions.
    pub functions: Vec<FunctionDoc>,
    /// What is expected.
    pub expected: Vec<ExpectedCall>,
    /// The format asked for.
    pub config: Config,
}

impl SingleTurn {
    /// Judges a reply (`_evaluate_single_ast_entry`).
    pub fn judge(&self, result: &Value, (mode, naming): (Mode, Naming)) -> Judged {
        self.judge_leaving_out(result, (mode, naming), &[])
    }

    /// What in the data keeps every natural reply from being right.
    pub fn data_errors(&self, mode: Mode) -> Vec<DataError> {
        super::check::data_errors(&self.functions, &self.expected, (self.category.language(), mode))
    }

    /// Judges without comparing the parameters that no natural reply gets right.
    pub fn judge_corrected(
        &self,
        result: &Value,
        (mode, naming): (Mode, Naming),
        errors: &[DataError],
    ) -> Judged {
        self.judge_leaving_out(result, (mode, naming), errors)
    }

    fn judge_leaving_out(
        &self,
        result: &Value,
        (mode, naming): (Mode, Naming),
        left_out: &[DataError],
    ) -> Judged {
        let decoded = decode::calls(result, mode, (self.config.format, self.config.tag));
        let decoded = decoded.map_err(|err| Failure::new(ErrorType::DecoderFailed, err.0))?;
        let calls = match decoded {
            Decoded::Calls(calls) => calls,
            Decoded::OtherShape(what) => {
                return Err(Failure::new(ErrorType::DecoderWrongOutputFormat, what));
            }
        };
        let check = Check { language: self.category.language(), naming, left_out };
        let expected = self.expected.as_slice();
        match self.category.check() {
            CheckKind::Parallel => check.unordered(&self.functions, &calls, expected),
            CheckKind::Multiple => check.one_of_several(&self.functions, &calls, expected),
            _ => check.only(&self.functions, &calls, expected),
        }
    }
}
