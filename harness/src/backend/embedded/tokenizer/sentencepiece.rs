//! `SentencePiece` vocabularies: pieces with scores, merged best first.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use super::vocabulary::{Vocabulary, byte_token_text};

/// How `SentencePiece` writes a space.
pub(super) const SPACE: &str = "\u{2581}";

/// Scores for merging characters into pieces, with a byte token for what no piece covers
/// (`llm_tokenizer_spm_session` in `llama-vocab.cpp` of llama-cpp-python 0.3.36).
pub(super) struct SentencePiece {
    ids: HashMap<String, u32>,
    scores: Vec<f32>,
    byte_ids: Vec<u32>,
    prefix: Prefix,
}

/// What stands before a text that begins a document or follows a special token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    Space,
    Nothing,
}

impl SentencePiece {
    /// A vocabulary with one score for each token; `unknown` stands for bytes it has no token for.
    pub(super) fn new(
        vocabulary: &Vocabulary<'_>,
        scores: Vec<f32>,
        prefix: Prefix,
        unknown: u32,
    ) -> Self {
        let byte_id = |byte: u8| {
            let as_text = char::from(byte).to_string();
            let found = vocabulary.id(&byte_token_text(byte));
            found.or_else(|| vocabulary.id(&as_text).filter(|_| byte.is_ascii())).unwrap_or(unknown)
        };
        Self {
            ids: vocabulary.ids.iter().map(|(text, id)| ((*text).to_owned(), *id)).collect(),
            scores,
            byte_ids: (0..=u8::MAX).map(byte_id).collect(),
            prefix,
        }
    }

    /// Appends the tokens of `text`, which begins the document or follows a special token if
    /// `begins`.
    pub(super) fn append(&self, text: &str, begins: bool, ids: &mut Vec<u32>) {
        let mut escaped = text.replace(' ', SPACE);
        if begins && self.prefix == Prefix::Space {
            escaped.insert_str(0, SPACE);
        }
        let mut merging = Merging::new(self, &escaped);
        merging.merge_all();
        for piece in merging.pieces() {
            match self.ids.get(piece) {
                Some(id) => ids.push(*id),
                None => ids.extend(piece.bytes().map(|byte| self.byte_ids[usize::from(byte)])),
            }
        }
    }
}

/// A stretch of text that is one token, or a single character.
struct Symbol {
    start: usize,
    /// Zero once the symbol has gone into the one on its left.
    n_bytes: usize,
    previous: Option<usize>,
    next: Option<usize>,
}

/// Two neighbours that make a token together.
struct Merge {
    score: f32,
    left: usize,
    right: usize,
    n_bytes: usize,
}

impl Ord for Merge {
    /// The best score is the greatest; of equal ones, the leftmost.
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Merge {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Merge {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Merge {}

struct Merging<'m> {
    model: &'m SentencePiece,
    text: &'m str,
    symbols: Vec<Symbol>,
    queue: BinaryHeap<Merge>,
}

impl<'m> Merging<'m> {
    fn new(model: &'m SentencePiece, text: &'m str) -> Self {
        let characters = text.char_indices().enumerate();
        let mut symbols: Vec<Symbol> = characters
            .map(|(idx, (start, c))| Symbol {
                start,
                n_bytes: c.len_utf8(),
                previous: idx.checked_sub(1),
                next: Some(idx + 1),
            })
            .collect();
        if let Some(last) = symbols.last_mut() {
            last.next = None;
        }
        Self { model, text, symbols, queue: BinaryHeap::new() }
    }

    fn merge_all(&mut self) {
        for right in 1..self.symbols.len() {
            self.queue_merge(Some(right - 1), Some(right));
        }
        while let Some(merge) = self.queue.pop() {
            let [left, right] = [&self.symbols[merge.left], &self.symbols[merge.right]];
            let is_outdated = left.n_bytes == 0
                || right.n_bytes == 0
                || left.n_bytes + right.n_bytes != merge.n_bytes;
            if is_outdated {
                continue;
            }
            let next = right.next;
            self.symbols[merge.right].n_bytes = 0;
            if let Some(next) = next {
                self.symbols[next].previous = Some(merge.left);
            }
            let left = &mut self.symbols[merge.left];
            left.n_bytes = merge.n_bytes;
            left.next = next;
            let previous = left.previous;
            self.queue_merge(previous, Some(merge.left));
            self.queue_merge(Some(merge.left), next);
        }
    }

    fn queue_merge(&mut self, left: Option<usize>, right: Option<usize>) {
        let (Some(left), Some(right)) = (left, right) else { return };
        let n_bytes = self.symbols[left].n_bytes + self.symbols[right].n_bytes;
        let start = self.symbols[left].start;
        if let Some(id) = self.model.ids.get(&self.text[start..start + n_bytes]) {
            let score = self.model.scores.get(*id as usize).copied().unwrap_or_default();
            self.queue.push(Merge { score, left, right, n_bytes });
        }
    }

    fn pieces(&self) -> impl Iterator<Item = &'m str> {
        let text = self.text;
        let symbols = self.symbols.iter().filter(|symbol| symbol.n_bytes > 0);
        symbols.map(move |symbol| &text[symbol.start..symbol.start + symbol.n_bytes])
    }
}
