//! Log-probabilities of given texts: what tests compare with other programs, and the base of
//! multiple-choice and perplexity tasks.

use std::path::Path;

use rayon::prelude::*;
use tasks::{BackendError, Continuation, ContinuationScore};

use super::arch;
use super::gguf::ModelError;
use super::kv::Sequence;
use super::model::{Model, Piece, Wanted};
use super::tokenizer::Tokenizer;
use super::weights::{Checkpoint, Dtype};

/// Tokens that go through the model at once.
const CHUNK: usize = 128;

/// A model that is asked about given tokens instead of generating its own, without threads or batches
/// of its own.
pub struct Likelihood {
    model: Model,
    tokenizer: Tokenizer,
}

impl Likelihood {
    /// Loads a GGUF file, or a folder with `config.json` and safetensors files.
    pub fn load(path: &Path, dtype: Dtype) -> Result<Self, ModelError> {
        let mut checkpoint = Checkpoint::open(path, dtype)?;
        let build = arch::of(&checkpoint)?;
        let tokenizer = Tokenizer::of(&checkpoint, path)?;
        Ok(Self { model: build(&mut checkpoint)?, tokenizer })
    }

    /// Token ids of `text`, special tokens in it recognised if `parse_special`.
    pub fn tokenize(&self, text: &str, parse_special: bool) -> Result<Vec<u32>, ModelError> {
        if parse_special { self.tokenizer.encode(text) } else { self.tokenizer.encode_plain(text) }
    }

    /// The logits after each of `tokens`, one vector over the vocabulary for each position.
    pub fn logits(&self, tokens: &[u32]) -> Vec<Vec<f32>> {
        logits(&self.model, tokens)
    }

    /// Natural log-probabilities of the tokens from the second on, each given those before it.
    pub fn log_probabilities(&self, tokens: &[u32]) -> Vec<f64> {
        let logits = self.logits(tokens);
        let next = tokens.par_iter().skip(1);
        logits.par_iter().zip(next).map(|(logits, token)| log_probability(logits, *token)).collect()
    }
}

fn logits(model: &Model, tokens: &[u32]) -> Vec<Vec<f32>> {
    let (own, reach) = (model.empty_memory(), model.reach(tokens.len()));
    let mut sequence = Sequence { prompt: None, own, reach };
    let mut logits = Vec::with_capacity(tokens.len());
    for tokens in tokens.chunks(CHUNK) {
        let piece = Piece { sequence: &mut sequence, tokens, logits: Wanted::All };
        logits.extend(model.forward(&mut [piece]));
    }
    logits
}

/// How probable a continuation is. Context and text are tokenised together, and what the context
/// alone has not is the text's, as in lm-evaluation-harness (`TemplateLM._encode_pair`).
pub(super) fn score(
    (model, tokenizer): (&Model, &Tokenizer),
    continuation: &Continuation,
) -> Result<ContinuationScore, BackendError> {
    let engine = |err: ModelError| BackendError::Engine { reason: err.to_string() };
    let context = continuation.context.trim_end();
    let whole = format!("{}{}", continuation.context, continuation.text);
    let tokens = tokenizer.encode_prompt(&whole).map_err(engine)?;
    let n_context = tokenizer.encode_prompt(context).map_err(engine)?.len().min(tokens.len());
    if n_context == 0 {
        let reason = "the first token of a text has no probability in this model, which knows no begin-of-text token: give a context".to_owned();
        return Err(BackendError::Engine { reason });
    }
    if tokens.len() > model.context_tokens() {
        return Err(BackendError::ContextOverflow {
            prompt_tokens: tokens.len() as u64,
            context_tokens: model.context_tokens() as u64,
        });
    }
    let logits = logits(model, &tokens[..tokens.len() - 1]);
    let steps = logits.iter().zip(&tokens[1..]).skip(n_context - 1);
    let is_best = |logits: &[f32], token: u32| {
        let own = logits[token as usize];
        logits
            .iter()
            .enumerate()
            .all(|(id, logit)| *logit < own || id >= token as usize && *logit <= own)
    };
    Ok(ContinuationScore {
        log_probability: steps.clone().map(|(logits, token)| log_probability(logits, *token)).sum(),
        n_tokens: (tokens.len() - n_context) as u64,
        is_greedy: steps.clone().all(|(logits, token)| is_best(logits, *token)),
    })
}

/// ln softmax(logits)\[token\].
fn log_probability(logits: &[f32], token: u32) -> f64 {
    let greatest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let total: f64 = logits.iter().map(|logit| (f64::from(*logit) - greatest).exp()).sum();
    f64::from(logits[token as usize]) - greatest - total.ln()
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::gguf_file::{self, Value};

    use super::*;
    use crate::backend::embedded::worker::{Limits, Worker};

    #[test]
    fn a_file_is_refused_for_its_architecture_before_its_tokenizer() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.gguf");
        let text = |text: &str| Value::String(text.to_owned());
        let metadata = [
            ("general.architecture", text("rwkv7")),
            ("tokenizer.ggml.model", text("unheard-of")),
            ("tokenizer.ggml.tokens", Value::Array(vec![text("a")])),
        ];
        let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(k, value)| (*k, value)).collect();
        let mut file = std::fs::File::create(&path).expect("a file");
        gguf_file::write(&mut file, &metadata, &[]).expect("a file");
        let limits = Limits { n_sequences: 1, kv_bytes: 0 };
        let errors = [
            Likelihood::load(&path, Dtype::Stored).err(),
            Worker::load(&path, Dtype::Stored, limits).err(),
        ];
        for error in errors {
            let error = error.expect("no such architecture").to_string();
            assert!(error.starts_with("the architecture `rwkv7`"), "{error}");
            assert!(error.contains("rwkv6"), "{error}");
        }
    }
}
