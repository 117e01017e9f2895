//! Whether one logical line is valid Python 3.11, the version that EvalPlus's own verdicts in our
//! oracles were made with, and what it demands of the lines around it.

use ruff_python_ast::PythonVersion;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

use super::logical::Line;

/// What a valid logical line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    /// A statement that nothing can continue, or a `def`, `class` or `with` with its body.
    Whole,
    /// A decorator, which a definition must follow.
    Decorator,
    /// The header of a statement, with its body or before it.
    Compound { kind: Compound, body: Body },
    /// A clause that continues a statement.
    Clause { clause: Clause, body: Body },
}

/// Where the body of a header stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// On the line of the header.
    Inline,
    /// In the indented block that must follow.
    Block,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compound {
    If,
    Loop,
    Try,
    With,
    Definition,
    Match,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clause {
    Elif,
    Else,
    Except,
    /// `except*`, which may not stand beside `except`.
    ExceptStar,
    Finally,
    Case,
}

/// Reads a logical line. `in_match` says that it stands directly in a `match` block, where only
/// `case` may.
pub(super) fn statement(line: &Line<'_>, in_match: bool) -> Option<Statement> {
    let body = if line.ends_in_colon { Body::Block } else { Body::Inline };
    let (word, rest) = first_word(line.text);
    let compound = |kind, before, after| {
        parses_with(before, line, body, after).then_some(Statement::Compound { kind, body })
    };
    let clause = |clause, before| {
        parses_with(before, line, body, "").then_some(Statement::Clause { clause, body })
    };
    if in_match {
        // The soft keyword `case` opens a clause here and is a name elsewhere.
        return (word == "case").then(|| clause(Clause::Case, "match x:\n "))?;
    }
    match word {
        "if" => compound(Compound::If, "", ""),
        "for" | "while" => compound(Compound::Loop, "", ""),
        "with" => compound(Compound::With, "", ""),
        "def" | "class" => compound(Compound::Definition, "", ""),
        "try" => compound(Compound::Try, "", "\nfinally: pass"),
        "async" => match first_word(rest.trim_start_matches([' ', '\t', '\x0c'])).0 {
            "def" => compound(Compound::Definition, "", ""),
            "for" => compound(Compound::Loop, "", ""),
            _ => compound(Compound::With, "", ""),
        },
        "elif" => clause(Clause::Elif, "if x: pass\n"),
        "else" => clause(Clause::Else, "if x: pass\n"),
        "finally" => clause(Clause::Finally, "try: pass\n"),
        "except" if is_star(rest) => clause(Clause::ExceptStar, "try: pass\n"),
        "except" => clause(Clause::Except, "try: pass\n"),
        "" if line.text.starts_with('@') => {
            parses(&format!("{}\ndef f(): pass", line.text)).then_some(Statement::Decorator)
        }
        "match" if line.ends_in_colon => parses(&format!("{}\n case _: pass", line.text))
            .then_some(Statement::Compound { kind: Compound::Match, body }),
        _ => parses(line.text).then_some(Statement::Whole),
    }
}

/// Whether a line begins with a keyword that only continues a statement.
pub(super) fn may_be_clause(line: &Line<'_>) -> bool {
    matches!(first_word(line.text).0, "elif" | "else" | "except" | "finally")
}

/// The name or keyword that a text begins with, and the rest.
fn first_word(text: &str) -> (&str, &str) {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.split_at(text.find(|c| !is_part(c)).unwrap_or(text.len()))
}

fn is_star(after_except: &str) -> bool {
    after_except.trim_start_matches([' ', '\t', '\x0c']).starts_with('*')
}

fn parses_with(before: &str, line: &Line<'_>, body: Body, after: &str) -> bool {
    let body = match body {
        Body::Inline => "",
        // Deeper than the one column of a `case`.
        Body::Block => "\n  pass",
    };
    if before.is_empty() && body.is_empty() && after.is_empty() {
        return parses(line.text);
    }
    parses(&[before, line.text, body, after].concat())
}

/// Whether a source parses, read as Python 3.11.
fn parses(source: &str) -> bool {
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::PY311);
    let parsed = parse_unchecked(source, options);
    parsed.errors().is_empty() && parsed.unsupported_syntax_errors().is_empty()
}
