//! Thousands of requests: under load, and through chaos.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use tests::Workplace;
use tests::fake_server::{ChatReply, FakeServer, Player, Script};

use crate::workplace;

/// Samples of each of the four demo items.
const N_SAMPLES: usize = 1_250;

type Text = (String, i64, String, String);

fn args<'a>(url: &'a str, n_samples: &'a str) -> Vec<&'a str> {
    let mut args = vec!["--task", "aime25", "--split", "demo", "-n", n_samples, "--json"];
    args.extend(["--quiet", "--base-url", url, "--model", "m", "--concurrency", "64"]);
    args
}

fn texts(place: &Workplace) -> BTreeSet<Text> {
    let connection = rusqlite::Connection::open(place.run_file()).expect("a run file");
    let sql = "SELECT item_id, sample_idx, outcome, completion FROM outcomes";
    let mut statement = connection.prepare(sql).expect("the documented view");
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)));
    let rows: Vec<Text> = rows.expect("rows").map(|row| row.expect("a row")).collect();
    let n_rows = rows.len();
    let rows: BTreeSet<Text> = rows.into_iter().collect();
    assert_eq!(rows.len(), n_rows, "every sample ended once");
    rows
}

fn n_stored(place: &Workplace) -> usize {
    let Some(path) = place.run_files().into_iter().next() else { return 0 };
    let Ok(connection) = rusqlite::Connection::open(path) else { return 0 };
    let count =
        connection.query_row("SELECT count(*) FROM verdicts", [], |row| row.get::<_, i64>(0));
    count.map_or(0, |n| usize::try_from(n).expect("a count"))
}

/// 5,000 requests to a server of which nothing can be relied on, and a process that is killed twice:
/// every sample ends exactly once, with what it has in a calm run.
#[test]
fn chaos_loses_nothing_and_changes_nothing() {
    let n_samples = N_SAMPLES.to_string();
    let player = || Player::new().truncated(0.1).unboxed(0.1).script();
    let (calm_place, calm_server) = (workplace(), FakeServer::start(player()));
    let calm = calm_place.run(&args(&calm_server.base_url(), &n_samples));
    assert_eq!(calm.code, 0, "{calm}");

    let server = FakeServer::start(player().with_chaos(0.3, 11));
    let (place, url) = (workplace(), server.base_url());
    let mut args = args(&url, &n_samples);
    // A silent server is left after a second.
    args.extend(["--idle-timeout", "1"]);
    for n in [500, 2_000] {
        let mut child = place.command(&args).spawn().expect("evalrun starts");
        let started = Instant::now();
        while n_stored(&place) < n {
            assert!(child.try_wait().expect("a child").is_none(), "it ended before it was killed");
            assert!(started.elapsed() < Duration::from_mins(2), "the run stands still");
            std::thread::yield_now();
        }
        let kill = Command::new("kill").args(["-KILL", &child.id().to_string()]).status();
        assert!(kill.expect("kill starts").success());
        child.wait().expect("an exit status");
    }
    let n_before = n_stored(&place);
    assert!(n_before < 4 * N_SAMPLES, "the run was over before it was killed");
    let resumed = place.run(&args);
    assert_eq!(resumed.code, 0, "{resumed}");
    let (calm, resumed) = (texts(&calm_place), texts(&place));
    assert_eq!(resumed.len(), 4 * N_SAMPLES);
    assert!(calm == resumed, "{:?}", calm.symmetric_difference(&resumed).next());
    println!("{} requests for {} samples", server.n_requests(), resumed.len());
}

/// A server with a fixed latency: what a run adds to it is printed, with processor time and memory.
#[test]
fn two_thousand_requests_at_concurrency_256() {
    const LATENCY: Duration = Duration::from_millis(500);
    let reply = ChatReply::new("Let me see. \\boxed{42}").after(LATENCY);
    let server = FakeServer::start(Script::always(reply));
    let (place, url) = (workplace(), server.base_url());
    let mut args = args(&url, "500");
    let at = args.iter().position(|arg| *arg == "64").expect("a concurrency");
    args[at] = "256";
    let started = Instant::now();
    let finished = place.run(&args);
    let wall = started.elapsed().as_secs_f64();
    assert_eq!(finished.code, 0, "{finished}");
    assert_eq!((server.n_requests(), server.max_in_flight()), (2_000, 256));
    assert_eq!(texts(&place).len(), 2_000);
    let ideal = LATENCY.as_secs_f64() * (2_000.0_f64 / 256.0).ceil();
    println!("wall {wall:.2} s, ideal {ideal:.2} s: {:.3} times", wall / ideal);
}
