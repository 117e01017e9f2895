//! The run file's writer on its own thread.

use std::thread::JoinHandle;
use std::time::Instant;

use results::{Happening, RunWriter, SampleRecord, SampleResult, StoreError};
use tasks::Verdict;
use tokio::sync::mpsc;

use super::Event;

/// Records written in one transaction at most, and records that wait for it at most: all the memory
/// that finished samples take.
const BATCH: usize = 64;

/// What goes into the run file.
pub(super) enum Entry {
    /// A sample that ended.
    Sample(Box<SampleRecord>),
    /// Something that happened to the run.
    Happened(Happening),
}

impl Entry {
    /// Something that happened just now.
    pub(super) fn happened(kind: &'static str, detail: String) -> Self {
        Self::Happened(Happening { at: crate::now(), kind, detail })
    }
}

/// The way into the run file, and the way back for what became durable.
pub(super) struct Store {
    entries: mpsc::Sender<Entry>,
    pub(super) durable: mpsc::UnboundedReceiver<Event>,
    thread: JoinHandle<Result<RunWriter, StoreError>>,
    started: Instant,
}

impl Store {
    /// Starts the thread.
    pub(super) fn start(mut writer: RunWriter) -> Self {
        let (entries, mut incoming) = mpsc::channel::<Entry>(BATCH);
        let (outgoing, durable) = mpsc::unbounded_channel();
        let started = Instant::now();
        let thread = std::thread::spawn(move || {
            let mut batch = Vec::new();
            while incoming.blocking_recv_many(&mut batch, BATCH) > 0 {
                let (mut records, mut happenings) = (Vec::new(), Vec::new());
                for entry in batch.drain(..) {
                    match entry {
                        Entry::Sample(record) => records.push(*record),
                        Entry::Happened(happening) => happenings.push(happening),
                    }
                }
                writer.append_all(&records, &happenings, elapsed_ms(started))?;
                for record in &records {
                    // The dispatcher may have gone; what is stored stays stored.
                    let _ = outgoing.send(event(record));
                }
            }
            Ok(writer)
        });
        Self { entries, durable, thread, started }
    }

    /// Hands an entry over; `false` if the thread has ended with an error.
    pub(super) async fn send(&self, entry: Entry) -> bool {
        self.entries.send(entry).await.is_ok()
    }

    /// Closes the file after everything sent has been written.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        let Self { entries, thread, started, durable: _ } = self;
        drop(entries);
        let writer = thread.join().expect("the writer thread does not panic")?;
        writer.finish(elapsed_ms(started))
    }
}

fn elapsed_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn event(record: &SampleRecord) -> Event {
    match &record.result {
        SampleResult::Judged { judgement, .. } => {
            Event::Stored { is_correct: judgement.verdict == Verdict::Correct }
        }
        SampleResult::Failed(failure) => Event::Failed {
            item: record.key.item.to_string(),
            sample_idx: record.key.sample_idx,
            reason: failure.message.clone(),
        },
    }
}
