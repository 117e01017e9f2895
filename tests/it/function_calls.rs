//! BFCL asked of models: a server that plays the expected calls, and the embedded model. Needs the wheel
//! and the interpreter, which are fetched; where they cannot be had, that is said.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use harness::calls::BfclData;
use judges::calls::decode::{self, Decoded, Mode, ReturnFormat, ToolTag};
use judges::calls::value::Value as Python;
use judges::calls::{Entry, ExpectedCall};
use serde_json::{Map, Value, json};
use tasks::calls::Category;
use tests::fake_server::{ChatReply, FakeServer, Reply, Script, SeenRequest};
use tests::{Finished, Workplace};

use crate::embedded::{command, model_path};
use crate::workplace;

/// What the player needs of an entry.
struct Part {
    /// The expected calls of each turn, as Python; for a single turn as data.
    turns: Vec<Vec<Play>>,
}

/// An expected call.
#[derive(Clone)]
enum Play {
    /// Python source.
    Source(String),
    /// A name and its arguments.
    Data(String, Map<String, Value>),
}

/// Whether everything that an entry of BFCL needs is at hand.
pub(crate) fn wheel() -> Option<BfclData> {
    let (wheel, _) = (model_path("bfcl")?, model_path("python-snapshot")?);
    Some(BfclData::open(&wheel).expect("the wheel"))
}

/// The acceptable values of a call that are not "left out", as JSON.
fn expected(call: &ExpectedCall) -> Play {
    let value = |(name, values): &(String, Vec<Python>)| {
        let value = values.iter().find(|value| value.as_str() != Some(""))?;
        Some((name.clone(), plain(value)))
    };
    Play::Data(call.name.clone(), call.parameters.iter().filter_map(value).collect())
}

/// The first acceptable value, all the way down: dictionaries list acceptable values of each key.
fn plain(value: &Python) -> Value {
    match value {
        Python::Dict(dict) => {
            let entry = |(key, values): &(Python, Python)| {
                let first = values.as_list()?.iter().find(|value| value.as_str() != Some(""))?;
                Some((key.as_str()?.to_owned(), as_json(first)))
            };
            Value::Object(dict.iter().filter_map(entry).collect())
        }
        Python::List(items) => Value::Array(items.iter().map(plain).collect()),
        other => as_json(other),
    }
}

fn as_json(value: &Python) -> Value {
    match value {
        Python::None => Value::Null,
        Python::Bool(flag) => json!(flag),
        Python::Int(number) => serde_json::from_str(&number.to_string()).expect("a number"),
        Python::Float(number) => json!(number),
        Python::Str(text) => json!(text),
        Python::List(items) | Python::Tuple(items) => {
            Value::Array(items.iter().map(as_json).collect())
        }
        Python::Dict(dict) => {
            let entry = |(key, value): &(Python, Python)| (key.to_text().clone(), as_json(value));
            Value::Object(dict.iter().map(entry).collect())
        }
        other => json!(other.to_text()),
    }
}

/// Source with the names of parameters before arguments that have none.
fn named(source: &str, tools: &HashMap<String, Vec<String>>) -> String {
    let (name, rest) = source.split_once('(').expect("a call");
    let inner = rest.strip_suffix(')').expect("a call");
    let name = name.trim();
    // Some expected calls are of functions that are described nowhere; they name their parameters.
    let Some(parameters) = tools.get(name) else { return source.to_owned() };
    let arguments = top_level(inner);
    let named = arguments.iter().enumerate().map(|(idx, argument)| {
        let key = argument.split('=').next().unwrap_or_default().trim();
        let has_name = argument.contains('=') && parameters.iter().any(|known| known == key);
        if has_name { (*argument).to_owned() } else { format!("{}={argument}", parameters[idx]) }
    });
    format!("{name}({})", named.collect::<Vec<_>>().join(", "))
}

/// The arguments between commas that are in no brackets and no text.
fn top_level(inner: &str) -> Vec<&str> {
    let (mut depth, mut quote, mut start, mut found) = (0, None, 0, Vec::new());
    let mut escaped = false;
    for (idx, c) in inner.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                found.push(inner[start..idx].trim());
                start = idx + 1;
            }
            _ => {}
        }
    }
    found.push(inner[start..].trim());
    found.retain(|argument| !argument.is_empty());
    found
}

/// A name and JSON arguments of a call in source.
fn data(source: &str) -> (String, Map<String, Value>) {
    let format = (ReturnFormat::Python, ToolTag::Absent);
    let decoded = decode::calls(&Python::str(format!("[{source}]")), Mode::Prompting, format);
    let Ok(Decoded::Calls(calls)) = decoded else { panic!("{source}") };
    let arguments = calls[0].arguments.iter();
    let arguments = arguments.map(|(key, value)| (key.to_text(), as_json(value))).collect();
    (calls[0].name.to_text(), arguments)
}

/// A server that answers with the expected calls of whichever entry it is asked, in the style in which
/// it is asked, and with a word where no call is expected.
fn player(parts: HashMap<String, Part>, style: &'static str) -> FakeServer {
    let parts = Arc::new(parts);
    let script = Script::new(move |request: &SeenRequest| play(&parts, style, request));
    FakeServer::start(script)
}

fn play(parts: &HashMap<String, Part>, style: &str, request: &SeenRequest) -> ChatReply {
    let messages = request.body["messages"].as_array().expect("messages");
    let content = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
    let said: Vec<String> = messages.iter().filter(|m| m["role"] == "user").map(content).collect();
    let is_response =
        |text: &String| text.starts_with("[{'role': 'tool'") || text.starts_with("<tool_response>");
    let turns: Vec<&String> = said.iter().filter(|text| !is_response(text)).collect();
    let last = messages.last().expect("a message");
    let answers_a_call = last["role"] == "tool" || is_response(&content(last));
    let part = turns.iter().find_map(|said| parts.get(said.as_str()));
    let part = part.expect("an entry with this question");
    // Some entries of one turn begin with several messages.
    let calls = &part.turns[(turns.len() - 1).min(part.turns.len() - 1)];
    if answers_a_call || calls.is_empty() {
        return ChatReply::new("There is nothing more to do.");
    }
    let tools = parameters(request);
    let calls = calls.iter().map(|call| match call {
        Play::Data(name, arguments) => (name.clone(), arguments.clone()),
        Play::Source(source) => data(&named(source, &tools)),
    });
    let calls: Vec<(String, Map<String, Value>)> = calls.collect();
    match style {
        "fc" => {
            let native = |(name, args): (String, _)| {
                (name.replace('.', "_"), Value::Object(args).to_string())
            };
            ChatReply::new("").calling(calls.into_iter().map(native).collect())
        }
        "hermes" => {
            let block = |(name, args): &(String, Map<String, Value>)| {
                let call = json!({ "name": name, "arguments": args });
                format!("<tool_call>\n{call}\n</tool_call>")
            };
            ChatReply::new(calls.iter().map(block).collect::<Vec<_>>().join("\n"))
        }
        _ => {
            let text = |(name, args): &(String, Map<String, Value>)| {
                let args = args.iter().map(|(key, value)| format!("{key}={}", python(value)));
                format!("{name}({})", args.collect::<Vec<_>>().join(", "))
            };
            let calls: Vec<String> = calls.iter().map(text).collect();
            ChatReply::new(format!("[{}]", calls.join(", ")))
        }
    }
}

/// JSON as Python source.
fn python(value: &Value) -> String {
    judges::calls::json::parse(&value.to_string()).expect("JSON").repr()
}

/// The parameters of each function that the request describes, in order.
fn parameters(request: &SeenRequest) -> HashMap<String, Vec<String>> {
    let names = |function: &Value| {
        let properties = function["parameters"]["properties"].as_object();
        let names = properties.map(|p| p.keys().cloned().collect()).unwrap_or_default();
        (function["name"].as_str().unwrap_or_default().to_owned(), names)
    };
    if let Some(tools) = request.body["tools"].as_array() {
        return tools.iter().map(|tool| names(&tool["function"])).collect();
    }
    // Prompts describe functions as JSON: a list after a line, or one a line.
    let texts = request.body["messages"].as_array().expect("messages").iter();
    let mut found = HashMap::new();
    for text in texts.filter_map(|message| message["content"].as_str()) {
        if let Some((_, list)) = text.split_once("that you can invoke.\n")
            && let Some(Ok(Value::Array(functions))) =
                serde_json::Deserializer::from_str(list).into_iter::<Value>().next()
        {
            found.extend(functions.iter().map(names));
        }
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        found.extend(lines.filter(|line| line["parameters"].is_object()).map(|line| names(&line)));
        // Functions that come late are described in Python.
        if let Some((list, _)) = text.split_once("\nI have updated some more functions") {
            let (_, arguments) = data(&format!("f(late={list})"));
            found.extend(arguments["late"].as_array().expect("a list").iter().map(names));
        }
    }
    found
}

/// The parts of a category's entries, by what the user says first.
fn parts(bfcl: &BfclData, category: Category) -> HashMap<String, Part> {
    let entries = bfcl.entries(category).expect("entries");
    let rows = bfcl.questions(category).expect("questions");
    let mut parts = HashMap::new();
    for (id, question) in rows {
        let turns = match &entries[&id] {
            Entry::Calls(entry) => vec![entry.expected.iter().map(expected).collect()],
            Entry::Conversation(conversation) => {
                let source = |turn: &Vec<String>| turn.iter().cloned().map(Play::Source).collect();
                conversation.ground_truth.iter().map(source).collect()
            }
            Entry::Relevance(_) | Entry::Agentic(_) => vec![Vec::new()],
        };
        parts.insert(question, Part { turns });
    }
    parts
}

pub(crate) fn run(place: &Workplace, args: &[&str]) -> Finished {
    Finished::from(command(place, args).output().expect("evalrun starts"))
}

/// Runs a category against its player and gives the summary.
fn played(category: Category, style: &'static str, more: &[&str]) -> Option<Value> {
    let bfcl = wheel()?;
    let server = player(parts(&bfcl, category), style);
    let place = workplace();
    let (task, url) = (format!("bfcl:{}", category.name()), server.base_url());
    let args = ["--task", &task, "--base-url", &url, "--model", "m", "--calls", style, "--json"];
    let finished = run(&place, &[&args, more].concat());
    assert_eq!(finished.code, 0, "{finished}");
    let rows =
        run(&place, &["report", "--format", "jsonl", place.run_file().to_str().expect("UTF-8")]);
    for row in rows.stdout.lines().filter(|row| !row.contains(r#""outcome":"correct""#)) {
        let row: Value = serde_json::from_str(row).expect("JSON");
        eprintln!("{}: {}: {}", row["item"], row["explanation"], row["turns"][0]["tool_calls"]);
    }
    let replayed = run(&place, &["replay", place.run_file().to_str().expect("UTF-8")]);
    assert_eq!(replayed.code, 0, "{replayed}");
    Some(serde_json::from_str(&finished.stdout).expect("JSON"))
}

fn check(category: Category, style: &'static str, more: &[&str], n_correct: usize) {
    let Some(summary) = played(category, style, more) else { return };
    assert_eq!(summary["counts"]["correct"], n_correct, "{category:?} {style}: {summary:#}");
}

#[test]
fn expected_calls_are_right_in_every_style() {
    for style in ["prompting", "fc", "hermes"] {
        check(Category::SimplePython, style, &["--limit", "20"], 20);
        check(Category::ParallelMultiple, style, &["--limit", "10"], 10);
        check(Category::LiveMultiple, style, &["--limit", "10"], 10);
        check(Category::Irrelevance, style, &["--limit", "10"], 10);
    }
}

#[test]
fn expected_conversations_are_right_in_every_style() {
    for style in ["prompting", "fc", "hermes"] {
        check(Category::MultiTurnBase, style, &["--limit", "6"], 6);
        check(Category::MultiTurnMissFunc, style, &["--limit", "4"], 4);
        check(Category::MultiTurnMissParam, style, &["--limit", "4"], 4);
        check(Category::MultiTurnLongContext, style, &["--limit", "4"], 4);
    }
}

/// A server that keeps the user's name in the first conversation of the customer, and answers the question
/// for it from what its memory shows. While `is_out`, questions are refused.
fn remembering(style: &'static str, is_out: &Arc<AtomicBool>) -> FakeServer {
    let is_out = Arc::clone(is_out);
    FakeServer::start(Script::new(move |request: &SeenRequest| {
        let messages = request.body["messages"].as_array().expect("messages");
        let text = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
        let system = text(&messages[0]);
        let last = text(messages.last().expect("a message"));
        if last == "What is my first name?" {
            if is_out.load(Ordering::SeqCst) {
                return Reply::status(400);
            }
            let known = system.contains("Michael") && !system.contains("{evalrun");
            let answer = if known { "Michael" } else { "I do not know" };
            return ChatReply::new(format!("{{'answer': '{answer}', 'context': ''}}")).into();
        }
        let (name, value) = ("core_memory_add", "Michael");
        let is_begin = last.contains("My name is Michael") && !last.contains("'role': 'tool'");
        if !is_begin {
            return ChatReply::new("I see.").into();
        }
        let arguments = json!({ "key": "first_name", "value": value }).to_string();
        let call = json!({ "name": name, "arguments": { "key": "first_name", "value": value } });
        match style {
            "fc" => ChatReply::new("").calling(vec![(name.to_owned(), arguments)]).into(),
            "hermes" => ChatReply::new(format!("<tool_call>\n{call}\n</tool_call>")).into(),
            _ => ChatReply::new(format!("[{name}(key='first_name', value='{value}')]")).into(),
        }
    }))
}

#[test]
fn memories_outlive_conversations_and_interruptions() {
    for style in ["prompting", "fc", "hermes"] {
        if wheel().is_none() {
            return;
        }
        let is_out = Arc::new(AtomicBool::new(true));
        let server = remembering(style, &is_out);
        let (place, url) = (workplace(), server.base_url());
        let args = ["--task", "bfcl:memory_kv", "--items", "0", "--base-url", &url, "--json"];
        let args = [&args[..], &["--model", "m", "--calls", style]].concat();
        let first = run(&place, &args);
        assert_eq!(first.code, 75, "{first}");
        let summary: Value = serde_json::from_str(&first.stdout).expect("JSON");
        assert_eq!(
            (&summary["counts"]["answered"], &summary["counts"]["failed"]),
            (&json!(10), &json!(1))
        );
        is_out.store(false, Ordering::SeqCst);
        let n_before = server.requests().len();
        let second = run(&place, &args);
        assert_eq!(second.code, 0, "{second}");
        let summary: Value = serde_json::from_str(&second.stdout).expect("JSON");
        assert_eq!(summary["counts"]["correct"], 1, "{style}: {summary:#}");
        assert_eq!(summary["metrics"][0]["n_items"], 1);
        // Only the question is asked again.
        assert!(server.requests().len() <= n_before + 2, "{style}");
    }
}

#[test]
fn categories_are_shown_together_and_written_as_upstreams_tables() {
    let Some(bfcl) = wheel() else { return };
    let mut all = parts(&bfcl, Category::SimplePython);
    all.extend(parts(&bfcl, Category::Irrelevance));
    all.extend(parts(&bfcl, Category::LiveIrrelevance));
    let server = player(all, "fc");
    let (place, url) = (workplace(), server.base_url());
    let base = ["--base-url", &url, "--model", "m", "--limit", "3"];
    let shown =
        run(&place, &[&["--task", "bfcl:simple_python,bfcl:irrelevance"], &base[..]].concat());
    assert_eq!(shown.code, 0, "{shown}");
    let shown = place.redact(&shown.stdout);
    for part in [
        "= irrelevance",
        "partial 100.00 %: 1 category is missing (upstream counts it as 0: 50.00 %)",
        "entries judged, where not all: irrelevance 3 of 240, simple_python 3 of 400",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let files: Vec<String> =
        place.run_files().iter().map(|file| file.display().to_string()).collect();
    let mut args = vec!["report", "--format", "bfcl", "--output", "tables"];
    args.extend(files.iter().map(String::as_str));
    let reported = run(&place, &args);
    assert_eq!(reported.code, 0, "{reported}");
    let table = |name: &str| {
        std::fs::read_to_string(place.path().join("tables").join(name)).expect("a table")
    };
    assert!(table("data_non_live.csv").contains("100.00%"), "{}", table("data_non_live.csv"));
    let python = files.iter().find(|file| file.contains("simple_python")).expect("its run file");
    let shown = |format: &str| run(&place, &["report", "--format", format, python]).stdout;
    let row = shown("jsonl").lines().next().map(serde_json::from_str::<Value>);
    let row = row.expect("a sample").expect("JSON");
    assert_eq!(row["turns"][0]["tool_calls"][0]["function"]["name"], "calculate_triangle_area");
    for format in ["html", "inspect"] {
        assert!(shown(format).contains("calculate_triangle_area({"), "{format}");
    }
    let overall = run(&place, &[&args[..3], &args[5..]].concat());
    assert_eq!(overall.stdout.trim_end(), table("data_overall.csv"));
    let json = run(&place, &[&["report", "--format", "json"], &args[5..]].concat());
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let score = json.as_array().expect("an array").last().expect("the means").clone();
    assert_eq!(score["schema"], "evalrun.bfcl/1");
    assert_eq!(score["means"]["overall"]["value"], Value::Null);
}

#[test]
fn what_cannot_be_asked_is_refused_and_groups_leave_it_out() {
    let place = workplace();
    let check = |args: &[&str], code: i32, expected: &str| {
        let finished = run(&place, args);
        assert_eq!(finished.code, code, "{finished}");
        assert!(finished.stderr.contains(expected), "{finished}");
    };
    let url = ["--base-url", "http://127.0.0.1:1/v1", "--model", "m"];
    let with = |args: &[&'static str]| [args, &url[..]].concat();
    check(
        &with(&["--task", "bfcl:web_search_base"]),
        64,
        "it needs a service that searches the web: --search-base-url",
    );
    check(&with(&["--task", "bfcl:simple_pyhton"]), 64, "did you mean `bfcl:simple_python`?");
    check(
        &with(&["--task", "gsm8k", "--calls", "fc"]),
        64,
        "--calls: `gsm8k` has no functions that use it",
    );
    check(
        &with(&["--task", "bfcl:simple_python", "--calls", "fc", "--calls-format", "json"]),
        64,
        "--calls-format and --tool-tag are for --calls prompting",
    );
    check(
        &with(&["--task", "bfcl:simple_python", "--api", "completions", "--calls", "fc"]),
        64,
        "--calls fc needs an endpoint that takes `tools`",
    );
    check(
        &with(&["--task", "bfcl:simple_python", "--system", "x"]),
        64,
        "`bfcl:simple_python` has its own system messages",
    );
}

/// Plays a whole category and gives what went wrong: entries whose data no natural reply gets right may be
/// wrong, and those that begin with the same question as another, which the player cannot tell apart.
fn whole(category: Category, style: &'static str, n_may_be_wrong: u64) -> Option<String> {
    let summary = played(category, style, &[])?;
    let counts = &summary["counts"];
    let line = format!("{} {style}: {counts} in {} s", category.name(), summary["wall_s"]);
    eprintln!("{line}");
    let n = summary["n_items"].as_u64().expect("a number");
    let n_correct = counts["correct"].as_u64().expect("a number");
    (n - n_correct > n_may_be_wrong).then_some(line)
}

#[test]
#[ignore = "takes minutes: all entries, in three styles"]
fn whole_categories_are_right() {
    let categories = [
        (Category::MultiTurnBase, 1),
        (Category::MultiTurnMissFunc, 1),
        (Category::MultiTurnMissParam, 1),
        (Category::MultiTurnLongContext, 1),
        (Category::SimplePython, 0),
        (Category::Multiple, 0),
        (Category::Parallel, 0),
        // Two answers hold parameters that no description has.
        (Category::ParallelMultiple, 2),
    ];
    let mut wrong = Vec::new();
    for style in ["fc", "hermes", "prompting"] {
        wrong.extend(categories.iter().filter_map(|(category, n)| whole(*category, style, *n)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
