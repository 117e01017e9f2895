//! The engine: walks samples through episodes and a backend, and hands records to the run file.
//!
//! One dispatcher owns all state and linearises everything that happens into [`Event`]s. Samples in
//! flight own theirs and talk to it by channel. A record that cannot be stored ends the run: the
//! record is the product.

mod attempt;
mod budget;
mod dispatcher;
mod event;
mod interrupts;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use budget::{Budget, MaxFailures};
pub(crate) use dispatcher::{Pending, RunEnd, Work, run};
pub(crate) use event::Event;
pub(crate) use interrupts::Interrupts;

/// Settings that cannot change a sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EngineSettings {
    /// Requests in flight at most.
    pub(crate) concurrency: usize,
    /// Attempts per request, the first included.
    pub(crate) max_attempts: u32,
    /// Failed samples after which the run ends.
    pub(crate) max_failures: Option<MaxFailures>,
}
