//! Finds the Python program in a reply to a HumanEval or MBPP task.
//!
//! Two extractors read the same reply: [`fenced`], our default, and [`evalplus`], which gives what
//! EvalPlus 0.3.1 gives. Reasoning must be removed first. Both take linear time for a bounded
//! depth of brackets.

mod blocks;
mod completion;
mod fences;
mod grammar;
mod logical;
mod names;
mod python;
mod select;

use std::collections::HashSet;

use tasks::Finish;

pub use completion::completed;
use fences::{Block, End};

/// A program that was found in a reply; its text is never blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    text: String,
    how: How,
}

impl Program {
    fn new(text: String, how: How) -> Option<Self> {
        (!python::is_blank(&text)).then_some(Self { text, how })
    }

    /// The source of the program.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The rule that found it.
    #[must_use]
    pub fn how(&self) -> How {
        self.how
    }

    /// The source, without a copy.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }
}

/// The rule that found a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum How {
    /// The last fenced block that defines the entry point.
    Fence,
    /// Such a block, after imports of earlier blocks that it needs.
    FenceAndImports,
    /// The whole reply, which is code.
    BareCode,
    /// EvalPlus's rule.
    EvalPlus,
    /// A base model's completion of a prompt.
    Completion,
}

impl How {
    /// The name under which a run file records the rule; it never changes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fence => "fence",
            Self::FenceAndImports => "fence_and_imports",
            Self::BareCode => "bare_code",
            Self::EvalPlus => "evalplus",
            Self::Completion => "completion",
        }
    }
}

/// What EvalPlus 0.3.1 `sanitize` returns for a reply, run under Python 3.11 with
/// tree-sitter-python 0.25.0; `None` where that is blank.
///
/// The longest range of at least two lines that is valid Python is found first; of it stay the
/// imports and the definitions that the entry point reaches. Where nothing stays, the range is the
/// program, and where no range is valid, the reply's first line.
///
/// Upstream raises an exception where Python's parser runs out of depth, at some 3,000 nested
/// operators; here such a statement counts as invalid.
#[must_use]
pub fn evalplus(reply: &str, entry_point: &str) -> Option<Program> {
    Program::new(sanitized(reply, entry_point), How::EvalPlus)
}

fn sanitized(reply: &str, entry_point: &str) -> String {
    let range = blocks::longest_valid(reply);
    let needed = select::needed(range, entry_point);
    match python::strip(&needed) {
        "" => range.to_owned(),
        needed => needed.to_owned(),
    }
}

/// Finds the program that defines an entry point: the last complete fenced block that defines it
/// at its top level.
///
/// A last block that the reply leaves open counts as complete where the model ended its turn
/// (`finish` is [`Finish::Stop`]); otherwise it was cut, and if no complete block defines the
/// entry point, there is no program. Where no block defines it at all, a reply that is valid
/// Python from end to end is the program, else [`evalplus`] reads the reply. A program that does
/// not define the entry point is never returned.
///
/// Replies often import in one block and define in another. An import of an earlier complete block
/// is put before the program where the program mentions a name that it binds and neither imports
/// nor defines that name itself. Definitions of earlier blocks are not brought along: they are as
/// often the version that the last block replaces.
#[must_use]
pub fn fenced(reply: &str, entry_point: &str, finish: Finish) -> Option<Program> {
    let blocks = fences::blocks(reply);
    let defines = |block: &Block| names::defines(&block.code, entry_point);
    let is_complete = |block: &Block| block.end == End::Closed || finish == Finish::Stop;
    if let Some(idx) = blocks.iter().rposition(|block| is_complete(block) && defines(block)) {
        return with_imports(&blocks[idx].code, &blocks[..idx]);
    }
    if blocks.iter().any(defines) {
        return None;
    }
    let range = blocks::longest_valid(reply);
    if python::strip(range) == python::strip(reply) && names::defines(range, entry_point) {
        return Program::new(range.to_owned(), How::BareCode);
    }
    evalplus(reply, entry_point).filter(|program| names::defines(&program.text, entry_point))
}

/// A block's code after the imports of earlier blocks that it needs.
fn with_imports(code: &str, earlier: &[Block]) -> Option<Program> {
    let mentioned: HashSet<&str> = names::words(code).collect();
    let mut bound: HashSet<String> =
        names::imports(code).into_iter().flat_map(|import| import.names).collect();
    let mut needed = Vec::new();
    for block in earlier {
        for import in names::imports(&block.code) {
            let is_needed = import.names.iter().any(|name| {
                mentioned.contains(name.as_str())
                    && !bound.contains(name)
                    && !names::defines(code, name)
            });
            if is_needed {
                bound.extend(import.names);
                needed.push(import.text);
            }
        }
    }
    if needed.is_empty() {
        return Program::new(code.to_owned(), How::Fence);
    }
    let (before, after) = code.split_at(names::after_future(code));
    let text = format!("{before}{}\n{after}", needed.join("\n"));
    Program::new(text, How::FenceAndImports)
}

#[cfg(test)]
mod tests;
