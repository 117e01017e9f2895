//! `IFEval` from the command line: runs, replays and response files. Needs language data, which is
//! fetched; where it cannot be had, that is said.

use std::fs;

use serde_json::{Value, json};
use tests::Finished;
use tests::fake_server::{ChatReply, FakeServer, Usage};

use crate::embedded::{command, model_path};
use crate::workplace;

fn has_language_data() -> bool {
    model_path("punkt-english").is_some()
}

#[test]
fn a_run_reports_prompts_instructions_and_families_and_replays() {
    if !has_language_data() {
        return;
    }
    let place = workplace();
    let response = ChatReply::new("\"the bread needs flour\"").usage(Usage::new(10, 5));
    let server = FakeServer::start(response);
    let url = server.base_url();
    let args =
        ["--task", "ifeval", "--split", "demo", "--base-url", &url, "--model", "m", "--quiet"];
    let finished = Finished::from(command(&place, &args).output().expect("evalrun starts"));
    insta::assert_snapshot!("ifeval_run", place.redact(&finished.to_string()));
    let run = place.run_file();
    let run = run.to_str().expect("a UTF-8 path");
    let replay = Finished::from(command(&place, &["replay", run]).output().expect("starts"));
    assert_eq!(replay.code, 0, "{replay}");
}

#[test]
fn response_files_are_graded_row_by_row() {
    let (Some(data), true) = (model_path("ifeval"), has_language_data()) else { return };
    let text = fs::read_to_string(data).expect("the data set");
    let row: Value = serde_json::from_str(text.lines().next().expect("a row")).expect("JSON");
    let place = workplace();
    let samples = place.path().join("samples.jsonl");
    let response = |text: &str| json!({ "prompt": row["prompt"], "response": text }).to_string();
    let lines = [response("No."), String::new(), response("<think>*a* *b* *c*</think>No.")];
    fs::write(&samples, lines.join("\n")).expect("written");
    let out = place.path().join("verdicts.jsonl");
    let (samples, out_arg) = (samples.to_str().expect("UTF-8"), out.to_str().expect("UTF-8"));
    let args = ["score", "--task", "ifeval", "--samples", samples, "--out", out_arg, "--json"];
    let finished = Finished::from(command(&place, &args).output().expect("evalrun starts"));
    assert_eq!(finished.code, 0, "{finished}");
    let verdicts = fs::read_to_string(&out).expect("verdicts");
    let verdicts: Vec<Value> =
        verdicts.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(verdicts.len(), 2);
    // Reasoning is not part of a response.
    assert_eq!(verdicts[0], verdicts[1]);
    assert_eq!(verdicts[0]["key"], row["key"]);
    let n = row["instruction_id_list"].as_array().expect("a list").len();
    assert_eq!(verdicts[0]["strict"].as_array().map(Vec::len), Some(n));

    fs::write(samples, "{\"prompt\": \"unknown\", \"response\": \"x\"}\n").expect("written");
    let finished = Finished::from(command(&place, &args).output().expect("evalrun starts"));
    assert_eq!(finished.code, 65, "{finished}");
    assert!(finished.stderr.contains("line 1: ifeval has no prompt `unknown"), "{finished}");
}

/// The line breaks between reasoning and response belong to neither.
#[test]
fn reasoning_leaves_no_trace_in_any_verdict() {
    let (Some(data), true) = (model_path("ifeval"), has_language_data()) else { return };
    let data = fs::read_to_string(data).expect("the data set");
    let rows: Vec<Value> =
        data.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let place = workplace();
    let verdicts = |response: &str, name: &str| {
        let lines: Vec<String> = rows
            .iter()
            .map(|row| json!({ "prompt": row["prompt"], "response": response }).to_string())
            .collect();
        let (samples, out) = (place.path().join(name), place.path().join("verdicts.jsonl"));
        fs::write(&samples, lines.join("\n")).expect("written");
        let (samples, out_arg) = (samples.to_str().expect("UTF-8"), out.to_str().expect("UTF-8"));
        let args = ["score", "--task", "ifeval", "--samples", samples, "--out", out_arg, "--json"];
        let finished = Finished::from(command(&place, &args).output().expect("evalrun starts"));
        assert_eq!(finished.code, 0, "{finished}");
        fs::read_to_string(&out).expect("verdicts")
    };
    let response = "weekend first.\n\nsecond paragraph, *here*.\n\n***\n\nP.S. third";
    let plain = verdicts(response, "plain.jsonl");
    let reasoned = verdicts(&format!("<think>x</think>\n\n{response}\n"), "reasoned.jsonl");
    for (plain, reasoned) in plain.lines().zip(reasoned.lines()) {
        assert_eq!(plain, reasoned);
    }
}

#[test]
fn a_bad_row_is_named_by_its_line_in_the_file() {
    if !has_language_data() || model_path("ifeval").is_none() {
        return;
    }
    let place = workplace();
    let samples = place.path().join("samples.jsonl");
    fs::write(&samples, "\n\n{\"prompt\": \"nowhere\", \"response\": \"\"}\n").expect("written");
    let args = ["score", "--task", "ifeval", "--samples", samples.to_str().expect("UTF-8")];
    let finished = Finished::from(command(&place, &args).output().expect("evalrun starts"));
    assert_ne!(finished.code, 0, "{finished}");
    assert!(finished.stderr.contains("line 3"), "{finished}");
}
