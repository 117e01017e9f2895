//! How RWKV-5 and RWKV-6 mix tokens with those before them, and how fast their memories fade.

use super::shift::Shifted;
use crate::backend::embedded::math::{exp, tanh};
use crate::backend::embedded::matrix::Matrix;

/// One thing for each of the projections of a token.
pub(in crate::backend::embedded) struct Projected<T> {
    pub(in crate::backend::embedded) key: T,
    pub(in crate::backend::embedded) value: T,
    pub(in crate::backend::embedded) receptance: T,
    pub(in crate::backend::embedded) gate: T,
}

/// Where the mixture and the decay come from.
pub(in crate::backend::embedded) enum Lerp {
    /// RWKV-5: they are the same for all tokens.
    Fixed(FixedLerp),
    /// RWKV-6: each token changes them through matrices of low rank.
    OfInput(Box<InputLerp>),
}

/// Mixtures and decays that do not depend on the tokens.
pub(in crate::backend::embedded) struct FixedLerp {
    /// How much of a token's own vector enters; the rest is of the token before it.
    pub(in crate::backend::embedded) own_shares: Projected<Vec<f32>>,
    /// What is left of a memory after each token, between 0 and 1.
    pub(in crate::backend::embedded) decay: Vec<f32>,
}

/// Mixtures and decays that depend on the tokens.
pub(in crate::backend::embedded) struct InputLerp {
    /// How far a token moves towards the one before it for `narrow` to read.
    pub(in crate::backend::embedded) share: Vec<f32>,
    /// The inner numbers of the decay's share, then of those of key, value, receptance and gate.
    pub(in crate::backend::embedded) narrow: Matrix,
    pub(in crate::backend::embedded) shares: Projected<LowRankShare>,
    pub(in crate::backend::embedded) decay_share: LowRankShare,
    /// What each token adds to `decay`.
    pub(in crate::backend::embedded) decay_narrow: Matrix,
    pub(in crate::backend::embedded) decay_widen: Matrix,
    /// The logarithm of the rate at which memories fade.
    pub(in crate::backend::embedded) decay: Vec<f32>,
}

/// How far a token moves towards the one before it.
pub(in crate::backend::embedded) struct LowRankShare {
    pub(in crate::backend::embedded) base: Vec<f32>,
    /// What the inner numbers add to `base`.
    pub(in crate::backend::embedded) widen: Matrix,
}

/// The number of shares whose inner numbers one matrix gives.
const N_SHARES: usize = 5;

impl Lerp {
    /// What the projections read, and what is left of memories after each token.
    pub(super) fn apply(&self, rows: &Shifted) -> (Projected<Vec<f32>>, Vec<f32>) {
        match self {
            Self::Fixed(fixed) => fixed.apply(rows),
            Self::OfInput(of_input) => of_input.apply(rows),
        }
    }
}

impl FixedLerp {
    fn apply(&self, rows: &Shifted) -> (Projected<Vec<f32>>, Vec<f32>) {
        let Projected { key, value, receptance, gate } = &self.own_shares;
        let inputs = Projected {
            key: rows.blend(key),
            value: rows.blend(value),
            receptance: rows.blend(receptance),
            gate: rows.blend(gate),
        };
        (inputs, self.decay.repeat(rows.n_rows))
    }
}

impl InputLerp {
    fn apply(&self, rows: &Shifted) -> (Projected<Vec<f32>>, Vec<f32>) {
        let mixed = rows.lerp(self.share.iter().copied().cycle());
        let inner = tanh_of(self.narrow.apply(&mixed, rows.n_rows));
        let rank = self.narrow.n_out() / N_SHARES;
        let input = |share: &LowRankShare, idx: usize| {
            let parts = inner.chunks_exact(rank).skip(idx).step_by(N_SHARES);
            let changes =
                share.widen.apply(&parts.flatten().copied().collect::<Vec<_>>(), rows.n_rows);
            let bases = share.base.iter().cycle();
            rows.lerp(changes.iter().zip(bases).map(|(change, base)| base + change))
        };
        let decays = self.decays(&input(&self.decay_share, 0), rows.n_rows);
        let Projected { key, value, receptance, gate } = &self.shares;
        let inputs = Projected {
            key: input(key, 1),
            value: input(value, 2),
            receptance: input(receptance, 3),
            gate: input(gate, 4),
        };
        (inputs, decays)
    }

    fn decays(&self, input: &[f32], n_rows: usize) -> Vec<f32> {
        let inner = tanh_of(self.decay_narrow.apply(input, n_rows));
        let changes = self.decay_widen.apply(&inner, n_rows);
        let rates = changes.iter().zip(self.decay.iter().cycle());
        rates.map(|(change, base)| exp(-exp(base + change))).collect()
    }
}

fn tanh_of(mut values: Vec<f32>) -> Vec<f32> {
    for value in &mut values {
        *value = tanh(*value);
    }
    values
}
