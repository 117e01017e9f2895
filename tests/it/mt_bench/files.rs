//! FastChat's files in and out.

use std::fs;

use serde_json::{Value, json};

use super::{JUDGE, asked, eight_then_six, has_prompts, is_judge, json as summary, run, server};
use crate::embedded::model_path;
use crate::workplace;

fn answer(question: u32, turns: [&str; 2]) -> Value {
    json!({
        "question_id": question,
        "answer_id": "x",
        "model_id": "made",
        "choices": [{ "index": 0, "turns": turns }, { "index": 1, "turns": ["no", "no"] }],
        "tstamp": 1.5,
    })
}

fn judgment(question: u32, turn: u32, text: &str, score: f64) -> Value {
    let template = if turn == 1 { "single-v1" } else { "single-v1-multi-turn" };
    json!({
        "question_id": question,
        "model": "made",
        "judge": ["gpt-4", template],
        "user_prompt": "p",
        "judgment": text,
        "score": score,
        "turn": turn,
        "tstamp": 1.5,
    })
}

fn lines(rows: &[Value]) -> String {
    let line = |row: &Value| format!("{row}\n");
    rows.iter().map(line).collect()
}

/// Scores 9, 4 and 6 of the first turn and 7 of the second; one reply cannot be read, and one row
/// comes twice. `show_result.py` of FastChat 0e6d3e4b prints 6.333333, 7.0 and 6.5 for these rows
/// without the double.
#[test]
fn judgments_made_elsewhere_are_added_up_as_upstream_does() {
    if model_path("mt-bench-questions").is_none() {
        return;
    }
    let place = workplace();
    let write = |name: &str, rows: &[Value]| {
        fs::write(place.path().join(name), lines(rows)).expect("written");
    };
    let old = answer(81, ["old", "old"]);
    let answers =
        [old, answer(81, [" a {b} ", "c"]), answer(82, ["d", "e"]), answer(101, ["f", "g"])];
    write("answers.jsonl", &answers);
    write(
        "judgments.jsonl",
        &[
            judgment(81, 1, "[[9]]", 9.0),
            judgment(81, 1, "[[1]]", 1.0),
            judgment(81, 2, "[[7]]", 7.0),
            judgment(82, 1, "[[4]]", 4.0),
            judgment(82, 2, "well", -1.0),
            judgment(101, 1, "Rating: [6]", 6.0),
            json!({ "question_id": 81, "model": "other", "judge": ["gpt-4", "single-v1"],
                    "judgment": "[[2]]", "score": 2, "turn": 1 }),
        ],
    );
    let mut args = vec!["score", "--task", "mt_bench", "--samples", "answers.jsonl", "--json"];
    let files = ["--judgments", "judgments.jsonl"];
    args.extend(files);
    let finished = run(&place, &args);
    assert_eq!(finished.code, 75, "not every answer is there: {finished}");
    for note in ["1 questions are answered again", "1 judgments repeat", "1 judgments are of other"]
    {
        assert!(finished.stderr.contains(note), "{note}: {finished}");
    }
    let summary = summary(&finished);
    let judge = &summary["ratings"]["judges"][0];
    super::check_ratings(judge, 6.5, [19.0 / 3.0, 7.0], [160, 4, 1, 0, 155]);
    assert_eq!(judge["judge"], "gpt-4");
    let names: Vec<&str> = judge["categories"]
        .as_array()
        .expect("categories")
        .iter()
        .filter_map(|part| part["name"].as_str())
        .collect();
    assert_eq!(names, ["writing", "reasoning"]);

    let file = place.run_file();
    let file = file.to_str().expect("UTF-8");
    let out = run(&place, &["report", file, "--format", "fastchat-answers"]).stdout;
    let out: Vec<Value> =
        out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(out[0]["choices"], json!([{ "index": 0, "turns": [" a {b} ", "c"] }]));
    assert_eq!((out.len(), &out[0]["question_id"]), (3, &81.into()));
    let out = run(&place, &["report", file, "--format", "fastchat-judgments"]).stdout;
    let scores: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["score"].clone())
        .collect();
    assert_eq!(scores, [json!(9), json!(7), json!(4), json!(-1), json!(6)]);
}

/// An outage of the judge is none of its judgments, and neither is one of a turn that is not rated; a
/// judgment that was made after an outage counts.
#[test]
fn outages_of_a_judge_elsewhere_failed() {
    if model_path("mt-bench-questions").is_none() {
        return;
    }
    let place = workplace();
    let write = |name: &str, rows: &[Value]| {
        fs::write(place.path().join(name), lines(rows)).expect("written");
    };
    write("answers.jsonl", &[answer(81, ["a", "$ERROR$"]), answer(82, ["d", "e"])]);
    let outage = |question, turn| judgment(question, turn, "$ERROR$", -1.0);
    let judgments = [
        outage(81, 1),
        judgment(81, 1, "[[9]]", 9.0),
        outage(81, 2),
        judgment(82, 1, "[[5]]", 5.0),
        judgment(82, 2, "[[7]]", 7.0),
        judgment(82, 3, "[[1]]", 1.0),
    ];
    write("judgments.jsonl", &judgments);
    let mut args = vec!["score", "--task", "mt_bench", "--samples", "answers.jsonl", "--json"];
    args.extend(["--judgments", "judgments.jsonl"]);
    let finished = run(&place, &args);
    assert_eq!(finished.code, 75, "{finished}");
    for note in [
        "1 answers are `$ERROR$`",
        "1 judgments are of turns that are not rated",
        "1 judgments are `$ERROR$`",
    ] {
        assert!(finished.stderr.contains(note), "{note}: {finished}");
    }
    let summary = summary(&finished);
    let judge = &summary["ratings"]["judges"][0];
    super::check_ratings(judge, 7.0, [7.0, 7.0], [160, 3, 0, 1, 156]);
}

#[test]
fn answers_made_elsewhere_are_shown_to_a_judge_unchanged() {
    if !has_prompts() || model_path("mt-bench-questions").is_none() {
        return;
    }
    let (place, server) = (workplace(), server(eight_then_six));
    let answers = [answer(81, ["<think>x</think> a {b} ", "c"])];
    fs::write(place.path().join("answers.jsonl"), lines(&answers)).expect("written");
    let url = server.base_url();
    let mut args = vec!["score", "--task", "mt_bench", "--samples", "answers.jsonl", "--json"];
    args.extend(["--judge-model", JUDGE, "--judge-base-url", &url]);
    let finished = run(&place, &args);
    assert_eq!(finished.code, 75, "{finished}");
    let judge = &summary(&finished)["ratings"]["judges"][0];
    super::check_ratings(judge, 7.0, [8.0, 6.0], [160, 2, 0, 0, 158]);
    let requests = asked(&server);
    assert!(requests.iter().all(is_judge));
    let shown = "[The Start of Assistant's Answer]\n<think>x</think> a {b} \n[The End";
    assert!(requests.iter().any(|seen| seen.question().contains(shown)), "{requests:?}");
}
