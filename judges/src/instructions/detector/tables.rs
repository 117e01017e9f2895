//! The tables that the build script makes of the profiles.

include!(concat!(env!("OUT_DIR"), "/languages.rs"));

/// For each character of the first plane two bytes: the [`Letter`] it is read as.
static LETTERS: &[[u8; 2]] =
    include_bytes!(concat!(env!("OUT_DIR"), "/letters.bin")).as_slice().as_chunks().0;

/// An open hash table: from its lowest bit a slot has 39 bits of key, 6 bits for the number of
/// languages that have the n-gram, and 19 bits for the place of their probabilities. No key is 0.
static SLOTS: &[[u8; 8]] =
    include_bytes!(concat!(env!("OUT_DIR"), "/ngrams.bin")).as_slice().as_chunks().0;

/// The number of a language, and the probability of the n-gram in it.
static PROBABILITIES: &[[u8; 9]] =
    include_bytes!(concat!(env!("OUT_DIR"), "/probabilities.bin")).as_slice().as_chunks().0;

const KEY: u64 = (1 << 39) - 1;

/// A character as n-grams see it: 13 bits for its number, and the highest for capitals. Those that
/// are in no profile share a number that no n-gram has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Letter(u16);

/// An n-gram of some profile: 6 bits for the number of languages that have it, and above them the
/// place of their probabilities, as in its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ngram(u32);

impl Letter {
    /// What parts words; every character but letters is read as it.
    pub(super) const SPACE: Self = Self(1);

    const NUMBER: u16 = (1 << 13) - 1;
    const CAPITAL: u16 = 1 << 15;

    pub(super) fn new(c: char) -> Self {
        match LETTERS.get(u32::from(c) as usize) {
            Some(letter) => Self(u16::from_le_bytes(*letter)),
            None if CAPITALS.binary_search(&c).is_ok() => Self(Self::NUMBER | Self::CAPITAL),
            None => Self(Self::NUMBER),
        }
    }

    pub(super) fn is_capital(self) -> bool {
        self.0 & Self::CAPITAL != 0
    }
}

impl Ngram {
    /// The n-gram of one to three letters, if a profile has it.
    pub(super) fn find(letters: &[Letter]) -> Option<Self> {
        let numbers = letters.iter().map(|letter| u64::from(letter.0 & Letter::NUMBER));
        let key = numbers.zip([0, 13, 26]).fold(0, |key, (number, shift)| key | number << shift);
        let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SLOTS.len().ilog2());
        let mut at = usize::try_from(hash).unwrap_or(0);
        loop {
            let slot = u64::from_le_bytes(SLOTS[at]);
            if slot & KEY == key {
                return u32::try_from(slot >> KEY.count_ones()).ok().map(Self);
            }
            if slot == 0 {
                return None;
            }
            at = (at + 1) % SLOTS.len();
        }
    }

    /// The languages that have it, and how probable it is in them.
    pub(super) fn probabilities(self) -> impl Iterator<Item = (usize, f64)> {
        let (start, n_languages) = (self.0 >> 6, self.0 & 0x3f);
        let listed = &PROBABILITIES[start as usize..][..n_languages as usize];
        listed.iter().map(|[language, probability @ ..]| {
            (usize::from(*language), f64::from_le_bytes(*probability))
        })
    }
}
