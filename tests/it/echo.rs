//! Runs in which the model answers with the question, so that a row says what is graded.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use tests::Finished;
use tests::fake_server::{ChatReply, FakeServer, Script, SeenRequest, Usage};

use crate::embedded::command;
use crate::workplace;

/// What became of one item.
pub(crate) struct Graded {
    pub(crate) outcome: String,
    pub(crate) explanation: String,
    /// `null` where the judge looks at one thing only.
    pub(crate) detail: Value,
}

/// How a task grades: the lines of its file that say so.
pub(crate) struct Grading<'a> {
    pub(crate) extractor: &'a str,
    pub(crate) judge: &'a str,
    pub(crate) target: &'a str,
    /// The expression for the gold answer.
    pub(crate) answer: &'a str,
}

/// Runs rows with `name` and `problem`, with further arguments; items by name, and the command's end.
pub(crate) fn run(
    grading: &Grading<'_>,
    rows: &[Value],
    more: &[&str],
) -> (BTreeMap<String, Graded>, Finished) {
    let place = workplace();
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    fs::write(place.path().join("rows.jsonl"), lines.join("\n")).expect("written");
    fs::write(place.path().join("echo.jinja"), "{{ problem }}\n").expect("written");
    let task = place.path().join("echo.toml");
    fs::write(&task, task_file(grading, rows.len())).expect("written");
    let server = FakeServer::start(Script::new(|request: &SeenRequest| {
        ChatReply::new(request.question()).usage(Usage::new(1, 1))
    }));
    let (task, url) = (task.to_str().expect("UTF-8"), server.base_url());
    let args = ["--task", task, "--base-url", &url, "--model", "echo", "--quiet"];
    let output = command(&place, &[&args, more].concat()).output();
    let finished = Finished::from(output.expect("evalrun starts"));
    let connection = rusqlite::Connection::open(place.run_file()).expect("a run file");
    let sql = "SELECT item_id, outcome, explanation, coalesce(detail, 'null') FROM verdicts";
    let mut statement = connection.prepare(sql).expect("a query");
    let rows = statement.query_map([], |row| {
        let detail = serde_json::from_str(&row.get::<_, String>(3)?).expect("JSON");
        Ok((row.get(0)?, Graded { outcome: row.get(1)?, explanation: row.get(2)?, detail }))
    });
    (rows.expect("rows").map(|row| row.expect("a row")).collect(), finished)
}

fn task_file(grading: &Grading<'_>, n_items: usize) -> String {
    let Grading { extractor, judge, target, answer } = grading;
    format!(
        r#"name = "echo"
version = 1
title = "Echo"
language = "en"
episode = "single_turn"
extractor = "{extractor}"
judge = {judge}
metrics = ["pass_at1"]
[prompt]
template = "echo.jinja"
[sampling]
temperature = 0.0
max_tokens = 100
samples = 1
source = "none"
[dataset]
n_items = {n_items}
target = "{target}"
[[dataset.source]]
path = "rows.jsonl"
layout = {{ format = "jsonl" }}
id = "row.name"
answer = "{answer}"
fields.problem = "row.problem"
"#
    )
}
