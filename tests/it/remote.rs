//! Endpoints that answer, misbehave, or go away.

use std::time::Duration;

use serde_json::Value;
use tests::fake_server::{ChatReply, Cut, FakeServer, Reply, Script, StreamStyle, Usage};
use tests::{Finished, Workplace};

use crate::workplace;

fn run(place: &Workplace, server: &FakeServer, more: &[&str]) -> Finished {
    let url = server.base_url();
    let mut args = vec![
        "--task",
        "aime25",
        "--split",
        "demo",
        "-n",
        "1",
        "--base-url",
        &url,
        "--model",
        "m",
        "--json",
    ];
    args.extend(more);
    place.run(&args)
}

fn summary(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).unwrap_or_else(|err| panic!("{err}: {finished}"))
}

fn good() -> ChatReply {
    ChatReply::new("Итак, \\boxed{42}").usage(Usage::new(10, 5))
}

/// Each request is first met with `trouble` and then answered: nothing is lost and nothing is wrong.
fn check_recovers(trouble: Reply, more: &[&str]) {
    let place = workplace();
    let shown = format!("{trouble:?}");
    let server = FakeServer::start(Script::sequence([trouble, Reply::from(good())]));
    let finished = run(&place, &server, more);
    assert_eq!(finished.code, 0, "{shown}: {finished}");
    let counts = &summary(&finished)["counts"];
    assert_eq!((&counts["correct"], &counts["incorrect"]), (&1.into(), &3.into()), "{shown}");
    assert_eq!(server.n_requests(), 8, "{shown}");
    assert!(finished.stderr.contains("trying again in"), "{shown}: {finished}");
}

#[test]
fn trouble_that_passes_is_survived() {
    check_recovers(Reply::rate_limited("0"), &[]);
    check_recovers(Reply::status(500), &[]);
    check_recovers(Reply::status(503).header("Retry-After", "0"), &[]);
    check_recovers(Reply::status(408), &[]);
    check_recovers(Reply::Disconnect, &[]);
    check_recovers(Reply::MalformedJson, &[]);
    check_recovers(Reply::WrongContentType, &[]);
    check_recovers(Reply::EmptyChoices, &[]);
    check_recovers(Reply::truncated_stream(good(), 2), &[]);
    check_recovers(Reply::Hang(Duration::from_mins(1)), &["--timeout", "1"]);
    let error = Cut::Error("overloaded".to_owned());
    check_recovers(Reply::Partial { chat: good(), events: 2, cut: error }, &[]);
}

#[test]
fn the_server_decides_how_long_to_wait() {
    let place = workplace();
    let server =
        FakeServer::start(Script::sequence([Reply::rate_limited("1"), Reply::from(good())]));
    let finished = run(&place, &server, &["--items", "0"]);
    assert_eq!(finished.code, 0, "{finished}");
    let requests = server.requests();
    let waited = requests[1].arrived.duration_since(requests[0].arrived);
    assert!(waited >= Duration::from_secs(1), "{waited:?}");
}

#[test]
fn any_way_of_writing_a_stream_is_read() {
    let styles = [
        StreamStyle::new().pieces(1),
        StreamStyle::new().pieces(50).chunk_bytes(1),
        StreamStyle::new().chunk_bytes(3).crlf(),
        StreamStyle::new().chunk_bytes(1 << 20).tight().without_comments(),
        StreamStyle::new().pieces(5).gap(Duration::from_millis(20)),
    ];
    let mut seen = Vec::new();
    for style in styles {
        let place = workplace();
        let server = FakeServer::start(Script::always(good().styled(style)));
        assert_eq!(run(&place, &server, &[]).code, 0);
        seen.push(completion(&place));
    }
    let place = workplace();
    let server = FakeServer::start(Script::from(good()).ignore_stream());
    assert_eq!(run(&place, &server, &[]).code, 0);
    seen.push(completion(&place));
    seen.dedup();
    assert_eq!(seen, ["Итак, \\boxed{42}"]);
}

fn completion(place: &Workplace) -> String {
    let connection = rusqlite::Connection::open(place.run_file()).expect("a run file");
    connection
        .query_row("SELECT completion FROM turns LIMIT 1", [], |row| row.get(0))
        .expect("a completion")
}

/// A failure that stays is no wrong answer: the samples count as failed, and the same command asks
/// for them again when the server is well.
#[test]
fn an_outage_is_never_scored_and_the_same_command_makes_up_for_it() {
    let place = workplace();
    let is_up = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let switch = std::sync::Arc::clone(&is_up);
    let server = FakeServer::start(Script::new(move |seen| {
        let is_first_item = seen.question().contains("marbles");
        if is_first_item || switch.load(std::sync::atomic::Ordering::SeqCst) {
            Reply::from(good())
        } else {
            Reply::status(500)
        }
    }));
    let finished = run(&place, &server, &["--retries", "0"]);
    assert_eq!(finished.code, 75, "{finished}");
    let down = summary(&finished);
    assert_eq!(down["counts"]["failed"], 3);
    assert_eq!(down["counts"]["incorrect"], 1);
    assert_eq!(down["metrics"][0]["n_items"], 1, "failed items are not in the mean");
    assert_eq!(down["complete"], false);
    assert!(finished.stderr.contains("3 × unavailable"), "{finished}");
    is_up.store(true, std::sync::atomic::Ordering::SeqCst);
    let finished = run(&place, &server, &["--retries", "0"]);
    assert_eq!(finished.code, 0, "{finished}");
    let up = summary(&finished);
    assert_eq!(
        (&up["counts"]["failed"], &up["counts"]["correct"], &up["complete"]),
        (&0.into(), &1.into(), &true.into())
    );
    assert_eq!(place.run_files().len(), 1);
}

#[test]
fn refusals_are_not_repeated() {
    let check = |status: u16, code: i32, n_requests: usize| {
        let place = workplace();
        let server = FakeServer::start(Script::always(Reply::status(status)));
        let finished = run(&place, &server, &["--concurrency", "1"]);
        assert_eq!(
            (finished.code, server.n_requests()),
            (code, n_requests),
            "{status}: {finished}"
        );
    };
    check(400, 75, 4);
    check(422, 75, 4);
    check(401, 69, 1);
    check(404, 69, 1);
}

#[test]
fn keys_are_sent_and_never_kept() {
    let place = workplace();
    let server = FakeServer::start(Script::from(good()).require_key("sk-secret"));
    let finished = run(&place, &server, &[]);
    assert_eq!(finished.code, 69, "{finished}");
    std::fs::write(place.path().join("key"), "sk-secret\n").expect("written");
    let finished = run(&place, &server, &["--api-key-file", "key"]);
    assert_eq!(finished.code, 0, "{finished}");
    let bytes = std::fs::read(place.run_file()).expect("a run file");
    assert!(!bytes.windows(9).any(|window| window == b"sk-secret"));
    let url = server.base_url();
    let args = [
        "--task",
        "gsm8k",
        "--split",
        "demo",
        "--base-url",
        &url,
        "--model",
        "m",
        "--api-key-env",
        "MY_KEY",
    ];
    let status = place.command(&args).env("MY_KEY", "sk-secret").status().expect("evalrun starts");
    assert!(status.success());
    let finished = place.run(&args);
    assert_eq!(finished.code, 64, "{finished}");
    // A server that echoes the key does not get it into our output.
    let echo = Reply::Status {
        code: 400,
        headers: Vec::new(),
        body: "{\"error\": \"bad key sk-secret\"}".to_owned(),
    };
    let server = FakeServer::start(Script::always(echo));
    let finished = run(
        &workplace(),
        &server,
        &["--api-key-file", place.path().join("key").to_str().expect("UTF-8")],
    );
    assert!(
        finished.stderr.contains("bad key ***") && !finished.stderr.contains("sk-secret"),
        "{finished}"
    );
}

#[test]
fn reasoning_fields_base_models_and_request_bodies() {
    for field in ["reasoning_content", "reasoning"] {
        let place = workplace();
        let reply = good().reasoning("\\boxed{1}?").reasoning_field(field);
        let server = FakeServer::start(reply);
        let finished =
            run(&place, &server, &["--items", "1", "--temperature", "0.3", "--min-p", "0.1"]);
        assert_eq!(summary(&finished)["counts"]["correct"], 1, "{finished}");
        let body = server.requests()[0].body.clone();
        assert_eq!(
            (&body["temperature"], &body["min_p"], &body["top_p"]),
            (&0.3.into(), &0.1.into(), &0.95.into())
        );
        assert!(body["seed"].is_u64() && body["stream"] == true);
    }
    let place = workplace();
    let server = FakeServer::start(good());
    let finished = run(&place, &server, &["--api", "completions", "--system", "S"]);
    assert_eq!(summary(&finished)["counts"]["correct"], 1, "{finished}");
    let request = &server.requests()[0];
    assert_eq!(request.path, "/v1/completions");
    assert!(
        request.body["prompt"]
            .as_str()
            .is_some_and(|prompt| prompt.starts_with("S\n\n") && prompt.contains("\\boxed{}"))
    );
}

#[test]
fn truncated_and_unparsed_are_told_apart_from_wrong() {
    let place = workplace();
    let server = FakeServer::start(Script::new(|seen| {
        let question = seen.question();
        if question.contains("marbles") {
            good().finish("length")
        } else if question.contains("rectangle") {
            ChatReply::new("<think>it must be \\boxed{15}")
        } else {
            good()
        }
    }));
    let finished = run(&place, &server, &[]);
    let counts = summary(&finished)["counts"].clone();
    assert_eq!(
        (&counts["truncated"], &counts["unparsed"], &counts["correct"], &counts["incorrect"]),
        (&1.into(), &1.into(), &1.into(), &1.into())
    );
}

#[test]
fn huge_completions_and_odd_bytes_are_kept() {
    let place = workplace();
    let text = format!("{}\u{0}\u{7f}\u{2028}\u{1F9EE}\\boxed{{42}}", "дlong ".repeat(1_500_000));
    assert!(text.len() > 10_000_000);
    let server = FakeServer::start(Script::always(
        ChatReply::new(&text).styled(StreamStyle::new().pieces(40)),
    ));
    let finished = run(&place, &server, &["--items", "1"]);
    assert_eq!(summary(&finished)["counts"]["correct"], 1, "{}", finished.stderr);
    assert!(completion(&place) == text, "the text came back changed");
    let replay = place.run(&["replay", place.run_file().to_str().expect("UTF-8")]);
    assert_eq!(replay.code, 0, "{replay}");
    // Bytes that are no UTF-8 become replacement characters; the rest of the answer is graded.
    let place = workplace();
    let body = b"{\"choices\":[{\"message\":{\"content\":\"\xff\xfe \\\\boxed{42}\"},\"finish_reason\":\"stop\"}]}";
    let url = serve_raw(body);
    let args = [
        "--task",
        "aime25",
        "--split",
        "demo",
        "--items",
        "1",
        "-n",
        "1",
        "--base-url",
        &url,
        "--model",
        "m",
        "--json",
        "--server",
        "generic",
    ];
    let finished = place.run(&args);
    assert_eq!(summary(&finished)["counts"]["correct"], 1, "{finished}");
    assert_eq!(completion(&place), "\u{fffd}\u{fffd} \\boxed{42}");
}

/// Answers one request with exactly these bytes as JSON.
fn serve_raw(body: &'static [u8]) -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut request = vec![0; 65_536];
        let _ = stream.read(&mut request);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    });
    url
}

#[test]
fn the_only_model_of_a_server_needs_no_name() {
    let place = workplace();
    let server = FakeServer::start(Script::from(good()).models(["only-one"]));
    let url = server.base_url();
    let finished = place.run(&[
        "--task",
        "aime25",
        "--split",
        "demo",
        "-n",
        "1",
        "--base-url",
        &url,
        "--json",
    ]);
    assert_eq!(summary(&finished)["model"], "only-one");
    let server = FakeServer::start(Script::from(good()).models(["one", "two"]));
    let url = server.base_url();
    let finished = place.run(&["--task", "aime25", "--split", "demo", "--base-url", &url]);
    assert_eq!(finished.code, 69, "{finished}");
    assert!(finished.stderr.contains("name one with --model: one, two"), "{finished}");
}

#[test]
fn concurrency_is_what_was_asked_for() {
    let place = workplace();
    let server = FakeServer::start(Script::always(good().after(Duration::from_millis(50))));
    assert_eq!(
        run(&place, &server, &["-n", "4", "--concurrency", "3"]).code,
        64,
        "-n is given twice"
    );
    let url = server.base_url();
    let args = [
        "--task",
        "aime25",
        "--split",
        "demo",
        "-n",
        "4",
        "--concurrency",
        "3",
        "--base-url",
        &url,
        "--model",
        "m",
    ];
    assert_eq!(place.run(&args).code, 0);
    assert_eq!((server.n_requests(), server.max_in_flight()), (16, 3));
}

/// Moderation of one item is no reason to give up the others, on the first run or on any later one.
#[test]
fn one_item_that_is_refused_does_not_keep_the_others_from_being_asked() {
    for status in [400, 403] {
        let place = workplace();
        let server = FakeServer::start(Script::new(move |seen| {
            if seen.question().contains("rectangle") {
                Reply::status(status)
            } else {
                Reply::from(good())
            }
        }));
        let url = server.base_url();
        let args = [
            "--task",
            "aime25",
            "--split",
            "demo",
            "-n",
            "30",
            "--base-url",
            &url,
            "--model",
            "m",
            "--json",
            "--concurrency",
            "4",
        ];
        for _ in 0..2 {
            let finished = place.run(&args);
            assert_eq!(finished.code, 75, "{status}: {finished}");
            let counts = &summary(&finished)["counts"];
            assert_eq!(
                (&counts["failed"], &counts["correct"]),
                (&30.into(), &30.into()),
                "{status}"
            );
        }
    }
}

#[test]
fn secrets_stay_out_of_every_message() {
    let place = workplace();
    std::fs::write(place.path().join("key"), "sk-secret\n").expect("written");
    let nowhere = "http://user:s3cretpw@127.0.0.1:9/v1";
    for model in [&["--model", "m"][..], &[]] {
        let mut args =
            vec!["--task", "aime25", "--split", "demo", "--base-url", nowhere, "--retries", "0"];
        args.extend(["--patience", "0"]);
        args.extend(model);
        let finished = place.run(&args);
        assert_ne!(finished.code, 0);
        assert!(!finished.to_string().contains("s3cretpw"), "{finished}");
    }
    for path in place.run_files() {
        let bytes = std::fs::read(path).expect("a run file");
        assert!(!bytes.windows(8).any(|window| window == b"s3cretpw"));
    }
    std::fs::write(place.path().join("empty"), "\n").expect("written");
    let args =
        ["--task", "aime25", "--split", "demo", "--base-url", nowhere, "--api-key-file", "empty"];
    assert_eq!(place.run(&args).code, 64);
}

#[test]
fn a_query_reaches_the_server_and_its_values_nobody_else() {
    let place = workplace();
    let server = FakeServer::start(good());
    let query = "?api-version=1&api-key=s3cretqv";
    let url = format!("{}{query}", server.base_url());
    let mut args = vec!["--task", "aime25", "--split", "demo", "-n", "1", "--base-url", &url];
    args.extend(["--json", "--patience", "0", "--log", "run.log", "--spans", "spans.jsonl"]);
    let finished = place.run(&args);
    assert_eq!(finished.code, 0, "{finished}");
    let paths: Vec<String> = server.requests().into_iter().map(|seen| seen.path).collect();
    assert!(paths.iter().all(|path| path.ends_with(query)), "{paths:?}");
    assert!(paths.iter().all(|path| path.starts_with("/v1/chat/completions?")), "{paths:?}");
    assert_eq!(summary(&finished)["model"], "fake-model", "the list of models is found, too");
    drop(server);
    let down = place.run(&args);
    assert_ne!(down.code, 0, "{down}");
    let (log, spans) = (place.path().join("run.log"), place.path().join("spans.jsonl"));
    let files = [log, spans, place.run_file()].map(|path| std::fs::read(path).expect("a file"));
    let told = [finished.to_string(), down.to_string()].map(String::into_bytes);
    for bytes in files.into_iter().chain(told) {
        assert!(!bytes.windows(8).any(|window| window == b"s3cretqv"), "{down}");
    }
    assert!(down.stderr.contains("?api-version=***&api-key=***"), "{down}");
}
