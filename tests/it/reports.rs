//! Reports of stored runs in every format, and run files of every format version.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tests::Workplace;

use crate::workplace;

/// Versions of the run file's format of which one is stored in `tests/fixtures/runs`.
const VERSIONS: [u32; 3] = [1, 2, 3];

/// The stored run that reports are shown of: 4 items × 8 samples with every outcome, and hostile texts.
const RUN: &str = "version-2.db";

/// A folder with copies of all stored runs: opening an old one rewrites it.
fn place() -> Workplace {
    let place = workplace();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/runs");
    for version in VERSIONS {
        let name = format!("version-{version}.db");
        fs::copy(fixtures.join(&name), place.path().join(&name)).expect("a copy");
    }
    place
}

/// What `evalrun report` prints.
fn report(place: &Workplace, args: &[&str]) -> String {
    let finished = place.run(&[&["report"], args].concat());
    assert_eq!(finished.code, 0, "{finished}");
    finished.stdout
}

/// The same as JSON.
fn json(place: &Workplace, args: &[&str]) -> Value {
    serde_json::from_str(&report(place, args)).expect("JSON")
}

/// A second run of the same task by another model, with other verdicts on some samples.
fn second_run(place: &Workplace, name: &str, changes: &str) {
    let path = place.path().join(name);
    fs::copy(place.path().join(RUN), &path).expect("a copy");
    let connection = rusqlite::Connection::open(&path).expect("a run file");
    let model =
        "UPDATE run SET value = replace(value, 'org/pretended', 'org/other') WHERE key = 'plan';";
    connection.execute_batch(&format!("{model}{changes}")).expect("an update");
}

const WORSE: &str = "UPDATE verdicts SET outcome = 'incorrect', score = 0 WHERE sample_idx > 1;";

/// Makes a plan say that its source has four of five items.
const PARTIAL: &str =
    "UPDATE run SET value = json_set(value, '$.dataset.n_items_full', 5) WHERE key = 'plan';";

/// Makes a run one of another task by the same model.
const OTHER_TASK: &str = "
    UPDATE run SET value = replace(value, 'org/other', 'org/pretended') WHERE key = 'plan';
    UPDATE run SET value = json_set(value, '$.task', 'other_task') WHERE key = 'plan';
    UPDATE verdicts SET outcome = 'incorrect', score = 0 WHERE sample_idx > 3;";

#[test]
fn run_files_of_every_version_are_reported_and_replayed() {
    let place = place();
    for version in VERSIONS {
        let name = format!("version-{version}.db");
        let summary = json(&place, &[&name, "--format", "json"]);
        assert_eq!(summary["counts"]["correct"], 17, "{summary}");
        let replay = place.run(&["replay", &name]);
        assert_eq!(replay.code, 0, "{replay}");
        assert!(replay.stderr.contains("replay agrees: 28 completions"), "{replay}");
        for format in ["html", "jsonl", "inspect", "junit"] {
            assert!(!report(&place, &[&name, "--format", format]).is_empty());
        }
    }
}

/// Compares what a format gives of the stored run with a snapshot.
fn check(format: &str) {
    let text = report(&place(), &[RUN, "--format", format]);
    insta::assert_snapshot!(format!("report_{}", format.replace('-', "_")), text);
}

#[test]
fn figures_in_every_format() {
    for format in ["table", "md", "csv", "json", "latex", "lm-eval", "every-eval-ever"] {
        check(format);
    }
    check("junit");
    let args = [RUN, "--format", "hf-eval-results", "--hf-dataset", "owner/name:task"];
    insta::assert_snapshot!("report_hf_eval_results", report(&place(), &args));
}

#[test]
fn samples_in_every_format() {
    let place = place();
    let lines = report(&place, &[RUN, "--format", "jsonl"]);
    let rows: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.len(), 32);
    insta::assert_json_snapshot!("report_jsonl", &rows[..4]);
    let mut log = json(&place, &[RUN, "--format", "inspect"]);
    let samples = log["samples"].as_array_mut().expect("samples");
    assert_eq!(samples.len(), 32);
    let is_failed = |sample: &Value| sample["metadata"]["outcome"] == "failed";
    let failed = samples.iter().find(|sample| is_failed(sample)).cloned();
    samples.truncate(2);
    samples.extend(failed);
    insta::assert_json_snapshot!("report_inspect", log);
}

#[test]
fn leaderboards_in_every_format() {
    let place = place();
    second_run(&place, "other.db", &format!("{WORSE}{PARTIAL}"));
    for format in ["table", "md", "latex", "csv", "json"] {
        let args = [RUN, "other.db", "version-1.db", "--leaderboard", "--format", format];
        insta::assert_snapshot!(format!("leaderboard_{format}"), report(&place, &args));
    }
}

#[test]
fn several_tasks_of_a_model_have_means() {
    let place = place();
    second_run(&place, "other.db", OTHER_TASK);
    for format in ["table", "md", "latex", "csv"] {
        let args = [RUN, "other.db", "--format", format];
        insta::assert_snapshot!(format!("means_{format}"), report(&place, &args));
    }
    let all = json(&place, &[RUN, "other.db", "--format", "json"]);
    let all = all.as_array().expect("two runs and their means");
    assert_eq!(all.len(), 3);
    insta::assert_json_snapshot!("means_json", all[2]);
    let page = report(&place, &[RUN, "other.db", "--format", "html"]);
    assert_eq!(taken_apart(&page).0["averages"][0], all[2]);
    // Two models, or two runs of one task, have none.
    second_run(&place, "stranger.db", WORSE);
    for others in [["stranger.db"].as_slice(), &["other.db", "version-1.db"]] {
        let args = [&[RUN], others, &["--format", "json"]].concat();
        assert_eq!(json(&place, &args).as_array().map(Vec::len), Some(others.len() + 1));
    }
}

#[test]
fn a_page_of_one_run_has_a_leaderboard_where_that_is_asked_for() {
    let place = place();
    let has_board = |args: &[&str]| {
        let page = report(&place, &[&[RUN, "--format", "html"], args].concat());
        !taken_apart(&page).0["leaderboard"].is_null()
    };
    assert!(!has_board(&[]) && has_board(&["--leaderboard"]));
}

/// The data of an HTML page, and the page without it, its script and its style.
fn taken_apart(page: &str) -> (Value, String) {
    let mut rest = page;
    let mut frame = String::new();
    let mut data = Value::Null;
    for (start, end) in
        [("<style>", "</style>"), ("id=\"data\">", "</script>"), ("<script>", "</script>")]
    {
        let (before, after) = rest.split_once(start).expect("the element starts");
        let (inside, after) = after.split_once(end).expect("the element ends");
        if start.starts_with("id") {
            data = serde_json::from_str(inside).expect("JSON");
        }
        frame.extend([before, start, "[cut]", end]);
        rest = after;
    }
    (data, frame + rest)
}

/// The page's frame with the hashes of script and style left out, which change with every edit.
fn without_hashes(frame: &str) -> String {
    let parts: Vec<&str> = frame.split("'sha256-").collect();
    let cut =
        |part: &&str| part.split_once('\'').map_or(String::new(), |(_, rest)| rest.to_owned());
    let rest: Vec<String> = parts[1..].iter().map(cut).collect();
    [parts[0].to_owned()].into_iter().chain(rest).collect::<Vec<_>>().join("[hash]")
}

#[test]
fn a_page_holds_its_data_apart_from_its_markup() {
    let place = place();
    second_run(&place, "other.db", WORSE);
    let page = report(&place, &[RUN, "other.db", "--format", "html"]);
    let (mut data, frame) = taken_apart(&page);
    insta::assert_snapshot!("page_frame", without_hashes(&frame));
    assert_eq!(page.matches("<script").count(), 2, "no text became an element");
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains(['\u{2028}', '\u{2029}', '\0']), "no text breaks a line of script");
    let texts = data["runs"][0]["samples"].to_string();
    assert!(texts.contains("</script><script>alert(1)</script><!--"), "the hostile text is whole");
    for run in data["runs"].as_array_mut().expect("runs") {
        assert_eq!(run["samples"].as_array().map(Vec::len), Some(32));
        run["samples"].as_array_mut().expect("samples").truncate(3);
    }
    insta::assert_json_snapshot!("page_data", data);
}

#[test]
fn a_small_page_states_what_it_leaves_out() {
    let args = [RUN, "--format", "html", "--samples", "10"];
    let (data, _) = taken_apart(&report(&place(), &args));
    let run = &data["runs"][0];
    assert_eq!(run["samples"].as_array().map(Vec::len), Some(9));
    let shares: Vec<String> = run["shares"]
        .as_array()
        .expect("shares")
        .iter()
        .map(|share| format!("{} {}/{}", share["outcomes"][0], share["n_shown"], share["n_total"]))
        .collect();
    let expected = [
        "\"correct\" 2/17",
        "\"failed\" 2/4",
        "\"incorrect\" 2/5",
        "\"truncated\" 1/1",
        "\"unparsed\" 2/5",
    ];
    assert_eq!(shares, expected);
}

/// Texts of the stored run that no report may hold where they are withheld.
const TEXTS: [&str; 9] =
    ["Compute", "Simplify", "boxed{", "thought", "count: 1", "frac", "answer</i>", "שלום", "мир"];

/// Whether what a format gives of a run holds texts; it must hold all of them or none.
fn holds_texts(place: &Workplace, format: &str, args: &[&str]) -> bool {
    let text = report(place, &[&["--format", format], args].concat());
    // The frame of a page has words of its own.
    let text = if format == "html" { taken_apart(&text).0.to_string() } else { text };
    let found: Vec<_> = TEXTS.iter().filter(|known| text.contains(**known)).collect();
    assert!(text.contains("unparsed"), "{format} keeps outcomes");
    assert_eq!(found.is_empty(), text.contains("[withheld]"), "{format}: {found:?}");
    !found.is_empty()
}

#[test]
fn texts_are_withheld_where_their_authors_or_the_user_ask_for_it() {
    let place = place();
    let sealed = "UPDATE run SET value = json_set(value, '$.texts', 'kept') WHERE key = 'plan';";
    second_run(&place, "other.db", sealed);
    for format in ["html", "jsonl", "junit", "inspect"] {
        let check = |args: &[&str], expected: bool| {
            assert_eq!(holds_texts(&place, format, args), expected, "{format} {args:?}");
        };
        check(&[RUN], true);
        check(&[RUN, "--no-text"], false);
        check(&["other.db"], false);
        check(&["other.db", "--keep-text"], true);
    }
}

#[test]
fn what_a_format_cannot_hold_is_refused() {
    let place = place();
    let refused = |args: &[&str], expected: &str| {
        let finished = place.run(&[&["report"], args].concat());
        assert_eq!(finished.code, 64, "{finished}");
        assert!(finished.stderr.contains(expected), "{finished}");
    };
    refused(&[RUN, RUN, "--format", "inspect"], "takes one run");
    refused(&[RUN, RUN, "--format", "lm-eval"], "each of another task");
    refused(&[RUN, "--format", "evalplus"], "this is a run of `math500`");
    refused(&[RUN, "--format", "evalplus", "--no-text"], "evalplus holds little but texts");
    refused(&[RUN, "--format", "fastchat-answers"], "fastchat-answers is for dialogues");
    refused(&[RUN, "--format", "fastchat-judgments"], "only dialogues have judgments");
    refused(&[RUN, "--format", "hf-eval-results"], "--hf-dataset");
    refused(&[RUN, "--format", "hf-eval-results", "--hf-dataset", "x"], "owner/name");
    refused(&[RUN, "--format", "junit", "--leaderboard"], "has the layouts");
    refused(&[RUN, "--keep-text", "--no-text"], "cannot be used with");
    second_run(&place, "other.db", OTHER_TASK);
    let two_tasks = [RUN, "other.db", "--format", "hf-eval-results", "--hf-dataset", "o/n:t"];
    refused(&two_tasks, "names one data set");
    // Options that would do nothing.
    refused(&[RUN, "--samples", "5"], "--samples is for --format html");
    refused(&[RUN, "--format", "jsonl", "--samples", "5"], "--samples is for --format html");
    refused(&[RUN, "--hf-dataset", "o/n:t"], "--hf-dataset is for --format hf-eval-results");
    refused(&[RUN, "--keep-text", "--format", "json"], "has figures only");
    refused(&[RUN, "--keep-text", "--leaderboard"], "has figures only");
}

#[test]
fn an_output_file_is_whole_or_absent() {
    let place = place();
    let printed = report(&place, &[RUN, "--format", "md"]);
    assert_eq!(report(&place, &[RUN, "--format", "md", "--output", "report.md"]), "");
    let written = fs::read_to_string(place.path().join("report.md")).expect("a report");
    assert_eq!(written, printed);
    let failed = place.run(&["report", RUN, "--format", "evalplus", "--output", "absent.json"]);
    assert_eq!(failed.code, 64, "{failed}");
    let names = fs::read_dir(place.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let strangers: Vec<String> =
        names.filter(|name| name.contains("absent") || name.contains(".part")).collect();
    assert_eq!(strangers, [""; 0]);
    let nowhere = place.run(&["report", RUN, "--output", "no/such/folder/report.md"]);
    assert_eq!(nowhere.code, 74, "{nowhere}");
}
