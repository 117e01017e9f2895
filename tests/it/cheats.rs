//! Cheating programs through everything they would go through: a model's reply, extraction, the
//! sandbox and the comparison. None may pass, whatever the rule its results are compared by.

#[path = "../../sandbox/tests/common/corpus.rs"]
mod corpus;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::echo::{self, Graded, Grading};
use crate::embedded::model_path;
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
        solution: "def check_str(x):\n    return x if x > 1 else None\n",
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
    (
        "class in the function's place",
        "wrong",
        "class f:\n def __init__(s, x): s.x = x\n __eq__ = lambda s, o: True",
    ),
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

/// Runs a benchmark's problems and returns verdict, and base and plus endings, by item.
fn endings(benchmark: &str, rows: &[Value]) -> BTreeMap<String, (String, String, String)> {
    let tests = r#"tests = "base_and_plus""#;
    let grading = Grading {
        extractor: "program",
        judge: &format!(r#"{{ program = {{ benchmark = "{benchmark}", {tests} }} }}"#),
        target: "program",
        answer: "row | tojson",
    };
    let (graded, finished) = echo::run(&grading, rows, &[]);
    assert_eq!(finished.code, 0, "{finished}");
    let endings = |(item, Graded { outcome, detail, .. }): (String, Graded)| {
        let ending =
            |tests: &str| detail["program"][tests]["ending"].as_str().unwrap_or("none").to_owned();
        (item, (outcome, ending("base"), ending("plus")))
    };
    graded.into_iter().map(endings).collect()
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
            // A reply that does not define the entry point is never run.
            if let Some(expected) = ending(end).filter(|_| base != "none") {
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
            let source = format!("{}\nf = {}", problem.solution, problem.entry_point);
            let attack: Attack = ("solution", "right", source.leak());
            honest.extend(rows(&[&attack], problem, 9500 + honest.len()));
        }
        for (name, (verdict, base, plus)) in endings(benchmark, &honest) {
            assert_eq!(verdict, "correct", "{name}: {base}, {plus}");
        }
    }
}
