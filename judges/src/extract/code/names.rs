//! What the top level of a program defines and imports, line by line: a program that fails to
//! parse still shows what it meant to define.

use ruff_python_ast::Stmt;
use ruff_python_parser::parse_module;

use super::logical::{Indent, Item, Line, item};

/// The logical lines at the top level. A line that cannot be read is passed over.
pub(super) fn top_level(source: &str) -> impl Iterator<Item = Line<'_>> {
    let mut at = Some(0);
    std::iter::from_fn(move || {
        while let Some(start) = at {
            match item(source, start) {
                Item::Blank(after) => at = after.next,
                Item::Line(line, after) => {
                    at = after.next;
                    if line.indent == Indent::default() {
                        return Some(line);
                    }
                }
                Item::Broken => at = source[start..].find('\n').map(|length| start + length + 1),
            }
        }
        None
    })
}

/// Whether a program defines a name at its top level: `def`, `async def`, `class`, or an
/// assignment to the name alone.
pub(super) fn defines(source: &str, name: &str) -> bool {
    top_level(source).any(|line| line_defines(line.text, name))
}

fn line_defines(line: &str, name: &str) -> bool {
    let after = |text: &str, word: &str| {
        let rest = text.strip_prefix(word)?;
        (!rest.starts_with(is_part)).then(|| rest.trim_start_matches(is_space).to_owned())
    };
    let line = after(line, "async").unwrap_or_else(|| line.to_owned());
    for keyword in ["def", "class"] {
        if let Some(rest) = after(&line, keyword) {
            return after(&rest, name).is_some();
        }
    }
    after(&line, name).is_some_and(|rest| match rest.as_bytes() {
        [b'=', second, ..] => *second != b'=',
        [b':', ..] => rest.contains('='),
        _ => false,
    })
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0c')
}

/// An import statement and the names that it binds.
pub(super) struct Import<'a> {
    pub text: &'a str,
    pub names: Vec<String>,
}

/// The imports at the top level, without `from __future__`, which holds for its own block, and
/// without `from m import *`, whose names nothing tells.
pub(super) fn imports(source: &str) -> Vec<Import<'_>> {
    top_level(source).filter_map(|line| import(line.text)).collect()
}

fn import(text: &str) -> Option<Import<'_>> {
    if !text.starts_with("import") && !text.starts_with("from") {
        return None;
    }
    let module = parse_module(text).ok()?.into_syntax();
    let (Stmt::Import(_) | Stmt::ImportFrom(_)) = module.body.first()? else { return None };
    let names = module.body.iter().flat_map(bound).collect::<Vec<_>>();
    (!is_future(text) && !names.iter().any(|name| name == "*")).then_some(Import { text, names })
}

/// The byte after the line of the last `from __future__` import at the top level, before which
/// no other import may stand; 0 where there is none.
pub(super) fn after_future(source: &str) -> usize {
    let futures = top_level(source).filter(|line| is_future(line.text));
    let end = futures.last().map(|line| line.start + line.text.len());
    end.and_then(|end| Some(end + source[end..].find('\n')? + 1)).unwrap_or(0)
}

fn is_future(line: &str) -> bool {
    line.strip_prefix("from")
        .is_some_and(|rest| rest.trim_start_matches(is_space).starts_with("__future__"))
}

fn bound(statement: &Stmt) -> Vec<String> {
    let (aliases, is_from) = match statement {
        Stmt::Import(import) => (&import.names, false),
        Stmt::ImportFrom(import) => (&import.names, true),
        _ => return Vec::new(),
    };
    aliases
        .iter()
        .map(|alias| match &alias.asname {
            Some(name) => name.to_string(),
            None if is_from => alias.name.to_string(),
            None => alias.name.split('.').next().unwrap_or("").to_owned(),
        })
        .collect()
}

/// The names and keywords that stand anywhere in a source, comments and strings included.
pub(super) fn words(source: &str) -> impl Iterator<Item = &str> {
    source.split(|c| !is_part(c)).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions() {
        let check = |source: &str, expected: bool| {
            assert_eq!(defines(source, "f"), expected, "{source:?}");
        };
        for source in [
            "def f(x): pass",
            "async  def f(x): pass",
            "class f: pass",
            "f = 1",
            "f: int = 1",
            "f=lambda x: x",
            "@cache\ndef f(): pass",
            "x = (\ndef f(): pass",
            "x = '\ndef f(): pass",
        ] {
            check(source, true);
        }
        for source in [
            "",
            "f",
            "f == 1",
            "f(1)",
            "def g(): pass",
            "  def f(): pass",
            "'''\ndef f(): pass\n'''",
            "f: int",
            "ff = 1",
            "def ff(): pass",
            "deff = 1",
            "# def f(): pass",
            "f += 1",
        ] {
            check(source, false);
        }
    }

    #[test]
    fn imported_names() {
        let check = |source: &str, expected: &[&str]| {
            let names: Vec<String> =
                imports(source).into_iter().flat_map(|import| import.names).collect();
            assert_eq!(names, expected, "{source:?}");
        };
        check("import os.path, numpy as np", &["os", "np"]);
        check("from typing import (\n  List,\n  Dict as D,\n)", &["List", "D"]);
        check("from m import *\nfrom __future__ import annotations", &[]);
        check("if x:\n  import os\nimporter = 1\nimport", &[]);
    }
}
