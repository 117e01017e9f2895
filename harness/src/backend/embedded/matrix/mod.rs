//! Weight matrices in the form the batched decoder multiplies with.
//!
//! Quantised weights stay quantised: codes of one byte, a scale and an offset for every 16 or 32 of
//! them. Activations that meet them are coded too, with 16 bits and a scale for each block (llama.cpp
//! takes 8 bits), so that the products of a block are integers and their sum is exact; blocks are added
//! in 32-bit floats. Plain weights meet activations as they are. Every output is summed over the inputs
//! in one fixed order, so a row's result does not depend on how many rows are multiplied with it, on the
//! number of threads, or on the processor.

mod kernel;
mod part;
mod quants;
mod rows;

use rayon::prelude::*;

pub(super) use kernel::{Bf16, F16, plain};
use part::{Fill, FillRows, Part, TILES};
use rows::Rows;

use super::gguf::ModelError;
use super::simd::{LANES, Processor};
use super::weights::{Tensor, Values};

/// Outputs that are computed before they are put in their places, in bytes: they stay in the caches.
const SLAB_BYTES: usize = 4 << 20;

/// Rows for each thread from which on threads share rows and not weights.
const MANY_ROWS: usize = 64;

/// A matrix of `n_out` × `n_in` weights.
pub(super) struct Matrix {
    n_out: usize,
    n_in: usize,
    /// Each of one storage type; their outputs follow each other.
    parts: Vec<Part>,
    processor: Processor,
}

impl Matrix {
    /// Stacks matrices with the same inputs: their outputs follow each other.
    pub(super) fn stack(tensors: &[Tensor]) -> Result<Self, ModelError> {
        let n_in = tensors.first().map_or(0, |tensor| tensor.n_in);
        if let Some(odd) = tensors.iter().find(|tensor| tensor.n_in != n_in) {
            return Err(ModelError::Missing(format!(
                "tensor {}: it has {} inputs where {n_in} are needed",
                odd.name, odd.n_in
            )));
        }
        let groups = tensors.chunk_by(|a, b| a.values.is_stored_like(&b.values));
        let parts: Vec<Part> = groups.map(|group| part(group, n_in)).collect();
        let n_out = parts.iter().map(|part| part.n_out).sum();
        Ok(Self { n_out, n_in, parts, processor: Processor::detect() })
    }

    pub(super) fn n_out(&self) -> usize {
        self.n_out
    }

    pub(super) fn n_in(&self) -> usize {
        self.n_in
    }

    /// Multiplies `n_rows` rows of inputs; the outputs of a row lie together.
    pub(super) fn apply(&self, inputs: &[f32], n_rows: usize) -> Vec<f32> {
        let mut outputs = vec![0.0; n_rows * self.n_out];
        let mut rows: Vec<&mut [f32]> = outputs.chunks_mut(self.n_out).collect();
        self.fill(inputs, &mut rows);
        outputs
    }

    /// Multiplies `n_rows` rows of inputs; each row has outputs of its own.
    pub(super) fn apply_apart(&self, inputs: &[f32], n_rows: usize) -> Vec<Vec<f32>> {
        let mut outputs = vec![vec![0.0; self.n_out]; n_rows];
        let mut rows: Vec<&mut [f32]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        self.fill(inputs, &mut rows);
        outputs
    }

    fn fill(&self, inputs: &[f32], outputs: &mut [&mut [f32]]) {
        let n_rows = outputs.len();
        if n_rows == 0 {
            return;
        }
        let mut first_output = 0;
        for part in &self.parts {
            let rows = Rows::new(inputs, self.n_in, part.block_len(), self.processor);
            if n_rows >= MANY_ROWS * rayon::current_num_threads() {
                self.fill_by_rows(part, &rows, first_output, outputs);
                first_output += part.n_out;
                continue;
            }
            let n_tiles = part.n_out.div_ceil(LANES);
            let tiles_at_once = (SLAB_BYTES / (n_rows * size_of::<[f32; LANES]>())).max(1);
            let tiles_at_once = tiles_at_once.next_multiple_of(TILES).min(n_tiles);
            let mut slab = vec![[0.0; LANES]; tiles_at_once * n_rows];
            for first_tile in (0..n_tiles).step_by(tiles_at_once) {
                let n_tiles = tiles_at_once.min(n_tiles - first_tile);
                let slab = &mut slab[..n_tiles * n_rows];
                self.multiply(part, (&rows, n_rows), first_tile, slab);
                let first = first_tile * LANES;
                let places = first..part.n_out.min(first + n_tiles * LANES);
                outputs.par_iter_mut().enumerate().for_each(|(row, outputs)| {
                    let outputs = &mut outputs[first_output..][places.clone()];
                    for (tile, outputs) in outputs.chunks_mut(LANES).enumerate() {
                        outputs.copy_from_slice(&slab[tile * n_rows + row][..outputs.len()]);
                    }
                });
            }
            first_output += part.n_out;
        }
    }

    /// The weights of one output: a row of an embedding table.
    pub(super) fn weights_of(&self, output: usize) -> Vec<f32> {
        let mut output = output;
        for part in &self.parts {
            if output < part.n_out {
                return part.weights_of(output);
            }
            output -= part.n_out;
        }
        unreachable!("a tokenizer has no more tokens than the embedding table")
    }

    /// Threads take rows, and put outputs where they belong at once. With few rows each thread would read
    /// all weights for little work.
    fn fill_by_rows(
        &self,
        part: &Part,
        rows: &Rows<'_>,
        first_output: usize,
        outputs: &mut [&mut [f32]],
    ) {
        let rows_per_piece = MANY_ROWS / 2;
        outputs.par_chunks_mut(rows_per_piece).enumerate().for_each(|(piece, out)| {
            let first_row = piece * rows_per_piece;
            self.processor.run(FillRows { part, rows, first_row, first_output, out });
        });
    }

    /// Outputs from `first_tile` on, laid out as `[tile][row][lane]`.
    fn multiply(
        &self,
        part: &Part,
        (rows, n_rows): (&Rows<'_>, usize),
        first_tile: usize,
        tiled: &mut [[f32; LANES]],
    ) {
        let n_tiles = tiled.len() / n_rows;
        // A few pieces for each thread even out the work; each is a whole number of tile groups.
        let n_pieces = rayon::current_num_threads() * 4;
        let tiles_per_piece = n_tiles.div_ceil(n_pieces).next_multiple_of(TILES);
        tiled.par_chunks_mut(tiles_per_piece * n_rows).enumerate().for_each(|(piece, out)| {
            let first_tile = first_tile + piece * tiles_per_piece;
            self.processor.run(Fill { part, first_tile, rows, n_rows, out });
        });
    }
}

/// Packs matrices of one storage type.
fn part(tensors: &[Tensor], n_in: usize) -> Part {
    match &tensors[0].values {
        Values::Coded(dtype, _) => {
            let row_len = n_in / dtype.block_size() * dtype.type_size();
            let bytes = tensors.iter().filter_map(|tensor| match &tensor.values {
                Values::Coded(_, bytes) => Some(bytes),
                _ => None,
            });
            let rows: Vec<&[u8]> = bytes.flat_map(|bytes| bytes.chunks_exact(row_len)).collect();
            Part::coded(*dtype, &rows, n_in)
        }
        Values::F32(_) => Part::f32(&all(tensors, Values::as_f32), n_in),
        Values::F16(_) => Part::f16(&all(tensors, Values::as_f16), n_in),
        Values::Bf16(_) => Part::bf16(&all(tensors, Values::as_bf16), n_in),
    }
}

fn all<'a, S>(tensors: &'a [Tensor], values: fn(&'a Values) -> Option<&'a [S]>) -> Vec<&'a [S]> {
    tensors.iter().filter_map(|tensor| values(&tensor.values)).collect()
}

/// Whether weights of a ggml type are kept as codes when rows have `n_in` inputs.
pub(super) fn is_coded(dtype: candle_core::quantized::GgmlDType, n_in: usize) -> bool {
    quants::block_len(dtype).is_some() && n_in.is_multiple_of(dtype.block_size())
}
