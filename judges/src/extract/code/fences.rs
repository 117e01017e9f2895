//! The fenced code blocks of a reply in Markdown (`CommonMark` 0.31, section 4.5).

use super::python::is_blank;

/// The shortest run of backticks or tildes that opens a block.
const MIN_FENCE: usize = 3;

/// How many columns deeper than its opening fence a closing fence may stand.
const MAX_CLOSING_INDENT: usize = 3;

/// The columns of a tab.
const TAB_WIDTH: usize = 4;

/// A fenced block without its fences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The content with `\n` alone between its lines, and without the indentation that all of
    /// them share.
    pub code: String,
    pub end: End,
}

/// How a block ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With a fence.
    Closed,
    /// With the reply.
    Open,
}

/// The fenced blocks in their order. Departing from `CommonMark`, a fence may be indented however
/// deep, because replies nest blocks in lists of every kind. A closing fence is at most three
/// columns deeper than the opening one, so that a fence in a function's docstring closes nothing.
pub(super) fn blocks(reply: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(Fence, Vec<&str>)> = None;
    for line in reply.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)) {
        let fence = Fence::on(line);
        match (&mut open, fence) {
            (None, Some(fence)) if fence.may_open() => open = Some((fence, Vec::new())),
            (None, _) => {}
            (Some((opening, lines)), Some(fence)) if fence.closes(opening) => {
                blocks.push(Block { code: dedented(lines), end: End::Closed });
                open = None;
            }
            (Some((_, lines)), _) => lines.push(line),
        }
    }
    if let Some((_, lines)) = open {
        blocks.push(Block { code: dedented(&lines), end: End::Open });
    }
    blocks
}

/// A line that begins with a run of backticks or tildes.
struct Fence<'a> {
    indent: usize,
    character: char,
    length: usize,
    /// The info string, such as `python`.
    info: &'a str,
}

impl<'a> Fence<'a> {
    fn on(line: &'a str) -> Option<Self> {
        let indentation = indentation(line);
        let indent =
            indentation.bytes().map(|byte| if byte == b'\t' { TAB_WIDTH } else { 1 }).sum();
        let line = &line[indentation.len()..];
        let character = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let info = line.trim_start_matches(character);
        let length = line.len() - info.len();
        (length >= MIN_FENCE).then_some(Self { indent, character, length, info: info.trim() })
    }

    /// A run of backticks with backticks after it is a code span.
    fn may_open(&self) -> bool {
        self.character == '~' || !self.info.contains('`')
    }

    fn closes(&self, opening: &Self) -> bool {
        self.character == opening.character
            && self.length >= opening.length
            && self.info.is_empty()
            && self.indent <= opening.indent + MAX_CLOSING_INDENT
    }
}

/// The lines without the indentation that all of them share, blank ones aside. Code that is
/// indented throughout is valid nowhere else, so nothing is lost.
fn dedented(lines: &[&str]) -> String {
    let indents = lines.iter().filter(|line| !is_blank(line)).map(|line| indentation(line));
    let shared = indents.reduce(common_prefix).unwrap_or("");
    let lines: Vec<&str> =
        lines.iter().map(|line| line.strip_prefix(shared).unwrap_or("")).collect();
    lines.join("\n")
}

fn indentation(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// What two indentations begin with. Both are ASCII.
fn common_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let length = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    &a[..length]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reply: &str, expected: &[(&str, End)]) {
        let found = blocks(reply);
        let found: Vec<(&str, End)> =
            found.iter().map(|block| (block.code.as_str(), block.end)).collect();
        assert_eq!(found, expected, "{reply:?}");
    }

    #[test]
    fn fences_pair() {
        use End::{Closed, Open};
        check("no fence", &[]);
        check("```\na\n```", &[("a", Closed)]);
        check("x\n```python\na\n\nb\n```\ny", &[("a\n\nb", Closed)]);
        check("~~~ Python3 title\na\n~~~", &[("a", Closed)]);
        check("```py\r\na\r\nb\r\n```\r\n", &[("a\nb", Closed)]);
        check("````\n```\na\n```\n````", &[("```\na\n```", Closed)]);
        check("```\na\n`````  ", &[("a", Closed)]);
        check("```\na\n~~~\n```", &[("a\n~~~", Closed)]);
        check("```\na\n```\n```\nb\n```", &[("a", Closed), ("b", Closed)]);
        check("```\na", &[("a", Open)]);
        check("```\na\n``` b", &[("a\n``` b", Open)]);
        check("```\na\n    ```\n```", &[("a\n    ```", Closed)]);
        check("  ```\n  a\n```", &[("a", Closed)]);
        check("```a``` is code\n``", &[]);
        check("```", &[("", Open)]);
    }

    #[test]
    fn shared_indentation_goes() {
        use End::Closed;
        check("1. Do\n   ```\n   a\n     b\n\n   c\n   ```", &[("a\n  b\n\nc", Closed)]);
        check("- x\n\t```\n\ta\n\t```", &[("a", Closed)]);
        check("```\n    a\n      b\n```", &[("a\n  b", Closed)]);
        check("```\n\ta\n    b\n```", &[("\ta\n    b", Closed)]);
        check("  ```\na\n  b\n```", &[("a\n  b", Closed)]);
    }
}
