//! Questions with options through everything: orders, letters, votes, and texts that stay sealed.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tests::fake_server::{ChatReply, FakeServer, Reply, Script, SeenRequest, Usage};
use tests::{Finished, Workplace};

use crate::embedded::{command, model_path};
use crate::workplace;

/// The correct answers of the demo items.
const RIGHT: [&str; 4] = ["19.6 m", "Hydrogen", "23", "It triples."];

/// The letter under which a question shows one of `texts`.
fn letter_of(question: &str, texts: &[&str]) -> String {
    let shown = |line: &&str| line.get(3..).is_some_and(|option| texts.contains(&option));
    let line = question.lines().find(shown).expect("an option is shown");
    line[..1].to_owned()
}

fn run(place: &Workplace, server: &FakeServer, more: &[&str]) -> Finished {
    let url = server.base_url();
    let args = [&["--base-url", &url, "--model", "m"], more].concat();
    Finished::from(command(place, &args).output().expect("evalrun starts"))
}

fn replay(place: &Workplace) -> Finished {
    let file = place.run_file();
    let args = ["replay", file.to_str().expect("UTF-8")];
    Finished::from(command(place, &args).output().expect("evalrun starts"))
}

/// A run of the demo items whose replies `choose` decides, replayed; its summary.
fn demo(choose: fn(&str) -> String, more: &[&str]) -> Value {
    let place = workplace();
    let server = FakeServer::start(Script::new(move |request: &SeenRequest| {
        ChatReply::new(choose(&request.question())).usage(Usage::new(1, 1))
    }));
    let args = ["--task", "gpqa_diamond", "--split", "demo", "-n", "8", "--json"];
    let finished = run(&place, &server, &[&args, more].concat());
    assert_eq!(finished.code, 0, "{finished}");
    let replayed = replay(&place);
    assert_eq!(replayed.code, 0, "{replayed}");
    serde_json::from_str(&finished.stdout).expect("JSON")
}

/// A metric in per cent.
fn percent(summary: &Value, id: &str) -> String {
    format!("{:.1}", value(summary, id) * 100.0)
}

fn value(summary: &Value, id: &str) -> f64 {
    let metrics = summary["metrics"].as_array().expect("metrics");
    let figure = metrics.iter().find(|figure| figure["id"] == id);
    figure.unwrap_or_else(|| panic!("{id} in {summary}"))["value"].as_f64().expect("a number")
}

#[test]
fn letters_are_graded_in_the_order_that_each_sample_shows() {
    for shuffle in ["simple-evals", "inspect", "per-item"] {
        let right = |question: &str| format!("Answer: {}", letter_of(question, &RIGHT));
        let summary = demo(right, &["--shuffle", shuffle]);
        assert_eq!(percent(&summary, "pass_at_1"), "100.0");
        assert_eq!(percent(&summary, "cons_at_n"), "100.0");
    }
}

#[test]
fn votes_name_options_and_bias_shows() {
    // Under simple-evals the first letter names another option in every sample.
    let summary = demo(|_| "Answer: A".to_owned(), &[]);
    let letters = summary["letters"].as_array().expect("letters");
    let chosen: Vec<f64> =
        letters.iter().map(|l| l["chosen"]["value"].as_f64().expect("a share")).collect();
    assert_eq!(chosen, [1.0, 0.0, 0.0, 0.0]);
    let gold: f64 = letters.iter().map(|l| l["gold"].as_f64().expect("a share")).sum();
    assert!((gold - 1.0).abs() < 1e-9, "{summary}");
    assert!((0.01..0.99).contains(&value(&summary, "pass_at_1")), "{summary}");
    assert!(summary["metrics"].to_string().contains("domain=Physics"), "{summary}");
}

#[test]
fn tables_show_letters() {
    let place = workplace();
    let server = FakeServer::start(Script::new(|request: &SeenRequest| {
        let question = request.question();
        let reply = if question.contains("egg cell") { "D" } else { "I do not know." };
        ChatReply::new(reply).usage(Usage::new(1, 1))
    }));
    let args = ["--task", "gpqa_main", "--split", "demo", "-n", "2", "--quiet"];
    let finished = run(&place, &server, &args);
    assert_eq!(finished.code, 0, "{finished}");
    insta::assert_snapshot!(place.redact(&finished.stdout));
}

#[test]
fn upstream_extractors_and_wordings_can_be_asked_for() {
    let lower = |question: &str| format!("answer: {}", letter_of(question, &RIGHT).to_lowercase());
    assert_eq!(percent(&demo(lower, &[]), "pass_at_1"), "100.0");
    assert_eq!(percent(&demo(lower, &["--extractor", "simple-evals"]), "pass_at_1"), "0.0");
    let asked = |question: &str| {
        assert!(question.contains("'ANSWER: $LETTER'"), "{question}");
        format!("ANSWER: {}", letter_of(question, &RIGHT))
    };
    let inspect = ["--prompt-format", "inspect", "--shuffle", "inspect", "--extractor", "inspect"];
    assert_eq!(percent(&demo(asked, &inspect), "pass_at_1"), "100.0");
}

/// A task of one question whose texts are withheld.
fn withheld_task(place: &Workplace) -> String {
    let row = r#"{"choice": {"question": "tiktaalik?", "correct": "tiktaalik yes",
        "incorrect": ["tiktaalik no", "tiktaalik maybe", "tiktaalik never"]}}"#;
    fs::write(place.path().join("rows.jsonl"), row.replace('\n', " ")).expect("written");
    let text = r#"name = "own"
version = 1
title = "Own"
language = "en"
episode = "single_turn"
extractor = { choice = "choice" }
judge = "choice"
metrics = ["pass_at1", "letters"]
texts = "withheld"
[prompt]
template = "choice_simple_evals.jinja"
[sampling]
temperature = 0.0
max_tokens = 100
samples = 3
source = "none"
[dataset]
n_items = 1
target = "choice"
[[dataset.source]]
path = "rows.jsonl"
layout = { format = "jsonl" }
id = "row_idx"
answer = "row.choice | tojson"
fields = {}
"#;
    let path = place.path().join("own.toml");
    fs::write(&path, text).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

/// Every byte of the run file and what stands beside it.
fn stored(place: &Workplace) -> Vec<u8> {
    let folder = fs::read_dir(place.path().join("results")).expect("a folder");
    let files = folder.map(|entry| fs::read(entry.expect("an entry").path()).expect("readable"));
    files.flatten().collect()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The first request is refused in words that quote the question, the second breaks off, the third is
/// answered with the option's text and reasoning.
fn withheld_run(more: &[&str]) -> (Workplace, String) {
    let place = workplace();
    let task = withheld_task(&place);
    let n_seen = AtomicUsize::new(0);
    let server = FakeServer::start(Script::new(move |_: &SeenRequest| {
        let body = r#"{"error": {"message": "tiktaalik is refused"}}"#.to_owned();
        match n_seen.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::Status { code: 400, headers: Vec::new(), body },
            1 => Reply::MalformedJson,
            2 => Reply::Status { code: 503, headers: Vec::new(), body },
            _ => Reply::from(
                ChatReply::new("tiktaalik yes").reasoning("tiktaalik, hm").usage(Usage::new(1, 1)),
            ),
        }
    }));
    let args = ["--task", &task, "--concurrency", "1"];
    let first = run(&place, &server, &[&args, more].concat());
    assert_eq!(first.code, 75, "{first}");
    let replayed = replay(&place);
    assert_eq!(replayed.code, 0, "{replayed}");
    let file = place.run_file();
    let mut said = format!("{first}{replayed}");
    for format in ["table", "json", "md", "csv"] {
        let args = ["report", file.to_str().expect("UTF-8"), "--format", format];
        said += &Finished::from(command(&place, &args).output().expect("it starts")).to_string();
    }
    (place, said)
}

#[test]
fn withheld_texts_are_sealed_and_never_said() {
    let (place, said) = withheld_run(&[]);
    assert!(!said.contains("tiktaalik"), "{said}");
    assert!(said.contains("sealed in the run file"), "{said}");
    assert!(!contains(&stored(&place), "tiktaalik"));
    let (place, said) = withheld_run(&["--keep-text"]);
    assert!(!said.contains("tiktaalik"), "{said}");
    assert!(contains(&stored(&place), "tiktaalik yes"));
}

/// The question of a row of the archive, as far as a crawler needs it.
fn questions(archive: &Path) -> Vec<String> {
    let bytes = fs::read(archive).expect("readable");
    let rows = tasks::gpqa::rows("gpqa", &bytes, tasks::gpqa::GpqaSet::Diamond).expect("rows");
    rows.into_iter().map(|row| row.question.question.trim().chars().take(40).collect()).collect()
}

#[test]
fn the_archive_is_asked_in_order_and_stays_sealed() {
    let Some(archive) = model_path("gpqa") else { return };
    let place = workplace();
    let server = FakeServer::start(Script::new(|request: &SeenRequest| {
        ChatReply::new(format!("{}\nAnswer: C", request.question())).usage(Usage::new(1, 1))
    }));
    let finished = run(&place, &server, &["--task", "gpqa_diamond", "-n", "1", "--json"]);
    assert_eq!(finished.code, 0, "{finished}");
    let summary: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    // 47 of the 198 gold letters of the first repeat of simple-evals are C.
    assert_eq!(summary["counts"]["correct"], 47, "{summary}");
    let bytes = stored(&place);
    for question in questions(&archive) {
        assert!(!contains(&bytes, &question), "a question stands in the run file");
        assert!(!finished.to_string().contains(&question), "a question was said");
    }
    let replayed = replay(&place);
    assert_eq!(replayed.code, 0, "{replayed}");
}
