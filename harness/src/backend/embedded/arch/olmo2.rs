//! OLMo 2 (arXiv 2501.00656): norms after the parts instead of before, and norms of all queries and
//! all keys of a token.

use super::parts::{self, NormStyle, Shape};
use super::ropes;
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::model::{Activation, FeedForward, Layer, Model, Norms};
use crate::backend::embedded::rope::Pairs;
use crate::backend::embedded::weights::{Checkpoint, Name};

const AFTER_ATTENTION: Name = Name::new("post_attention_layernorm", "post_attention_norm");
const AFTER_MLP: Name = Name::new("post_feedforward_layernorm", "post_ffw_norm");

pub(super) fn build(checkpoint: &mut Checkpoint) -> Result<Model, ModelError> {
    let shape = Shape::read(checkpoint)?;
    let rope = ropes::rope(checkpoint, &shape, shape.heads.key_dim, Pairs::Halves)?;
    let style = (&shape, NormStyle::Plain);
    let layers = parts::layers(checkpoint, shape.n_layers, |checkpoint, idx| {
        let mut norm = |name| parts::norm(checkpoint, name, Some(idx), style).map(Some);
        let norms = Norms {
            after_attention: norm(AFTER_ATTENTION)?,
            after_feed_forward: norm(AFTER_MLP)?,
            ..Norms::default()
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
