//! Tokenizers against llama.cpp (GGUF files) and the `tokenizers` library of Python (model folders).
//!
//! A model file or folder that cannot be had is reported as absent.

use std::path::PathBuf;

use harness::backend::embedded::{TextTokens, folder_chat_template};
use serde_json::Value;

use super::{folder, report, rows, say, text};
use crate::embedded::model_path;

/// The ids in a field; a field that is null has those of `ids`.
fn ids(row: &Value, field: &str) -> Vec<u32> {
    let value = if row[field].is_null() { &row["ids"] } else { &row[field] };
    let ids = value.as_array().expect("a list of ids").iter();
    ids.filter_map(|id| u32::try_from(id.as_u64()?).ok()).collect()
}

/// The ways in which `tokens` differs from llama.cpp on a row.
fn differences_from_llama_cpp(tokens: &TextTokens, row: &Value) -> Vec<&'static str> {
    let text = text(row, "text");
    let [plain, special] = [ids(row, "ids"), ids(row, "ids_parse_special")];
    let mut prefix = ids(row, "ids_add_special");
    prefix.truncate(prefix.len() - plain.len());
    let prompt = if special.starts_with(&prefix) {
        special.clone()
    } else {
        [prefix, special.clone()].concat()
    };
    let same = [
        ("ids", tokens.encode_plain(text).expect("any text has tokens") == plain),
        ("ids_parse_special", tokens.encode(text).expect("any text has tokens") == special),
        ("ids_add_special", tokens.encode_prompt(text).expect("any text has tokens") == prompt),
        ("round trip", row["roundtrip"] != true || tokens.bytes(&plain) == text.as_bytes()),
    ];
    same.into_iter().filter(|(_, same)| !same).map(|(what, _)| what).collect()
}

fn check_file(asset_name: &str, oracle: &str) {
    let Some(rows) = rows(oracle) else { return };
    let Some(path) = model_path(asset_name) else { return };
    let tokens = TextTokens::load(&path).expect("the tokenizer loads");
    let disagreements: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let what = differences_from_llama_cpp(&tokens, row);
            (!what.is_empty()).then(|| format!("{}: {what:?}", text(row, "id")))
        })
        .collect();
    report(oracle, rows.len(), &disagreements, 1.0);
}

#[test]
fn byte_level_files_have_the_tokens_of_llama_cpp() {
    check_file("smollm2-135m-instruct", "model/tokenize/smollm2-135m-instruct-q4_1.jsonl");
}

#[test]
fn sentencepiece_files_have_the_tokens_of_llama_cpp() {
    check_file("gemma3-270m", "model/tokenize/gemma-3-270m-q4_k_m.jsonl");
}

/// Whether a row of a folder has the tokens and the text of the reference.
fn agrees_with_reference(tokens: &TextTokens, row: &Value) -> bool {
    let expected = ids(row, "ids");
    if text(row, "kind") == "chat" {
        let rendered = text(row, "rendered");
        return tokens.encode(rendered).is_ok_and(|ids| ids == expected);
    }
    let decoded = text(row, "decoded_skip_special");
    let printed = String::from_utf8_lossy(&tokens.bytes(&expected)).into_owned();
    // The reference decodes a text of its own, from whose beginning some decoders strip a space.
    tokens.encode(text(row, "text")).is_ok_and(|ids| ids == expected)
        && tokens
            .encode_prompt(text(row, "text"))
            .is_ok_and(|prompt| prompt == ids(row, "ids_add_special"))
        && (printed == decoded || printed.strip_prefix(' ') == Some(decoded))
}

#[test]
fn folders_have_the_tokens_of_the_tokenizers_library() {
    let tiny = folder().join("model/tiny");
    let Ok(entries) = std::fs::read_dir(&tiny) else {
        say("oracle model/tiny: absent");
        return;
    };
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    folders.retain(|folder| folder.join("tokenizer_expected.jsonl").is_file());
    folders.sort();
    for folder in folders {
        let name = folder.file_name().and_then(|name| name.to_str()).expect("a name");
        let oracle = format!("model/tiny/{name}/tokenizer_expected.jsonl");
        let Some(rows) = rows(&oracle) else { continue };
        let tokens = TextTokens::load(&folder).expect("the tokenizer loads");
        let has_template = folder_chat_template(&folder).expect("readable files").is_some();
        let has_chats = rows.iter().any(|row| text(row, "kind") == "chat");
        assert!(has_template || !has_chats, "{name} has a chat template");
        let disagreements: Vec<String> = rows
            .iter()
            .filter(|row| !agrees_with_reference(&tokens, row))
            .map(|row| text(row, "id").to_owned())
            .collect();
        report(&oracle, rows.len(), &disagreements, 1.0);
    }
}
