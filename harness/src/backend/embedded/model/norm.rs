//! Norms with their weights.

use crate::backend::embedded::math::{dot, rms_norm, sum};

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

impl Norm {
    /// Each vector of `x`, normed.
    pub(super) fn apply(&self, x: &[f32]) -> Vec<f32> {
        rms_norm(x, &self.weights, self.eps)
    }

    pub(super) fn apply_to(&self, x: &mut [f32]) {
        x.copy_from_slice(&self.apply(x));
    }
}

impl LayerNorm {
    /// Each vector of `x`, normed.
    pub(super) fn apply(&self, x: &[f32]) -> Vec<f32> {
        let n = self.weights.len() as f32;
        let mut normed = Vec::with_capacity(x.len());
        for row in x.chunks_exact(self.weights.len()) {
            let mean = sum(row) / n;
            let centred: Vec<f32> = row.iter().map(|value| value - mean).collect();
            let factor = 1.0 / (dot(&centred, &centred) / n + self.eps).sqrt();
            let parts = centred.iter().zip(&self.weights).zip(&self.bias);
            normed.extend(parts.map(|((value, weight), bias)| value * factor * weight + bias));
        }
        normed
    }
}
