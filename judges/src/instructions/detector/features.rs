//! The n-grams of a text.

use super::tables::{Letter, Ngram};

/// The last letters, at most three, the first of a word after a space.
struct Window {
    letters: [Letter; 3],
    length: usize,
}

impl Window {
    fn last(&self) -> Letter {
        self.letters[self.length - 1]
    }

    fn push(&mut self, letter: Letter) {
        if self.length == 3 {
            self.letters.copy_within(1.., 0);
            self.length = 2;
        }
        self.letters[self.length] = letter;
        self.length += 1;
    }
}

/// Every n-gram of one to three letters that some profile has, in the order of the text. Words
/// from their second capital in a row on are passed over, up to the next small letter.
pub(super) fn ngrams(text: &str) -> Vec<Ngram> {
    let mut found = Vec::with_capacity(3 * text.len());
    let mut window = Window { letters: [Letter::SPACE; 3], length: 1 };
    let mut is_among_capitals = false;
    for letter in text.chars().map(Letter::new) {
        let last = window.last();
        if last == Letter::SPACE {
            window.length = 1;
            window.letters[0] = Letter::SPACE;
            if letter == Letter::SPACE {
                continue;
            }
        }
        window.push(letter);
        is_among_capitals = letter.is_capital() && (is_among_capitals || last.is_capital());
        if is_among_capitals {
            continue;
        }
        let letters = &window.letters[..window.length];
        let shortest = if letter == Letter::SPACE { 2 } else { 1 };
        for length in shortest..=letters.len() {
            found.extend(Ngram::find(&letters[letters.len() - length..]));
        }
    }
    found
}
