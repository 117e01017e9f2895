//! Function calls against BFCL v4.
//!
//! The data are the wheel's. Where it cannot be had, that is said and the tests end.

use std::collections::HashMap;
use std::sync::LazyLock;

use harness::calls::{BfclData, Entry};
use judges::calls::check::Naming;
use judges::calls::decode::Mode;
use judges::calls::value::Value as Stored;
use judges::calls::{Judged, json, judge_agentic, judge_relevance};
use serde_json::Value;
use tasks::calls::Category;

use super::{report, rows, say, text};
use crate::embedded::model_path;

static DATA: LazyLock<Option<BfclData>> =
    LazyLock::new(|| Some(BfclData::open(&model_path("bfcl")?).expect("the wheel can be read")));

/// The rows of an oracle file and the entries of their categories.
fn inputs(file: &str) -> Option<(Vec<Value>, HashMap<String, Entry>)> {
    let Some(data) = DATA.as_ref() else {
        say(&format!("oracle {file}: the wheel is absent"));
        return None;
    };
    let rows = rows(file)?;
    let mut categories: Vec<Category> =
        rows.iter().filter_map(|row| Category::of_id(text(row, "id"))).collect();
    categories.sort_unstable();
    categories.dedup();
    let entries = categories.iter().flat_map(|category| data.entries(*category).expect("entries"));
    Some((rows, entries.collect()))
}

/// The same JSON as the judges read it.
fn stored(value: &Value) -> Stored {
    json::parse(&value.to_string()).expect("JSON")
}

fn mode(row: &Value) -> Mode {
    match text(row, "format") {
        "openai" => Mode::Native,
        "hermes" => Mode::Hermes,
        _ => Mode::Prompting,
    }
}

/// Reports agreement on the verdict, which must be whole, and on the kind of error.
fn compare(file: &str, rows: &[Value], judge: impl Fn(&Value) -> Judged, bars: (f64, f64)) {
    let (mut verdicts, mut kinds) = (Vec::new(), Vec::new());
    for row in rows {
        let judged = judge(row);
        let own = judged.as_ref().err().map(|failure| failure.error_type.name());
        let reply = row.get("output").unwrap_or(&row["result"]).to_string();
        let reply: String = reply.chars().take(300).collect();
        let (mutation, theirs) = (text(row, "mutation"), row["error_type"].as_str());
        let why = judged.as_ref().err().map_or("", |failure| failure.reason.as_str());
        let difference =
            format!("{} {mutation}: ours {own:?} ({why}), upstream {theirs:?}: {reply}", row["id"]);
        if row["valid"] != judged.is_ok() {
            verdicts.push(difference);
        } else if theirs != own {
            kinds.push(difference);
        }
    }
    report(&format!("{file}, error_type"), rows.len(), &kinds, bars.1);
    report(file, rows.len(), &verdicts, bars.0);
}

fn single_turn(file: &str) {
    let Some((rows, entries)) = inputs(file) else { return };
    let judge = |row: &Value| {
        let Some(Entry::Calls(entry)) = entries.get(text(row, "id")) else {
            panic!("{} is no entry that expects calls", row["id"]);
        };
        let naming = match row["underscore_to_dot"].as_bool() {
            Some(true) => Naming::Underscores,
            _ => Naming::Dots,
        };
        entry.judge(&stored(&row["output"]), (mode(row), naming))
    };
    compare(file, &rows, judge, (1.0, 0.99));
}

#[test]
fn calls_in_text_have_upstreams_verdicts() {
    single_turn("bfcl/ast_prompting.jsonl");
}

#[test]
fn calls_of_endpoints_and_in_blocks_have_upstreams_verdicts() {
    single_turn("bfcl/ast_fc.jsonl");
}

#[test]
fn refusals_have_upstreams_verdicts() {
    let file = "bfcl/relevance.jsonl";
    let Some((rows, entries)) = inputs(file) else { return };
    let judge = |row: &Value| {
        let Some(Entry::Relevance(kind)) = entries.get(text(row, "id")) else {
            panic!("{} is no entry about relevance", row["id"]);
        };
        judge_relevance(&stored(&row["output"]), mode(row), *kind)
    };
    compare(file, &rows, judge, (1.0, 0.99));
}

#[test]
fn last_messages_have_upstreams_verdicts() {
    let file = "bfcl/agentic.jsonl";
    let Some(rows) = rows(file) else { return };
    let judge = |row: &Value| {
        let answers: Vec<String> =
            serde_json::from_value(row["possible_answers"].clone()).expect("a list of texts");
        judge_agentic(&stored(&row["result"]), mode(row), &answers)
    };
    compare(file, &rows, judge, (1.0, 0.99));
}

/// The data themselves: every category has the number of entries that its name stands for.
#[test]
fn the_wheel_has_every_entry() {
    let Some(data) = DATA.as_ref() else { return };
    for category in Category::ALL {
        let entries = data.entries(category).expect("entries");
        let expected = match category {
            Category::FormatSensitivity => 0,
            category => category.n_entries(),
        };
        assert_eq!(entries.len(), expected, "{}", category.name());
        let is_right = |id: &String| Category::of_id(id) == Some(category);
        assert!(entries.keys().all(is_right), "{}", category.name());
    }
}
