//! RWKV in the layout of transformers (`RwkvForCausalLM`) and of the models' own
//! `modeling_rwkv5.py` and `modeling_rwkv6.py`, and as llama.cpp's converter writes version 6. There
//! are no GGUF files of the earlier versions.

mod heads;
#[cfg(test)]
mod tests;
mod v4;
mod v5;
mod v6;

pub(super) use v4::build as build_4;
pub(super) use v5::build as build_5;
pub(super) use v6::build as build_6;

use super::parts::{self, HIDDEN, N_LAYERS};
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::matrix::Matrix;
use crate::backend::embedded::model::{
    ChannelMix, LayerNorm, Model, Projected, Rwkv, RwkvBlock, TimeMix,
};
use crate::backend::embedded::weights::{Checkpoint, Key, Name};

const N_CHANNELS: Key = Key::hf("attention_hidden_size");
const CONTEXT: Key = Key::both("context_length", "context_length");
const NORM_EPS: Key = Key::both("layer_norm_epsilon", "attention.layer_norm_epsilon");
/// After how many layers a 16-bit program halves the residual stream. Folders hold the weights of a
/// 32-bit program, GGUF files those of a 16-bit one.
const HALVED_EVERY: Key = Key::gguf("rescale_every_n_layers");

/// The context of models whose settings name none: none limits it, and llama.cpp's converter writes
/// this number (`conversion/rwkv.py`).
const UNLIMITED_CONTEXT: usize = 1_048_576;

const EMBEDDINGS: Name = Name::new("embeddings", "token_embd");
const EMBEDDING_NORM: Name = Name::new("pre_ln", "token_embd_norm");
const TIME_NORM: Name = Name::new("ln1", "attn_norm");
const CHANNEL_NORM: Name = Name::new("ln2", "attn_norm_2");
const NORM: Name = Name::new("ln_out", "output_norm");
const OUTPUT: Name = Name::new("head", "output");

const TIME: Projected<Name> = Projected {
    key: Name::new("attention.key", "time_mix_key"),
    value: Name::new("attention.value", "time_mix_value"),
    receptance: Name::new("attention.receptance", "time_mix_receptance"),
    gate: Name::new("attention.gate", "time_mix_gate"),
};
const TIME_OUTPUT: Name = Name::new("attention.output", "time_mix_output");
const DECAY: Name = Name::new("attention.time_decay", "time_mix_decay.weight");

const CHANNEL_KEY: Name = Name::new("feed_forward.key", "channel_mix_key");
const CHANNEL_VALUE: Name = Name::new("feed_forward.value", "channel_mix_value");
const CHANNEL_RECEPTANCE: Name = Name::new("feed_forward.receptance", "channel_mix_receptance");

/// The files of a model and its sizes.
struct Source<'c> {
    checkpoint: &'c mut Checkpoint,
    hidden: usize,
    n_channels: usize,
    eps: f32,
}

/// How a version reads the parts of one layer that differ between versions.
struct Version {
    time: Read<TimeMix>,
    channel_shares: Read<ChannelShares>,
}

/// Reads a part of a layer.
type Read<T> = fn(&mut Source<'_>, usize) -> Result<T, ModelError>;

/// How much of a token's own vector enters the channel mix.
struct ChannelShares {
    key: Vec<f32>,
    receptance: Vec<f32>,
}

fn build(checkpoint: &mut Checkpoint, version: &Version) -> Result<Model, ModelError> {
    let hidden = checkpoint.required(HIDDEN)?;
    if hidden == 0 {
        return Err(ModelError::Missing("hidden size: it is 0".to_owned()));
    }
    let n_layers = checkpoint.required(N_LAYERS)?;
    let context_tokens = checkpoint.number(CONTEXT).unwrap_or(UNLIMITED_CONTEXT);
    let mut source = Source {
        hidden,
        n_channels: checkpoint.number(N_CHANNELS).unwrap_or(hidden),
        eps: parts::narrow(checkpoint.float(NORM_EPS).unwrap_or(1e-5)),
        checkpoint,
    };
    let blocks = (0..n_layers).map(|layer| source.block(layer, version));
    let blocks = blocks.collect::<Result<_, _>>()?;
    // In folders it is part of the first layer.
    let embedding_norm_layer = (!source.checkpoint.is_gguf()).then_some(0);
    let has_output = source.checkpoint.has(OUTPUT, None);
    Ok(Model::Rwkv(Rwkv {
        embeddings: source.matrix(EMBEDDINGS, None, (None, hidden))?,
        embedding_norm: source.norm(EMBEDDING_NORM, embedding_norm_layer)?,
        blocks,
        norm: source.norm(NORM, None)?,
        output: has_output.then(|| source.matrix(OUTPUT, None, (None, hidden))).transpose()?,
        context_tokens,
    }))
}

impl Source<'_> {
    fn block(&mut self, layer: usize, version: &Version) -> Result<RwkvBlock, ModelError> {
        let n_halvings = match self.checkpoint.number(HALVED_EVERY) {
            None | Some(0) => 0,
            Some(every) => layer / every,
        };
        Ok(RwkvBlock {
            time_norm: self.norm(TIME_NORM, Some(layer))?,
            time: (version.time)(self, layer)?,
            channel_norm: self.norm(CHANNEL_NORM, Some(layer))?,
            channel: self.channel_mix(layer, version)?,
            output_scale: (0..n_halvings).fold(1.0, |scale, _| scale * 2.0),
        })
    }

    fn channel_mix(&mut self, layer: usize, version: &Version) -> Result<ChannelMix, ModelError> {
        let (hidden, at) = (self.hidden, Some(layer));
        let shares = (version.channel_shares)(self, layer)?;
        let key = self.matrix(CHANNEL_KEY, at, (None, hidden))?;
        let value = self.matrix(CHANNEL_VALUE, at, (Some(hidden), key.n_out()))?;
        let receptance = self.matrix(CHANNEL_RECEPTANCE, at, (Some(hidden), hidden))?;
        Ok(ChannelMix {
            key_share: shares.key,
            receptance_share: shares.receptance,
            key,
            receptance,
            value,
        })
    }

    /// A matrix of the time mix.
    fn projection(&mut self, name: Name, layer: usize) -> Result<Matrix, ModelError> {
        let size = (Some(self.n_channels), self.hidden);
        self.matrix(name, Some(layer), size)
    }

    fn time_output(&mut self, layer: usize) -> Result<Matrix, ModelError> {
        let size = (Some(self.hidden), self.n_channels);
        self.matrix(TIME_OUTPUT, Some(layer), size)
    }

    /// A matrix with those numbers of outputs, if that is known, and inputs.
    fn matrix(
        &mut self,
        name: Name,
        layer: Option<usize>,
        (n_out, n_in): (Option<usize>, usize),
    ) -> Result<Matrix, ModelError> {
        let matrix = parts::matrix(self.checkpoint, &[name], layer)?;
        self.check_len(name, "outputs", (matrix.n_out(), n_out.unwrap_or(matrix.n_out())))?;
        self.check_len(name, "inputs", (matrix.n_in(), n_in))?;
        Ok(matrix)
    }

    fn norm(&mut self, name: Name, layer: Option<usize>) -> Result<LayerNorm, ModelError> {
        let (weights, bias) = self.affine(name, layer, self.hidden)?;
        Ok(LayerNorm { weights, bias, eps: self.eps })
    }

    /// The weights and the bias of a norm.
    fn affine(
        &mut self,
        name: Name,
        layer: Option<usize>,
        len: usize,
    ) -> Result<(Vec<f32>, Vec<f32>), ModelError> {
        let weights = self.checkpoint.vector(name, layer)?;
        let bias = self.checkpoint.bias(name, layer)?;
        self.check_len(name, "weights", (weights.len(), len))?;
        self.check_len(name, "biases", (bias.len(), len))?;
        Ok((weights, bias))
    }

    fn vector(&mut self, name: Name, layer: usize, len: usize) -> Result<Vec<f32>, ModelError> {
        let values = self.checkpoint.parameter(name, layer)?;
        self.check_len(name, "numbers", (values.len(), len))?;
        Ok(values)
    }

    fn check_len(
        &self,
        name: Name,
        what: &str,
        (found, wanted): (usize, usize),
    ) -> Result<(), ModelError> {
        if found == wanted {
            return Ok(());
        }
        let name = if self.checkpoint.is_gguf() { name.gguf } else { name.hf };
        Err(ModelError::Missing(format!(
            "tensor {name}: it has {found} {what}, the model's settings ask for {wanted}"
        )))
    }
}
