//! Weights of one storage type, packed in tiles of 16 outputs.

#![expect(
    clippy::inline_always,
    reason = "kernels must lie inside code compiled for one instruction set"
)]

use std::ops::Range;

use candle_core::quantized::GgmlDType;
use rayon::prelude::*;

use super::kernel::{self, Bf16, CodedTile, F16, Stored};
use super::quants;
use super::rows::{CodedRow, Rows};
use crate::backend::embedded::simd::{Kernel, LANES, Vector};

/// Tiles multiplied at once for a row that is left over.
pub(super) const TILES: usize = 4;

/// `n_out` × `n_in` weights, laid out as `[tile][input][lane]`.
pub(super) struct Part {
    pub(super) n_out: usize,
    n_in: usize,
    weights: Packed,
}

enum Packed {
    Coded {
        block_len: usize,
        /// Neighbouring inputs lie together: `[tile][pair of inputs][lane][input]`.
        codes: Vec<[i8; 2 * LANES]>,
        scales: Vec<[f32; LANES]>,
        /// Empty for types without offsets: what is not read takes no time.
        offsets: Vec<[f32; LANES]>,
    },
    F32(Vec<[f32; LANES]>),
    F16(Vec<[F16; LANES]>),
    Bf16(Vec<[Bf16; LANES]>),
}

impl Part {
    /// Packs rows of weights stored as bytes in a coded type.
    pub(super) fn coded(dtype: GgmlDType, rows: &[&[u8]], n_in: usize) -> Self {
        let block_len = quants::block_len(dtype).expect("a coded type");
        let n_tiles = n_tiles(rows.len());
        let n_blocks = n_in / block_len;
        let mut codes = vec![[0; 2 * LANES]; n_tiles * n_in / 2];
        let mut scales = vec![[0.0; LANES]; n_tiles * n_blocks];
        let mut offsets = vec![[0.0; LANES]; n_tiles * n_blocks];
        let tiles = codes
            .par_chunks_mut(n_in / 2)
            .zip(scales.par_chunks_mut(n_blocks))
            .zip(offsets.par_chunks_mut(n_blocks));
        tiles.zip(rows.par_chunks(LANES)).for_each(|(((codes, scales), offsets), rows)| {
            for (lane, row) in rows.iter().enumerate() {
                let mut block = 0;
                for bytes in row.chunks_exact(dtype.type_size()) {
                    quants::decode(dtype, bytes, |decoded| {
                        scales[block][lane] = decoded.scale;
                        offsets[block][lane] = decoded.offset;
                        for (idx, code) in decoded.codes.iter().enumerate() {
                            let input = block * block_len + idx;
                            codes[input / 2][2 * lane + input % 2] = *code;
                        }
                        block += 1;
                    });
                }
            }
        });
        if quants::is_symmetric(dtype) {
            offsets = Vec::new();
        }
        let weights = Packed::Coded { block_len, codes, scales, offsets };
        Self { n_out: rows.len(), n_in, weights }
    }

    pub(super) fn f32(values: &[&[f32]], n_in: usize) -> Self {
        let (n_out, packed) = pack(values, n_in, 0.0);
        Self { n_out, n_in, weights: Packed::F32(packed) }
    }

    pub(super) fn f16(values: &[&[F16]], n_in: usize) -> Self {
        let (n_out, packed) = pack(values, n_in, F16(0));
        Self { n_out, n_in, weights: Packed::F16(packed) }
    }

    pub(super) fn bf16(values: &[&[Bf16]], n_in: usize) -> Self {
        let (n_out, packed) = pack(values, n_in, Bf16(0));
        Self { n_out, n_in, weights: Packed::Bf16(packed) }
    }

    /// Weights that share a scale; 0 for plain numbers.
    pub(super) fn block_len(&self) -> usize {
        match &self.weights {
            Packed::Coded { block_len, .. } => *block_len,
            Packed::F32(_) | Packed::F16(_) | Packed::Bf16(_) => 0,
        }
    }

    /// The weights of one output.
    pub(super) fn weights_of(&self, output: usize) -> Vec<f32> {
        let (tile, lane) = (output / LANES, output % LANES);
        let at = |input: usize| tile * self.n_in + input;
        let inputs = 0..self.n_in;
        match &self.weights {
            Packed::F32(values) => inputs.map(|input| values[at(input)][lane]).collect(),
            Packed::F16(values) => inputs.map(|input| values[at(input)][lane].value()).collect(),
            Packed::Bf16(values) => inputs.map(|input| values[at(input)][lane].value()).collect(),
            Packed::Coded { block_len, codes, scales, offsets } => inputs
                .map(|input| {
                    let block = tile * (self.n_in / block_len) + input / block_len;
                    let code = f32::from(codes[at(input) / 2][2 * lane + input % 2]);
                    let offset = offsets.get(block).map_or(0.0, |offsets| offsets[lane]);
                    code.mul_add(scales[block][lane], offset)
                })
                .collect(),
        }
    }

    #[inline(always)]
    fn multiply<V: Vector, const R: usize, const T: usize>(
        &self,
        vector: V,
        tile: usize,
        (rows, row): (&Rows<'_>, usize),
    ) -> [[V::Lanes; T]; R] {
        let inputs = || std::array::from_fn(|r| rows.values_of(row + r));
        let start = |t: usize| (tile + t) * self.n_in;
        let zero = [[vector.splat(0.0); T]; R];
        match &self.weights {
            Packed::F32(values) => {
                let tiles = std::array::from_fn(|t| &values[start(t)..]);
                kernel::plain::<V, f32, R, T>(vector, &tiles, &inputs(), zero)
            }
            Packed::F16(values) => {
                let tiles = std::array::from_fn(|t| &values[start(t)..]);
                kernel::plain::<V, F16, R, T>(vector, &tiles, &inputs(), zero)
            }
            Packed::Bf16(values) => {
                let tiles = std::array::from_fn(|t| &values[start(t)..]);
                kernel::plain::<V, Bf16, R, T>(vector, &tiles, &inputs(), zero)
            }
            Packed::Coded { block_len, codes, scales, offsets } => {
                let n_blocks = self.n_in / block_len;
                let rows: [CodedRow<'_>; R] = std::array::from_fn(|r| rows.coded_row(row + r));
                let is_symmetric = offsets.is_empty();
                let tiles: [CodedTile<'_>; T] = std::array::from_fn(|t| CodedTile {
                    codes: &codes[start(t) / 2..],
                    scales: &scales[(tile + t) * n_blocks..],
                    offsets: if is_symmetric { &[] } else { &offsets[(tile + t) * n_blocks..] },
                });
                match (*block_len, is_symmetric) {
                    (16, true) => kernel::coded::<V, 8, true, R, T>(vector, &tiles, &rows),
                    (16, false) => kernel::coded::<V, 8, false, R, T>(vector, &tiles, &rows),
                    (_, true) => kernel::coded::<V, 16, true, R, T>(vector, &tiles, &rows),
                    (_, false) => kernel::coded::<V, 16, false, R, T>(vector, &tiles, &rows),
                }
            }
        }
    }
}

/// Computes whole tiles from `first_tile` on into `out`, laid out as `[tile][row][lane]`.
pub(super) struct Fill<'a> {
    pub(super) part: &'a Part,
    pub(super) first_tile: usize,
    pub(super) rows: &'a Rows<'a>,
    pub(super) n_rows: usize,
    pub(super) out: &'a mut [[f32; LANES]],
}

impl Kernel for Fill<'_> {
    #[inline(always)]
    fn run<V: Vector>(mut self, vector: V) {
        let n_by_eight = self.n_rows / 8 * 8;
        self.rows_together::<V, 8>(vector, 0..n_by_eight);
        let n_by_four = self.n_rows / 4 * 4;
        self.rows_together::<V, 4>(vector, n_by_eight..n_by_four);
        // Rows left over take several tiles at once, so that the additions do not wait in line.
        for row in n_by_four..self.n_rows {
            self.single_row(vector, row);
        }
    }
}

impl Fill<'_> {
    #[inline(always)]
    fn rows_together<V: Vector, const R: usize>(&mut self, vector: V, rows: Range<usize>) {
        if rows.is_empty() {
            return;
        }
        for (idx, out) in self.out.chunks_mut(self.n_rows).enumerate() {
            for row in rows.clone().step_by(R) {
                let tile = self.first_tile + idx;
                let sums = self.part.multiply::<V, R, 1>(vector, tile, (self.rows, row));
                for (offset, [lanes]) in sums.iter().enumerate() {
                    out[row + offset] = vector.store(*lanes);
                }
            }
        }
    }

    #[inline(always)]
    fn single_row<V: Vector>(&mut self, vector: V, row: usize) {
        let rows = (self.rows, row);
        for (group, out) in self.out.chunks_mut(self.n_rows * TILES).enumerate() {
            let tile = self.first_tile + group * TILES;
            if out.len() == self.n_rows * TILES {
                let [sums] = self.part.multiply::<V, 1, TILES>(vector, tile, rows);
                for (offset, lanes) in sums.iter().enumerate() {
                    out[offset * self.n_rows + row] = vector.store(*lanes);
                }
            } else {
                for (offset, out) in out.chunks_mut(self.n_rows).enumerate() {
                    let [[lanes]] = self.part.multiply::<V, 1, 1>(vector, tile + offset, rows);
                    out[row] = vector.store(lanes);
                }
            }
        }
    }
}

/// Computes all outputs of some rows, from row `first_row` on, into the places from `first_output` on of
/// their slices.
pub(super) struct FillRows<'a, 'o> {
    pub(super) part: &'a Part,
    pub(super) rows: &'a Rows<'a>,
    pub(super) first_row: usize,
    pub(super) first_output: usize,
    pub(super) out: &'a mut [&'o mut [f32]],
}

impl Kernel for FillRows<'_, '_> {
    #[inline(always)]
    fn run<V: Vector>(mut self, vector: V) {
        let n_rows = self.out.len();
        let (n_by_eight, n_by_four) = (n_rows / 8 * 8, n_rows / 4 * 4);
        let n_tiles = self.part.n_out.div_ceil(LANES);
        for tile in 0..n_tiles {
            self.rows_together::<V, 8>(vector, 0..n_by_eight, tile);
            self.rows_together::<V, 4>(vector, n_by_eight..n_by_four, tile);
            self.rows_together::<V, 1>(vector, n_by_four..n_rows, tile);
        }
    }
}

impl FillRows<'_, '_> {
    #[inline(always)]
    fn rows_together<V: Vector, const R: usize>(
        &mut self,
        vector: V,
        rows: Range<usize>,
        tile: usize,
    ) {
        let first = tile * LANES;
        let n = LANES.min(self.part.n_out - first);
        for row in rows.step_by(R) {
            let place = (self.rows, self.first_row + row);
            let sums = self.part.multiply::<V, R, 1>(vector, tile, place);
            for (out, [lanes]) in self.out[row..].iter_mut().zip(sums) {
                let out = &mut out[self.first_output + first..][..n];
                out.copy_from_slice(&vector.store(lanes)[..n]);
            }
        }
    }
}

/// Tiles of so many outputs, in whole groups.
fn n_tiles(n_out: usize) -> usize {
    n_out.div_ceil(LANES).next_multiple_of(TILES)
}

/// Packs plain rows, several matrices one after the other.
fn pack<S: Stored>(matrices: &[&[S]], n_in: usize, zero: S) -> (usize, Vec<[S; LANES]>) {
    let rows: Vec<&[S]> = matrices.iter().flat_map(|matrix| matrix.chunks_exact(n_in)).collect();
    let mut packed = vec![[zero; LANES]; n_tiles(rows.len()) * n_in];
    packed.par_chunks_mut(n_in).zip(rows.par_chunks(LANES)).for_each(|(tile, rows)| {
        for (lane, row) in rows.iter().enumerate() {
            for (lanes, value) in tile.iter_mut().zip(*row) {
                lanes[lane] = *value;
            }
        }
    });
    (rows.len(), packed)
}
