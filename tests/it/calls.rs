//! BFCL v4 from the command line: result files in upstream's form. Needs the wheel and, for
//! conversations, the interpreter, which are fetched; where they cannot be had, that is said.

use std::fs;
use std::path::Path;

use harness::calls::BfclData;
use judges::calls::Entry;
use serde_json::{Value, json};
use tasks::calls::Category;
use tests::Finished;

use crate::embedded::{command, model_path};
use crate::workplace;

/// What `score` printed, and its lines.
struct Scored {
    finished: Finished,
    lines: Vec<Value>,
}

impl Scored {
    fn line(&self, id: &str) -> &Value {
        self.lines.iter().find(|line| line["id"] == id).expect("a line for every row")
    }

    fn summary(&self) -> Value {
        serde_json::from_str(&self.finished.stdout).expect("JSON")
    }
}

/// Scores a file, or a folder, below which are result files.
fn score(samples: &Path, more: &[&str]) -> Scored {
    let place = workplace();
    let out = place.path().join("verdicts.jsonl");
    let (samples, out_arg) = (samples.to_str().expect("UTF-8"), out.to_str().expect("UTF-8"));
    let args = ["score", "--task", "bfcl", "--samples", samples, "--out", out_arg, "--json"];
    let args = [&args, more].concat();
    let finished = Finished::from(command(&place, &args).output().expect("evalrun starts"));
    let lines = fs::read_to_string(&out).unwrap_or_default();
    let lines = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    Scored { finished, lines }
}

fn write(path: &Path, rows: &[Value]) {
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    fs::write(path, lines.join("\n")).expect("written");
}

#[test]
fn missing_categories_are_marked_and_the_score_is_called_partial() {
    let Some(wheel) = model_path("bfcl") else { return };
    let data = BfclData::open(&wheel).expect("the wheel");
    let place = workplace();
    let folder = place.path().join("model").join("live");
    fs::create_dir_all(&folder).expect("a folder");
    for category in [Category::LiveIrrelevance, Category::LiveRelevance] {
        let entries = data.entries(category).expect("entries");
        let rows: Vec<Value> =
            entries.keys().map(|id| json!({ "id": id, "result": "There is none." })).collect();
        let file = format!("BFCL_v4_{}_result.json", category.name());
        write(&folder.join(file), &rows);
    }
    let tables = place.path().join("tables");
    let scored = score(place.path(), &["--tables", tables.to_str().expect("UTF-8")]);
    assert_eq!(scored.finished.code, 0, "{}", scored.finished);
    let live = fs::read_to_string(tables.join("data_live.csv")).expect("a table");
    assert!(live.ends_with(",0.00%,N/A,N/A,N/A,N/A,N/A,100.00%,0.00%"), "{live}");
    let summary = scored.summary();
    assert_eq!(summary["mode"], "prompting");
    assert_eq!(summary["categories"]["live_irrelevance"]["correct"], 884);
    assert_eq!(summary["categories"]["live_relevance"]["correct"], 0);
    let overall = &summary["means"]["overall"];
    assert_eq!(overall["value"], Value::Null);
    assert_eq!(overall["partial"], 1.0);
    assert_eq!(overall["missing"].as_array().map(Vec::len), Some(20));
    assert_eq!(summary["means"]["agentic"]["partial"], Value::Null);
    assert_eq!(scored.lines.len(), 900);
}

#[test]
fn formats_named_in_ids_are_decoded_and_modes_are_recognised() {
    if model_path("bfcl").is_none() {
        return;
    }
    let place = workplace();
    let config =
        "ret_fmt=json&tool_call_tag=True&func_doc_fmt=xml&prompt_fmt=plaintext&style=classic";
    let id = format!("format_sensitivity_9:{config}:simple_python_0");
    let call = r#"<TOOLCALL>[{"function": "calculate_triangle_area", "parameters": {"base": 10, "height": 5}}]</TOOLCALL>"#;
    let samples = place.path().join("samples.jsonl");
    write(&samples, &[json!({ "id": id, "result": call })]);
    let scored = score(&samples, &[]);
    assert_eq!(scored.line(&id)["valid"], true, "{:?}", scored.lines);
    let spread = &scored.summary()["format_sensitivity"];
    assert_eq!(spread["configurations"][config]["correct"], 1);

    let native = json!([{ "calculate_triangle_area": "{\"base\": 10, \"height\": 5}" }]);
    write(&samples, &[json!({ "id": "simple_python_0", "result": native })]);
    let scored = score(&samples, &[]);
    assert_eq!(scored.summary()["mode"], "fc");
    assert_eq!(scored.line("simple_python_0")["valid"], true);

    write(&samples, &[json!({ "id": "simple_cobol_0", "result": "" })]);
    let scored = score(&samples, &[]);
    assert_ne!(scored.finished.code, 0);
    assert!(scored.finished.stderr.contains("simple_cobol_0"), "{}", scored.finished);
}

/// Upstream stores the message of a request that failed for good as its result.
#[test]
fn outages_are_not_scored_and_upstreams_figure_stands_beside() {
    if model_path("bfcl").is_none() {
        return;
    }
    let place = workplace();
    let samples = place.path().join("samples.jsonl");
    let text = "Error during inference: Connection error.";
    let outage = |id: &str| json!({ "id": id, "result": text, "traceback": "Traceback …" });
    let rows = [
        outage("irrelevance_0"),
        json!({ "id": "irrelevance_1", "result": text }),
        json!({ "id": "irrelevance_2", "result": "[f(a=1)]" }),
        outage("live_relevance_0-0-0"),
        outage("multi_turn_base_0"),
        json!({ "id": "simple_python_0", "result": "[calculate_triangle_area(base=10, height=5)]" }),
    ];
    write(&samples, &rows);
    let scored = score(&samples, &[]);
    assert_eq!(scored.finished.code, 75, "{}", scored.finished);
    let note = "3 samples got no verdict and are not scored";
    assert!(scored.finished.stderr.contains(note), "{}", scored.finished);
    let summary = scored.summary();
    let check = |category: &str, own: [u64; 2], upstream: Option<[u64; 2]>| {
        let found = &summary["categories"][category];
        assert_eq!([&found["correct"], &found["total"]], [&json!(own[0]), &json!(own[1])]);
        let theirs = &found["upstream"];
        let expected = upstream.map(|[n, m]| json!({ "n_correct": n, "n_total": m }));
        assert_eq!(*theirs, expected.unwrap_or(Value::Null), "{category}");
    };
    check("irrelevance", [1, 2], Some([2, 3]));
    check("live_relevance", [0, 0], Some([0, 1]));
    check("multi_turn_base", [0, 0], Some([0, 1]));
    check("simple_python", [1, 1], None);
    let line = scored.line("irrelevance_0");
    assert_eq!(line["valid"], Value::Null, "{line}");
    assert_eq!(scored.line("irrelevance_1")["valid"], true);
}

#[test]
fn the_mode_is_that_of_most_replies() {
    if model_path("bfcl").is_none() {
        return;
    }
    let place = workplace();
    let samples = place.path().join("samples.jsonl");
    let check = |replies: &[Value], mode: &str, note: &str| {
        let row = |(idx, reply): (usize, &Value)| json!({ "id": format!("simple_python_{idx}"), "result": reply });
        write(&samples, &replies.iter().enumerate().map(row).collect::<Vec<_>>());
        let scored = score(&samples, &[]);
        assert_eq!(scored.summary()["mode"], mode, "{}", scored.finished);
        assert!(scored.finished.stderr.contains(note), "{note}: {}", scored.finished);
    };
    let text = || json!("[calculate_triangle_area(base=10, height=5)]");
    let block = || json!("<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>");
    let native = || json!([{ "f": "{}" }]);
    let mentions = json!("I would emit <tool_call> here");
    check(&[text(), mentions.clone()], "prompting", "read as prompting by their looks");
    check(&[text(), text(), block()], "prompting", "1 look like hermes");
    check(&[text(), block(), block()], "hermes", "1 look like prompting");
    check(
        &[text(), native(), native(), block()],
        "fc",
        "1 look like prompting and 1 look like hermes",
    );
    check(&[mentions], "prompting", "read as prompting");
}

/// A step that reaches Python's evaluator with any text: the first name of a dictionary of
/// dictionaries is written as a nested call.
fn smuggled(text: &str) -> String {
    let literal = text.replace('\\', "\\\\").replace('\'', "\\'");
    format!("[ls(a={{'{literal} or dict': {{}}}})]")
}

/// Conversations that try to exhaust the sandbox, to leave it, or to spoil the comparison. None may be
/// right, and an honest one among them stays right.
#[test]
fn hostile_conversations_cost_their_entry_and_nothing_else() {
    let (Some(wheel), Some(_)) = (model_path("bfcl"), model_path("python-snapshot")) else {
        return;
    };
    let data = BfclData::open(&wheel).expect("the wheel");
    let entries = data.entries(Category::MultiTurnBase).expect("entries");
    let n_turns = |id: &str| match &entries[id] {
        Entry::Conversation(conversation) => conversation.ground_truth.len(),
        _ => panic!("a conversation"),
    };
    let hostile = [
        "[x for x in iter(int, 1)]",
        "sum(range(10**15))",
        "10**(10**9)",
        "bytearray(10**10)",
        "(lambda f: f(f))(lambda f: f(f))",
        "__import__('os')._exit(0)",
        "__import__('os').abort()",
        "__import__('_host').call(b'R' + b'N')",
        "__import__('sys').exit(0)",
        "().__class__.__base__.__subclasses__()[0].__subclasses__(type)",
        "globals().update(execute_multi_turn_func_call=lambda *a: (['x'], {}))",
        "globals().clear()",
        "[setattr(o, '__eq__', lambda a, b: True) for o in map(type, globals().values())]",
        "(x for x in ()).gi_frame.f_back.f_back.f_globals.clear()",
        "print('x' * 10**8)",
    ];
    let mut rows = Vec::new();
    for (idx, text) in hostile.iter().enumerate() {
        let id = format!("multi_turn_base_{}", idx + 10);
        let turns: Vec<Vec<String>> = (0..n_turns(&id)).map(|_| vec![smuggled(text)]).collect();
        rows.push(json!({ "id": id, "result": turns }));
    }
    let Entry::Conversation(honest) = &entries["multi_turn_base_1"] else { panic!("one") };
    let turns: Vec<Vec<String>> =
        honest.ground_truth.iter().map(|calls| vec![format!("[{}]", calls.join(", "))]).collect();
    rows.push(json!({ "id": "multi_turn_base_1", "result": turns }));
    let place = workplace();
    let samples = place.path().join("samples.jsonl");
    write(&samples, &rows);
    let scored = score(&samples, &[]);
    assert_eq!(scored.finished.code, 0, "{}", scored.finished);
    for (row, text) in rows.iter().zip(hostile) {
        let line = scored.line(row["id"].as_str().expect("an id"));
        assert_eq!(line["valid"], false, "{text}: {line}");
    }
    assert_eq!(scored.line("multi_turn_base_1")["valid"], true, "{:?}", scored.lines);
}
