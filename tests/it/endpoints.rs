//! Several servers, servers that are down, dialects, and limits of a run.

use std::time::Duration;

use serde_json::Value;
use tests::fake_server::{ChatReply, FakeServer, Player, Reply, Script, Usage};
use tests::{Finished, Workplace};

use crate::workplace;

fn run(place: &Workplace, n_samples: u32, servers: &[&FakeServer], more: &[&str]) -> Finished {
    let n_samples = n_samples.to_string();
    let urls: Vec<String> = servers.iter().map(|server| server.base_url()).collect();
    let mut args = vec!["--task", "aime25", "--split", "demo", "-n", &n_samples, "--json"];
    for url in &urls {
        args.extend(["--base-url", url]);
    }
    args.extend(["--model", "m"]);
    args.extend(more);
    place.run(&args)
}

fn summary(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).unwrap_or_else(|err| panic!("{err}: {finished}"))
}

fn good() -> ChatReply {
    ChatReply::new("\\boxed{42}").usage(Usage::new(10, 5))
}

fn plan(place: &Workplace) -> Value {
    let connection = rusqlite::Connection::open(place.run_file()).expect("a run file");
    let sql = "SELECT value FROM run WHERE key = 'plan'";
    let text: String = connection.query_row(sql, [], |row| row.get(0)).expect("a plan");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn servers_share_the_work_and_a_dead_one_gets_none() {
    let place = workplace();
    let (one, two) = (FakeServer::start(good()), FakeServer::start(good()));
    let dead = FakeServer::start(good());
    let dead_url = dead.base_url();
    drop(dead);
    let more = ["--base-url", &dead_url, "--weight", "3,1,1", "--concurrency", "8"];
    let finished = run(&place, 50, &[&one, &two], &more);
    assert_eq!(finished.code, 0, "{finished}");
    assert_eq!(summary(&finished)["counts"]["failed"], 0);
    assert_eq!(one.n_requests() + two.n_requests(), 200);
    assert!(one.n_requests() > two.n_requests(), "weights count");
    let urls = plan(&place)["model"]["details"]["base_url"].to_string();
    assert!(urls.contains(&one.base_url()) && urls.contains(&dead_url), "{urls}");
    let finished = run(&place, 1, &[&one, &two], &["--weight", "1"]);
    assert_eq!(finished.code, 64, "{finished}");
}

#[test]
fn a_server_that_is_down_ends_the_run_with_a_message_and_the_same_command_goes_on() {
    let place = workplace();
    let server = FakeServer::start(good());
    let (url, port) = (server.base_url(), server.address().port());
    drop(server);
    let args = ["--task", "aime25", "--split", "demo", "-n", "30", "--json", "--model", "m"];
    let args = [&args[..], &["--base-url", &url, "--patience", "0"]].concat();
    let finished = place.run(&args);
    assert_eq!(finished.code, 69, "{finished}");
    // Five decide; those under way beside them may fail before the run has ended, and are counted too.
    let n_failed = finished.stderr.split("is down: ").nth(1).and_then(|rest| {
        let (n, rest) = rest.split_once(' ')?;
        rest.starts_with("requests in a row failed").then(|| n.parse::<u32>().ok())?
    });
    assert!(n_failed.is_some_and(|n| n >= 5), "{finished}");
    assert!(finished.stderr.contains("run the same command again"), "{finished}");
    let server = FakeServer::start_on(port, good()).expect("the port is free again");
    let finished = place.run(&args);
    assert_eq!(finished.code, 0, "{finished}");
    assert_eq!(summary(&finished)["counts"]["failed"], 0);
    assert_eq!((server.n_requests(), place.run_files().len()), (120, 1));
}

/// Every second request is refused for the moment; nothing fails, however few retries there are.
#[test]
fn a_server_with_too_much_to_do_is_asked_more_slowly() {
    let place = workplace();
    let server = FakeServer::start(Script::new(|seen| {
        if seen.index % 2 == 0 { Reply::rate_limited("0") } else { Reply::from(good()) }
    }));
    let finished = run(&place, 25, &[&server], &["--concurrency", "16", "--retries", "3"]);
    assert_eq!(finished.code, 0, "{finished}");
    let summary = summary(&finished);
    assert_eq!((&summary["counts"]["failed"], &summary["complete"]), (&0.into(), &true.into()));
    assert_eq!(summary["serving"]["retries"][0]["cause"], "HTTP 429");
    assert!(summary["serving"]["n_requests"].as_u64().is_some_and(|n| n > 150), "{summary}");
}

fn check_dialect(owner: &str, more: &[&str], expected: &[(&str, Value)], told: &str) {
    let place = workplace();
    let server = FakeServer::start(Script::from(good()).owner(owner));
    let sampling = ["--items", "0", "--top-k", "20", "--repetition-penalty", "1.1"];
    let finished = run(&place, 1, &[&server], &[&sampling[..], more].concat());
    assert_eq!(finished.code, 0, "{finished}");
    let body = &server.requests()[0].body;
    for (name, value) in expected {
        assert_eq!(&body[name], value, "{owner} {name}: {body}");
    }
    if told.is_empty() {
        assert!(!finished.stderr.contains("not sent"), "{finished}");
    } else {
        assert!(finished.stderr.contains(told), "{finished}");
    }
}

#[test]
fn each_kind_of_server_is_asked_in_its_own_words() {
    let none = || Value::Null;
    check_dialect("fake", &[], &[("top_k", 20.into()), ("repetition_penalty", 1.1.into())], "");
    check_dialect("vllm", &[], &[("top_k", 20.into()), ("repetition_penalty", 1.1.into())], "");
    check_dialect("me", &[], &[("repeat_penalty", 1.1.into()), ("repetition_penalty", none())], "");
    check_dialect(
        "library",
        &[],
        &[("top_k", none()), ("repetition_penalty", none()), ("max_tokens", 32768.into())],
        "not sent, because the server does not take it: top_k, repetition_penalty",
    );
    check_dialect(
        "fake",
        &["--server", "openai", "--drop", "seed,temperature", "--reasoning-effort", "low"],
        &[
            ("max_completion_tokens", 32768.into()),
            ("max_tokens", none()),
            ("temperature", none()),
            ("reasoning_effort", "low".into()),
        ],
        "temperature, top_k, repetition_penalty, seed",
    );
    let kwargs = r#"{"enable_thinking": false}"#;
    check_dialect(
        "vllm",
        &["--chat-template-kwargs", kwargs, "--extra-body", r#"{"truncate_prompt_tokens": 9}"#],
        &[
            ("chat_template_kwargs", serde_json::from_str(kwargs).expect("JSON")),
            ("truncate_prompt_tokens", 9.into()),
        ],
        "",
    );
}

/// The server refuses one thing after the other; the probe finds all of it, and the plan says so.
#[test]
fn a_probe_finds_out_what_a_server_does_not_take() {
    let place = workplace();
    let server = FakeServer::start(Script::new(|seen| {
        let refuse = |message: &str| Reply::Status {
            code: 400,
            headers: Vec::new(),
            body: serde_json::json!({"error": {"message": message}}).to_string(),
        };
        if !seen.body["max_tokens"].is_null() {
            return refuse("Unsupported parameter: use 'max_completion_tokens' instead.");
        }
        if !seen.body["seed"].is_null() {
            return refuse("property 'seed' is unsupported");
        }
        if seen.body["messages"][0]["role"] == "system" {
            return refuse("System role not supported");
        }
        Reply::from(good())
    }));
    let finished = run(&place, 1, &[&server], &["--system", "S"]);
    assert_eq!(finished.code, 75, "{finished}");
    assert!(finished.stderr.contains("--probe finds out"), "{finished}");
    let place = workplace();
    let finished = run(&place, 1, &[&server], &["--system", "S", "--probe"]);
    assert_eq!(finished.code, 0, "{finished}");
    assert!(finished.stderr.contains("does not take `seed`"), "{finished}");
    let details = &plan(&place)["model"]["details"];
    assert_eq!(details["not_sent"], "seed");
    assert_eq!(details["renamed"], "max_tokens=max_completion_tokens");
    assert_eq!(details["system_message"], "in the first user message");
    let last = server.requests().pop().expect("a request");
    assert!(last.body["messages"][0]["content"].as_str().is_some_and(|c| c.starts_with("S\n\n")));
}

#[test]
fn a_run_ends_early_when_too_much_fails_and_can_be_continued() {
    let place = workplace();
    let server = FakeServer::start(Script::new(|seen| {
        let is_first_item = seen.question().contains("marbles");
        if is_first_item { Reply::status(400) } else { Reply::from(good()) }
    }));
    let more = ["--concurrency", "2", "--max-failures"];
    let finished = run(&place, 20, &[&server], &[&more[..], &["3"]].concat());
    assert_eq!(finished.code, 75, "{finished}");
    assert!(finished.stderr.contains("more than --max-failures"), "{finished}");
    let counts = &summary(&finished)["counts"];
    assert!(counts["failed"].as_u64().is_some_and(|n| (4..=6).contains(&n)), "{counts}");
    // Failed samples come last, so the others are done before the share is met again.
    let finished = run(&place, 20, &[&server], &[&more[..], &["20%"]].concat());
    assert_eq!(finished.code, 75, "{finished}");
    assert!(summary(&finished)["counts"]["failed"].as_u64().is_some_and(|n| n >= 4));
    let finished = run(&place, 20, &[&server], &["--concurrency", "2"]);
    let counts = &summary(&finished)["counts"];
    assert_eq!((&counts["failed"], &counts["pending"]), (&20.into(), &0.into()), "{finished}");
    assert_eq!(place.run_files().len(), 1);
}

#[test]
fn a_run_ends_when_its_budget_is_used_up() {
    let place = workplace();
    let server = FakeServer::start(good());
    let prices = place.path().join("prices.toml");
    std::fs::write(&prices, "[m]\ninput = 100000.0\noutput = 200000.0\n").expect("written");
    let more = ["--concurrency", "1", "--prices", "prices.toml", "--max-cost", "20"];
    let finished = run(&place, 10, &[&server], &more);
    assert_eq!(finished.code, 75, "{finished}");
    assert!(finished.stderr.contains("--max-cost is 20"), "{finished}");
    // 10 tokens in for 1.0 and 5 out for 1.0: ten answers cost 20.
    let spent = summary(&finished);
    assert_eq!(spent["serving"]["cost"], 20.0);
    assert_eq!(server.n_requests(), 10);
    let finished = run(&place, 10, &[&server], &["--max-output-tokens-total", "1000"]);
    assert_eq!(finished.code, 0, "{finished}");
    assert_eq!((server.n_requests(), place.run_files().len()), (40, 1));
    std::fs::write(&prices, "[other]\ninput = 1.0\noutput = 2.0\n").expect("written");
    let finished = run(&place, 1, &[&server], &["--prices", "prices.toml"]);
    assert_eq!(finished.code, 65, "{finished}");
    assert!(finished.stderr.contains("only for: other"), "{finished}");
    let finished = run(&place, 1, &[&server], &["--prices", "absent.toml"]);
    assert_eq!(finished.code, 66, "{finished}");
}

/// Samples that wait for their turn at the server when the limit is reached are not sent, however many
/// the engine has handed over.
#[test]
fn a_budget_holds_where_many_samples_wait_for_their_turn() {
    let place = workplace();
    let slow = || good().after(Duration::from_millis(200));
    let server = FakeServer::start(Script::new(move |_| slow()));
    let check = |more: &[&str], told: &str, n_most: usize| {
        let n_before = server.n_requests();
        let finished = run(&place, 15, &[&server], more);
        assert_eq!(finished.code, 75, "{finished}");
        assert!(finished.stderr.contains(told), "{finished}");
        let n_asked = server.n_requests() - n_before;
        assert!((1..=n_most).contains(&n_asked), "{n_asked} of 60 were asked: {finished}");
        summary(&finished)["counts"].clone()
    };
    // A server starts with 16 places, and one more may be sent while an answer is being counted.
    let limit = ["--max-output-tokens-total", "1"];
    let counts = check(&limit, "--max-output-tokens-total is 1; run the same command again", 20);
    assert_eq!(counts["failed"], 0, "what was not sent is not begun");
    std::fs::write(place.path().join("prices.toml"), "[m]\ninput = 1e5\noutput = 1e5\n")
        .expect("written");
    check(&["--prices", "prices.toml", "--max-cost", "0.1"], "--max-cost is 0.1", 20);
    let finished = run(&place, 15, &[&server], &[]);
    assert_eq!((finished.code, server.n_requests(), place.run_files().len()), (0, 60, 1));
}

#[test]
fn options_that_contradict_or_do_nothing_are_refused() {
    let place = workplace();
    let server = FakeServer::start(good());
    let check = |more: &[&str], expected: &str| {
        let finished = run(&place, 1, &[&server], more);
        assert_eq!((finished.code, server.n_requests()), (64, 0), "{more:?}: {finished}");
        assert!(finished.stderr.contains(expected), "{more:?}: {finished}");
    };
    for (name, flag) in [
        ("temperature", "--temperature"),
        ("max_tokens", "--max-tokens"),
        ("max_completion_tokens", "--max-tokens"),
        ("n", "--samples"),
        ("stop", "--stop"),
        ("repeat_penalty", "--repetition-penalty"),
    ] {
        let body = format!(r#"{{"{name}": 1}}"#);
        check(&["--extra-body", &body], &format!("cannot set `{name}`: {flag} does"));
    }
    check(&["--weight", "3"], "there is one --base-url");
    check(&["--workers", "2"], "none of these tasks runs anything");
    check(&["--api", "completions", "--fold-system"], "--fold-system is about messages");
    check(&["--api", "completions", "--reasoning-effort", "low"], "--reasoning-effort is about");
    check(&["--judge-samples", "3"], "--judge-model <MODEL>");
    check(&["--judge-patience", "3"], "--judge-model <MODEL>");
    check(&["--temperature", "-1"], "a number from 0 to 100");
    check(&["--max-failures", "-1"], "a number such as 10");
    let finished = run(&place, 1, &[&server], &["--workers", "2", "--task", "math500"]);
    assert_ne!(finished.code, 64, "one of two tasks has a use for it: {finished}");
    let finished = run(&place, 1, &[&server], &["--drop", "top_k,seed"]);
    assert!(finished.stderr.contains("--drop top_k: it would not be sent anyway"), "{finished}");
    assert!(!finished.stderr.contains("--drop seed"), "{finished}");
}

#[test]
fn an_address_that_leads_nowhere_is_explained() {
    let server = FakeServer::start(good());
    let url = server.base_url();
    let bare = url.trim_end_matches("/v1");
    let check = |url: &str, expected: &str| {
        let args = ["--task", "aime25", "--split", "demo", "--base-url", url, "--model", "m"];
        let finished = workplace().run(&args);
        assert_eq!(finished.code, 69, "{finished}");
        assert!(finished.stderr.contains(expected), "{finished}");
    };
    check(bare, "is /v1 missing at the end of --base-url?");
    check(&format!("{url}/chat/completions"), "--base-url ends before /chat/completions");
}

/// What a report says of the service does not depend on how often a run was interrupted.
#[test]
fn reports_tell_times_and_causes() {
    let place = workplace();
    let server = FakeServer::start(Player::new().thinking().script().with_faults(0.5, 3));
    let finished = run(&place, 10, &[&server], &[]);
    assert_eq!(finished.code, 0, "{finished}");
    let summary = summary(&finished);
    let serving = &summary["serving"];
    assert!(serving["latency_ms"]["p99"].is_u64() && serving["first_token_ms"]["p50"].is_u64());
    assert_eq!(serving["n_requests"].as_u64(), Some(server.n_requests() as u64));
    assert!(summary["tokens"]["reasoning"].as_u64().is_some_and(|n| n > 0), "{summary}");
    let file = place.run_file();
    let table = place.run(&["report", file.to_str().expect("UTF-8")]);
    for row in ["latency", "requests", "repeated: ", "× HTTP 429", "first token"] {
        assert!(table.stdout.contains(row), "{row}: {table}");
    }
}

/// A log and spans for whoever wants them; neither holds the key.
#[test]
fn requests_are_logged_and_traced_on_demand() {
    let place = workplace();
    std::fs::write(place.path().join("key"), "sk-secret\n").expect("written");
    let script = Player::new().script().with_faults(0.5, 3).require_key("sk-secret");
    let server = FakeServer::start(script);
    let more = ["--log", "run.log", "--spans", "spans.jsonl", "--api-key-file", "key"];
    let finished = run(&place, 5, &[&server], &more);
    assert_eq!(finished.code, 0, "{finished}");
    let read = |name: &str| std::fs::read_to_string(place.path().join(name)).expect(name);
    let (log, spans) = (read("run.log"), read("spans.jsonl"));
    assert!(!log.contains("sk-secret") && !spans.contains("sk-secret"));
    assert_eq!(log.matches(" answered ").count(), 20, "{log}");
    assert!(log.contains("cause=\"HTTP 429\"") && log.contains("run ends"), "{log}");
    let n_spans: usize = spans
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|export| export["resourceSpans"][0]["scopeSpans"][0]["spans"].clone())
        .map(|spans| spans.as_array().expect("spans").len())
        .sum();
    assert_eq!(n_spans, server.n_requests());
}
