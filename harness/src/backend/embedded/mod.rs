//! The embedded backend: a model run inside this process.
//!
//! The model lives on a thread of its own, takes requests from a channel and decodes many of them
//! together. candle reads GGUF files; the arithmetic of the decoder is written here so
//! that every sum has one order. Nothing of a completion depends on which other requests there are, so
//! the same request always gives the same bytes.

mod arch;
pub mod chat;
mod gguf;
mod kv;
mod likelihood;
mod math;
mod matrix;
mod model;
mod output;
mod random;
mod rope;
mod sampler;
mod simd;
mod tokenizer;
mod weights;
mod worker;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use sha2::{Digest, Sha256};
use tasks::{
    Backend, BackendError, BoxFuture, Capabilities, Completion, Continuation, ContinuationScore,
    Fingerprint, LogLikelihood, PromptStyle, Request, SampleSeed, Sampling, TokenMeter,
    ToolSupport,
};
use tokio::sync::oneshot;

pub use gguf::ModelError;
pub use likelihood::Likelihood;
pub use tokenizer::{TextTokens, folder_chat_template};
pub use weights::Dtype;
use worker::{Asked, Job, Limits, Worker};

/// How the embedded model may use the machine. Only `dtype` can change a completion.
#[derive(Debug, Clone, Copy)]
pub struct EmbeddedSettings {
    /// Threads of the decoder; `None` for all processors.
    pub n_threads: Option<usize>,
    /// Sequences decoded together at most.
    pub batch: usize,
    /// Bytes of keys and values at most.
    pub kv_bytes: u64,
    /// The form of the weights in memory.
    pub dtype: Dtype,
}

/// A model on its own thread.
#[derive(Debug)]
pub struct EmbeddedBackend {
    fingerprint: Fingerprint,
    context_tokens: u32,
    prompt_style: PromptStyle,
    tools: ToolSupport,
    batch: usize,
    jobs: mpsc::Sender<Asked>,
}

impl EmbeddedBackend {
    /// Loads the GGUF file or model folder at `path`; `name` is how tables call the model, and
    /// `weights_sha256` the hash of its files.
    pub fn load(
        (name, weights_sha256): (&str, &str),
        path: &Path,
        settings: EmbeddedSettings,
    ) -> Result<Self, ModelError> {
        let limits = Limits { n_sequences: settings.batch, kv_bytes: settings.kv_bytes };
        let worker = Worker::load(path, settings.dtype, limits)?;
        let threads =
            rayon::ThreadPoolBuilder::new().num_threads(settings.n_threads.unwrap_or(0)).build();
        let threads = threads.map_err(|err| ModelError::Thread(err.to_string()))?;
        let prompt_style = match worker.template_source() {
            Some(_) => PromptStyle::Chat,
            None => PromptStyle::Base,
        };
        let template = worker.template_source().unwrap_or("");
        let details = [
            ("engine".to_owned(), "16-bit codes of activations, version 3".to_owned()),
            ("dtype".to_owned(), settings.dtype.name().to_owned()),
            ("chat_template_sha256".to_owned(), tasks::hex(&Sha256::digest(template))),
        ];
        let fingerprint = Fingerprint {
            backend: "candle".to_owned(),
            model: name.to_owned(),
            weights_sha256: Some(weights_sha256.to_owned()),
            details: BTreeMap::from(details),
        };
        let context_tokens = worker.context_tokens();
        let tools =
            if worker.describes_tools() { ToolSupport::Template } else { ToolSupport::None };
        let (jobs, incoming) = mpsc::channel();
        std::thread::Builder::new()
            .name("model".to_owned())
            .spawn(move || threads.install(move || worker.serve(&incoming)))
            .map_err(|err| ModelError::Thread(err.to_string()))?;
        Ok(Self { fingerprint, context_tokens, prompt_style, tools, batch: settings.batch, jobs })
    }
}

impl Backend for EmbeddedBackend {
    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            context_tokens: Some(self.context_tokens),
            prompt_style: self.prompt_style,
            tools: self.tools,
            concurrency: self.batch,
            samples_per_request: 1,
            deterministic: true,
        }
    }

    fn complete<'a>(
        &'a self,
        request: &'a Request,
        meter: &'a Arc<TokenMeter>,
    ) -> BoxFuture<'a, Result<Completion, BackendError>> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            let job = Job { request: request.clone(), meter: Arc::clone(meter), reply };
            self.jobs.send(Asked::Completion(job)).map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        })
    }

    fn log_likelihood(&self) -> Option<&dyn LogLikelihood> {
        Some(self)
    }
}

impl LogLikelihood for EmbeddedBackend {
    fn log_likelihood<'a>(
        &'a self,
        continuation: &'a Continuation,
    ) -> BoxFuture<'a, Result<ContinuationScore, BackendError>> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            self.jobs.send(Asked::Score(continuation.clone(), reply)).map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        })
    }
}

fn gone() -> BackendError {
    BackendError::Engine { reason: "the model thread has ended".to_owned() }
}

/// The architectures that can be run, as GGUF files name them.
pub fn architectures() -> Vec<&'static str> {
    arch::names()
}

/// The token that the sampler chooses after `prompt` and `completion`, for benchmarks.
pub fn choose_token(
    logits: &[f32],
    sampling: &Sampling,
    seed: SampleSeed,
    (prompt, completion): (&[u32], &[u32]),
) -> u32 {
    sampler::choose(logits, sampling, seed.0, sampler::History { prompt, completion })
}
