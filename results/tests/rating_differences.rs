//! How sure comparisons of ratings are, over seeded trials.

use results::compare::{Pair, PairedDifference, Shape, Test};
use results::metric::{ItemScore, Tail};
use tasks::ItemId;

/// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }

    /// One of the values, all equally likely.
    fn choose(&mut self, values: &[f64]) -> f64 {
        values[usize::try_from(self.below(values.len() as u64)).expect("an index")]
    }
}

/// Dialogues of two turns whose ratings differ by values drawn from `changes`.
fn pairs(n_items: usize, changes: &[f64], random: &mut Random) -> Vec<Pair> {
    let pair = |idx: usize| {
        let turn = |random: &mut Random| (random.choose(&[5.0, 6.0, 7.0]), random.choose(changes));
        let (first, second) = (turn(random), turn(random));
        let score = |value: f64| ItemScore { value, n_samples: 1 };
        let a = f64::midpoint(first.0, second.0);
        let b = f64::midpoint(first.0 + first.1, second.0 + second.1);
        Pair { item: ItemId(idx.to_string()), a: score(a), b: score(b) }
    };
    (0..n_items).map(pair).collect()
}

/// The shares of trials whose interval holds the true difference, and whose test says that runs differ.
fn check(n_items: usize, changes: &[f64], coverage: (f64, f64), rejected: (f64, f64)) {
    let mut random = Random(11);
    let truth = changes.iter().sum::<f64>() / changes.len() as f64;
    let n_trials = 1500;
    let (mut n_covered, mut n_rejected) = (0, 0);
    for _ in 0..n_trials {
        let pairs = pairs(n_items, changes, &mut random);
        let found = PairedDifference::new(&pairs, Shape::Ratings, Tail::OF_95).expect("items");
        assert_eq!(found.significance.test, Test::Permutation);
        n_covered += u32::from(found.interval.low <= truth && truth <= found.interval.high);
        n_rejected += u32::from(found.significance.p <= 0.05);
    }
    let share = |n: u32| f64::from(n) / f64::from(n_trials);
    let (covered, rejecting) = (share(n_covered), share(n_rejected));
    println!("{n_items} dialogues, {truth:+.2}: covered {covered:.4}, rejected {rejecting:.4}");
    assert!((coverage.0..=coverage.1).contains(&covered), "{covered}");
    assert!((rejected.0..=rejected.1).contains(&rejecting), "{rejecting}");
}

#[test]
fn intervals_cover_and_tests_keep_their_level() {
    let asked = (0.93, 0.97);
    check(80, &[-2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0], asked, (0.0, 0.06));
    check(30, &[-2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0], asked, (0.0, 0.06));
    // A skewed difference: mostly nothing, now and then a collapse.
    check(80, &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, -4.0], (0.92, 0.97), (0.5, 1.0));
    check(8, &[-1.0, 0.0, 1.0], (0.92, 0.99), (0.0, 0.06));
}
