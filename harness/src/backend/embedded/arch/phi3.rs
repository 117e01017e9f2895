//! Phi-3 and Phi-4-mini (arXiv 2404.14219): one matrix for queries, keys and values, one for gate and
//! up, and `LongRoPE`.

use super::parts::{self, AttentionPlan, Shape, WINDOW};
use super::{llama, ropes};
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::model::Model;
use crate::backend::embedded::rope::Pairs;
use crate::backend::embedded::weights::{Checkpoint, Key};

pub(super) fn build(checkpoint: &mut Checkpoint) -> Result<Model, ModelError> {
    let shape = Shape::read(checkpoint)?;
    let rope = ropes::rope(checkpoint, &shape, n_rotated(checkpoint, &shape), Pairs::Halves)?;
    // GGUF files write 0 for no window.
    let window = checkpoint.number(WINDOW).filter(|window| *window > 0);
    let layers = parts::layers(checkpoint, shape.n_layers, |checkpoint, idx| {
        llama::layer(checkpoint, idx, &shape, AttentionPlan { window, ..shape.plan() })
    })?;
    parts::plain_model(checkpoint, &shape, layers, rope)
}

/// Numbers of a head that are rotated, for models that say which share of them.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a head")]
pub(super) fn n_rotated(checkpoint: &Checkpoint, shape: &Shape) -> usize {
    let config = checkpoint.config();
    let nested = config.and_then(|c| c["rope_parameters"]["partial_rotary_factor"].as_f64());
    let rotated_part = checkpoint.float(Key::hf("partial_rotary_factor")).or(nested).unwrap_or(1.0);
    let of_share = (shape.heads.key_dim as f64 * rotated_part) as usize;
    checkpoint.number(Key::gguf("rope.dimension_count")).unwrap_or(of_share)
}
