//! The tree of means under the overall score, with upstream's weights.

use super::Category;

/// How a node's parts are averaged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mean {
    /// Each part counts the same.
    Equal,
    /// Each part counts by its number of entries.
    ByEntries,
    /// Each part counts by its share of a hundred.
    Weighted(&'static [f64]),
}

/// A mean of categories and other means.
#[derive(Debug, PartialEq)]
pub struct Node {
    /// Its name in summaries.
    pub name: &'static str,
    /// How its parts are averaged.
    pub mean: Mean,
    /// Its parts.
    pub parts: &'static [Part],
}

/// A part of a mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part {
    /// The accuracy of a category.
    Leaf(Category),
    /// Another mean.
    Branch(&'static Node),
}

use Category as C;
use Part::{Branch, Leaf};

/// The three languages of single calls.
pub const SIMPLE: Node = Node {
    name: "simple",
    mean: Mean::Equal,
    parts: &[Leaf(C::SimplePython), Leaf(C::SimpleJava), Leaf(C::SimpleJavascript)],
};
/// Curated single-turn calls.
pub const NON_LIVE: Node = Node {
    name: "non_live",
    mean: Mean::Equal,
    parts: &[Branch(&SIMPLE), Leaf(C::Multiple), Leaf(C::Parallel), Leaf(C::ParallelMultiple)],
};
/// Contributed single-turn calls.
pub const LIVE: Node = Node {
    name: "live",
    mean: Mean::ByEntries,
    parts: &[
        Leaf(C::LiveSimple),
        Leaf(C::LiveMultiple),
        Leaf(C::LiveParallel),
        Leaf(C::LiveParallelMultiple),
    ],
};
/// Requests that no function serves.
pub const IRRELEVANCE: Node = Node {
    name: "irrelevance",
    mean: Mean::Equal,
    parts: &[Leaf(C::Irrelevance), Leaf(C::LiveIrrelevance)],
};
/// Conversations.
pub const MULTI_TURN: Node = Node {
    name: "multi_turn",
    mean: Mean::Equal,
    parts: &[
        Leaf(C::MultiTurnBase),
        Leaf(C::MultiTurnMissFunc),
        Leaf(C::MultiTurnMissParam),
        Leaf(C::MultiTurnLongContext),
    ],
};
/// Web search.
pub const WEB_SEARCH: Node = Node {
    name: "web_search",
    mean: Mean::Equal,
    parts: &[Leaf(C::WebSearchBase), Leaf(C::WebSearchNoSnippet)],
};
/// Memory.
pub const MEMORY: Node = Node {
    name: "memory",
    mean: Mean::Equal,
    parts: &[Leaf(C::MemoryKv), Leaf(C::MemoryVector), Leaf(C::MemoryRecSum)],
};
/// Web search and memory.
pub const AGENTIC: Node =
    Node { name: "agentic", mean: Mean::Equal, parts: &[Branch(&WEB_SEARCH), Branch(&MEMORY)] };

/// The overall score (`generate_leaderboard_csv`). Relevance and format sensitivity are not in it.
pub const OVERALL: Node = Node {
    name: "overall",
    mean: Mean::Weighted(&[10.0, 10.0, 10.0, 30.0, 40.0]),
    parts: &[
        Branch(&NON_LIVE),
        Branch(&LIVE),
        Branch(&IRRELEVANCE),
        Branch(&MULTI_TURN),
        Branch(&AGENTIC),
    ],
};
