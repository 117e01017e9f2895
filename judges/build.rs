//! Turns the language profiles of the `langdetect` crate into tables that need no loading.
//!
//! Four files are written: the letters, the n-grams, their probabilities, and the languages. Their
//! form is described in `src/instructions/langdetect/tables.rs`, which reads them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use langdetect::{Compat, DetectOptions, DetectorFactory, Error, ErrorCode, LangProfile, Seed};

/// One n-gram: its characters, and how probable it is in the languages that have it.
struct Ngram {
    chars: Vec<char>,
    probabilities: Vec<(u32, f64)>,
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let mut factory = DetectorFactory::new(python());
    let profiles = DetectorFactory::builtin_files();
    factory.load_builtin(&profiles).expect("the built-in profiles load");
    let ngrams = ngrams(&factory.to_bytes());
    let numbers = letter_numbers(&ngrams);
    let (slots, probabilities) = slots(&ngrams, &numbers);
    let capitals = Capitals::new();
    write("letters.bin", &letters(&numbers, &capitals));
    write("ngrams.bin", &slots.iter().flat_map(|slot| slot.to_le_bytes()).collect::<Vec<u8>>());
    write("probabilities.bin", &probabilities);
    write("languages.rs", languages(factory.langlist(), &capitals).as_bytes());
}

/// The oracle ran on `CPython` 3.11, whose capitals are those of Unicode 14.
fn python() -> Compat {
    Compat::python(11)
}

fn write(name: &str, content: &[u8]) {
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR"));
    std::fs::write(folder.join(name), content).expect("OUT_DIR can be written");
}

/// The n-grams of a serialised factory (`DetectorFactory::to_bytes`).
fn ngrams(bytes: &[u8]) -> Vec<Ngram> {
    let mut file = File { bytes: &bytes[6..] };
    for _ in 0..file.u32() {
        let n_bytes = file.u32() as usize;
        file.bytes = &file.bytes[n_bytes..];
    }
    let n_ngrams = file.u32();
    let ngram = |_| {
        let chars = unpacked(file.u64());
        file.u32();
        let n_languages = file.u32();
        let probabilities = (0..n_languages).map(|_| (file.u32(), f64::from_bits(file.u64())));
        Ngram { chars, probabilities: probabilities.collect() }
    };
    (0..n_ngrams).map(ngram).collect()
}

/// Characters are kept one higher than they are, in 21 bits each.
fn unpacked(key: u64) -> Vec<char> {
    let numbers = (0..3).map(|index| (key >> (21 * index)) & 0x1f_ffff);
    let chars = numbers.take_while(|number| *number != 0).map(|number| number - 1);
    chars.map(|n| u32::try_from(n).ok().and_then(char::from_u32).expect("a character")).collect()
}

/// The unread rest of little-endian numbers.
struct File<'a> {
    bytes: &'a [u8],
}

impl File<'_> {
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let (taken, rest) = self.bytes.split_first_chunk().expect("a whole factory");
        self.bytes = rest;
        *taken
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }
}

/// The space is 1, then come the other characters that n-grams consist of.
fn letter_numbers(ngrams: &[Ngram]) -> BTreeMap<char, u16> {
    let chars = ngrams.iter().flat_map(|ngram| &ngram.chars).copied();
    let letters: std::collections::BTreeSet<char> = chars.filter(|c| *c != ' ').collect();
    assert!(letters.iter().all(|c| u32::from(*c) < 0x1_0000), "profiles keep to the first plane");
    [' '].into_iter().chain(letters).zip(1..).collect()
}

/// A hash table of the n-grams, with their probabilities one after the other.
fn slots(ngrams: &[Ngram], numbers: &BTreeMap<char, u16>) -> (Vec<u64>, Vec<u8>) {
    let n_slots = (2 * ngrams.len()).next_power_of_two();
    let mut slots = vec![0_u64; n_slots];
    let mut probabilities = Vec::new();
    let mut n_probabilities = 0_u64;
    for ngram in ngrams {
        let places = ngram.chars.iter().zip([0, 13, 26]);
        let key = places.fold(0, |key, (c, shift)| key | u64::from(numbers[c]) << shift);
        let n_languages = ngram.probabilities.len() as u64;
        assert!(n_probabilities < 1 << 19 && n_languages < 1 << 6 && numbers.len() < (1 << 13) - 1);
        let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - n_slots.ilog2());
        let mut at = usize::try_from(hash).expect("fewer slots than addresses");
        while slots[at] != 0 {
            at = (at + 1) % n_slots;
        }
        slots[at] = key | n_languages << 39 | n_probabilities << 45;
        n_probabilities += n_languages;
        for (language, probability) in &ngram.probabilities {
            probabilities.push(u8::try_from(*language).expect("55 languages"));
            probabilities.extend_from_slice(&probability.to_le_bytes());
        }
    }
    (slots, probabilities)
}

/// What every character of the first plane is read as: a letter's number, and whether it counts as
/// a capital.
fn letters(numbers: &BTreeMap<char, u16>, capitals: &Capitals) -> Vec<u8> {
    let letter = |code: u32| {
        let Some(c) = char::from_u32(code) else { return numbers[&' '] };
        let read = langdetect::text::normalize(c);
        let number = numbers.get(&read).copied().unwrap_or((1 << 13) - 1);
        number | u16::from(capitals.contains(c)) << 15
    };
    (0..0x1_0000).flat_map(|code| letter(code).to_le_bytes()).collect()
}

/// Asks the crate which characters are capitals: after one, a second capital has no features.
struct Capitals {
    factory: DetectorFactory,
}

impl Capitals {
    fn new() -> Self {
        let mut factory = DetectorFactory::new(python());
        let freq = vec![("B".to_owned(), 1.0)];
        let profile = LangProfile { name: "x".into(), freq, n_words: vec![1.0; 3] };
        factory.add_profile(&profile).expect("a profile");
        Self { factory }
    }

    fn contains(&self, c: char) -> bool {
        if c == 'B' || !c.is_uppercase() {
            return c == 'B';
        }
        let options = DetectOptions { n_trial: 0, ..DetectOptions::default() };
        let found = self.factory.detect_block(&format!("{c}B"), &options, &Seed::Int(0));
        matches!(found, Err(Error::LangDetect { code: ErrorCode::CantDetectError, .. }))
    }
}

fn languages(languages: &[String], capitals: &Capitals) -> String {
    let n_languages = languages.len();
    let beyond: Vec<char> = ('\u{10000}'..=char::MAX).filter(|c| capitals.contains(*c)).collect();
    let mut source = format!("pub(super) const N_LANGUAGES: usize = {n_languages};\n");
    let _ = writeln!(source, "pub(super) static LANGUAGES: [&str; N_LANGUAGES] = {languages:?};");
    let n_beyond = beyond.len();
    let _ = writeln!(source, "pub(super) static CAPITALS: [char; {n_beyond}] = {beyond:?};");
    source
}
