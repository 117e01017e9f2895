//! The feed-forward network of RWKV.

use super::shift::Shifted;
use crate::backend::embedded::math::sigmoid;
use crate::backend::embedded::matrix::Matrix;

/// A network whose output passes as far as its receptance lets it.
pub(in crate::backend::embedded) struct ChannelMix {
    /// How much of a token's own vector enters; the rest is of the token before it.
    pub(in crate::backend::embedded) key_share: Vec<f32>,
    pub(in crate::backend::embedded) receptance_share: Vec<f32>,
    pub(in crate::backend::embedded) key: Matrix,
    pub(in crate::backend::embedded) receptance: Matrix,
    pub(in crate::backend::embedded) value: Matrix,
}

impl ChannelMix {
    pub(super) fn apply(&self, rows: &Shifted) -> Vec<f32> {
        let mut inner = self.key.apply(&rows.blend(&self.key_share), rows.n_rows);
        for value in &mut inner {
            *value = value.max(0.0).powi(2);
        }
        let receptances = rows.blend(&self.receptance_share);
        let receptances = self.receptance.apply(&receptances, rows.n_rows);
        let mut output = self.value.apply(&inner, rows.n_rows);
        for (output, receptance) in output.iter_mut().zip(receptances) {
            *output *= sigmoid(receptance);
        }
        output
    }
}
