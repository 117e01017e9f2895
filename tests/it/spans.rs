//! Spans that reach an OpenTelemetry collector, as OTLP over HTTP.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tests::fake_server::{ChatReply, FakeServer, Reply, Script, Usage};

use crate::workplace;

/// An export as it arrived: the line of the request, the type of its content, and the content.
type Export = (String, String, Value);

/// A collector that takes everything.
fn collector() -> (String, Arc<Mutex<Vec<Export>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/v1/traces", listener.local_addr().expect("an address"));
    let exports = Arc::new(Mutex::new(Vec::new()));
    let theirs = Arc::clone(&exports);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let export = take(&mut stream);
            theirs.lock().expect("nobody panics with it").push(export);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n";
            let answer = format!("{head}Connection: close\r\n\r\n{{}}");
            stream.write_all(answer.as_bytes()).expect("an answer");
        }
    });
    (url, exports)
}

fn take(stream: &mut TcpStream) -> Export {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let header = |name: &str| {
        let found = lines.iter().filter_map(|line| line.split_once(": "));
        let mut found = found.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().expect("the header").1.to_owned()
    };
    let mut body = vec![0; header("content-length").parse().expect("a length")];
    reader.read_exact(&mut body).expect("a body");
    let body = serde_json::from_slice(&body).expect("JSON");
    (lines[0].clone(), header("content-type"), body)
}

/// The value of a span's attribute, with its type.
fn attribute<'a>(span: &'a Value, name: &str) -> Option<&'a Value> {
    let attributes = span["attributes"].as_array().expect("attributes");
    attributes.iter().find(|attribute| attribute["key"] == name).map(|found| &found["value"])
}

/// All spans, after what they all share has been looked at.
fn spans(exports: &[Export]) -> Vec<Value> {
    let mut spans = Vec::new();
    for (line, content_type, body) in exports {
        assert_eq!(
            (line.as_str(), content_type.as_str()),
            ("POST /v1/traces HTTP/1.1", "application/json")
        );
        let resource = &body["resourceSpans"][0];
        let service = &resource["resource"]["attributes"][0];
        assert_eq!(service, &json!({"key": "service.name", "value": {"stringValue": "evalrun"}}));
        let scope = &resource["scopeSpans"][0];
        spans.extend(scope["spans"].as_array().expect("spans").iter().cloned());
    }
    spans
}

fn run(server: &FakeServer, collector: &str, more: &[&str]) {
    let url = server.base_url();
    let mut args = vec!["--task", "aime25", "--split", "demo", "-n", "6", "--json"];
    args.extend(["--base-url", &url, "--model", "m", "--spans", collector]);
    args.extend(more);
    let finished = workplace().run(&args);
    assert_eq!(finished.code, 0, "{finished}");
    assert!(!finished.stderr.contains("spans were lost"), "{finished}");
}

fn good() -> ChatReply {
    ChatReply::new("\\boxed{42}").usage(Usage::new(10, 5))
}

fn is_hex(value: &Value, n_digits: usize) -> bool {
    value.as_str().is_some_and(|text| {
        text.len() == n_digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[test]
fn a_collector_receives_a_span_for_every_attempt() {
    let (collector, exports) = collector();
    let server =
        FakeServer::start(Script::sequence([Reply::rate_limited("0"), Reply::from(good())]));
    run(&server, &collector, &[]);
    let exports = exports.lock().expect("nobody panics with it");
    let spans = spans(&exports);
    assert_eq!((spans.len(), server.n_requests()), (48, 48));
    let ids: BTreeSet<String> = spans.iter().map(|span| span["spanId"].to_string()).collect();
    assert_eq!(ids.len(), 48, "each has its own");
    let mut n_failed = 0;
    for span in &spans {
        assert!(is_hex(&span["traceId"], 32) && is_hex(&span["spanId"], 16), "{span}");
        assert_eq!((&span["name"], &span["kind"]), (&json!("chat m"), &json!(3)));
        let time = |name: &str| span[name].as_str().and_then(|ns| ns.parse::<u64>().ok());
        assert!(time("startTimeUnixNano") <= time("endTimeUnixNano"), "{span}");
        let check = |name: &str, expected: Value| {
            assert_eq!(attribute(span, name), Some(&expected), "{name}: {span}");
        };
        check("gen_ai.operation.name", json!({"stringValue": "chat"}));
        check("gen_ai.provider.name", json!({"stringValue": "openai"}));
        check("gen_ai.request.model", json!({"stringValue": "m"}));
        check("gen_ai.request.temperature", json!({"doubleValue": 0.6}));
        check("gen_ai.request.max_tokens", json!({"intValue": "32768"}));
        check("server.address", json!({"stringValue": server.base_url()}));
        if span["status"]["code"] == 2 {
            n_failed += 1;
            check("error.type", json!({"stringValue": "HTTP 429"}));
            assert_eq!(attribute(span, "gen_ai.usage.output_tokens"), None);
        } else {
            check("gen_ai.usage.input_tokens", json!({"intValue": "10"}));
            check("gen_ai.usage.output_tokens", json!({"intValue": "5"}));
            let stop = json!({"arrayValue": {"values": [{"stringValue": "stop"}]}});
            check("gen_ai.response.finish_reasons", stop);
        }
    }
    assert_eq!(n_failed, 24);
    let all = exports.iter().map(|(_, _, body)| body.to_string()).collect::<String>();
    assert!(!all.contains("marbles"), "questions stay out of spans");
}

/// Samples that came with one request have a span each, which say so.
#[test]
fn spans_of_shared_requests_name_their_request() {
    let (collector, exports) = collector();
    let server = FakeServer::start(Script::from(good()).gives_choices(9));
    run(&server, &collector, &["--samples-per-request", "3"]);
    let spans = spans(&exports.lock().expect("nobody panics with it"));
    assert_eq!(spans.len(), 24);
    let ids: BTreeSet<String> = spans
        .iter()
        .filter_map(|s| attribute(s, "evalrun.request.id"))
        .map(Value::to_string)
        .collect();
    assert!(!ids.is_empty() && ids.len() <= server.n_requests(), "{ids:?}");
    assert!(spans.iter().any(|s| {
        attribute(s, "gen_ai.request.choice.count") == Some(&json!({"intValue": "3"}))
    }));
}
