//! A backend that answers from a closure, for tests of everything around it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tasks::{
    Backend, BackendError, BoxFuture, Capabilities, Completion, Fingerprint, Finish, PromptStyle,
    Request, Timing, TokenMeter, ToolSupport, Usage,
};

type Script = dyn Fn(&Request) -> Result<Completion, BackendError> + Send + Sync;

/// Answers each request with what its script says.
pub(crate) struct ScriptedBackend {
    fingerprint: Fingerprint,
    script: Box<Script>,
}

impl ScriptedBackend {
    pub(crate) fn new(
        script: impl Fn(&Request) -> Result<Completion, BackendError> + Send + Sync + 'static,
    ) -> Self {
        let fingerprint = Fingerprint {
            backend: "scripted".to_owned(),
            model: "script".to_owned(),
            weights_sha256: None,
            details: BTreeMap::new(),
        };
        Self { fingerprint, script: Box::new(script) }
    }
}

/// A completion with this text that ended by itself.
pub(crate) fn completion(text: &str) -> Completion {
    Completion {
        text: text.to_owned(),
        reasoning: None,
        tool_calls: Vec::new(),
        reasoning_opened_by_template: false,
        finish: Finish::Stop,
        usage: Some(Usage { prompt_tokens: 2, completion_tokens: 3, ..Usage::default() }),
        timing: Timing::default(),
        shared: None,
    }
}

impl Backend for ScriptedBackend {
    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            context_tokens: None,
            prompt_style: PromptStyle::Chat,
            tools: ToolSupport::Native,
            concurrency: 4,
            samples_per_request: 1,
            deterministic: false,
        }
    }

    fn complete<'a>(
        &'a self,
        request: &'a Request,
        meter: &'a Arc<TokenMeter>,
    ) -> BoxFuture<'a, Result<Completion, BackendError>> {
        meter.add(3);
        let answer = (self.script)(request);
        Box::pin(std::future::ready(answer))
    }
}
