//! `HumanEval` and MBPP from the command line: runs, replays, sample files. Needs the interpreter, which
//! is fetched; where it cannot be had, that is said.

use std::fs;

use serde_json::{Value, json};
use tests::Finished;
use tests::fake_server::{ChatReply, FakeServer, Script, SeenRequest, Usage};

use crate::embedded::{command, model_path};
use crate::workplace;

fn has_interpreter() -> bool {
    model_path("python-snapshot").is_some()
}

/// Right, wrong on the added tests only, without a program, cut short: one for each demo item.
fn answers() -> FakeServer {
    FakeServer::start(Script::new(|request: &SeenRequest| {
        let question = request.question();
        let chat = |text: &str| ChatReply::new(text).usage(Usage::new(10, 5));
        if question.contains("pairs_that_sum") {
            chat(
                "Like this:\n```python\ndef pairs_that_sum(numbers, total):\n    return sum(a + b == total for i, a in enumerate(numbers) for b in numbers[i + 1:])\n```",
            )
        } else if question.contains("mean_of_middle") {
            chat("```python\ndef mean_of_middle(values):\n    return sorted(values)[1]\n```")
        } else if question.contains("is_mirror") {
            chat("I would rather not.")
        } else {
            chat("```python\ndef third_largest(numbers):\n    return").finish("length")
        }
    }))
}

#[test]
fn a_run_reports_base_and_plus_and_replays() {
    if !has_interpreter() {
        return;
    }
    let place = workplace();
    let server = answers();
    let url = server.base_url();
    let args = [
        "--task",
        "humaneval_plus",
        "--split",
        "demo",
        "--base-url",
        &url,
        "--model",
        "m",
        "--quiet",
    ];
    let finished = Finished::from(command(&place, &args).output().expect("evalrun starts"));
    insta::assert_snapshot!("humaneval_plus_run", place.redact(&finished.to_string()));
    let run = place.run_file();
    let run = run.to_str().expect("a UTF-8 path");
    let replay = Finished::from(command(&place, &["replay", run]).output().expect("starts"));
    assert_eq!(replay.code, 0, "{replay}");

    let report = command(&place, &["report", run, "--format", "evalplus"]).output();
    let report = Finished::from(report.expect("evalrun starts"));
    assert_eq!(report.code, 0, "{report}");
    let mut report: Value = serde_json::from_str(&report.stdout).expect("JSON");
    report["date"] = json!("");
    insta::assert_snapshot!(
        "humaneval_plus_evalplus",
        serde_json::to_string_pretty(&report).expect("JSON")
    );
}

#[test]
fn a_base_model_continues_the_prompt() {
    if !has_interpreter() {
        return;
    }
    let place = workplace();
    let server = FakeServer::start(Script::new(|request: &SeenRequest| {
        assert!(request.question().ends_with("\"\"\"\n"), "{}", request.question());
        assert!(request.body["stop"].as_array().is_some_and(|stops| stops.len() > 4));
        let text = "\n\ndef count_vowels(word):\n\treturn sum(c in 'aeiouAEIOU' for c in word)\n\nassert False";
        ChatReply::new(text).usage(Usage::new(10, 5))
    }));
    let url = server.base_url();
    let args = [
        "--task",
        "mbpp",
        "--split",
        "demo",
        "--limit",
        "1",
        "--base-url",
        &url,
        "--model",
        "m",
        "--api",
        "completions",
        "--json",
    ];
    let finished = Finished::from(command(&place, &args).output().expect("evalrun starts"));
    assert_eq!(finished.code, 0, "{finished}");
    let summary: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(summary["counts"]["correct"], 1, "{summary}");

    // EvalPlus reads the prompt and the completion together, here as always.
    let sanitised = [&args[..], &["--extractor", "evalplus", "--fresh"]].concat();
    let finished = Finished::from(command(&place, &sanitised).output().expect("evalrun starts"));
    assert_eq!(finished.code, 0, "{finished}");
    let summary: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(summary["counts"]["correct"], 1, "{summary}");
    let fenced = [&args[..], &["--extractor", "program"]].concat();
    let finished = Finished::from(command(&place, &fenced).output().expect("evalrun starts"));
    assert_eq!(finished.code, 64, "{finished}");
}

#[test]
fn options_without_effect_are_refused() {
    let place = workplace();
    fs::write(place.path().join("samples.jsonl"), "").expect("written");
    let check = |args: &[&str], expected: &str| {
        let finished = Finished::from(place.command(args).output().expect("evalrun starts"));
        let error = finished.stderr.lines().next().unwrap_or_default();
        assert_eq!(error, format!("evalrun: error: {expected}"), "{finished}");
    };
    let demo = ["--split", "demo", "--base-url", "http://127.0.0.1:9/v1", "--model", "m"];
    check(
        &[&["--task", "gsm8k", "--extractor", "evalplus"], &demo[..]].concat(),
        "--extractor finds programs, and `gsm8k` grades none",
    );
    check(
        &[&["--task", "aime25", "--math-judge", "both"], &demo[..]].concat(),
        "--math-judge: `aime25` compares no mathematical answers",
    );
    for (flags, expected) in [
        (["--extractor", "inspect"], "--extractor inspect finds choices, and `aime25` grades none"),
        (["--shuffle", "inspect"], "--shuffle: `aime25` has no options to choose from"),
        (["--prompt-format", "inspect"], "--prompt-format: `aime25` has no options to choose from"),
        (
            ["--keep-text", "--quiet"],
            "--keep-text: `aime25` has public texts, which are always kept",
        ),
    ] {
        check(&[&["--task", "aime25"], &flags[..], &demo[..]].concat(), expected);
    }
    let score = |file, more: [&'static str; 2]| {
        [&["score", "--task", "ifeval", "--samples", file], &more[..]].concat()
    };
    check(
        &score("samples.jsonl", ["--workers", "2"]),
        "--workers is for programs, and responses to instructions are none",
    );
    check(
        &score("absent.jsonl", ["--workers", "2"]),
        "absent.jsonl: cannot read the samples: No such file or directory (os error 2)",
    );
}

/// Grades lines as samples of `HumanEval+`; the verdict lines, and the command's end.
fn score(lines: &[Value], more: &[&str]) -> (Vec<Value>, Finished) {
    let place = workplace();
    let (samples, out) = (place.path().join("samples.jsonl"), place.path().join("verdicts.jsonl"));
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    fs::write(&samples, text.join("\n")).expect("written");
    let (samples, out_arg) = (samples.to_str().expect("UTF-8"), out.to_str().expect("UTF-8"));
    let args = ["score", "--task", "humaneval_plus", "--samples", samples, "--out", out_arg];
    let output = command(&place, &[&args, more].concat()).output();
    let finished = Finished::from(output.expect("evalrun starts"));
    let verdicts = fs::read_to_string(&out).unwrap_or_default();
    let parse = |line: &str| serde_json::from_str(line).expect("JSON");
    (verdicts.lines().map(parse).collect(), finished)
}

/// A row of the real data set with its solution, where both can be had.
fn row() -> Option<Value> {
    let data = fs::read(model_path("humaneval_plus")?).expect("the data set");
    let mut text = String::new();
    let mut reader = flate2::read::GzDecoder::new(data.as_slice());
    std::io::Read::read_to_string(&mut reader, &mut text).expect("a gzip file");
    let row = serde_json::from_str(text.lines().next().expect("a row")).expect("JSON");
    has_interpreter().then_some(row)
}

#[test]
fn sample_files_are_graded_line_by_line() {
    let Some(row) = row() else { return };
    let field = |name: &str| row[name].as_str().expect("a text").to_owned();
    let (name, entry) = (field("task_id"), field("entry_point"));
    let whole = field("prompt") + &field("canonical_solution");
    let forever = format!("def {entry}(*a):\n    while True: pass\n");
    let lines = [
        json!({ "task_id": name, "solution": whole }),
        json!({ "task_id": name, "completion": row["canonical_solution"] }),
        json!({ "task_id": name, "solution": forever }),
        json!({ "task_id": "HumanEval/none", "solution": "" }),
        json!({ "task_id": name, "solution": "import os\nos._exit(0)" }),
        json!({ "task_id": name, "solution": whole }),
    ];
    let (verdicts, finished) = score(&lines, &[]);
    assert_eq!(finished.code, 0, "{finished}");
    let short = |verdict: &Value| {
        let of = |key: &str| verdict[key].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", verdict["index"], of("base"), of("plus"), of("outcome"))
    };
    let found: Vec<String> = verdicts.iter().map(short).collect();
    let expected = [
        "0 pass pass correct",
        "1 pass pass correct",
        "2 fail fail call_fuel",
        "3 - - unknown_problem",
        "4 timeout timeout exit",
        "5 pass pass correct",
    ];
    assert_eq!(found, expected, "{finished}");
    // Nobody waits for canonical solutions of the published data sets.
    assert!(!finished.stderr.contains("canonical"), "{finished}");
    let alone = score(&lines, &["--workers", "1"]);
    assert_eq!(alone.0, verdicts, "the number of workers decides nothing");
    assert_eq!(alone.1.stdout, finished.stdout);

    let reply = format!("Here:\n```python\n{whole}\n```\nDone.");
    let lines = [json!({ "task_id": name, "solution": reply })];
    let (raw, _) = score(&lines, &[]);
    assert_eq!(raw[0]["outcome"], "not_loaded");
    for extractor in ["program", "evalplus"] {
        let (verdicts, finished) = score(&lines, &["--extractor", extractor]);
        assert_eq!(verdicts[0]["outcome"], "correct", "{finished}");
    }
    let (_, finished) = score(&[json!({ "task_id": name })], &[]);
    assert_eq!(finished.code, 65, "{finished}");
    assert!(finished.stderr.contains("line 1: it has neither"), "{finished}");
}
