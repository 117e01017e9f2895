//! Weights of one storage type, packed in tiles of 16 outputs.

use candle_core::quantized::GgmlDType;
use rayon::prelude::*;

use super::kernel::{self, Bf16, CodedTile, F16, LANES, Stored, Sums};
use super::quants;
use crate::backend::embedded::math::sum;

/// Rows multiplied with one load of the weights.
const ROWS: usize = 4;

/// Tiles multiplied at once for a row that is left over.
pub(super) const TILES: usize = 4;

/// `n_out` × `n_in` weights, laid out as `[tile][input][lane]`.
pub(super) struct Part {
    pub(super) n_out: usize,
    n_in: usize,
    weights: Packed,
}

enum Packed {
    Coded { block_len: usize, codes: Vec<i8>, scales: Vec<f32>, offsets: Vec<f32> },
    F32(Vec<f32>),
    F16(Vec<F16>),
    Bf16(Vec<Bf16>),
}

/// Rows of activations with the sums of their blocks, which the offsets multiply.
pub(super) struct Rows<'a> {
    values: &'a [f32],
    n_in: usize,
    block_len: usize,
    block_sums: Vec<f32>,
}

impl Part {
    /// Packs rows of weights stored as bytes in a coded type.
    pub(super) fn coded(dtype: GgmlDType, rows: &[&[u8]], n_in: usize) -> Self {
        let block_len = quants::block_len(dtype).expect("a coded type");
        let n_padded = padded(rows.len());
        let n_blocks = n_in / block_len;
        let mut codes = vec![0; n_padded * n_in];
        let mut scales = vec![0.0; n_padded * n_blocks];
        let mut offsets = vec![0.0; n_padded * n_blocks];
        let tiles = codes
            .par_chunks_mut(n_in * LANES)
            .zip(scales.par_chunks_mut(n_blocks * LANES))
            .zip(offsets.par_chunks_mut(n_blocks * LANES));
        tiles.zip(rows.par_chunks(LANES)).for_each(|(((codes, scales), offsets), rows)| {
            for (lane, row) in rows.iter().enumerate() {
                let mut block = 0;
                for bytes in row.chunks_exact(dtype.type_size()) {
                    quants::decode(dtype, bytes, |decoded| {
                        scales[block * LANES + lane] = decoded.scale;
                        offsets[block * LANES + lane] = decoded.offset;
                        for (idx, code) in decoded.codes.iter().enumerate() {
                            codes[(block * block_len + idx) * LANES + lane] = *code;
                        }
                        block += 1;
                    });
                }
            }
        });
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
        let at = |input: usize| (tile * self.n_in + input) * LANES + lane;
        let inputs = 0..self.n_in;
        match &self.weights {
            Packed::F32(values) => inputs.map(|input| values[at(input)]).collect(),
            Packed::F16(values) => inputs.map(|input| values[at(input)].value()).collect(),
            Packed::Bf16(values) => inputs.map(|input| values[at(input)].value()).collect(),
            Packed::Coded { block_len, codes, scales, offsets } => inputs
                .map(|input| {
                    let block = tile * (self.n_in / block_len) + input / block_len;
                    let block = block * LANES + lane;
                    f32::from(codes[at(input)]).mul_add(scales[block], offsets[block])
                })
                .collect(),
        }
    }

    /// Computes whole tiles from `first_tile` on into `out`, laid out as `[tile][row][lane]`.
    #[inline(always)]
    pub(super) fn fill(&self, first_tile: usize, rows: &Rows<'_>, n_rows: usize, out: &mut [f32]) {
        let tile_len = n_rows * LANES;
        let n_together = n_rows / ROWS * ROWS;
        for (idx, out) in out.chunks_mut(tile_len).enumerate() {
            for row in (0..n_together).step_by(ROWS) {
                let sums = self.multiply::<ROWS, 1>(first_tile + idx, rows, row);
                for (offset, [lanes]) in sums.iter().enumerate() {
                    out[(row + offset) * LANES..][..LANES].copy_from_slice(lanes);
                }
            }
        }
        // Rows left over take several tiles at once, so that the additions do not wait in line.
        for row in n_together..n_rows {
            for (group, out) in out.chunks_mut(tile_len * TILES).enumerate() {
                let tile = first_tile + group * TILES;
                if out.len() == tile_len * TILES {
                    let [sums] = self.multiply::<1, TILES>(tile, rows, row);
                    for (offset, lanes) in sums.iter().enumerate() {
                        out[offset * tile_len + row * LANES..][..LANES].copy_from_slice(lanes);
                    }
                } else {
                    for (offset, out) in out.chunks_mut(tile_len).enumerate() {
                        let [[lanes]] = self.multiply::<1, 1>(tile + offset, rows, row);
                        out[row * LANES..][..LANES].copy_from_slice(&lanes);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn multiply<const R: usize, const T: usize>(
        &self,
        tile: usize,
        rows: &Rows<'_>,
        row: usize,
    ) -> Sums<R, T> {
        let inputs: [&[f32]; R] = std::array::from_fn(|r| rows.values_of(row + r));
        let part = |values_per_tile: usize, t: usize| {
            let start = (tile + t) * values_per_tile * LANES;
            start..start + values_per_tile * LANES
        };
        let plain = |t: usize| part(self.n_in, t);
        match &self.weights {
            Packed::F32(values) => {
                kernel::plain::<f32, R, T>(&std::array::from_fn(|t| &values[plain(t)]), &inputs)
            }
            Packed::F16(values) => {
                kernel::plain::<F16, R, T>(&std::array::from_fn(|t| &values[plain(t)]), &inputs)
            }
            Packed::Bf16(values) => {
                kernel::plain::<Bf16, R, T>(&std::array::from_fn(|t| &values[plain(t)]), &inputs)
            }
            Packed::Coded { block_len, codes, scales, offsets } => {
                let n_blocks = self.n_in / block_len;
                let sums: [&[f32]; R] = std::array::from_fn(|r| rows.block_sums_of(row + r));
                let tiles: [CodedTile<'_>; T] = std::array::from_fn(|t| CodedTile {
                    codes: &codes[part(self.n_in, t)],
                    scales: &scales[part(n_blocks, t)],
                    offsets: &offsets[part(n_blocks, t)],
                });
                if *block_len == 16 {
                    kernel::coded::<16, R, T>(&tiles, &inputs, &sums)
                } else {
                    kernel::coded::<32, R, T>(&tiles, &inputs, &sums)
                }
            }
        }
    }
}

impl<'a> Rows<'a> {
    /// `block_len` is 0 where no sums are needed.
    pub(super) fn new(values: &'a [f32], n_in: usize, block_len: usize) -> Self {
        let block_sums = match block_len {
            0 => Vec::new(),
            len => values.chunks(len).map(sum).collect(),
        };
        Self { values, n_in, block_len, block_sums }
    }

    #[inline(always)]
    fn values_of(&self, row: usize) -> &[f32] {
        &self.values[row * self.n_in..(row + 1) * self.n_in]
    }

    #[inline(always)]
    fn block_sums_of(&self, row: usize) -> &[f32] {
        let n_blocks = self.n_in / self.block_len;
        &self.block_sums[row * n_blocks..(row + 1) * n_blocks]
    }
}

fn padded(n_out: usize) -> usize {
    n_out.next_multiple_of(LANES * TILES)
}

/// Packs plain rows, several matrices one after the other.
fn pack<S: Stored + Send>(matrices: &[&[S]], n_in: usize, zero: S) -> (usize, Vec<S>) {
    let rows: Vec<&[S]> = matrices.iter().flat_map(|matrix| matrix.chunks_exact(n_in)).collect();
    let mut packed = vec![zero; padded(rows.len()) * n_in];
    packed.par_chunks_mut(n_in * LANES).zip(rows.par_chunks(LANES)).for_each(|(tile, rows)| {
        for (lane, row) in rows.iter().enumerate() {
            for (input, value) in row.iter().enumerate() {
                tile[input * LANES + lane] = *value;
            }
        }
    });
    (rows.len(), packed)
}
