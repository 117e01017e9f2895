//! Where spans go, on a thread of its own.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use serde_json::Value;

use super::otlp;
use crate::error::EvalrunError;

/// Spans in one export at most.
const BATCH: usize = 256;

/// Spans that wait for their export at most; requests do not wait for them.
const QUEUE: usize = 32 * BATCH;

/// How long a collector may take for one export.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an export that failed waits before it is tried again, attempt by attempt.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// A thread that writes spans to a file or sends them to a collector.
pub(super) struct Sink {
    spans: SpanSender,
    is_ending: Arc<AtomicBool>,
    thread: JoinHandle<Lost>,
}

/// The way in.
#[derive(Clone)]
pub(super) struct SpanSender {
    spans: SyncSender<Value>,
    n_dropped: Arc<AtomicU64>,
}

/// What could not be exported.
#[derive(Default)]
struct Lost {
    n_spans: u64,
    reason: String,
}

enum Place {
    File(File, PathBuf),
    Collector(String),
}

impl SpanSender {
    /// Hands a span over. Where too many wait already it is dropped, and counted.
    pub(super) fn send(&self, span: Value) {
        if self.spans.try_send(span).is_err() {
            self.n_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
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
        Ok(Self::start(place, QUEUE))
    }

    fn start(place: Place, n_waiting: usize) -> Self {
        let (spans, incoming) = sync_channel(n_waiting);
        let is_ending = Arc::new(AtomicBool::new(false));
        let ending = Arc::clone(&is_ending);
        let thread = std::thread::spawn(move || {
            let mut exporter = Exporter::new(place, ending);
            exporter.run(&incoming);
            exporter.lost
        });
        Self { spans: SpanSender { spans, n_dropped: Arc::default() }, is_ending, thread }
    }

    /// The way in.
    pub(super) fn sender(&self) -> SpanSender {
        self.spans.clone()
    }

    /// Waits for the last span; every sender must be gone. Says how many were lost, and why.
    pub(super) fn finish(self) -> Result<(), String> {
        self.is_ending.store(true, Ordering::Relaxed);
        let SpanSender { spans, n_dropped } = self.spans;
        drop(spans);
        let lost = self.thread.join().map_err(|_| "the thread that writes them panicked")?;
        let n_dropped = n_dropped.load(Ordering::Relaxed);
        match (lost.n_spans, n_dropped) {
            (0, 0) => Ok(()),
            (0, n) => Err(format!("{n}, because they came faster than they could be exported")),
            (n, _) => Err(format!("{}, the last of them with: {}", n + n_dropped, lost.reason)),
        }
    }
}

/// The work of the thread.
struct Exporter {
    place: Place,
    client: Option<Client>,
    /// Whether nobody makes spans any more, and someone waits for the end.
    is_ending: Arc<AtomicBool>,
    lost: Lost,
    has_failed: bool,
}

impl Exporter {
    fn new(place: Place, is_ending: Arc<AtomicBool>) -> Self {
        Self { place, client: None, is_ending, lost: Lost::default(), has_failed: false }
    }

    fn run(&mut self, incoming: &Receiver<Value>) {
        while let Ok(first) = incoming.recv() {
            let mut batch = vec![first];
            batch.extend(incoming.try_iter().take(BATCH - 1));
            // A place that takes nothing must not hold up the end of a run.
            let is_hopeless = self.has_failed && self.is_ending.load(Ordering::Relaxed);
            let outcome = if is_hopeless {
                Err(self.lost.reason.clone())
            } else {
                self.export(&otlp::export(&batch).to_string())
            };
            self.has_failed = outcome.is_err();
            if let Err(reason) = outcome {
                self.lost = Lost { n_spans: self.lost.n_spans + batch.len() as u64, reason };
            }
        }
    }

    /// Tries a little: the next spans are waiting. After a failure each batch has one attempt.
    fn export(&mut self, request: &str) -> Result<(), String> {
        let n_pauses = if self.has_failed { 0 } else { PAUSES.len() };
        let mut outcome = self.export_once(request);
        for pause in PAUSES.into_iter().take(n_pauses) {
            if outcome.is_ok() {
                break;
            }
            std::thread::sleep(pause);
            outcome = self.export_once(request);
        }
        outcome
    }

    fn export_once(&mut self, request: &str) -> Result<(), String> {
        match &mut self.place {
            Place::File(file, path) => {
                writeln!(file, "{request}").map_err(|err| format!("{}: {err}", path.display()))
            }
            Place::Collector(url) => {
                let client = match &self.client {
                    Some(client) => client,
                    None => self.client.insert(client()?),
                };
                let answer = client
                    .post(&*url)
                    .header("content-type", "application/json")
                    .body(request.to_owned())
                    .send()
                    .and_then(Response::error_for_status);
                answer.map(drop).map_err(|err| err.without_url().to_string())
            }
        }
    }
}

fn client() -> Result<Client, String> {
    Client::builder().timeout(EXPORT_TIMEOUT).build().map_err(|err| err.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Read};
    use std::net::TcpListener;

    /// A collector that answers its exports with these statuses, and then with the last one for ever; how
    /// many spans it has taken.
    fn collector(statuses: &'static [u16]) -> (String, Arc<AtomicU64>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/v1/traces", listener.local_addr().expect("an address"));
        let n_taken = Arc::new(AtomicU64::new(0));
        let taken = Arc::clone(&n_taken);
        std::thread::spawn(move || {
            let mut statuses = statuses.iter();
            let mut status = 200;
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.expect("a connection"));
                status = statuses.next().copied().unwrap_or(status);
                let mut length = 0;
                let mut line = String::new();
                while stream.read_line(&mut line).expect("a line") > 2 {
                    let lower = line.to_ascii_lowercase();
                    if let Some(value) = lower.strip_prefix("content-length:") {
                        length = value.trim().parse().expect("a length");
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).expect("a body");
                if status == 200 {
                    let n_spans = String::from_utf8_lossy(&body).matches("n_span").count();
                    taken.fetch_add(n_spans as u64, Ordering::SeqCst);
                }
                let head = format!("HTTP/1.1 {status} S\r\nContent-Length: 0\r\n");
                let head = head + "Connection: close\r\n\r\n";
                stream.get_mut().write_all(head.as_bytes()).expect("an answer");
            }
        });
        (url, n_taken)
    }

    /// Three spans one after the other, the next when the one before has been dealt with.
    fn check(statuses: &'static [u16], n_expected: u64, n_lost: u64) {
        // Only the first installation counts.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (url, n_taken) = collector(statuses);
        let mut exporter = Exporter::new(Place::Collector(url), Arc::default());
        for _ in 0..3 {
            let (spans, incoming) = sync_channel(1);
            spans.send(serde_json::json!({ "n_span": 1 })).expect("a place");
            drop(spans);
            exporter.run(&incoming);
        }
        let Lost { n_spans, reason } = exporter.lost;
        assert_eq!((n_taken.load(Ordering::SeqCst), n_spans), (n_expected, n_lost), "{statuses:?}");
        assert_eq!(reason.contains("503"), n_lost > 0, "{reason}");
    }

    #[test]
    fn exports_are_tried_again_and_a_failed_one_costs_only_its_own_spans() {
        check(&[200], 3, 0);
        check(&[503, 200], 3, 0);
        check(&[503, 503, 503, 200], 2, 1);
        check(&[503], 0, 3);
    }

    #[test]
    fn spans_that_find_no_place_are_counted() {
        let (spans, incoming) = sync_channel(2);
        let sender = SpanSender { spans, n_dropped: Arc::default() };
        (0..5).for_each(|n| sender.send(serde_json::json!(n)));
        assert_eq!((incoming.try_iter().count(), sender.n_dropped.load(Ordering::Relaxed)), (2, 3));
    }
}
