//! Calls in JavaScript's syntax (`parser/js_parser.py`).

use std::sync::LazyLock;

use tree_sitter::{Language, Node};

use super::tree::{children, parse};
use super::{Decoded, FunctionCall, Undecodable};
use crate::calls::value::{Dict, Value};

static LANGUAGE: LazyLock<Language> = LazyLock::new(|| tree_sitter_javascript::LANGUAGE.into());

/// The first call that is a statement of its own.
pub(super) fn calls(source: &str) -> Result<Decoded, Undecodable> {
    let tree = parse(source, &LANGUAGE)?;
    let statements = children(tree.root_node());
    let statements = statements.iter().filter(|node| node.kind() == "expression_statement");
    let mut expressions = statements.flat_map(|statement| children(*statement));
    let Some(call) = expressions.find(|node| node.kind() == "call_expression") else {
        return Ok(Decoded::OtherShape("there is no call".to_owned()));
    };
    let parts = children(call);
    let [function, arguments, ..] = parts.as_slice() else {
        return Err(Undecodable::new("a call has no arguments"));
    };
    let text = |node: &Node<'_>| &source[node.byte_range()];
    let name = Value::str(text(function));
    let arguments = read(*arguments, &text)?;
    Ok(Decoded::Calls(vec![FunctionCall { name, arguments }]))
}

/// Named arguments; a name or `true` that stands alone is an argument without name.
fn read<'s>(node: Node<'_>, text: &impl Fn(&Node<'_>) -> &'s str) -> Result<Dict, Undecodable> {
    let mut arguments = Dict::new();
    for child in children(node) {
        let (name, value) = match child.kind() {
            "assignment_expression" => {
                let parts = children(child);
                let [target, _, value, ..] = parts.as_slice() else {
                    return Err(Undecodable::new("an assignment has no value"));
                };
                (Value::str(text(target)), unquoted(text(value)))
            }
            "identifier" | "true" => (Value::None, text(&child)),
            _ => continue,
        };
        if arguments.get(&name).is_some() {
            return Err(Undecodable::new("an argument is given twice"));
        }
        arguments.insert(name, Value::str(value)).expect("a name can be hashed");
    }
    Ok(arguments)
}

/// Without the quotes around it.
fn unquoted(text: &str) -> &str {
    let within = |quote: char| text.starts_with(quote) && text.ends_with(quote);
    if within('"') || within('\'') { super::inner(text) } else { text }
}
