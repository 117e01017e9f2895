//! The longest run of lines that is valid Python: stage one of EvalPlus 0.3.1 `sanitize`
//! (`code_extract`), which parses every range of lines. Here every statement is read about once.
//!
//! A range parses when it is a sequence of whole statements. So from each line the statements are
//! followed one by one until one fails. A range that begins at a later statement of a sequence is
//! only its tail, so what the sequence reaches is known for those lines too.

use super::grammar::{Body, Clause, Compound, Statement, may_be_clause, statement};
use super::logical::{Indent, Item, Line, item};
use super::python::is_blank;

/// Levels of indentation that may be open at once (`MAXINDENT` of `CPython` 3.11).
const MAX_INDENTS: usize = 100;

/// The range of at least two lines that parses and has the most lines that are not blank; the
/// first of equals, and the shortest. The first line where there is none, as upstream returns.
pub(super) fn longest_valid(source: &str) -> &str {
    let lines = Lines::new(source);
    let reach = reaches(&lines);
    let mut best = (0, 0, 0);
    for (first, reach) in reach.into_iter().enumerate() {
        let Some(reach) = reach.filter(|reach| reach.last > first) else { continue };
        let last = reach.last_useful.max(first + 1);
        let n_filled = lines.n_filled(first, last);
        if n_filled > best.0 {
            best = (n_filled, first, last);
        }
    }
    lines.text(best.1, best.2)
}

/// How far the ranges go that start at a line and parse.
#[derive(Clone, Copy)]
struct Reach {
    /// The last line of the longest range.
    last: usize,
    /// The last line of the shortest range with as many lines that are not blank.
    last_useful: usize,
}

/// The reach of every line.
fn reaches(lines: &Lines<'_>) -> Vec<Option<Reach>> {
    let mut reach = vec![None; lines.len()];
    for first in (0..lines.len()).rev() {
        let run = Run::from(lines, first);
        reach[first] = match run.goes_on_at {
            Some(next) => reach[next].or(run.reach),
            None => run.reach,
        };
    }
    reach
}

/// The lines of a source, split at `\n` alone as upstream splits them.
struct Lines<'a> {
    source: &'a str,
    /// Where each line starts, and one past the end of the last.
    starts: Vec<usize>,
    /// How many lines before each are not blank.
    filled: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(source: &'a str) -> Self {
        let (mut starts, mut filled) = (vec![0], vec![0]);
        for (line_idx, line) in source.split('\n').enumerate() {
            starts.push(starts[line_idx] + line.len() + 1);
            filled.push(filled[line_idx] + usize::from(!is_blank(line)));
        }
        Self { source, starts, filled }
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn n_filled(&self, first: usize, last: usize) -> usize {
        self.filled[last + 1] - self.filled[first]
    }

    fn text(&self, first: usize, last: usize) -> &'a str {
        &self.source[self.starts[first]..self.starts[last + 1] - 1]
    }

    /// The line that starts at a byte, if one does: a lone `\r` ends a line of Python but no line
    /// of the source.
    fn starting_at(&self, byte: usize) -> Option<usize> {
        self.starts[..self.len()].binary_search(&byte).ok()
    }
}

/// One statement and the blank lines before it, followed from a line.
struct Run {
    reach: Option<Reach>,
    /// The line at which the next statement starts afresh.
    goes_on_at: Option<usize>,
}

impl Run {
    fn from(lines: &Lines<'_>, first: usize) -> Self {
        let mut run = Self { reach: None, goes_on_at: None };
        let mut blocks = Blocks::default();
        let mut at = lines.starts[first];
        loop {
            let after = match item(lines.source, at) {
                Item::Broken => return run,
                Item::Blank(after) => after,
                Item::Line(line, after) => {
                    let fresh = lines.starting_at(at).filter(|idx| *idx > first);
                    if let Some(idx) = fresh.filter(|_| blocks.may_part_before(&line)) {
                        run.goes_on_at = Some(idx);
                        return run;
                    }
                    if blocks.add(&line).is_none() {
                        return run;
                    }
                    after
                }
            };
            if after.may_end && blocks.is_complete() {
                run.complete(lines, after.next);
            }
            let Some(next) = after.next else { return run };
            at = next;
        }
    }

    /// Notes that the run is complete before a byte, or at the end of the source.
    fn complete(&mut self, lines: &Lines<'_>, next: Option<usize>) {
        let end = next.map_or(Some(lines.len()), |next| lines.starting_at(next));
        let Some(last) = end.map(|end| end - 1) else { return };
        let last_useful = match self.reach {
            Some(before) if lines.n_filled(before.last_useful + 1, last) == 0 => before.last_useful,
            _ => last,
        };
        self.reach = Some(Reach { last, last_useful });
    }
}

/// The open blocks of a sequence of logical lines, outermost first.
struct Blocks {
    open: Vec<Block>,
    expects: Expects,
    /// `try` statements that have no handler yet.
    n_unhandled: usize,
}

struct Block {
    indent: Indent,
    /// Which clauses the last statement of the block may still take.
    may_take: MayTake,
    /// Whether the block holds the cases of a `match`.
    holds_cases: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expects {
    Statement,
    Definition,
    Block { holds_cases: bool },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MayTake {
    Nothing,
    ElifOrElse,
    Else,
    /// After `try` and no handler.
    Handler,
    /// After an `except` or `except*` clause.
    AnyOfTry {
        with_star: bool,
    },
    Finally,
}

impl Default for Blocks {
    fn default() -> Self {
        let outermost =
            Block { indent: Indent::default(), may_take: MayTake::Nothing, holds_cases: false };
        Self { open: vec![outermost], expects: Expects::Statement, n_unhandled: 0 }
    }
}

impl Blocks {
    /// Whether the source could end here.
    fn is_complete(&self) -> bool {
        self.expects == Expects::Statement && self.n_unhandled == 0
    }

    /// Whether a line starts a statement at the outermost level, so that what follows does not
    /// depend on what came before.
    fn may_part_before(&self, line: &Line<'_>) -> bool {
        self.is_complete() && line.indent == Indent::default() && !may_be_clause(line)
    }

    /// Adds a logical line, or says that no source that goes on like this parses.
    fn add(&mut self, line: &Line<'_>) -> Option<()> {
        self.enter_or_leave(line.indent)?;
        let block = self.open.last().expect("the outermost block is never left");
        let read = statement(line, block.holds_cases)?;
        let needs_definition = self.expects == Expects::Definition;
        self.expects = Expects::Statement;
        match read {
            Statement::Compound { kind, body } => {
                if needs_definition && kind != Compound::Definition {
                    return None;
                }
                self.begin(kind, body)
            }
            Statement::Decorator => {
                self.end_last()?;
                self.expects = Expects::Definition;
                Some(())
            }
            _ if needs_definition => None,
            Statement::Whole => self.end_last(),
            Statement::Clause { clause, body } => self.go_on(clause, body),
        }
    }

    /// Compares a line's indentation with the open blocks, as `CPython`'s tokenizer does.
    fn enter_or_leave(&mut self, indent: Indent) -> Option<()> {
        let innermost = self.open.last()?.indent;
        if let Expects::Block { holds_cases } = self.expects {
            let is_deeper = indent.column > innermost.column
                && indent.alternative > innermost.alternative
                && self.open.len() < MAX_INDENTS;
            self.open.push(Block { indent, may_take: MayTake::Nothing, holds_cases });
            return is_deeper.then_some(());
        }
        while self.open.last()?.indent.column > indent.column {
            if self.expects == Expects::Definition {
                return None;
            }
            self.end_last()?;
            self.open.pop();
        }
        (self.open.last()?.indent == indent).then_some(())
    }

    /// Ends the last statement of the innermost block.
    fn end_last(&mut self) -> Option<()> {
        let block = self.open.last_mut()?;
        let is_whole = block.may_take != MayTake::Handler;
        block.may_take = MayTake::Nothing;
        is_whole.then_some(())
    }

    fn begin(&mut self, kind: Compound, body: Body) -> Option<()> {
        self.end_last()?;
        let may_take = match kind {
            Compound::If => MayTake::ElifOrElse,
            Compound::Loop => MayTake::Else,
            Compound::Try => MayTake::Handler,
            Compound::With | Compound::Definition | Compound::Match => MayTake::Nothing,
        };
        self.n_unhandled += usize::from(kind == Compound::Try);
        self.follow(may_take, body, kind == Compound::Match)
    }

    fn go_on(&mut self, clause: Clause, body: Body) -> Option<()> {
        let before = self.open.last()?.may_take;
        let after = match (clause, before) {
            (Clause::Case, _)
            | (Clause::Else, MayTake::ElifOrElse | MayTake::Else)
            | (Clause::Finally, MayTake::Handler | MayTake::AnyOfTry { .. } | MayTake::Finally) => {
                MayTake::Nothing
            }
            (Clause::Elif, MayTake::ElifOrElse) => MayTake::ElifOrElse,
            (Clause::Else, MayTake::AnyOfTry { .. }) => MayTake::Finally,
            (Clause::Except, MayTake::Handler | MayTake::AnyOfTry { with_star: false }) => {
                MayTake::AnyOfTry { with_star: false }
            }
            (Clause::ExceptStar, MayTake::Handler | MayTake::AnyOfTry { with_star: true }) => {
                MayTake::AnyOfTry { with_star: true }
            }
            _ => return None,
        };
        self.n_unhandled -= usize::from(before == MayTake::Handler);
        self.follow(after, body, false)
    }

    #[expect(clippy::unnecessary_wraps, reason = "it ends the chains that may fail")]
    fn follow(&mut self, may_take: MayTake, body: Body, holds_cases: bool) -> Option<()> {
        if let Some(block) = self.open.last_mut() {
            block.may_take = may_take;
        }
        if body == Body::Block {
            self.expects = Expects::Block { holds_cases };
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &str) {
        assert_eq!(longest_valid(source), expected, "{source:?}");
    }

    #[test]
    fn ranges_have_two_lines() {
        check("x = 1", "x = 1");
        check("Sure thing!\nx = 1\nThat is it.", "Sure thing!");
        check("x = 1\n", "x = 1\n");
        check("Sure thing!\nx = 1\n\n\n", "x = 1\n");
        check("Sure thing!\n\nx = 1", "\nx = 1");
        check("", "");
        check("\n\n", "");
    }

    #[test]
    fn most_lines_win_then_the_first() {
        check("a\nb\n!\nc\nd\ne", "c\nd\ne");
        check("a\nb\n!\nc\nd", "a\nb");
        check("!\n# c\na\nb # d\n  # e\n\n!", "# c\na\nb # d\n  # e");
        check("x = '''\nif a:\n  b\nc", "if a:\n  b\nc");
        check("!\na\n\\\n  \n", "a\n\\\n  ");
    }

    #[test]
    fn statements_may_be_cut_short() {
        check("def f():\n  a\n  b c\n", "def f():\n  a");
        check("if a:\n  b\nelse:\n!", "if a:\n  b");
        check("try:\n  a\nx\ny", "x\ny");
        check("x\ny\ntry:\n  a\n  b\n  c", "x\ny");
        check("a\nb\n@c\n", "a\nb");
        check("a\nb\nmatch c:\n  d", "a\nb");
        check(
            "match c:\n  case 1: x\n  case 2:\n    y\n  z",
            "match c:\n  case 1: x\n  case 2:\n    y",
        );
    }

    #[test]
    fn blocks_follow_the_grammar() {
        for source in [
            "try:\n  a\nexcept A:\n  b\nexcept:\n  c\nelse:\n  d\nfinally:\n  e",
            "try: a\nexcept* A: b\nexcept* B: c",
            "try:\n  a\nfinally: b",
            "if a:\n  b\nelif c: d\nelse:\n  e",
            "for a in b: c\nelse: d",
            "@a\n# b\n@c\nasync def d(): pass",
            "if a:\n\tif b:\n\t\tc\n\td",
            "case = 1\nmatch = case\nmatch(a)\nmatch[b]: c",
            "a = [\n  1,\n2]\nb = \"\"\"\nx y\n\"\"\"",
            "a\n\\\nb",
            "if a:\n  b\n# c\n  d",
        ] {
            check(source, source);
        }
        for source in [
            "try: a\nexcept A: b\nexcept* B: c",
            "else: a\nb",
            "@a\nb = 1",
            "@a\n@b",
            " a\n b",
            "if a:\nb",
            "if a:\n\tb\n        c",
        ] {
            assert_ne!(longest_valid(source), source, "{source:?}");
        }
    }
}
