//! The tokens of a step.

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

    /// The rows of `x` whose logits are wanted.
    pub(super) fn wanted_of(&self, x: &[f32]) -> Vec<f32> {
        let width = x.len() / self.n_rows().max(1);
        let rows = x.chunks_exact(width.max(1)).zip(&self.wanted);
        rows.filter(|(_, wanted)| **wanted).flat_map(|(row, _)| row.iter().copied()).collect()
    }
}
