//! One request to one server, and its answer.

use std::future::Future;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Response};
use tasks::{BackendError, Completion, Timing, TokenMeter};

use super::answer::Collected;
use super::client::{self, client};
use super::traffic::{Report, TrafficSettings};
use super::{Endpoint, Replica, failure, protocol, stream};

/// The largest completion that is accepted, in bytes.
const MAX_COMPLETION_BYTES: usize = 256 << 20;

/// A server with its connections.
#[derive(Debug)]
pub(super) struct Line {
    server: Replica,
    client: Client,
    url: String,
    timeout: Duration,
    idle_timeout: Duration,
}

/// A completion and the headers that came with it.
pub(super) struct Answer {
    pub(super) completion: Completion,
    pub(super) headers: HeaderMap,
}

impl Line {
    /// Prepares to ask `server`; nothing is sent yet.
    pub(super) fn new(
        server: &Replica,
        endpoint: &Endpoint,
        traffic: &TrafficSettings,
    ) -> Result<Self, String> {
        let base = server.base_url.trim_end_matches('/');
        Ok(Self {
            server: server.clone(),
            client: client(endpoint.api_key.as_ref(), traffic.http2)?,
            url: format!("{base}/{}", endpoint.api.path()),
            timeout: traffic.timeout,
            idle_timeout: traffic.idle_timeout,
        })
    }

    /// The server.
    pub(super) fn replica(&self) -> Replica {
        self.server.clone()
    }

    /// Asks once.
    pub(super) async fn ask(
        &self,
        endpoint: &Endpoint,
        body: Vec<u8>,
        meter: &TokenMeter,
    ) -> Result<Answer, BackendError> {
        let limit_s = self.timeout.as_secs();
        tokio::time::timeout(self.timeout, self.exchange(endpoint, body, meter))
            .await
            .unwrap_or(Err(BackendError::Timeout { limit_s }))
    }

    /// Whether the server is there, as far as its list of models tells.
    pub(super) async fn check(&self, endpoint: &Endpoint) -> Result<(), Report> {
        let key = endpoint.api_key.as_ref();
        match client::list(&self.client, &self.server.base_url, key).await {
            Ok(_) => Ok(()),
            // A server without such a list, or one that refuses it, is there.
            Err(error) => match failure::report(&error) {
                missing @ (Report::Missing { .. } | Report::Broken) => Err(missing),
                _ => Ok(()),
            },
        }
    }

    async fn exchange(
        &self,
        endpoint: &Endpoint,
        body: Vec<u8>,
        meter: &TokenMeter,
    ) -> Result<Answer, BackendError> {
        let started = Instant::now();
        let request = self.client.post(&self.url).header(CONTENT_TYPE, "application/json");
        let response = self.unless_silent(request.body(body).send()).await?;
        if !response.status().is_success() {
            return Err(failure::of_response(response, endpoint.api_key.as_ref()).await);
        }
        let headers = response.headers().clone();
        let mut collected = Collected::new(endpoint, started);
        self.read(response, &mut collected, meter).await?;
        let latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let timing =
            Timing { latency_ms, first_token_ms: collected.first_token_ms(), n_attempts: 1 };
        Ok(Answer { completion: collected.finish(timing)?, headers })
    }

    async fn read(
        &self,
        mut response: Response,
        collected: &mut Collected<'_>,
        meter: &TokenMeter,
    ) -> Result<(), BackendError> {
        let content_type =
            response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or("").to_ascii_lowercase();
        if content_type.starts_with("text/event-stream") {
            let mut events = stream::Events::default();
            while let Some(bytes) = self.unless_silent(response.chunk()).await? {
                for data in events.feed(&bytes) {
                    collected.event(&data, meter)?;
                }
                if events.n_pending_bytes() + collected.n_bytes() > MAX_COMPLETION_BYTES {
                    return Err(protocol("the completion is larger than 256 MiB"));
                }
            }
            // A last event without its blank line is complete all the same.
            events.finish().map_or(Ok(()), |data| collected.event(&data, meter))
        } else if content_type.contains("json") {
            // Some servers ignore `stream` and answer at once.
            let mut bytes = Vec::new();
            while let Some(chunk) = self.unless_silent(response.chunk()).await? {
                bytes.extend_from_slice(&chunk);
                if bytes.len() > MAX_COMPLETION_BYTES {
                    return Err(protocol("the answer is larger than 256 MiB"));
                }
            }
            collected.whole(&String::from_utf8_lossy(&bytes), meter)
        } else {
            Err(protocol(&format!(
                "the content type is `{content_type}`; is this an OpenAI-compatible endpoint?"
            )))
        }
    }

    /// Waits for the next thing from the server, as long as a server may be silent.
    async fn unless_silent<T>(
        &self,
        next: impl Future<Output = reqwest::Result<T>>,
    ) -> Result<T, BackendError> {
        match tokio::time::timeout(self.idle_timeout, next).await {
            Ok(next) => next.map_err(|err| failure::of_transport(&self.url, &err)),
            Err(_) => Err(BackendError::Silent { limit_s: self.idle_timeout.as_secs() }),
        }
    }
}
