//! Failures of the network and of the server.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use tasks::BackendError;

use super::ApiKey;
use super::endpoint::{redact, redact_query, without_credentials};
use super::traffic::Report;

/// Characters of an error body that are kept.
const MESSAGE_CHARS: usize = 500;

/// Bytes of an error body that are read.
const MAX_BODY_BYTES: usize = 64 << 10;

/// The longest time that a server may ask to be left alone.
const MAX_RETRY_AFTER_MS: u64 = 3_600_000;

/// The longest rest that a server gets which says that it is busy but not for how long.
const REST_MS: u64 = 1_000;

/// What an error tells about its server.
pub(super) fn report(error: &BackendError) -> Report {
    match error {
        BackendError::Unavailable { status: 429 | 529, retry_after_ms, .. } => {
            Report::Throttled { hold_ms: retry_after_ms.unwrap_or(REST_MS) }
        }
        BackendError::Unavailable { status: 503, retry_after_ms: Some(hold_ms), .. } => {
            Report::Throttled { hold_ms: *hold_ms }
        }
        BackendError::Connection { .. } => Report::Unreachable { reason: error.to_string() },
        BackendError::Timeout { .. }
        | BackendError::Silent { .. }
        | BackendError::Unavailable { status: 502..=504, .. } => {
            Report::Missing { reason: error.to_string() }
        }
        BackendError::Broken { .. } => Report::Broken,
        _ => Report::Useless,
    }
}

/// A connection that could not be made or broke.
pub(super) fn of_transport(url: &str, err: &reqwest::Error) -> BackendError {
    let mut innermost: &dyn std::error::Error = err;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let endpoint = without_credentials(url);
    let reason = innermost.to_string();
    // A server without work or with too much of it may take a connection down at any time; one that
    // cannot be made says that the server is not there.
    if err.is_connect() {
        BackendError::Connection { endpoint, reason }
    } else {
        BackendError::Broken { endpoint, reason }
    }
}

/// An answer with an error status, whose body may be silent for `idle`.
pub(super) async fn of_response(
    response: Response,
    api_key: Option<&ApiKey>,
    idle: Duration,
) -> BackendError {
    let (status, url) = (response.status(), response.url().clone());
    let retry_after_ms = retry_after_ms(response.headers(), SystemTime::now());
    let body = start_of_body(response, MAX_BODY_BYTES, idle).await;
    let message = message(&body, api_key, &url);
    // 408 timeout, 409 conflict (lock not available), 425 too early and 429 may pass; every other 4xx
    // says that this request is wrong, and it stays wrong.
    let may_pass = matches!(status.as_u16(), 408 | 409 | 425 | 429) || status.is_server_error();
    let status = StatusCode::as_u16(&status);
    if may_pass {
        BackendError::Unavailable { status, message, retry_after_ms }
    } else {
        BackendError::Refused { status, message }
    }
}

/// The body, or its first `n_bytes`; what arrived counts where the connection breaks or is silent for
/// longer than `idle`.
pub(super) async fn start_of_body(
    mut response: Response,
    n_bytes: usize,
    idle: Duration,
) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Ok(Some(bytes))) = tokio::time::timeout(idle, response.chunk()).await {
        body.extend_from_slice(&bytes);
        if body.len() >= n_bytes {
            break;
        }
    }
    body
}

/// The server's own words: `error.message` where there is one, else the start of the body.
fn message(body: &[u8], api_key: Option<&ApiKey>, url: &Url) -> String {
    let parsed: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let said = parsed.as_ref().and_then(|json| {
        let error = &json["error"];
        error["message"]
            .as_str()
            .or(error.as_str())
            .or(json["message"].as_str())
            .or(json["detail"].as_str())
    });
    let text = said.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned);
    let text = redact(&text, api_key);
    let short: String = redact_query(&text, url).chars().take(MESSAGE_CHARS).collect();
    short.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3); an hour at
/// most.
fn retry_after_ms(headers: &HeaderMap, now: SystemTime) -> Option<u64> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    // Without the bound there would be values that no duration can hold.
    let bounded = |wait_ms: f64| {
        let wait = Duration::from_secs_f64(wait_ms.min(MAX_RETRY_AFTER_MS as f64) / 1_000.0);
        u64::try_from(wait.as_millis()).unwrap_or(MAX_RETRY_AFTER_MS)
    };
    let number = |value: &str| value.parse::<f64>().ok();
    if let Some(wait_ms) = text("retry-after-ms").and_then(number).filter(|ms| *ms >= 0.0) {
        return Some(bounded(wait_ms));
    }
    let value = text(RETRY_AFTER.as_str())?;
    if let Some(seconds) = number(value) {
        return (seconds >= 0.0).then(|| bounded(seconds * 1_000.0));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    let wait = at.duration_since(now).unwrap_or_default();
    Some(bounded(wait.as_secs_f64() * 1_000.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &'static str, value: &str, expected: Option<u64>) {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a header value"));
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after_ms(&headers, now), expected, "{value}");
    }

    #[test]
    fn retry_after_is_read_in_every_form() {
        check("retry-after", "3", Some(3_000));
        check("retry-after", "0.5", Some(500));
        check("retry-after-ms", "20", Some(20));
        check("retry-after-ms", "20.5", Some(20));
        check("retry-after-ms", "-20", None);
        check("retry-after-ms", "soon", None);
        check("retry-after-ms", "99999999999", Some(MAX_RETRY_AFTER_MS));
        check("retry-after", "0", Some(0));
        check("retry-after", "99999999999", Some(MAX_RETRY_AFTER_MS));
        check("retry-after", "1e400", Some(MAX_RETRY_AFTER_MS));
        check("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT", Some(MAX_RETRY_AFTER_MS));
        check("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT", Some(10_000));
        check("retry-after", "Sun, 06 Nov 1994 08:49:27 GMT", Some(0));
        check("retry-after", "soon", None);
        check("retry-after", "-1", None);
        check("retry-after", "nan", None);
    }

    #[test]
    fn messages_are_short_and_to_the_point() {
        let url = Url::parse("http://h/v1?key=s3cret").expect("an address");
        let said = |body: &[u8]| message(body, None, &url);
        assert_eq!(said(br#"{"error": {"message": "no such\n model"}}"#), "no such model");
        assert_eq!(said(br#"{"error": "busy"}"#), "busy");
        assert_eq!(said("<html>беда</html>".as_bytes()), "<html>беда</html>");
        assert_eq!(said(&[b'x'; 4000]).len(), MESSAGE_CHARS);
        assert_eq!(said(b""), "");
        assert_eq!(said(b"wrong key s3cret"), "wrong key ***");
        let key = ApiKey::new("sk-1".to_owned());
        let long = format!("{}sk-1", "x".repeat(MESSAGE_CHARS - 2));
        assert!(!message(long.as_bytes(), Some(&key), &url).contains("sk"));
    }
}
