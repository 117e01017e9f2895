//! One connection: reading requests and routing them.

use std::io::{self, BufReader, ErrorKind, Write};
use std::net::{Shutdown, TcpStream};

use super::body::{self, Endpoint};
use super::exchange::{Exchange, Next};
use super::http;
use super::request::SeenRequest;
use super::script::Script;
use super::shared::Shared;

/// Answers the requests of a connection until either side ends it. That a
/// client went away is nothing to report.
pub(super) fn serve(id: u64, stream: TcpStream, shared: &Shared) {
    if let Some((stream, _open)) = shared.open(id, stream) {
        let _ = converse(id, &stream, shared);
        let _ = stream.shutdown(Shutdown::Both);
    }
}

fn converse(id: u64, mut stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let raw = match http::read_request(&mut reader, stream) {
            Ok(Some(raw)) => raw,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                let head = http::head(400, &[("Content-Length", "0"), ("Connection", "close")]);
                return stream.write_all(head.as_bytes());
            }
            Err(error) => return Err(error),
        };
        let keep_alive = raw.keep_alive;
        let request = shared.record(raw, id);
        let exchange = Exchange::new(stream, shared, &request, keep_alive);
        if respond(exchange, &request, &shared.script)? == Next::Close {
            return Ok(());
        }
    }
}

fn respond(exchange: Exchange, request: &SeenRequest, script: &Script) -> io::Result<Next> {
    if !is_authorised(request, script) {
        return exchange.send_json(401, &body::error("a valid API key is required"));
    }
    let path = request.path.split('?').next().unwrap_or_default();
    match (request.method.as_str(), path) {
        ("GET", "/v1/models") => {
            exchange.send_json(200, &body::models(&script.models, &script.owner))
        }
        ("POST", "/v1/chat/completions") => complete(exchange, request, Endpoint::Chat),
        ("POST", "/v1/completions") => complete(exchange, request, Endpoint::Plain),
        (_, "/v1/models" | "/v1/chat/completions" | "/v1/completions") => {
            exchange.send_json(405, &body::error("the method is not allowed"))
        }
        _ => match (script.elsewhere)(request) {
            Some(reply) => exchange.play_either(reply),
            None => exchange.send_json(404, &body::error(&format!("there is no {path}"))),
        },
    }
}

/// Hands a completion request to the script if its body can be understood.
fn complete(exchange: Exchange, request: &SeenRequest, endpoint: Endpoint) -> io::Result<Next> {
    let (field, present) = match endpoint {
        Endpoint::Chat => ("messages", request.body["messages"].is_array()),
        Endpoint::Plain => ("prompt", !request.body["prompt"].is_null()),
    };
    if !present {
        return exchange.send_json(400, &body::error(&format!("the body needs `{field}`")));
    }
    exchange.play(endpoint)
}

fn is_authorised(request: &SeenRequest, script: &Script) -> bool {
    let given = request.header("authorization");
    let given = given.and_then(|value| value.strip_prefix("Bearer "));
    script.api_key.is_none() || script.api_key.as_deref() == given
}
