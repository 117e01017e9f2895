//! Any OpenAI-compatible endpoint: `/chat/completions` and `/completions`, with streaming.
//!
//! Protocol: the `OpenAI` API reference for both paths, and server-sent events as the WHATWG HTML
//! standard defines them. Reasoning is taken from `reasoning_content` (DeepSeek, vLLM, SGLang) or
//! `reasoning` (OpenRouter, Ollama).

mod answer;
mod body;
mod failure;
mod stream;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Response};
use tasks::{
    Backend, BackendError, BoxFuture, Capabilities, Completion, Fingerprint, PromptStyle, Request,
    Timing, TokenMeter,
};

use answer::Collected;

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Requests in flight unless the user says otherwise.
const DEFAULT_CONCURRENCY: usize = 16;

/// The largest completion that is accepted, in bytes.
const MAX_COMPLETION_BYTES: usize = 256 << 20;

/// The largest list of models that is read, in bytes.
const MAX_LIST_BYTES: usize = 4 << 20;

/// Which path of the API is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Api {
    /// `/chat/completions`; the server applies the chat template.
    Chat,
    /// `/completions`, for base models: the messages' texts are the prompt.
    Completions,
}

/// A secret that never shows up in output.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// Takes a key in.
    pub fn new(key: String) -> Self {
        Self(key)
    }
}

/// `text` without the key, should a server have echoed it.
fn redact(text: &str, key: Option<&ApiKey>) -> String {
    key.map_or_else(|| text.to_owned(), |ApiKey(key)| text.replace(key, "***"))
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

/// Where and what to ask.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The address up to and including `/v1`.
    pub base_url: String,
    /// The model's name at the server.
    pub model: String,
    /// Which path.
    pub api: Api,
    /// The key, if the server wants one.
    pub api_key: Option<ApiKey>,
}

/// A remote endpoint.
#[derive(Debug)]
pub struct RemoteBackend {
    endpoint: Endpoint,
    client: Client,
    url: String,
    fingerprint: Fingerprint,
}

impl RemoteBackend {
    /// Prepares to ask `endpoint`; nothing is sent yet.
    pub fn new(endpoint: Endpoint) -> Result<Self, String> {
        let base = endpoint.base_url.trim_end_matches('/').to_owned();
        let (path, api) = match endpoint.api {
            Api::Chat => ("chat/completions", "chat"),
            Api::Completions => ("completions", "completions"),
        };
        let client = client(endpoint.api_key.as_ref())?;
        let details = [
            ("base_url".to_owned(), without_credentials(&base)),
            ("api".to_owned(), api.to_owned()),
        ];
        let fingerprint = Fingerprint {
            backend: "openai".to_owned(),
            model: endpoint.model.clone(),
            weights_sha256: None,
            details: BTreeMap::from(details),
        };
        Ok(Self { client, url: format!("{base}/{path}"), fingerprint, endpoint })
    }

    async fn ask(&self, request: &Request, meter: &TokenMeter) -> Result<Completion, BackendError> {
        let started = Instant::now();
        let body = body::of(&self.endpoint, request);
        let response = self.client.post(&self.url).json(&body).send().await;
        let response = response.map_err(|err| failure::of_transport(&self.url, &err))?;
        if !response.status().is_success() {
            return Err(failure::of_response(response, self.endpoint.api_key.as_ref()).await);
        }
        let mut collected = Collected::new(&self.endpoint, started);
        self.read(response, &mut collected, meter).await?;
        let latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let timing =
            Timing { latency_ms, first_token_ms: collected.first_token_ms(), n_attempts: 1 };
        collected.finish(timing)
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
        let broken = |err: reqwest::Error| failure::of_transport(&self.url, &err);
        if content_type.starts_with("text/event-stream") {
            let mut events = stream::Events::default();
            while let Some(bytes) = response.chunk().await.map_err(broken)? {
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
            while let Some(chunk) = response.chunk().await.map_err(broken)? {
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
}

impl Backend for RemoteBackend {
    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            context_tokens: None,
            prompt_style: match self.endpoint.api {
                Api::Chat => PromptStyle::Chat,
                Api::Completions => PromptStyle::Base,
            },
            concurrency: DEFAULT_CONCURRENCY,
            deterministic: false,
        }
    }

    fn complete<'a>(
        &'a self,
        request: &'a Request,
        meter: &'a Arc<TokenMeter>,
    ) -> BoxFuture<'a, Result<Completion, BackendError>> {
        Box::pin(self.ask(request, meter))
    }
}

/// The names of the models that the server at `base_url` offers.
pub async fn models(base_url: &str, api_key: Option<&ApiKey>) -> Result<Vec<String>, BackendError> {
    let url = format!("{}/models", base_url.trim_end_matches('/'));
    let client = client(api_key).map_err(|reason| BackendError::Protocol { reason })?;
    let response = client.get(&url).timeout(CONNECT_TIMEOUT * 3).send().await;
    let response = response.map_err(|err| failure::of_transport(&url, &err))?;
    if !response.status().is_success() {
        return Err(failure::of_response(response, api_key).await);
    }
    let bytes = failure::start_of_body(response, MAX_LIST_BYTES).await;
    let list: serde_json::Value = serde_json::from_slice(&bytes)
        .map_err(|err| protocol(&format!("{}: {err}", without_credentials(&url))))?;
    let names = list["data"].as_array().into_iter().flatten();
    Ok(names.filter_map(|model| model["id"].as_str().map(str::to_owned)).collect())
}

fn client(api_key: Option<&ApiKey>) -> Result<Client, String> {
    let mut headers = HeaderMap::new();
    if let Some(ApiKey(key)) = api_key {
        let value = HeaderValue::from_str(&format!("Bearer {key}"));
        let mut value = value
            .map_err(|_| "the API key holds characters that no header can carry".to_owned())?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Client::builder()
        .default_headers(headers)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .user_agent(concat!("evalrun/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|err| err.to_string())
}

/// The address without a user name and password, which must not reach the run file.
pub(crate) fn without_credentials(base_url: &str) -> String {
    match reqwest::Url::parse(base_url) {
        Ok(mut url) if url.password().is_some() || !url.username().is_empty() => {
            // Both calls fail only for addresses that cannot have credentials.
            let _ = url.set_password(None);
            let _ = url.set_username("");
            url.to_string().trim_end_matches('/').to_owned()
        }
        _ => base_url.to_owned(),
    }
}

fn protocol(reason: &str) -> BackendError {
    BackendError::Protocol { reason: reason.to_owned() }
}
