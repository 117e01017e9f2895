//! What BFCL's functions want of the world outside: searches and pages of the web, and embeddings.
//!
//! Functions themselves run in the sandbox, where nothing can be reached; what they want is looked up
//! here. What comes is told to the model as upstream's classes tell it, and stands in the run file as part
//! of the conversation. An outage of a search service or of an embedding model fails the sample; a page
//! that cannot be had is something that the model is told, as upstream does.

mod address;
mod client;
mod embeddings;
mod page;
mod search;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use judges::calls::{Outside, Wanted};
use serde_json::Value;
use tasks::calls::Category;

use crate::error::EvalrunError;

pub(crate) use address::PageHosts;
pub(crate) use embeddings::EmbeddingChoice;
pub(crate) use search::{SearchApi, SearchChoice};

use embeddings::Embeddings;
use page::Pages;
use search::Search;

/// What the user offers.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorldChoice {
    /// A service that searches the web.
    pub(crate) search: Option<SearchChoice>,
    /// Which hosts' pages may be read.
    pub(crate) page_hosts: PageHosts,
    /// An embedding model.
    pub(crate) embedding: Option<EmbeddingChoice>,
}

/// What can be looked up.
pub(crate) struct World {
    /// What searches the web, and what reads its pages.
    web: Option<(Search, Pages)>,
    embeddings: Option<Embeddings>,
    /// What searches and embeddings gave, so that nothing is asked or paid for twice in one command.
    found: Mutex<HashMap<Wanted, Value>>,
}

impl WorldChoice {
    /// Why a category cannot be run with it.
    pub(crate) fn lacks(&self, category: Category) -> Option<&'static str> {
        match category {
            Category::WebSearchBase | Category::WebSearchNoSnippet if self.search.is_none() => {
                Some("it needs a service that searches the web: --search-base-url")
            }
            Category::MemoryVector if self.embedding.is_none() => {
                Some("it needs an embedding model: --embedding-base-url")
            }
            _ => None,
        }
    }
}

impl World {
    /// Opens what the user offers, without asking anything yet. Where nothing is offered no client is
    /// made, which wants the certificates of the system.
    pub(crate) fn open(choice: &WorldChoice) -> Result<Self, EvalrunError> {
        let web = match &choice.search {
            None => None,
            Some(search) => Some((Search::open(search)?, Pages::open(choice.page_hosts)?)),
        };
        let embeddings = choice.embedding.as_ref().map(Embeddings::open).transpose()?;
        Ok(Self { web, embeddings, found: Mutex::default() })
    }

    /// Whether it searches the web.
    pub(crate) fn searches(&self) -> bool {
        self.web.is_some()
    }

    /// Asks for the embedding of a word, so that a wrong address or name is told before anything is asked
    /// of a model.
    pub(crate) fn check_embeddings(&self) -> Result<(), EvalrunError> {
        let word = Wanted::Embedding("word".to_owned());
        self.look_up(&[word]).map(drop).map_err(EvalrunError::Calls)
    }

    fn one(&self, wanted: &Wanted) -> Result<Value, String> {
        // Only what searches the web reads pages of it.
        let (search, pages) = self.web.as_ref().ok_or("no search service is given")?;
        match wanted {
            Wanted::Search { words, region } => search.results(words, region),
            Wanted::Page(url) => Ok(pages.read(url)),
            Wanted::Embedding(_) => unreachable!("embeddings are asked for together"),
        }
    }

    fn known(&self, wanted: &Wanted) -> Option<Value> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).get(wanted).cloned()
    }

    fn keep(&self, wanted: &Wanted, value: &Value) {
        // Pages can be large, and are seldom read twice.
        if !matches!(wanted, Wanted::Page(_)) {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            found.insert(wanted.clone(), value.clone());
        }
    }

    /// Asks for all embeddings that are not known, in few requests.
    fn embed(&self, wanted: &[Wanted]) -> Result<(), String> {
        let text = |wanted: &Wanted| match wanted {
            Wanted::Embedding(text) if self.known(wanted).is_none() => Some(text.clone()),
            _ => None,
        };
        let texts: Vec<String> = wanted.iter().filter_map(text).collect();
        if texts.is_empty() {
            return Ok(());
        }
        let embeddings = self.embeddings.as_ref().ok_or("no embedding model is given")?;
        let vectors = embeddings.of(&texts)?;
        for (text, vector) in texts.into_iter().zip(vectors) {
            self.keep(&Wanted::Embedding(text), &vector);
        }
        Ok(())
    }
}

impl Outside for World {
    fn look_up(&self, wanted: &[Wanted]) -> Result<Vec<Value>, String> {
        self.embed(wanted)?;
        let found = |wanted: &Wanted| match self.known(wanted) {
            Some(value) => Ok(value),
            None => self.one(wanted).inspect(|value| self.keep(wanted, value)),
        };
        wanted.iter().map(found).collect()
    }
}
