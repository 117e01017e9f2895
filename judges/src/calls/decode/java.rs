//! Calls in Java's syntax (`parser/java_parser.py`).
//!
//! Upstream's quirks, replicated: offsets in bytes are used as offsets in characters, so everything
//! after a character outside ASCII is cut wrongly; the body of an anonymous class is dropped; spaces
//! within expressions go; a positional name is an argument without name.

use std::sync::LazyLock;

use tree_sitter::{Language, Node};

use super::tree::{children, parse};
use super::{Decoded, FunctionCall, Undecodable};
use crate::calls::value::{Dict, Value};

static LANGUAGE: LazyLock<Language> = LazyLock::new(tree_sitter_java::language);

/// The first call in the source.
pub(super) fn calls(source: &str) -> Result<Decoded, Undecodable> {
    let tree = parse(source, &LANGUAGE)?;
    let reader = Reader::new(source);
    match reader.first_call(tree.root_node())? {
        Some(call) => Ok(Decoded::Calls(vec![call])),
        None => Ok(Decoded::OtherShape("there is no call".to_owned())),
    }
}

struct Reader<'s> {
    source: &'s str,
    /// Where each character starts, where one takes more than a byte.
    starts: Option<Vec<usize>>,
}

impl<'s> Reader<'s> {
    fn new(source: &'s str) -> Self {
        let starts = || source.char_indices().map(|(at, _)| at).collect();
        Self { source, starts: (!source.is_ascii()).then(starts) }
    }

    /// What upstream takes for the text of a node.
    fn text(&self, node: Node<'_>) -> &'s str {
        let at = |byte: usize| match &self.starts {
            Some(starts) => starts.get(byte).copied().unwrap_or(self.source.len()),
            None => byte,
        };
        &self.source[at(node.start_byte())..at(node.end_byte())]
    }

    fn first_call(&self, node: Node<'_>) -> Result<Option<FunctionCall>, Undecodable> {
        if node.kind() == "method_invocation"
            && let Some(arguments) = node.child_by_field_name("arguments")
        {
            let part = |field: &str| node.child_by_field_name(field).map(|part| self.text(part));
            let method = part("name").unwrap_or_default();
            let name = match part("object") {
                Some(object) => format!("{object}.{method}"),
                None => method.to_owned(),
            };
            let arguments = self.arguments(arguments)?;
            return Ok(Some(FunctionCall { name: Value::Str(name), arguments }));
        }
        for child in children(node) {
            if let Some(call) = self.first_call(child)? {
                return Ok(Some(call));
            }
        }
        Ok(None)
    }

    fn arguments(&self, node: Node<'_>) -> Result<Dict, Undecodable> {
        let mut arguments = Dict::new();
        for child in children(node) {
            let (name, value) = match child.kind() {
                "assignment_expression" => {
                    let parts = children(child);
                    let [target, _, value, ..] = parts.as_slice() else {
                        return Err(Undecodable::new("an assignment has no value"));
                    };
                    (Value::str(self.text(*target)), self.value(*value)?)
                }
                "identifier" | "class_literal" | "set" => (Value::None, self.value(child)?),
                _ => continue,
            };
            if arguments.get(&name).is_some() {
                return Err(Undecodable::new("an argument is given twice"));
            }
            arguments.insert(name, Value::Str(value)).expect("a name can be hashed");
        }
        Ok(arguments)
    }

    /// The text of a value; a literal loses its quotes.
    fn value(&self, node: Node<'_>) -> Result<String, Undecodable> {
        if matches!(node.kind(), "string_literal" | "character_literal") {
            return Ok(super::inner(self.text(node)).to_owned());
        }
        let mut out = String::new();
        self.write_nested(node, &mut out)?;
        Ok(out)
    }

    fn write_nested(&self, node: Node<'_>, out: &mut String) -> Result<(), Undecodable> {
        match node.kind() {
            "string_literal" | "character_literal" | "identifier" | "class_literal"
            | "type_identifier" | "method_invocation" => out.push_str(self.text(node)),
            "array_creation_expression" => {
                out.push_str("new ");
                self.write_field(node, "type", out)?;
                out.push_str("[]");
                // Upstream meets an exception at an array that has a size and no items.
                self.write_field(node, "value", out)?;
            }
            "object_creation_expression" => self.write_creation(node, out)?,
            _ if node.child_count() > 0 => {
                for child in children(node) {
                    self.write_nested(child, out)?;
                }
            }
            _ => out.push_str(self.text(node)),
        }
        Ok(())
    }

    fn write_field(
        &self,
        node: Node<'_>,
        field: &str,
        out: &mut String,
    ) -> Result<(), Undecodable> {
        let part = node.child_by_field_name(field);
        let part = part.ok_or_else(|| Undecodable(format!("a creation has no {field}")))?;
        self.write_nested(part, out)
    }

    /// `new T(a, b)`; what follows the arguments is dropped.
    fn write_creation(&self, node: Node<'_>, out: &mut String) -> Result<(), Undecodable> {
        out.push_str("new ");
        self.write_field(node, "type", out)?;
        out.push('(');
        let arguments = node.child_by_field_name("arguments").map(children).unwrap_or_default();
        let arguments = arguments.iter().filter(|part| !matches!(part.kind(), "," | "(" | ")"));
        for (idx, argument) in arguments.enumerate() {
            out.push_str(if idx == 0 { "" } else { ", " });
            self.write_nested(*argument, out)?;
        }
        out.push(')');
        Ok(())
    }
}
