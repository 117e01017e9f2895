//! `OLMo` 2 (arXiv 2501.00656): norms after the parts instead of before, and norms of all queries and
//! all keys of a token. `OLMo` 3 (Ai2) gives three layers of four a window and stretches the positions
//! of the others only; its GGUF files call themselves olmo2.

use super::parts::{self, AttentionPlan, NormStyle, Shape, WINDOW};
use super::ropes;
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::model::{Activation, FeedForward, Layer, Model, Norms};
use crate::backend::embedded::rope::{Base, Pairs, Rope, Stretch};
use crate::backend::embedded::weights::{Checkpoint, Name};

const AFTER_ATTENTION: Name = Name::new("post_attention_layernorm", "post_attention_norm");
const AFTER_MLP: Name = Name::new("post_feedforward_layernorm", "post_ffw_norm");

/// Of so many layers the last one has no window (llama.cpp, `olmo2.cpp`).
const PERIOD: usize = 4;

pub(super) fn build(checkpoint: &mut Checkpoint) -> Result<Model, ModelError> {
    let shape = Shape::read(checkpoint)?;
    let whole = ropes::rope(checkpoint, &shape, shape.heads.key_dim, Pairs::Halves)?;
    let base = Base { theta: ropes::theta(checkpoint), n_rotated: shape.heads.key_dim };
    let local = Rope::new(Pairs::Halves, base, &Stretch::None);
    let window = checkpoint.number(WINDOW);
    let windows = parts::windows(checkpoint, shape.n_layers, (window, PERIOD));
    let style = (&shape, NormStyle::Plain);
    let layers = parts::layers(checkpoint, shape.n_layers, |checkpoint, idx| {
        let mut norm = |name| parts::norm(checkpoint, name, Some(idx), style).map(Some);
        let norms = Norms {
            after_attention: norm(AFTER_ATTENTION)?,
            after_feed_forward: norm(AFTER_MLP)?,
            ..Norms::default()
        };
        let (window, rope_idx) = (windows[idx], Some(usize::from(windows[idx].is_some())));
        let plan = AttentionPlan { rope_idx, window, ..shape.plan() };
        Ok(Layer {
            attention: parts::attention(checkpoint, idx, style, plan)?,
            feed_forward: FeedForward::Gated(parts::gated(checkpoint, idx, Activation::Silu)?),
            norms,
            residual_scale: 1.0,
        })
    })?;
    parts::decoder(checkpoint, style, layers, vec![whole, local]).map(Model::Decoder)
}
