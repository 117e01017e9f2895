//! What is written about requests besides the run file: a log, and OpenTelemetry spans. Both only
//! where they are asked for; keys are in neither.

mod observed;
mod otlp;
mod sink;

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tasks::Backend;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::display::Display;
use crate::error::EvalrunError;
use observed::ObservedBackend;
use sink::Sink;

/// The telemetry of one command.
pub(crate) struct Telemetry {
    has_log: bool,
    sink: Option<Sink>,
}

impl Telemetry {
    /// Opens what was asked for, so that a wrong path fails before the first request.
    pub(crate) fn start(log: Option<&Path>, spans: Option<&str>) -> Result<Self, EvalrunError> {
        if let Some(path) = log {
            start_log(path)?;
        }
        let sink = spans.map(Sink::open).transpose()?;
        Ok(Self { has_log: log.is_some(), sink })
    }

    /// The backend, with an eye on its requests where anyone wants to know of them.
    pub(crate) fn observe(&self, backend: Arc<dyn Backend>) -> Arc<dyn Backend> {
        if self.has_log || self.sink.is_some() {
            let spans = self.sink.as_ref().map(Sink::sender);
            Arc::new(ObservedBackend::new(backend, spans))
        } else {
            backend
        }
    }

    /// Waits until everything is written. What could not be written is said, and is no reason to fail.
    pub(crate) fn finish(self, display: &Display) {
        if let Some(Err(reason)) = self.sink.map(Sink::finish) {
            display.note(&format!("spans were lost: {reason}"));
        }
    }
}

/// Appends this crate's messages to a file. Libraries' messages are left out: those about HTTP could
/// hold headers.
fn start_log(path: &Path) -> Result<(), EvalrunError> {
    let file = File::options().create(true).append(true).open(path);
    let file = file
        .map_err(|err| EvalrunError::Output { path: path.to_owned(), reason: err.to_string() })?;
    let lines = tracing_subscriber::fmt::layer().with_writer(Mutex::new(file)).with_ansi(false);
    let own = filter_fn(|metadata| metadata.target().starts_with(env!("CARGO_CRATE_NAME")));
    // Only the first log of a process counts, and a command has one.
    drop(tracing_subscriber::registry().with(lines.with_filter(own)).try_init());
    Ok(())
}
