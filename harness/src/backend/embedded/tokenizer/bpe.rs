//! Byte-pair vocabularies: merges in order of rank.

use std::collections::HashMap;

use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{Model, PreTokenizerWrapper, SplitDelimiterBehavior};

use super::sentencepiece::SPACE;
use super::vocabulary::Vocabulary;
use super::words::{WholeWords, WordRules};
use crate::backend::embedded::gguf::ModelError;

/// Words spelled byte by byte, as GPT-2 and its many successors have them.
pub(super) struct ByteLevelBpe {
    words: tokenizers::Tokenizer,
}

impl ByteLevelBpe {
    pub(super) fn new(
        vocabulary: &Vocabulary<'_>,
        merges: &[&str],
        rules: &WordRules,
    ) -> Result<Self, ModelError> {
        let model =
            model(vocabulary, merges)?.ignore_merges(rules.whole_words == WholeWords::First);
        let mut words = tokenizers::Tokenizer::new(model.build().map_err(|err| refuse(&err))?);
        let mut stages = Vec::with_capacity(rules.patterns.len() + 1);
        for pattern in rules.patterns {
            let pattern = SplitPattern::Regex((*pattern).to_owned());
            let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false);
            stages.push(PreTokenizerWrapper::from(split.map_err(|err| refuse(&err))?));
        }
        stages.push(ByteLevel::new(false, true, false).into());
        words.with_pre_tokenizer(Some(Sequence::new(stages)));
        Ok(Self { words })
    }

    pub(super) fn append(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), ModelError> {
        let encoding = self.words.encode_fast(text, false).map_err(|err| refuse(&err))?;
        ids.extend_from_slice(encoding.get_ids());
        Ok(())
    }
}

/// Lines merged whole, with U+2581 for a space and byte tokens for what the vocabulary lacks, as
/// Gemma 4 has them (`LLAMA_VOCAB_PRE_TYPE_GEMMA4` in `llama-vocab.cpp` of llama-cpp-python 0.3.36).
pub(super) struct LineBpe {
    lines: BPE,
    newlines: HashMap<String, u32>,
}

impl LineBpe {
    pub(super) fn new(vocabulary: &Vocabulary<'_>, merges: &[&str]) -> Result<Self, ModelError> {
        let is_newlines = |text: &str| text.bytes().all(|byte| byte == b'\n');
        let newlines = vocabulary.ids.iter().filter(|(text, _)| is_newlines(text));
        Ok(Self {
            newlines: newlines.map(|(text, id)| ((*text).to_owned(), *id)).collect(),
            lines: model(vocabulary, merges)?
                .byte_fallback(true)
                .build()
                .map_err(|err| refuse(&err))?,
        })
    }

    pub(super) fn append(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), ModelError> {
        let text = text.replace(' ', SPACE);
        for run in text.as_bytes().chunk_by(|a, b| (*a == b'\n') == (*b == b'\n')) {
            let run = str::from_utf8(run).expect("cut at line feeds only");
            match self.newlines.get(run) {
                Some(id) => ids.push(*id),
                None => ids.extend(
                    self.lines.tokenize(run).map_err(|err| refuse(&err))?.iter().map(|t| t.id),
                ),
            }
        }
        Ok(())
    }
}

/// A model with those merges whose parts and result are tokens.
fn model(
    vocabulary: &Vocabulary<'_>,
    merges: &[&str],
) -> Result<tokenizers::models::bpe::BpeBuilder, ModelError> {
    let vocab: Vocab = vocabulary.ids.iter().map(|(text, id)| ((*text).to_owned(), *id)).collect();
    let mut pairs = Vec::with_capacity(merges.len());
    for merge in merges {
        // The first character may itself be the space.
        let space = merge.char_indices().skip(1).find(|(_, c)| *c == ' ');
        let (space, _) =
            space.ok_or_else(|| ModelError::Tokenizer(format!("`{merge}` is no pair to merge")))?;
        let (left, right) = (&merge[..space], &merge[space + 1..]);
        let are_tokens = [left, right, &format!("{left}{right}")];
        if are_tokens.into_iter().all(|text| vocabulary.ids.contains_key(text)) {
            pairs.push((left.to_owned(), right.to_owned()));
        }
    }
    Ok(BPE::builder().vocab_and_merges(vocab, pairs))
}

fn refuse(err: &tokenizers::Error) -> ModelError {
    ModelError::Tokenizer(err.to_string())
}
