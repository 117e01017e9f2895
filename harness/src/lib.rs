//! The evalrun binary as a library: command line, plan, engine, backends, asset store, display.
//!
//! Read this first. A run goes through `cli::run`: arguments become a resolved `RunPlan` (`plan`),
//! the engine (`engine`) walks its samples through episodes and a backend (`backend`), judges grade
//! them, the run file keeps them (`results`), and the display follows the engine's events.
//!
//! ```text
//! RunArgs ─resolve→ RunPlan ─engine→ Event ─→ display
//!                              └─ SampleRecord ─→ run file ─→ Summary ─→ stdout
//! ```
//!
//! Invariants: only this crate reads environment variables, uses the network, prints or exits;
//! nothing but results goes to standard output; API keys are never logged or stored.

pub mod assets;
pub mod backend;
pub mod calls;
mod cli;
pub mod display;
mod engine;
mod env_vars;
pub mod error;
pub mod exit_code;
mod judging;
mod plan;
mod programs;
mod score;
mod telemetry;

pub use cli::main_impl;

/// The time now, RFC 3339 in UTC with milliseconds.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
