//! Servers that break the rules of HTTP or of event streams.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tests::{Finished, Workplace};

use crate::workplace;

const STREAM: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/// What becomes of a connection when everything has been sent.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// It stays open, and nothing more comes.
    Silence,
    /// It is closed inside the body.
    Close,
}

/// Answers every request with exactly these bytes; counts requests.
fn serve(answer: Vec<u8>, then: Then) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let n_requests = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&n_requests);
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            read_request(&mut stream);
            counter.fetch_add(1, Ordering::SeqCst);
            // A client that has gone away is nothing to report.
            let _ = stream.write_all(&answer);
            if let Then::Silence = then {
                silent.push(stream);
            }
        }
    });
    (url, n_requests)
}

fn read_request(stream: &mut TcpStream) {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).expect("a line") > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        line.clear();
    }
    reader.read_exact(&mut vec![0; length]).expect("a body");
}

/// A stream of these bytes that is not ended.
fn stream(body: &[u8]) -> Vec<u8> {
    let size = format!("{:x}\r\n", body.len());
    [STREAM.as_bytes(), size.as_bytes(), body, b"\r\n"].concat()
}

fn event(content: &str, finish: Option<&str>) -> String {
    let choice = serde_json::json!({"delta": {"content": content}, "finish_reason": finish});
    format!("data: {}\n\n", serde_json::json!({ "choices": [choice] }))
}

fn run(place: &Workplace, url: &str, more: &[&str]) -> Finished {
    let mut args = vec!["--task", "aime25", "--split", "demo", "--items", "1", "-n", "1", "--json"];
    args.extend(["--base-url", url, "--model", "m", "--server", "generic"]);
    args.extend(more);
    place.run(&args)
}

fn summary(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).unwrap_or_else(|err| panic!("{err}: {finished}"))
}

/// One request is enough for an answer.
fn check_answered(body: &str, then: Then, more: &[&str]) {
    let place = workplace();
    let (url, n_requests) = serve(stream(body.as_bytes()), then);
    let finished = run(&place, &url, more);
    assert_eq!(finished.code, 0, "{body} {then:?}: {finished}");
    assert_eq!(summary(&finished)["counts"]["correct"], 1, "{body} {then:?}: {finished}");
    assert_eq!(n_requests.load(Ordering::SeqCst), 1, "{body} {then:?}");
}

/// No request brings an answer, and nothing is scored.
fn check_failed(answer: Vec<u8>, then: Then, more: &[&str], told: &str) {
    let place = workplace();
    let (url, _) = serve(answer, then);
    let finished = run(&place, &url, &[&["--retries", "0"], more].concat());
    assert_eq!(finished.code, 75, "{told}: {finished}");
    assert_eq!(summary(&finished)["counts"]["failed"], 1, "{told}: {finished}");
    assert!(finished.stderr.contains(told), "{told}: {finished}");
}

#[test]
fn an_answer_with_its_end_is_complete_whatever_becomes_of_the_connection() {
    let answer = event("\\boxed{4", None) + &event("2}", Some("stop"));
    let usage =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n";
    check_answered(&format!("{answer}{usage}data: [DONE]\n\n"), Then::Silence, &[]);
    check_answered(&format!("{answer}data: [DONE]\n\n"), Then::Silence, &[]);
    check_answered(&answer, Then::Silence, &["--idle-timeout", "1"]);
    check_answered(&answer, Then::Silence, &["--timeout", "1"]);
    check_answered(&answer, Then::Close, &[]);
    check_answered(&format!("{answer}data: {{\"choices\":[],\"us"), Then::Close, &[]);
    check_answered(&format!("\u{feff}{answer}data: [DONE]\n\n"), Then::Close, &[]);
}

#[test]
fn an_answer_without_its_end_is_none() {
    let begun = event("\\boxed{42}", None);
    let silent = "nothing came from the server for 1 s";
    check_failed(stream(begun.as_bytes()), Then::Silence, &["--idle-timeout", "1"], silent);
    check_failed(stream(begun.as_bytes()), Then::Close, &[], "broke");
    let error = "event: error\ndata: {\"code\": 503, \"message\": \"engine died\"}\n\n";
    let ended = begun + &event("", Some("stop")) + error + "data: [DONE]\n\n";
    check_failed(stream(ended.as_bytes()), Then::Silence, &[], "engine died");
}

/// What has arrived of an explanation is told, and the rest is not waited for.
#[test]
fn an_error_whose_body_never_ends_is_an_error() {
    let head = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 999\r\n\r\n";
    let answer = format!("{head}the engine has di");
    check_failed(answer.into_bytes(), Then::Silence, &["--idle-timeout", "1"], "engine has di");
}
