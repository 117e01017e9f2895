//! What architectures have in common: sizes, names of tensors, and the usual way to read each part.

use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::matrix::Matrix;
use crate::backend::embedded::model::{
    Activation, Attention, Decoder, Gated, Grouped, Heads, Layer, LogitRule, Model, Norm,
    Projection,
};
use crate::backend::embedded::rope::Rope;
use crate::backend::embedded::weights::{Checkpoint, Key, Name};

pub(super) const N_LAYERS: Key = Key::both("num_hidden_layers", "block_count");
pub(super) const HIDDEN: Key = Key::both("hidden_size", "embedding_length");
pub(super) const WINDOW: Key = Key::both("sliding_window", "attention.sliding_window");
const WINDOW_PATTERN: Key = Key::both("sliding_window_pattern", "attention.sliding_window_pattern");
const N_HEADS: Key = Key::both("num_attention_heads", "attention.head_count");
const N_KV_HEADS: Key = Key::both("num_key_value_heads", "attention.head_count_kv");
const HEAD_DIM: Key = Key::both("head_dim", "attention.key_length");
const NORM_EPS: Key = Key::both("rms_norm_eps", "attention.layer_norm_rms_epsilon");
const CONTEXT: Key = Key::both("max_position_embeddings", "context_length");

pub(super) const EMBEDDINGS: Name = Name::new("embed_tokens", "token_embd");
pub(super) const OUTPUT: Name = Name::new("lm_head", "output");
pub(super) const OUTPUT_NORM: Name = Name::new("norm", "output_norm");
pub(super) const QUERY: Name = Name::new("self_attn.q_proj", "attn_q");
pub(super) const KEY: Name = Name::new("self_attn.k_proj", "attn_k");
pub(super) const VALUE: Name = Name::new("self_attn.v_proj", "attn_v");
pub(super) const QKV: Name = Name::new("self_attn.qkv_proj", "attn_qkv");
pub(super) const ATTENTION_OUTPUT: Name = Name::new("self_attn.o_proj", "attn_output");
pub(super) const QUERY_NORM: Name = Name::new("self_attn.q_norm", "attn_q_norm");
pub(super) const KEY_NORM: Name = Name::new("self_attn.k_norm", "attn_k_norm");
pub(super) const ATTENTION_NORM: Name = Name::new("input_layernorm", "attn_norm");
/// The norm before the feed-forward network, in most architectures.
pub(super) const MLP_NORM: Name = Name::new("post_attention_layernorm", "ffn_norm");
pub(super) const GATE: Name = Name::new("mlp.gate_proj", "ffn_gate");
pub(super) const UP: Name = Name::new("mlp.up_proj", "ffn_up");
pub(super) const DOWN: Name = Name::new("mlp.down_proj", "ffn_down");
/// Gate and up in one matrix; GGUF files call it as they call `up`.
pub(super) const GATE_UP: Name = Name::new("mlp.gate_up_proj", "ffn_up");

/// Sizes of a model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) n_layers: usize,
    pub(super) hidden: usize,
    pub(super) heads: Heads,
    pub(super) norm_eps: f32,
    pub(super) context_tokens: usize,
}

/// What the attention of a layer has besides its weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct AttentionPlan {
    pub(super) rope_idx: Option<usize>,
    pub(super) window: Option<usize>,
    pub(super) scale: f32,
    pub(super) softcap: Option<f32>,
}

/// How the weights of norms are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NormStyle {
    /// As they are used.
    Plain,
    /// One less than they are used: Gemma in Hugging Face's layout. (GGUF files have the one added.)
    LessOne,
}

impl Shape {
    pub(super) fn read(checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        let hidden = checkpoint.required(HIDDEN)?;
        let n_heads = checkpoint.required(N_HEADS)?;
        let n_kv_heads = checkpoint.number(N_KV_HEADS).unwrap_or(n_heads);
        if n_heads == 0 || n_kv_heads == 0 || !n_heads.is_multiple_of(n_kv_heads) {
            return Err(ModelError::Missing(format!(
                "number of heads: {n_heads} heads cannot share {n_kv_heads} key heads"
            )));
        }
        let head_dim = checkpoint.number(HEAD_DIM).unwrap_or(hidden / n_heads);
        Ok(Self {
            n_layers: checkpoint.required(N_LAYERS)?,
            hidden,
            heads: Heads { n_heads, n_kv_heads, key_dim: head_dim, value_dim: head_dim },
            norm_eps: narrow(checkpoint.float(NORM_EPS).unwrap_or(1e-6)),
            context_tokens: checkpoint.required(CONTEXT)?,
        })
    }

    /// 1/√d, the scale of most models.
    pub(super) fn usual_scale(&self) -> f32 {
        1.0 / (self.heads.key_dim as f32).sqrt()
    }

    pub(super) fn plan(&self) -> AttentionPlan {
        AttentionPlan { rope_idx: Some(0), window: None, scale: self.usual_scale(), softcap: None }
    }
}

/// Settings are written in decimal; models compute in 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "that is its purpose")]
pub(super) fn narrow(value: f64) -> f32 {
    value as f32
}

/// The window of each layer: listed one by one, or every `period`-th layer without one.
pub(super) fn windows(
    checkpoint: &Checkpoint,
    n_layers: usize,
    (window, period): (Option<usize>, usize),
) -> Vec<Option<usize>> {
    let types = checkpoint.config().and_then(|config| config.get("layer_types")?.as_array());
    let flags = checkpoint.flags(WINDOW_PATTERN);
    let period = checkpoint.number(WINDOW_PATTERN).unwrap_or(period);
    let has_window = |idx: usize| {
        let of_type =
            types.and_then(|types| types.get(idx)).map(|kind| kind == "sliding_attention");
        let of_flag = flags.as_ref().and_then(|flags| flags.get(idx).copied());
        of_type.or(of_flag).unwrap_or(!(idx + 1).is_multiple_of(period))
    };
    let window = window.filter(|window| *window > 0);
    (0..n_layers).map(|idx| window.filter(|_| has_window(idx))).collect()
}

pub(super) fn matrix(
    checkpoint: &mut Checkpoint,
    names: &[Name],
    layer: Option<usize>,
) -> Result<Matrix, ModelError> {
    let tensors = names.iter().map(|name| checkpoint.tensor(*name, layer));
    Matrix::stack(&tensors.collect::<Result<Vec<_>, _>>()?)
}

pub(super) fn norm(
    checkpoint: &mut Checkpoint,
    name: Name,
    layer: Option<usize>,
    (shape, style): (&Shape, NormStyle),
) -> Result<Norm, ModelError> {
    let mut weights = checkpoint.vector(name, layer)?;
    if style == NormStyle::LessOne {
        for weight in &mut weights {
            *weight += 1.0;
        }
    }
    Ok(Norm { weights, eps: shape.norm_eps })
}

/// Attention with one matrix for each of queries, keys and values, or with one for all; with biases
/// and with norms of queries and keys where the file has them.
pub(super) fn attention(
    checkpoint: &mut Checkpoint,
    layer: usize,
    (shape, style): (&Shape, NormStyle),
    plan: AttentionPlan,
) -> Result<Attention, ModelError> {
    let at = Some(layer);
    let split = [QUERY, KEY, VALUE];
    let names: &[Name] = if checkpoint.has(QKV, at) { &[QKV] } else { &split };
    let bias = if checkpoint.has_bias(names[0], at) {
        let parts = names.iter().map(|name| checkpoint.bias(*name, at));
        Some(parts.collect::<Result<Vec<_>, _>>()?.concat())
    } else {
        None
    };
    let mut head_norm = |name: Name| {
        let has = checkpoint.has(name, at);
        has.then(|| norm(checkpoint, name, at, (shape, style))).transpose()
    };
    let (query_norm, key_norm) = (head_norm(QUERY_NORM)?, head_norm(KEY_NORM)?);
    let qkv = matrix(checkpoint, names, at)?;
    let Heads { n_heads, n_kv_heads, key_dim, value_dim } = shape.heads;
    let n_wanted = n_heads * key_dim + n_kv_heads * (key_dim + value_dim);
    if qkv.n_out() != n_wanted {
        return Err(ModelError::Missing(format!(
            "attention of layer {layer}: it has {} outputs, its settings ask for {n_wanted}",
            qkv.n_out()
        )));
    }
    Ok(Attention {
        projection: Projection::Grouped(Grouped { qkv, bias, query_norm, key_norm }),
        heads: shape.heads,
        rope_idx: plan.rope_idx,
        window: plan.window,
        scale: plan.scale,
        softcap: plan.softcap,
        output: matrix(checkpoint, &[ATTENTION_OUTPUT], at)?,
        output_bias: optional_bias(checkpoint, ATTENTION_OUTPUT, layer)?,
    })
}

fn optional_bias(
    checkpoint: &mut Checkpoint,
    name: Name,
    layer: usize,
) -> Result<Option<Vec<f32>>, ModelError> {
    let has = checkpoint.has_bias(name, Some(layer));
    has.then(|| checkpoint.bias(name, Some(layer))).transpose()
}

/// A gated network with gate and up apart, or in one matrix.
pub(super) fn gated(
    checkpoint: &mut Checkpoint,
    layer: usize,
    activation: Activation,
) -> Result<Gated, ModelError> {
    let at = Some(layer);
    if checkpoint.has_bias(DOWN, at) {
        return Err(ModelError::Unsupported {
            what: "the feed-forward network",
            found: "with biases".to_owned(),
            supported: "without biases".to_owned(),
        });
    }
    let is_split = checkpoint.has(GATE, at);
    let names: &[Name] = if is_split { &[GATE, UP] } else { &[GATE_UP] };
    Ok(Gated {
        gate_up: matrix(checkpoint, names, at)?,
        down: matrix(checkpoint, &[DOWN], at)?,
        activation,
    })
}

/// A network of one expert or of a shared one, from matrices that have been read.
pub(super) fn gated_of(
    checkpoint: &mut Checkpoint,
    [gate, up, down]: [Name; 3],
    layer: usize,
) -> Result<Gated, ModelError> {
    Ok(Gated {
        gate_up: matrix(checkpoint, &[gate, up], Some(layer))?,
        down: matrix(checkpoint, &[down], Some(layer))?,
        activation: Activation::Silu,
    })
}

/// The networks of all experts of a layer.
pub(super) fn experts(
    checkpoint: &mut Checkpoint,
    [gate, up, down]: [Name; 3],
    layer: usize,
    n_experts: usize,
) -> Result<Vec<Gated>, ModelError> {
    let gates = checkpoint.experts(gate, layer, n_experts)?;
    let ups = checkpoint.experts(up, layer, n_experts)?;
    let downs = checkpoint.experts(down, layer, n_experts)?;
    let all = gates.into_iter().zip(ups).zip(downs);
    all.map(|((gate, up), down)| {
        Ok(Gated {
            gate_up: Matrix::stack(&[gate, up])?,
            down: Matrix::stack(&[down])?,
            activation: Activation::Silu,
        })
    })
    .collect()
}

/// A decoder with plain embeddings and logits.
pub(super) fn decoder(
    checkpoint: &mut Checkpoint,
    (shape, style): (&Shape, NormStyle),
    layers: Vec<Layer>,
    ropes: Vec<Rope>,
) -> Result<Decoder, ModelError> {
    let is_tied = checkpoint.flag(Key::hf("tie_word_embeddings")) == Some(true);
    let has_output = !is_tied && checkpoint.has(OUTPUT, None);
    Ok(Decoder {
        embeddings: matrix(checkpoint, &[EMBEDDINGS], None)?,
        embedding_scale: 1.0,
        layers,
        norm: norm(checkpoint, OUTPUT_NORM, None, (shape, style))?,
        output: has_output.then(|| matrix(checkpoint, &[OUTPUT], None)).transpose()?,
        logit_rule: LogitRule { scale: 1.0, softcap: None },
        ropes,
        context_tokens: shape.context_tokens,
    })
}

/// Reads every layer.
pub(super) fn layers(
    checkpoint: &mut Checkpoint,
    n_layers: usize,
    read: impl Fn(&mut Checkpoint, usize) -> Result<Layer, ModelError>,
) -> Result<Vec<Layer>, ModelError> {
    (0..n_layers).map(|layer| read(checkpoint, layer)).collect()
}

/// A model with plain embeddings and logits.
pub(super) fn plain_model(
    checkpoint: &mut Checkpoint,
    shape: &Shape,
    layers: Vec<Layer>,
    rope: Rope,
) -> Result<Model, ModelError> {
    decoder(checkpoint, (shape, NormStyle::Plain), layers, vec![rope]).map(Model::Decoder)
}
