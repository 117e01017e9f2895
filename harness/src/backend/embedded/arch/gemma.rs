//! Gemma 1 (arXiv 2403.08295), Gemma 2 (arXiv 2408.00118) and the text part of Gemma 3 (arXiv
//! 2503.19786).

use serde_json::Value;

use super::parts::{
    self, ATTENTION_NORM, AttentionPlan, HIDDEN, MLP_NORM, NormStyle, Shape, WINDOW,
};
use super::ropes;
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::model::{
    Activation, Decoder, FeedForward, Layer, LogitRule, Model, Norms,
};
use crate::backend::embedded::rope::{Base, Pairs, Rope, Stretch};
use crate::backend::embedded::weights::{Checkpoint, Key, Name};

const AFTER_ATTENTION: Name = Name::new("post_attention_layernorm", "post_attention_norm");
const BEFORE_MLP: Name = Name::new("pre_feedforward_layernorm", "ffn_norm");
const AFTER_MLP: Name = Name::new("post_feedforward_layernorm", "post_ffw_norm");
const SCORE_CAP: Key = Key::both("attn_logit_softcapping", "attn_logit_softcapping");
const LOGIT_CAP: Key = Key::both("final_logit_softcapping", "final_logit_softcapping");
const QUERY_SCALAR: Key = Key::hf("query_pre_attn_scalar");

/// Layers of the 27B models, whose scores are divided by √(hidden/heads) instead of √(head size).
/// GGUF files do not say it (llama.cpp, `llama_model::load_hparams`).
const N_LAYERS_27B: [usize; 2] = [46, 62];

/// The window of Gemma 2 where the file does not say it (llama.cpp, `gemma2.cpp`).
const USUAL_WINDOW: usize = 4096;

pub(super) fn build_1(checkpoint: &mut Checkpoint) -> Result<Model, ModelError> {
    let shape = Shape::read(checkpoint)?;
    let rope = ropes::rope(checkpoint, &shape, shape.heads.key_dim, Pairs::Halves)?;
    let style = norm_style(checkpoint);
    let layers = parts::layers(checkpoint, shape.n_layers, |checkpoint, idx| {
        let mut norm = |name| parts::norm(checkpoint, name, Some(idx), (&shape, style));
        let norms = Norms {
            before_attention: Some(norm(ATTENTION_NORM)?),
            before_feed_forward: Some(norm(MLP_NORM)?),
            ..Norms::default()
        };
        layer(checkpoint, idx, (&shape, style), (norms, shape.plan()))
    })?;
    finish(checkpoint, (&shape, style), layers, vec![rope])
}

pub(super) fn build_2(checkpoint: &mut Checkpoint) -> Result<Model, ModelError> {
    let shape = Shape::read(checkpoint)?;
    let rope = ropes::rope(checkpoint, &shape, shape.heads.key_dim, Pairs::Halves)?;
    let window = checkpoint.number(WINDOW).unwrap_or(USUAL_WINDOW);
    let windows = parts::windows(checkpoint, shape.n_layers, (Some(window), 2));
    let plan = AttentionPlan {
        scale: scale(checkpoint, &shape),
        softcap: checkpoint.float(SCORE_CAP).map(parts::narrow),
        ..shape.plan()
    };
    let layers =
        four_norm_layers(checkpoint, &shape, |idx| AttentionPlan { window: windows[idx], ..plan })?;
    let style = norm_style(checkpoint);
    finish(checkpoint, (&shape, style), layers, vec![rope])
}

pub(super) fn build_3(checkpoint: &mut Checkpoint) -> Result<Model, ModelError> {
    let shape = Shape::read(checkpoint)?;
    let whole = ropes::rope(checkpoint, &shape, shape.heads.key_dim, Pairs::Halves)?;
    let theta = local_theta(checkpoint);
    let base = Base { theta, n_rotated: shape.heads.key_dim };
    let local = Rope::new(Pairs::Halves, base, &Stretch::None);
    let windows = parts::windows(checkpoint, shape.n_layers, (checkpoint.number(WINDOW), 6));
    let plan = AttentionPlan {
        scale: scale(checkpoint, &shape),
        softcap: checkpoint.float(SCORE_CAP).map(parts::narrow),
        ..shape.plan()
    };
    let layers = four_norm_layers(checkpoint, &shape, |idx| AttentionPlan {
        window: windows[idx],
        rope_idx: Some(usize::from(windows[idx].is_some())),
        ..plan
    })?;
    let style = norm_style(checkpoint);
    finish(checkpoint, (&shape, style), layers, vec![whole, local])
}

fn norm_style(checkpoint: &Checkpoint) -> NormStyle {
    if checkpoint.is_gguf() { NormStyle::Plain } else { NormStyle::LessOne }
}

fn scale(checkpoint: &Checkpoint, shape: &Shape) -> f32 {
    if let Some(scalar) = checkpoint.float(QUERY_SCALAR) {
        return parts::narrow(scalar.powf(-0.5));
    }
    if N_LAYERS_27B.contains(&shape.n_layers) {
        return 1.0 / ((shape.hidden / shape.heads.n_heads) as f32).sqrt();
    }
    shape.usual_scale()
}

/// The base of layers that see a window.
fn local_theta(checkpoint: &Checkpoint) -> f64 {
    let parameters = checkpoint.config().and_then(|config| config.get("rope_parameters"));
    let nested = parameters.and_then(|value| value["sliding_attention"]["rope_theta"].as_f64());
    let flat = checkpoint.float(Key::both("rope_local_base_freq", "rope.freq_base_swa"));
    nested.or(flat).unwrap_or(10_000.0)
}

fn four_norm_layers(
    checkpoint: &mut Checkpoint,
    shape: &Shape,
    plan: impl Fn(usize) -> AttentionPlan,
) -> Result<Vec<Layer>, ModelError> {
    let style = norm_style(checkpoint);
    parts::layers(checkpoint, shape.n_layers, |checkpoint, idx| {
        let mut norm = |name| parts::norm(checkpoint, name, Some(idx), (shape, style)).map(Some);
        let norms = Norms {
            before_attention: norm(ATTENTION_NORM)?,
            after_attention: norm(AFTER_ATTENTION)?,
            before_feed_forward: norm(BEFORE_MLP)?,
            after_feed_forward: norm(AFTER_MLP)?,
        };
        layer(checkpoint, idx, (shape, style), (norms, plan(idx)))
    })
}

fn layer(
    checkpoint: &mut Checkpoint,
    idx: usize,
    (shape, style): (&Shape, NormStyle),
    (norms, plan): (Norms, AttentionPlan),
) -> Result<Layer, ModelError> {
    Ok(Layer {
        attention: parts::attention(checkpoint, idx, (shape, style), plan)?,
        feed_forward: FeedForward::Gated(parts::gated(checkpoint, idx, activation(checkpoint))?),
        norms,
        residual_scale: 1.0,
    })
}

/// Files of derived models may name another activation than Gemma's own.
fn activation(checkpoint: &Checkpoint) -> Activation {
    let config = checkpoint.config();
    let named = config.and_then(|config| config.get("hidden_activation").and_then(Value::as_str));
    if named == Some("silu") { Activation::Silu } else { Activation::GeluTanh }
}

/// Embeddings are multiplied with √hidden.
fn finish(
    checkpoint: &mut Checkpoint,
    (shape, style): (&Shape, NormStyle),
    layers: Vec<Layer>,
    ropes: Vec<Rope>,
) -> Result<Model, ModelError> {
    let hidden = checkpoint.required(HIDDEN)?;
    let softcap = checkpoint.float(LOGIT_CAP).map(parts::narrow);
    let decoder = parts::decoder(checkpoint, (shape, style), layers, ropes)?;
    Ok(Model::Decoder(Decoder {
        embedding_scale: (hidden as f32).sqrt(),
        logit_rule: LogitRule { scale: 1.0, softcap },
        ..decoder
    }))
}
