//! Granite 3 (IBM): Llama's layers with four multipliers.

use super::parts::{self, AttentionPlan, NormStyle, Shape};
use super::{llama, ropes};
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::model::{Decoder, Layer, LogitRule, Model};
use crate::backend::embedded::weights::{Checkpoint, Key};

const EMBEDDING: Key = Key::both("embedding_multiplier", "embedding_scale");
const RESIDUAL: Key = Key::both("residual_multiplier", "residual_scale");
const SCORES: Key = Key::both("attention_multiplier", "attention.scale");
const LOGITS: Key = Key::both("logits_scaling", "logit_scale");

pub(super) fn build(checkpoint: &mut Checkpoint) -> Result<Model, ModelError> {
    let shape = Shape::read(checkpoint)?;
    let pairs = ropes::reordered(checkpoint);
    let rope = ropes::rope(checkpoint, &shape, shape.heads.key_dim, pairs)?;
    let factor = |key| checkpoint.float(key).map(parts::narrow);
    let plan = AttentionPlan {
        scale: factor(SCORES).unwrap_or_else(|| shape.usual_scale()),
        ..shape.plan()
    };
    let (embedding, residual) = (factor(EMBEDDING), factor(RESIDUAL).unwrap_or(1.0));
    let divisor = factor(LOGITS).unwrap_or(1.0);
    let layers = parts::layers(checkpoint, shape.n_layers, |checkpoint, idx| {
        let layer = llama::layer(checkpoint, idx, &shape, plan)?;
        Ok(Layer { residual_scale: residual, ..layer })
    })?;
    let decoder = parts::decoder(checkpoint, (&shape, NormStyle::Plain), layers, vec![rope])?;
    Ok(Model::Decoder(Decoder {
        embedding_scale: embedding.unwrap_or(1.0),
        logit_rule: LogitRule { scale: 1.0 / divisor, softcap: None },
        ..decoder
    }))
}
