//! What a model remembers of sequences.

use std::sync::Arc;

use super::rope::Reach;
use super::simd::LANES;

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

/// Keys and values of one head, laid out so that sixteen numbers of a kind lie together.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    /// `[tile of positions][number of the key][position]`.
    pub(super) keys: Vec<[f32; LANES]>,
    /// `[tile of numbers][position][number of the value]`.
    pub(super) values: Vec<Vec<[f32; LANES]>>,
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
            run.push(key, value);
        }
    }

    /// Counts positions whose vectors have been pushed to every layer.
    pub(super) fn advance(&mut self, n_positions: usize) {
        self.n_positions += n_positions;
    }

    /// All keys and all values of one head.
    pub(super) fn run(&self, layer: usize, head: usize) -> &Run {
        &self.runs[layer * self.n_kv_heads + head]
    }
}

impl Run {
    fn push(&mut self, key: &[f32], value: &[f32]) {
        self.values.resize_with(value.len().div_ceil(LANES), Vec::new);
        let position = self.values.first().map_or(0, Vec::len);
        let (tile, lane) = (position / LANES, position % LANES);
        if lane == 0 {
            self.keys.resize((tile + 1) * key.len(), [0.0; LANES]);
        }
        for (lanes, number) in self.keys[tile * key.len()..].iter_mut().zip(key) {
            lanes[lane] = *number;
        }
        for (tile, numbers) in self.values.iter_mut().zip(value.chunks(LANES)) {
            let mut lanes = [0.0; LANES];
            lanes[..numbers.len()].copy_from_slice(numbers);
            tile.push(lanes);
        }
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
}
