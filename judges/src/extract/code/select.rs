//! The imports and definitions that an entry point needs: stage two of EvalPlus 0.3.1 `sanitize`
//! (`extract_target_code_or_empty`), on the trees of tree-sitter-python 0.25.0.

use std::collections::{HashMap, HashSet};

use tree_sitter::{Node, Parser, Tree};

/// The imports, then the definitions that the entry point reaches, one after another. Empty where
/// there is neither.
///
/// Only direct children of the module count. A function without any `return` inside, a decorated
/// definition and `from __future__` are dropped, and of two definitions of a name the first is
/// kept, as upstream does.
pub(super) fn needed(source: &str, entry_point: &str) -> String {
    let Some(tree) = parse(source) else { return String::new() };
    let (imports, definitions) = top_level(&tree, source);
    let reached = reached(entry_point, &definitions, source);
    let kept = definitions
        .into_iter()
        .filter(|definition| definition.name.is_some_and(|name| reached.contains(name)))
        .map(|definition| definition.node);
    let texts: Vec<&str> = imports.into_iter().chain(kept).map(|node| text(node, source)).collect();
    texts.join("\n")
}

fn parse(source: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok()?;
    parser.parse(source, None)
}

fn text<'a>(node: Node<'_>, source: &'a str) -> &'a str {
    source.get(node.byte_range()).unwrap_or("")
}

struct Definition<'a, 't> {
    /// `None` for a target that is no plain name.
    name: Option<&'a str>,
    node: Node<'t>,
}

/// The import statements and the first definition of each name. Definitions without a name
/// reserve nothing but each other, which no entry point reaches anyway.
fn top_level<'a, 't>(tree: &'t Tree, source: &'a str) -> (Vec<Node<'t>>, Vec<Definition<'a, 't>>) {
    let root = tree.root_node();
    let (mut imports, mut definitions) = (Vec::new(), Vec::new());
    let mut names = HashSet::new();
    for child in root.children(&mut root.walk()) {
        let node = match child.kind() {
            "import_statement" | "import_from_statement" => {
                imports.push(child);
                continue;
            }
            "class_definition" => child,
            "function_definition" if returns(child) => child,
            "expression_statement" => match child.child(0) {
                Some(first) if first.kind() == "assignment" => first,
                _ => continue,
            },
            _ => continue,
        };
        let name = name(node, source);
        if names.insert(name) {
            definitions.push(Definition { name, node });
        }
    }
    (imports, definitions)
}

/// The first identifier directly inside a definition.
fn name<'a>(definition: Node<'_>, source: &'a str) -> Option<&'a str> {
    let mut cursor = definition.walk();
    let name = definition.children(&mut cursor).find(|child| child.kind() == "identifier")?;
    Some(text(name, source))
}

/// Whether a `return` stands anywhere inside, nested functions included.
fn returns(function: Node<'_>) -> bool {
    any_within(function, |node| node.kind() == "return_statement")
}

/// The names that the entry point's definition mentions, those that their definitions mention,
/// and so on.
fn reached<'a>(
    entry_point: &'a str,
    definitions: &[Definition<'a, '_>],
    source: &'a str,
) -> HashSet<&'a str> {
    let by_name: HashMap<Option<&str>, Node<'_>> =
        definitions.iter().map(|definition| (definition.name, definition.node)).collect();
    let mut reached = HashSet::from([entry_point]);
    let mut to_visit = vec![entry_point];
    while let Some(definition) = to_visit.pop() {
        let Some(node) = by_name.get(&Some(definition)) else { continue };
        any_within(*node, |node| {
            if node.kind() == "identifier" {
                let mentioned = text(node, source);
                if reached.insert(mentioned) {
                    to_visit.push(mentioned);
                }
            }
            false
        });
    }
    reached
}

/// Whether a node or one inside it satisfies a condition, asked in source order. It does not
/// recurse, because a tree may be as deep as its text is long.
fn any_within(root: Node<'_>, mut holds: impl FnMut(Node<'_>) -> bool) -> bool {
    let mut cursor = root.walk();
    loop {
        if holds(cursor.node()) {
            return true;
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return false;
            }
        }
    }
}
