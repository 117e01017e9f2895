//! Exact tests of no difference between paired runs.

use serde::Serialize;

use super::paired::{Pair, Shape};
use crate::metric::{SplitMix64, at_most_heads};

/// The test that the data's shape asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// `McNemar`'s exact test: single samples, so that an item is right or wrong in each run.
    McNemar,
    /// The exact sign test: values without bounds, where a few giants would decide a mean.
    Sign,
    /// The permutation test with all flips of signs counted: samples averaged by item, and ratings.
    Permutation,
    /// The same with [`N_FLIPS`] seeded random flips, where all are too many to count.
    PermutationResampled,
}

impl Test {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::McNemar => "exact McNemar test",
            Self::Sign => "exact sign test",
            Self::Permutation => "exact permutation test",
            Self::PermutationResampled => "permutation test, 20,000 flips",
        }
    }
}

/// How likely differences at least as large are where the runs are equally good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Significance {
    /// The test.
    pub test: Test,
    /// Two-sided.
    pub p: f64,
    /// Of a second mean this low.
    pub p_down: f64,
    /// Of a second mean this high.
    pub p_up: f64,
}

impl Significance {
    fn of_sides(test: Test, p_down: f64, p_up: f64) -> Self {
        Self { test, p: (2.0 * p_down.min(p_up)).min(1.0), p_down, p_up }
    }
}

/// Random flips of signs.
pub const N_FLIPS: usize = 20_000;

/// Steps that counting all flips may take.
const N_STEPS_MOST: usize = 50_000_000;

/// The largest common denominator of item differences that counting is tried with.
const DENOMINATOR_MOST: usize = 100_000;

/// Into how many parts a rating may fall: the mean of a dialogue's turns, of several replies of a judge and
/// of several judges; and some judges give halves and tenths.
const RATING_PARTS: [usize; 12] = [1, 2, 3, 4, 6, 8, 10, 12, 20, 24, 60, 120];

/// The seed of random flips.
const SEED: u64 = 0x0066_6c69_7073;

/// Tests whether the runs differ.
///
/// The tests hold exactly where both runs have as many samples of an item; with unequal numbers the
/// permutation test is an approximation for many items.
pub fn significance(pairs: &[Pair], shape: Shape) -> Significance {
    let differences: Vec<f64> = pairs.iter().map(Pair::difference).collect();
    let is_binary = |value: f64| value <= 0.0 || (value - 1.0).abs() < 1e-12;
    match shape {
        Shape::Values => of_counts(Test::Sign, &differences),
        Shape::Shares if pairs.iter().all(|p| is_binary(p.a.value) && is_binary(p.b.value)) => {
            of_counts(Test::McNemar, &differences)
        }
        Shape::Shares | Shape::Ratings => {
            let finer: &[usize] = if shape == Shape::Ratings { &RATING_PARTS } else { &[1] };
            let denominator = common_denominator(pairs);
            let count = |parts: &usize| all_flips(&differences, denominator? * parts);
            finer.iter().find_map(count).unwrap_or_else(|| random_flips(&differences))
        }
    }
}

/// Whether up or down is a fair coin for the items that differ.
fn of_counts(test: Test, differences: &[f64]) -> Significance {
    let n_up = differences.iter().filter(|d| **d > 0.0).count();
    let n_down = differences.iter().filter(|d| **d < 0.0).count();
    let n = n_up + n_down;
    Significance::of_sides(test, at_most_heads(n_up, n), at_most_heads(n_down, n))
}

/// A number that makes every difference whole: the least common multiple of the samples' numbers.
fn common_denominator(pairs: &[Pair]) -> Option<usize> {
    let counts = pairs.iter().flat_map(|pair| [pair.a.n_samples, pair.b.n_samples]);
    counts.filter(|n| *n > 0).try_fold(1_usize, |multiple, n| {
        let multiple = multiple.checked_mul(n / gcd(multiple, n))?;
        (multiple <= DENOMINATOR_MOST).then_some(multiple)
    })
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The distribution of the sum of differences whose signs are tossed, counted on whole numbers; `None`
/// where the differences are no multiples of 1/`denominator`, or there is too much to count.
fn all_flips(differences: &[f64], denominator: usize) -> Option<Significance> {
    let mut sizes = Vec::new();
    let (mut sum, mut ups) = (0, 0);
    for difference in differences {
        let scaled = difference.abs() * denominator as f64;
        if (scaled - scaled.round()).abs() > 1e-6 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is small")]
        let size = scaled.round() as usize;
        sum += size;
        ups += if *difference > 0.0 { size } else { 0 };
        sizes.extend((size > 0).then_some(size));
    }
    if sizes.len().checked_mul(sum)? > N_STEPS_MOST {
        return None;
    }
    // The chance of each sum of the differences that came up positive.
    let mut chances = vec![0.0; sum + 1];
    chances[0] = 1.0;
    let mut reached = 0;
    for size in sizes {
        reached += size;
        for s in (0..=reached).rev() {
            let from_below = if s >= size { chances[s - size] } else { 0.0 };
            chances[s] = f64::midpoint(chances[s], from_below);
        }
    }
    let p_down = chances[..=ups].iter().sum::<f64>().min(1.0);
    let p_up = chances[ups..].iter().sum::<f64>().min(1.0);
    Some(Significance::of_sides(Test::Permutation, p_down, p_up))
}

/// The same over seeded random flips; the observed signs count as one of them (Phipson and Smyth,
/// "Permutation p-values should never be zero", 2010).
pub fn random_flips(differences: &[f64]) -> Significance {
    let observed: f64 = differences.iter().sum();
    let slack = 1e-9 * differences.iter().map(|d| d.abs()).sum::<f64>();
    let mut random = SplitMix64::new(SEED);
    let (mut n_down, mut n_up) = (1_usize, 1_usize);
    for _ in 0..N_FLIPS {
        let mut bits = 0;
        let mut sum = 0.0;
        for (idx, difference) in differences.iter().enumerate() {
            if idx % 64 == 0 {
                bits = random.next_u64();
            }
            sum += if bits & 1 == 1 { *difference } else { -difference };
            bits >>= 1;
        }
        n_down += usize::from(sum <= observed + slack);
        n_up += usize::from(sum >= observed - slack);
    }
    let share = |n: usize| n as f64 / (N_FLIPS + 1) as f64;
    Significance::of_sides(Test::PermutationResampled, share(n_down), share(n_up))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::ItemScore;
    use tasks::ItemId;

    fn pairs(scores: &[(f64, f64)], n_samples: usize) -> Vec<Pair> {
        let score = |value: f64| ItemScore { value, n_samples };
        let pair = |(idx, (a, b)): (usize, &(f64, f64))| {
            let item = ItemId(idx.to_string());
            Pair { item, a: score(*a), b: score(*b) }
        };
        scores.iter().enumerate().map(pair).collect()
    }

    fn check(scores: &[(f64, f64)], n_samples: usize, shape: Shape, expected: (Test, f64)) {
        let found = significance(&pairs(scores, n_samples), shape);
        assert_eq!(found.test, expected.0);
        assert!((found.p - expected.1).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn the_shape_chooses_the_test() {
        // Six changes, five of them down: scipy `binomtest(1, 6).pvalue` is 0.21875.
        let binary = [(1., 0.), (1., 0.), (1., 0.), (1., 0.), (1., 0.), (0., 1.), (1., 1.)];
        check(&binary, 1, Shape::Shares, (Test::McNemar, 0.218_75));
        check(&[(3., 9.), (5., 50.), (7., 8.)], 1, Shape::Values, (Test::Sign, 0.25));
        // Of eight flips of 1/4, 1/2 and 1/4 only one is as low: p = 2/8.
        let averaged = [(0.5, 0.25), (1.0, 0.5), (0.25, 0.0)];
        check(&averaged, 4, Shape::Shares, (Test::Permutation, 0.25));
        check(&[(0.5, 0.5); 4], 4, Shape::Shares, (Test::Permutation, 1.0));
        check(&[], 1, Shape::Shares, (Test::McNemar, 1.0));
        // Ratings of two turns: halves. Of eight flips of 1, 1/2 and 3 two are as far from zero: -4.5 and 4.5.
        let rated = [(8.0, 7.0), (6.5, 6.0), (9.0, 6.0)];
        check(&rated, 1, Shape::Ratings, (Test::Permutation, 0.25));
        // Thirds of two judges' replies.
        let thirds = [(8.0, 8.0 - 1.0 / 3.0), (7.0, 6.0), (7.0, 7.0 - 2.0 / 3.0)];
        check(&thirds, 1, Shape::Ratings, (Test::Permutation, 0.25));
        // What no count of parts fits is resampled: p is near the exact 1/4.
        let found =
            significance(&pairs(&[(7.123_45, 7.0), (8.0, 7.876_1), (5.5, 5.0)], 1), Shape::Ratings);
        assert_eq!(found.test, Test::PermutationResampled);
        assert!((found.p - 0.25).abs() < 0.02, "{found:?}");
    }

    #[test]
    fn random_flips_come_near_to_all() {
        let differences: Vec<f64> = (0..14_i32).map(|i| f64::from(i % 5 - 1) / 8.0).collect();
        let all = all_flips(&differences, 8).expect("multiples of one eighth");
        let some = random_flips(&differences);
        assert!((all.p - some.p).abs() < 0.01, "{all:?} {some:?}");
        assert!((all.p_down - some.p_down).abs() < 0.01, "{all:?} {some:?}");
        // Scores that are no multiples of 1/n, such as pass@k, cannot be counted.
        assert_eq!(all_flips(&[0.1, 0.3], 8), None);
    }
}
