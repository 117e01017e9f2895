//! Tokenizers over small made-up vocabularies.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::bpe::{ByteLevelBpe, LineBpe};
use super::pieces::{Spelling, byte_characters, printed_bytes};
use super::sentencepiece::{Prefix, SPACE, SentencePiece};
use super::vocabulary::{TokenKind, Vocabulary, byte_token_text};
use super::words::WordRules;
use super::*;
use crate::backend::embedded::chat::{Chat, ChatTemplate, render_chat};

/// Texts with what tokenizers stumble over: spaces, digits, marks, byte-token and control-token looks.
fn any_text() -> impl Strategy<Value = String> {
    let awkward = prop::sample::select(vec![
        " ",
        "  ",
        "\n",
        "\r\n",
        "\t",
        "hell",
        "'s",
        "'LL",
        "1234",
        "½",
        "e\u{301}",
        "漢字",
        "👩‍👧",
        "<0x0A>",
        "<s>",
        "\u{2581}",
        "\0",
        "،",
        "ſ",
    ]);
    let piece = prop_oneof![awkward.prop_map(str::to_owned), any::<String>()];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn byte_level(pre: &str) -> (ByteLevelBpe, HashMap<u32, Vec<u8>>) {
    let mut tokens: Vec<String> =
        byte_characters().into_iter().map(|(c, _)| c.to_string()).collect();
    tokens.extend(["he", "ll", "hell", "Ġh", "12"].map(str::to_owned));
    let vocabulary = Vocabulary::new(tokens.iter().map(String::as_str).collect(), Vec::new());
    let merges = ["h e", "l l", "he ll", "Ġ h", "1 2", "not tokens"];
    let rules = WordRules::named(pre).expect("a known name");
    let model = ByteLevelBpe::new(&vocabulary, &merges, rules).expect("a model");
    (model, printed_bytes(&vocabulary, Spelling::ByteLevel))
}

/// Byte tokens from 3 on, then pieces with their scores from 259 on.
fn pieces() -> (Vec<String>, Vec<TokenKind>, Vec<f32>) {
    let mut tokens: Vec<String> = ["<unk>", "<s>", "</s>"].map(str::to_owned).into();
    let mut kinds = vec![TokenKind::Unknown, TokenKind::Control, TokenKind::Control];
    tokens.extend((0..=u8::MAX).map(byte_token_text));
    kinds.resize(tokens.len(), TokenKind::Byte);
    let mut scores = vec![0.0; tokens.len()];
    let pieces =
        [("a", -9.0), ("b", -9.0), ("ab", -1.0), ("ba", -1.0), ("aba", -3.0), (SPACE, -2.0)];
    for (text, score) in pieces {
        tokens.push(text.to_owned());
        scores.push(score);
    }
    (tokens, kinds, scores)
}

fn printed(printed: &HashMap<u32, Vec<u8>>, ids: &[u32]) -> Vec<u8> {
    ids.iter().flat_map(|id| printed.get(id).into_iter().flatten()).copied().collect()
}

#[test]
fn every_named_pre_tokenizer_keeps_every_byte() {
    let text = "Hello, wörld's 12345  \n\t x=½; 漢字 e\u{301}!\u{0}  ";
    for name in WordRules::names() {
        let (model, bytes) = byte_level(name);
        let mut ids = Vec::new();
        model.append(text, &mut ids).expect("tokens");
        assert_eq!(printed(&bytes, &ids), text.as_bytes(), "{name}");
    }
}

#[test]
fn pieces_merge_best_score_first_and_leftmost_of_equals() {
    let (tokens, kinds, scores) = pieces();
    let vocabulary = Vocabulary::new(tokens.iter().map(String::as_str).collect(), kinds);
    let check = |text: &str, begins: bool, expected: &[&str]| {
        let model = SentencePiece::new(&vocabulary, scores.clone(), Prefix::Space, 0);
        let mut ids = Vec::new();
        model.append(text, begins, &mut ids);
        let texts: Vec<&str> = ids.iter().filter_map(|id| vocabulary.text(*id)).collect();
        assert_eq!(texts, expected, "{text:?}");
    };
    check("", false, &[]);
    check("abab", false, &["ab", "ab"]);
    check("aba", false, &["aba"]);
    check("bab", false, &["ba", "b"]);
    check("a b", true, &[SPACE, "a", SPACE, "b"]);
    check("é\n", false, &["<0xC3>", "<0xA9>", "<0x0A>"]);
}

proptest! {
    #[test]
    fn byte_level_tokens_print_their_text(text in any_text(), pre in 0..WordRules::names().count()) {
        let (model, bytes) = byte_level(WordRules::names().nth(pre).expect("a name"));
        let mut ids = Vec::new();
        model.append(&text, &mut ids).expect("tokens");
        prop_assert_eq!(printed(&bytes, &ids), text.as_bytes());
    }

    #[test]
    fn sentencepiece_tokens_print_their_text(text in any_text()) {
        let (tokens, kinds, scores) = pieces();
        let vocabulary = Vocabulary::new(tokens.iter().map(String::as_str).collect(), kinds);
        let bytes = printed_bytes(&vocabulary, Spelling::SentencePiece);
        let model = SentencePiece::new(&vocabulary, scores, Prefix::Space, 0);
        let mut ids = Vec::new();
        model.append(&text, true, &mut ids);
        // Text that writes spaces as SentencePiece does cannot be told from spaces.
        prop_assert_eq!(printed(&bytes, &ids), format!(" {text}").replace(SPACE, " ").into_bytes());
    }

    #[test]
    fn line_tokens_print_their_text(text in any_text()) {
        let (mut tokens, kinds, _) = pieces();
        tokens.push("\n\n".to_owned());
        let vocabulary = Vocabulary::new(tokens.iter().map(String::as_str).collect(), kinds);
        let bytes = printed_bytes(&vocabulary, Spelling::SentencePiece);
        let model = LineBpe::new(&vocabulary, &["a b", "ab a"]).expect("a model");
        let mut ids = Vec::new();
        model.append(&text, &mut ids).expect("tokens");
        prop_assert_eq!(printed(&bytes, &ids), text.replace(SPACE, " ").into_bytes());
    }
}

/// A folder with a tokenizer of five letters and the given files.
fn folder(files: &[(&str, Value)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let added = |id: u32, content: &str| {
        json!({ "id": id, "content": content, "special": true, "single_word": false,
            "lstrip": false, "rstrip": false, "normalized": false })
    };
    let tokenizer = json!({
        "version": "1.0", "truncation": { "direction": "Right", "max_length": 2,
            "strategy": "LongestFirst", "stride": 0 }, "padding": null,
        "added_tokens": [added(5, "<s>"), added(6, "</s>"), added(7, "<|eot_id|>"), added(8, "<x>")],
        "normalizer": null, "pre_tokenizer": null, "post_processor": {
            "type": "TemplateProcessing",
            "single": [{ "SpecialToken": { "id": "<s>", "type_id": 0 } },
                { "Sequence": { "id": "A", "type_id": 0 } }],
            "pair": [], "special_tokens": { "<s>": { "id": "<s>", "ids": [5], "tokens": ["<s>"] } } },
        "decoder": { "type": "Sequence", "decoders": [{ "type": "ByteFallback" }, { "type": "Fuse" }] },
        "model": { "type": "BPE", "vocab": { "a": 0, "b": 1, "ab": 2, "c": 3, "<0x0A>": 4 },
            "merges": ["a b"], "byte_fallback": true },
    });
    let files = files.iter().cloned().chain([("tokenizer.json", tokenizer)]);
    for (name, content) in files {
        let text = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

#[test]
fn folders_say_what_a_prompt_begins_with() {
    let check = |configuration: Value, text: &str, expected: &[u32]| {
        let folder = folder(&[("tokenizer_config.json", configuration.clone())]);
        let tokenizer = Tokenizer::from_folder(folder.path()).expect("a tokenizer");
        let ids = tokenizer.encode_prompt(text).expect("tokens");
        assert_eq!(ids, expected, "{text:?} {configuration}");
    };
    check(json!({}), "ab\nc", &[5, 2, 4, 3]);
    check(json!({}), "<s>a", &[5, 0]);
    let llama = |adds| {
        json!({ "tokenizer_class": "LlamaTokenizerFast", "bos_token": { "content": "<s>" },
            "add_bos_token": adds })
    };
    check(llama(true), "a", &[5, 0]);
    check(llama(false), "a", &[0]);
    let other = json!({ "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>",
        "add_bos_token": false });
    check(other, "a", &[5, 0]);
}

#[test]
fn folders_say_what_ends_a_completion() {
    let check = |files: &[(&str, Value)], expected: &[u32]| {
        let folder = folder(files);
        let tokenizer = Tokenizer::from_folder(folder.path()).expect("a tokenizer");
        let ends: Vec<u32> = (0..10).filter(|id| tokenizer.is_end(*id)).collect();
        assert_eq!(ends, expected, "{files:?}");
    };
    check(&[], &[6, 7]);
    check(&[("tokenizer_config.json", json!({ "eos_token": "<x>" }))], &[6, 7, 8]);
    check(&[("special_tokens_map.json", json!({ "eos_token": { "content": "c" } }))], &[3, 6, 7]);
    check(&[("generation_config.json", json!({ "eos_token_id": [1, 2] }))], &[1, 2, 6, 7]);
    check(&[("config.json", json!({ "text_config": { "eos_token_id": 0 } }))], &[0, 6, 7]);
}

#[test]
fn folders_bring_their_chat_template() {
    let check = |files: &[(&str, Value)], expected: Option<&str>| {
        let folder = folder(files);
        let found = folder_chat_template(folder.path()).expect("readable files");
        assert_eq!(found.as_deref(), expected, "{files:?}");
    };
    let one = ("tokenizer_config.json", json!({ "chat_template": "one" }));
    let named = |name| {
        let templates =
            json!([{ "name": "rag", "template": "r" }, { "name": name, "template": "d" }]);
        ("tokenizer_config.json", json!({ "chat_template": templates }))
    };
    check(&[], None);
    check(&[one.clone(), ("chat_template.jinja", json!("file"))], Some("file"));
    check(&[one, ("chat_template.json", json!({ "chat_template": "two" }))], Some("one"));
    check(&[("chat_template.json", json!({ "chat_template": "two" }))], Some("two"));
    check(&[named("default")], Some("d"));
    let error = folder_chat_template(folder(&[named("tool_use")]).path()).expect_err("no default");
    assert!(error.to_string().contains("rag, tool_use"), "{error}");
}

/// A folder with the vocabulary of an RWKV model: single bytes from 1 on, then a few words.
fn world_folder(configuration: &Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = (0..=u8::MAX).map(|byte| format!("{} b'\\x{byte:02x}' 1\n", u32::from(byte) + 1));
    let words = ["257 'he' 2\n", "258 'hello' 5\n", "259 ' \\xe9' 3\n", "260 '<s>x' 4\n"];
    let vocabulary: String = bytes.chain(words.map(str::to_owned)).collect();
    let files = [
        ("rwkv_vocab_v20230424.txt", vocabulary),
        ("tokenizer_config.json", configuration.to_string()),
    ];
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).expect("a file");
    }
    folder
}

#[test]
fn rwkv_folders_have_the_longest_tokens_that_fit() {
    let folder = world_folder(&json!({ "bos_token": "<s>", "eos_token": "<s>" }));
    let tokenizer = Tokenizer::from_folder(folder.path()).expect("a tokenizer");
    let check = |text: &str, expected: &[u32]| {
        assert_eq!(tokenizer.encode_prompt(text).expect("tokens"), expected, "{text:?}");
    };
    check("", &[]);
    check("hello", &[258]);
    check("hell", &[257, 109, 109]);
    check(" é é\0", &[259, 259, 1]);
    check("<s>x", &[0, 121]);
    assert_eq!(tokenizer.encode_plain("<s>x").expect("tokens"), [260]);
    assert_eq!(tokenizer.encode_plain("<s>").expect("tokens"), [61, 116, 63]);
    assert_eq!([tokenizer.bytes(258), tokenizer.bytes(0)], [&b"hello"[..], b""]);
    assert_eq!([tokenizer.is_end(0), tokenizer.is_end(258)], [true, false]);
    let folder = world_folder(&json!({ "bos_token": "<s>", "add_bos_token": true }));
    let tokenizer = Tokenizer::from_folder(folder.path()).expect("a tokenizer");
    assert_eq!(tokenizer.encode_prompt("he").expect("tokens"), [0, 257]);
}

#[test]
fn the_named_rwkv_template_ends_turns_with_empty_lines() {
    let template = ChatTemplate::compile(file::WORLD_CHAT).expect("a template");
    let message = |role: &str, content: &str| json!({ "role": role, "content": content });
    let messages = vec![message("system", "S"), message("user", " a\n"), message("assistant", "b")];
    let render = |adds_prompt: bool| {
        let variables = Map::from_iter([("add_generation_prompt".to_owned(), json!(adds_prompt))]);
        let chat = Chat { messages: messages.clone(), variables, ..Chat::default() };
        render_chat(&template, &chat, jiff::civil::date(2025, 1, 15).at(12, 0, 0, 0))
            .expect("a text")
    };
    assert_eq!(render(false), "System: S\n\nUser: a\n\nAssistant: b\n\n");
    assert_eq!(render(true), format!("{}Assistant:", render(false)));
}

#[test]
fn a_folder_without_a_tokenizer_is_refused_by_the_name_of_the_file() {
    let empty = tempfile::tempdir().expect("a folder");
    let Err(error) = Tokenizer::from_folder(empty.path()) else { panic!("an empty folder") };
    assert!(error.to_string().contains("tokenizer.json"), "{error}");
}

#[test]
fn control_tokens_print_nothing_and_others_their_text() {
    let folder = folder(&[]);
    let tokenizer = Tokenizer::from_folder(folder.path()).expect("a tokenizer");
    let check =
        |id: u32, expected: &str| assert_eq!(tokenizer.bytes(id), expected.as_bytes(), "{id}");
    check(2, "ab");
    check(4, "\n");
    check(5, "");
    check(99, "");
}

#[test]
fn end_tokens_are_known_by_their_texts() {
    let check = |texts: &[&str], expected: &[&str]| {
        let found: Vec<&str> = ends::end_texts(|text| texts.contains(&text)).collect();
        assert_eq!(found, expected, "{texts:?}");
    };
    check(&["a", "<|im_end|>"], &["<|im_end|>"]);
    check(&["<|end|>", "<|return|>"], &["<|end|>", "<|return|>"]);
    check(&["<|end|>", "<|return|>", "<|call|>"], &["<|return|>", "<|call|>"]);
    check(&["</s>"], &["</s>"]);
    check(&["</s>", "<|tool_response>"], &["<|tool_response>"]);
}
