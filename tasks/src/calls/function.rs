//! What an entry says about a function that may be called.

use std::fmt::Formatter;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::Language;

/// A function's parameters, as far as checks need them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionDoc {
    /// Its name, perhaps with dots.
    pub name: String,
    /// The parameters with their names, in the data's order.
    pub parameters: Vec<(String, Parameter)>,
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

/// A function as a row of the data describes it. What no check needs is not kept.
#[derive(Debug, Clone, Deserialize)]
pub struct Description {
    name: String,
    parameters: Parameters,
}

#[derive(Debug, Clone, Deserialize)]
struct Parameters {
    #[serde(deserialize_with = "in_order")]
    properties: Vec<(String, Schema)>,
    #[serde(default)]
    required: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Schema {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    items: Option<Items>,
}

#[derive(Debug, Clone, Deserialize)]
struct Items {
    #[serde(rename = "type", default)]
    kind: Option<String>,
}

/// The entries of an object in their order.
fn in_order<'de, D: Deserializer<'de>>(object: D) -> Result<Vec<(String, Schema)>, D::Error> {
    struct Entries;
    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<(String, Schema)>;

        fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object of parameters")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::new();
            while let Some(entry) = map.next_entry()? {
                entries.push(entry);
            }
            Ok(entries)
        }
    }
    object.deserialize_map(Entries)
}

impl FunctionDoc {
    /// What a description says in a language.
    pub fn new(description: Description, language: Language) -> Result<Self, FunctionError> {
        let Description { name, parameters } = description;
        let Parameters { properties, required } = parameters;
        let parameter = |(parameter, schema): (String, Schema)| {
            let typed = |kind: &str| {
                ParameterType::named(kind, language).ok_or_else(|| FunctionError::Type {
                    function: name.clone(),
                    parameter: parameter.clone(),
                    kind: kind.to_owned(),
                    language,
                })
            };
            let kind = typed(&schema.kind)?;
            let item = schema.items.and_then(|items| items.kind);
            let item = match item.filter(|_| kind.is_sequence()) {
                Some(item) => Some(typed(&item)?),
                // No type has this name, so it is refused as one.
                None if kind.is_sequence() => Some(typed("a sequence of nothing")?),
                None => None,
            };
            Ok((parameter, Parameter { kind, item }))
        };
        let parameters = properties.into_iter().map(parameter).collect::<Result<_, _>>()?;
        Ok(Self { name, parameters, required })
    }

    /// A parameter.
    pub fn parameter(&self, name: &str) -> Option<Parameter> {
        let found = self.parameters.iter().find(|(own, _)| own == name);
        found.map(|(_, parameter)| *parameter)
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
            let doc = Description::deserialize(&doc).expect("a description");
            let doc = FunctionDoc::new(doc, language).ok();
            let found = doc.and_then(|doc| doc.parameter("x")).map(|parameter| parameter.kind);
            assert_eq!(found, expected, "{kind}");
        };
        check("array", Language::Python, Some(ParameterType::Array));
        check("Array", Language::Python, None);
        check("Array", Language::Java, Some(ParameterType::Array));
        check("Boolean", Language::JavaScript, Some(ParameterType::Boolean));
        check("boolean", Language::JavaScript, None);
        check("Set", Language::Java, None);
    }
}
