//! Any OpenAI-compatible endpoint: `/chat/completions` and `/completions`, with streaming.
//!
//! Protocol: the `OpenAI` API reference for both paths, and server-sent events as the WHATWG HTML
//! standard defines them. Reasoning is taken from `reasoning_content` (DeepSeek, vLLM, SGLang) or
//! `reasoning` (OpenRouter, Ollama).
//!
//! [`traffic`] decides when a request goes and to which server; [`dialect`] decides how it is written;
//! [`lobby`] is where samples meet that share one, and [`hedge`] decides what is sent a second time.

mod answer;
mod asking;
mod body;
mod calls;
mod choice;
mod client;
pub(crate) mod dialect;
mod endpoint;
mod exchange;
mod failure;
mod hedge;
mod lobby;
mod stream;
mod together;
pub(crate) mod traffic;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tasks::{
    Backend, BackendError, BoxFuture, Capabilities, Company, Completion, Fingerprint, PromptStyle,
    Remark, Request, Sampling, Terms, TokenMeter, ToolSupport,
};

pub(crate) use client::{OfferedModel, offered};
pub use dialect::{Dialect, Parameter, Profile, Sharing};
pub use endpoint::{Api, ApiKey, Endpoint, Replica};
pub(crate) use endpoint::{join, without_credentials};
use exchange::{Line, Watch};
pub use hedge::HedgeAfter;
use hedge::Hedging;
use lobby::Lobby;
use traffic::Gate;
pub use traffic::{Concurrency, TrafficSettings};

/// A model behind one or more servers.
#[derive(Debug)]
pub struct RemoteBackend {
    endpoint: Endpoint,
    dialect: Dialect,
    fingerprint: Fingerprint,
    lines: Vec<Line>,
    gate: Gate,
    lobby: Lobby,
    hedging: Option<Hedging>,
    /// What nobody has been told yet.
    remarks: Mutex<Vec<Remark>>,
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
            lobby: Lobby::new(dialect.sharing.most() as usize),
            hedging: traffic.hedge.map(Hedging::new),
            remarks: Mutex::default(),
            most: traffic.concurrency.most,
            lines,
            endpoint,
            dialect,
        })
    }

    /// Finds out with tiny requests what the server does not take, and leaves that out from now on.
    pub async fn probe(&mut self) -> Result<Vec<String>, BackendError> {
        let servers: Vec<Replica> = self.lines.iter().map(Line::replica).collect();
        let mut changes = Vec::new();
        let meter = TokenMeter::default();
        // Each refusal changes one thing, so this many rounds suffice.
        for _ in 0..=Parameter::ALL.len() + 2 {
            let post = self.post(&dialect::probe_request(), 1);
            match self.lines[0].ask(&self.endpoint, post, Watch::only(&meter)).await {
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

    /// Keeps something to tell until somebody asks for it.
    fn remark(&self, remark: Remark) {
        self.remarks.lock().unwrap_or_else(PoisonError::into_inner).push(remark);
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
            samples_per_request: self.lobby.most(),
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
            let terms = Terms { may_send: &|| true, company: Company::Alone };
            let answer = self.ask(request, meter, terms).await?;
            Ok(answer.expect("a request that may be sent has an answer or an error"))
        })
    }

    fn complete_if<'a>(
        &'a self,
        request: &'a Request,
        meter: &'a Arc<TokenMeter>,
        terms: Terms<'a>,
    ) -> BoxFuture<'a, Result<Option<Completion>, BackendError>> {
        Box::pin(self.ask(request, meter, terms))
    }

    fn remarks(&self) -> Vec<Remark> {
        std::mem::take(&mut *self.remarks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn protocol(reason: &str) -> BackendError {
    BackendError::Protocol { reason: reason.to_owned() }
}
