//! Instruction checks against `IFEval` and ruIFEval, and their parts against what upstream uses.
//!
//! The data files are fetched as assets. Where one cannot be had, the tests that need it say so and
//! end.

use std::sync::LazyLock;

use harness::assets::manifest;
use judges::instructions::{Instructions, Language, LanguageData, LanguageFile, check};
use serde_json::Value;

use super::{report, rows, say, text};
use crate::embedded::model_path;

/// The language data, fetched as assets.
static DATA: LazyLock<Option<LanguageData>> = LazyLock::new(|| {
    let located = LanguageFile::ALL.map(|file| {
        let asset = manifest().iter().find(|asset| asset.sha256 == file.sha256());
        Some((file, model_path(&asset.expect("every language file is an asset").name)?))
    });
    located.into_iter().collect::<Option<Vec<_>>>().map(LanguageData::new)
});

/// The language data and the rows of an oracle file, or `None` with a remark.
fn inputs(file: &str) -> Option<(&'static LanguageData, Vec<Value>)> {
    let data = DATA.as_ref();
    if data.is_none() {
        say(&format!("oracle {file}: the language data are absent"));
    }
    Some((data?, rows(file)?))
}

fn booleans(value: &Value) -> Vec<bool> {
    value.as_array().into_iter().flatten().filter_map(Value::as_bool).collect()
}

/// Where our verdicts on a whole row differ from upstream's.
fn row_difference(language: Language, row: &Value, data: &LanguageData) -> Option<String> {
    let ids: Vec<String> = serde_json::from_value(row["instruction_id_list"].clone()).expect("ids");
    let kwargs: Vec<_> = serde_json::from_value(row["kwargs"].clone()).expect("arguments");
    let instructions = Instructions::parse(language, &ids, &kwargs).expect("a row of the data set");
    let verdict = check(&instructions, text(row, "response"), data).expect("all files are there");
    let expected = (booleans(&row["strict"]), booleans(&row["loose"]));
    assert_eq!(
        verdict.reasons.len(),
        verdict.strict.iter().filter(|is_followed| !**is_followed).count(),
        "one reason per failure"
    );
    (expected != (verdict.strict.clone(), verdict.loose.clone()))
        .then(|| format!("{} {ids:?}: ours {verdict:?}, upstream {expected:?}", row["key"]))
}

/// Where our verdict on one instruction differs. Upstream has none where it raises an exception,
/// and there an error is expected.
fn synthetic_difference(language: Language, row: &Value, data: &LanguageData) -> Option<String> {
    let kwargs: Vec<_> = serde_json::from_value(serde_json::json!([row["kwargs"]])).expect("one");
    let parsed = Instructions::parse(language, &[text(row, "instruction_id")], &kwargs);
    let ours = parsed.map(|instructions| {
        let verdict = check(&instructions, text(row, "response"), data).expect("files are there");
        (verdict.strict[0], verdict.loose[0])
    });
    let expected = row["strict"].as_bool().zip(row["loose"].as_bool());
    let agrees = ours.as_ref().ok().copied() == expected;
    (!agrees).then(|| {
        let kwargs = &row["kwargs"];
        let id = text(row, "instruction_id");
        let response: String = text(row, "response").chars().take(200).collect();
        format!("{} {id} {kwargs} {response:?}: ours {ours:?}, upstream {expected:?}", row["id"])
    })
}

fn compare<'a>(
    name: &str,
    rows: impl Iterator<Item = &'a Value>,
    bar: f64,
    difference: impl Fn(&Value) -> Option<String>,
) {
    let rows: Vec<&Value> = rows.collect();
    let differences: Vec<String> = rows.iter().filter_map(|row| difference(row)).collect();
    report(name, rows.len(), &differences, bar);
}

fn depends(row: &Value, field: &str) -> bool {
    row[field].as_array().is_some_and(|indices| !indices.is_empty())
}

#[test]
fn english_responses_have_upstreams_verdicts() {
    let Some((data, rows)) = inputs("ifeval/ifeval_en.jsonl") else { return };
    compare("ifeval/ifeval_en.jsonl", rows.iter(), 1.0, |row| {
        row_difference(Language::English, row, data)
    });
}

#[test]
fn synthetic_english_responses_have_upstreams_verdicts() {
    let Some((data, rows)) = inputs("ifeval/ifeval_en_synth.jsonl") else { return };
    // Where the detector's verdict depends on the seed, any seed's is as good as another's.
    let stable = rows.iter().filter(|row| row["seed_stable"].as_bool() != Some(false));
    compare("ifeval/ifeval_en_synth.jsonl, stable seeds", stable, 0.995, |row| {
        synthetic_difference(Language::English, row, data)
    });
    compare("ifeval/ifeval_en_synth.jsonl", rows.iter(), 0.995, |row| {
        synthetic_difference(Language::English, row, data)
    });
}

#[test]
fn russian_responses_have_upstreams_verdicts() {
    let Some((data, rows)) = inputs("ifeval/ifeval_ru.jsonl") else { return };
    let difference = |row: &Value| row_difference(Language::Russian, row, data);
    let plain = rows.iter().filter(|row| !depends(row, "uses_lid"));
    compare("ifeval/ifeval_ru.jsonl, without language detection", plain, 1.0, difference);
    let detected = rows.iter().filter(|row| depends(row, "uses_lid"));
    compare("ifeval/ifeval_ru.jsonl, with language detection", detected, 0.98, difference);
}

#[test]
fn synthetic_russian_responses_have_upstreams_verdicts() {
    let Some((data, rows)) = inputs("ifeval/ifeval_ru_synth.jsonl") else { return };
    compare("ifeval/ifeval_ru_synth.jsonl", rows.iter(), 0.995, |row| {
        synthetic_difference(Language::Russian, row, data)
    });
}

#[test]
fn russian_tokens_have_pymorphys_normal_forms() {
    let Some((data, rows)) = inputs("ifeval/lemmas_ru.jsonl") else { return };
    compare("ifeval/lemmas_ru.jsonl", rows.iter(), 0.999, |row| {
        let ours = data.normal_forms(text(row, "token")).expect("the dictionary is there");
        let expected: Vec<String> =
            serde_json::from_value(row["normal_forms"].clone()).expect("a list of forms");
        (ours != expected)
            .then(|| format!("{}: ours {ours:?}, upstream {expected:?}", row["token"]))
    });
}

/// The places in code points of byte ranges.
fn spans(text: &str, ranges: &[std::ops::Range<usize>]) -> Vec<[usize; 2]> {
    let place = |at: usize| text[..at].chars().count();
    ranges.iter().map(|range| [place(range.start), place(range.end)]).collect()
}

#[test]
fn texts_have_nltks_sentences_and_words() {
    let Some((data, rows)) = inputs("ifeval/sentences.jsonl") else { return };
    for (language, field) in [(Language::English, "spans_en"), (Language::Russian, "spans_ru")] {
        compare(&format!("ifeval/sentences.jsonl, {field}"), rows.iter(), 1.0, |row| {
            let content = text(row, "text");
            let ours = data.sentences(language, content).expect("the parameters are there");
            let ours = spans(content, &ours);
            let expected: Vec<[usize; 2]> =
                serde_json::from_value(row[field].clone()).expect("a list of spans");
            (ours != expected)
                .then(|| format!("{}: ours {ours:?}, upstream {expected:?}", row["id"]))
        });
    }
    compare("ifeval/sentences.jsonl, words", rows.iter(), 1.0, |row| {
        let ours = data.word_tokens(text(row, "text")).expect("the parameters are there");
        let agrees = row["tokens"].is_null() || row["tokens"] == serde_json::json!(ours);
        (!agrees || row["n_tokens"] != ours.len()).then(|| {
            format!("{}: ours {} {ours:?}, upstream {}", row["id"], ours.len(), row["n_tokens"])
        })
    });
}

#[test]
fn texts_have_the_detectors_languages() {
    let Some((data, rows)) = inputs("ifeval/langdetect.jsonl") else { return };
    let detectors = [(Language::English, "langdetect"), (Language::Russian, "lid176ftz")];
    for (benchmark, field) in detectors {
        compare(&format!("ifeval/langdetect.jsonl, {field}"), rows.iter(), 1.0, |row| {
            let ours = data.language_of(benchmark, text(row, "text")).expect("the model is there");
            (ours.as_deref() != row[field].as_str())
                .then(|| format!("{}: ours {ours:?}, upstream {}", row["id"], row[field]))
        });
    }
}
