//! What each token prints in the middle of a text.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::literal::{Escapes, unescaped};
use super::sentencepiece::SPACE;
use super::vocabulary::{TokenKind, Vocabulary, byte_of_token};

/// How a vocabulary writes the bytes of its tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// One printable character for each byte, as GPT-2 does.
    ByteLevel,
    /// Text with U+2581 for a space, as `SentencePiece` does.
    SentencePiece,
    /// What Python's `repr` shows of the bytes, as the vocabulary of RWKV does.
    Escaped,
}

/// The bytes that each token of a GGUF vocabulary prints (`token_to_piece` in `llama-vocab.cpp` of
/// llama-cpp-python 0.3.36, without special tokens).
pub(super) fn printed_bytes(
    vocabulary: &Vocabulary<'_>,
    spelling: Spelling,
) -> HashMap<u32, Vec<u8>> {
    let printed = vocabulary.iter().filter_map(|(id, text, kind)| {
        let bytes = match (kind, spelling) {
            (TokenKind::Unknown | TokenKind::Control | TokenKind::Unused, _) => return None,
            (TokenKind::UserDefined, _) => text.as_bytes().to_vec(),
            (TokenKind::Byte, _) => vec![byte_of_token(text)?],
            (TokenKind::Normal, Spelling::ByteLevel) => byte_level(text),
            (TokenKind::Normal, Spelling::Escaped) => unescaped(text, Escapes::Bytes)?,
            (TokenKind::Normal, Spelling::SentencePiece) => text.replace(SPACE, " ").into_bytes(),
        };
        Some((id, bytes))
    });
    printed.collect()
}

/// The bytes that a byte-level token spells; one with other characters is ordinary text.
pub(super) fn byte_level(text: &str) -> Vec<u8> {
    static BYTE_OF: LazyLock<HashMap<char, u8>> =
        LazyLock::new(|| byte_characters().into_iter().collect());
    let bytes: Option<Vec<u8>> = text.chars().map(|c| BYTE_OF.get(&c).copied()).collect();
    bytes.unwrap_or_else(|| text.as_bytes().to_vec())
}

/// The byte-to-character table of GPT-2 (`bytes_to_unicode` in its `encoder.py`): printable Latin-1
/// stands for itself, every other byte for a character from U+0100 on.
pub(super) fn byte_characters() -> Vec<(char, u8)> {
    let is_printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut next = 0x100_u32;
    (0..=u8::MAX)
        .map(|byte| {
            if is_printable(byte) {
                return (char::from(byte), byte);
            }
            let c = char::from_u32(next).expect("a code point near U+0100");
            next += 1;
            (c, byte)
        })
        .collect()
}
