//! BFCL v4 out of its wheel: entries, and the interpreter that runs its classes.

mod data;
mod interpreter;

pub use data::{BfclData, BfclDataError, Entry};
pub use interpreter::CallsSandbox;
