//! Qwen2 and 2.5 (arXiv 2407.10671, 2412.15115) and Qwen3 (arXiv 2505.09388), dense and with experts.

use serde_json::Value;

use super::parts::{self, AttentionPlan, NormStyle, Shape, WINDOW};
use super::{llama, ropes};
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::model::{
    Activation, Experts, FeedForward, Layer, Model, Shared, Weighting,
};
use crate::backend::embedded::rope::Pairs;
use crate::backend::embedded::weights::{Checkpoint, Key, Name};

const N_EXPERTS: Key = Key::both("num_experts", "expert_count");
/// As transformers 5 writes it for Qwen3.
const N_EXPERTS_5: Key = Key::hf("num_local_experts");
const N_USED: Key = Key::both("num_experts_per_tok", "expert_used_count");
const ROUTER: Name = Name::new("mlp.gate", "ffn_gate_inp");
const NETWORK: [Name; 3] = [
    Name::new("mlp.experts.{}.gate_proj", "ffn_gate_exps"),
    Name::new("mlp.experts.{}.up_proj", "ffn_up_exps"),
    Name::new("mlp.experts.{}.down_proj", "ffn_down_exps"),
];
const SHARED: [Name; 3] = [
    Name::new("mlp.shared_expert.gate_proj", "ffn_gate_shexp"),
    Name::new("mlp.shared_expert.up_proj", "ffn_up_shexp"),
    Name::new("mlp.shared_expert.down_proj", "ffn_down_shexp"),
];
const SHARED_GATE: Name = Name::new("mlp.shared_expert_gate", "ffn_gate_inp_shexp");

pub(super) fn build(checkpoint: &mut Checkpoint) -> Result<Model, ModelError> {
    let shape = Shape::read(checkpoint)?;
    let rope = ropes::rope(checkpoint, &shape, shape.heads.key_dim, Pairs::Halves)?;
    let window = Window::read(checkpoint);
    let layers = parts::layers(checkpoint, shape.n_layers, |checkpoint, idx| {
        let plan = AttentionPlan { window: window.of(idx), ..shape.plan() };
        Ok(Layer {
            attention: parts::attention(checkpoint, idx, (&shape, NormStyle::Plain), plan)?,
            feed_forward: feed_forward(checkpoint, idx)?,
            norms: llama::norms(checkpoint, idx, &shape)?,
            residual_scale: 1.0,
        })
    })?;
    parts::plain_model(checkpoint, &shape, layers, rope)
}

/// The upper layers of some models see a window only.
struct Window {
    n_tokens: Option<usize>,
    first_layer: usize,
}

impl Window {
    fn read(checkpoint: &Checkpoint) -> Self {
        let is_used = checkpoint.flag(Key::hf("use_sliding_window")) == Some(true);
        Self {
            n_tokens: checkpoint.number(WINDOW).filter(|_| is_used),
            first_layer: checkpoint.number(Key::hf("max_window_layers")).unwrap_or(0),
        }
    }

    fn of(&self, layer: usize) -> Option<usize> {
        self.n_tokens.filter(|_| layer >= self.first_layer)
    }
}

fn feed_forward(checkpoint: &mut Checkpoint, idx: usize) -> Result<FeedForward, ModelError> {
    if !checkpoint.has(ROUTER, Some(idx)) || is_dense(checkpoint, idx) {
        return parts::gated(checkpoint, idx, Activation::Silu).map(FeedForward::Gated);
    }
    let n_experts =
        checkpoint.number(N_EXPERTS_5).map_or_else(|| checkpoint.required(N_EXPERTS), Ok)?;
    let is_third = checkpoint.architecture().starts_with("qwen3");
    // Qwen3 shares the weight out among the chosen experts; its config says so, its GGUF does not.
    let is_normalised = checkpoint.flag(Key::hf("norm_topk_prob")).unwrap_or(is_third);
    Ok(FeedForward::Experts(Experts {
        router: parts::matrix(checkpoint, &[ROUTER], Some(idx))?,
        networks: parts::experts(checkpoint, NETWORK, idx, n_experts)?,
        n_used: checkpoint.required(N_USED)?,
        weighting: if is_normalised { Weighting::Normalised } else { Weighting::Scaled(1.0) },
        groups: None,
        shared: shared(checkpoint, idx)?,
    }))
}

/// Layers that a config takes out of the mixture.
fn is_dense(checkpoint: &Checkpoint, idx: usize) -> bool {
    let listed = checkpoint.config().and_then(|config| config.get("mlp_only_layers"));
    let is_listed = |listed: &Vec<Value>| listed.iter().any(|layer| layer == idx);
    listed.and_then(Value::as_array).is_some_and(is_listed)
}

fn shared(checkpoint: &mut Checkpoint, idx: usize) -> Result<Option<Shared>, ModelError> {
    if !checkpoint.has(SHARED_GATE, Some(idx)) {
        return Ok(None);
    }
    Ok(Some(Shared {
        network: parts::gated_of(checkpoint, SHARED, idx)?,
        gate: Some(checkpoint.vector(SHARED_GATE, Some(idx))?),
    }))
}
