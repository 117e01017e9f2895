//! Cheating programs through everything they would go through: a model's reply, extraction, the
//! sandbox and the comparison. None may pass, whatever the rule its results are compared by.

#[path = "../../sandbox/tests/common/corpus.rs"]
mod corpus;

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use tests::Finished;
use tests::fake_server::{ChatReply, FakeServer, Script, Usage};

use crate::embedded::{command, model_path};
use crate::workplace;
use corpus::{Attack, EXITS, FORGERS, HOARDERS, LIARS, SPIES};

/// A problem: the name that decides how results are compared, a solution, base and plus inputs.
struct Problem {
    benchmark: &'static str,
    entry_point: &'static str,
    solution: &'static str,
    base: &'static str,
    plus: &'static str,
}

/// Compared for equality; by tolerance; as roots; as sets; as `None` or not.
const PROBLEMS: [Problem; 5] = [
    Problem {
        benchmark: "humaneval",
        entry_point: "f",
        solution: "def f(x):\n    return 'expected-' + str(x)\n",
        base: "[[1], [2]]",
        plus: "[[3]]",
    },
    Problem {
        benchmark: "humaneval",
        entry_point: "nearly",
        solution: "def nearly(x):\n    return x + 0.123\n",
        base: "[[1], [2]]",
        plus: "[[3]]",
    },
    Problem {
        benchmark: "humaneval",
        entry_point: "find_zero",
        solution: "def find_zero(xs):\n    return -xs[0] / xs[1]\n",
        base: "[[[-6, 1]], [[-8, 2]]]",
        plus: "[[[5, 3]]]",
    },
    Problem {
        benchmark: "mbpp",
        entry_point: "Diff",
        solution: "def Diff(x):\n    return [x, x + 100]\n",
        base: "[[1], [2]]",
        plus: "[[3]]",
    },
    Problem {
        benchmark: "mbpp",
        entry_point: "check_str",
        solution: "def check_str(x):\n    return x > 1\n",
        base: "[[1], [2]]",
        plus: "[[3], [0]]",
    },
];

/// Cheats that the sandbox alone cannot show, because they aim at the comparison.
const JUDGE_CHEATS: [Attack; 9] = [
    ("argument emptied", "wrong", "def f(x):\n x.clear()\n return 0"),
    ("argument replaced by zeros", "wrong", "def f(x):\n x[:] = [0]\n return 1"),
    ("not a number", "wrong", "def f(x): return float('nan')"),
    ("infinity", "wrong", "def f(x): return float('inf')"),
    ("array of everything", "wrong", "import numpy\ndef f(x): return numpy.array([True, False])"),
    ("nothing", "wrong", "def f(x): pass"),
    ("not implemented", "wrong", "def f(x): return NotImplemented"),
    (
        "the tests' list looked up in the caller",
        "wrong",
        "import sys\ndef f(x):\n g = sys._getframe()\n while g:\n  for n, v in list(g.f_locals.items()):\n   if 'expect' in n: return v\n  g = g.f_back",
    ),
    ("class in the function's place", "wrong", "class f:\n def __init__(s, x): s.x = x\n __eq__ = lambda s, o: True"),
];

/// The ending that an attack on the sandbox must show; `None` where several are as good.
fn ending(end_of_run: &str) -> Option<&'static str> {
    match end_of_run {
        "out of memory" => Some("memory"),
        "too much output" => Some("output"),
        "protocol broken" => Some("tampering"),
        "Trap" => Some("crash"),
        end if end.starts_with("exit") => Some("exit"),
        end if end.starts_with("load raised") => Some("not_loaded"),
        _ => None,
    }
}

/// The rows of a data set that gives each attack one problem.
fn rows(attacks: &[&Attack], problem: &Problem, first: usize) -> Vec<Value> {
    let input = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let prefix = if problem.benchmark == "mbpp" { "Mbpp" } else { "HumanEval" };
    let row = |(idx, (name, _, source)): (usize, &&Attack)| {
        let alias = if problem.entry_point == "f" {
            String::new()
        } else {
            format!("\n{} = f", problem.entry_point)
        };
        json!({
            "name": format!("{name} against {}", problem.entry_point),
            "problem": format!("```python\n{source}{alias}\n```"),
            "task_id": format!("{prefix}/{}", first + idx),
            "entry_point": problem.entry_point,
            "prompt": problem.solution,
            "canonical_solution": "",
            "base_input": input(problem.base),
            "plus_input": input(problem.plus),
            "atol": 0,
        })
    };
    attacks.iter().enumerate().map(row).collect()
}

fn task_file(benchmark: &str, n_items: usize) -> String {
    format!(
        r#"name = "cheats"
version = 1
title = "Cheats"
language = "en"
episode = "single_turn"
extractor = "program"
judge = {{ program = {{ benchmark = "{benchmark}", tests = "base_and_plus" }} }}
metrics = ["code_tests"]
[prompt]
template = "echo.jinja"
[sampling]
temperature = 0.0
max_tokens = 100
samples = 1
source = "none"
[dataset]
n_items = {n_items}
target = "program"
[[dataset.source]]
path = "rows.jsonl"
layout = {{ format = "jsonl" }}
id = "row.name"
answer = "row | tojson"
fields.problem = "row.problem"
"#
    )
}

/// Answers every question with the question.
fn echo() -> FakeServer {
    FakeServer::start(Script::new(|request: &tests::fake_server::SeenRequest| {
        ChatReply::new(request.question()).usage(Usage::new(1, 1))
    }))
}

/// Runs a benchmark's problems and returns verdict, and base and plus endings, by item.
fn endings(benchmark: &str, rows: &[Value]) -> BTreeMap<String, (String, String, String)> {
    let place = workplace();
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    fs::write(place.path().join("rows.jsonl"), lines.join("\n")).expect("written");
    fs::write(place.path().join("echo.jinja"), "{{ problem }}\n").expect("written");
    let task = place.path().join("cheats.toml");
    fs::write(&task, task_file(benchmark, rows.len())).expect("written");
    let (server, task) = (echo(), task.to_str().expect("UTF-8").to_owned());
    let url = server.base_url();
    let args = ["--task", &task, "--base-url", &url, "--model", "echo", "--quiet"];
    let finished = Finished::from(command(&place, &args).output().expect("evalrun starts"));
    assert_eq!(finished.code, 0, "{finished}");
    let connection = rusqlite::Connection::open(place.run_file()).expect("a run file");
    let sql = "SELECT item_id, outcome, coalesce(detail, '{}') FROM verdicts";
    let mut statement = connection.prepare(sql).expect("a query");
    let rows = statement.query_map([], |row| {
        let detail: Value = serde_json::from_str(&row.get::<_, String>(2)?).expect("JSON");
        let ending = |tests: &str| {
            detail["program"][tests]["ending"].as_str().unwrap_or("none").to_owned()
        };
        Ok((row.get(0)?, (row.get(1)?, ending("base"), ending("plus"))))
    });
    rows.expect("rows").map(|row| row.expect("a row")).collect()
}

#[test]
fn no_cheat_passes_whatever_the_rule() {
    if model_path("python-snapshot").is_none() {
        return;
    }
    let quick: Vec<&Attack> =
        [&LIARS[..], &EXITS, &SPIES, &FORGERS, &JUDGE_CHEATS].into_iter().flatten().collect();
    let mut n_cheats = 0;
    for benchmark in ["humaneval", "mbpp"] {
        let mut cheats = Vec::new();
        for problem in PROBLEMS.iter().filter(|problem| problem.benchmark == benchmark) {
            cheats.extend(rows(&quick, problem, 9000 + cheats.len()));
            if problem.entry_point == "f" {
                let slow: Vec<&Attack> = HOARDERS.iter().collect();
                cheats.extend(rows(&slow, problem, 9000 + cheats.len()));
            }
        }
        n_cheats += cheats.len();
        let found = endings(benchmark, &cheats);
        assert_eq!(found.len(), cheats.len());
        for (name, (verdict, base, plus)) in &found {
            assert_ne!(verdict, "correct", "{name}: {base}, {plus}");
            assert_ne!((base.as_str(), plus.as_str()), ("right", "right"), "{name}");
        }
        let attacks = quick.iter().copied().chain(&HOARDERS);
        for (attack, end, _) in attacks.filter(|_| benchmark == "humaneval") {
            let (_, base, _) = &found[&format!("{attack} against f")];
            if let Some(expected) = ending(end) {
                assert_eq!(base, expected, "{attack}");
            }
        }
    }
    println!("{n_cheats} cheats, none passed");
}

/// The other side: what the cheats imitate does pass.
#[test]
fn the_solutions_themselves_pass() {
    if model_path("python-snapshot").is_none() {
        return;
    }
    for benchmark in ["humaneval", "mbpp"] {
        let mut honest = Vec::new();
        for problem in PROBLEMS.iter().filter(|problem| problem.benchmark == benchmark) {
            let name = if problem.entry_point == "f" { "f" } else { problem.entry_point };
            let source = format!("{}\nf = {name}", problem.solution);
            let attack: Attack = ("solution", "right", source.leak());
            honest.extend(rows(&[&attack], problem, 9500 + honest.len()));
        }
        for (name, (verdict, base, plus)) in endings(benchmark, &honest) {
            assert_eq!(verdict, "correct", "{name}: {base}, {plus}");
        }
    }
}
