//! Attention over keys and values that are kept.
//!
//! Query rows that share a prompt go together, so that the prompt's keys and values are read once for
//! several samples. A row's own sums run over positions in order, and positions that it does not see
//! count as zero, so its result does not depend on its neighbours.

#![expect(
    clippy::inline_always,
    reason = "kernels must lie inside code compiled for one instruction set"
)]

use std::ops::Range;

use crate::backend::embedded::kv::{Kv, Run, Sequence};
use crate::backend::embedded::math::{softmax, tanh};
use crate::backend::embedded::matrix::plain;
use crate::backend::embedded::simd::{Kernel, LANES, Vector};

/// One query head of one token.
#[derive(Clone, Copy)]
pub(super) struct QueryRow<'a> {
    pub(super) query: &'a [f32],
    pub(super) sequence: &'a Sequence,
    /// Of the token in its sequence.
    pub(super) position: usize,
}

/// What scores go through, and which positions count.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScoreRule {
    pub(super) scale: f32,
    pub(super) softcap: Option<f32>,
    pub(super) window: Option<usize>,
}

/// Attention of rows that have the same prompt, over one key head of one layer.
pub(super) struct Attend<'a> {
    pub(super) rows: &'a [QueryRow<'a>],
    pub(super) layer_idx: usize,
    pub(super) head_idx: usize,
    pub(super) rule: ScoreRule,
    /// `[row][number]`, with whole tiles of numbers.
    pub(super) mixed: &'a mut [[f32; LANES]],
}

impl Kernel for Attend<'_> {
    #[inline(always)]
    fn run<V: Vector>(self, vector: V) {
        let first = self.rows.iter().map(|row| self.rule.first(row.position)).min().unwrap_or(0);
        let span = Span { first: first / LANES * LANES, end: end(self.rows) };
        let parts = parts(self.rows, (self.layer_idx, self.head_idx));
        // A last tile may be written beyond the end.
        let mut scores = vec![0.0; self.rows.len() * (span.len() + LANES)];
        for (part, rows) in &parts {
            Scores { part: *part, span, queries: &self.rows[rows.clone()] }
                .fill(vector, &mut scores[rows.start * (span.len() + LANES)..]);
        }
        for (row, scores) in self.rows.iter().zip(scores.chunks_exact_mut(span.len() + LANES)) {
            self.rule.apply(scores, span.first, row.position);
        }
        let n_tiles = self.mixed.len() / self.rows.len();
        for (part, rows) in &parts {
            let mixed = &mut self.mixed[rows.start * n_tiles..rows.end * n_tiles];
            let probabilities = &scores[rows.start * (span.len() + LANES)..];
            Mix { part: *part, span, probabilities, n_tiles }.add_to(vector, mixed);
        }
    }
}

/// Positions that some row sees.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: usize,
    end: usize,
}

impl Span {
    fn len(self) -> usize {
        self.end - self.first
    }
}

/// Consecutive positions whose keys and values lie together.
#[derive(Clone, Copy)]
struct Part<'a> {
    run: &'a Run,
    /// The first position.
    start: usize,
    n_positions: usize,
}

impl Part<'_> {
    /// The positions of the part that lie in the span, counted from the part's start.
    fn within(&self, span: Span) -> Range<usize> {
        let first = span.first.saturating_sub(self.start);
        first..(span.end - self.start.min(span.end)).min(self.n_positions).max(first)
    }
}

/// The shared prompt with all rows, then each sequence's own part with its rows.
fn parts<'a>(
    rows: &[QueryRow<'a>],
    (layer_idx, head_idx): (usize, usize),
) -> Vec<(Part<'a>, Range<usize>)> {
    let part = |kv: &'a Kv, start, n_positions| Part {
        run: kv.run(layer_idx, head_idx),
        start,
        n_positions,
    };
    let mut parts = Vec::new();
    let prompt = rows.first().and_then(|row| row.sequence.prompt.as_ref());
    let n_prompt = prompt.map_or(0, |prompt| prompt.n_positions());
    if let Some(prompt) = prompt {
        parts.push((part(prompt, 0, n_prompt), 0..rows.len()));
    }
    let mut start = 0;
    for rows in rows.chunk_by(|a, b| std::ptr::eq(a.sequence, b.sequence)) {
        let own = part(&rows[0].sequence.own, n_prompt, end(rows) - n_prompt);
        parts.push((own, start..start + rows.len()));
        start += rows.len();
    }
    parts
}

/// One past the last position that some row sees.
fn end(rows: &[QueryRow<'_>]) -> usize {
    rows.iter().map(|row| row.position + 1).max().unwrap_or(0)
}

impl ScoreRule {
    /// The first position that the token at `position` sees.
    fn first(self, position: usize) -> usize {
        self.window.map_or(0, |window| (position + 1).saturating_sub(window))
    }

    /// Turns the scores of positions from `start` on into probabilities; those not seen become 0.
    #[inline(always)]
    fn apply(self, scores: &mut [f32], start: usize, position: usize) {
        let (seen, later) = scores.split_at_mut(position + 1 - start);
        later.fill(0.0);
        for score in seen.iter_mut() {
            *score *= self.scale;
        }
        if let Some(cap) = self.softcap {
            cap_all(seen, cap);
        }
        let n_hidden = self.first(position) - start;
        seen[..n_hidden].fill(f32::NEG_INFINITY);
        softmax(seen);
    }
}

/// Limits numbers smoothly to less than `cap` (Gemma 2, arXiv 2408.00118).
pub(super) fn cap_all(numbers: &mut [f32], cap: f32) {
    for number in numbers {
        *number = cap * tanh(*number / cap);
    }
}

/// Products of queries and the keys of a part.
struct Scores<'a> {
    part: Part<'a>,
    span: Span,
    queries: &'a [QueryRow<'a>],
}

impl Scores<'_> {
    #[inline(always)]
    fn fill<V: Vector>(&self, vector: V, scores: &mut [f32]) {
        let mut row = 0;
        while row < self.queries.len() {
            row += match self.queries.len() - row {
                8.. => self.rows::<V, 8, 1>(vector, row, scores),
                4..8 => self.rows::<V, 4, 2>(vector, row, scores),
                2..4 => self.rows::<V, 2, 4>(vector, row, scores),
                _ => self.rows::<V, 1, 4>(vector, row, scores),
            };
        }
    }

    /// `R` rows with every tile of positions, `T` at once.
    #[inline(always)]
    fn rows<V: Vector, const R: usize, const T: usize>(
        &self,
        vector: V,
        row: usize,
        scores: &mut [f32],
    ) -> usize {
        let positions = self.part.within(self.span);
        let mut tile = positions.start / LANES;
        let end = positions.end.div_ceil(LANES);
        while tile + T <= end {
            self.tiles::<V, R, T>(vector, (row, tile), scores);
            tile += T;
        }
        for tile in tile..end {
            self.tiles::<V, R, 1>(vector, (row, tile), scores);
        }
        R
    }

    #[inline(always)]
    fn tiles<V: Vector, const R: usize, const T: usize>(
        &self,
        vector: V,
        (row, tile): (usize, usize),
        scores: &mut [f32],
    ) {
        let queries: [&[f32]; R] = std::array::from_fn(|r| self.queries[row + r].query);
        let key_dim = queries[0].len();
        let keys = std::array::from_fn(|t| &self.part.run.keys[(tile + t) * key_dim..]);
        let zero = [[vector.splat(0.0); T]; R];
        let products = plain::<V, f32, R, T>(vector, &keys, &queries, zero);
        let stride = self.span.len() + LANES;
        for (r, products) in products.iter().enumerate() {
            for (t, lanes) in products.iter().enumerate() {
                // The first tile of a part may begin before the span does.
                let position = self.part.start + (tile + t) * LANES;
                let n_before = self.span.first.saturating_sub(position);
                let at = (row + r) * stride + position + n_before - self.span.first;
                let values = vector.store(*lanes);
                scores[at..at + LANES - n_before].copy_from_slice(&values[n_before..]);
            }
        }
    }
}

/// Sums of values weighted with probabilities.
struct Mix<'a> {
    part: Part<'a>,
    span: Span,
    probabilities: &'a [f32],
    n_tiles: usize,
}

impl Mix<'_> {
    #[inline(always)]
    fn add_to<V: Vector>(&self, vector: V, mixed: &mut [[f32; LANES]]) {
        let n_rows = mixed.len() / self.n_tiles;
        let mut row = 0;
        while row < n_rows {
            row += match n_rows - row {
                8.. => self.rows::<V, 8, 1>(vector, row, mixed),
                4..8 => self.rows::<V, 4, 2>(vector, row, mixed),
                2..4 => self.rows::<V, 2, 4>(vector, row, mixed),
                _ => self.rows::<V, 1, 4>(vector, row, mixed),
            };
        }
    }

    /// `R` rows with every tile of numbers, `T` at once.
    #[inline(always)]
    fn rows<V: Vector, const R: usize, const T: usize>(
        &self,
        vector: V,
        row: usize,
        mixed: &mut [[f32; LANES]],
    ) -> usize {
        let mut tile = 0;
        while tile + T <= self.n_tiles {
            self.tiles::<V, R, T>(vector, (row, tile), mixed);
            tile += T;
        }
        for tile in tile..self.n_tiles {
            self.tiles::<V, R, 1>(vector, (row, tile), mixed);
        }
        R
    }

    #[inline(always)]
    fn tiles<V: Vector, const R: usize, const T: usize>(
        &self,
        vector: V,
        (row, tile): (usize, usize),
        mixed: &mut [[f32; LANES]],
    ) {
        let positions = self.part.within(self.span);
        let stride = self.span.len() + LANES;
        let shares: [&[f32]; R] = std::array::from_fn(|r| {
            let at = (row + r) * stride + self.part.start + positions.start - self.span.first;
            &self.probabilities[at..at + positions.len()]
        });
        let values: [&[[f32; LANES]]; T] =
            std::array::from_fn(|t| &self.part.run.values[tile + t][positions.clone()]);
        let at = |r: usize, t: usize| (row + r) * self.n_tiles + tile + t;
        let before: [[V::Lanes; T]; R] =
            std::array::from_fn(|r| std::array::from_fn(|t| vector.load(&mixed[at(r, t)])));
        let after = plain::<V, f32, R, T>(vector, &values, &shares, before);
        for (r, lanes) in after.iter().enumerate() {
            for (t, lanes) in lanes.iter().enumerate() {
                mixed[at(r, t)] = vector.store(*lanes);
            }
        }
    }
}
