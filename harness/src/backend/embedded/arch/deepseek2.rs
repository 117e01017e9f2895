//! DeepSeek-V2 (arXiv 2405.04434): latent attention and many small experts.

use super::parts::{
    self, ATTENTION_NORM, ATTENTION_OUTPUT, MLP_NORM, N_LAYERS, NormStyle, QUERY, Shape,
};
use super::ropes;
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::matrix::Matrix;
use crate::backend::embedded::model::{
    Activation, Attention, Experts, FeedForward, Groups, Heads, Latent, Layer, Model, Norms,
    Projection, Query, Shared, Weighting,
};
use crate::backend::embedded::rope::{Pairs, Yarn};
use crate::backend::embedded::simd::Processor;
use crate::backend::embedded::weights::{Checkpoint, Key, Name, Tensor, Values};

const N_LATENT: Key = Key::both("kv_lora_rank", "attention.kv_lora_rank");
const N_ROTATED: Key = Key::both("qk_rope_head_dim", "rope.dimension_count");
const N_PLAIN: Key = Key::hf("qk_nope_head_dim");
const KEY_DIM: Key = Key::gguf("attention.key_length");
/// In files whose matrix from the latent vector is split, where the key above is of something else.
const KEY_DIM_SPLIT: Key = Key::gguf("attention.key_length_mla");
const VALUE_DIM_SPLIT: Key = Key::gguf("attention.value_length_mla");
const VALUE_DIM: Key = Key::both("v_head_dim", "attention.value_length");
const N_DENSE: Key = Key::both("first_k_dense_replace", "leading_dense_block_count");
const N_EXPERTS: Key = Key::both("n_routed_experts", "expert_count");
const N_USED: Key = Key::both("num_experts_per_tok", "expert_used_count");
const SCALING: Key = Key::both("routed_scaling_factor", "expert_weights_scale");
const IS_NORMALISED: Key = Key::both("norm_topk_prob", "expert_weights_norm");
const N_GROUPS: Key = Key::both("n_group", "expert_group_count");
const N_GROUPS_USED: Key = Key::both("topk_group", "expert_group_used_count");

const QUERY_DOWN: Name = Name::new("self_attn.q_a_proj", "attn_q_a");
const QUERY_NORM: Name = Name::new("self_attn.q_a_layernorm", "attn_q_a_norm");
const QUERY_UP: Name = Name::new("self_attn.q_b_proj", "attn_q_b");
const DOWN: Name = Name::new("self_attn.kv_a_proj_with_mqa", "attn_kv_a_mqa");
const NORM: Name = Name::new("self_attn.kv_a_layernorm", "attn_kv_a_norm");
const UP: Name = Name::new("self_attn.kv_b_proj", "attn_kv_b");
/// The two halves of `UP` in newer GGUF files: for each head a matrix from the part of the key to the
/// latent vector, and one from the latent vector to the value.
const KEY_UP: Name = Name::new("", "attn_k_b");
const VALUE_UP: Name = Name::new("", "attn_v_b");
/// What DeepSeek-V3 adds to the scores of experts.
const ROUTER_BIAS: Name = Name::new("", "exp_probs_b");
const ROUTER: Name = Name::new("mlp.gate", "ffn_gate_inp");
const NETWORK: [Name; 3] = [
    Name::new("mlp.experts.{}.gate_proj", "ffn_gate_exps"),
    Name::new("mlp.experts.{}.up_proj", "ffn_up_exps"),
    Name::new("mlp.experts.{}.down_proj", "ffn_down_exps"),
];
const SHARED: [Name; 3] = [
    Name::new("mlp.shared_experts.gate_proj", "ffn_gate_shexp"),
    Name::new("mlp.shared_experts.up_proj", "ffn_up_shexp"),
    Name::new("mlp.shared_experts.down_proj", "ffn_down_shexp"),
];

pub(super) fn build(checkpoint: &mut Checkpoint) -> Result<Model, ModelError> {
    let shape = Shape::read(checkpoint)?;
    check_router(checkpoint)?;
    let n_rotated = checkpoint.required(N_ROTATED)?;
    let n_plain = checkpoint.number(N_PLAIN);
    let key_dim = match n_plain {
        Some(n_plain) => n_plain + n_rotated,
        None => match checkpoint.number(KEY_DIM_SPLIT) {
            Some(key_dim) => key_dim,
            None => checkpoint.required(KEY_DIM)?,
        },
    };
    let n_heads = shape.heads.n_heads;
    let value_dim = match checkpoint.number(VALUE_DIM_SPLIT) {
        Some(value_dim) => value_dim,
        None => checkpoint.required(VALUE_DIM)?,
    };
    let heads = Heads { n_heads, n_kv_heads: n_heads, key_dim, value_dim };
    let shape = Shape { heads, ..shape };
    let rope = ropes::rope(checkpoint, &shape, n_rotated, Pairs::Adjacent)?;
    let n_dense = checkpoint.number(N_DENSE).unwrap_or(0);
    let layers = parts::layers(checkpoint, shape.n_layers, |checkpoint, idx| {
        let mut norm =
            |name| parts::norm(checkpoint, name, Some(idx), (&shape, NormStyle::Plain)).map(Some);
        let norms = Norms {
            before_attention: norm(ATTENTION_NORM)?,
            before_feed_forward: norm(MLP_NORM)?,
            ..Norms::default()
        };
        let feed_forward = if idx < n_dense {
            FeedForward::Gated(parts::gated(checkpoint, idx, Activation::Silu)?)
        } else {
            FeedForward::Experts(experts(checkpoint, idx)?)
        };
        let attention = attention(checkpoint, idx, &shape, n_rotated)?;
        Ok(Layer { attention, feed_forward, norms, residual_scale: 1.0 })
    })?;
    parts::plain_model(checkpoint, &shape, layers, rope)
}

/// DeepSeek-V3 chooses experts by other rules under the same name in GGUF files.
fn check_router(checkpoint: &Checkpoint) -> Result<(), ModelError> {
    let scoring = checkpoint.text(Key::hf("scoring_func")).unwrap_or("softmax");
    let gating = checkpoint.number(Key::gguf("expert_gating_func")).unwrap_or(1);
    let n_layers = checkpoint.number(N_LAYERS).unwrap_or(0);
    let has_bias = (0..n_layers).any(|idx| checkpoint.has_bias(ROUTER_BIAS, Some(idx)));
    if scoring == "softmax" && gating <= 1 && !has_bias {
        return Ok(());
    }
    Err(ModelError::Unsupported {
        what: "the choice of experts",
        found: "by sigmoid scores (DeepSeek-V3)".to_owned(),
        supported: "by softmax scores (DeepSeek-V2)".to_owned(),
    })
}

fn attention(
    checkpoint: &mut Checkpoint,
    idx: usize,
    shape: &Shape,
    n_rotated: usize,
) -> Result<Attention, ModelError> {
    let (at, style) = (Some(idx), (shape, NormStyle::Plain));
    let query = if checkpoint.has(QUERY_DOWN, at) {
        Query::Latent {
            down: parts::matrix(checkpoint, &[QUERY_DOWN], at)?,
            norm: parts::norm(checkpoint, QUERY_NORM, at, style)?,
            up: parts::matrix(checkpoint, &[QUERY_UP], at)?,
        }
    } else {
        Query::Direct(parts::matrix(checkpoint, &[QUERY], at)?)
    };
    let n_latent = checkpoint.required(N_LATENT)?;
    let norm = parts::norm(checkpoint, NORM, at, style)?;
    if norm.weights.len() != n_latent {
        return Err(ModelError::Missing(format!("latent vector of {n_latent} numbers")));
    }
    Ok(Attention {
        projection: Projection::Latent(Latent {
            query,
            down: parts::matrix(checkpoint, &[DOWN], at)?,
            norm,
            up: up(checkpoint, idx, (shape.heads, n_latent), n_rotated)?,
            n_rotated,
        }),
        heads: shape.heads,
        rope_idx: Some(0),
        window: None,
        scale: shape.usual_scale() * magnitude(checkpoint).powi(2),
        softcap: None,
        output: parts::matrix(checkpoint, &[ATTENTION_OUTPUT], at)?,
        output_bias: None,
        processor: Processor::detect(),
    })
}

/// The matrix from the latent vector to keys and values: of one piece, or put together from two whose
/// quantised numbers are dequantised, because those of keys are stored the other way round.
fn up(
    checkpoint: &mut Checkpoint,
    idx: usize,
    (heads, n_latent): (Heads, usize),
    n_rotated: usize,
) -> Result<Matrix, ModelError> {
    if checkpoint.has(UP, Some(idx)) || !checkpoint.has(KEY_UP, Some(idx)) {
        return parts::matrix(checkpoint, &[UP], Some(idx));
    }
    let (n_plain, value_dim) = (heads.key_dim - n_rotated, heads.value_dim);
    let keys = checkpoint.vector(KEY_UP, Some(idx))?;
    let values = checkpoint.vector(VALUE_UP, Some(idx))?;
    let n_wanted = [n_plain, value_dim].map(|n_out| heads.n_heads * n_latent * n_out);
    if [keys.len(), values.len()] != n_wanted {
        return Err(ModelError::Missing(format!(
            "latent attention of layer {idx}: tensors {} and {} do not have the size its settings ask for",
            KEY_UP.gguf, VALUE_UP.gguf
        )));
    }
    let mut rows = Vec::with_capacity(keys.len() + values.len());
    let value_heads = values.chunks_exact(value_dim * n_latent);
    for (keys, values) in keys.chunks_exact(n_latent * n_plain).zip(value_heads) {
        for row in 0..n_plain {
            rows.extend(keys.iter().skip(row).step_by(n_plain));
        }
        rows.extend_from_slice(values);
    }
    let name = KEY_UP.gguf.to_owned();
    Matrix::stack(&[Tensor { name, n_in: n_latent, values: Values::F32(rows) }])
}

/// What `YaRN` does to the scores (`modeling_deepseek.py` of deepseek-ai/DeepSeek-V2-Lite).
fn magnitude(checkpoint: &Checkpoint) -> f32 {
    let settings = checkpoint.config().map(|config| {
        let parameters = &config["rope_parameters"];
        if parameters.is_object() { parameters } else { &config["rope_scaling"] }
    });
    let (factor, weight) = match settings {
        Some(settings) => (settings["factor"].as_f64(), settings["mscale_all_dim"].as_f64()),
        // llama.cpp's converter stores a tenth of the weight.
        None => (
            checkpoint.float(Key::gguf("rope.scaling.factor")),
            checkpoint.float(Key::gguf("rope.scaling.yarn_log_multiplier")).map(|m| m * 10.0),
        ),
    };
    parts::narrow(factor.zip(weight).map_or(1.0, |(f, w)| Yarn::magnitude(f, w)))
}

fn experts(checkpoint: &mut Checkpoint, idx: usize) -> Result<Experts, ModelError> {
    let n_experts = checkpoint.required(N_EXPERTS)?;
    let n_groups = checkpoint.number(N_GROUPS).filter(|n| *n > 1);
    let scaling = checkpoint.float(SCALING).map_or(1.0, parts::narrow);
    let is_normalised = checkpoint.flag(IS_NORMALISED) == Some(true);
    let groups = match n_groups {
        Some(n_groups) => Some(Groups { n_groups, n_used: checkpoint.required(N_GROUPS_USED)? }),
        None => None,
    };
    let shared = if checkpoint.has(SHARED[0], Some(idx)) {
        Some(Shared { network: parts::gated_of(checkpoint, SHARED, idx)?, gate: None })
    } else {
        None
    };
    Ok(Experts {
        router: parts::matrix(checkpoint, &[ROUTER], Some(idx))?,
        networks: parts::experts(checkpoint, NETWORK, idx, n_experts)?,
        n_used: checkpoint.required(N_USED)?,
        weighting: if is_normalised { Weighting::Normalised } else { Weighting::Scaled(scaling) },
        groups,
        shared,
    })
}
