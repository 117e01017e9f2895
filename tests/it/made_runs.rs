//! Runs of made-up models on a made-up task, for commands that compare runs.

use std::fs;
use std::path::PathBuf;

use tests::fake_server::{ChatReply, FakeServer, Reply, Script, SeenRequest, Usage};
use tests::{Finished, Workplace};

use crate::workplace;

/// A workplace with a task `made` of sixty items and a server with several models.
pub(crate) struct MadeRuns {
    place: Workplace,
    server: FakeServer,
}

const TASK: &str = r#"name = "NAME"
version = 1
title = "Made up"
language = "en"
episode = "single_turn"
extractor = "math_answer"
judge = "integer"
metrics = ["pass_at1", "cons_at_n"]
[prompt]
template = "made.jinja"
[sampling]
temperature = 0.0
max_tokens = 64
samples = 1
source = "none"
[dataset]
n_items = 60
target = "integer"
[[dataset.source]]
path = "rows.jsonl"
layout = { format = "jsonl" }
id = "'item-' ~ row_idx"
answer = "row.answer"
fields.problem = "row.problem"
"#;

impl MadeRuns {
    pub(crate) fn new() -> Self {
        let place = workplace();
        let row =
            |n: usize| format!("{{\"problem\": \"{n} plus 1?\", \"answer\": \"{}\"}}\n", n + 1);
        let rows: String = (0..60).map(row).collect();
        let write = |name: &str, text: &str| fs::write(place.path().join(name), text).unwrap();
        write("rows.jsonl", &rows);
        write("made.jinja", "{{ problem }} Answer in \\boxed{}.\n");
        write("made.toml", &TASK.replace("NAME", "made"));
        write("other.toml", &TASK.replace("NAME", "other"));
        write("brief.jinja", "{{ problem }} Box it.\n");
        write("brief.toml", &TASK.replace("NAME", "made").replace("made.jinja", "brief.jinja"));
        Self { place, server: FakeServer::start(Script::new(reply)) }
    }

    pub(crate) fn place(&self) -> &Workplace {
        &self.place
    }

    /// Runs `model` on a task file and keeps the run as `NAME.db`.
    pub(crate) fn make(&self, name: &str, task: &str, model: &str, more: &[&str]) {
        let url = self.server.base_url();
        let args =
            ["--task", task, "--base-url", &url, "--model", model, "--quiet", "--out", "made"];
        let finished = self.run(&[&args, more].concat());
        assert!([0, 75].contains(&finished.code), "{finished}");
        let folder = self.place.path().join("made");
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let runs: Vec<PathBuf> =
            files.filter(|path| path.extension().is_some_and(|e| e == "db")).collect();
        let [run] = runs.as_slice() else { panic!("one run: {runs:?}") };
        fs::rename(run, self.place.path().join(format!("{name}.db"))).unwrap();
        fs::remove_dir_all(folder).unwrap();
    }

    pub(crate) fn run(&self, args: &[&str]) -> Finished {
        self.place.run(args)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.place.path().join(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.place.path().join(name), text).unwrap();
    }
}

/// `good` knows seven of ten items, `bad` three; `lucky` knows each by chance, by sample seed; `long`
/// is `good` and runs into the limit on every sixth item; `flaky` is `good` and fails on every tenth.
fn reply(request: &SeenRequest) -> Reply {
    let question = request.question();
    let n: usize = question.split(' ').next().and_then(|n| n.parse().ok()).unwrap();
    let seed = request.body["seed"].as_u64().unwrap_or(0);
    let model = request.body["model"].as_str().unwrap_or_default();
    let is_known = match model {
        "bad" => n * 7 % 10 < 3,
        "lucky" => seed * 31 % 10 < 4 + n as u64 % 5,
        _ => n * 7 % 10 < 7,
    };
    let answer = if is_known { n + 1 } else { n + 2 };
    let chat = ChatReply::new(format!("It is \\boxed{{{answer}}}."))
        .usage(Usage::new(10, 5 + n as u64 % 7));
    match model {
        "flaky" if n % 10 == 3 => Reply::status(400),
        "long" if n.is_multiple_of(6) => Reply::from(chat.finish("length")),
        _ => Reply::from(chat),
    }
}
