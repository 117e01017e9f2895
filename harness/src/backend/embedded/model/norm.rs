//! Norms with their weights.

use crate::backend::embedded::math::{dot, rms_norm, rms_norm_in_place, sum};

/// A root-mean-square norm of vectors as long as its weights.
pub(in crate::backend::embedded) struct Norm {
    pub(in crate::backend::embedded) weights: Vec<f32>,
    pub(in crate::backend::embedded) eps: f32,
}

/// A layer norm (Ba et al., arXiv 1607.06450) of vectors as long as its weights.
pub(in crate::backend::embedded) struct LayerNorm {
    pub(in crate::backend::embedded) weights: Vec<f32>,
    pub(in crate::backend::embedded) bias: Vec<f32>,
    pub(in crate::backend::embedded) eps: f32,
}

/// A layer norm of every run of `group_len` numbers of a vector (Wu and He, arXiv 1803.08494), with
/// weights for the whole vector.
pub(in crate::backend::embedded) struct GroupNorm {
    pub(in crate::backend::embedded) weights: Vec<f32>,
    pub(in crate::backend::embedded) bias: Vec<f32>,
    pub(in crate::backend::embedded) group_len: usize,
    pub(in crate::backend::embedded) eps: f32,
}

impl Norm {
    /// Each vector of `x`, normed.
    pub(super) fn apply(&self, x: &[f32]) -> Vec<f32> {
        rms_norm(x, &self.weights, self.eps)
    }

    pub(super) fn apply_to(&self, x: &mut [f32]) {
        rms_norm_in_place(x, &self.weights, self.eps);
    }
}

impl LayerNorm {
    /// Each vector of `x`, normed.
    pub(super) fn apply(&self, x: &[f32]) -> Vec<f32> {
        normed(x, self.weights.len(), self.eps, (&self.weights, &self.bias))
    }
}

impl GroupNorm {
    /// Each vector of `x`, normed.
    pub(super) fn apply(&self, x: &[f32]) -> Vec<f32> {
        normed(x, self.group_len, self.eps, (&self.weights, &self.bias))
    }
}

/// Runs of `len` numbers with mean 0 and variance 1, scaled and moved.
fn normed(x: &[f32], len: usize, eps: f32, (weights, bias): (&[f32], &[f32])) -> Vec<f32> {
    let mut normed = Vec::with_capacity(x.len());
    let mut affine = weights.iter().zip(bias).cycle();
    for run in x.chunks_exact(len) {
        let mean = sum(run) / len as f32;
        let centred: Vec<f32> = run.iter().map(|value| value - mean).collect();
        let factor = 1.0 / (dot(&centred, &centred) / len as f32 + eps).sqrt();
        let parts = centred.iter().zip(&mut affine);
        normed.extend(parts.map(|(value, (weight, bias))| value * factor * weight + bias));
    }
    normed
}
