//! The embedded model on real input; absent where its asset cannot be had.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::backend::embedded::{Dtype, EmbeddedBackend, EmbeddedSettings, Likelihood};
use serde_json::Value;
use tasks::{Backend, Continuation};
use tests::{Finished, Workplace};

use crate::workplace;

const ARGS: [&str; 10] = [
    "--task",
    "aime25",
    "--split",
    "demo",
    "-n",
    "17",
    "--max-tokens",
    "16",
    "--json",
    "--temperature=0.8",
];

/// A command that uses the user's own assets, so that what is fetched is fetched once a machine.
pub(crate) fn command(place: &Workplace, args: &[&str]) -> Command {
    let mut command = place.command(args);
    if let Some(folders) = std::env::var_os("EVALRUN_ASSETS") {
        command.env("EVALRUN_ASSETS", folders);
    }
    match std::env::var_os("EVALRUN_HOME") {
        Some(home) => command.env("EVALRUN_HOME", home),
        None => command.env_remove("EVALRUN_HOME"),
    };
    command
}

/// The file of a named model, or `None` with a remark where it cannot be had.
pub(crate) fn model_path(name: &str) -> Option<PathBuf> {
    let fetch = command(&workplace(), &["assets", "fetch", name]).output();
    let fetch = Finished::from(fetch.expect("evalrun starts"));
    if fetch.code != 0 {
        eprintln!("{name} is absent: {}", fetch.stderr);
        return None;
    }
    Some(PathBuf::from(fetch.stdout.trim().split_once(' ').expect("a name and a path").1))
}

fn completions(place: &Workplace) -> Vec<(String, i64, String)> {
    let connection = rusqlite::Connection::open(place.run_file()).expect("a run file");
    let sql = "SELECT item_id, sample_idx, completion FROM turns ORDER BY 1, 2";
    let mut statement = connection.prepare(sql).expect("a query");
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)));
    rows.expect("rows").map(|row| row.expect("a row")).collect()
}

/// The completions of a whole run with further arguments, and what it printed.
fn whole_run(more: &[&str]) -> (Vec<(String, i64, String)>, Value) {
    let place = workplace();
    let args = [&ARGS, more].concat();
    let finished = Finished::from(command(&place, &args).output().expect("evalrun starts"));
    assert_eq!(finished.code, 0, "{finished}");
    (completions(&place), serde_json::from_str(&finished.stdout).expect("JSON"))
}

#[test]
fn completions_do_not_depend_on_batch_order_or_interruption() {
    if model_path("smollm2-135m-instruct").is_none() {
        return;
    }
    let (expected, summary) = whole_run(&["--batch", "64"]);
    assert_eq!(summary["counts"]["planned"], 68);
    assert_ne!(expected[0].2, expected[1].2, "two samples of one item differ");
    let (one_by_one, _) = whole_run(&["--batch", "1", "--threads", "1"]);
    assert_eq!(one_by_one, expected);

    let place = workplace();
    let args = [&ARGS[..], &["--batch", "7"]].concat();
    let mut child = command(&place, &args).spawn().expect("evalrun starts");
    let started = Instant::now();
    let is_under_way = || {
        place.run_files().first().is_some_and(|path| {
            rusqlite::Connection::open(path)
                .and_then(|c| {
                    c.query_row("SELECT count(*) FROM verdicts", [], |row| row.get::<_, i64>(0))
                })
                .is_ok_and(|n| n > 0)
        })
    };
    while !is_under_way() {
        assert!(started.elapsed() < Duration::from_mins(2), "the run stands still");
        std::thread::yield_now();
    }
    child.kill().expect("killed");
    child.wait().expect("an exit status");
    let resumed = Finished::from(command(&place, &ARGS).output().expect("evalrun starts"));
    assert_eq!(resumed.code, 0, "{resumed}");
    assert_eq!(completions(&place), expected);

    // One item alone, without the others before it.
    let (alone, _) = whole_run(&["--items", "2"]);
    let of_item: Vec<_> =
        expected.into_iter().filter(|(item, ..)| item == "demo-aime25-2").collect();
    assert_eq!(alone, of_item);
}

#[test]
fn a_continuation_is_as_probable_as_its_tokens() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let Some(path) = model_path("smollm2-135m-instruct") else { return };
    let settings =
        EmbeddedSettings { n_threads: None, batch: 4, kv_bytes: 1 << 30, dtype: Dtype::Stored };
    let backend = EmbeddedBackend::load(("smollm2", ""), &path, settings).expect("a model");
    let judge = Backend::log_likelihood(&backend).expect("the embedded model judges texts");
    let tokens = Likelihood::load(&path, Dtype::Stored).expect("a model");
    let check = |context: &str, text: &str, is_greedy: bool| {
        let continuation = Continuation { context: context.to_owned(), text: text.to_owned() };
        let score = runtime.block_on(judge.log_likelihood(&continuation)).expect("a score");
        let all = tokens.tokenize(&format!("{context}{text}"), true).expect("tokens");
        let n_tokens = all.len() - tokens.tokenize(context.trim_end(), true).expect("tokens").len();
        let expected: f64 = tokens.log_probabilities(&all).iter().rev().take(n_tokens).sum();
        assert_eq!((score.n_tokens, score.is_greedy), (n_tokens as u64, is_greedy), "{text}");
        assert!((score.log_probability - expected).abs() < 1e-9, "{text}: {score:?} {expected}");
    };
    check("The capital of France is", " Paris", true);
    check("The capital of France is ", "Paris", true);
    check("The capital of France is", " Rome, of course.", false);
    let empty = Continuation { context: String::new(), text: "Paris".to_owned() };
    assert!(runtime.block_on(judge.log_likelihood(&empty)).is_err());
}

#[test]
fn files_that_are_no_model_are_refused_with_a_reason() {
    let place = workplace();
    std::fs::write(place.path().join("broken.gguf"), b"GGUF\x03\x00\x00\x00cut").expect("written");
    let finished = place.run(&["--task", "aime25", "--split", "demo", "--model", "broken.gguf"]);
    assert_eq!(finished.code, 69, "{finished}");
    assert!(finished.stderr.contains("not a readable GGUF file"), "{finished}");
}
