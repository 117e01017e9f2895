//! Requests that are sent a second time because nothing comes.

use std::time::{Duration, Instant};

use serde_json::Value;
use tests::Finished;
use tests::fake_server::{Answer, ChatReply, FakeServer, Script, SeenRequest, Usage};

use crate::workplace;

/// Longer than any of these runs may take.
const STUCK: Duration = Duration::from_secs(40);

/// Forty samples.
fn run(servers: &[&FakeServer], more: &[&str]) -> Finished {
    let urls: Vec<String> = servers.iter().map(|server| server.base_url()).collect();
    let mut args = vec!["--task", "aime25", "--split", "demo", "-n", "10", "--json"];
    for url in &urls {
        args.extend(["--base-url", url]);
    }
    args.extend(["--model", "m", "--concurrency", "4"]);
    args.extend(more);
    let started = Instant::now();
    let place = workplace();
    let finished = place.run(&args);
    assert_eq!(finished.code, 0, "{finished}");
    assert!(started.elapsed() < STUCK, "nobody waits for a request that is stuck");
    let table = place.run(&["report", place.run_file().to_str().expect("UTF-8")]);
    let is_told = summary(&finished)["serving"]["hedges"].is_object();
    assert_eq!(table.stdout.contains("sent twice: "), is_told, "{table}");
    finished
}

fn summary(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).unwrap_or_else(|err| panic!("{err}: {finished}"))
}

fn good() -> ChatReply {
    ChatReply::new("\\boxed{42}").usage(Usage::new(10, 5))
}

/// A server that forgets one request in 20, unless it is sent again.
fn forgetting() -> Script {
    Script::new(|seen: &SeenRequest| {
        let is_stuck = seen.attempt == 0 && seen.index % 20 == 15;
        let delay = if is_stuck { STUCK } else { Duration::ZERO };
        Answer::from(good()).after(delay)
    })
}

#[test]
fn a_request_that_is_stuck_is_sent_again_and_both_are_counted() {
    let server = FakeServer::start(forgetting());
    let finished = run(&[&server], &["--hedge", "0.3"]);
    let serving = &summary(&finished)["serving"];
    let hedges = &serving["hedges"];
    let n_sent = hedges["n_sent"].as_u64().expect("hedges");
    assert!((1..=2).contains(&n_sent) && hedges["n_won"] == n_sent, "{finished}");
    assert_eq!(hedges["prompt_tokens"], 10 * n_sent, "what the answer that came had");
    let n_requests = 40 + n_sent;
    assert_eq!(
        (server.n_requests() as u64, &serving["n_requests"]),
        (n_requests, &n_requests.into())
    );
}

/// The server that was asked first is passed over, and what comes is the same.
#[test]
fn the_second_request_goes_to_another_server() {
    let (one, two) = (FakeServer::start(forgetting()), FakeServer::start(good()));
    let finished = run(&[&one, &two], &["--hedge", "0.3"]);
    let n_won = summary(&finished)["serving"]["hedges"]["n_won"].as_u64();
    assert!(n_won.is_some_and(|n| n >= 1), "{finished}");
    let stuck = one.requests().into_iter().find(|seen| seen.index % 20 == 15);
    let stuck = stuck.expect("a request that is stuck").body;
    assert!(two.requests().iter().any(|seen| seen.body == stuck));
}

#[test]
fn one_request_in_ten_is_sent_again_at_most() {
    // All begin later than is wanted, and not all at the same time: a place becomes free now and then.
    let server = FakeServer::start(Script::new(|seen: &SeenRequest| {
        let n_steps = u32::try_from(seen.index % 4).expect("a small number");
        Answer::from(good()).after(Duration::from_millis(60) * (1 + n_steps))
    }));
    let finished = run(&[&server], &["--hedge", "0.01"]);
    let hedges = summary(&finished)["serving"]["hedges"].clone();
    let n_sent = hedges["n_sent"].as_u64().expect("hedges");
    assert!((1..=4).contains(&n_sent), "{finished}");
    assert_eq!(server.n_requests() as u64, 40 + n_sent);
    let finished = run(&[&server], &["--hedge", "60"]);
    assert!(summary(&finished)["serving"]["hedges"].is_null(), "{finished}");
}

/// A price for the request that was called off: its prompt, which the server had read.
#[test]
fn what_was_called_off_is_paid_for() {
    let server = FakeServer::start(forgetting());
    let place = workplace();
    let prices = place.path().join("prices.toml");
    std::fs::write(&prices, "[m]\ninput = 100000.0\noutput = 0.0\n").expect("written");
    let finished =
        run(&[&server], &["--hedge", "0.3", "--prices", prices.to_str().expect("UTF-8")]);
    let serving = &summary(&finished)["serving"];
    let n_sent = serving["hedges"]["n_sent"].as_f64().expect("hedges");
    assert_eq!(serving["cost"], 40.0 + n_sent, "{finished}");
}

#[test]
fn a_request_of_several_samples_is_sent_again_whole() {
    let script = Script::new(|seen: &SeenRequest| {
        let is_stuck = seen.attempt == 0 && seen.index == 11;
        let delay = if is_stuck { STUCK } else { Duration::ZERO };
        Answer::from(good()).after(delay)
    });
    let server = FakeServer::start(script.gives_choices(9));
    let finished = run(&[&server], &["--hedge", "0.3", "--samples-per-request", "2"]);
    let summary = summary(&finished);
    let serving = &summary["serving"];
    assert_eq!(serving["hedges"]["n_won"], 1, "{finished}");
    assert_eq!(serving["n_requests"], server.n_requests() as u64);
    assert!(serving["shared"]["n_samples"].as_u64().is_some_and(|n| n > 30), "{finished}");
    // Each of the 40 samples has the five tokens of its choice, and nothing of the request that was stuck.
    assert_eq!(summary["tokens"]["completion"], 200);
}
