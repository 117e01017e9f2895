//! Any OpenAI-compatible endpoint: `/chat/completions` and `/completions`, with streaming.
//!
//! Protocol: the `OpenAI` API reference for both paths, and server-sent events as the WHATWG HTML
//! standard defines them. Reasoning is taken from `reasoning_content` (DeepSeek, vLLM, SGLang) or
//! `reasoning` (OpenRouter, Ollama).
//!
//! [`traffic`] decides when a request goes and to which server; [`dialect`] decides how it is written.

mod answer;
mod body;
mod calls;
mod client;
pub(crate) mod dialect;
mod endpoint;
mod exchange;
mod failure;
mod stream;
pub(crate) mod traffic;

use std::collections::BTreeMap;
use std::sync::Arc;

use tasks::{
    Backend, BackendError, BoxFuture, Capabilities, Completion, Fingerprint, MaySend, PromptStyle,
    Request, Sampling, TokenMeter, ToolSupport,
};

pub(crate) use client::{OfferedModel, offered};
pub use dialect::{Dialect, Parameter, Profile};
pub use endpoint::{Api, ApiKey, Endpoint, Replica};
pub(crate) use endpoint::{join, without_credentials};
use exchange::{Line, Watch};
pub use traffic::{Concurrency, TrafficSettings};
use traffic::{Gate, Pass, Report};

/// Characters of a token, roughly: what a prompt is taken to need before the server has counted.
const CHARS_PER_TOKEN: f64 = 4.0;

/// A model behind one or more servers.
#[derive(Debug)]
pub struct RemoteBackend {
    endpoint: Endpoint,
    dialect: Dialect,
    fingerprint: Fingerprint,
    lines: Vec<Line>,
    gate: Gate,
    most: usize,
}

impl RemoteBackend {
    /// Prepares to ask `endpoint` alone, in the general dialect; nothing is sent yet.
    pub fn new(endpoint: Endpoint) -> Result<Self, String> {
        Self::with(endpoint, &[], Dialect::default(), &TrafficSettings::default())
    }

    /// Prepares to ask `endpoint` in `dialect`, or in its place the `replicas` where there are any;
    /// nothing is sent yet.
    pub fn with(
        endpoint: Endpoint,
        replicas: &[Replica],
        dialect: Dialect,
        traffic: &TrafficSettings,
    ) -> Result<Self, String> {
        let alone = [Replica { base_url: endpoint.base_url.clone(), weight: 1 }];
        let servers = if replicas.is_empty() { &alone[..] } else { replicas };
        let lines = servers
            .iter()
            .map(|server| Line::new(server, &endpoint, traffic))
            .collect::<Result<Vec<Line>, String>>()?;
        let names: Vec<(String, u32)> =
            servers.iter().map(|s| (without_credentials(&s.base_url), s.weight)).collect();
        Ok(Self {
            fingerprint: fingerprint(&endpoint, &dialect, servers),
            gate: Gate::new(traffic, &names),
            most: traffic.concurrency.most,
            lines,
            endpoint,
            dialect,
        })
    }

    /// Asks once, unless `may_send` says no when the request's turn has come.
    async fn ask(
        &self,
        request: &Request,
        meter: &TokenMeter,
        may_send: MaySend<'_>,
    ) -> Result<Option<Completion>, BackendError> {
        let body = body::of(&self.endpoint, &self.dialect, request);
        let body = serde_json::to_vec(&body).expect("a body is plain data");
        let n_prompt_tokens = body.len() as f64 / CHARS_PER_TOKEN;
        let pass = self.enter(n_prompt_tokens).await?;
        if !may_send() {
            return Ok(None);
        }
        let watch = Watch { meter, pass: Some(&pass) };
        let answer = self.lines[pass.server()].ask(&self.endpoint, body, watch).await;
        match answer {
            Ok(answer) => {
                let n_tokens = pass.n_tokens();
                let report = Report::answered(&answer.completion, &answer.headers, n_tokens);
                pass.settle(&report);
                Ok(Some(answer.completion))
            }
            Err(error) => {
                pass.settle(&failure::report(&error));
                Err(self.explain(error))
            }
        }
    }

    /// Waits for a place. A server that was down is asked for its models first, which costs nothing.
    async fn enter(&self, n_prompt_tokens: f64) -> Result<Pass<'_>, BackendError> {
        loop {
            let pass = self.gate.enter(n_prompt_tokens).await?;
            if !pass.is_probe() {
                return Ok(pass);
            }
            match self.lines[pass.server()].check(&self.endpoint).await {
                Ok(()) => return Ok(pass),
                Err(report) => pass.settle(&report),
            }
        }
    }

    /// Adds what the pool knows: when it makes sense to try again, and what might have been refused.
    fn explain(&self, error: BackendError) -> BackendError {
        let is_held = matches!(failure::report(&error), Report::Throttled { .. });
        match error {
            // The gate keeps requests back for as long as the server asks; another server may be free.
            BackendError::Unavailable { status, message, retry_after_ms: Some(_) } if is_held => {
                let retry_after_ms = Some(self.gate.wait_ms());
                BackendError::Unavailable { status, message, retry_after_ms }
            }
            BackendError::Refused { status: status @ (400 | 422), message } => {
                let advice = self.dialect.adapted(&message).map_or_else(String::new, |change| {
                    format!(
                        " (it seems to be about {change}; --probe finds out, --drop leaves it out)"
                    )
                });
                BackendError::Refused { status, message: message + &advice }
            }
            BackendError::Refused { status: 404, message } => {
                let message = message + endpoint::address_hint(&self.endpoint.base_url);
                BackendError::Refused { status: 404, message }
            }
            other => other,
        }
    }

    /// Finds out with tiny requests what the server does not take, and leaves that out from now on.
    pub async fn probe(&mut self) -> Result<Vec<String>, BackendError> {
        let servers: Vec<Replica> = self.lines.iter().map(Line::replica).collect();
        let mut changes = Vec::new();
        let meter = TokenMeter::default();
        // Each refusal changes one thing, so this many rounds suffice.
        for _ in 0..=Parameter::ALL.len() + 2 {
            let body = body::of(&self.endpoint, &self.dialect, &dialect::probe_request());
            let body = serde_json::to_vec(&body).expect("a body is plain data");
            let watch = Watch { meter: &meter, pass: None };
            match self.lines[0].ask(&self.endpoint, body, watch).await {
                Ok(_) => break,
                Err(BackendError::Refused { status: status @ (400 | 422), message }) => {
                    let Some(change) = self.dialect.adapted(&message) else {
                        return Err(BackendError::Refused { status, message });
                    };
                    changes.push(change.to_string());
                    self.dialect.adapt(change);
                }
                Err(error) => return Err(error),
            }
        }
        self.fingerprint = fingerprint(&self.endpoint, &self.dialect, &servers);
        Ok(changes)
    }
}

fn fingerprint(endpoint: &Endpoint, dialect: &Dialect, servers: &[Replica]) -> Fingerprint {
    let mut urls: Vec<String> = servers
        .iter()
        .map(|server| without_credentials(server.base_url.trim_end_matches('/')))
        .collect();
    urls.sort();
    let mut details = BTreeMap::from([
        ("base_url".to_owned(), urls.join(" ")),
        ("api".to_owned(), endpoint.api.name().to_owned()),
    ]);
    details.extend(dialect.details());
    Fingerprint {
        backend: "openai".to_owned(),
        model: endpoint.model.clone(),
        weights_sha256: None,
        details,
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
            tools: match self.endpoint.api {
                Api::Chat => ToolSupport::Native,
                Api::Completions => ToolSupport::None,
            },
            concurrency: self.most * self.lines.len(),
            deterministic: false,
        }
    }

    fn not_sent(&self, sampling: &Sampling) -> Vec<&'static str> {
        self.dialect.not_sent(sampling)
    }

    fn complete<'a>(
        &'a self,
        request: &'a Request,
        meter: &'a Arc<TokenMeter>,
    ) -> BoxFuture<'a, Result<Completion, BackendError>> {
        Box::pin(async move {
            let answer = self.ask(request, meter, &|| true).await?;
            Ok(answer.expect("a request that may be sent has an answer or an error"))
        })
    }

    fn complete_if<'a>(
        &'a self,
        request: &'a Request,
        meter: &'a Arc<TokenMeter>,
        may_send: MaySend<'a>,
    ) -> BoxFuture<'a, Result<Option<Completion>, BackendError>> {
        Box::pin(self.ask(request, meter, may_send))
    }
}

fn protocol(reason: &str) -> BackendError {
    BackendError::Protocol { reason: reason.to_owned() }
}
