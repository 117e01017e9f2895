//! Function calls against BFCL v4.
//!
//! The data are the wheel's. Where it cannot be had, that is said and the tests end.

use std::collections::HashMap;
use std::sync::LazyLock;

use harness::assets::AssetStore;
use harness::calls::{BfclData, CallsSandbox};
use harness::display::Display;
use judges::calls::Entry;
use judges::calls::check::Naming;
use judges::calls::decode::Mode;
use judges::calls::multi_turn::{self, Conversation, Turns};
use judges::calls::value::Value as Stored;
use judges::calls::{Judged, json, judge_agentic, judge_relevance};
use serde_json::Value;
use tasks::calls::{Category, Group};

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

/// Judges conversations two at a time; `None` with a remark where the interpreter cannot be had.
fn judged(conversations: &[(&Conversation, Turns)]) -> Option<Vec<Judged>> {
    model_path("python-snapshot")?;
    let (store, display) = (AssetStore::from_environment(), Display::quiet());
    let sandbox = CallsSandbox::new(DATA.as_ref()?, Some(2));
    let judge = |(conversation, turns): &(&Conversation, Turns)| {
        sandbox.judge(conversation, turns, (&store, &display)).expect("the sandbox works")
    };
    let (first, second) = conversations.split_at(conversations.len() / 2);
    Some(std::thread::scope(|scope| {
        let second = scope.spawn(|| second.iter().map(judge).collect::<Vec<_>>());
        let mut all: Vec<Judged> = first.iter().map(judge).collect();
        all.extend(second.join().expect("no panic"));
        all
    }))
}

/// Calls that are decoded already.
fn turns_of_calls(result: &Value) -> Option<Turns> {
    let step = |step: &Value| -> Option<Vec<String>> {
        let calls = step.as_array()?;
        calls.iter().map(|call| call.as_str().map(str::to_owned)).collect()
    };
    let turn = |turn: &Value| {
        let steps: Vec<Vec<String>> = turn.as_array()?.iter().map(step).collect::<Option<_>>()?;
        Some(steps.into_iter().filter(|calls| !calls.is_empty()).collect())
    };
    result.as_array()?.iter().map(turn).collect()
}

#[test]
fn conversations_have_upstreams_verdicts() {
    let file = "bfcl/multi_turn.jsonl";
    let Some((rows, entries)) = inputs(file) else { return };
    let mut known: HashMap<String, Judged> = HashMap::new();
    let (mut keys, mut conversations) = (Vec::new(), Vec::new());
    for row in &rows {
        let Some(Entry::Conversation(conversation)) = entries.get(text(row, "id")) else {
            panic!("{} is no conversation", row["id"]);
        };
        let turns = match (text(row, "format"), turns_of_calls(&row["result"])) {
            ("calls", Some(turns)) => Ok(turns),
            _ => multi_turn::decoded(&stored(&row["result"]), mode(row)),
        };
        match turns {
            Err(failure) => drop(known.insert(key(row), Err(failure))),
            Ok(turns) => {
                keys.push(key(row));
                conversations.push((conversation, turns));
            }
        }
    }
    let Some(judged) = judged(&conversations) else { return };
    known.extend(keys.into_iter().zip(judged));
    compare(file, &rows, |row| known[&key(row)].clone(), (0.99, 0.99));
}

fn key(row: &Value) -> String {
    format!("{}/{}", row["id"], row["case"])
}

/// The expected calls of every entry, played back as a model's.
#[test]
fn every_expected_conversation_is_right() {
    let Some(data) = DATA.as_ref() else { return };
    let categories = Group::MultiTurn.categories();
    let entries: Vec<Entry> = categories
        .into_iter()
        .flat_map(|category| data.entries(category).expect("entries").into_values())
        .collect();
    let conversations: Vec<(&Conversation, Turns)> = entries.iter().map(played).collect();
    let Some(judged) = judged(&conversations) else { return };
    let wrong = |((conversation, _), judged): (&(&Conversation, Turns), Judged)| {
        Some(format!("{}: {}", conversation.id, judged.err()?.reason))
    };
    let wrong: Vec<String> = conversations.iter().zip(judged).filter_map(wrong).collect();
    report("bfcl, expected conversations", conversations.len(), &wrong, 1.0);
}

/// The expected calls as a model's.
fn played(entry: &Entry) -> (&Conversation, Turns) {
    let Entry::Conversation(conversation) = entry else { panic!("no conversation") };
    let turns = conversation.ground_truth.iter().map(|turn| vec![turn.clone()]).collect();
    (conversation, turns)
}
