//! `CPython`'s `random.Random(0)`.
//!
//! Source: `CPython` 3.11, `Modules/_randommodule.c` and `Lib/random.py`; the generator is MT19937
//! (Matsumoto and Nishimura, 1998).

use std::f64::consts::TAU;
use std::sync::LazyLock;

const N_WORDS: usize = 624;
const MIDDLE: usize = 397;

/// The generator.
pub(super) struct Random {
    words: [u32; N_WORDS],
    n_taken: usize,
    /// The second of a pair of normally distributed numbers.
    spare: Option<f64>,
}

/// The words after seeding with 0 and the first twist.
static FIRST_WORDS: LazyLock<[u32; N_WORDS]> = LazyLock::new(|| {
    let mut words = seeded_with_zero();
    twist(&mut words);
    words
});

impl Random {
    /// `random.Random(0)`
    pub(super) fn new() -> Self {
        Self { words: *FIRST_WORDS, n_taken: 0, spare: None }
    }

    fn word(&mut self) -> u32 {
        if self.n_taken == N_WORDS {
            twist(&mut self.words);
            self.n_taken = 0;
        }
        let mut word = self.words[self.n_taken];
        self.n_taken += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// `random()`: 53 bits.
    fn unit(&mut self) -> f64 {
        let (high, low) = (self.word() >> 5, self.word() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// `gauss(0.0, 1.0)`
    pub(super) fn gauss(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let angle = self.unit() * TAU;
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        self.spare = Some(angle.sin() * radius);
        angle.cos() * radius
    }

    /// `randrange(n)` for 0 < `n` < 2^32.
    pub(super) fn below(&mut self, n: usize) -> usize {
        let n_unused = n.leading_zeros() + u32::BITS - usize::BITS;
        loop {
            let number = (self.word() >> n_unused) as usize;
            if number < n {
                return number;
            }
        }
    }
}

/// `init_by_array` with the one word 0.
fn seeded_with_zero() -> [u32; N_WORDS] {
    let mut words = [19_650_218_u32; N_WORDS];
    for (index, number) in (1..N_WORDS).zip(1..) {
        let last = words[index - 1];
        words[index] = (last ^ (last >> 30)).wrapping_mul(1_812_433_253).wrapping_add(number);
    }
    let mut mix = |index: usize, factor: u32, subtract: u32| {
        let last = words[index - 1];
        let mixed = (last ^ (last >> 30)).wrapping_mul(factor);
        words[index] = (words[index] ^ mixed).wrapping_sub(subtract);
        if index == N_WORDS - 1 {
            words[0] = words[index];
        }
    };
    (1..N_WORDS).chain([1]).for_each(|index| mix(index, 1_664_525, 0));
    let rounds = (2..N_WORDS).chain([1]);
    rounds.zip((2..624).chain([1])).for_each(|(index, number)| mix(index, 1_566_083_941, number));
    words[0] = 1 << 31;
    words
}

fn twist(words: &mut [u32; N_WORDS]) {
    for index in 0..N_WORDS {
        let next = words[(index + 1) % N_WORDS];
        let mixed = (words[index] & (1 << 31)) | (next & !(1 << 31));
        let odd = if mixed & 1 == 1 { 0x9908_b0df } else { 0 };
        words[index] = words[(index + MIDDLE) % N_WORDS] ^ (mixed >> 1) ^ odd;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of `random.Random(0)` in `CPython` 3.11.
    #[test]
    fn numbers_are_cpythons() {
        let mut random = Random::new();
        let found: Vec<f64> = (0..2).map(|_| random.unit()).collect();
        assert_eq!(found, [0.844_421_851_525_048_1, 0.757_954_402_940_302_5]);
        let mut random = Random::new();
        let found: Vec<f64> = (0..3).map(|_| random.gauss()).collect();
        assert_eq!(
            found,
            [0.941_715_404_680_664_4, -1.396_578_104_701_149_8, -0.679_714_448_078_421_1]
        );
        let found: Vec<usize> = (0..5).map(|_| random.below(100)).collect();
        assert_eq!(found, [65, 62, 51, 38, 61]);
    }
}
