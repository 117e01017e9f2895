//! What a user types and what comes back.

use std::fs;

use tests::fake_server::{ChatReply, FakeServer, Usage};

use crate::workplace;

/// Runs evalrun once and compares everything it says with a snapshot.
fn check(name: &str, args: &[&str]) {
    let place = workplace();
    let finished = place.run(args);
    insta::assert_snapshot!(name, place.redact(&finished.to_string()));
}

#[test]
fn listings() {
    check("tasks", &["tasks"]);
    check("models", &["models"]);
    check("assets_list", &["assets", "list"]);
    check("runs_none", &["runs"]);
    check("help", &["--help"]);
}

#[test]
fn wrong_command_lines() {
    check("no_task", &[]);
    check("unknown_task", &["--task", "aime52"]);
    check("unknown_option", &["--task", "aime25", "--temprature", "1"]);
    check("bad_number", &["--task", "aime25", "--top-p", "1.5"]);
    check("unknown_model", &["--task", "aime25", "--split", "demo", "--model", "smollm2"]);
    check("bad_url", &["--task", "aime25", "--base-url", "localhost:8000"]);
    check("unknown_asset", &["assets", "fetch", "aime52"]);
    check("absent_run", &["report", "nothing.db"]);
    check("unlike_any_task", &["--task", "zzz"]);
    check("unknown_metric", &["compare", "a", "b", "--metric", "zzz"]);
    check("absent_policy", &["gate", "a.db", "b.db"]);
}

fn server() -> FakeServer {
    let reply = ChatReply::new("It is \\boxed{42}.").usage(Usage::new(10, 5));
    FakeServer::start(reply)
}

#[test]
fn a_small_run_in_every_layout() {
    let (place, server) = (workplace(), server());
    let url = server.base_url();
    let args = [
        "--task",
        "aime25",
        "--split",
        "demo",
        "-n",
        "2",
        "--base-url",
        &url,
        "--model",
        "m",
        "--quiet",
    ];
    let finished = place.run(&args);
    insta::assert_snapshot!("run_table", place.redact(&finished.to_string()));
    let run = place.run_file();
    let run = run.to_str().expect("a UTF-8 path");
    for format in ["table", "md"] {
        let report = place.run(&["report", run, "--format", format]);
        assert_eq!(report.code, 0, "{report}");
    }
    let csv = place.run(&["report", run, "--format", "csv"]).stdout;
    assert_eq!(csv.lines().count(), 4, "a header and three metrics: {csv}");
    let report = place.run(&["report", run, "--format", "json"]).stdout;
    let summary: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(summary["metrics"][0]["name"], "pass@1[avg-of-2]");
    assert_eq!(summary["metrics"][0]["value"], 0.25);
    assert_eq!(summary["counts"]["correct"], 2);
    assert_eq!(summary["tokens"]["completion"], 40);
    let replay = place.run(&["replay", run, "--json"]);
    assert_eq!((replay.code, &replay.stdout), (0, &report), "replay equals report");
    assert!(replay.stderr.contains("replay agrees: 8 completions judged again"), "{replay}");
    let runs = place.run(&["runs"]).stdout;
    assert!(runs.contains("8/8") && runs.contains("25.0 % (n = 4 items)"), "{runs}");
    assert!(!runs.contains("INCOMPLETE"), "{runs}");
}

#[test]
fn a_tampered_verdict_is_found_by_replay() {
    let (place, server) = (workplace(), server());
    let args = [
        "--task",
        "aime25",
        "--split",
        "demo",
        "-n",
        "1",
        "--base-url",
        &server.base_url(),
        "--model",
        "m",
    ];
    assert_eq!(place.run(&args).code, 0);
    let run = place.run_file();
    let connection = rusqlite::Connection::open(&run).expect("a run file");
    connection
        .execute("UPDATE verdicts SET outcome = 'correct', score = 1", [])
        .expect("an update");
    drop(connection);
    let replay = place.run(&["replay", run.to_str().expect("a UTF-8 path")]);
    assert_eq!(replay.code, 76, "{replay}");
    assert!(
        replay.stderr.contains("demo-aime25-0 sample 0: stored correct (42), now incorrect (42)"),
        "{replay}"
    );
}

#[test]
fn the_plan_is_printed_without_asking_anything() {
    let (place, server) = (workplace(), server());
    let args = [
        "--task",
        "gsm8k",
        "--split",
        "demo",
        "--plan",
        "--limit",
        "2",
        "--base-url",
        &server.base_url(),
        "--model",
        "m",
        "--temperature",
        "0.7",
        "--top-k",
        "20",
        "--stop",
        "END",
        "--system",
        "Be brief.",
    ];
    let finished = place.run(&args);
    let plan: serde_json::Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(plan[0]["sampling"]["temperature"], 0.7);
    assert_eq!(plan[0]["sampling"]["top_k"], 20);
    assert_eq!(plan[0]["sampling"]["stop"][0], "END");
    assert_eq!(plan[0]["system"], "Be brief.");
    assert_eq!(plan[0]["dataset"]["n_items"], 2);
    assert_eq!((server.n_requests(), place.run_files().len()), (0, 0));
}

#[test]
fn a_users_own_task_file_runs_and_its_mistakes_are_located() {
    let (place, server) = (workplace(), server());
    let rows = "{\"q\": \"6*7?\", \"a\": \"42\"}\n{\"q\": \"6*8?\", \"a\": \"48\"}\n";
    fs::write(place.path().join("rows.jsonl"), rows).expect("written");
    let task = r#"name = "own"
version = 1
title = "My own"
language = "en"
episode = "single_turn"
extractor = "math_answer"
judge = "integer"
metrics = ["pass_at1"]
[prompt]
template = "boxed.jinja"
[sampling]
temperature = 0.0
max_tokens = 64
samples = 1
source = "me"
[dataset]
n_items = 2
target = "integer"
[[dataset.source]]
path = "rows.jsonl"
layout = { format = "jsonl" }
id = "'own-' ~ row_idx"
answer = "row.a"
fields.problem = "row.q"
"#;
    let path = place.path().join("own.toml");
    let url = server.base_url();
    let args = ["--task", "own.toml", "--base-url", &url, "--model", "m", "--json"];
    let run = |text: &str| {
        fs::write(&path, text).expect("written");
        place.run(&args)
    };
    let finished = run(task);
    assert_eq!(finished.code, 0, "{finished}");
    let summary: serde_json::Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(summary["metrics"][0]["value"], 0.5);
    let finished = run(&task.replace("max_tokens", "max_token"));
    assert_eq!(finished.code, 65, "{finished}");
    assert!(finished.stderr.contains("own.toml:13: unknown field `max_token`"), "{finished}");
    assert!(finished.stderr.contains("did you mean `max_tokens`?"), "{finished}");
    let finished = run(&task.replace("row.a", "row.b"));
    assert_eq!(finished.code, 65, "{finished}");
    assert!(finished.stderr.contains("rows.jsonl, row 1"), "{finished}");
    let finished = run(&task.replace("n_items = 2", "n_items = 3"));
    assert_eq!(finished.code, 65, "{finished}");
}

#[test]
fn an_output_folder_that_cannot_be_written_stops_before_the_first_request() {
    let (place, server) = (workplace(), server());
    fs::write(place.path().join("taken"), "a file").expect("written");
    let args = [
        "--task",
        "aime25",
        "--split",
        "demo",
        "--base-url",
        &server.base_url(),
        "--model",
        "m",
        "--out",
        "taken",
    ];
    let finished = place.run(&args);
    assert_eq!((finished.code, server.n_requests()), (74, 0), "{finished}");
}

#[test]
fn a_full_disk_ends_the_run_and_loses_nothing_stored() {
    let place = workplace();
    let text = format!("{} \\boxed{{42}}", "long ".repeat(20_000));
    let server = FakeServer::start(ChatReply::new(&text));
    let program = env!("CARGO_BIN_EXE_evalrun-dup");
    let url = server.base_url();
    // A limit on file sizes stands in for the disk: 2,048 blocks of 512 bytes are a megabyte.
    let script = format!(
        "trap '' XFSZ; ulimit -f 2048; exec {program} --task aime25 --split demo -n 16 --concurrency 1 --base-url {url} --model m"
    );
    let mut command = place.command(&[]);
    let limited = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(place.path())
        .env("EVALRUN_HOME", place.path().join("home"))
        .output()
        .expect("sh starts");
    assert_eq!(limited.status.code(), Some(74), "{}", String::from_utf8_lossy(&limited.stderr));
    let args = [
        "--task",
        "aime25",
        "--split",
        "demo",
        "-n",
        "16",
        "--base-url",
        &url,
        "--model",
        "m",
        "--json",
    ];
    let resumed = command.args(args).output().expect("evalrun starts");
    assert_eq!(resumed.status.code(), Some(0), "{}", String::from_utf8_lossy(&resumed.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&resumed.stdout).expect("JSON");
    assert_eq!(summary["counts"]["correct"], 16);
    assert_eq!(place.run_files().len(), 1, "the run was continued");
}

#[cfg(target_os = "linux")]
#[test]
fn results_that_cannot_be_written_are_an_error() {
    let place = workplace();
    let full = fs::File::options().write(true).open("/dev/full").expect("Linux has it");
    let status = place.command(&["tasks"]).stdout(full).status().expect("evalrun starts");
    assert_eq!(status.code(), Some(74));
}

#[test]
fn a_run_file_tells_what_happened() {
    let place = workplace();
    let trouble = tests::fake_server::Reply::rate_limited("0");
    let good = tests::fake_server::Reply::from(ChatReply::new("\\boxed{7}"));
    let server = FakeServer::start(tests::fake_server::Script::sequence([trouble, good]));
    let url = server.base_url();
    let args =
        ["--task", "aime25", "--split", "demo", "-n", "1", "--base-url", &url, "--model", "m"];
    assert_eq!(place.run(&args).code, 0);
    let connection = rusqlite::Connection::open(place.run_file()).expect("a run file");
    let count = |kind: &str| -> i64 {
        let sql = "SELECT count(*) FROM events WHERE kind = ?1";
        connection.query_row(sql, [kind], |row| row.get(0)).expect("a count")
    };
    assert_eq!((count("retry"), count("done")), (4, 1));
}
