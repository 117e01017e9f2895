//! A backend whose requests are told of.

use std::sync::Arc;
use std::time::SystemTime;

use tasks::{
    Backend, BackendError, BoxFuture, Capabilities, Company, Completion, Fingerprint,
    LogLikelihood, Remark, Request, Sampling, Terms, TokenMeter,
};

use super::otlp::{self, Attempt};
use super::sink::SpanSender;

/// Passes everything on and tells of every attempt at a completion.
pub(super) struct ObservedBackend {
    inner: Arc<dyn Backend>,
    spans: Option<SpanSender>,
}

impl ObservedBackend {
    pub(super) fn new(inner: Arc<dyn Backend>, spans: Option<SpanSender>) -> Self {
        Self { inner, spans }
    }

    async fn ask(
        &self,
        request: &Request,
        meter: &Arc<TokenMeter>,
        terms: Terms<'_>,
    ) -> Result<Option<Completion>, BackendError> {
        let started = SystemTime::now();
        let answer = self.inner.complete_if(request, meter, terms).await.transpose();
        // What was not sent is not told of.
        let Some(answer) = answer else { return Ok(None) };
        // A server's words may quote the question, which some authors want kept out of plain text.
        let told = answer.as_ref().map_err(|error| error.clone().without_texts());
        let seed = request.seed.0;
        match &told {
            Ok(completion) => tracing::info!(
                seed,
                latency_ms = completion.timing.latency_ms,
                first_token_ms = completion.timing.first_token_ms,
                prompt_tokens = completion.usage.map(|usage| usage.prompt_tokens),
                completion_tokens = completion.usage.map(|usage| usage.completion_tokens),
                finish = completion.finish.name(),
                "answered"
            ),
            Err(error) => tracing::warn!(seed, cause = error.cause(), %error, "failed"),
        }
        if let Some(spans) = &self.spans {
            let fingerprint = self.inner.fingerprint();
            let attempt =
                Attempt { fingerprint, request, answer: &told, started, ended: SystemTime::now() };
            spans.send(otlp::span(&attempt));
        }
        answer.map(Some)
    }
}

impl Backend for ObservedBackend {
    fn fingerprint(&self) -> &Fingerprint {
        self.inner.fingerprint()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn not_sent(&self, sampling: &Sampling) -> Vec<&'static str> {
        self.inner.not_sent(sampling)
    }

    fn log_likelihood(&self) -> Option<&dyn LogLikelihood> {
        self.inner.log_likelihood()
    }

    fn remarks(&self) -> Vec<Remark> {
        self.inner.remarks()
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
}
