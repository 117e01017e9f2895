//! Small vector functions, written so that the compiler turns them into vector instructions, with one
//! fixed order of additions.

use rayon::prelude::*;

const LANES: usize = 16;

/// Numbers from which on threads share the work of a few operations on each.
const WORTH_SHARING: usize = 1 << 14;

/// e^x for x ≤ 88, within 2 units in the last place: 2^n times a polynomial for the rest (Cephes
/// `expf`, Moshier 1989). Smaller arguments than −87 give 0.
#[inline]
pub(super) fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    // ln 2 in two parts, so that n · ln 2 is exact enough.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    const COEFFICIENTS: [f32; 6] =
        [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5];
    let clamped = x.clamp(-87.0, 88.0);
    // Adding and taking away 1.5 · 2²³ rounds to the nearest integer.
    let n = clamped.mul_add(LOG2_E, 12_582_912.0) - 12_582_912.0;
    let rest = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, clamped));
    let polynomial = COEFFICIENTS.iter().fold(0.0_f32, |sum, c| sum.mul_add(rest, *c));
    let mantissa = (rest * rest).mul_add(polynomial, rest) + 1.0;
    #[expect(clippy::cast_possible_truncation, reason = "n lies between -126 and 127")]
    let power = f32::from_bits(((n as i32 + 127) << 23).cast_unsigned());
    if x < -87.0 { 0.0 } else { mantissa * power }
}

/// x · σ(x), the activation of Llama (`SiLU`).
#[inline]
pub(super) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// σ(x), the logistic function.
#[inline]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The hyperbolic tangent, within 2e-7.
#[inline]
pub(super) fn tanh(x: f32) -> f32 {
    // Beyond 9 the tangent is 1 in 32 bits; e^18 is far from overflowing.
    let doubled = exp(2.0 * x.clamp(-9.0, 9.0));
    1.0 - 2.0 / (doubled + 1.0)
}

/// The tanh form of GELU (Hendrycks and Gimpel, arXiv 1606.08415).
#[inline]
pub(super) fn gelu_tanh(x: f32) -> f32 {
    const SQRT_2_OVER_PI: f32 = 0.797_884_6;
    0.5 * x * (1.0 + tanh(SQRT_2_OVER_PI * (x + 0.044_715 * x * x * x)))
}

/// The inner product of two vectors of equal length.
#[inline]
pub(super) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (left_chunks, right_chunks) = (left.chunks_exact(LANES), right.chunks_exact(LANES));
    let (left_rest, right_rest) = (left_chunks.remainder(), right_chunks.remainder());
    for (left, right) in left_chunks.zip(right_chunks) {
        for lane in 0..LANES {
            lanes[lane] = left[lane].mul_add(right[lane], lanes[lane]);
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(a, b)| a * b).sum();
    across(&lanes) + rest
}

/// The sum of a vector.
#[inline]
pub(super) fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] += chunk[lane];
        }
    }
    across(&lanes) + rest
}

/// The sum of all lanes: neighbours first, so that the additions need not wait for each other.
#[inline]
fn across(lanes: &[f32; LANES]) -> f32 {
    let eight: [f32; 8] = std::array::from_fn(|lane| lanes[lane] + lanes[lane + 8]);
    let four: [f32; 4] = std::array::from_fn(|lane| eight[lane] + eight[lane + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// The greatest of some values.
#[inline]
fn greatest(values: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = if chunk[lane] > lanes[lane] { chunk[lane] } else { lanes[lane] };
        }
    }
    lanes.iter().copied().fold(rest, f32::max)
}

/// Adds `factor` times `values` to `sums`.
#[inline]
pub(super) fn add_scaled(sums: &mut [f32], factor: f32, values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum = factor.mul_add(*value, *sum);
    }
}

/// Turns scores into probabilities.
pub(super) fn softmax(scores: &mut [f32]) {
    let greatest = greatest(scores);
    for score in scores.iter_mut() {
        *score = exp(*score - greatest);
    }
    let factor = 1.0 / sum(scores);
    for score in scores {
        *score *= factor;
    }
}

/// Root-mean-square norm (Zhang and Sennrich, arXiv 1910.07467) of each row.
pub(super) fn rms_norm(rows: &[f32], weights: &[f32], eps: f32) -> Vec<f32> {
    let mut normed = rows.to_vec();
    rms_norm_in_place(&mut normed, weights, eps);
    normed
}

/// The same, of rows that are not needed afterwards.
pub(super) fn rms_norm_in_place(rows: &mut [f32], weights: &[f32], eps: f32) {
    let norm = |row: &mut [f32]| {
        let mean = dot(row, row) / weights.len() as f32;
        let factor = 1.0 / (mean + eps).sqrt();
        for (value, weight) in row.iter_mut().zip(weights) {
            *value = *value * factor * weight;
        }
    };
    if rows.len() < WORTH_SHARING {
        rows.chunks_exact_mut(weights.len()).for_each(norm);
    } else {
        rows.par_chunks_exact_mut(weights.len()).for_each(norm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_products_count_every_value() {
        for n in 0..70_u16 {
            let values: Vec<f32> = (1..=n).map(f32::from).collect();
            let n = f32::from(n);
            assert!((sum(&values) - n * (n + 1.0) / 2.0).abs() < 1e-3);
            let squares = n * (n + 1.0) * (2.0 * n + 1.0) / 6.0;
            assert!((dot(&values, &values) - squares).abs() <= squares * 1e-6);
            assert!(n == 0.0 || (greatest(&values) - n).abs() < f32::EPSILON);
        }
    }

    #[test]
    fn exp_is_close_everywhere() {
        for i in -8_700..=880 {
            let x = i as f32 / 100.0;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(error < 3e-7, "{x}: {error}");
        }
        assert!((exp(0.0) - 1.0).abs() < f32::EPSILON);
        assert!(exp(-200.0).abs() < f32::MIN_POSITIVE);
        assert!(exp(f32::NEG_INFINITY).abs() < f32::MIN_POSITIVE);
    }
}
