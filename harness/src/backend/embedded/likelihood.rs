//! Log-probabilities of given texts: what tests compare with other programs, and the base of
//! multiple-choice and perplexity tasks.

use std::path::Path;

use rayon::prelude::*;

use super::arch;
use super::gguf::ModelError;
use super::kv::Sequence;
use super::model::{Model, Piece, Wanted};
use super::tokenizer::Tokenizer;
use super::weights::{Checkpoint, Dtype};

/// Tokens that go through the model at once.
const CHUNK: usize = 128;

/// A model that is asked about given tokens instead of generating its own.
pub struct Likelihood {
    model: Model,
    tokenizer: Tokenizer,
}

impl Likelihood {
    /// Loads a GGUF file, or a folder with `config.json` and safetensors files.
    pub fn load(path: &Path, dtype: Dtype) -> Result<Self, ModelError> {
        let mut checkpoint = Checkpoint::open(path, dtype)?;
        let tokenizer = Tokenizer::of(&checkpoint, path)?;
        Ok(Self { model: arch::build(&mut checkpoint)?, tokenizer })
    }

    /// Token ids of `text`, special tokens in it recognised if `parse_special`.
    pub fn tokenize(&self, text: &str, parse_special: bool) -> Result<Vec<u32>, ModelError> {
        if parse_special { self.tokenizer.encode(text) } else { self.tokenizer.encode_plain(text) }
    }

    /// The logits after each of `tokens`, one vector over the vocabulary for each position.
    pub fn logits(&self, tokens: &[u32]) -> Vec<Vec<f32>> {
        let reach = self.model.reach(tokens.len());
        let mut sequence = Sequence { prompt: None, own: self.model.empty_memory(), reach };
        let mut logits = Vec::with_capacity(tokens.len());
        for tokens in tokens.chunks(CHUNK) {
            let piece = Piece { sequence: &mut sequence, tokens, logits: Wanted::All };
            logits.extend(self.model.forward(&mut [piece]));
        }
        logits
    }

    /// Natural log-probabilities of the tokens from the second on, each given those before it.
    pub fn log_probabilities(&self, tokens: &[u32]) -> Vec<f64> {
        let logits = self.logits(tokens);
        let next = tokens.par_iter().skip(1);
        logits.par_iter().zip(next).map(|(logits, token)| log_probability(logits, *token)).collect()
    }
}

/// ln softmax(logits)\[token\].
fn log_probability(logits: &[f32], token: u32) -> f64 {
    let greatest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let total: f64 = logits.iter().map(|logit| (f64::from(*logit) - greatest).exp()).sum();
    f64::from(logits[token as usize]) - greatest - total.ln()
}
