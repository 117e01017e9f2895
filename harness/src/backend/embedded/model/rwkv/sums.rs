//! The time mix of RWKV-4 (Peng et al., arXiv 2305.13048): for each channel a mean of values,
//! weighted by keys and by time.

use rayon::prelude::*;

use super::shift::Shifted;
use crate::backend::embedded::math::{exp, sigmoid};
use crate::backend::embedded::matrix::Matrix;

/// The exponent of sums that hold nothing yet, as the reference has it.
const NOTHING: f32 = -1e38;

/// The weights.
pub(in crate::backend::embedded) struct SumMix {
    /// How much of a token's own vector enters; the rest is of the token before it.
    pub(in crate::backend::embedded) key_share: Vec<f32>,
    pub(in crate::backend::embedded) value_share: Vec<f32>,
    pub(in crate::backend::embedded) receptance_share: Vec<f32>,
    /// What the exponents of earlier tokens change by with each token; negative.
    pub(in crate::backend::embedded) decay: Vec<f32>,
    /// What the current token's exponent has besides its key.
    pub(in crate::backend::embedded) first: Vec<f32>,
    pub(in crate::backend::embedded) key: Matrix,
    pub(in crate::backend::embedded) value: Matrix,
    pub(in crate::backend::embedded) receptance: Matrix,
    pub(in crate::backend::embedded) output: Matrix,
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

impl SumMix {
    pub(super) fn n_past(&self) -> usize {
        3 * self.decay.len()
    }

    pub(super) fn forget(&self, past: &mut [f32]) {
        past.fill(0.0);
        self.sums(past).greatest.fill(NOTHING);
    }

    fn sums<'a>(&self, past: &'a mut [f32]) -> Sums<'a> {
        let (weighted, past) = past.split_at_mut(self.decay.len());
        let (weights, greatest) = past.split_at_mut(self.decay.len());
        Sums { weighted, weights, greatest }
    }

    pub(super) fn apply(
        &self,
        rows: &Shifted,
        n_tokens: &[usize],
        pasts: Vec<&mut [f32]>,
    ) -> Vec<f32> {
        let project =
            |matrix: &Matrix, share: &[f32]| matrix.apply(&rows.blend(share), rows.n_rows);
        let keys = project(&self.key, &self.key_share);
        let values = project(&self.value, &self.value_share);
        let receptances = project(&self.receptance, &self.receptance_share);
        let mut gathered = vec![0.0; keys.len()];
        let (mut rest, mut start, mut units) = (gathered.as_mut_slice(), 0, Vec::new());
        for (n_tokens, past) in n_tokens.iter().zip(pasts) {
            let len = n_tokens * self.decay.len();
            let (part, after) = rest.split_at_mut(len);
            let range = start..start + len;
            let signals = Signals {
                keys: &keys[range.clone()],
                values: &values[range.clone()],
                receptances: &receptances[range],
            };
            units.push((part, signals, self.sums(past)));
            (rest, start) = (after, start + len);
        }
        units.into_par_iter().for_each(|(part, signals, sums)| self.gather(part, signals, sums));
        self.output.apply(&gathered, rows.n_rows)
    }

    /// The sums after each token of one sequence, let through as far as its receptance says.
    fn gather(&self, gathered: &mut [f32], signals: Signals<'_>, mut sums: Sums<'_>) {
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

/// e^a and e^b, both divided by the greater.
#[inline]
fn shares(a: f32, b: f32) -> (f32, f32) {
    let greatest = a.max(b);
    (exp(a - greatest), exp(b - greatest))
}
