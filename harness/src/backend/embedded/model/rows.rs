//! The tokens of a step.

use std::sync::Arc;

use crate::backend::embedded::kv::Sequence;

/// The next tokens of one sequence. More than one is a piece of a prompt.
pub(in crate::backend::embedded) struct Piece<'a> {
    pub(in crate::backend::embedded) sequence: &'a mut Sequence,
    pub(in crate::backend::embedded) tokens: &'a [u32],
    /// Which of the tokens' logits are wanted.
    pub(in crate::backend::embedded) logits: Wanted,
}

/// Which logits a piece asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::backend::embedded) enum Wanted {
    /// None: the prompt goes on.
    Nothing,
    /// Those after the last token.
    Last,
    /// Those after every token.
    All,
}

/// One entry for each token of a step.
pub(super) struct Rows {
    pub(super) tokens: Vec<u32>,
    pub(super) positions: Vec<usize>,
    /// The piece of each token.
    pub(super) pieces: Vec<usize>,
    pub(super) wanted: Vec<bool>,
}

impl Rows {
    pub(super) fn of(pieces: &[Piece<'_>]) -> Self {
        let mut rows = Self {
            tokens: Vec::new(),
            positions: Vec::new(),
            pieces: Vec::new(),
            wanted: Vec::new(),
        };
        for (piece_idx, piece) in pieces.iter().enumerate() {
            let n_past = piece.sequence.n_positions();
            for (idx, token) in piece.tokens.iter().enumerate() {
                rows.tokens.push(*token);
                rows.positions.push(n_past + idx);
                rows.pieces.push(piece_idx);
                rows.wanted.push(match piece.logits {
                    Wanted::Nothing => false,
                    Wanted::Last => idx + 1 == piece.tokens.len(),
                    Wanted::All => true,
                });
            }
        }
        rows
    }

    pub(super) fn n_rows(&self) -> usize {
        self.tokens.len()
    }

    /// The rows in groups of at most `n_most` that begin with the same shared prompt; rows of a
    /// sequence without one are a group of their own. Rows of one sequence stay together.
    pub(super) fn by_prompt(&self, pieces: &[Piece<'_>], n_most: usize) -> Vec<Vec<usize>> {
        let prompt_of = |row: &usize| {
            let piece = self.pieces[*row];
            let prompt = pieces[piece].sequence.prompt.as_ref();
            prompt.map_or((None, piece), |prompt| (Some(Arc::as_ptr(prompt)), 0))
        };
        let mut rows: Vec<usize> = (0..self.n_rows()).collect();
        rows.sort_by_key(prompt_of);
        let groups = rows.chunk_by(|a, b| prompt_of(a) == prompt_of(b));
        groups.flat_map(|group| group.chunks(n_most)).map(<[usize]>::to_vec).collect()
    }

    /// The rows of `x` whose logits are wanted.
    pub(super) fn wanted_of(&self, x: &[f32]) -> Vec<f32> {
        let width = x.len() / self.n_rows().max(1);
        let rows = x.chunks_exact(width.max(1)).zip(&self.wanted);
        rows.filter(|(_, wanted)| **wanted).flat_map(|(row, _)| row.iter().copied()).collect()
    }
}
