//! From a stored reply to the calls in it.
//!
//! Three modes, as upstream's handlers decode them: text that upstream's system prompt asks for
//! (`model_handler/utils.py`), calls of an endpoint's own (`api_inference/openai_completion.py`),
//! and `<tool_call>` blocks (`local_inference/qwen_fc.py`), all of `bfcl-eval` 2026.3.23. No text is
//! ever evaluated, and each is read in linear time to a bounded depth.

mod arithmetic;
mod bounds;
mod budget;
mod execution;
mod hermes;
mod java;
mod javascript;
mod json_list;
mod native;
mod python;
mod tree;
mod unparse;
mod xml;

pub use execution::executable;

use super::value::{Dict, Value};

/// How a model was asked to call functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// By text, in a format that the system prompt describes.
    Prompting,
    /// By the endpoint's `tools`; stored as a list of one-key dictionaries from names to JSON texts.
    Native,
    /// By `<tool_call>` blocks of JSON in the text.
    Hermes,
}

/// The format that a system prompt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnFormat {
    /// `[f(a=1), g(b='x')]`.
    Python,
    /// The same in Java's syntax.
    Java,
    /// The same in JavaScript's syntax.
    JavaScript,
    /// `[{"function": …, "parameters": {…}}]`.
    Json,
    /// `<functions><function name=…><params><param name=… value=… type=…/>…`.
    VerboseXml,
    /// `<functions><function name=…><param name=… type=…>…</param>…`.
    ConciseXml,
}

/// Whether the system prompt asks for `<TOOLCALL>` around the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolTag {
    /// Yes, and without it there is no call.
    Required,
    /// No.
    Absent,
}

/// A call. The name can be anything that hashes, because models leave it out or repeat it oddly.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionCall {
    /// The function.
    pub name: Value,
    /// Its arguments by name.
    pub arguments: Dict,
}

/// What a reply was decoded to.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// Calls, perhaps none.
    Calls(Vec<FunctionCall>),
    /// Something else than a list of one call each, here in a few words.
    OtherShape(String),
}

/// Why a reply holds no calls that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Undecodable(pub String);

impl Undecodable {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Decodes a stored reply as upstream's `decode_ast` does.
pub fn calls(
    result: &Value,
    mode: Mode,
    (format, tag): (ReturnFormat, ToolTag),
) -> Result<Decoded, Undecodable> {
    match mode {
        Mode::Prompting => {
            let text = result.as_str();
            let text = text.ok_or_else(|| Undecodable::new("the reply is no text"))?;
            of_text(text, format, tag)
        }
        Mode::Native => native::calls(result),
        Mode::Hermes => hermes::calls(result),
    }
}

fn of_text(text: &str, format: ReturnFormat, tag: ToolTag) -> Result<Decoded, Undecodable> {
    let mut text = bracketed(text);
    if tag == ToolTag::Required {
        text = tagged(&text)?.to_owned();
    }
    match format {
        ReturnFormat::Python => python::calls(&text).map(Decoded::Calls),
        ReturnFormat::Java => java::calls(inner(&text)),
        ReturnFormat::JavaScript => javascript::calls(inner(&text)),
        ReturnFormat::Json => json_list::calls(&text),
        ReturnFormat::VerboseXml => xml::calls(&text, xml::Style::Verbose),
        ReturnFormat::ConciseXml => xml::calls(&text, xml::Style::Concise),
    }
}

/// The text between brackets, which are put where they are missing. A fence of backticks goes; a
/// language that follows it stays, and so such a reply cannot be read.
fn bracketed(text: &str) -> String {
    let text = text.trim_matches(['`', '\n', ' ']);
    let open = if text.starts_with('[') { "" } else { "[" };
    let opened = format!("{open}{text}");
    let close = if opened.ends_with(']') { "" } else { "]" };
    opened + close
}

/// The text without its first and last character, as upstream takes the brackets off.
fn inner(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.next_back();
    chars.as_str()
}

/// What the first pair of tags holds.
fn tagged(text: &str) -> Result<&str, Undecodable> {
    let after = text.split_once("<TOOLCALL>").map(|(_, after)| after);
    let content = after.and_then(|after| after.split_once("</TOOLCALL>")).map(|(inner, _)| inner);
    let content = content.ok_or_else(|| Undecodable::new("there is no <TOOLCALL> section"))?;
    Ok(crate::instructions::python::text::strip(content))
}

#[cfg(test)]
mod tests;
