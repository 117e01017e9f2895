//! What an entry says about a function that may be called.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::Language;

/// A function's parameters, as far as checks need them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionDoc {
    /// Its name, perhaps with dots.
    pub name: String,
    /// The parameters by name.
    pub parameters: HashMap<String, Parameter>,
    /// The names of those that must be given, in the data's order.
    pub required: Vec<String>,
}

/// A parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// The type of its value.
    pub kind: ParameterType,
    /// The type of the items of a sequence.
    pub item: Option<ParameterType>,
}

/// The types that the data use, of all three languages
/// (`eval_checker/ast_eval/ast_checker.py` and `constants/type_mappings.py`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is a type's name")]
pub enum ParameterType {
    String,
    Any,
    Char,
    Boolean,
    Byte,
    Short,
    Integer,
    Long,
    BigInt,
    Float,
    Double,
    /// Python's and JavaScript's `array`, and Java's `Array`.
    Array,
    ArrayList,
    Tuple,
    /// `dict`.
    Dict,
    HashMap,
}

/// A description that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// It is not shaped like one.
    #[error("a function's description cannot be read: {0}")]
    Shape(#[from] serde_json::Error),
    /// A parameter's type is unknown.
    #[error(
        "parameter `{parameter}` of `{function}` has type `{kind}`, which {language:?} lacks here"
    )]
    Type {
        /// The function.
        function: String,
        /// The parameter.
        parameter: String,
        /// What the data say.
        kind: String,
        /// The category's language.
        language: Language,
    },
}

#[derive(Deserialize)]
struct Description {
    name: String,
    parameters: Parameters,
}

#[derive(Deserialize)]
struct Parameters {
    properties: HashMap<String, Value>,
    #[serde(default)]
    required: Vec<String>,
}

impl FunctionDoc {
    /// Reads a description of the data.
    pub fn parse(description: &Value, language: Language) -> Result<Self, FunctionError> {
        let Description { name, parameters } = Description::deserialize(description)?;
        let parameter = |(parameter, schema): (String, Value)| {
            let unknown = |kind: &str| FunctionError::Type {
                function: name.clone(),
                parameter: parameter.clone(),
                kind: kind.to_owned(),
                language,
            };
            let named = schema["type"].as_str().unwrap_or("nothing");
            let kind = ParameterType::named(named, language).ok_or_else(|| unknown(named))?;
            let item = match schema["items"]["type"].as_str().filter(|_| kind.is_sequence()) {
                Some(item) => {
                    Some(ParameterType::named(item, language).ok_or_else(|| unknown(item))?)
                }
                None if kind.is_sequence() => return Err(unknown("a sequence of nothing")),
                None => None,
            };
            Ok((parameter, Parameter { kind, item }))
        };
        let Parameters { properties, required } = parameters;
        let parameters = properties.into_iter().map(parameter).collect::<Result<_, _>>()?;
        Ok(Self { name, parameters, required })
    }
}

impl ParameterType {
    /// The type of a name in a language.
    fn named(name: &str, language: Language) -> Option<Self> {
        use Language::{Java, JavaScript, Python};
        Some(match (name, language) {
            ("string", Python) | ("String", Java | JavaScript) => Self::String,
            ("any", _) => Self::Any,
            ("integer", _) => Self::Integer,
            ("float", _) => Self::Float,
            ("boolean", Python | Java) | ("Boolean", JavaScript) => Self::Boolean,
            ("array", Python | JavaScript) | ("Array", Java) => Self::Array,
            ("dict", Python | JavaScript) => Self::Dict,
            ("tuple", Python) => Self::Tuple,
            ("Bigint", JavaScript) => Self::BigInt,
            ("byte", Java) => Self::Byte,
            ("short", Java) => Self::Short,
            ("long", Java) => Self::Long,
            ("double", Java) => Self::Double,
            ("char", Java) => Self::Char,
            ("ArrayList", Java) => Self::ArrayList,
            ("HashMap", Java) => Self::HashMap,
            _ => return None,
        })
    }

    /// Whether its items have a type.
    pub fn is_sequence(self) -> bool {
        matches!(self, Self::Array | Self::ArrayList | Self::Tuple)
    }

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Any => "any",
            Self::Char => "char",
            Self::Boolean => "boolean",
            Self::Byte => "byte",
            Self::Short => "short",
            Self::Integer => "integer",
            Self::Long => "long",
            Self::BigInt => "bigint",
            Self::Float => "float",
            Self::Double => "double",
            Self::Array => "array",
            Self::ArrayList => "ArrayList",
            Self::Tuple => "tuple",
            Self::Dict => "dict",
            Self::HashMap => "HashMap",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_belong_to_their_language() {
        let check = |kind: &str, language: Language, expected: Option<ParameterType>| {
            let properties = json!({ "x": { "type": kind, "items": { "type": "any" } } });
            let doc = json!({ "name": "f", "parameters": { "properties": properties } });
            let doc = FunctionDoc::parse(&doc, language);
            assert_eq!(doc.ok().map(|doc| doc.parameters["x"].kind), expected, "{kind}");
        };
        check("array", Language::Python, Some(ParameterType::Array));
        check("Array", Language::Python, None);
        check("Array", Language::Java, Some(ParameterType::Array));
        check("Boolean", Language::JavaScript, Some(ParameterType::Boolean));
        check("boolean", Language::JavaScript, None);
        check("Set", Language::Java, None);
    }
}
