//! Tokens that end a completion.
//!
//! Metadata often name the end of a document but not of a turn, so the texts of end tokens are known
//! by heart. The lists and the exceptions are those of `llama_vocab::impl::load` in
//! `llama-vocab.cpp` of llama-cpp-python 0.3.36.

use std::collections::BTreeSet;

use super::vocabulary::{TokenKind, Vocabulary};
use crate::backend::embedded::gguf::Gguf;

/// Texts that end a completion wherever they are tokens.
const END_TEXTS: [&str; 22] = [
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "</s>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_text|>",
    "<end_of_utterance>",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<｜end▁of▁sentence｜>",
    "[e~[",
];

/// Texts of gpt-oss that frame the channels of a completion and are printed.
const PRINTED: [&str; 4] = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"];

/// Texts for filling in the middle of code, of which the first that is a token is a control token.
const FILL_MARKS: [&[&str]; 3] = [
    &[
        "<|fim_prefix|>",
        "<fim-prefix>",
        "<fim_prefix>",
        "<｜fim▁begin｜>",
        "<PRE>",
        "▁<PRE>",
        "<|code_prefix|>",
        "<|prefix|>",
    ],
    &[
        "<|fim_suffix|>",
        "<fim-suffix>",
        "<fim_suffix>",
        "<｜fim▁hole｜>",
        "<SUF>",
        "▁<SUF>",
        "<|code_suffix|>",
        "<|suffix|>",
    ],
    &[
        "<|fim_middle|>",
        "<fim-middle>",
        "<fim_middle>",
        "<｜fim▁end｜>",
        "<MID>",
        "▁<MID>",
        "<|code_middle|>",
        "<|middle|>",
    ],
];

/// As `FILL_MARKS`, for marks that end a completion: padding, repository and file separators. Each
/// with the metadata key that names it where the texts do not.
const FILL_ENDS: [(&str, &[&str]); 3] = [
    (
        "tokenizer.ggml.fim_pad_token_id",
        &["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"],
    ),
    (
        "tokenizer.ggml.fim_rep_token_id",
        &["<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"],
    ),
    ("tokenizer.ggml.fim_sep_token_id", &["<|file_sep|>"]),
];

/// The end texts of a vocabulary in which `is_token` finds tokens.
///
/// Where `<|return|>` and `<|call|>` end turns, as in gpt-oss, `<|end|>` only ends a message; where
/// tool calls end with `<|tool_response>`, as in Gemma 4, `</s>` is an HTML tag.
pub(super) fn end_texts(is_token: impl Fn(&str) -> bool) -> impl Iterator<Item = &'static str> {
    let ends_messages = (is_token("<|return|>") || is_token("<|flush|>"))
        && (is_token("<|call|>") || is_token("<|calls|>"));
    let has_tags = is_token("<|tool_response>");
    let ends = END_TEXTS.into_iter().filter(move |text| is_token(text));
    ends.filter(move |text| match *text {
        "<|end|>" => !ends_messages,
        "</s>" => !has_tags,
        _ => true,
    })
}

/// Corrects kinds that converters are known to get wrong.
pub(super) fn correct_kinds(vocabulary: &mut Vocabulary<'_>) {
    let is_token = |text: &str| vocabulary.ids.contains_key(text);
    let ends: Vec<&str> = end_texts(is_token).collect();
    let marks = FILL_MARKS.iter().chain(FILL_ENDS.iter().map(|(_, texts)| texts));
    let marks = marks.filter_map(|texts| texts.iter().copied().find(|text| is_token(text)));
    let controls: Vec<&str> = ends.iter().copied().chain(marks).collect();
    let corrected = controls
        .into_iter()
        .map(|text| (text, TokenKind::Control))
        .chain(PRINTED.map(|text| (text, TokenKind::UserDefined)))
        .chain((!ends.contains(&"<|end|>")).then_some(("<|end|>", TokenKind::UserDefined)))
        .chain((!ends.contains(&"</s>")).then_some(("</s>", TokenKind::Normal)));
    for (text, kind) in corrected {
        if let Some(id) = vocabulary.id(text) {
            vocabulary.kinds[id as usize] = kind;
        }
    }
}

/// The tokens that end a completion of the model in a GGUF file whose end of text is `eos`.
pub(super) fn end_ids(gguf: &Gguf, vocabulary: &Vocabulary<'_>, eos: Option<u32>) -> BTreeSet<u32> {
    let named = |key: &str| gguf.number(key).and_then(|id| u32::try_from(id).ok());
    let by_text = end_texts(|text| vocabulary.ids.contains_key(text));
    let fill_ends = FILL_ENDS.iter().filter_map(|(key, texts)| {
        named(key).or_else(|| texts.iter().find_map(|text| vocabulary.id(text)))
    });
    let turn_ends = ["tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"];
    by_text
        .filter_map(|text| vocabulary.id(text))
        .chain(fill_ends)
        .chain(turn_ends.into_iter().filter_map(named))
        .chain(eos)
        .collect()
}
