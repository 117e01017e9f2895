//! MT-Bench and ruMT-Bench: dialogues, judges, comparisons and FastChat's files. Judge prompts are
//! fetched; where they cannot be had, that is said.

mod comparing;
mod files;
mod judging;
mod pairs;
mod prompts;

use serde_json::Value;
use tests::fake_server::{ChatReply, FakeServer, Reply, Script, SeenRequest};
use tests::{Finished, Workplace};

use crate::embedded::{command, model_path};

/// The judge's name at the fake server; every other name is a model that answers.
const JUDGE: &str = "judge";

fn has_prompts() -> bool {
    model_path("mt-bench-judge-prompts").is_some()
}

fn run(place: &Workplace, args: &[&str]) -> Finished {
    Finished::from(command(place, args).output().expect("evalrun starts"))
}

fn json(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).unwrap_or_else(|err| panic!("{err}: {finished}"))
}

fn is_judge(seen: &SeenRequest) -> bool {
    seen.body["model"].as_str().is_some_and(|model| model.starts_with(JUDGE))
}

/// Whether a judge is asked about the second turn.
fn is_second_turn(seen: &SeenRequest) -> bool {
    seen.question().contains("Conversation with User")
}

/// A server on which models answer with their name, after some reasoning, and the judge says what
/// `judge` says.
fn server<R: Into<Reply>>(judge: impl Fn(&SeenRequest) -> R + Send + Sync + 'static) -> FakeServer {
    FakeServer::start(Script::new(move |seen| {
        if is_judge(seen) {
            return judge(seen).into();
        }
        let (name, n) = (&seen.body["model"], seen.body["messages"].as_array().map_or(0, Vec::len));
        let name = name.as_str().unwrap_or_default();
        Reply::from(ChatReply::new(format!(
            "<think>secret</think>\n\nanswer of {name} after {n}\n"
        )))
    }))
}

/// 8 for the first turn and 6 for the second.
fn eight_then_six(seen: &SeenRequest) -> ChatReply {
    ChatReply::new(if is_second_turn(seen) { "So: [[6]]" } else { "Rating: [[8]]" })
}

/// Runs the demo dialogues of `mt_bench` on `model`, judged by the server's judge.
fn demo(place: &Workplace, server: &FakeServer, more: &[&str]) -> Finished {
    let url = server.base_url();
    let mut args = vec!["--task", "mt_bench", "--split", "demo", "--json", "--model", "m"];
    args.extend(["--base-url", &url, "--judge-base-url", &url, "--judge-model", JUDGE]);
    args.extend(more);
    run(place, &args)
}

/// What was asked of models and judges; lists of models are none of it.
fn asked(server: &FakeServer) -> Vec<SeenRequest> {
    server.requests().into_iter().filter(|seen| seen.method == "POST").collect()
}

fn n_asked(server: &FakeServer, of_judge: bool) -> usize {
    asked(server).iter().filter(|seen| is_judge(seen) == of_judge).count()
}

/// What is `expected` of a judge's figures: average, turns, and coverage as planned, judged, unparsed,
/// failed, pending.
fn check_ratings(judge: &Value, average: f64, turns: [f64; 2], coverage: [u64; 5]) {
    let is_near = |value: &Value, expected: f64| {
        value.as_f64().is_some_and(|value| (value - expected).abs() < 1e-9)
    };
    assert!(is_near(&judge["average"]["value"], average), "{judge}");
    for (part, expected) in judge["turns"].as_array().expect("turns").iter().zip(turns) {
        assert!(is_near(&part["estimate"]["value"], expected), "{judge}");
    }
    let names = ["planned", "judged", "unparsed", "failed", "pending"];
    let seen = names.map(|name| judge["coverage"][name].as_u64().expect("a count"));
    assert_eq!(seen, coverage, "{judge}");
}
