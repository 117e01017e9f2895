//! The decoder that most architectures share, for a batch of tokens from any mix of sequences.
//!
//! Each token's arithmetic is the same whatever else is in the batch: matrices, norms and attention
//! all add in an order that depends on the token's own position only.

use rayon::prelude::*;

use super::attend::cap_all;
use super::attention::Attention;
use super::feed_forward::FeedForward;
use super::norm::Norm;
use super::rows::{Piece, Rows};
use crate::backend::embedded::kv::Kv;
use crate::backend::embedded::math::add_scaled;
use crate::backend::embedded::matrix::Matrix;
use crate::backend::embedded::rope::{Angles, Rope};

/// The weights and how they are joined.
pub(in crate::backend::embedded) struct Decoder {
    pub(in crate::backend::embedded) embeddings: Matrix,
    /// What embeddings are multiplied with.
    pub(in crate::backend::embedded) embedding_scale: f32,
    pub(in crate::backend::embedded) layers: Vec<Layer>,
    pub(in crate::backend::embedded) norm: Norm,
    /// `None` where the embeddings serve as the output matrix.
    pub(in crate::backend::embedded) output: Option<Matrix>,
    pub(in crate::backend::embedded) logit_rule: LogitRule,
    pub(in crate::backend::embedded) ropes: Vec<Rope>,
    pub(in crate::backend::embedded) context_tokens: usize,
}

/// One layer.
pub(in crate::backend::embedded) struct Layer {
    pub(in crate::backend::embedded) attention: Attention,
    pub(in crate::backend::embedded) feed_forward: FeedForward,
    pub(in crate::backend::embedded) norms: Norms,
    /// What both parts' outputs are multiplied with before they are added.
    pub(in crate::backend::embedded) residual_scale: f32,
}

/// The norms around the two parts of a layer.
#[derive(Default)]
pub(in crate::backend::embedded) struct Norms {
    pub(in crate::backend::embedded) before_attention: Option<Norm>,
    pub(in crate::backend::embedded) after_attention: Option<Norm>,
    pub(in crate::backend::embedded) before_feed_forward: Option<Norm>,
    pub(in crate::backend::embedded) after_feed_forward: Option<Norm>,
}

/// What happens to logits.
#[derive(Debug, Clone, Copy)]
pub(in crate::backend::embedded) struct LogitRule {
    pub(in crate::backend::embedded) scale: f32,
    pub(in crate::backend::embedded) softcap: Option<f32>,
}

impl Decoder {
    /// Bytes of keys and values for one token.
    pub(super) fn kv_bytes_per_token(&self) -> usize {
        let heads = self.layers.iter().map(|layer| layer.attention.heads);
        heads.map(|h| h.n_kv_heads * (h.key_dim + h.value_dim) * size_of::<f32>()).sum()
    }

    pub(super) fn empty_kv(&self) -> Kv {
        let n_kv_heads = self.layers.first().map_or(1, |layer| layer.attention.heads.n_kv_heads);
        Kv::new(self.layers.len(), n_kv_heads)
    }

    pub(super) fn short_limit(&self) -> Option<usize> {
        self.ropes.iter().filter_map(Rope::short_limit).min()
    }

    pub(super) fn forward(&self, pieces: &mut [Piece<'_>]) -> Vec<Vec<f32>> {
        let rows = Rows::of(pieces);
        let angles = self.angles(&rows, pieces);
        let mut x = self.embed(&rows.tokens);
        for (idx, layer) in self.layers.iter().enumerate() {
            let input = normed(layer.norms.before_attention.as_ref(), &x);
            let output =
                layer.attention.apply((idx, &input), &rows, pieces, (&self.ropes, &angles));
            layer.add(&mut x, output, layer.norms.after_attention.as_ref());
            let input = normed(layer.norms.before_feed_forward.as_ref(), &x);
            let output = layer.feed_forward.apply(&input, rows.n_rows());
            layer.add(&mut x, output, layer.norms.after_feed_forward.as_ref());
        }
        for piece in pieces.iter_mut() {
            piece.sequence.own.advance(piece.tokens.len());
        }
        self.logits(&rows.wanted_of(&x))
    }

    fn embed(&self, tokens: &[u32]) -> Vec<f32> {
        let mut x = Vec::with_capacity(tokens.len() * self.norm.weights.len());
        for token in tokens {
            let embedding = self.embeddings.weights_of(*token as usize);
            x.extend(embedding.into_iter().map(|value| value * self.embedding_scale));
        }
        x
    }

    /// For each rope, the angles of each row.
    fn angles(&self, rows: &Rows, pieces: &[Piece<'_>]) -> Vec<Vec<Angles>> {
        let of_rows = |rope: &Rope| {
            let rows = rows.positions.iter().zip(&rows.pieces);
            rows.map(|(position, piece)| rope.angles(*position, pieces[*piece].sequence.reach))
                .collect()
        };
        self.ropes.iter().map(of_rows).collect()
    }

    fn logits(&self, wanted: &[f32]) -> Vec<Vec<f32>> {
        if wanted.is_empty() {
            return Vec::new();
        }
        let output = self.output.as_ref().unwrap_or(&self.embeddings);
        let n_rows = wanted.len() / self.norm.weights.len();
        let mut logits = output.apply_apart(&self.norm.apply(wanted), n_rows);
        logits.par_iter_mut().for_each(|logits| self.logit_rule.apply(logits));
        logits
    }
}

impl LogitRule {
    fn apply(self, logits: &mut [f32]) {
        // Times 1 changes nothing and takes time.
        if self.scale.to_bits() != 1.0_f32.to_bits() {
            for logit in &mut *logits {
                *logit *= self.scale;
            }
        }
        if let Some(cap) = self.softcap {
            cap_all(logits, cap);
        }
    }
}

impl Layer {
    /// Adds the output of a part to the residual stream.
    fn add(&self, x: &mut [f32], mut output: Vec<f32>, norm: Option<&Norm>) {
        if let Some(norm) = norm {
            norm.apply_to(&mut output);
        }
        add_scaled(x, self.residual_scale, &output);
    }
}

fn normed(norm: Option<&Norm>, x: &[f32]) -> Vec<f32> {
    norm.map_or_else(|| x.to_vec(), |norm| norm.apply(x))
}
