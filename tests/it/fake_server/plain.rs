//! Answers in one piece.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::fake_server::{ChatReply, FakeServer, Reply, Script, Usage};

use crate::fake_server::client::{Client, chat, streaming};

#[test]
fn one_connection_serves_several_requests() {
    let server = FakeServer::start(Script::new(|request| ChatReply::new(request.question())));
    let mut client = Client::connect(&server);
    for question in ["one", "два", "three"] {
        let reply = client.chat(&chat(question)).json();
        assert_eq!(reply["choices"][0]["message"]["content"], question);
    }
    let body = chat("chunked").to_string();
    client.send("POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    let (start, end) = body.split_at(7);
    client.send(&format!("7\r\n{start}\r\n{:x}\r\n{end}\r\n0\r\n\r\n", end.len()));
    assert_eq!(client.receive().unwrap().code, 200);
    let seen = server.requests();
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|request| request.connection == seen[0].connection));
    assert!(seen.iter().enumerate().all(|(i, request)| request.index == i));
    assert_eq!(seen[3].question(), "chunked");
}

#[test]
fn reply_has_reasoning_and_usage() {
    let usage = Usage::new(5, 8).with_reasoning(6);
    let reply = ChatReply::new("").reasoning("hm").reasoning_field("reasoning");
    let server = FakeServer::start(reply.finish("length").usage(usage));
    let reply = Client::connect(&server).chat(&chat("q")).json();
    let choice = &reply["choices"][0];
    assert_eq!(choice["finish_reason"], "length");
    assert_eq!(choice["message"], json!({"role": "assistant", "content": null, "reasoning": "hm"}));
    assert_eq!(reply["usage"]["total_tokens"], 13);
    assert_eq!(reply["usage"]["completion_tokens_details"]["reasoning_tokens"], 6);
}

#[test]
fn reply_may_lack_finish_reason_and_usage() {
    let server = FakeServer::start(ChatReply::new("x").finish(None).usage(None));
    let reply = Client::connect(&server).chat(&chat("q")).json();
    assert_eq!(reply["choices"][0]["finish_reason"], Value::Null);
    assert!(reply.get("usage").is_none());
}

#[test]
fn plain_completion_has_text() {
    let server = FakeServer::start(ChatReply::new("done"));
    let reply = Client::connect(&server).post("completions", &json!({"prompt": "go"}));
    assert_eq!(reply.json()["object"], "text_completion");
    assert_eq!(reply.json()["choices"][0]["text"], "done");
}

#[test]
fn rate_limit_names_the_time_to_wait() {
    let limited = Reply::rate_limited("7");
    let server = FakeServer::start(Script::sequence([limited, ChatReply::new("ok").into()]));
    let mut client = Client::connect(&server);
    let refused = client.chat(&chat("q"));
    assert_eq!((refused.code, refused.header("retry-after")), (429, Some("7")));
    assert!(refused.json()["error"]["message"].is_string());
    assert_eq!(client.chat(&chat("another")).code, 429);
    assert_eq!(client.chat(&chat("q")).code, 200);
    assert_eq!(client.chat(&chat("q")).code, 200);
    let attempts: Vec<usize> = server.requests().iter().map(|seen| seen.attempt).collect();
    assert_eq!(attempts, [0, 0, 1, 2]);
}

#[test]
fn key_is_required_on_demand() {
    let server = FakeServer::start(Script::always(ChatReply::new("x")).require_key("s3cret"));
    let mut client = Client::connect(&server);
    assert_eq!(client.chat(&chat("q")).code, 401);
    for (key, code) in [("wrong", 401), ("s3cret", 200)] {
        client.send(&format!("GET /v1/models HTTP/1.1\r\nAuthorization: Bearer {key}\r\n\r\n"));
        assert_eq!(client.receive().unwrap().code, code);
    }
}

#[test]
fn stream_can_be_ignored() {
    let server = FakeServer::start(Script::always(ChatReply::new("whole")).ignore_stream());
    let reply = Client::connect(&server).chat(&streaming("q"));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.json()["choices"][0]["message"]["content"], "whole");
}

#[test]
fn server_answers_what_is_no_completion_itself() {
    let server = FakeServer::start(Script::always(ChatReply::new("x")).models(["a", "b"]));
    let mut client = Client::connect(&server);
    client.send("GET /v1/models?limit=5 HTTP/1.1\r\n\r\n");
    assert_eq!(client.receive().unwrap().json()["data"][1]["id"], "b");
    client.send("GET /v1/chat/completions HTTP/1.1\r\n\r\n");
    assert_eq!(client.receive().unwrap().code, 405);
    assert_eq!(client.post("embeddings", &json!({})).code, 404);
    assert_eq!(client.chat(&json!({"prompt": "wrong field"})).code, 400);
    assert_eq!(client.chat(&Value::Null).code, 400);
    client.send("nonsense\r\n\r\n");
    assert_eq!(client.receive().unwrap().code, 400);
    assert!(client.is_closed());
    assert_eq!(server.n_requests(), 3, "lists of models are not counted");
}

#[test]
fn connection_close_and_expect_continue_are_honoured() {
    let server = FakeServer::start(ChatReply::new("x"));
    let mut client = Client::connect(&server);
    let body = chat("q").to_string();
    let length = body.len();
    client.send(&format!(
        "POST /v1/chat/completions HTTP/1.1\r\nConnection: close\r\n\
         Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
    ));
    client.send(&body);
    let rest = client.receive_text();
    assert!(rest.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
    assert!(rest.contains("Connection: close\r\n"));
}

#[test]
fn answer_can_be_delayed() {
    let delay = Duration::from_millis(30);
    let server = FakeServer::start(Script::always(ChatReply::new("x").after(delay)));
    let start = Instant::now();
    assert_eq!(Client::connect(&server).chat(&chat("q")).code, 200);
    assert!(start.elapsed() >= delay);
}
