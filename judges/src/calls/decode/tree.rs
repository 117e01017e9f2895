//! Syntax trees of Java and JavaScript.

use std::ops::ControlFlow;

use tree_sitter::{Language, Node, ParseOptions, Parser, Tree};

use super::Undecodable;

/// Trees deeper than this are refused; upstream's recursion meets Python's limit near it.
pub(super) const MAX_DEPTH: usize = 900;
/// Longer sources are refused unread: recovery from errors takes quadratic time, here half a second.
const MAX_BYTES: usize = 1 << 13;
/// Parsing reports after every hundred operations. Well-formed code takes a handful of operations a
/// byte; recovery from errors can take far more, and is given up.
const REPORTS_PER_BYTE: usize = 4;
const MIN_REPORTS: usize = 10_000;

/// Parses a source that has no error.
pub(super) fn parse(source: &str, language: &Language) -> Result<Tree, Undecodable> {
    if source.len() > MAX_BYTES {
        return Err(Undecodable::new("the reply is too long"));
    }
    let mut parser = Parser::new();
    parser.set_language(language).expect("the runtime reads the grammar's version");
    let mut n_left = MIN_REPORTS + REPORTS_PER_BYTE * source.len();
    let mut progress = |_: &_| {
        n_left = n_left.saturating_sub(1);
        if n_left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let bytes = source.as_bytes();
    let tree = parser.parse_with_options(
        &mut |at, _| bytes.get(at..).unwrap_or_default(),
        None,
        Some(ParseOptions::new().progress_callback(&mut progress)),
    );
    let tree = tree.ok_or_else(|| Undecodable::new("the reply takes too long to parse"))?;
    check(&tree)?;
    Ok(tree)
}

/// That no node is an error and none too deep. Walks without recursion.
fn check(tree: &Tree) -> Result<(), Undecodable> {
    let mut cursor = tree.walk();
    let mut depth = 0;
    loop {
        if cursor.node().is_error() {
            return Err(Undecodable::new("the reply has a syntax error"));
        }
        if cursor.goto_first_child() {
            depth += 1;
            if depth > MAX_DEPTH {
                return Err(Undecodable::new("the reply is nested too deeply"));
            }
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return Ok(());
            }
            depth -= 1;
        }
    }
}

/// The children of a node, named or not.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).collect()
}
