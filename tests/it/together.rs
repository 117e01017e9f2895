//! Several samples of a prompt in one request.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::fake_server::{
    ChatReply, FakeServer, Outcome, Player, Reply, Script, SeenRequest, StreamStyle, Usage,
};
use tests::{Finished, Workplace};

use crate::workplace;

/// Four items of `n_samples` each.
fn run(place: &Workplace, n_samples: u32, server: &FakeServer, more: &[&str]) -> Finished {
    place.run(&args(&n_samples.to_string(), &server.base_url(), more))
}

fn args<'a>(n_samples: &'a str, url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["--task", "aime25", "--split", "demo", "-n", n_samples, "--json"];
    args.extend(["--base-url", url, "--model", "m", "--samples-per-request"]);
    args.extend(more);
    args
}

fn summary(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).unwrap_or_else(|err| panic!("{err}: {finished}"))
}

fn good() -> ChatReply {
    ChatReply::new("Итак, \\boxed{42}").usage(Usage::new(10, 5))
}

fn open(place: &Workplace) -> rusqlite::Connection {
    rusqlite::Connection::open(place.run_file()).expect("a run file")
}

fn count(place: &Workplace, sql: &str) -> u64 {
    let count = open(place).query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number");
    count.cast_unsigned()
}

/// Samples that the requests asked for together.
fn n_asked(requests: &[SeenRequest]) -> usize {
    requests.iter().map(SeenRequest::n_choices).sum()
}

#[test]
fn samples_of_a_prompt_share_requests_and_nothing_is_counted_twice() {
    let place = workplace();
    let server = FakeServer::start(Script::from(good()).gives_choices(99));
    let finished = run(&place, 8, &server, &["4", "--concurrency", "8"]);
    assert_eq!(finished.code, 0, "{finished}");
    let requests = server.requests();
    assert!(requests.iter().all(|seen| seen.n_choices() <= 4));
    assert!(requests.len() < 20, "{} requests for 32 samples", requests.len());
    assert_eq!(n_asked(&requests), 32);
    let summary = summary(&finished);
    let (serving, tokens) = (&summary["serving"], &summary["tokens"]);
    let n_requests = requests.len() as u64;
    assert_eq!(serving["n_requests"], n_requests);
    assert_eq!(
        (&tokens["prompt"], &tokens["completion"]),
        (&(10 * n_requests).into(), &160.into())
    );
    assert_eq!(tokens["n_unreported"], 0);
    assert_eq!(summary["avg_length"]["value"], 5.0, "known of all together, if not one by one");
    let n_alone = requests.iter().filter(|seen| seen.n_choices() == 1).count() as u64;
    assert_eq!(serving["shared"]["n_requests"], n_requests - n_alone);
    assert_eq!(serving["shared"]["n_samples"], 32 - n_alone);
    let unknown = "SELECT count(*) FROM turns WHERE completion_tokens IS NULL";
    assert_eq!(count(&place, unknown), 32 - n_alone, "a stream of three pieces tells no count");
    let table = place.run(&["report", place.run_file().to_str().expect("UTF-8")]);
    assert!(table.stdout.contains(" of them for "), "{table}");
    let settings = "SELECT json_extract(settings, '$.samples_per_request') FROM sessions";
    assert_eq!(count(&place, settings), 4);
}

/// A stream that brings a token in each event, and a document, which tells the sum alone.
#[test]
fn tokens_are_counted_by_sample_where_the_stream_tells() {
    let check = |script: Script, expected: Option<u64>| {
        let place = workplace();
        let server = FakeServer::start(script.gives_choices(99));
        let finished = run(&place, 4, &server, &["4"]);
        assert_eq!(finished.code, 0, "{finished}");
        let sql = "SELECT coalesce(max(turns.completion_tokens), 0) FROM turns JOIN shared_requests
                   USING (item_id, sample_idx)";
        assert_eq!(count(&place, sql), expected.unwrap_or(0));
        let length = &summary(&finished)["avg_length"]["value"];
        assert_eq!(*length, 5.0, "{finished}");
    };
    check(Script::from(good()).styled(StreamStyle::new().pieces(5)), Some(5));
    check(Script::from(good()).styled(StreamStyle::new().pieces(4)), Some(5));
    check(Script::from(good()).styled(StreamStyle::new().pieces(2)), None);
    check(Script::from(good()).ignore_stream(), None);
}

/// What each sample has is what the server said for its choice of its request, and the file says which
/// that was.
#[test]
fn the_run_file_tells_where_each_sample_came_from() {
    let place = workplace();
    let player = || Player::new().truncated(0.2).unboxed(0.1);
    let style = StreamStyle::new().pieces(7).chunk_bytes(11);
    let server = FakeServer::start(player().script().styled(style).gives_choices(99));
    let finished = run(&place, 10, &server, &["5", "--concurrency", "20"]);
    assert_eq!(finished.code, 0, "{finished}");
    let seeds: BTreeMap<i64, SeenRequest> =
        server.requests().into_iter().map(|seen| (seen.seed().expect("a seed"), seen)).collect();
    let connection = open(&place);
    let sql = "SELECT r.seed, choice_idx, completion, finish_reason FROM shared_requests r
               JOIN turns USING (item_id, sample_idx)";
    let mut statement = connection.prepare(sql).expect("the documented table");
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)));
    let rows: Vec<(i64, i64, String, String)> =
        rows.expect("rows").map(|row| row.expect("a row")).collect();
    assert!(rows.len() > 20, "{} samples shared a request", rows.len());
    let mut choices = BTreeSet::new();
    for (seed, choice, text, finish) in rows {
        assert!(choices.insert((seed, choice)), "one choice for each");
        let prompt = seeds[&seed].question();
        let outcome = player().outcome(&prompt, seed + choice);
        match outcome {
            Outcome::Boxed(n) => assert!(text.contains(&format!("\\boxed{{{n}}}")), "{text}"),
            Outcome::Unboxed => assert!(text.contains("could not settle"), "{text}"),
            Outcome::Truncated => assert!(text.contains("every case in turn"), "{text}"),
        }
        assert_eq!(finish == "length", outcome == Outcome::Truncated);
    }
    let plan = "SELECT value FROM run WHERE key = 'plan'";
    let plan: String = connection.query_row(plan, [], |row| row.get(0)).expect("a plan");
    assert!(plan.contains(r#""samples_per_request":"5""#), "{plan}");
}

/// Servers that know nothing of `n`, give fewer choices or refuse it: what came counts, and the rest is
/// asked for alone.
#[test]
fn a_server_that_gives_fewer_choices_is_asked_one_by_one() {
    let refuse = |message: &str| Reply::Status {
        code: 400,
        headers: Vec::new(),
        body: serde_json::json!({"error": {"message": message}}).to_string(),
    };
    let check = |script: Script, told: &str| {
        let place = workplace();
        let server = FakeServer::start(script);
        let finished = run(&place, 8, &server, &["4", "--concurrency", "8", "--retries", "0"]);
        assert_eq!(finished.code, 0, "{told}: {finished}");
        assert_eq!(summary(&finished)["counts"]["failed"], 0, "{finished}");
        assert!(finished.stderr.contains(told), "{told}: {finished}");
        let requests = server.requests();
        let n_shared = requests.iter().filter(|seen| seen.n_choices() > 1).count();
        assert!((1..=2).contains(&n_shared), "{n_shared} before it was known: {finished}");
        assert_eq!(count(&place, "SELECT count(*) FROM samples"), 32);
        assert_eq!(count(&place, "SELECT count(*) FROM events WHERE kind = 'remark'"), 1);
    };
    check(Script::from(good()), "the server gave 1 of 4 choices; from here on each sample");
    check(Script::from(good()).gives_choices(3), "the server gave 3 of 4 choices");
    let picky = move |seen: &SeenRequest| match seen.n_choices() {
        1 => Reply::from(good()),
        _ => refuse("Only n=1 is supported."),
    };
    check(Script::new(picky), "the server refused several choices (HTTP 400)");
}

/// A prompt that is refused is refused to each of its samples, and to no other.
#[test]
fn a_prompt_that_is_refused_keeps_no_other_from_sharing() {
    let place = workplace();
    let server = FakeServer::start(
        Script::new(|seen| {
            let is_refused = seen.question().contains("marbles");
            if is_refused { Reply::status(400) } else { Reply::from(good()) }
        })
        .gives_choices(99),
    );
    let finished = run(&place, 8, &server, &["8"]);
    assert_eq!(finished.code, 75, "{finished}");
    let summary = summary(&finished);
    assert_eq!(summary["counts"]["failed"], 8, "{finished}");
    assert!(
        summary["serving"]["shared"]["n_samples"].as_u64().is_some_and(|n| n > 12),
        "{summary}"
    );
}

#[test]
fn whether_a_server_gives_choices_is_probed() {
    let check = |script: Script, n_most: u64, told: &str| {
        let place = workplace();
        let server = FakeServer::start(script);
        let finished = run(&place, 8, &server, &["auto"]);
        assert_eq!(finished.code, 0, "{told}: {finished}");
        assert!(finished.stderr.contains(told), "{told}: {finished}");
        let settings = "SELECT json_extract(settings, '$.samples_per_request') FROM sessions";
        assert_eq!(count(&place, settings), n_most);
        let asked: Vec<usize> = server.requests().iter().map(SeenRequest::n_choices).collect();
        assert_eq!(asked.iter().skip(1).any(|n| *n > 1), n_most > 1, "{asked:?}");
        asked[0]
    };
    let able = || Script::from(good()).gives_choices(99);
    assert_eq!(check(able(), 8, "up to 8 samples of a prompt share a request"), 2);
    let told = "the server gave one choice where 2 were asked for; from here on each sample";
    assert_eq!(check(Script::from(good()), 1, told), 2);
    let known = "this kind of server takes no `n`";
    assert_eq!(check(able().owner("library"), 1, known), 1, "nothing is asked where it is known");
}

#[test]
fn greedy_samples_and_limits_are_as_without_it() {
    let place = workplace();
    let server = FakeServer::start(Script::from(good()).gives_choices(99));
    let finished = run(&place, 2, &server, &["4", "--temperature", "0"]);
    assert_eq!((finished.code, server.n_requests()), (0, 8), "{finished}");
    let place = workplace();
    let more = ["4", "--concurrency", "4", "--max-output-tokens-total", "20"];
    let finished = run(&place, 16, &server, &more);
    assert_eq!(finished.code, 75, "{finished}");
    // A request of four samples of five tokens uses it up, and what is left gathers anew.
    let spent = summary(&finished)["tokens"]["completion"].as_u64();
    assert!(spent.is_some_and(|n| (20..40).contains(&n)), "{finished}");
    let url = server.base_url();
    for wrong in ["0", "129", "many"] {
        let finished = place.run(&args("1", &url, &[wrong]));
        assert_eq!(finished.code, 64, "{finished}");
        assert!(finished.stderr.contains("`auto`, or a number from 1 to 128"), "{finished}");
    }
}

/// Trouble of every kind and a process that is killed: every sample ends exactly once, with an answer of
/// its own.
#[test]
fn samples_that_share_requests_survive_chaos() {
    let player = Player::new().truncated(0.1).unboxed(0.1);
    let server = FakeServer::start(player.script().gives_choices(99).with_chaos(0.2, 5));
    let (place, url) = (workplace(), server.base_url());
    let more = ["6", "--concurrency", "60", "--idle-timeout", "1", "--quiet", "--retries", "9"];
    let args = args("250", &url, &more);
    let mut child = place.command(&args).spawn().expect("evalrun starts");
    let started = Instant::now();
    let n_stored = || {
        let Some(path) = place.run_files().into_iter().next() else { return 0 };
        let Ok(connection) = rusqlite::Connection::open(path) else { return 0 };
        let sql = "SELECT count(*) FROM verdicts";
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap_or(0)
    };
    while n_stored() < 300 {
        assert!(child.try_wait().expect("a child").is_none(), "it ended before it was killed");
        assert!(started.elapsed() < Duration::from_mins(2), "the run stands still");
        std::thread::yield_now();
    }
    let kill = Command::new("kill").args(["-KILL", &child.id().to_string()]).status();
    assert!(kill.expect("kill starts").success());
    child.wait().expect("an exit status");
    let resumed = place.run(&args);
    assert_eq!(resumed.code, 0, "{resumed}");
    let judged = "SELECT count(*) FROM samples WHERE status = 'judged'";
    assert_eq!(count(&place, judged), 1_000);
    assert_eq!(count(&place, "SELECT count(*) FROM turns"), 1_000);
    let choices =
        "SELECT count(*) FROM (SELECT DISTINCT request_id, choice_idx FROM shared_requests)";
    let n_shared = count(&place, "SELECT count(*) FROM shared_requests");
    assert_eq!(count(&place, choices), n_shared, "no choice is two samples");
    assert!(n_shared > 300, "{n_shared}");
    println!("{} requests for 1000 samples, {n_shared} of them shared", server.n_requests());
}
