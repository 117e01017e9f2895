//! The random numbers of Python's `random.Random`, exactly.

/// Words of state.
const N: usize = 624;
/// The distance between words that are mixed.
const M: usize = 397;

/// The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998) as `CPython` seeds and uses it
/// (`Modules/_randommodule.c` and `Lib/random.py` of version 3.11).
#[derive(Clone)]
pub struct PythonRandom {
    state: [u32; N],
    next_idx: usize,
}

impl PythonRandom {
    /// `random.Random(seed)`: the seed's 32-bit words, the lowest first, initialise the state.
    pub fn new(seed: u64) -> Self {
        let [b0, b1, b2, b3, b4, b5, b6, b7] = seed.to_le_bytes();
        let low = u32::from_le_bytes([b0, b1, b2, b3]);
        let high = u32::from_le_bytes([b4, b5, b6, b7]);
        let key = [low, high];
        Self::from_key(if high == 0 { &key[..1] } else { &key })
    }

    /// `getrandbits(n_bits)` for 1 to 32 bits.
    pub fn getrandbits(&mut self, n_bits: u32) -> u32 {
        debug_assert!((1..=32).contains(&n_bits), "{n_bits} bits");
        self.word() >> (32 - n_bits)
    }

    /// A number below `n`, which is not 0: draws of just enough bits until one is small enough. One
    /// bit is drawn even where `n` is 1.
    pub fn randbelow(&mut self, n: u32) -> u32 {
        let n_bits = 32 - n.leading_zeros();
        loop {
            let drawn = self.getrandbits(n_bits);
            if drawn < n {
                return drawn;
            }
        }
    }

    /// `shuffle`: from the last place to the second, each is exchanged with one at or before it.
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for place in (1..values.len()).rev() {
            let other = self.place_up_to(place);
            values.swap(place, other);
        }
    }

    /// `sample(pool, len(pool))` for pools of up to 21 values, for which Python draws from a list
    /// and closes the gap with the last value left.
    pub fn sample_all<T: Copy, const LEN: usize>(&mut self, mut pool: [T; LEN]) -> [T; LEN] {
        debug_assert!(LEN <= 21, "longer pools are drawn in another way");
        let mut drawn = pool;
        for (n_drawn, place) in drawn.iter_mut().enumerate() {
            let last = LEN - 1 - n_drawn;
            let taken = self.place_up_to(last);
            *place = pool[taken];
            pool[taken] = pool[last];
        }
        drawn
    }

    fn place_up_to(&mut self, last: usize) -> usize {
        let n = u32::try_from(last + 1).expect("a list is shorter than 2^32");
        self.randbelow(n) as usize
    }

    /// `init_by_array` of the authors' reference code, for keys shorter than the state.
    fn from_key(key: &[u32]) -> Self {
        let mut state = initial_state(19_650_218);
        let mut place = 1;
        let step = |state: &mut [u32; N], place: usize, value: u32| {
            state[place] = value;
            if place == N - 1 {
                state[0] = value;
                return 1;
            }
            place + 1
        };
        let mixed = |state: &[u32; N], place: usize, factor: u32| {
            let before = state[place - 1];
            state[place] ^ (before ^ (before >> 30)).wrapping_mul(factor)
        };
        for (key_idx, word) in (0_u32..).zip(key).cycle().take(N) {
            let value = mixed(&state, place, 1_664_525).wrapping_add(*word).wrapping_add(key_idx);
            place = step(&mut state, place, value);
        }
        for _ in 1..N {
            let number = u32::try_from(place).expect("the state is short");
            let value = mixed(&state, place, 1_566_083_941).wrapping_sub(number);
            place = step(&mut state, place, value);
        }
        state[0] = 0x8000_0000;
        Self { state, next_idx: N }
    }

    fn word(&mut self) -> u32 {
        if self.next_idx == N {
            self.refill();
        }
        let mut word = self.state[self.next_idx];
        self.next_idx += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn refill(&mut self) {
        for place in 0..N {
            let joined =
                (self.state[place] & 0x8000_0000) | (self.state[(place + 1) % N] & 0x7fff_ffff);
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[place] = self.state[(place + M) % N] ^ (joined >> 1) ^ odd;
        }
        self.next_idx = 0;
    }
}

/// `init_genrand` of the authors' reference code.
fn initial_state(seed: u32) -> [u32; N] {
    let mut state = [seed; N];
    let mut before = seed;
    for (place, word) in (0_u32..).zip(&mut state).skip(1) {
        before = (before ^ (before >> 30)).wrapping_mul(1_812_433_253).wrapping_add(place);
        *word = before;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seed: u64, expected: [u32; 3]) {
        let mut random = PythonRandom::new(seed);
        assert_eq!([(); 3].map(|()| random.getrandbits(32)), expected, "{seed}");
    }

    #[test]
    fn words_are_those_of_python() {
        // `[random.Random(seed).getrandbits(32) …]` of CPython 3.11.7.
        check(0, [3_626_764_237, 1_654_615_998, 3_255_389_356]);
        check(42, [2_746_317_213, 478_163_327, 107_420_369]);
        check(CHECKED.0, CHECKED.1);
        check(CHECKED_64.0, CHECKED_64.1);
    }

    #[test]
    fn words_past_the_first_refill_are_those_of_python() {
        let mut random = PythonRandom::new(7);
        let sum = (0..2_000).map(|_| u64::from(random.getrandbits(32))).sum::<u64>();
        assert_eq!(sum, SUM_OF_2000);
    }

    #[test]
    fn lists_are_those_of_python() {
        let mut random = PythonRandom::new(3);
        let mut list: Vec<u32> = (0..10).collect();
        random.shuffle(&mut list);
        assert_eq!(list, SHUFFLED);
        assert_eq!(random.sample_all([0, 1, 2, 3, 4, 5, 6]), SAMPLED);
        assert_eq!((0..8).map(|n| random.randbelow(n + 1)).collect::<Vec<_>>(), BELOW);
    }

    const CHECKED: (u64, [u32; 3]) = (4_294_967_295, [2_728_839_433, 2_661_025_012, 872_737_089]);
    const CHECKED_64: (u64, [u32; 3]) =
        (0xdead_beef_0000_0001, [1_938_651_531, 3_497_184_336, 4_248_295_452]);
    const SUM_OF_2000: u64 = 4_170_787_962_687;
    const SHUFFLED: [u32; 10] = [1, 5, 6, 0, 9, 4, 7, 2, 8, 3];
    const SAMPLED: [u32; 7] = [6, 3, 2, 1, 0, 5, 4];
    const BELOW: [u32; 8] = [0, 0, 0, 1, 4, 3, 5, 0];
}
