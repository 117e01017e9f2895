//! `evalrun score` before it grades: what it refuses, and when.

use std::fs;

use crate::embedded::command;
use crate::workplace;
use tests::Finished;

const IFEVAL_ROW: &str = r#"{"prompt": "p", "response": "r"}"#;

fn check(task: &str, more: &[&str], code: i32, expected: &str) {
    let place = workplace();
    let write = |name: &str, text: &str| {
        fs::write(place.path().join(name), text).expect("written");
    };
    write("some.jsonl", IFEVAL_ROW);
    write("none.jsonl", "\n\n");
    let args = [&["score", "--task", task], more].concat();
    let finished = Finished::from(command(&place, &args).output().expect("evalrun starts"));
    assert_eq!(finished.code, code, "{args:?}: {finished}");
    assert!(finished.stderr.contains(expected), "{args:?}: {finished}");
    let names = fs::read_dir(place.path()).expect("a folder");
    let names = names.map(|entry| entry.expect("an entry").file_name().into_string());
    let strangers = names.filter(|name| name.as_ref().is_ok_and(|name| name.starts_with(".tmp")));
    assert_eq!(strangers.count(), 0, "nothing half-written stays");
}

#[test]
fn options_of_other_benchmarks_are_refused() {
    let samples = ["--samples", "some.jsonl"];
    let check = |task: &str, more: &[&str], expected: &str| {
        check(task, &[&samples[..], more].concat(), 64, expected);
    };
    check("mt_bench", &["--mode", "fc"], "--mode has no effect on dialogues");
    check("mt_bench", &["--underscores"], "--underscores has no effect");
    check("mt_bench", &["--tables", "t"], "--tables has no effect");
    check("ifeval", &["--runs", "r"], "--runs is for mt_bench");
    check("humaneval_plus", &["--extractor", "nemo"], "by `program` or `evalplus`");
    check("mbpp", &["--extractor", "simple-evals"], "by `program` or `evalplus`");
    check("ifeval", &["--judge-samples", "2"], "--judge-model <MODEL>");
}

/// Grading takes long, so that what would be lost at its end is refused at its beginning.
#[test]
fn a_file_that_cannot_be_written_is_known_before_grading() {
    let samples = ["--samples", "some.jsonl"];
    let check = |more: &[&str]| check("humaneval", &[&samples[..], more].concat(), 74, more[1]);
    check(&["--out", "no/such/folder/verdicts.jsonl"]);
    check(&["--out", "."]);
}

#[test]
fn absent_and_empty_files_of_responses_are_no_results() {
    for task in ["ifeval", "ruifeval", "humaneval_plus", "mbpp", "mt_bench", "bfcl"] {
        check(task, &["--samples", "absent.jsonl"], 66, "absent.jsonl");
    }
    for task in ["ifeval", "humaneval_plus", "bfcl"] {
        check(task, &["--samples", "none.jsonl"], 65, "there are no responses in it");
    }
    check("mt_bench", &["--samples", "none.jsonl"], 65, "there are no answers");
}
