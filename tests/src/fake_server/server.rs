//! The server itself: its port and its threads.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle, sleep};
use std::time::Duration;

use super::connection;
use super::request::SeenRequest;
use super::script::Script;
use super::shared::Shared;

/// Many connections are cheap when their stacks are small; this is ample for
/// the deepest JSON that the parser takes.
const STACK: usize = 512 * 1024;

/// A running server. Dropping it breaks all connections, hanging ones
/// included, and waits for its threads.
pub struct FakeServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl FakeServer {
    /// Starts a server on a free port.
    ///
    /// # Panics
    ///
    /// Panics when the machine offers no local port or no thread.
    pub fn start(script: impl Into<Script>) -> Self {
        Self::start_on(0, script).expect("a free local port can be bound")
    }

    /// Starts a server on this port, where 0 means any free one.
    ///
    /// # Errors
    ///
    /// Fails when the port cannot be bound or no thread can be started.
    pub fn start_on(port: u16, script: impl Into<Script>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(script.into()));
        let theirs = Arc::clone(&shared);
        let acceptor = Builder::new()
            .name("fake-accept".to_owned())
            .spawn(move || accept(&listener, &theirs))?;
        Ok(Self { address, shared, acceptor: Some(acceptor) })
    }

    /// Returns the URL to give to a client, ending in `/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Returns the address for clients that speak raw TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns all requests so far, refused ones included, in order of arrival; not those for the list
    /// of models, which clients ask for when they like.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.shared.requests().into_iter().filter(|seen| seen.method != "GET").collect()
    }

    /// Returns the number of these requests.
    pub fn n_requests(&self) -> usize {
        self.requests().len()
    }

    /// Returns the greatest number of requests that were being answered at once.
    ///
    /// A request stops counting just before the last bytes of its answer, so a
    /// client that waits for each answer never counts twice. One that gives up
    /// on a hanging request does, as it would with a real server.
    pub fn max_in_flight(&self) -> usize {
        self.shared.max_in_flight()
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.shared.stop();
        // The acceptor notices the stop only when a connection comes in.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        if let (Ok(_), Some(acceptor)) = (woken, self.acceptor.take()) {
            // A panic has been reported by its own thread.
            let _ = acceptor.join();
        }
    }
}

/// Gives each connection a thread until the server stops, and joins them all.
fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for (id, incoming) in (0..).zip(listener.incoming()) {
        if shared.is_stopping() {
            break;
        }
        threads.retain(|thread| !thread.is_finished());
        let theirs = Arc::clone(shared);
        let spawned = incoming.and_then(|stream| {
            Builder::new()
                .name(format!("fake-{id}"))
                .stack_size(STACK)
                .spawn(move || connection::serve(id, stream, &theirs))
        });
        match spawned {
            Ok(thread) => threads.push(thread),
            // Files or threads have run out: wait for some to be given back.
            Err(_) => sleep(Duration::from_millis(5)),
        }
    }
    for thread in threads {
        // A script that panicked, in an assertion say, has been reported by its
        // own thread; its client has seen the connection break.
        let _ = thread.join();
    }
}
