//! What functions want of the world outside: a search, a page, an embedding.
//!
//! Functions run where nothing can be reached. Where one wants something that is not known, its run ends
//! and says what; whoever holds an [`Outside`] looks it up, and the same calls run again with it.

use std::collections::HashMap;
use std::sync::Arc;

use sandbox::Sandbox;

/// Something that a function wants.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// The results of a search, by its words and region.
    Search {
        /// The words.
        words: String,
        /// The region as upstream's documents spell it, such as `wt-wt` for none.
        region: String,
    },
    /// The page at an address, which a model wrote.
    Page(String),
    /// The embedding of a text.
    Embedding(String),
}

/// What can look things up.
pub trait Outside: Send + Sync {
    /// What was found for each, in the same order: `{"organic_results": …}` for a search, the fields
    /// `url`, `status`, `reason` and `text` or an `error` for a page, numbers for an embedding. An error is
    /// an outage, in words; what a page's server refuses is none.
    fn look_up(&self, wanted: &[Wanted]) -> Result<Vec<serde_json::Value>, String>;
}

/// Where functions run, and who looks things up for them.
#[derive(Clone)]
pub struct Surroundings {
    /// Where they run.
    pub sandbox: Arc<Sandbox>,
    /// `None` where functions that want something of the world cannot be run.
    pub outside: Option<Arc<dyn Outside>>,
}

/// What was found, as JSON.
pub(super) type Known = HashMap<Wanted, String>;

impl Wanted {
    /// Reads a kind and a key as `prelude.py` writes them.
    pub(super) fn read(kind: &str, key: &str) -> Option<Self> {
        Some(match kind {
            "search" => {
                let (region, words) = key.split_once('\n')?;
                Self::Search { words: words.to_owned(), region: region.to_owned() }
            }
            "page" => Self::Page(key.to_owned()),
            "embedding" => Self::Embedding(key.to_owned()),
            _ => return None,
        })
    }

    /// The kind and the key for `prelude.py`.
    pub(super) fn key(&self) -> (&'static str, String) {
        match self {
            Self::Search { words, region } => ("search", format!("{region}\n{words}")),
            Self::Page(url) => ("page", url.clone()),
            Self::Embedding(text) => ("embedding", text.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back() {
        for (kind, key) in [
            ("search", "wt-wt\nthe words"),
            ("search", "a\nb\nc"),
            ("page", "http://a/b\nc"),
            ("embedding", ""),
        ] {
            let wanted = Wanted::read(kind, key).expect("a known kind");
            assert_eq!(wanted.key(), (kind, key.to_owned()));
        }
        assert_eq!(Wanted::read("search", "no region"), None);
        assert_eq!(Wanted::read("file", "/etc/passwd"), None);
    }
}
