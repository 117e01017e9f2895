//! `SmolLM3` (Hugging Face): Llama's layers, every fourth of them without positions.

use serde_json::Value;

use super::parts::{self, AttentionPlan, Shape};
use super::{llama, ropes};
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::model::Model;
use crate::backend::embedded::weights::Checkpoint;

/// The layers without positions where the file does not list them (llama.cpp, `build_smollm3`).
const PERIOD: usize = 4;

pub(super) fn build(checkpoint: &mut Checkpoint) -> Result<Model, ModelError> {
    let shape = Shape::read(checkpoint)?;
    let pairs = ropes::reordered(checkpoint);
    let rope = ropes::rope(checkpoint, &shape, shape.heads.key_dim, pairs)?;
    let has_rope: Vec<bool> = (0..shape.n_layers).map(|idx| has_rope(checkpoint, idx)).collect();
    let layers = parts::layers(checkpoint, shape.n_layers, |checkpoint, idx| {
        let plan = AttentionPlan { rope_idx: has_rope[idx].then_some(0), ..shape.plan() };
        llama::layer(checkpoint, idx, &shape, plan)
    })?;
    parts::plain_model(checkpoint, &shape, layers, rope)
}

fn has_rope(checkpoint: &Checkpoint, idx: usize) -> bool {
    let listed = checkpoint.config().and_then(|config| config["no_rope_layers"].get(idx));
    listed.and_then(Value::as_u64).map_or(!(idx + 1).is_multiple_of(PERIOD), |mark| mark == 1)
}
