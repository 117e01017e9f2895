//! Rows of activations as weights of each storage type want them.

#![expect(
    clippy::inline_always,
    reason = "kernels must lie inside code compiled for one instruction set"
)]

use rayon::prelude::*;

use crate::backend::embedded::math::sum;
use crate::backend::embedded::simd::{Kernel, LANES, Processor, Vector};

/// The greatest code of an activation: sixteen bits with their sign.
const GREATEST_CODE: f32 = 32_767.0;

/// Activations from which on threads share the coding of them.
const WORTH_SHARING: usize = 1 << 14;

/// Rows that are multiplied with one part of a matrix.
pub(super) struct Rows<'a> {
    values: &'a [f32],
    n_in: usize,
    /// Of the codes; empty where weights are plain numbers.
    coded: Coded,
}

/// Activations in blocks as long as those of the weights: value ≈ code · scale.
#[derive(Default)]
struct Coded {
    n_blocks: usize,
    /// Two neighbouring codes in the halves of a number, the first in the lower one.
    pairs: Vec<i32>,
    scales: Vec<f32>,
    /// Of the values themselves, which the offsets of weights multiply.
    sums: Vec<f32>,
}

/// One row of coded activations.
#[derive(Clone, Copy)]
pub(super) struct CodedRow<'a> {
    pub(super) pairs: &'a [i32],
    pub(super) scales: &'a [f32],
    pub(super) sums: &'a [f32],
}

impl<'a> Rows<'a> {
    /// Codes rows in blocks of `block_len`; 0 where values are enough.
    pub(super) fn new(
        values: &'a [f32],
        n_in: usize,
        block_len: usize,
        processor: Processor,
    ) -> Self {
        let coded = match block_len {
            0 => Coded::default(),
            len => Coded::of(values, n_in, len, processor),
        };
        Self { values, n_in, coded }
    }

    #[inline]
    pub(super) fn values_of(&self, row: usize) -> &[f32] {
        &self.values[row * self.n_in..(row + 1) * self.n_in]
    }

    #[inline]
    pub(super) fn coded_row(&self, row: usize) -> CodedRow<'_> {
        let (n_pairs, n_blocks) = (self.n_in / 2, self.coded.n_blocks);
        CodedRow {
            pairs: &self.coded.pairs[row * n_pairs..(row + 1) * n_pairs],
            scales: &self.coded.scales[row * n_blocks..(row + 1) * n_blocks],
            sums: &self.coded.sums[row * n_blocks..(row + 1) * n_blocks],
        }
    }
}

impl Coded {
    fn of(values: &[f32], n_in: usize, block_len: usize, processor: Processor) -> Self {
        let n_blocks = values.len() / block_len;
        let mut coded = Self {
            n_blocks: n_in / block_len,
            pairs: vec![0; values.len() / 2],
            scales: vec![0.0; n_blocks],
            sums: vec![0.0; n_blocks],
        };
        let at_once = if values.len() < WORTH_SHARING { n_blocks } else { coded.n_blocks };
        let places = coded.pairs.par_chunks_mut((at_once * block_len / 2).max(1));
        let places = places.zip(coded.scales.par_chunks_mut(at_once.max(1)));
        let places = places.zip(coded.sums.par_chunks_mut(at_once.max(1)));
        let values = values.par_chunks((at_once * block_len).max(1));
        values.zip(places).for_each(|(values, ((pairs, scales), sums))| {
            processor.run(Code { values, block_len, pairs, scales, sums });
        });
        coded
    }
}

/// Codes whole blocks.
struct Code<'a> {
    values: &'a [f32],
    block_len: usize,
    pairs: &'a mut [i32],
    scales: &'a mut [f32],
    sums: &'a mut [f32],
}

impl Kernel for Code<'_> {
    #[inline(always)]
    fn run<V: Vector>(self, _: V) {
        let blocks = self.values.chunks_exact(self.block_len);
        let places = self.pairs.chunks_exact_mut(self.block_len / 2);
        let places = places.zip(self.scales.iter_mut().zip(self.sums));
        for (values, (pairs, (scale, block_sum))) in blocks.zip(places) {
            *block_sum = sum(values);
            // Of a number that is none no output may become one.
            *scale = if block_sum.is_finite() { code_block(values, pairs) } else { f32::NAN };
        }
    }
}

/// Codes one block of finite values and returns its scale.
#[inline(always)]
fn code_block(values: &[f32], pairs: &mut [i32]) -> f32 {
    // Adding 1.5 · 2²³ rounds to the nearest integer and leaves it in the lower bits.
    const ROUND: f32 = 12_582_912.0;
    let scale = greatest_magnitude(values) / GREATEST_CODE;
    let factor = 1.0 / scale;
    if !factor.is_finite() {
        // Zeros, and what is too small to be divided by.
        return 0.0;
    }
    let code = |value: f32| value.mul_add(factor, ROUND).to_bits() & 0xffff;
    for (pair, values) in pairs.iter_mut().zip(values.chunks_exact(2)) {
        *pair = (code(values[0]) | code(values[1]) << 16).cast_signed();
    }
    scale
}

/// Of whole vectors, as all blocks are.
#[inline(always)]
fn greatest_magnitude(values: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    for chunk in values.chunks_exact(LANES) {
        for (greatest, value) in lanes.iter_mut().zip(chunk) {
            let magnitude = value.abs();
            *greatest = if magnitude > *greatest { magnitude } else { *greatest };
        }
    }
    lanes.into_iter().fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The greatest error of a value in units of its block's scale, and whether sums are those of values.
    fn check(values: &[f32], block_len: usize) {
        let rows = Rows::new(values, values.len() / 2, block_len, Processor::detect());
        for row in 0..2 {
            let (values, found) = (rows.values_of(row), rows.coded_row(row));
            let codes = found.pairs.iter().flat_map(|pair| pulp::cast::<i32, [i16; 2]>(*pair));
            let codes: Vec<f32> = codes.map(f32::from).collect();
            for (block, values) in values.chunks(block_len).enumerate() {
                let (scale, codes) = (found.scales[block], &codes[block * block_len..]);
                for (value, code) in values.iter().zip(codes) {
                    assert!((value - code * scale).abs() <= 0.51 * scale, "{value}: {code}");
                }
                assert_eq!(found.sums[block].to_bits(), sum(values).to_bits());
            }
        }
    }

    #[test]
    fn codes_are_the_nearest() {
        for block_len in [16, 32] {
            let wave = |idx: usize| (idx as f32 * 0.7).sin() * ((idx / 32) as f32 - 3.0).exp2();
            check(&(0..1024).map(wave).collect::<Vec<_>>(), block_len);
            check(&[0.0; 1024], block_len);
            check(&[-3.5; 1024], block_len);
            let spike = |idx: usize| if idx % 50 == 7 { -60_000.0 } else { 1e-3 };
            check(&(0..1024).map(spike).collect::<Vec<_>>(), block_len);
        }
    }

    #[test]
    fn what_is_no_number_makes_no_number() {
        for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut values = [1.0; 64];
            values[40] = odd;
            let rows = Rows::new(&values, 64, 32, Processor::detect());
            let scales = rows.coded_row(0).scales;
            assert!(scales[0].is_finite() && scales[1].is_nan(), "{odd}: {scales:?}");
        }
    }

    #[test]
    fn numbers_too_small_for_a_scale_are_zero() {
        let rows = Rows::new(&[1e-44; 32], 32, 32, Processor::detect());
        assert_eq!((rows.coded_row(0).scales, rows.coded_row(0).pairs), (&[0.0][..], &[0; 16][..]));
    }
}
