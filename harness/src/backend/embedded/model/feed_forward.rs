//! Gated feed-forward networks (Shazeer, arXiv 2002.05202).

use rayon::prelude::*;

use super::Experts;
use crate::backend::embedded::math::{gelu_tanh, silu};
use crate::backend::embedded::matrix::Matrix;

/// What follows the attention of a layer.
pub(in crate::backend::embedded) enum FeedForward {
    Gated(Gated),
    Experts(Experts),
}

/// down(activation(gate(x)) · up(x)).
pub(in crate::backend::embedded) struct Gated {
    /// The outputs of the gate, then those of `up`.
    pub(in crate::backend::embedded) gate_up: Matrix,
    pub(in crate::backend::embedded) down: Matrix,
    pub(in crate::backend::embedded) activation: Activation,
}

/// The function of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::backend::embedded) enum Activation {
    /// x · σ(x).
    Silu,
    /// GELU in its tanh form.
    GeluTanh,
}

impl FeedForward {
    pub(super) fn apply(&self, x: &[f32], n_rows: usize) -> Vec<f32> {
        match self {
            Self::Gated(gated) => gated.apply(x, n_rows),
            Self::Experts(experts) => experts.apply(x, n_rows),
        }
    }
}

impl Gated {
    pub(super) fn apply(&self, x: &[f32], n_rows: usize) -> Vec<f32> {
        let gate_up = self.gate_up.apply(x, n_rows);
        let n_inner = self.gate_up.n_out() / 2;
        let mut gated = vec![0.0; n_rows * n_inner];
        let rows = gated.par_chunks_exact_mut(n_inner).zip(gate_up.par_chunks_exact(2 * n_inner));
        rows.for_each(|(gated, gate_up)| {
            let (gate, up) = gate_up.split_at(n_inner);
            match self.activation {
                Activation::Silu => mix(gated, gate, up, silu),
                Activation::GeluTanh => mix(gated, gate, up, gelu_tanh),
            }
        });
        self.down.apply(&gated, n_rows)
    }
}

#[inline]
fn mix(gated: &mut [f32], gate: &[f32], up: &[f32], activation: impl Fn(f32) -> f32) {
    for ((gated, gate), up) in gated.iter_mut().zip(gate).zip(up) {
        *gated = activation(*gate) * up;
    }
}
