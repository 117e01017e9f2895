//! One request and its answer.

use std::io::{self, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::body::{self, Endpoint, Envelope};
use super::http::{self, ChunkedBody};
use super::reply::{ChatReply, Cut, Reply};
use super::request::SeenRequest;
use super::shared::{InFlight, Shared};
use super::style::StreamStyle;

const BROKEN_JSON: &str = r#"{"id": "chatcmpl-1", "choices": [{"index": 0, "mess"#;
const DONE: &str = "[DONE]";

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    KeepOpen,
    Close,
}

/// A request that waits for its answer, and the means to send it.
pub(super) struct Exchange<'a> {
    stream: &'a TcpStream,
    shared: &'a Shared,
    request: &'a SeenRequest,
    keep_alive: bool,
    slot: InFlight<'a>,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(
        stream: &'a TcpStream,
        shared: &'a Shared,
        request: &'a SeenRequest,
        keep_alive: bool,
    ) -> Self {
        Self { stream, shared, request, keep_alive, slot: shared.enter() }
    }

    /// Answers as the script says.
    pub(super) fn play(self, endpoint: Endpoint) -> io::Result<Next> {
        let script = &self.shared.script;
        let answer = (script.answers)(self.request);
        self.shared.pause(answer.delay)?;
        let envelope = Envelope {
            endpoint,
            index: self.request.index,
            model: self.request.body["model"].as_str().unwrap_or("fake-model"),
        };
        if script.streaming && self.request.wants_stream() {
            let style = answer.style.as_ref().unwrap_or(&script.style);
            self.play_stream(answer.reply, &envelope, style)
        } else {
            self.play_whole(answer.reply, &envelope)
        }
    }

    /// Returns the first choice with the others that are asked for and given.
    fn choices(&self, first: ChatReply) -> Vec<ChatReply> {
        let script = &self.shared.script;
        let mut chats = vec![first];
        for index in 1..self.request.n_choices().min(script.most_choices) {
            if let Reply::Chat(chat) = (script.answers)(&self.request.choice(index)).reply {
                chats.push(chat);
            }
        }
        chats
    }

    fn play_whole(self, reply: Reply, envelope: &Envelope) -> io::Result<Next> {
        match reply {
            Reply::Chat(chat) => {
                let whole = envelope.whole(&self.choices(chat));
                self.send_json(200, &whole)
            }
            Reply::Partial { chat, cut, .. } => self.send_half(&envelope.whole(&[chat]), &cut),
            Reply::MalformedJson => self.send(200, &[], BROKEN_JSON.as_bytes()),
            Reply::EmptyChoices => self.send_json(200, &envelope.without_choices(false)),
            other => self.play_either(other),
        }
    }

    fn play_stream(
        self,
        reply: Reply,
        envelope: &Envelope,
        style: &StreamStyle,
    ) -> io::Result<Next> {
        let with_usage = self.request.wants_stream_usage();
        match reply {
            Reply::Chat(chat) => {
                let chats = self.choices(chat);
                let payloads = envelope.events(&chats, style.pieces, with_usage);
                self.send_events(style, &payloads, &Cut::End)
            }
            Reply::Partial { chat, events, cut } => {
                let mut payloads = envelope.events(&[chat], style.pieces, with_usage);
                payloads.truncate(events);
                if let Cut::Error(message) = &cut {
                    payloads.push(body::error(message).to_string());
                }
                self.send_events(style, &payloads, &cut)
            }
            Reply::MalformedJson => {
                self.send_events(style, &[BROKEN_JSON.into(), DONE.into()], &Cut::End)
            }
            Reply::EmptyChoices => {
                let event = envelope.without_choices(true).to_string();
                self.send_events(style, &[event, DONE.into()], &Cut::End)
            }
            other => self.play_either(other),
        }
    }

    /// Plays the replies that are the same with and without a stream.
    pub(super) fn play_either(self, reply: Reply) -> io::Result<Next> {
        match reply {
            Reply::Status { code, headers, body } => {
                let headers: Vec<(&str, &str)> =
                    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                self.send(code, &headers, body.as_bytes())
            }
            Reply::WrongContentType => {
                let headers = [("Content-Type", "text/html; charset=utf-8")];
                self.send(200, &headers, b"<html><body>Welcome!</body></html>")
            }
            Reply::Hang(time) => {
                self.shared.pause(time)?;
                Ok(Next::Close)
            }
            Reply::Disconnect => Ok(Next::Close),
            Reply::Chat(_) | Reply::Partial { .. } | Reply::MalformedJson | Reply::EmptyChoices => {
                unreachable!("these differ with a stream")
            }
        }
    }

    /// Sends a JSON response.
    pub(super) fn send_json(self, code: u16, value: &Value) -> io::Result<Next> {
        self.send(code, &[], value.to_string().as_bytes())
    }

    fn send(mut self, code: u16, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Next> {
        let mut message = self.head(code, headers, body.len()).into_bytes();
        message.extend_from_slice(body);
        // The client may send its next request as soon as it has this one's answer.
        self.slot.leave();
        let mut stream = self.stream;
        stream.write_all(&message)?;
        Ok(after(self.keep_alive))
    }

    /// Sends half of a body and then cuts it.
    fn send_half(self, value: &Value, cut: &Cut) -> io::Result<Next> {
        let body = value.to_string().into_bytes();
        let half = &body[..body.len() / 2];
        match cut {
            Cut::Error(message) => return self.send_json(200, &body::error(message)),
            Cut::End => return self.send(200, &[], half),
            Cut::Close | Cut::Hang(_) => {}
        }
        let mut message = self.head(200, &[], body.len()).into_bytes();
        message.extend_from_slice(half);
        let mut stream = self.stream;
        stream.write_all(&message)?;
        self.end_in_silence(cut)
    }

    /// Sends a stream that ends as `cut` says.
    fn send_events(
        mut self,
        style: &StreamStyle,
        payloads: &[String],
        cut: &Cut,
    ) -> io::Result<Next> {
        let mut stream = self.stream;
        stream.write_all(stream_head(self.keep_alive).as_bytes())?;
        let mut body = ChunkedBody::new(stream, style.chunk_bytes);
        for (index, payload) in payloads.iter().enumerate() {
            if index > 0 {
                self.shared.pause(style.gap)?;
            }
            if index + 1 == payloads.len() && matches!(cut, Cut::End | Cut::Error(_)) {
                self.slot.leave();
            }
            body.push(style.event(index, payload).as_bytes())?;
        }
        match cut {
            Cut::End | Cut::Error(_) => {
                body.finish()?;
                Ok(after(self.keep_alive))
            }
            Cut::Close | Cut::Hang(_) => {
                body.flush()?;
                self.end_in_silence(cut)
            }
        }
    }

    fn end_in_silence(self, cut: &Cut) -> io::Result<Next> {
        if let Cut::Hang(time) = cut {
            self.shared.pause(*time)?;
        }
        Ok(Next::Close)
    }

    /// Returns the head of a response whose length is known.
    fn head(&self, code: u16, headers: &[(&str, &str)], length: usize) -> String {
        let length = length.to_string();
        let mut all = headers.to_vec();
        let is_type = |(name, _): &(&str, &str)| name.eq_ignore_ascii_case("content-type");
        if !headers.iter().any(is_type) {
            all.push(("Content-Type", "application/json"));
        }
        all.push(("Content-Length", &length));
        all.push(connection(self.keep_alive));
        http::head(code, &all)
    }
}

fn stream_head(keep_alive: bool) -> String {
    let headers = [
        ("Content-Type", "text/event-stream; charset=utf-8"),
        ("Cache-Control", "no-cache"),
        ("Transfer-Encoding", "chunked"),
        connection(keep_alive),
    ];
    http::head(200, &headers)
}

fn connection(keep_alive: bool) -> (&'static str, &'static str) {
    ("Connection", if keep_alive { "keep-alive" } else { "close" })
}

fn after(keep_alive: bool) -> Next {
    if keep_alive { Next::KeepOpen } else { Next::Close }
}
