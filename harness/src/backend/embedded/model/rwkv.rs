//! RWKV-4 (Peng et al., arXiv 2305.13048): instead of attention, sums over all earlier tokens that
//! fade with time. A sequence is remembered in a state of fixed size.
//!
//! Matrices multiply all rows of a step together; only the sums run token after token. The halving of
//! the residual stream that 16-bit implementations need is left out: it cancels in the norms.

use rayon::prelude::*;

use super::norm::LayerNorm;
use super::rows::{Piece, Rows};
use crate::backend::embedded::math::{add_scaled, exp};
use crate::backend::embedded::matrix::Matrix;

/// The exponent of sums that hold nothing yet, as the reference has it.
const NOTHING: f32 = -1e38;

/// The weights.
pub(in crate::backend::embedded) struct Rwkv4 {
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
    pub(in crate::backend::embedded) time: TimeMix,
    pub(in crate::backend::embedded) channel: ChannelMix,
}

/// What takes the place of attention.
pub(in crate::backend::embedded) struct TimeMix {
    pub(in crate::backend::embedded) norm: LayerNorm,
    /// How much of a token's own vector enters; the rest is of the token before it.
    pub(in crate::backend::embedded) mix_key: Vec<f32>,
    pub(in crate::backend::embedded) mix_value: Vec<f32>,
    pub(in crate::backend::embedded) mix_receptance: Vec<f32>,
    /// What the exponents of earlier tokens change by with each token; negative.
    pub(in crate::backend::embedded) decay: Vec<f32>,
    /// What the current token's exponent has besides its key.
    pub(in crate::backend::embedded) first: Vec<f32>,
    pub(in crate::backend::embedded) key: Matrix,
    pub(in crate::backend::embedded) value: Matrix,
    pub(in crate::backend::embedded) receptance: Matrix,
    pub(in crate::backend::embedded) output: Matrix,
}

/// The feed-forward network.
pub(in crate::backend::embedded) struct ChannelMix {
    pub(in crate::backend::embedded) norm: LayerNorm,
    pub(in crate::backend::embedded) mix_key: Vec<f32>,
    pub(in crate::backend::embedded) mix_receptance: Vec<f32>,
    pub(in crate::backend::embedded) key: Matrix,
    pub(in crate::backend::embedded) receptance: Matrix,
    pub(in crate::backend::embedded) value: Matrix,
}

/// What a block remembers of a sequence.
struct Memory<'a> {
    /// The last token's input of the time mix, and of the channel mix.
    time_input: &'a mut [f32],
    channel_input: &'a mut [f32],
    sums: Sums<'a>,
}

/// For each channel the sums of exp(k − greatest) · v and of exp(k − greatest) over earlier tokens.
struct Sums<'a> {
    weighted: &'a mut [f32],
    weights: &'a mut [f32],
    greatest: &'a mut [f32],
}

/// Keys, values and receptances of consecutive tokens of one sequence.
#[derive(Clone, Copy)]
struct Signals<'a> {
    keys: &'a [f32],
    values: &'a [f32],
    receptances: &'a [f32],
}

impl Rwkv4 {
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
            block.apply(&mut x, &n_tokens, &mut memories);
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
            block.memory(&mut state[start..]).sums.greatest.fill(NOTHING);
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
        let logits = output.apply(&self.norm.apply(wanted), n_rows);
        logits.chunks_exact(output.n_out()).map(<[f32]>::to_vec).collect()
    }
}

impl RwkvBlock {
    /// Numbers of a sequence's state.
    fn n_state(&self) -> usize {
        2 * self.time.mix_key.len() + 3 * self.time.decay.len()
    }

    fn memory<'a>(&self, state: &'a mut [f32]) -> Memory<'a> {
        let (width, n_channels) = (self.time.mix_key.len(), self.time.decay.len());
        let (time_input, state) = state.split_at_mut(width);
        let (channel_input, state) = state.split_at_mut(width);
        let (weighted, state) = state.split_at_mut(n_channels);
        let (weights, greatest) = state.split_at_mut(n_channels);
        Memory { time_input, channel_input, sums: Sums { weighted, weights, greatest } }
    }

    /// Adds both parts' outputs to the rows of `x`, of which each sequence has `n_tokens`.
    fn apply(&self, x: &mut [f32], n_tokens: &[usize], memories: &mut [Memory<'_>]) {
        let input = self.time.norm.apply(x);
        let last = memories.iter_mut().map(|memory| &mut *memory.time_input);
        let shifted = shift(&input, n_tokens, last);
        let output = self.time.apply((&input, &shifted), n_tokens, memories);
        add_scaled(x, 1.0, &output);
        let input = self.channel.norm.apply(x);
        let last = memories.iter_mut().map(|memory| &mut *memory.channel_input);
        let shifted = shift(&input, n_tokens, last);
        add_scaled(x, 1.0, &self.channel.apply(&input, &shifted));
    }
}

impl TimeMix {
    fn apply(
        &self,
        (input, shifted): (&[f32], &[f32]),
        n_tokens: &[usize],
        memories: &mut [Memory<'_>],
    ) -> Vec<f32> {
        let n_rows = n_tokens.iter().sum();
        let project =
            |matrix: &Matrix, share: &[f32]| matrix.apply(&blend(input, shifted, share), n_rows);
        let keys = project(&self.key, &self.mix_key);
        let values = project(&self.value, &self.mix_value);
        let receptances = project(&self.receptance, &self.mix_receptance);
        let mut gathered = vec![0.0; keys.len()];
        let (mut rest, mut start, mut parts) = (gathered.as_mut_slice(), 0, Vec::new());
        for (n_tokens, memory) in n_tokens.iter().zip(memories) {
            let len = n_tokens * self.decay.len();
            let (part, after) = rest.split_at_mut(len);
            let range = start..start + len;
            let signals = Signals {
                keys: &keys[range.clone()],
                values: &values[range.clone()],
                receptances: &receptances[range],
            };
            parts.push((part, signals, &mut memory.sums));
            (rest, start) = (after, start + len);
        }
        parts.into_par_iter().for_each(|(part, signals, sums)| self.gather(part, signals, sums));
        self.output.apply(&gathered, n_rows)
    }

    /// The sums after each token of one sequence, let through as far as its receptance says.
    fn gather(&self, gathered: &mut [f32], signals: Signals<'_>, sums: &mut Sums<'_>) {
        let n_channels = self.decay.len();
        for (row, gathered) in gathered.chunks_exact_mut(n_channels).enumerate() {
            let start = row * n_channels;
            for (channel, gathered) in gathered.iter_mut().enumerate() {
                let at = start + channel;
                let rates = (self.first[channel], self.decay[channel]);
                let mean = sums.take_in(channel, (signals.keys[at], signals.values[at]), rates);
                *gathered = sigmoid(signals.receptances[at]) * mean;
            }
        }
    }
}

impl Sums<'_> {
    /// The weighted mean of a channel's values with the current one, which then joins the sums. All
    /// exponents are taken relative to the greatest, so that none overflows (appendix of the paper).
    #[inline]
    fn take_in(
        &mut self,
        channel: usize,
        (key, value): (f32, f32),
        (first, decay): (f32, f32),
    ) -> f32 {
        let (weighted, weights) = (self.weighted[channel], self.weights[channel]);
        let (past, now) = shares(self.greatest[channel], key + first);
        let mean = (past * weighted + now * value) / (past * weights + now);
        let faded = self.greatest[channel] + decay;
        let (past, now) = shares(faded, key);
        self.weighted[channel] = past * weighted + now * value;
        self.weights[channel] = past * weights + now;
        self.greatest[channel] = faded.max(key);
        mean
    }
}

impl ChannelMix {
    fn apply(&self, input: &[f32], shifted: &[f32]) -> Vec<f32> {
        let n_rows = input.len() / self.mix_key.len();
        let mut inner = self.key.apply(&blend(input, shifted, &self.mix_key), n_rows);
        for value in &mut inner {
            *value = value.max(0.0).powi(2);
        }
        let receptances = blend(input, shifted, &self.mix_receptance);
        let receptances = self.receptance.apply(&receptances, n_rows);
        let mut output = self.value.apply(&inner, n_rows);
        for (output, receptance) in output.iter_mut().zip(receptances) {
            *output *= sigmoid(receptance);
        }
        output
    }
}

/// For each row the one before it in its sequence; the last rows are kept for the next step.
fn shift<'a>(
    rows: &[f32],
    n_tokens: &[usize],
    last: impl Iterator<Item = &'a mut [f32]>,
) -> Vec<f32> {
    let mut shifted = Vec::with_capacity(rows.len());
    let mut rest = rows;
    for (n_tokens, last) in n_tokens.iter().zip(last) {
        let (rows, after) = rest.split_at(n_tokens * last.len());
        let (earlier, newest) = rows.split_at(rows.len() - last.len());
        shifted.extend_from_slice(last);
        shifted.extend_from_slice(earlier);
        last.copy_from_slice(newest);
        rest = after;
    }
    shifted
}

/// Each row and the one before it, in the shares that the channels have.
fn blend(rows: &[f32], shifted: &[f32], share: &[f32]) -> Vec<f32> {
    let pairs = rows.iter().zip(shifted).zip(share.iter().cycle());
    pairs.map(|((own, earlier), share)| own * share + earlier * (1.0 - share)).collect()
}

/// e^a and e^b, both divided by the greater.
#[inline]
fn shares(a: f32, b: f32) -> (f32, f32) {
    let greatest = a.max(b);
    (exp(a - greatest), exp(b - greatest))
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::backend::embedded::kv::Sequence;
    use crate::backend::embedded::model::Wanted;
    use crate::backend::embedded::weights::{Tensor, Values};

    const WIDTH: usize = 16;
    const N_CHANNELS: usize = 32;

    /// Numbers between −1 and 1 that look random (the generator of Numerical Recipes).
    struct Numbers(u32);

    impl Numbers {
        fn vector(&mut self, len: usize) -> Vec<f32> {
            let next = || {
                self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (self.0 >> 8) as f32 / 8_388_608.0 - 1.0
            };
            std::iter::repeat_with(next).take(len).collect()
        }

        fn matrix(&mut self, n_out: usize, n_in: usize) -> Matrix {
            let values = Values::F32(self.vector(n_out * n_in));
            Matrix::stack(&[Tensor { name: String::new(), n_in, values }]).expect("one tensor")
        }

        fn norm(&mut self) -> LayerNorm {
            LayerNorm { weights: self.vector(WIDTH), bias: self.vector(WIDTH), eps: 1e-5 }
        }

        fn block(&mut self) -> RwkvBlock {
            let time = TimeMix {
                norm: self.norm(),
                mix_key: self.vector(WIDTH),
                mix_value: self.vector(WIDTH),
                mix_receptance: self.vector(WIDTH),
                decay: self.vector(N_CHANNELS).iter().map(|rate| -rate.exp()).collect(),
                first: self.vector(N_CHANNELS),
                key: self.matrix(N_CHANNELS, WIDTH),
                value: self.matrix(N_CHANNELS, WIDTH),
                receptance: self.matrix(N_CHANNELS, WIDTH),
                output: self.matrix(WIDTH, N_CHANNELS),
            };
            let channel = ChannelMix {
                norm: self.norm(),
                mix_key: self.vector(WIDTH),
                mix_receptance: self.vector(WIDTH),
                key: self.matrix(24, WIDTH),
                receptance: self.matrix(WIDTH, WIDTH),
                value: self.matrix(WIDTH, 24),
            };
            RwkvBlock { time, channel }
        }
    }

    fn model() -> Rwkv4 {
        let mut numbers = Numbers(7);
        Rwkv4 {
            embeddings: numbers.matrix(20, WIDTH),
            embedding_norm: numbers.norm(),
            blocks: vec![numbers.block(), numbers.block()],
            norm: numbers.norm(),
            output: None,
            context_tokens: 64,
        }
    }

    /// Logits after every token of each of some sequences that run together.
    fn together(model: &Rwkv4, run: &mut [(Sequence, Vec<u32>)]) -> Vec<Vec<f32>> {
        let pieces = run.iter_mut().map(|(sequence, tokens)| Piece {
            sequence,
            tokens: tokens.as_slice(),
            logits: Wanted::All,
        });
        model.forward(&mut pieces.collect::<Vec<_>>())
    }

    #[test]
    fn a_sequence_is_the_same_alone_in_company_and_behind_a_shared_prompt() {
        let model = model();
        let (prompt, one, two) = (vec![3, 1, 4, 1, 5], vec![9, 2, 6], vec![5, 3]);
        let alone = |own: &[u32]| {
            let tokens = [prompt.as_slice(), own].concat();
            together(&model, &mut [(Sequence::default(), tokens)]).split_off(prompt.len())
        };
        let mut start = [(Sequence::default(), prompt[..2].to_vec())];
        together(&model, &mut start);
        start[0].1 = prompt[2..].to_vec();
        together(&model, &mut start);
        let shared = Arc::new(std::mem::take(&mut start[0].0.own));
        let from_prompt = || Sequence { prompt: Some(Arc::clone(&shared)), ..Sequence::default() };
        let mut run = [(from_prompt(), one.clone()), (from_prompt(), two.clone())];
        let logits = together(&model, &mut run);
        assert_eq!(logits, [alone(&one), alone(&two)].concat());
        assert_eq!(run.map(|(sequence, _)| sequence.n_positions()), [8, 7]);
    }
}
