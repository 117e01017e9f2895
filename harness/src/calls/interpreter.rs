//! The interpreter with upstream's classes imported.

use std::sync::OnceLock;
use std::thread;

use judges::calls::Judged;
use judges::calls::multi_turn::{Conversation, PRELUDE, Turns, WHEEL};
use sandbox::{Extension, Sandbox};

use super::BfclData;
use crate::assets::{self, AssetStore};
use crate::display::Display;
use crate::error::EvalrunError;
use crate::plan::file_bytes;
use crate::programs;

/// What the functions read beside what they are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Nothing.
    Nothing,
    /// Pages of the web, for which they need packages.
    Pages,
}

/// The packages that upstream's class reads pages with, as assets and as `prelude.py` finds them.
const READERS: [&str; 2] = ["beautifulsoup4", "html2text"];

/// A sandbox for conversations, loaded when the first is judged.
pub struct CallsSandbox {
    data: BfclData,
    n_workers: usize,
    sandbox: OnceLock<Result<Sandbox, String>>,
}

impl CallsSandbox {
    /// For so many conversations at a time, by default as many as there are processors.
    pub fn new(data: &BfclData, n_workers: Option<usize>) -> Self {
        let all = || thread::available_parallelism().map_or(1, usize::from);
        let n_workers = n_workers.unwrap_or_else(all);
        Self { data: data.clone(), n_workers, sandbox: OnceLock::new() }
    }

    /// The sandbox.
    fn get(&self, resources: (&AssetStore, &Display)) -> Result<&Sandbox, EvalrunError> {
        let loaded = self
            .sandbox
            .get_or_init(|| self.load(Reading::Nothing, resources).map_err(|err| err.to_string()));
        loaded.as_ref().map_err(|reason| EvalrunError::Calls(reason.clone()))
    }

    /// Judges a conversation in it.
    pub fn judge(
        &self,
        conversation: &Conversation,
        turns: &Turns,
        resources: (&AssetStore, &Display),
    ) -> Result<Judged, EvalrunError> {
        Ok(conversation.judge(turns, self.get(resources)?)?)
    }

    /// Loads one that belongs to the caller.
    pub(crate) fn load(
        &self,
        reading: Reading,
        (store, display): (&AssetStore, &Display),
    ) -> Result<Sandbox, EvalrunError> {
        let runtime = programs::runtime(self.n_workers, (store, display))?;
        let mut files = vec![(WHEEL.to_owned(), self.data.wheel())];
        if reading == Reading::Pages {
            for name in READERS {
                let wheel = file_bytes(store.fetch(assets::find(name)?, display)?.path())?;
                files.push((format!("/wheels/{name}.whl"), wheel.into()));
            }
        }
        let extension = Extension { files, prelude: PRELUDE };
        Ok(Sandbox::new(runtime.extended(&extension, &store.python(), &|_| {})?))
    }
}
