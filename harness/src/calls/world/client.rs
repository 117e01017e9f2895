//! Requests to services that the user named, tried again while they are out.

use std::io::Read;
use std::thread;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::RETRY_AFTER;
use serde_json::Value;

use crate::error::EvalrunError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_mins(1);
/// Attempts at one request.
const N_ATTEMPTS: u32 = 6;
/// The longest wait between two of them, whatever a service asks for.
const MAX_WAIT: Duration = Duration::from_mins(2);
/// The longest answer that is read, in bytes.
const MAX_BYTES: u64 = 32 << 20;
/// Characters of a service's own words that are repeated.
const N_CHARS: usize = 200;

/// A client for services.
pub(super) fn client() -> Result<Client, EvalrunError> {
    let client = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .user_agent(concat!("evalrun/", env!("CARGO_PKG_VERSION")))
        .build();
    client.map_err(|err| EvalrunError::Usage(format!("cannot make a client: {err}")))
}

/// The JSON that a service answers with. `what` names it in errors; addresses, which can hold keys, are
/// left out of them.
pub(super) fn json(what: &str, request: &RequestBuilder) -> Result<Value, String> {
    let mut pause = Duration::from_secs(1);
    let mut n_attempts = 1;
    loop {
        let (reason, wait) = match attempt(request) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(refused)) if !refused.is_transient => {
                return Err(format!("{what}: {}", refused.reason));
            }
            Ok(Err(refused)) => (refused.reason, refused.wait),
            Err(reason) => (reason, None),
        };
        if n_attempts == N_ATTEMPTS {
            return Err(format!("{what}: {reason} ({N_ATTEMPTS} attempts)"));
        }
        tracing::warn!(what, reason, n_attempts, "a service is asked again");
        thread::sleep(wait.unwrap_or(pause).min(MAX_WAIT));
        pause *= 2;
        n_attempts += 1;
    }
}

/// An answer that is none.
struct Refused {
    reason: String,
    is_transient: bool,
    wait: Option<Duration>,
}

fn attempt(request: &RequestBuilder) -> Result<Result<Value, Refused>, String> {
    let request = request.try_clone().expect("its body is in memory");
    let response = request.send().map_err(|err| innermost(&err))?;
    let (status, wait) = (response.status(), retry_after(&response));
    let mut text = String::new();
    response.take(MAX_BYTES).read_to_string(&mut text).map_err(|err| innermost(&err))?;
    let value: Option<Value> = serde_json::from_str(&text).ok();
    match value {
        Some(value) if status.is_success() => Ok(Ok(value)),
        _ => {
            let is_transient = matches!(status.as_u16(), 408 | 425 | 429 | 500..=599);
            let words = value.map_or(text, |value| value["error"].to_string());
            let reason = refusal(status, &words);
            Ok(Err(Refused { reason, is_transient, wait }))
        }
    }
}

fn refusal(status: StatusCode, words: &str) -> String {
    let words: String = words.chars().take(N_CHARS).collect();
    match (status.is_success(), words.as_str()) {
        (true, _) => "it answers with no JSON".to_owned(),
        (false, "" | "null") => format!("HTTP {status}"),
        (false, words) => format!("HTTP {status}: {}", words.replace('\n', " ")),
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The cause of an error, without the address.
pub(super) fn innermost(err: &dyn std::error::Error) -> String {
    let mut innermost = err;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().replace('\n', " ")
}
