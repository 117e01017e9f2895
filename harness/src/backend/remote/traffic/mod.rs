//! The way to the servers: who may send when, and to which of them.
//!
//! [`pool::Pool`] decides, from what it is told, without a clock; [`gate::Gate`] has the clock and makes
//! requests wait. Nothing here can change a sample, so none of it is part of a plan.

mod breaker;
mod bucket;
mod gate;
mod limit;
mod pool;
mod quota;
mod report;

use std::time::Duration;

pub(super) use gate::{Gate, Pass};
pub(super) use report::Report;

use super::HedgeAfter;

/// Requests in flight at each server when a run begins, unless the user says otherwise.
const DEFAULT_START: usize = 16;

/// Requests in flight at most, unless the user says otherwise.
pub(crate) const DEFAULT_MOST: usize = 256;

/// How requests reach the servers.
#[derive(Debug, Clone, serde::Serialize)]
pub struct TrafficSettings {
    /// Requests at the same time, for each server.
    pub concurrency: Concurrency,
    /// Requests a minute at most, for each server.
    pub requests_per_minute: Option<u64>,
    /// Prompt and completion tokens a minute at most, for each server.
    pub tokens_per_minute: Option<u64>,
    /// How long one attempt may take from its first byte to its last.
    pub timeout: Duration,
    /// How long a server may be silent.
    pub idle_timeout: Duration,
    /// How long all servers may be down before a run gives up.
    pub patience: Duration,
    /// Whether HTTP/2 is spoken without being negotiated.
    pub http2: bool,
    /// When a request is sent a second time, if ever.
    pub hedge: Option<HedgeAfter>,
}

/// Requests at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Concurrency {
    /// At the beginning.
    pub start: usize,
    /// At most.
    pub most: usize,
}

/// Milliseconds, rounded up to whole ones.
fn whole_ms(ms: f64) -> u64 {
    let wait = Duration::try_from_secs_f64(ms / 1_000.0).unwrap_or(Duration::MAX);
    u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

impl Default for TrafficSettings {
    fn default() -> Self {
        Self {
            concurrency: Concurrency { start: DEFAULT_START, most: DEFAULT_MOST },
            requests_per_minute: None,
            tokens_per_minute: None,
            timeout: Duration::from_hours(1),
            idle_timeout: Duration::from_mins(10),
            patience: Duration::from_mins(1),
            http2: false,
            hedge: None,
        }
    }
}
