//! The embedded backend: a GGUF model run by candle inside this process.
//!
//! The model lives on a thread of its own, takes requests from a channel and decodes many of them
//! together. candle reads the file and its tensors; the arithmetic of the decoder is written here so
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
mod tokenizer;
mod weights;
mod worker;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use sha2::{Digest, Sha256};
use tasks::{
    Backend, BackendError, BoxFuture, Capabilities, Completion, Fingerprint, Request, TokenMeter,
};
use tokio::sync::oneshot;

pub use gguf::ModelError;
pub use likelihood::Likelihood;
pub use weights::Dtype;
pub use tokenizer::{TextTokens, folder_chat_template};
use worker::{Job, Limits, Worker};

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
    batch: usize,
    jobs: mpsc::Sender<Job>,
}

impl EmbeddedBackend {
    /// Loads the GGUF file at `path`; `name` is how tables call the model, and `weights_sha256` the
    /// file's hash.
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
        let template = worker.template_source().unwrap_or("");
        let details = [
            ("engine".to_owned(), "llama, 32-bit activations, version 1".to_owned()),
            ("chat_template_sha256".to_owned(), tasks::hex(&Sha256::digest(template))),
        ];
        let fingerprint = Fingerprint {
            backend: "candle".to_owned(),
            model: name.to_owned(),
            weights_sha256: Some(weights_sha256.to_owned()),
            details: BTreeMap::from(details),
        };
        let context_tokens = worker.context_tokens();
        let (jobs, incoming) = mpsc::channel();
        std::thread::Builder::new()
            .name("model".to_owned())
            .spawn(move || threads.install(move || worker.serve(&incoming)))
            .map_err(|err| ModelError::Thread(err.to_string()))?;
        Ok(Self { fingerprint, context_tokens, batch: settings.batch, jobs })
    }
}

impl Backend for EmbeddedBackend {
    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            context_tokens: Some(self.context_tokens),
            concurrency: self.batch,
            deterministic: true,
        }
    }

    fn complete<'a>(
        &'a self,
        request: &'a Request,
        meter: &'a Arc<TokenMeter>,
    ) -> BoxFuture<'a, Result<Completion, BackendError>> {
        Box::pin(async move {
            let gone = || BackendError::Engine { reason: "the model thread has ended".to_owned() };
            let (reply, answer) = oneshot::channel();
            let job = Job { request: request.clone(), meter: Arc::clone(meter), reply };
            self.jobs.send(job).map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        })
    }
}
