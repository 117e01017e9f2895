//! Models: what turns tokens of many sequences into logits.

mod attend;
mod attention;
mod decoder;
mod experts;
mod feed_forward;
mod latent;
mod norm;
mod rows;
mod rwkv;

pub(super) use attention::{Attention, Grouped, Heads, Projection};
pub(super) use decoder::{Decoder, Layer, LogitRule, Norms};
pub(super) use experts::{Experts, Groups, Shared, Weighting};
pub(super) use feed_forward::{Activation, FeedForward, Gated};
pub(super) use latent::{Latent, Query};
pub(super) use norm::{GroupNorm, LayerNorm, Norm};
pub(super) use rows::{Piece, Wanted};
pub(super) use rwkv::{
    ChannelMix, FixedLerp, HeadMix, InputLerp, Lerp, LowRankShare, Projected, Rwkv, RwkvBlock,
    SumMix, TimeMix,
};

use super::kv::Kv;
use super::rope::Reach;

/// A model that can be run.
pub(super) enum Model {
    /// Layers of attention and feed-forward networks.
    Decoder(Decoder),
    /// Memories that fade with time, and feed-forward networks.
    Rwkv(Rwkv),
}

impl Model {
    pub(super) fn context_tokens(&self) -> usize {
        match self {
            Self::Decoder(decoder) => decoder.context_tokens,
            Self::Rwkv(rwkv) => rwkv.context_tokens,
        }
    }

    /// Bytes that a sequence of `n_tokens` needs.
    pub(super) fn memory_bytes(&self, n_tokens: usize) -> u64 {
        match self {
            Self::Decoder(decoder) => (n_tokens * decoder.kv_bytes_per_token()) as u64,
            Self::Rwkv(rwkv) => rwkv.state_bytes() as u64,
        }
    }

    /// The memory of a sequence that has seen nothing.
    pub(super) fn empty_memory(&self) -> Kv {
        match self {
            Self::Decoder(decoder) => decoder.empty_kv(),
            Self::Rwkv(_) => Kv::default(),
        }
    }

    /// How a sequence of `n_tokens` places its positions.
    pub(super) fn reach(&self, n_tokens: usize) -> Reach {
        let limit = match self {
            Self::Decoder(decoder) => decoder.short_limit(),
            Self::Rwkv(_) => None,
        };
        if limit.is_some_and(|limit| n_tokens > limit) { Reach::Long } else { Reach::Short }
    }

    /// Runs all pieces through the model at once, extends what their sequences remember, and returns
    /// the wanted logits in the order of the tokens.
    pub(super) fn forward(&self, pieces: &mut [Piece<'_>]) -> Vec<Vec<f32>> {
        match self {
            Self::Decoder(decoder) => decoder.forward(pieces),
            Self::Rwkv(rwkv) => rwkv.forward(pieces),
        }
    }
}
