//! The tokenizer of RWKV "World" models: at every place the longest token that fits.
//!
//! The reference is `rwkv_tokenizer.py` of the package `rwkv` 0.8.32.

use std::collections::HashMap;

use super::literal::literal;
use crate::backend::embedded::gguf::ModelError;

/// A tree of the bytes of all tokens.
pub(super) struct World {
    /// From a node and a byte to the next node. Node 0 is the root.
    edges: HashMap<(usize, u8), usize>,
    /// The token that ends at each node.
    token_at: Vec<Option<u32>>,
}

impl World {
    /// Tokens and their bytes, among which every single byte must be.
    pub(super) fn new(tokens: &[(u32, Vec<u8>)]) -> Result<Self, ModelError> {
        let mut world = Self { edges: HashMap::new(), token_at: vec![None] };
        for (id, bytes) in tokens.iter().filter(|(_, bytes)| !bytes.is_empty()) {
            world.insert(*id, bytes);
        }
        let has_token = |byte: &u8| {
            world.edges.get(&(0, *byte)).is_some_and(|node| world.token_at[*node].is_some())
        };
        match (0..=u8::MAX).find(|byte| !has_token(byte)) {
            None => Ok(world),
            Some(byte) => {
                Err(ModelError::Tokenizer(format!("no token is the single byte 0x{byte:02x}")))
            }
        }
    }

    fn insert(&mut self, id: u32, bytes: &[u8]) {
        let mut node = 0;
        for byte in bytes {
            let n_nodes = self.token_at.len();
            node = *self.edges.entry((node, *byte)).or_insert(n_nodes);
            if node == n_nodes {
                self.token_at.push(None);
            }
        }
        self.token_at[node] = Some(id);
    }

    pub(super) fn append(&self, text: &str, ids: &mut Vec<u32>) {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let (id, n_bytes) = self.longest(rest);
            ids.push(id);
            rest = &rest[n_bytes..];
        }
    }

    /// The longest token at the beginning of a text, and its length.
    fn longest(&self, text: &[u8]) -> (u32, usize) {
        let (mut node, mut longest) = (0, None);
        for (n_before, byte) in text.iter().enumerate() {
            let Some(next) = self.edges.get(&(node, *byte)) else { break };
            node = *next;
            longest = self.token_at[node].map(|id| (id, n_before + 1)).or(longest);
        }
        longest.expect("every byte is a token")
    }
}

/// The tokens of a vocabulary file: on each line an id, a Python literal and the number of its bytes.
/// The error is what is wrong with it.
pub(super) fn parse(source: &str) -> Result<Vec<(u32, Vec<u8>)>, String> {
    let lines = (1..).zip(source.lines());
    lines
        .map(|(number, line)| {
            token(line).ok_or_else(|| {
                format!("line {number} is not a number, a Python literal and its number of bytes: {line}")
            })
        })
        .collect()
}

fn token(line: &str) -> Option<(u32, Vec<u8>)> {
    let (id, rest) = line.split_once(' ')?;
    let (source, n_bytes) = rest.rsplit_once(' ')?;
    let bytes = literal(source)?;
    let is_whole = bytes.len() == n_bytes.parse::<usize>().ok()?;
    is_whole.then_some((id.parse().ok()?, bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens() -> Vec<(u32, Vec<u8>)> {
        let bytes = (0..=u8::MAX).map(|byte| vec![byte]);
        let words = ["ab", "abab", "  ", "\n\n", "漢", "漢字"].map(|word| word.as_bytes().to_vec());
        (1..).zip(bytes.chain(words)).collect()
    }

    proptest! {
        #[test]
        fn tokens_print_their_text(text in "([ab \n漢字]|.){0,40}") {
            let tokens = tokens();
            let mut ids = Vec::new();
            World::new(&tokens).expect("every byte").append(&text, &mut ids);
            let printed: Vec<u8> =
                ids.iter().flat_map(|id| tokens[*id as usize - 1].1.clone()).collect();
            prop_assert_eq!(printed, text.into_bytes());
        }
    }

    #[test]
    fn a_vocabulary_without_some_byte_is_refused() {
        let mut tokens = tokens();
        tokens.remove(0x41);
        let error = World::new(&tokens).err().expect("a byte is missing");
        assert!(error.to_string().contains("0x41"), "{error}");
    }

    #[test]
    fn vocabulary_lines_are_a_number_a_literal_and_its_length() {
        let check = |source: &str, expected: Option<Vec<(u32, &[u8])>>| {
            let found = parse(source).ok();
            let expected = expected.map(|tokens| {
                tokens.into_iter().map(|(id, bytes)| (id, bytes.to_vec())).collect::<Vec<_>>()
            });
            assert_eq!(found, expected, "{source:?}");
        };
        check("", Some(vec![]));
        check(
            "1 'a' 1\n7 '  b ' 4\n8 b'\\xff' 1\n",
            Some(vec![(1, b"a"), (7, b"  b "), (8, b"\xff")]),
        );
        check("1 'a' 2", None);
        check("1 'a'", None);
        check("x 'a' 1", None);
        check("1 a 1", None);
        assert!(parse("1 'a' 1\n\n").expect_err("an empty line").starts_with("line 2"));
    }
}
