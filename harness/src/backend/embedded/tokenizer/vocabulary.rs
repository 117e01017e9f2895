//! The tokens of a GGUF file and what kind each is.

use std::collections::HashMap;

use super::ends;
use crate::backend::embedded::gguf::{Gguf, ModelError};

/// What a token is for (`tokenizer.ggml.token_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A piece of text.
    Normal,
    /// Stands for what the vocabulary lacks.
    Unknown,
    /// Marks structure and prints nothing.
    Control,
    /// Matched as a whole in any text, and printed.
    UserDefined,
    /// One byte, written `<0xNN>`.
    Byte,
    /// Never meant to be generated.
    Unused,
}

impl From<u64> for TokenKind {
    /// The numbers of `llama_token_type` in `llama.h`.
    fn from(number: u64) -> Self {
        match number {
            1 => Self::Normal,
            2 => Self::Unknown,
            3 => Self::Control,
            4 => Self::UserDefined,
            6 => Self::Byte,
            _ => Self::Unused,
        }
    }
}

/// The tokens of a file, in the order of their ids.
pub(super) struct Vocabulary<'g> {
    pub(super) tokens: Vec<&'g str>,
    pub(super) kinds: Vec<TokenKind>,
    pub(super) ids: HashMap<&'g str, u32>,
}

impl<'g> Vocabulary<'g> {
    pub(super) fn read(gguf: &'g Gguf) -> Result<Self, ModelError> {
        let tokens = gguf.texts("tokenizer.ggml.tokens")?;
        let types = gguf.numbers("tokenizer.ggml.token_type").unwrap_or_default();
        Ok(Self::new(tokens, types.into_iter().map(TokenKind::from).collect()))
    }

    /// Tokens with their kinds; those beyond the last kind are normal ones.
    pub(super) fn new(tokens: Vec<&'g str>, mut kinds: Vec<TokenKind>) -> Self {
        kinds.resize(tokens.len(), TokenKind::Normal);
        let named = tokens.iter().zip(0_u32..).filter(|(text, _)| !text.is_empty());
        let ids = named.map(|(text, id)| (*text, id)).collect();
        let mut vocabulary = Self { tokens, kinds, ids };
        ends::correct_kinds(&mut vocabulary);
        vocabulary
    }

    pub(super) fn id(&self, text: &str) -> Option<u32> {
        self.ids.get(text).copied()
    }

    pub(super) fn text(&self, id: u32) -> Option<&'g str> {
        self.tokens.get(id as usize).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &'g str, TokenKind)> {
        (0..).zip(&self.tokens).zip(&self.kinds).map(|((id, text), kind)| (id, *text, *kind))
    }
}

/// How `SentencePiece` vocabularies write the token of one byte.
pub(super) fn byte_token_text(byte: u8) -> String {
    format!("<0x{byte:02X}>")
}

/// The byte that a token of the form `<0xNN>` stands for.
pub(super) fn byte_of_token(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    let is_byte = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_byte.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_tokens_are_read_as_written() {
        let check = |text: &str, expected| assert_eq!(byte_of_token(text), expected, "{text}");
        for byte in 0..=u8::MAX {
            check(&byte_token_text(byte), Some(byte));
        }
        check("<0x0a>", Some(10));
        check("<0x+1>", None);
        check("<0x123>", None);
        check("<0x1>", None);
        check("0x0A", None);
    }
}
