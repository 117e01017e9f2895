//! Root-mean-square norms with their weights.

use crate::backend::embedded::math::rms_norm;

/// A norm of vectors as long as its weights.
pub(in crate::backend::embedded) struct Norm {
    pub(in crate::backend::embedded) weights: Vec<f32>,
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
