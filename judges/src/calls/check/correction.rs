//! Parameters whose data keep every natural reply from being right.
//!
//! Upstream's verdict stays the verdict; beside it stands one that leaves such parameters out. They are
//! found by what is wrong with their data, not by the entries' names.

use tasks::calls::{FunctionDoc, Language, Parameter, ParameterType};

use crate::calls::decode::Mode;
use crate::calls::entry::ExpectedCall;
use crate::calls::value::Value;

/// A parameter that no natural reply gets right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataError {
    /// The parameter.
    pub parameter: String,
    /// What is wrong.
    pub kind: DataErrorKind,
}

/// What is wrong with a parameter's data, or with how upstream reads its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataErrorKind {
    /// No value is acceptable.
    NothingAcceptable,
    /// An answer is expected for a parameter that the function does not have.
    UnknownParameter,
    /// A parameter is required, and giving it is wrong.
    RequiredAndUnexpected,
    /// Upstream leaves the quotes on the elements of a `String[]`.
    QuotedElements,
    /// Upstream drops the body of an anonymous `HashMap`, and the answer has entries.
    LostMapBody,
    /// The entries of one map are listed as several acceptable maps.
    SplitMap,
    /// The value of a map's key is a bare text instead of a list.
    BareMapValue,
}

impl DataErrorKind {
    /// For people.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NothingAcceptable => "no value is acceptable",
            Self::UnknownParameter => "the function has no such parameter",
            Self::RequiredAndUnexpected => "it is required and may not be given",
            Self::QuotedElements => "elements of a String[] keep their quotes",
            Self::LostMapBody => "the body of an anonymous HashMap is dropped",
            Self::SplitMap => "the entries of one map are listed as alternatives",
            Self::BareMapValue => "the value of a map's key is no list",
        }
    }
}

/// The parameters of an entry whose data are wrong.
pub fn data_errors(
    functions: &[FunctionDoc],
    expected: &[ExpectedCall],
    (language, mode): (Language, Mode),
) -> Vec<DataError> {
    let mut errors = Vec::new();
    for call in expected {
        let Some(function) = functions.iter().find(|function| function.name == call.name) else {
            continue;
        };
        for (name, acceptable) in &call.parameters {
            let kind = match function.parameter(name) {
                None if acceptable.iter().any(Value::is_empty_str) => None,
                None => Some(DataErrorKind::UnknownParameter),
                Some(parameter) => wrong_values(parameter, acceptable, (language, mode)),
            };
            errors.extend(kind.map(|kind| DataError { parameter: name.clone(), kind }));
        }
        let unexpected = function.required.iter().filter(|name| call.values(name).is_none());
        errors.extend(unexpected.map(|name| DataError {
            parameter: name.clone(),
            kind: DataErrorKind::RequiredAndUnexpected,
        }));
    }
    errors
}

fn wrong_values(
    parameter: Parameter,
    acceptable: &[Value],
    (language, mode): (Language, Mode),
) -> Option<DataErrorKind> {
    if acceptable.is_empty() {
        return Some(DataErrorKind::NothingAcceptable);
    }
    if language != Language::Java {
        return None;
    }
    let mut lists = acceptable.iter().filter_map(Value::as_list);
    let has_texts = lists.any(|items| items.iter().any(|item| item.as_str().is_some()));
    if parameter.kind == ParameterType::Array && has_texts {
        return Some(DataErrorKind::QuotedElements);
    }
    if parameter.kind != ParameterType::HashMap {
        return None;
    }
    let maps: Vec<_> = acceptable.iter().filter_map(Value::as_dict).collect();
    let has_bare = maps.iter().any(|map| map.iter().any(|(_, values)| values.as_list().is_none()));
    let keys: Vec<&Value> = maps.iter().flat_map(|map| map.iter()).map(|(key, _)| key).collect();
    let are_single = maps.len() > 1 && maps.iter().all(|map| map.len() == 1);
    let are_distinct = keys.iter().enumerate().all(|(idx, key)| !keys[..idx].contains(key));
    if has_bare {
        Some(DataErrorKind::BareMapValue)
    } else if are_single && are_distinct {
        Some(DataErrorKind::SplitMap)
    } else if mode == Mode::Prompting && !keys.is_empty() {
        Some(DataErrorKind::LostMapBody)
    } else {
        None
    }
}
