//! RWKV-4 (Peng et al., arXiv 2305.13048) in the layout of transformers' `RwkvForCausalLM`. llama.cpp
//! has no such models, so there are no GGUF names.

use super::parts::{self, HIDDEN, N_LAYERS};
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::matrix::Matrix;
use crate::backend::embedded::model::{ChannelMix, LayerNorm, Model, Rwkv4, RwkvBlock, TimeMix};
use crate::backend::embedded::weights::{Checkpoint, Key, Name};

const N_CHANNELS: Key = Key::hf("attention_hidden_size");
const N_INNER: Key = Key::hf("intermediate_size");
const CONTEXT: Key = Key::hf("context_length");
const NORM_EPS: Key = Key::hf("layer_norm_epsilon");

const EMBEDDINGS: Name = hf("embeddings");
const EMBEDDING_NORM: Name = hf("pre_ln");
const TIME_NORM: Name = hf("ln1");
const CHANNEL_NORM: Name = hf("ln2");
const NORM: Name = hf("ln_out");
const OUTPUT: Name = hf("head");

/// Sizes of a model.
struct Shape {
    hidden: usize,
    n_channels: usize,
    n_inner: usize,
    eps: f32,
}

const fn hf(name: &'static str) -> Name {
    Name::new(name, "")
}

pub(super) fn build(checkpoint: &mut Checkpoint) -> Result<Model, ModelError> {
    let hidden = checkpoint.required(HIDDEN)?;
    let shape = Shape {
        hidden,
        n_channels: checkpoint.number(N_CHANNELS).unwrap_or(hidden),
        n_inner: checkpoint.number(N_INNER).unwrap_or(4 * hidden),
        eps: parts::narrow(checkpoint.float(NORM_EPS).unwrap_or(1e-5)),
    };
    let n_layers = checkpoint.required(N_LAYERS)?;
    let blocks = (0..n_layers).map(|idx| block(checkpoint, idx, &shape));
    let blocks = blocks.collect::<Result<_, _>>()?;
    let has_output = checkpoint.has(OUTPUT, None);
    Ok(Model::Rwkv4(Rwkv4 {
        embeddings: parts::matrix(checkpoint, &[EMBEDDINGS], None)?,
        embedding_norm: norm(checkpoint, EMBEDDING_NORM, Some(0), &shape)?,
        blocks,
        norm: norm(checkpoint, NORM, None, &shape)?,
        output: has_output.then(|| parts::matrix(checkpoint, &[OUTPUT], None)).transpose()?,
        context_tokens: checkpoint.required(CONTEXT)?,
    }))
}

fn block(checkpoint: &mut Checkpoint, idx: usize, shape: &Shape) -> Result<RwkvBlock, ModelError> {
    let time = time_mix(checkpoint, idx, shape)?;
    Ok(RwkvBlock { time, channel: channel_mix(checkpoint, idx, shape)? })
}

fn time_mix(checkpoint: &mut Checkpoint, idx: usize, shape: &Shape) -> Result<TimeMix, ModelError> {
    let Shape { hidden, n_channels, .. } = *shape;
    let norm = norm(checkpoint, TIME_NORM, Some(idx), shape)?;
    let mut vector = |name, len| vector(checkpoint, hf(name), idx, len);
    let mix_key = vector("attention.time_mix_key", hidden)?;
    let mix_value = vector("attention.time_mix_value", hidden)?;
    let mix_receptance = vector("attention.time_mix_receptance", hidden)?;
    // Stored as the logarithm of the rate.
    let decay = vector("attention.time_decay", n_channels)?;
    let first = vector("attention.time_first", n_channels)?;
    let mut matrix = |name, n_out| matrix(checkpoint, hf(name), idx, n_out);
    Ok(TimeMix {
        norm,
        mix_key,
        mix_value,
        mix_receptance,
        decay: decay.into_iter().map(|rate| -rate.exp()).collect(),
        first,
        key: matrix("attention.key", n_channels)?,
        value: matrix("attention.value", n_channels)?,
        receptance: matrix("attention.receptance", n_channels)?,
        output: matrix("attention.output", hidden)?,
    })
}

fn channel_mix(
    checkpoint: &mut Checkpoint,
    idx: usize,
    shape: &Shape,
) -> Result<ChannelMix, ModelError> {
    let Shape { hidden, n_inner, .. } = *shape;
    let norm = norm(checkpoint, CHANNEL_NORM, Some(idx), shape)?;
    let mut vector = |name| vector(checkpoint, hf(name), idx, hidden);
    let mix_key = vector("feed_forward.time_mix_key")?;
    let mix_receptance = vector("feed_forward.time_mix_receptance")?;
    let mut matrix = |name, n_out| matrix(checkpoint, hf(name), idx, n_out);
    Ok(ChannelMix {
        norm,
        mix_key,
        mix_receptance,
        key: matrix("feed_forward.key", n_inner)?,
        receptance: matrix("feed_forward.receptance", hidden)?,
        value: matrix("feed_forward.value", hidden)?,
    })
}

fn norm(
    checkpoint: &mut Checkpoint,
    name: Name,
    layer: Option<usize>,
    shape: &Shape,
) -> Result<LayerNorm, ModelError> {
    let (weights, bias) = (checkpoint.vector(name, layer)?, checkpoint.bias(name, layer)?);
    check_len(name, weights.len().min(bias.len()), shape.hidden)?;
    Ok(LayerNorm { weights, bias, eps: shape.eps })
}

fn vector(
    checkpoint: &mut Checkpoint,
    name: Name,
    layer: usize,
    len: usize,
) -> Result<Vec<f32>, ModelError> {
    let values = checkpoint.parameter(name, layer)?;
    check_len(name, values.len(), len)?;
    Ok(values)
}

fn matrix(
    checkpoint: &mut Checkpoint,
    name: Name,
    layer: usize,
    n_out: usize,
) -> Result<Matrix, ModelError> {
    let matrix = parts::matrix(checkpoint, &[name], Some(layer))?;
    check_len(name, matrix.n_out(), n_out)?;
    Ok(matrix)
}

fn check_len(name: Name, found: usize, wanted: usize) -> Result<(), ModelError> {
    if found == wanted {
        return Ok(());
    }
    Err(ModelError::Missing(format!(
        "tensor {}: it has {found} outputs, its settings ask for {wanted}",
        name.hf
    )))
}
