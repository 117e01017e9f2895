//! Attention with keys and values of earlier positions.

use rayon::prelude::*;

use super::latent::Latent;
use super::norm::Norm;
use super::rows::{Piece, Rows};
use crate::backend::embedded::kv::Sequence;
use crate::backend::embedded::math::{add_scaled, dot, softmax, tanh};
use crate::backend::embedded::matrix::Matrix;
use crate::backend::embedded::rope::{Angles, Rope};

/// The attention of one layer.
pub(in crate::backend::embedded) struct Attention {
    pub(in crate::backend::embedded) projection: Projection,
    pub(in crate::backend::embedded) heads: Heads,
    /// Which of the model's ropes turns queries and keys.
    pub(in crate::backend::embedded) rope_idx: Option<usize>,
    /// Positions that a token sees, its own included; `None` for all.
    pub(in crate::backend::embedded) window: Option<usize>,
    /// What the products of queries and keys are multiplied with.
    pub(in crate::backend::embedded) scale: f32,
    /// Scores become c · tanh(score / c).
    pub(in crate::backend::embedded) softcap: Option<f32>,
    pub(in crate::backend::embedded) output: Matrix,
    pub(in crate::backend::embedded) output_bias: Option<Vec<f32>>,
}

/// Numbers and sizes of heads.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the names that papers and files use")]
pub(in crate::backend::embedded) struct Heads {
    pub(in crate::backend::embedded) n_heads: usize,
    pub(in crate::backend::embedded) n_kv_heads: usize,
    pub(in crate::backend::embedded) key_dim: usize,
    pub(in crate::backend::embedded) value_dim: usize,
}

/// How queries, keys and values are made.
pub(in crate::backend::embedded) enum Projection {
    /// One matrix; several query heads share a key head.
    Grouped(Grouped),
    /// Through a narrow latent vector.
    Latent(Latent),
}

/// One matrix whose outputs are queries, keys and values.
pub(in crate::backend::embedded) struct Grouped {
    pub(in crate::backend::embedded) qkv: Matrix,
    pub(in crate::backend::embedded) bias: Option<Vec<f32>>,
    /// A norm of each query head, or of all of them as one vector, by the number of its weights.
    pub(in crate::backend::embedded) query_norm: Option<Norm>,
    pub(in crate::backend::embedded) key_norm: Option<Norm>,
}

/// Queries, keys and values of some rows, each `[row][head][number]`.
pub(super) struct Projected {
    pub(super) queries: Vec<f32>,
    pub(super) keys: Vec<f32>,
    pub(super) values: Vec<f32>,
}

impl Attention {
    /// Appends keys and values of the rows to their sequences and returns what the rows gather.
    pub(super) fn apply(
        &self,
        (layer_idx, x): (usize, &[f32]),
        rows: &Rows,
        pieces: &mut [Piece<'_>],
        (ropes, angles): (&[Rope], &[Vec<Angles>]),
    ) -> Vec<f32> {
        let n_rows = rows.n_rows();
        let rope = self.rope_idx.map(|idx| (&ropes[idx], angles[idx].as_slice()));
        let projected = match &self.projection {
            Projection::Grouped(grouped) => grouped.project(x, n_rows, self.heads, rope),
            Projection::Latent(latent) => latent.project(x, n_rows, self.heads, rope),
        };
        let (keys, values) = (
            projected.keys.chunks_exact(self.heads.n_kv_heads * self.heads.key_dim),
            projected.values.chunks_exact(self.heads.n_kv_heads * self.heads.value_dim),
        );
        for ((piece, keys), values) in rows.pieces.iter().zip(keys).zip(values) {
            pieces[*piece].sequence.own.push(layer_idx, keys, values);
        }
        let mixed = self.mix(layer_idx, &projected.queries, rows, pieces);
        let mut gathered = self.output.apply(&mixed, n_rows);
        if let Some(bias) = &self.output_bias {
            add_to_each(&mut gathered, bias);
        }
        gathered
    }

    /// Attention of all rows; the query heads that share a key head go together.
    fn mix(
        &self,
        layer_idx: usize,
        queries: &[f32],
        rows: &Rows,
        pieces: &[Piece<'_>],
    ) -> Vec<f32> {
        let Heads { n_heads, n_kv_heads, key_dim, value_dim } = self.heads;
        let n_shared = n_heads / n_kv_heads;
        let mut mixed = vec![0.0; rows.n_rows() * n_heads * value_dim];
        let parts = mixed
            .par_chunks_mut(n_shared * value_dim)
            .zip(queries.par_chunks(n_shared * key_dim))
            .enumerate();
        parts.for_each(|(part, (mixed, queries))| {
            let (row, head) = (part / n_kv_heads, part % n_kv_heads);
            let sequence = &*pieces[rows.pieces[row]].sequence;
            self.gather((layer_idx, head), queries, (sequence, rows.positions[row]), mixed);
        });
        mixed
    }

    /// Attention of some query heads over one key head.
    fn gather(
        &self,
        (layer_idx, head): (usize, usize),
        queries: &[f32],
        (sequence, position): (&Sequence, usize),
        mixed: &mut [f32],
    ) {
        let Heads { key_dim, value_dim, .. } = self.heads;
        let first = self.window.map_or(0, |window| (position + 1).saturating_sub(window));
        let n_visible = position + 1 - first;
        let [(keys_a, values_a), (keys_b, values_b)] = sequence.runs(layer_idx, head);
        let keys = || {
            let all = keys_a.chunks_exact(key_dim).chain(keys_b.chunks_exact(key_dim));
            all.skip(first).take(n_visible)
        };
        let values = values_a.chunks_exact(value_dim).chain(values_b.chunks_exact(value_dim));
        let n_queries = queries.len() / key_dim;
        let mut scores = vec![0.0; n_queries * n_visible];
        for (query, scores) in queries.chunks_exact(key_dim).zip(scores.chunks_exact_mut(n_visible))
        {
            for (score, key) in scores.iter_mut().zip(keys()) {
                *score = dot(query, key) * self.scale;
            }
            if let Some(cap) = self.softcap {
                cap_all(scores, cap);
            }
            softmax(scores);
        }
        for (idx, value) in values.skip(first).take(n_visible).enumerate() {
            for (query, mixed) in mixed.chunks_exact_mut(value_dim).enumerate() {
                add_scaled(mixed, scores[query * n_visible + idx], value);
            }
        }
    }
}

impl Grouped {
    fn project(
        &self,
        x: &[f32],
        n_rows: usize,
        heads: Heads,
        rope: Option<(&Rope, &[Angles])>,
    ) -> Projected {
        let (n_q, n_k) = (heads.n_heads * heads.key_dim, heads.n_kv_heads * heads.key_dim);
        let mut qkv = self.qkv.apply(x, n_rows);
        if let Some(bias) = &self.bias {
            add_to_each(&mut qkv, bias);
        }
        let mut projected = Projected { queries: Vec::new(), keys: Vec::new(), values: Vec::new() };
        for (row, qkv) in qkv.chunks_exact_mut(self.qkv.n_out()).enumerate() {
            let (queries, rest) = qkv.split_at_mut(n_q);
            let (keys, values) = rest.split_at_mut(n_k);
            for (norm, vectors) in [(&self.query_norm, &mut *queries), (&self.key_norm, &mut *keys)]
            {
                if let Some(norm) = norm {
                    norm.apply_to(vectors);
                }
                if let Some((rope, angles)) = rope {
                    for head in vectors.chunks_exact_mut(heads.key_dim) {
                        rope.rotate(head, &angles[row]);
                    }
                }
            }
            projected.queries.extend_from_slice(queries);
            projected.keys.extend_from_slice(keys);
            projected.values.extend_from_slice(values);
        }
        projected
    }
}

/// Limits numbers smoothly to less than `cap` (Gemma 2, arXiv 2408.00118).
pub(super) fn cap_all(numbers: &mut [f32], cap: f32) {
    for number in numbers {
        *number = cap * tanh(*number / cap);
    }
}

/// Adds a bias to every row.
fn add_to_each(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len()) {
        add_scaled(row, 1.0, bias);
    }
}
