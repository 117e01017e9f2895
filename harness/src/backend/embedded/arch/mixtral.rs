//! Mixtral (Jiang et al., arXiv 2401.04088): Mistral's layers with eight experts each.

use super::parts::{self, NormStyle, Shape, WINDOW};
use super::{llama, ropes};
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::model::{Experts, FeedForward, Layer, Model, Weighting};
use crate::backend::embedded::weights::{Checkpoint, Key, Name};

const N_EXPERTS: Key = Key::both("num_local_experts", "expert_count");
const N_USED: Key = Key::both("num_experts_per_tok", "expert_used_count");
const ROUTER: Name = Name::new("block_sparse_moe.gate", "ffn_gate_inp");
const NETWORK: [Name; 3] = [
    Name::new("block_sparse_moe.experts.{}.w1", "ffn_gate_exps"),
    Name::new("block_sparse_moe.experts.{}.w3", "ffn_up_exps"),
    Name::new("block_sparse_moe.experts.{}.w2", "ffn_down_exps"),
];

pub(super) fn build(checkpoint: &mut Checkpoint) -> Result<Model, ModelError> {
    let shape = Shape::read(checkpoint)?;
    let pairs = ropes::reordered(checkpoint);
    let rope = ropes::rope(checkpoint, &shape, shape.heads.key_dim, pairs)?;
    let (n_experts, n_used) = (checkpoint.required(N_EXPERTS)?, checkpoint.required(N_USED)?);
    let plan = parts::AttentionPlan { window: checkpoint.number(WINDOW), ..shape.plan() };
    let layers = parts::layers(checkpoint, shape.n_layers, |checkpoint, idx| {
        let experts = Experts {
            router: parts::matrix(checkpoint, &[ROUTER], Some(idx))?,
            networks: parts::experts(checkpoint, NETWORK, idx, n_experts)?,
            n_used,
            weighting: Weighting::Normalised,
            groups: None,
            shared: None,
        };
        Ok(Layer {
            attention: parts::attention(checkpoint, idx, (&shape, NormStyle::Plain), plan)?,
            feed_forward: FeedForward::Experts(experts),
            norms: llama::norms(checkpoint, idx, &shape)?,
            residual_scale: 1.0,
        })
    })?;
    parts::plain_model(checkpoint, &shape, layers, rope)
}
