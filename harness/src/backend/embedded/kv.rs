//! What a model remembers of sequences.

use std::sync::Arc;

use super::rope::Reach;

/// Keys and values of consecutive positions: for each layer and key head one run of vectors. Models
/// without attention keep one vector of numbers instead, whatever the length.
#[derive(Debug, Clone, Default)]
pub(super) struct Kv {
    runs: Vec<Run>,
    n_kv_heads: usize,
    n_positions: usize,
    /// Empty for models with attention, and before the first position.
    state: Vec<f32>,
}

#[derive(Debug, Clone, Default)]
struct Run {
    keys: Vec<f32>,
    values: Vec<f32>,
}

/// What a sequence has seen: a prompt that it may share, and its own tokens after it.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    /// The shared beginning.
    pub(super) prompt: Option<Arc<Kv>>,
    /// What came after it.
    pub(super) own: Kv,
    /// Which position frequencies its keys have.
    pub(super) reach: Reach,
}

impl Kv {
    pub(super) fn new(n_layers: usize, n_kv_heads: usize) -> Self {
        let runs = vec![Run::default(); n_layers * n_kv_heads];
        Self { runs, n_kv_heads, ..Self::default() }
    }

    pub(super) fn n_positions(&self) -> usize {
        self.n_positions
    }

    /// Appends the vectors of one position to a layer; `advance` makes the position count.
    pub(super) fn push(&mut self, layer: usize, keys: &[f32], values: &[f32]) {
        let (key_dim, value_dim) = (keys.len() / self.n_kv_heads, values.len() / self.n_kv_heads);
        let runs = &mut self.runs[layer * self.n_kv_heads..(layer + 1) * self.n_kv_heads];
        let vectors = keys.chunks_exact(key_dim).zip(values.chunks_exact(value_dim));
        for (run, (key, value)) in runs.iter_mut().zip(vectors) {
            run.keys.extend_from_slice(key);
            run.values.extend_from_slice(value);
        }
    }

    /// Counts positions whose vectors have been pushed to every layer.
    pub(super) fn advance(&mut self, n_positions: usize) {
        self.n_positions += n_positions;
    }

    /// All keys and all values of one head, position after position.
    pub(super) fn run(&self, layer: usize, head: usize) -> (&[f32], &[f32]) {
        let run = &self.runs[layer * self.n_kv_heads + head];
        (&run.keys, &run.values)
    }
}

impl Sequence {
    /// Positions seen so far.
    pub(super) fn n_positions(&self) -> usize {
        self.prompt.as_ref().map_or(0, |prompt| prompt.n_positions()) + self.own.n_positions()
    }

    /// The state of a model without attention: what its own tokens made of it, or a copy of what the
    /// prompt left, or `empty`.
    pub(super) fn state(&mut self, empty: impl FnOnce() -> Vec<f32>) -> &mut [f32] {
        if self.own.state.is_empty() {
            self.own.state = self.prompt.as_ref().map_or_else(empty, |prompt| prompt.state.clone());
        }
        &mut self.own.state
    }

    /// Keys and values of one head: the shared ones, then its own.
    pub(super) fn runs(&self, layer: usize, head: usize) -> [(&[f32], &[f32]); 2] {
        let prompt =
            self.prompt.as_ref().map_or((&[][..], &[][..]), |prompt| prompt.run(layer, head));
        [prompt, self.own.run(layer, head)]
    }
}
