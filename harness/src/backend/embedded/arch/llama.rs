//! Llama 1 to 3 (Touvron et al., arXiv 2302.13971, 2307.09288; Llama Team, arXiv 2407.21783) and
//! Mistral (Jiang et al., arXiv 2310.06825), whose layers differ by a window only.

use super::parts::{self, ATTENTION_NORM, MLP_NORM, NormStyle, Shape, WINDOW};
use super::{mixtral, ropes};
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::model::{Activation, FeedForward, Layer, Model, Norms};
use crate::backend::embedded::weights::{Checkpoint, Key};

/// Queries and keys may rotate fewer numbers than a head has.
const N_ROTATED: Key = Key::gguf("rope.dimension_count");

pub(super) fn build(checkpoint: &mut Checkpoint) -> Result<Model, ModelError> {
    // GGUF files of Mixtral call themselves llama.
    if checkpoint.number(Key::gguf("expert_count")).is_some_and(|n| n > 0) {
        return mixtral::build(checkpoint);
    }
    let shape = Shape::read(checkpoint)?;
    let n_rotated = checkpoint.number(N_ROTATED).unwrap_or(shape.heads.key_dim);
    let pairs = ropes::reordered(checkpoint);
    let rope = ropes::rope(checkpoint, &shape, n_rotated, pairs)?;
    let window = checkpoint.number(WINDOW).filter(|_| checkpoint.architecture() == "mistral");
    let layers = parts::layers(checkpoint, shape.n_layers, |checkpoint, idx| {
        let plan = parts::AttentionPlan { window, ..shape.plan() };
        layer(checkpoint, idx, &shape, plan)
    })?;
    parts::plain_model(checkpoint, &shape, layers, rope)
}

/// A layer with norms before both parts, and a gated network.
pub(super) fn layer(
    checkpoint: &mut Checkpoint,
    idx: usize,
    shape: &Shape,
    plan: parts::AttentionPlan,
) -> Result<Layer, ModelError> {
    Ok(Layer {
        attention: parts::attention(checkpoint, idx, (shape, NormStyle::Plain), plan)?,
        feed_forward: FeedForward::Gated(parts::gated(checkpoint, idx, Activation::Silu)?),
        norms: norms(checkpoint, idx, shape)?,
        residual_scale: 1.0,
    })
}

/// Norms before both parts.
pub(super) fn norms(
    checkpoint: &mut Checkpoint,
    idx: usize,
    shape: &Shape,
) -> Result<Norms, ModelError> {
    let mut norm = |name| parts::norm(checkpoint, name, Some(idx), (shape, NormStyle::Plain));
    Ok(Norms {
        before_attention: Some(norm(ATTENTION_NORM)?),
        before_feed_forward: Some(norm(MLP_NORM)?),
        ..Norms::default()
    })
}
