//! A table of words.

/// What is known of a word, as bits; 0 for an unknown one. The words lie one after the other in one
/// text, so that a model of tens of thousands is read in a millisecond.
#[derive(Debug)]
pub(super) struct Lexicon {
    text: String,
    entries: Vec<Entry>,
    /// An open hash table of places in `entries`, each one higher than it is.
    slots: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: u32,
    end: u32,
    bits: u32,
}

/// At first; there is always at least one slot in two that is free.
const N_SLOTS: usize = 1 << 16;

impl Lexicon {
    /// `n_bytes` is what the words take up at most, roughly.
    pub(super) fn new(n_bytes: usize) -> Self {
        let text = String::with_capacity(n_bytes);
        Self { text, entries: Vec::new(), slots: vec![0; N_SLOTS] }
    }

    /// What is known of a word.
    pub(super) fn bits(&self, word: &str) -> u32 {
        match self.slots[self.slot(word)] {
            0 => 0,
            place => self.entries[place as usize - 1].bits,
        }
    }

    /// Adds to what is known of a word. The error says that there are too many.
    pub(super) fn add(&mut self, word: &str, bits: u32) -> Result<(), String> {
        let slot = self.slot(word);
        if let Some(index) = (self.slots[slot] as usize).checked_sub(1) {
            self.entries[index].bits |= bits;
            return Ok(());
        }
        let place = |n: usize| u32::try_from(n).map_err(|_| "there are too many words");
        let start = place(self.text.len())?;
        self.text.push_str(word);
        self.entries.push(Entry { start, end: place(self.text.len())?, bits });
        self.slots[slot] = place(self.entries.len())?;
        if 2 * self.entries.len() > self.slots.len() {
            self.grow();
        }
        Ok(())
    }

    fn grow(&mut self) {
        self.slots = vec![0; 2 * self.slots.len()];
        for (entry, place) in self.entries.iter().zip(1..) {
            let slot = self.slot(self.word(*entry));
            self.slots[slot] = place;
        }
    }

    fn word(&self, entry: Entry) -> &str {
        &self.text[entry.start as usize..entry.end as usize]
    }

    /// The slot that has the word, or the free one where it belongs.
    fn slot(&self, word: &str) -> usize {
        let mut slot = hash(word) % self.slots.len();
        loop {
            let place = self.slots[slot] as usize;
            if place == 0 || self.word(self.entries[place - 1]) == word {
                return slot;
            }
            slot = (slot + 1) % self.slots.len();
        }
    }
}

/// Eight bytes at a time, multiplied by the golden ratio of 2^64.
fn hash(word: &str) -> usize {
    let (chunks, rest) = word.as_bytes().as_chunks();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let numbers = chunks.iter().chain([&last]).map(|chunk| u64::from_le_bytes(*chunk));
    let hash = numbers.fold(word.len() as u64, |hash, number| {
        (hash.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    });
    usize::try_from(hash >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_however_many_there_are() {
        let mut lexicon = Lexicon::new(0);
        let word = |n: u32| format!("word number {n}");
        let n_words = 50_000;
        for n in 0..n_words {
            lexicon.add(&word(n), n << 1).expect("few words");
            lexicon.add(&word(n / 2), 1).expect("few words");
        }
        for n in 0..n_words {
            assert_eq!(lexicon.bits(&word(n)), n << 1 | u32::from(n < n_words / 2), "{n}");
        }
        assert_eq!(lexicon.bits(&word(n_words)), 0);
    }
}
