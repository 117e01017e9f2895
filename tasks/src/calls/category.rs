//! Categories and groups.

use serde::{Deserialize, Serialize};

/// A scored category, or format sensitivity, which is reported and not scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
#[expect(missing_docs, reason = "each is named after its data")]
pub enum Category {
    SimplePython,
    SimpleJava,
    SimpleJavascript,
    Multiple,
    Parallel,
    ParallelMultiple,
    Irrelevance,
    LiveSimple,
    LiveMultiple,
    LiveParallel,
    LiveParallelMultiple,
    LiveIrrelevance,
    LiveRelevance,
    MultiTurnBase,
    MultiTurnMissFunc,
    MultiTurnMissParam,
    MultiTurnLongContext,
    MemoryKv,
    MemoryVector,
    MemoryRecSum,
    WebSearchBase,
    WebSearchNoSnippet,
    FormatSensitivity,
}

/// Categories that are asked for together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// The curated single-turn calls.
    NonLive,
    /// The single-turn calls that users contributed.
    Live,
    /// Requests that no function serves, of both kinds.
    Irrelevance,
    /// Conversations over stateful functions.
    MultiTurn,
    /// Memory and web search.
    Agentic,
}

/// How the replies of a category are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CheckKind {
    /// Exactly one call of the one function.
    Simple,
    /// Exactly one call of one of several functions.
    Multiple,
    /// Several calls in any order.
    Parallel,
    /// No call may be made.
    Irrelevance,
    /// Some call must be made.
    Relevance,
    /// Calls are run, and states and responses compared.
    MultiTurn,
    /// The last message must name the answer.
    Agentic,
}

/// The language of a category's functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is a language's name")]
pub enum Language {
    Python,
    Java,
    JavaScript,
}

impl Category {
    /// Every category, in upstream's order.
    pub const ALL: [Self; 23] = [
        Self::SimplePython,
        Self::SimpleJava,
        Self::SimpleJavascript,
        Self::Multiple,
        Self::Parallel,
        Self::ParallelMultiple,
        Self::Irrelevance,
        Self::LiveSimple,
        Self::LiveMultiple,
        Self::LiveParallel,
        Self::LiveParallelMultiple,
        Self::LiveIrrelevance,
        Self::LiveRelevance,
        Self::MultiTurnBase,
        Self::MultiTurnMissFunc,
        Self::MultiTurnMissParam,
        Self::MultiTurnLongContext,
        Self::MemoryKv,
        Self::MemoryVector,
        Self::MemoryRecSum,
        Self::WebSearchBase,
        Self::WebSearchNoSnippet,
        Self::FormatSensitivity,
    ];

    /// Its name in ids and file names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SimplePython => "simple_python",
            Self::SimpleJava => "simple_java",
            Self::SimpleJavascript => "simple_javascript",
            Self::Multiple => "multiple",
            Self::Parallel => "parallel",
            Self::ParallelMultiple => "parallel_multiple",
            Self::Irrelevance => "irrelevance",
            Self::LiveSimple => "live_simple",
            Self::LiveMultiple => "live_multiple",
            Self::LiveParallel => "live_parallel",
            Self::LiveParallelMultiple => "live_parallel_multiple",
            Self::LiveIrrelevance => "live_irrelevance",
            Self::LiveRelevance => "live_relevance",
            Self::MultiTurnBase => "multi_turn_base",
            Self::MultiTurnMissFunc => "multi_turn_miss_func",
            Self::MultiTurnMissParam => "multi_turn_miss_param",
            Self::MultiTurnLongContext => "multi_turn_long_context",
            Self::MemoryKv => "memory_kv",
            Self::MemoryVector => "memory_vector",
            Self::MemoryRecSum => "memory_rec_sum",
            Self::WebSearchBase => "web_search_base",
            Self::WebSearchNoSnippet => "web_search_no_snippet",
            Self::FormatSensitivity => "format_sensitivity",
        }
    }

    /// The category of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }

    /// The category of an entry: what its id says before the last underscore, or before that of a
    /// colon, behind which an entry of format sensitivity names its prompt and its original.
    pub fn of_id(id: &str) -> Option<Self> {
        let own = id.split(':').next().unwrap_or(id);
        Self::named(own.rsplit_once('_')?.0)
    }

    /// Entries that upstream's release has.
    pub const fn n_entries(self) -> usize {
        match self {
            Self::SimplePython => 400,
            Self::SimpleJava | Self::WebSearchBase | Self::WebSearchNoSnippet => 100,
            Self::SimpleJavascript => 50,
            Self::Multiple
            | Self::Parallel
            | Self::ParallelMultiple
            | Self::MultiTurnBase
            | Self::MultiTurnMissFunc
            | Self::MultiTurnMissParam
            | Self::MultiTurnLongContext => 200,
            Self::Irrelevance => 240,
            Self::LiveSimple => 258,
            Self::LiveMultiple => 1053,
            Self::LiveParallel | Self::LiveRelevance => 16,
            Self::LiveParallelMultiple => 24,
            Self::LiveIrrelevance => 884,
            Self::MemoryKv | Self::MemoryVector | Self::MemoryRecSum => 155,
            Self::FormatSensitivity => 5200,
        }
    }

    /// How its replies are judged. Format sensitivity is judged as the originals of its entries are.
    pub const fn check(self) -> CheckKind {
        match self {
            Self::SimplePython
            | Self::SimpleJava
            | Self::SimpleJavascript
            | Self::LiveSimple
            | Self::FormatSensitivity => CheckKind::Simple,
            Self::Multiple | Self::LiveMultiple => CheckKind::Multiple,
            Self::Parallel
            | Self::ParallelMultiple
            | Self::LiveParallel
            | Self::LiveParallelMultiple => CheckKind::Parallel,
            Self::Irrelevance | Self::LiveIrrelevance => CheckKind::Irrelevance,
            Self::LiveRelevance => CheckKind::Relevance,
            Self::MultiTurnBase
            | Self::MultiTurnMissFunc
            | Self::MultiTurnMissParam
            | Self::MultiTurnLongContext => CheckKind::MultiTurn,
            Self::MemoryKv
            | Self::MemoryVector
            | Self::MemoryRecSum
            | Self::WebSearchBase
            | Self::WebSearchNoSnippet => CheckKind::Agentic,
        }
    }

    /// The language of its functions.
    pub const fn language(self) -> Language {
        match self {
            Self::SimpleJava => Language::Java,
            Self::SimpleJavascript => Language::JavaScript,
            _ => Language::Python,
        }
    }

    /// The data file that its entries come from, within the folder of data and, where there are
    /// answers, within that of answers. Memory and web search share theirs.
    pub const fn file(self) -> &'static str {
        match self {
            Self::SimplePython => "BFCL_v4_simple_python.json",
            Self::SimpleJava => "BFCL_v4_simple_java.json",
            Self::SimpleJavascript => "BFCL_v4_simple_javascript.json",
            Self::Multiple => "BFCL_v4_multiple.json",
            Self::Parallel => "BFCL_v4_parallel.json",
            Self::ParallelMultiple => "BFCL_v4_parallel_multiple.json",
            Self::Irrelevance => "BFCL_v4_irrelevance.json",
            Self::LiveSimple => "BFCL_v4_live_simple.json",
            Self::LiveMultiple => "BFCL_v4_live_multiple.json",
            Self::LiveParallel => "BFCL_v4_live_parallel.json",
            Self::LiveParallelMultiple => "BFCL_v4_live_parallel_multiple.json",
            Self::LiveIrrelevance => "BFCL_v4_live_irrelevance.json",
            Self::LiveRelevance => "BFCL_v4_live_relevance.json",
            Self::MultiTurnBase => "BFCL_v4_multi_turn_base.json",
            Self::MultiTurnMissFunc => "BFCL_v4_multi_turn_miss_func.json",
            Self::MultiTurnMissParam => "BFCL_v4_multi_turn_miss_param.json",
            Self::MultiTurnLongContext => "BFCL_v4_multi_turn_long_context.json",
            Self::MemoryKv | Self::MemoryVector | Self::MemoryRecSum => "BFCL_v4_memory.json",
            Self::WebSearchBase | Self::WebSearchNoSnippet => "BFCL_v4_web_search.json",
            Self::FormatSensitivity => "BFCL_v4_format_sensitivity.json",
        }
    }
}

impl From<Category> for &'static str {
    fn from(category: Category) -> Self {
        category.name()
    }
}

impl TryFrom<String> for Category {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::named(&name).ok_or_else(|| format!("BFCL v4 has no category `{name}`"))
    }
}

impl Group {
    /// Every group.
    pub const ALL: [Self; 5] =
        [Self::NonLive, Self::Live, Self::Irrelevance, Self::MultiTurn, Self::Agentic];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NonLive => "non_live",
            Self::Live => "live",
            Self::Irrelevance => "irrelevance",
            Self::MultiTurn => "multi_turn",
            Self::Agentic => "agentic",
        }
    }

    /// Its categories, in upstream's order. Requests that no function serves are in two groups.
    pub fn categories(self) -> Vec<Category> {
        let holds = |category: &Category| match self {
            Self::NonLive => *category <= Category::Irrelevance,
            Self::Live => (Category::LiveSimple..=Category::LiveRelevance).contains(category),
            Self::Irrelevance => category.check() == CheckKind::Irrelevance,
            Self::MultiTurn => category.check() == CheckKind::MultiTurn,
            Self::Agentic => category.check() == CheckKind::Agentic,
        };
        Category::ALL.into_iter().filter(holds).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_name_their_category() {
        let check =
            |id: &str, expected: Option<Category>| assert_eq!(Category::of_id(id), expected);
        check("simple_python_0", Some(Category::SimplePython));
        check("live_simple_19-3-15", Some(Category::LiveSimple));
        check("memory_kv_3-student-3", Some(Category::MemoryKv));
        check("memory_kv_prereq_3-student-3", None);
        check(
            "format_sensitivity_7:ret_fmt=json:live_simple_1-0-0",
            Some(Category::FormatSensitivity),
        );
        check("nonsense", None);
    }

    #[test]
    fn groups_have_upstreams_sizes() {
        let check = |group: Group, n_categories: usize, n_entries: usize| {
            let categories = group.categories();
            let n: usize = categories.iter().map(|category| category.n_entries()).sum();
            assert_eq!((categories.len(), n), (n_categories, n_entries), "{group:?}");
        };
        check(Group::NonLive, 7, 1390);
        check(Group::Live, 6, 2251);
        check(Group::Irrelevance, 2, 1124);
        check(Group::MultiTurn, 4, 800);
        check(Group::Agentic, 5, 665);
    }
}
