//! HTTP/2 without TLS (`--http2`), against a server that speaks nothing else.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{Request, Response};
use serde_json::Value;
use tests::Finished;
use tokio::net::{TcpListener, TcpStream};

use crate::workplace;

/// What becomes of a request, by its number.
#[derive(Clone, Copy)]
enum Play {
    /// It is answered.
    Answer,
    /// It is refused for the moment.
    Busy,
    /// Its stream is reset inside the answer.
    Reset,
    /// It is answered, and the connection takes no further one.
    LastOfConnection,
}

/// What a server has seen.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
}

/// Starts a server, and gives its address.
fn serve(play: fn(usize) -> Play) -> (String, Arc<Seen>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let seen = Arc::new(Seen::default());
    let theirs = Arc::clone(&seen);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let listener = TcpListener::from_std(listener).expect("a listener");
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                theirs.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(converse(stream, play, Arc::clone(&theirs)));
            }
        });
    });
    (url, seen)
}

async fn converse(stream: TcpStream, play: fn(usize) -> Play, seen: Arc<Seen>) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        let play = play(seen.requests.fetch_add(1, Ordering::SeqCst));
        if let Play::LastOfConnection = play {
            connection.graceful_shutdown();
        }
        let seen = Arc::clone(&seen);
        tokio::spawn(async move {
            let n_now = seen.now.fetch_add(1, Ordering::SeqCst) + 1;
            seen.most.fetch_max(n_now, Ordering::SeqCst);
            // That a client went away is nothing to report.
            let _ = answer(request, respond, play, &seen).await;
        });
    }
}

async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    play: Play,
    seen: &Seen,
) -> Result<(), h2::Error> {
    let mut body = request.into_body();
    let mut sent = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        sent.extend_from_slice(&chunk);
    }
    let sent: Value = serde_json::from_slice(&sent).expect("a body in JSON");
    assert_eq!(sent["model"], "m");
    tokio::time::sleep(Duration::from_millis(30)).await;
    seen.now.fetch_sub(1, Ordering::SeqCst);
    if let Play::Busy = play {
        let head = Response::builder().status(429).header("retry-after", "0").body(());
        respond.send_response(head.expect("a head"), true)?;
        return Ok(());
    }
    let head = Response::builder().header("content-type", "text/event-stream").body(());
    let mut events = respond.send_response(head.expect("a head"), false)?;
    let event = |delta: &str, finish: Option<&str>| {
        let choice = serde_json::json!({"delta": {"content": delta}, "finish_reason": finish});
        Bytes::from(format!("data: {}\n\n", serde_json::json!({ "choices": [choice] })))
    };
    events.send_data(event("\\boxed{4", None), false)?;
    if let Play::Reset = play {
        tokio::time::sleep(Duration::from_millis(10)).await;
        events.send_reset(Reason::INTERNAL_ERROR);
        return Ok(());
    }
    events.send_data(event("2}", Some("stop")), false)?;
    events.send_data(Bytes::from("data: [DONE]\n\n"), true)
}

/// Forty samples, none of which fails.
fn run(url: &str, more: &[&str]) -> Finished {
    let mut args = vec!["--task", "aime25", "--split", "demo", "-n", "10", "--json"];
    args.extend(["--base-url", url, "--model", "m", "--server", "generic", "--concurrency", "16"]);
    args.extend(more);
    workplace().run(&args)
}

fn check(
    play: fn(usize) -> Play,
    (connections, requests): (RangeInclusive<usize>, RangeInclusive<usize>),
) {
    let (url, seen) = serve(play);
    let finished = run(&url, &["--http2"]);
    assert_eq!(finished.code, 0, "{finished}");
    let summary: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(summary["counts"]["correct"], 10, "{finished}");
    assert_eq!(summary["counts"]["incorrect"], 30, "{finished}");
    let n_connections = seen.connections.load(Ordering::SeqCst);
    assert!(connections.contains(&n_connections), "{n_connections} connections: {finished}");
    let n_requests = seen.requests.load(Ordering::SeqCst);
    assert!(requests.contains(&n_requests), "{n_requests} requests: {finished}");
    let n_most = seen.most.load(Ordering::SeqCst);
    assert!((8..=16).contains(&n_most), "{n_most} requests at the same time");
}

#[test]
fn requests_share_a_connection() {
    check(|_| Play::Answer, (1..=1, 40..=40));
}

#[test]
fn what_goes_wrong_with_one_stream_is_asked_again_and_harms_no_other() {
    check(|n| if n % 10 == 3 { Play::Busy } else { Play::Answer }, (1..=1, 45..=45));
    check(|n| if n % 10 == 3 { Play::Reset } else { Play::Answer }, (1..=1, 45..=45));
}

#[test]
fn a_connection_that_the_server_ends_in_good_order_is_replaced() {
    // What the client sends before it knows of the end is not taken, or is asked again; and requests that
    // find no connection at the same time may make one each.
    let play = |n| if n == 20 { Play::LastOfConnection } else { Play::Answer };
    check(play, (2..=17, 40..=56));
}

/// Who does not know that a server speaks HTTP/2 alone is told that it could not be understood.
#[test]
fn without_the_option_such_a_server_is_not_understood() {
    let (url, seen) = serve(|_| Play::Answer);
    let finished = run(&url, &["--retries", "0", "--patience", "0"]);
    assert_ne!(finished.code, 0, "{finished}");
    assert_eq!(seen.requests.load(Ordering::SeqCst), 0);
}
