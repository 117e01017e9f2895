//! RWKV-4 to RWKV-6: instead of attention, memories of all earlier tokens that fade with time. A
//! sequence is remembered in a state of fixed size.
//!
//! Matrices multiply all rows of a step together; only the memories run token after token.

mod channel;
mod heads;
mod lerp;
mod shift;
mod sums;

pub(in crate::backend::embedded) use channel::ChannelMix;
pub(in crate::backend::embedded) use heads::HeadMix;
pub(in crate::backend::embedded) use lerp::{FixedLerp, InputLerp, Lerp, LowRankShare, Projected};
pub(in crate::backend::embedded) use sums::SumMix;

use super::norm::LayerNorm;
use super::rows::{Piece, Rows};
use crate::backend::embedded::math::add_scaled;
use crate::backend::embedded::matrix::Matrix;
use shift::{Shifted, shift};

/// The weights.
pub(in crate::backend::embedded) struct Rwkv {
    pub(in crate::backend::embedded) embeddings: Matrix,
    pub(in crate::backend::embedded) embedding_norm: LayerNorm,
    pub(in crate::backend::embedded) blocks: Vec<RwkvBlock>,
    pub(in crate::backend::embedded) norm: LayerNorm,
    /// `None` where the embeddings serve as the output matrix.
    pub(in crate::backend::embedded) output: Option<Matrix>,
    pub(in crate::backend::embedded) context_tokens: usize,
}

/// One layer.
pub(in crate::backend::embedded) struct RwkvBlock {
    pub(in crate::backend::embedded) time_norm: LayerNorm,
    pub(in crate::backend::embedded) time: TimeMix,
    pub(in crate::backend::embedded) channel_norm: LayerNorm,
    pub(in crate::backend::embedded) channel: ChannelMix,
    /// What the outputs of both mixes are multiplied by. Files made for 16-bit programs hold smaller
    /// output matrices in later layers, and those programs halve the residual stream to match.
    pub(in crate::backend::embedded) output_scale: f32,
}

/// What takes the place of attention.
pub(in crate::backend::embedded) enum TimeMix {
    /// RWKV-4: two sums for each channel.
    Sums(Box<SumMix>),
    /// RWKV-5 and RWKV-6: a matrix for each head.
    Heads(Box<HeadMix>),
}

/// What a block remembers of a sequence.
struct Memory<'a> {
    /// The last token's input of the time mix, and of the channel mix.
    time_input: &'a mut [f32],
    channel_input: &'a mut [f32],
    /// What the time mix made of all tokens.
    past: &'a mut [f32],
}

impl Rwkv {
    /// Bytes of a sequence's state.
    pub(super) fn state_bytes(&self) -> usize {
        self.blocks.iter().map(RwkvBlock::n_state).sum::<usize>() * size_of::<f32>()
    }

    pub(super) fn forward(&self, pieces: &mut [Piece<'_>]) -> Vec<Vec<f32>> {
        let rows = Rows::of(pieces);
        let n_tokens: Vec<usize> = pieces.iter().map(|piece| piece.tokens.len()).collect();
        let mut states: Vec<&mut [f32]> =
            pieces.iter_mut().map(|piece| piece.sequence.state(|| self.empty_state())).collect();
        let mut x = self.embed(&rows.tokens);
        for block in &self.blocks {
            let mut memories = Vec::with_capacity(states.len());
            for state in &mut states {
                let (own, rest) = std::mem::take(state).split_at_mut(block.n_state());
                memories.push(block.memory(own));
                *state = rest;
            }
            block.apply(&mut x, &n_tokens, memories);
        }
        for piece in pieces.iter_mut() {
            piece.sequence.own.advance(piece.tokens.len());
        }
        self.logits(&rows.wanted_of(&x))
    }

    fn empty_state(&self) -> Vec<f32> {
        let mut state = Vec::new();
        for block in &self.blocks {
            let start = state.len();
            state.resize(start + block.n_state(), 0.0);
            block.time.forget(block.memory(&mut state[start..]).past);
        }
        state
    }

    fn embed(&self, tokens: &[u32]) -> Vec<f32> {
        let embeddings = tokens.iter().map(|token| self.embeddings.weights_of(*token as usize));
        self.embedding_norm.apply(&embeddings.collect::<Vec<_>>().concat())
    }

    fn logits(&self, wanted: &[f32]) -> Vec<Vec<f32>> {
        if wanted.is_empty() {
            return Vec::new();
        }
        let output = self.output.as_ref().unwrap_or(&self.embeddings);
        let n_rows = wanted.len() / self.norm.weights.len();
        output.apply_apart(&self.norm.apply(wanted), n_rows)
    }
}

impl RwkvBlock {
    /// Numbers of a sequence's state.
    fn n_state(&self) -> usize {
        2 * self.time_norm.weights.len() + self.time.n_past()
    }

    fn memory<'a>(&self, state: &'a mut [f32]) -> Memory<'a> {
        let width = self.time_norm.weights.len();
        let (time_input, state) = state.split_at_mut(width);
        let (channel_input, past) = state.split_at_mut(width);
        Memory { time_input, channel_input, past }
    }

    /// Adds both mixes' outputs to the rows of `x`, of which each sequence has `n_tokens`.
    fn apply(&self, x: &mut [f32], n_tokens: &[usize], memories: Vec<Memory<'_>>) {
        let (mut time_inputs, mut channel_inputs, mut pasts) = (Vec::new(), Vec::new(), Vec::new());
        for memory in memories {
            time_inputs.push(memory.time_input);
            channel_inputs.push(memory.channel_input);
            pasts.push(memory.past);
        }
        let n_rows = n_tokens.iter().sum();
        let own = self.time_norm.apply(x);
        let earlier = shift(&own, n_tokens, time_inputs);
        let output = self.time.apply(&Shifted { own, earlier, n_rows }, n_tokens, pasts);
        add_scaled(x, self.output_scale, &output);
        let own = self.channel_norm.apply(x);
        let earlier = shift(&own, n_tokens, channel_inputs);
        add_scaled(x, self.output_scale, &self.channel.apply(&Shifted { own, earlier, n_rows }));
    }
}

impl TimeMix {
    /// Numbers that it remembers of a sequence.
    fn n_past(&self) -> usize {
        match self {
            Self::Sums(mix) => mix.n_past(),
            Self::Heads(mix) => mix.n_past(),
        }
    }

    /// Makes the memory that of a sequence without tokens.
    fn forget(&self, past: &mut [f32]) {
        match self {
            Self::Sums(mix) => mix.forget(past),
            Self::Heads(_) => past.fill(0.0),
        }
    }

    fn apply(&self, rows: &Shifted, n_tokens: &[usize], pasts: Vec<&mut [f32]>) -> Vec<f32> {
        match self {
            Self::Sums(mix) => mix.apply(rows, n_tokens, pasts),
            Self::Heads(mix) => mix.apply(rows, n_tokens, pasts),
        }
    }
}
