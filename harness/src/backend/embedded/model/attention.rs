//! Attention with keys and values of earlier positions.

use rayon::prelude::*;

use super::attend::{Attend, QueryRow, ScoreRule};
use super::latent::Latent;
use super::norm::Norm;
use super::rows::{Piece, Rows};
use crate::backend::embedded::math::add_scaled;
use crate::backend::embedded::matrix::Matrix;
use crate::backend::embedded::rope::{Angles, Rope};
use crate::backend::embedded::simd::{LANES, Processor};

/// Query heads that read keys and values together.
const ROWS_TOGETHER: usize = 32;

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
    pub(in crate::backend::embedded) processor: Processor,
}

/// Numbers and sizes of heads.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "`n_heads` is the field's word")]
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

    /// Attention of all rows, those that share a prompt together.
    fn mix(
        &self,
        layer_idx: usize,
        queries: &[f32],
        rows: &Rows,
        pieces: &[Piece<'_>],
    ) -> Vec<f32> {
        let Heads { n_heads, n_kv_heads, value_dim, .. } = self.heads;
        let n_shared = n_heads / n_kv_heads;
        let groups = rows.by_prompt(pieces, ROWS_TOGETHER.div_ceil(n_shared));
        let jobs: Vec<(usize, &[usize])> = (0..n_kv_heads)
            .flat_map(|head| groups.iter().map(move |group| (head, group.as_slice())))
            .collect();
        let n_tiles = value_dim.div_ceil(LANES);
        let gathered: Vec<Vec<[f32; LANES]>> = jobs
            .par_iter()
            .map(|(head, group)| {
                let rows = self.query_rows(queries, (*head, group), rows, pieces);
                let mut mixed = vec![[0.0; LANES]; rows.len() * n_tiles];
                let (rows, mixed_rows) = (rows.as_slice(), mixed.as_mut_slice());
                let (rule, head_idx) = (self.rule(), *head);
                let attend = Attend { rows, layer_idx, head_idx, rule, mixed: mixed_rows };
                self.processor.run(attend);
                mixed
            })
            .collect();
        let mut mixed = vec![0.0; rows.n_rows() * n_heads * value_dim];
        for ((head, group), gathered) in jobs.iter().zip(&gathered) {
            let heads = gathered.chunks_exact(n_tiles).enumerate();
            for (idx, tiles) in heads {
                let (row, head) = (group[idx / n_shared], head * n_shared + idx % n_shared);
                let at = (row * n_heads + head) * value_dim;
                mixed[at..at + value_dim].copy_from_slice(&tiles.as_flattened()[..value_dim]);
            }
        }
        mixed
    }

    fn rule(&self) -> ScoreRule {
        ScoreRule { scale: self.scale, softcap: self.softcap, window: self.window }
    }

    /// The query heads of some rows that look at one key head.
    fn query_rows<'a>(
        &self,
        queries: &'a [f32],
        (head, group): (usize, &[usize]),
        rows: &Rows,
        pieces: &'a [Piece<'_>],
    ) -> Vec<QueryRow<'a>> {
        let Heads { n_heads, n_kv_heads, key_dim, .. } = self.heads;
        let n_shared = n_heads / n_kv_heads;
        let of_row = |row: &usize| {
            let (row, sequence) = (*row, &*pieces[rows.pieces[*row]].sequence);
            let start = (row * n_heads + head * n_shared) * key_dim;
            let heads = queries[start..start + n_shared * key_dim].chunks_exact(key_dim);
            let position = rows.positions[row];
            heads.map(move |query| QueryRow { query, sequence, position })
        };
        group.iter().flat_map(of_row).collect()
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
        let n_v = self.qkv.n_out() - n_q - n_k;
        let [mut queries, mut keys, mut values] = [n_q, n_k, n_v].map(|n| vec![0.0; n_rows * n]);
        let parts = queries.par_chunks_exact_mut(n_q).zip(keys.par_chunks_exact_mut(n_k));
        let parts = parts.zip(values.par_chunks_exact_mut(n_v));
        let rows = qkv.par_chunks_exact(self.qkv.n_out()).zip(parts).enumerate();
        rows.for_each(|(row, (qkv, ((queries, keys), values)))| {
            let (q, rest) = qkv.split_at(n_q);
            let (k, v) = rest.split_at(n_k);
            values.copy_from_slice(v);
            for (norm, from, to) in [(&self.query_norm, q, queries), (&self.key_norm, k, keys)] {
                to.copy_from_slice(from);
                if let Some(norm) = norm {
                    norm.apply_to(to);
                }
                if let Some((rope, angles)) = rope {
                    for head in to.chunks_exact_mut(heads.key_dim) {
                        rope.rotate(head, &angles[row]);
                    }
                }
            }
        });
        Projected { queries, keys, values }
    }
}

/// Adds a bias to every row.
fn add_to_each(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len()) {
        add_scaled(row, 1.0, bias);
    }
}
