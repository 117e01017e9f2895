//! The inner loops: a few rows of inputs times a few tiles of weights.
//!
//! Everything here is inlined into the caller, which chooses the instruction set. Products are fused
//! multiply-adds in one written order, so the result does not depend on that choice.

use super::quants::half;

/// Outputs computed side by side: the lanes of the inner loop.
pub(super) const LANES: usize = 16;

/// What `R` rows and `T` tiles give.
pub(super) type Sums<const R: usize, const T: usize> = [[[f32; LANES]; T]; R];

/// Codes of one tile, `[input][lane]`, with `[block][lane]` scales and offsets.
#[derive(Clone, Copy)]
pub(super) struct CodedTile<'a> {
    pub(super) codes: &'a [i8],
    pub(super) scales: &'a [f32],
    pub(super) offsets: &'a [f32],
}

/// A number as weights are stored.
pub(super) trait Stored: Copy + Sync {
    /// Its value.
    fn value(self) -> f32;
}

impl Stored for f32 {
    #[inline(always)]
    fn value(self) -> f32 {
        self
    }
}

/// The bits of an IEEE 754 binary16 number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct F16(pub(crate) u16);

impl Stored for F16 {
    #[inline(always)]
    fn value(self) -> f32 {
        half(self.0)
    }
}

/// The bits of a bfloat16 number: the upper half of a 32-bit one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bf16(pub(crate) u16);

impl Stored for Bf16 {
    #[inline(always)]
    fn value(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }
}

/// Σ over blocks of scale · Σ code · input + offset · Σ input, block after block.
#[inline(always)]
pub(super) fn coded<const BLOCK: usize, const R: usize, const T: usize>(
    tiles: &[CodedTile<'_>; T],
    inputs: &[&[f32]; R],
    block_sums: &[&[f32]; R],
) -> Sums<R, T> {
    let mut sums = [[[0.0; LANES]; T]; R];
    for block in 0..inputs[0].len() / BLOCK {
        let mut products = [[[0.0_f32; LANES]; T]; R];
        let codes: [&[i8]; T] = std::array::from_fn(|t| {
            &tiles[t].codes[block * BLOCK * LANES..(block + 1) * BLOCK * LANES]
        });
        let values: [&[f32; BLOCK]; R] =
            std::array::from_fn(|r| array(&inputs[r][block * BLOCK..]));
        for input in 0..BLOCK {
            for t in 0..T {
                let codes: &[i8; LANES] = array(&codes[t][input * LANES..]);
                let weights: [f32; LANES] = std::array::from_fn(|lane| f32::from(codes[lane]));
                for r in 0..R {
                    add_product(&mut products[r][t], values[r][input], &weights);
                }
            }
        }
        for t in 0..T {
            let scale: &[f32; LANES] = array(&tiles[t].scales[block * LANES..]);
            let offset: &[f32; LANES] = array(&tiles[t].offsets[block * LANES..]);
            for r in 0..R {
                for lane in 0..LANES {
                    let scaled = products[r][t][lane].mul_add(scale[lane], sums[r][t][lane]);
                    sums[r][t][lane] = block_sums[r][block].mul_add(offset[lane], scaled);
                }
            }
        }
    }
    sums
}

/// Σ weight · input, input after input.
#[inline(always)]
pub(super) fn plain<S: Stored, const R: usize, const T: usize>(
    tiles: &[&[S]; T],
    inputs: &[&[f32]; R],
) -> Sums<R, T> {
    let mut sums = [[[0.0; LANES]; T]; R];
    for input in 0..inputs[0].len() {
        for t in 0..T {
            let stored: &[S; LANES] = array(&tiles[t][input * LANES..]);
            let weights: [f32; LANES] = std::array::from_fn(|lane| stored[lane].value());
            for r in 0..R {
                add_product(&mut sums[r][t], inputs[r][input], &weights);
            }
        }
    }
    sums
}

#[inline(always)]
fn add_product(sums: &mut [f32; LANES], value: f32, weights: &[f32; LANES]) {
    for lane in 0..LANES {
        sums[lane] = value.mul_add(weights[lane], sums[lane]);
    }
}

/// The first `N` values of a slice that has at least as many.
#[inline(always)]
fn array<V, const N: usize>(values: &[V]) -> &[V; N] {
    values.first_chunk().expect("tiles and rows are whole numbers of blocks")
}
