//! GLM-4 (arXiv 2406.12793, the 0414 models): half of each head is rotated, in adjacent pairs, and
//! each part has a norm before and one after.

use super::parts::{self, ATTENTION_NORM, MLP_NORM, NormStyle, Shape};
use super::{phi3, ropes};
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::model::{Activation, FeedForward, Layer, Model, Norms};
use crate::backend::embedded::rope::Pairs;
use crate::backend::embedded::weights::{Checkpoint, Name};

const AFTER_ATTENTION: Name = Name::new("post_self_attn_layernorm", "post_attention_norm");
const AFTER_MLP: Name = Name::new("post_mlp_layernorm", "post_ffw_norm");

pub(super) fn build(checkpoint: &mut Checkpoint) -> Result<Model, ModelError> {
    let shape = Shape::read(checkpoint)?;
    let n_rotated = phi3::n_rotated(checkpoint, &shape);
    let rope = ropes::rope(checkpoint, &shape, n_rotated, Pairs::Adjacent)?;
    let style = (&shape, NormStyle::Plain);
    let layers = parts::layers(checkpoint, shape.n_layers, |checkpoint, idx| {
        let mut norm = |name| parts::norm(checkpoint, name, Some(idx), style).map(Some);
        let norms = Norms {
            before_attention: norm(ATTENTION_NORM)?,
            after_attention: norm(AFTER_ATTENTION)?,
            before_feed_forward: norm(MLP_NORM)?,
            after_feed_forward: norm(AFTER_MLP)?,
        };
        Ok(Layer {
            attention: parts::attention(checkpoint, idx, style, shape.plan())?,
            feed_forward: FeedForward::Gated(parts::gated(checkpoint, idx, Activation::Silu)?),
            norms,
            residual_scale: 1.0,
        })
    })?;
    parts::plain_model(checkpoint, &shape, layers, rope)
}
