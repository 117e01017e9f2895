//! BFCL v4 out of its wheel: entries, and the interpreter that runs its classes.

mod bank;
mod data;
mod entries;
mod interpreter;
mod prompts;
mod world;

pub(crate) use bank::{MemoryBank, Missing};
pub use data::{BfclData, BfclDataError};
pub(crate) use entries::{Bfcl, has_formats};
pub use interpreter::CallsSandbox;
pub(crate) use prompts::Asking;
pub(crate) use world::{EmbeddingChoice, PageHosts, SearchApi, SearchChoice, World, WorldChoice};
