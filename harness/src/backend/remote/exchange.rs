//! One request to one server, and its answer.

use std::future::Future;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Response, Url};
use tasks::{BackendError, TokenMeter};

use super::answer::{Brought, Collected};
use super::client::{self, client};
use super::hedge::Progress;
use super::traffic::{Pass, Report, TrafficSettings};
use super::{Endpoint, Replica, endpoint, failure, protocol, stream};

/// The largest completion that is accepted, in bytes.
const MAX_COMPLETION_BYTES: usize = 256 << 20;

/// How long a server may be silent whose answer lacks nothing but its token counts.
const REST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the end of a stream may take that has said that it is done. Without its end, its connection
/// cannot be used again.
const END_TIMEOUT: Duration = Duration::from_millis(200);

/// How long a server may be silent while it explains an error.
const ERROR_TIMEOUT: Duration = Duration::from_secs(30);

/// A server with its connections.
#[derive(Debug)]
pub(super) struct Line {
    server: Replica,
    client: Client,
    url: Url,
    timeout: Duration,
    idle_timeout: Duration,
}

/// Who is told of an answer while it comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watch<'a> {
    pub(super) meter: &'a TokenMeter,
    /// What the request was let in with; a probe of parameters has nothing of the kind.
    pub(super) pass: Option<&'a Pass<'a>>,
    /// Where it matters when the answer begins and how far it gets.
    pub(super) progress: Option<&'a Progress>,
}

/// What is sent.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) body: Vec<u8>,
    /// Choices that the body asks for.
    pub(super) n_choices: usize,
}

/// Completions and what came with them.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) brought: Brought,
    pub(super) headers: HeaderMap,
    /// Whether the server has said all that it had to say.
    pub(super) is_whole: bool,
}

impl Answer {
    /// What it tells about its server, for which so many tokens were set aside.
    pub(super) fn report(&self, n_tokens: f64) -> Report {
        let first = self.brought.completions.iter().filter_map(|(_, c)| c.timing.first_token_ms);
        Report::answered((first.min(), self.brought.usage), &self.headers, n_tokens)
    }
}

impl<'a> Watch<'a> {
    /// Counts tokens and nothing else.
    pub(super) fn only(meter: &'a TokenMeter) -> Self {
        Self { meter, pass: None, progress: None }
    }

    /// Notes that something came.
    fn note_piece(&self) {
        if let Some(pass) = self.pass {
            pass.note_piece();
        }
        if let Some(progress) = self.progress {
            progress.note_begin();
        }
    }
}

impl Line {
    /// Prepares to ask `server`; nothing is sent yet.
    pub(super) fn new(
        server: &Replica,
        endpoint: &Endpoint,
        traffic: &TrafficSettings,
    ) -> Result<Self, String> {
        Ok(Self {
            server: server.clone(),
            client: client(endpoint.api_key.as_ref(), traffic.http2)?,
            url: endpoint::join(&server.base_url, endpoint.api.path())?,
            timeout: traffic.timeout,
            idle_timeout: traffic.idle_timeout,
        })
    }

    /// The server.
    pub(super) fn replica(&self) -> Replica {
        self.server.clone()
    }

    /// Asks once. What has a finish reason is complete, whatever becomes of its connection.
    pub(super) async fn ask(
        &self,
        endpoint: &Endpoint,
        post: Post,
        watch: Watch<'_>,
    ) -> Result<Answer, BackendError> {
        let mut headers = HeaderMap::new();
        let mut collected = Collected::new(endpoint, post.n_choices, Instant::now());
        let exchange = self.exchange(endpoint, post.body, watch, (&mut headers, &mut collected));
        let limit_s = self.timeout.as_secs();
        let outcome = tokio::time::timeout(self.timeout, exchange).await;
        let is_whole = match outcome.unwrap_or(Err(BackendError::Timeout { limit_s })) {
            Ok(()) => true,
            Err(
                BackendError::Timeout { .. }
                | BackendError::Silent { .. }
                | BackendError::Broken { .. },
            ) if collected.has_any() => collected.has_finish(),
            Err(error) => return Err(error),
        };
        Ok(Answer { brought: collected.finish()?, headers, is_whole })
    }

    /// Whether the server is there, as far as its list of models tells.
    pub(super) async fn check(&self, endpoint: &Endpoint) -> Result<(), Report> {
        let key = endpoint.api_key.as_ref();
        match client::list(&self.client, &self.server.base_url, key).await {
            Ok(_) => Ok(()),
            // A server without such a list, or one that refuses it, is there.
            Err(error) => match failure::report(&error) {
                missing
                @ (Report::Unreachable { .. } | Report::Missing { .. } | Report::Broken) => {
                    Err(missing)
                }
                _ => Ok(()),
            },
        }
    }

    async fn exchange(
        &self,
        endpoint: &Endpoint,
        body: Vec<u8>,
        watch: Watch<'_>,
        (headers, collected): (&mut HeaderMap, &mut Collected<'_>),
    ) -> Result<(), BackendError> {
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        let response = self.unless_silent(self.idle_timeout, request.body(body).send()).await?;
        if !response.status().is_success() {
            let (key, idle) = (endpoint.api_key.as_ref(), self.idle_timeout.min(ERROR_TIMEOUT));
            return Err(failure::of_response(response, key, idle).await);
        }
        if let Some(pass) = watch.pass {
            pass.note_begin();
        }
        headers.clone_from(response.headers());
        self.read(response, collected, watch).await
    }

    async fn read(
        &self,
        response: Response,
        collected: &mut Collected<'_>,
        watch: Watch<'_>,
    ) -> Result<(), BackendError> {
        let content_type =
            response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or("").to_ascii_lowercase();
        if content_type.starts_with("text/event-stream") {
            self.read_events(response, collected, watch).await
        } else if content_type.contains("json") {
            // Some servers ignore `stream` and answer at once.
            self.read_whole(response, collected, watch).await
        } else {
            Err(protocol(&format!(
                "the content type is `{content_type}`; is this an OpenAI-compatible endpoint?"
            )))
        }
    }

    async fn read_events(
        &self,
        mut response: Response,
        collected: &mut Collected<'_>,
        watch: Watch<'_>,
    ) -> Result<(), BackendError> {
        let mut events = stream::Events::default();
        loop {
            let rest = self.idle_timeout.min(REST_TIMEOUT);
            let idle = if collected.has_finish() { rest } else { self.idle_timeout };
            let Some(bytes) = self.unless_silent(idle, response.chunk()).await? else { break };
            watch.note_piece();
            for event in events.feed(&bytes) {
                collected.event(&event, watch.meter)?;
                if collected.is_done() {
                    read_to_end(response).await;
                    return Ok(());
                }
            }
            if let Some(progress) = watch.progress {
                progress.note_tokens(collected.n_texts());
            }
            if events.n_pending_bytes() + collected.n_bytes() > MAX_COMPLETION_BYTES {
                return Err(protocol("the completion is larger than 256 MiB"));
            }
        }
        // A last event without its blank line is complete all the same, unless the connection broke off
        // inside it in good order; then it matters only where the finish reason has not come.
        match events.finish().map(|event| collected.event(&event, watch.meter)) {
            Some(Err(error)) if !collected.has_finish() => Err(error),
            _ => Ok(()),
        }
    }

    async fn read_whole(
        &self,
        mut response: Response,
        collected: &mut Collected<'_>,
        watch: Watch<'_>,
    ) -> Result<(), BackendError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.unless_silent(self.idle_timeout, response.chunk()).await? {
            bytes.extend_from_slice(&chunk);
            watch.note_piece();
            if bytes.len() > MAX_COMPLETION_BYTES {
                return Err(protocol("the answer is larger than 256 MiB"));
            }
        }
        collected.whole(&String::from_utf8_lossy(&bytes), watch.meter)
    }

    /// Waits for the next thing from the server, which may be silent for so long.
    async fn unless_silent<T>(
        &self,
        idle: Duration,
        next: impl Future<Output = reqwest::Result<T>>,
    ) -> Result<T, BackendError> {
        match tokio::time::timeout(idle, next).await {
            Ok(next) => next.map_err(|err| failure::of_transport(self.url.as_str(), &err)),
            Err(_) => Err(BackendError::Silent { limit_s: idle.as_secs() }),
        }
    }
}

/// Reads past the end of a stream that is done, which mostly is there already.
async fn read_to_end(mut response: Response) {
    let rest = async { while let Ok(Some(_)) = response.chunk().await {} };
    // Whatever comes of it, the answer is complete.
    drop(tokio::time::timeout(END_TIMEOUT, rest).await);
}
