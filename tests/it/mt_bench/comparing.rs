//! Two runs of rated dialogues, compared and gated.

use std::fs;

use serde_json::Value;
use tests::fake_server::{ChatReply, FakeServer, SeenRequest};
use tests::{Finished, Workplace};

use super::{JUDGE, has_prompts, is_second_turn, json, run, server};
use crate::workplace;

/// The model `good` gets 9 and 7; every other 7 and 4, but as much for the lighthouse. Another judge gives
/// half a point less.
fn rate(seen: &SeenRequest) -> ChatReply {
    let question = seen.question();
    let is_good = question.contains("answer of good") || question.contains("lighthouse");
    let rating = match (is_good, is_second_turn(seen)) {
        (true, false) => 9.0,
        (true, true) | (false, false) => 7.0,
        (false, true) => 4.0,
    };
    let less = if seen.body["model"] == JUDGE { 0.0 } else { 0.5 };
    ChatReply::new(format!("[[{}]]", rating - less))
}

/// Runs the demo dialogues on `model`, rated by `judge`, and keeps the run as `NAME.db`.
fn make(place: &Workplace, server: &FakeServer, [name, model, judge]: [&str; 3]) {
    let url = server.base_url();
    let mut args = vec!["--task", "mt_bench", "--split", "demo", "--quiet", "--model", model];
    args.extend(["--base-url", &url, "--judge-base-url", &url, "--judge-model", judge]);
    let finished = run(place, &args);
    assert_eq!(finished.code, 0, "{finished}");
    fs::rename(place.run_file(), place.path().join(format!("{name}.db"))).expect("a run file");
}

fn made() -> (Workplace, FakeServer) {
    let (place, server) = (workplace(), server(rate));
    make(&place, &server, ["good", "good", JUDGE]);
    make(&place, &server, ["bad", "bad", JUDGE]);
    make(&place, &server, ["strange", "bad", "judge-b"]);
    (place, server)
}

fn check(place: &Workplace, name: &str, args: &[&str]) -> Finished {
    let finished = run(place, args);
    insta::assert_snapshot!(name, place.redact(&finished.to_string()));
    finished
}

fn difference(place: &Workplace, args: &[&str]) -> Value {
    let finished = run(place, &[&["compare"], args, &["--json"]].concat());
    assert_eq!(finished.code, 0, "{finished}");
    json(&finished)["comparisons"][0].clone()
}

#[test]
fn ratings_are_compared_by_the_judges_that_both_runs_share() {
    if !has_prompts() {
        return;
    }
    let (place, server) = made();
    check(&place, "ratings", &["compare", "good.db", "bad.db"]);
    let of_runs = difference(&place, &["good.db", "bad.db"]);
    assert_eq!((&of_runs["metric"], &of_runs["judges"][0]), (&"rating".into(), &JUDGE.into()));
    // Three dialogues fall from 8 to 5.5 and one stays: of eight flips one is as low.
    assert_eq!(of_runs["difference"]["value"], -1.875);
    assert_eq!(of_runs["difference"]["significance"]["test"], "permutation");
    assert_eq!(of_runs["difference"]["significance"]["p"], 0.25);
    let baseline = run(&place, &["report", "good.db", "--format", "baseline"]).stdout;
    fs::write(place.path().join("good.json"), &baseline).expect("a baseline");
    assert_eq!(difference(&place, &["good.json", "bad.db"])["difference"], of_runs["difference"]);
    let refused = check(&place, "strange_judge", &["compare", "good.db", "strange.db"]);
    assert_eq!(refused.code, 64);
    let told = difference(&place, &["good.db", "strange.db", "--allow-different"]);
    assert_eq!(told["difference"]["value"], -2.375);
    assert_eq!(told["plans"]["disqualifying"][0]["path"], "judge.model.model");
    // A judge more on one side changes nothing.
    let url = server.base_url();
    let args = ["rejudge", "good.db", "--judge-base-url", &url, "--judge-model", "judge-b"];
    assert_eq!(run(&place, &args).code, 0);
    assert_eq!(difference(&place, &["good.db", "bad.db"])["difference"], of_runs["difference"]);
    assert_eq!(difference(&place, &["good.db", "strange.db"])["judges"][0], "judge-b");
    let none = run(&place, &["compare", "good.db", "bad.db", "--metric", "pass_at_1"]);
    assert_eq!(none.code, 64, "{none}");
    assert!(none.stderr.contains("has no scores of `pass_at_1`; it has: rating"), "{none}");
}

#[test]
fn ratings_are_gated() {
    if !has_prompts() {
        return;
    }
    let (place, _server) = made();
    let init = check(&place, "ratings_init", &["gate", "init", "good.db"]);
    let policy = format!("{}confidence = 0.85\n", init.stdout);
    fs::write(place.path().join("gate.toml"), policy).expect("a policy");
    assert_eq!(check(&place, "ratings_gate", &["gate", "good.db", "bad.db"]).code, 1);
    assert_eq!(run(&place, &["gate", "bad.db", "good.db"]).code, 0);
    let strange = run(&place, &["gate", "good.db", "strange.db"]);
    assert_eq!(strange.code, 2, "{strange}");
    assert!(strange.stdout.contains("judge.model.model"), "{strange}");
}
