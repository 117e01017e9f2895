//! Where spans go, on a thread of its own.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use super::otlp;
use crate::error::EvalrunError;

/// Spans in one export at most.
const BATCH: usize = 256;

/// How long a collector may take for one export.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// A thread that writes spans to a file or sends them to a collector.
pub(super) struct Sink {
    spans: Sender<Value>,
    thread: JoinHandle<Result<(), String>>,
}

enum Place {
    File(File, PathBuf),
    Collector(String),
}

impl Sink {
    /// Opens a file, or takes note of a collector's address.
    pub(super) fn open(place: &str) -> Result<Self, EvalrunError> {
        let place = if place.starts_with("http://") || place.starts_with("https://") {
            Place::Collector(place.to_owned())
        } else {
            let path = Path::new(place);
            let file = File::options().create(true).append(true).open(path);
            let file = file.map_err(|err| EvalrunError::Output {
                path: path.to_owned(),
                reason: err.to_string(),
            })?;
            Place::File(file, path.to_owned())
        };
        let (spans, incoming) = channel();
        Ok(Self { spans, thread: std::thread::spawn(move || write(&incoming, place)) })
    }

    /// The way in.
    pub(super) fn sender(&self) -> Sender<Value> {
        self.spans.clone()
    }

    /// Waits for the last span; every sender must be gone.
    pub(super) fn finish(self) -> Result<(), String> {
        drop(self.spans);
        self.thread
            .join()
            .unwrap_or_else(|_| Err("the thread that writes them panicked".to_owned()))
    }
}

fn write(incoming: &Receiver<Value>, mut place: Place) -> Result<(), String> {
    while let Ok(first) = incoming.recv() {
        let mut batch = vec![first];
        batch.extend(incoming.try_iter().take(BATCH - 1));
        place.export(&otlp::export(&batch).to_string())?;
    }
    Ok(())
}

impl Place {
    fn export(&mut self, request: &str) -> Result<(), String> {
        match self {
            Self::File(file, path) => {
                writeln!(file, "{request}").map_err(|err| format!("{}: {err}", path.display()))
            }
            Self::Collector(url) => {
                let client = reqwest::blocking::Client::builder().timeout(EXPORT_TIMEOUT).build();
                let client = client.map_err(|err| err.to_string())?;
                let answer = client
                    .post(&*url)
                    .header("content-type", "application/json")
                    .body(request.to_owned())
                    .send()
                    .and_then(reqwest::blocking::Response::error_for_status);
                answer.map(drop).map_err(|err| err.without_url().to_string())
            }
        }
    }
}
