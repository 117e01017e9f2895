//! Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434), with keys and values expanded before
//! they are kept.

use super::attention::{Heads, Projected};
use super::norm::Norm;
use crate::backend::embedded::matrix::Matrix;
use crate::backend::embedded::rope::{Angles, Rope};

/// Matrices through a latent vector that is narrower than keys and values.
pub(in crate::backend::embedded) struct Latent {
    pub(in crate::backend::embedded) query: Query,
    /// The latent vector, then the rotated part of the keys that all heads share.
    pub(in crate::backend::embedded) down: Matrix,
    pub(in crate::backend::embedded) norm: Norm,
    /// From the latent vector, for each head: the part of its key that is not rotated, and its value.
    pub(in crate::backend::embedded) up: Matrix,
    /// Numbers of a key that are rotated: its last ones.
    pub(in crate::backend::embedded) n_rotated: usize,
}

/// How queries are made.
pub(in crate::backend::embedded) enum Query {
    Direct(Matrix),
    /// Through a latent vector of their own.
    Latent {
        down: Matrix,
        norm: Norm,
        up: Matrix,
    },
}

impl Latent {
    pub(super) fn project(
        &self,
        x: &[f32],
        n_rows: usize,
        heads: Heads,
        rope: Option<(&Rope, &[Angles])>,
    ) -> Projected {
        let n_plain = heads.key_dim - self.n_rotated;
        let mut queries = match &self.query {
            Query::Direct(matrix) => matrix.apply(x, n_rows),
            Query::Latent { down, norm, up } => {
                up.apply(&norm.apply(&down.apply(x, n_rows)), n_rows)
            }
        };
        let mut narrow = self.down.apply(x, n_rows);
        let n_latent = self.norm.weights.len();
        let mut latent = Vec::with_capacity(n_rows * n_latent);
        for (row, narrow) in narrow.chunks_exact_mut(self.down.n_out()).enumerate() {
            latent.extend(self.norm.apply(&narrow[..n_latent]));
            if let Some((rope, angles)) = rope {
                rope.rotate(&mut narrow[n_latent..], &angles[row]);
                let row_len = heads.n_heads * heads.key_dim;
                let queries = &mut queries[row * row_len..(row + 1) * row_len];
                for head in queries.chunks_exact_mut(heads.key_dim) {
                    rope.rotate(&mut head[n_plain..], &angles[row]);
                }
            }
        }
        let expanded = self.up.apply(&latent, n_rows);
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        let rows = expanded.chunks_exact(self.up.n_out());
        for (expanded, narrow) in rows.zip(narrow.chunks_exact(self.down.n_out())) {
            for head in expanded.chunks_exact(n_plain + heads.value_dim) {
                keys.extend_from_slice(&head[..n_plain]);
                keys.extend_from_slice(&narrow[n_latent..]);
                values.extend_from_slice(&head[n_plain..]);
            }
        }
        Projected { queries, keys, values }
    }
}
