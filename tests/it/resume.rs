//! Killed, interrupted and continued runs.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::fake_server::{FakeServer, Player};
use tests::{Finished, Workplace};

use crate::workplace;

const N_SAMPLES: usize = 4 * 24;

fn player() -> FakeServer {
    FakeServer::start(Player::new().truncated(0.1).unboxed(0.1).script().with_faults(0.1, 7))
}

fn args(url: &str) -> Vec<&str> {
    let mut args =
        vec!["--task", "aime25", "--split", "demo", "-n", "24", "--json", "--concurrency", "4"];
    args.extend(["--base-url", url, "--model", "m"]);
    args
}

/// Everything a summary says, except for what must differ: the file, its speed, and the endpoint's
/// port, which is no part of it.
fn numbers(finished: &Finished) -> Value {
    let mut summary: Value =
        serde_json::from_str(&finished.stdout).unwrap_or_else(|err| panic!("{err}: {finished}"));
    let fields = summary.as_object_mut().expect("an object");
    fields.remove("run_file");
    fields.remove("wall_s");
    fields.remove("serving");
    summary
}

fn n_stored(place: &Workplace) -> usize {
    n_rows(place, "verdicts")
}

fn n_rows(place: &Workplace, what: &str) -> usize {
    let files = place.run_files();
    let Some(path) = files.first() else { return 0 };
    let Ok(connection) = rusqlite::Connection::open(path) else { return 0 };
    connection
        .query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get::<_, i64>(0))
        .map_or(0, |n| usize::try_from(n).expect("a count"))
}

/// Waits until the run has stored at least `n` samples.
fn wait_for(place: &Workplace, child: &mut Child, n: usize) {
    wait_for_rows(place, child, ("verdicts", n));
}

fn wait_for_rows(place: &Workplace, child: &mut Child, (what, n): (&str, usize)) {
    let started = Instant::now();
    while n_rows(place, what) < n {
        let is_over = child.try_wait().expect("a child").is_some();
        assert!(!is_over, "the run ended before it could be stopped");
        assert!(started.elapsed() < Duration::from_mins(1), "the run stands still");
        std::thread::yield_now();
    }
}

fn texts(place: &Workplace) -> Vec<(String, i64, String, String)> {
    let connection = rusqlite::Connection::open(place.run_file()).expect("a run file");
    let sql = "SELECT item_id, sample_idx, outcome, completion FROM outcomes ORDER BY 1, 2";
    let mut statement = connection.prepare(sql).expect("the documented view");
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)));
    rows.expect("rows").map(|row| row.expect("a row")).collect()
}

/// Stops a run with `signal` twice and continues it: same numbers, same texts, nothing lost or
/// asked for twice that was stored.
fn check(signal: &str, expected_code: Option<i32>) {
    let calm_server = player();
    let calm_place = workplace();
    let calm = calm_place.run(&args(&calm_server.base_url()));
    assert_eq!(calm.code, 0, "{calm}");

    let server = FakeServer::start(
        tests::fake_server::Script::new({
            let player = Player::new().truncated(0.1).unboxed(0.1);
            move |seen: &tests::fake_server::SeenRequest| {
                player.reply(seen).after(Duration::from_millis(15))
            }
        })
        .with_faults(0.1, 7),
    );
    let place = workplace();
    let url = server.base_url();
    for n in [10, 40] {
        let mut child = place.command(&args(&url)).spawn().expect("evalrun starts");
        wait_for(&place, &mut child, n);
        let kill = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(kill.expect("kill starts").success());
        assert_eq!(child.wait().expect("an exit status").code(), expected_code);
        assert!(n_stored(&place) < N_SAMPLES, "the run was over before it was stopped");
    }
    let resumed = place.run(&args(&url));
    assert_eq!(resumed.code, 0, "{resumed}");
    assert!(resumed.stderr.contains("continuing"), "{resumed}");
    assert_eq!(numbers(&resumed), numbers(&calm));
    assert_eq!(texts(&place), texts(&calm_place));
    let replay = place.run(&["replay", place.run_file().to_str().expect("UTF-8")]);
    assert_eq!(replay.code, 0, "{replay}");
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    check("-KILL", None);
}

#[test]
fn an_interrupted_run_stops_cleanly_and_goes_on() {
    check("-INT", Some(130));
}

/// When no run is under way, nothing stands between Ctrl-C and the end of the command; here it waits for
/// a collector that never answers.
#[test]
fn a_command_whose_run_is_over_can_be_interrupted() {
    let collector = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let spans = format!("http://{}/v1/traces", collector.local_addr().expect("an address"));
    let (place, server) = (workplace(), player());
    let url = server.base_url();
    let mut args = args(&url);
    args.extend(["--spans", &spans]);
    let mut child = place.command(&args).spawn().expect("evalrun starts");
    wait_for_rows(&place, &mut child, ("events WHERE kind = 'done'", 1));
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill starts").success());
    assert_eq!(child.wait().expect("an exit status").code(), Some(130));
    assert_eq!(n_stored(&place), N_SAMPLES);
}

#[test]
fn a_finished_run_is_not_continued_and_plans_do_not_mix() {
    let (place, server) = (workplace(), player());
    let url = server.base_url();
    assert_eq!(place.run(&args(&url)).code, 0);
    let first = place.run_file();
    assert_eq!(place.run(&args(&url)).code, 0);
    assert_eq!(place.run_files().len(), 2, "a finished run stays as it is");
    let mut other = args(&url);
    let first = first.to_str().expect("UTF-8");
    other.extend(["--temperature", "1.0", "--seed", "5", "--resume", first]);
    let finished = place.run(&other);
    assert_eq!(finished.code, 64, "{finished}");
    assert!(
        finished
            .stderr
            .contains("sampling.temperature: the run has 0.6, this command asks for 1.0"),
        "{finished}"
    );
    assert!(
        finished.stderr.contains("run_seed: the run has 0, this command asks for 5"),
        "{finished}"
    );
}

#[test]
fn an_unfinished_run_with_another_plan_is_pointed_out() {
    let place = workplace();
    let server = FakeServer::start(tests::fake_server::Script::always(
        tests::fake_server::Reply::status(400),
    ));
    let url = server.base_url();
    assert_eq!(place.run(&args(&url)).code, 75);
    let mut other = args(&url);
    other.extend(["--top-p", "0.5", "--limit", "2"]);
    let finished = place.run(&other);
    assert!(finished.stderr.contains("dataset.n_items: the run has 4"), "{finished}");
    assert!(!finished.stderr.contains("items_sha256"), "the number says it: {finished}");
    assert!(finished.stderr.contains("has another plan"), "{finished}");
    assert!(
        finished.stderr.contains("sampling.top_p: the run has 0.95, this command asks for 0.5"),
        "{finished}"
    );
    assert_eq!(place.run_files().len(), 2);
}

#[test]
fn two_processes_do_not_write_one_run() {
    let place = workplace();
    let slow = tests::fake_server::ChatReply::new("\\boxed{1}").after(Duration::from_millis(100));
    let server = FakeServer::start(tests::fake_server::Script::always(slow));
    let url = server.base_url();
    let mut child = place.command(&args(&url)).spawn().expect("evalrun starts");
    wait_for(&place, &mut child, 1);
    let second = place.run(&args(&url));
    assert_eq!(second.code, 74, "{second}");
    assert!(second.stderr.contains("is being written by another evalrun process"), "{second}");
    child.kill().expect("killed");
    child.wait().expect("an exit status");
}
