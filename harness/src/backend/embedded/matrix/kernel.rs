//! The inner loops: a few rows of inputs times a few tiles of weights.
//!
//! Everything here is inlined into code compiled for one instruction set. Products are added in one
//! written order, so the result does not depend on how many rows or tiles go together.

#![expect(
    clippy::inline_always,
    reason = "kernels must lie inside code compiled for one instruction set"
)]

use super::quants::half;
use super::rows::CodedRow;
use crate::backend::embedded::simd::{LANES, Vector};

/// Codes of one tile, `[pair of inputs][lane][input]`, with `[block][lane]` scales and offsets.
#[derive(Clone, Copy)]
pub(super) struct CodedTile<'a> {
    pub(super) codes: &'a [[i8; 2 * LANES]],
    pub(super) scales: &'a [[f32; LANES]],
    pub(super) offsets: &'a [[f32; LANES]],
}

/// A number as weights are stored.
pub(crate) trait Stored: Copy + Send + Sync {
    /// Sixteen of them in registers.
    fn load<V: Vector>(vector: V, stored: &[Self; LANES]) -> V::Lanes;

    /// Its value.
    fn value(self) -> f32;
}

impl Stored for f32 {
    #[inline(always)]
    fn load<V: Vector>(vector: V, stored: &[Self; LANES]) -> V::Lanes {
        vector.load(stored)
    }

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
    fn load<V: Vector>(vector: V, stored: &[Self; LANES]) -> V::Lanes {
        vector.load(&stored.map(Self::value))
    }

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
    fn load<V: Vector>(vector: V, stored: &[Self; LANES]) -> V::Lanes {
        vector.load(&stored.map(Self::value))
    }

    #[inline(always)]
    fn value(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }
}

/// Σ over blocks of scale · Σ code · code + offset · Σ input, block after block, where the scale is that of
/// the weights times that of the inputs. Sums of a block are exact: 32 products of 16 and 8 bits fit an
/// integer of 32. Symmetric types have no offsets.
#[inline(always)]
pub(super) fn coded<
    V: Vector,
    const PAIRS: usize,
    const IS_SYMMETRIC: bool,
    const R: usize,
    const T: usize,
>(
    vector: V,
    tiles: &[CodedTile<'_>; T],
    rows: &[CodedRow<'_>; R],
) -> [[V::Lanes; T]; R] {
    let mut sums = [[vector.splat(0.0); T]; R];
    for block in 0..rows[0].scales.len() {
        let mut products = [[vector.splat_pair(0); T]; R];
        let codes: [&[[i8; 2 * LANES]; PAIRS]; T] =
            std::array::from_fn(|t| array(&tiles[t].codes[block * PAIRS..]));
        let values: [&[i32; PAIRS]; R] =
            std::array::from_fn(|r| array(&rows[r].pairs[block * PAIRS..]));
        for pair in 0..PAIRS {
            let weights: [V::Integers; T] =
                std::array::from_fn(|t| vector.widen_pairs(&codes[t][pair]));
            for r in 0..R {
                let value = vector.splat_pair(values[r][pair]);
                for t in 0..T {
                    products[r][t] = vector.add_products(weights[t], value, products[r][t]);
                }
            }
        }
        for t in 0..T {
            let scale = vector.load(&tiles[t].scales[block]);
            for r in 0..R {
                let scale = vector.mul(scale, vector.splat(rows[r].scales[block]));
                sums[r][t] = vector.mul_add(vector.floats(products[r][t]), scale, sums[r][t]);
            }
            if !IS_SYMMETRIC {
                let offset = vector.load(&tiles[t].offsets[block]);
                for r in 0..R {
                    let block_sum = vector.splat(rows[r].sums[block]);
                    sums[r][t] = vector.mul_add(block_sum, offset, sums[r][t]);
                }
            }
        }
    }
    sums
}

/// Σ weight · input, input after input, added to `sums`.
#[inline(always)]
pub(crate) fn plain<V: Vector, S: Stored, const R: usize, const T: usize>(
    vector: V,
    tiles: &[&[[S; LANES]]; T],
    inputs: &[&[f32]; R],
    mut sums: [[V::Lanes; T]; R],
) -> [[V::Lanes; T]; R] {
    let n_in = inputs[0].len();
    let tiles: [&[[S; LANES]]; T] = std::array::from_fn(|t| &tiles[t][..n_in]);
    let inputs: [&[f32]; R] = std::array::from_fn(|r| &inputs[r][..n_in]);
    for input in 0..n_in {
        let weights: [V::Lanes; T] = std::array::from_fn(|t| S::load(vector, &tiles[t][input]));
        for r in 0..R {
            let value = vector.splat(inputs[r][input]);
            for t in 0..T {
                sums[r][t] = vector.mul_add(value, weights[t], sums[r][t]);
            }
        }
    }
    sums
}

/// The first `N` values of a slice that has at least as many.
#[inline(always)]
fn array<V, const N: usize>(values: &[V]) -> &[V; N] {
    values.first_chunk().expect("tiles and rows are whole numbers of blocks")
}
