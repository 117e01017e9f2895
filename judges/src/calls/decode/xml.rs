//! Calls as XML (`parser/xml_parser.py`).

use std::borrow::Cow;

use roxmltree::{Document, Node};

use super::{Decoded, FunctionCall, Undecodable, python};
use crate::calls::text;
use crate::calls::value::{Dict, Value};
use crate::instructions::python::text::strip;

/// Where a parameter's value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// In an attribute, below `params`.
    Verbose,
    /// In the element's text.
    Concise,
}

/// Longer elements are refused unread: the parser compares each attribute with those before it.
const MAX_BYTES: usize = 1 << 16;

/// Tags, which bound how deep elements nest; the parser descends recursively.
const MAX_TAGS: usize = 1_000;

/// The calls in the first `<functions>` element.
pub(super) fn calls(text: &str, style: Style) -> Result<Decoded, Undecodable> {
    const CLOSE: &str = "</functions>";
    let missing = || Undecodable::new("there is no <functions> element");
    let open = text.find("<functions>").ok_or_else(missing)?;
    let length = text[open..].find(CLOSE).ok_or_else(missing)? + CLOSE.len();
    if length > MAX_BYTES || text[open..open + length].matches('<').count() > MAX_TAGS {
        return Err(Undecodable::new("the reply is too long"));
    }
    let document = Document::parse(&text[open..open + length])
        .map_err(|err| Undecodable(format!("the reply is not well-formed XML: {err}")))?;
    let functions = children(document.root_element(), "function");
    functions.map(|node| function(node, style)).collect::<Result<_, _>>().map(Decoded::Calls)
}

fn children<'n>(node: Node<'n, 'n>, name: &'n str) -> impl Iterator<Item = Node<'n, 'n>> {
    node.children().filter(move |child| child.has_tag_name(name))
}

fn function(node: Node<'_, '_>, style: Style) -> Result<FunctionCall, Undecodable> {
    let name = node.attribute("name").ok_or_else(|| Undecodable::new("a function has no name"))?;
    let container = match style {
        Style::Verbose => {
            node.children().find(|child| child.has_tag_name("params")).unwrap_or(node)
        }
        Style::Concise => node,
    };
    let mut arguments = Dict::new();
    for parameter in container.children().filter(|child| child.has_tag_name("param")) {
        let name = parameter.attribute("name");
        let kind = parameter.attribute("type").unwrap_or("string");
        let (name, raw) = match style {
            Style::Verbose => {
                let raw = parameter.attribute("value").unwrap_or("");
                (name.map_or(Value::None, Value::str), Cow::Borrowed(raw))
            }
            Style::Concise => {
                let name = name.ok_or_else(|| Undecodable::new("a parameter has no name"))?;
                (Value::str(name), Cow::Owned(strip(&text_of(parameter)).to_owned()))
            }
        };
        arguments.insert(name, converted(&raw, kind)?).expect("a name can be hashed");
    }
    Ok(FunctionCall { name: Value::str(name), arguments })
}

/// `Element.text`: the text before a child element, past comments and instructions.
fn text_of(parameter: Node<'_, '_>) -> String {
    let before = parameter.children().take_while(|child| !child.is_element());
    before.filter(Node::is_text).filter_map(|text| text.text()).collect()
}

fn converted(raw: &str, kind: &str) -> Result<Value, Undecodable> {
    let refused = || Undecodable(format!("a value is no {kind}"));
    Ok(match kind {
        "integer" => Value::Int(text::int(raw).ok_or_else(refused)?),
        "float" => Value::Float(text::float(raw).ok_or_else(refused)?),
        "boolean" => Value::Bool(raw.to_lowercase() == "true"),
        "null" => Value::None,
        "array" | "tuple" | "object" | "dict" => python::literal(raw)?,
        _ => Value::str(raw),
    })
}
