//! What the threads of a server share.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::http::RawRequest;
use super::request::SeenRequest;
use super::script::Script;

/// The state of a server.
pub(super) struct Shared {
    pub(super) script: Script,
    log: Mutex<Log>,
    life: Mutex<Life>,
    stopped: Condvar,
    in_flight: AtomicUsize,
    max_in_flight: AtomicUsize,
}

/// The requests so far, and how often each body has come.
#[derive(Default)]
struct Log {
    n_seen: usize,
    seen: Vec<Arc<SeenRequest>>,
    times: HashMap<(String, Vec<u8>), usize>,
}

/// The open connections, by number, until the server stops.
#[derive(Default)]
struct Life {
    stopping: bool,
    open: HashMap<u64, Arc<TcpStream>>,
}

impl Shared {
    pub(super) fn new(script: Script) -> Self {
        Self {
            script,
            log: Mutex::default(),
            life: Mutex::default(),
            stopped: Condvar::new(),
            in_flight: AtomicUsize::new(0),
            max_in_flight: AtomicUsize::new(0),
        }
    }

    /// Notes a request and returns it in its recorded form.
    pub(super) fn record(&self, raw: RawRequest, connection: u64) -> Arc<SeenRequest> {
        let body = serde_json::from_slice(&raw.body).unwrap_or(Value::Null);
        let mut log = lock(&self.log);
        log.n_seen += 1;
        let attempt = if self.script.forgetful {
            0
        } else {
            let times = log.times.entry((raw.target.clone(), raw.body)).or_default();
            *times += 1;
            *times - 1
        };
        let request = Arc::new(SeenRequest {
            index: log.n_seen - 1,
            connection,
            attempt,
            arrived: Instant::now(),
            method: raw.method,
            path: raw.target,
            headers: raw.headers,
            body,
        });
        if !self.script.forgetful {
            log.seen.push(Arc::clone(&request));
        }
        request
    }

    pub(super) fn requests(&self) -> Vec<SeenRequest> {
        let seen = lock(&self.log).seen.clone();
        seen.iter().map(|request| SeenRequest::clone(request)).collect()
    }

    pub(super) fn max_in_flight(&self) -> usize {
        self.max_in_flight.load(Ordering::SeqCst)
    }

    /// Counts a request as in flight until the returned guard goes.
    pub(super) fn enter(&self) -> InFlight<'_> {
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.max_in_flight.fetch_max(now, Ordering::SeqCst);
        InFlight(Some(&self.in_flight))
    }

    /// Waits, but fails at once when the server stops.
    pub(super) fn pause(&self, time: Duration) -> io::Result<()> {
        if time.is_zero() {
            return Ok(());
        }
        let life = lock(&self.life);
        let (life, _) = self
            .stopped
            .wait_timeout_while(life, time, |life| !life.stopping)
            .unwrap_or_else(PoisonError::into_inner);
        if life.stopping {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }

    /// Keeps a connection open until the returned guard goes or the server
    /// stops; `None` when it is stopping already.
    pub(super) fn open(&self, id: u64, stream: TcpStream) -> Option<(Arc<TcpStream>, Open<'_>)> {
        let mut life = lock(&self.life);
        if life.stopping {
            return None;
        }
        let stream = Arc::new(stream);
        life.open.insert(id, Arc::clone(&stream));
        Some((stream, Open { shared: self, id }))
    }

    pub(super) fn is_stopping(&self) -> bool {
        lock(&self.life).stopping
    }

    /// Wakes everything that waits and breaks all connections.
    pub(super) fn stop(&self) {
        let mut life = lock(&self.life);
        life.stopping = true;
        for stream in life.open.values() {
            // A connection that the client has broken already needs no breaking.
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(life);
        self.stopped.notify_all();
    }
}

/// Counts a request as in flight while it lives, or until it leaves.
pub(super) struct InFlight<'a>(Option<&'a AtomicUsize>);

impl InFlight<'_> {
    /// Stops counting the request.
    pub(super) fn leave(&mut self) {
        if let Some(count) = self.0.take() {
            count.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Keeps a connection on the list of those to break at the end.
pub(super) struct Open<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        lock(&self.shared.life).open.remove(&self.id);
    }
}

/// Locks a mutex whose data stay valid even if a holder has panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
