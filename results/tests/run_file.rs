//! The run file keeps what was appended, resumes only the same plan, and tells strangers apart.

use std::collections::BTreeMap;
use std::path::Path;

use results::{Failure, RunFile, RunWriter, SampleRecord, SampleResult, Session, StoreError};
use tasks::{
    Answer, Completion, Finish, Item, ItemId, Judgement, Message, Request, Role, SampleKey,
    SampleSeed, SharedRequest, Target, Timing, Transcript, Turn, Usage, Verdict,
};

mod made;

use made::{plan, sampling};

fn items() -> Vec<Item> {
    ["x", "y"]
        .map(|id| Item {
            id: ItemId(id.to_owned()),
            fields: BTreeMap::from([("problem".to_owned(), format!("{id}?"))]),
            target: Target::Integer("7".to_owned()),
        })
        .into()
}

fn session() -> Session {
    Session {
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        settings: "{}".to_owned(),
        judge: ("integer".to_owned(), 1),
        environment: vec![("machine".to_owned(), "made".to_owned())],
    }
}

fn key(item: &str, sample_idx: u32) -> SampleKey {
    SampleKey { item: ItemId(item.to_owned()), sample_idx }
}

fn judged(item: &str, sample_idx: u32, text: &str, verdict: Verdict) -> SampleRecord {
    let completion = Completion {
        text: text.to_owned(),
        reasoning: Some("мысль".to_owned()),
        tool_calls: Vec::new(),
        reasoning_opened_by_template: true,
        finish: Finish::Stop,
        usage: Some(Usage {
            prompt_tokens: 3,
            completion_tokens: 5,
            reasoning_tokens: Some(1),
            cached_tokens: Some(2),
        }),
        timing: Timing { latency_ms: 12, first_token_ms: Some(4), n_attempts: 2 },
        shared: None,
    };
    let messages = vec![Message::new(Role::User, format!("{item}?"))];
    let request =
        Request { messages, tools: Vec::new(), sampling: sampling(), seed: SampleSeed(sample_idx) };
    let answer =
        Answer::Found { text: text.to_owned(), vote: text.to_owned(), rule: "boxed".to_owned() };
    SampleRecord {
        key: key(item, sample_idx),
        seed: SampleSeed(sample_idx),
        result: SampleResult::Judged {
            transcript: Transcript { turns: vec![Turn { request, completion }] },
            judgement: Judgement {
                answer,
                verdict,
                explanation: "because".to_owned(),
                detail: None,
            },
        },
        finished_at: "2026-01-01T00:00:01Z".to_owned(),
    }
}

fn failed(item: &str, sample_idx: u32) -> SampleRecord {
    let failure = Failure { kind: "timeout".to_owned(), message: "too slow".to_owned() };
    SampleRecord {
        result: SampleResult::Failed(failure),
        ..judged(item, sample_idx, "", Verdict::Correct)
    }
}

fn create(path: &Path) -> RunWriter {
    let items = items();
    RunWriter::create(path, &plan(), &items.iter().collect::<Vec<_>>(), &session())
        .expect("a new file")
}

#[test]
fn what_was_appended_comes_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.db");
    let records = [
        judged("x", 0, "7\u{0}\u{1F600}", Verdict::Correct),
        judged("x", 1, "8", Verdict::Incorrect),
    ];
    let mut writer = create(&path);
    writer.append(&records, 1500).expect("stored");
    writer.append(&[failed("y", 0)], 2000).expect("stored");
    // The writer is forgotten, not finished: a killed process leaves the same state behind.
    std::mem::forget(writer);

    let run = RunFile::open(&path).expect("readable");
    assert_eq!(run.plan(), &plan());
    assert_eq!(run.items().expect("items"), items());
    let mut seen = Vec::new();
    run.for_each_judged(|sample| -> Result<(), StoreError> {
        seen.push((sample.key, sample.transcript));
        Ok(())
    })
    .expect("samples");
    let expected: Vec<_> = records
        .iter()
        .map(|record| match &record.result {
            SampleResult::Judged { transcript, .. } => (record.key.clone(), transcript.clone()),
            SampleResult::Failed(_) => unreachable!("only judged samples are compared"),
        })
        .collect();
    assert_eq!(seen, expected);
    let summary = run.summary().expect("a summary");
    assert_eq!(
        (
            summary.counts.correct,
            summary.counts.incorrect,
            summary.counts.failed,
            summary.counts.pending
        ),
        (1, 1, 1, 1)
    );
    assert_eq!(summary.partial_source.as_deref(), Some("2 of 3 items (partial source)"));
    assert_eq!((summary.tokens.prompt, summary.tokens.completion), (6, 10));
    assert!(!summary.complete);
    // The failed item is left out of the mean instead of being scored as wrong.
    assert!((summary.metrics[0].estimate.value - 0.5).abs() < 1e-12);
    assert_eq!(summary.metrics[0].estimate.n_items, 1);
}

#[test]
fn a_failed_sample_is_replaced_and_a_judged_one_is_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.db");
    create(&path)
        .append(&[failed("x", 0), judged("x", 1, "7", Verdict::Correct)], 1)
        .expect("stored");
    let mut writer = RunWriter::resume(&path, &plan(), &session()).expect("the same plan");
    writer.append(&[judged("x", 0, "7", Verdict::Correct)], 1).expect("a retried failure");
    writer.append(&[judged("x", 1, "8", Verdict::Incorrect)], 1).expect_err("a second verdict");
    drop(writer);
    let summary = RunFile::open(&path).expect("readable").summary().expect("a summary");
    assert_eq!(
        (summary.counts.correct, summary.counts.incorrect, summary.counts.failed),
        (2, 0, 0)
    );
}

fn check_refused(result: Result<RunWriter, StoreError>, expected: &str) {
    let message = result.expect_err("refused").to_string();
    assert!(message.contains(expected), "{message}");
}

#[test]
fn other_plans_other_writers_and_other_files_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.db");
    let writer = create(&path);
    check_refused(RunWriter::resume(&path, &plan(), &session()), "another evalrun process");
    drop(writer);
    let mut other = plan();
    other.sampling.temperature = 0.7;
    other.sampling.top_p = Some(0.9);
    check_refused(
        RunWriter::resume(&path, &other, &session()),
        "sampling.temperature: the run has 0.5, this command asks for 0.7\n  sampling.top_p: the run has null",
    );
    check_refused(
        RunWriter::resume(&folder.path().join("absent.db"), &plan(), &session()),
        "no such file",
    );
    let stranger = folder.path().join("stranger.db");
    std::fs::write(
        &stranger,
        "not a database, but long enough to have a header of a hundred bytes".repeat(4),
    )
    .expect("written");
    check_refused(RunWriter::resume(&stranger, &plan(), &session()), "cannot open");
    let connection = rusqlite::Connection::open(folder.path().join("foreign.db")).expect("created");
    connection.execute_batch("CREATE TABLE t (x)").expect("a table");
    check_refused(
        RunWriter::resume(&folder.path().join("foreign.db"), &plan(), &session()),
        "not an evalrun run file",
    );
    let connection = rusqlite::Connection::open(&path).expect("opened");
    connection.pragma_update(None, "user_version", 9).expect("written");
    check_refused(RunWriter::resume(&path, &plan(), &session()), "format version 9");
}

fn version(connection: &rusqlite::Connection) -> i64 {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a version")
}

/// Makes a run file what the first version wrote.
fn make_old(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).expect("opened");
    let sql = "DROP VIEW ratings; DROP TABLE judgments; DROP TABLE opponents; DROP TABLE judges;
               DROP TABLE shared_requests; ALTER TABLE verdicts DROP COLUMN detail;
               ALTER TABLE turns DROP COLUMN cached_tokens;
               ALTER TABLE turns DROP COLUMN tool_calls;
               ALTER TABLE prompts DROP COLUMN base; PRAGMA user_version = 1;";
    connection.execute_batch(sql).expect("an old file");
    connection
}

#[test]
fn an_old_file_is_read_as_it_is_and_changed_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.db");
    let mut writer = create(&path);
    writer.append(&[judged("x", 0, "7", Verdict::Correct)], 1).expect("stored");
    writer.finish(1).expect("finished");
    let other = make_old(&path);

    let run = RunFile::open(&path).expect("readable");
    let summary = run.summary().expect("a summary");
    assert_eq!((summary.counts.correct, summary.tokens.cached), (1, None));
    assert!(run.judges().expect("judges").is_empty() && run.judgments().expect("none").is_empty());
    run.for_each_judged(|_| Ok::<(), StoreError>(())).expect("samples");
    assert!(!run.is_complete().expect("a count"));
    drop(run);
    assert_eq!(version(&other), 1, "whoever reads changes nothing");

    // While another process has the file, it cannot be changed, and is not changed in part.
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let refused = RunWriter::resume(&path, &plan(), &session()).expect_err("a locked file");
    assert!(refused.to_string().contains("locked"), "{refused}");
    other.execute_batch("ROLLBACK").expect("no lock");
    assert_eq!(version(&other), 1);

    let mut writer = RunWriter::resume(&path, &plan(), &session()).expect("the same plan");
    let rest = [
        judged("x", 1, "7", Verdict::Correct),
        judged("y", 0, "7", Verdict::Correct),
        judged("y", 1, "8", Verdict::Incorrect),
    ];
    writer.append(&rest, 1).expect("stored");
    writer.finish(1).expect("finished");
    assert!(version(&other) > 1);
    let run = RunFile::open(&path).expect("readable");
    assert_eq!(run.summary().expect("a summary").tokens.cached, Some(6));
    assert!(run.is_complete().expect("a count"));
}

/// A sample that came with others in one request, whose own tokens are known or not.
fn of_shared(sample_idx: u32, n_choices: u32, n_tokens: Option<u64>) -> SampleRecord {
    let mut record = judged("x", sample_idx, "7", Verdict::Correct);
    let usage = |completion_tokens| Usage {
        prompt_tokens: 100,
        completion_tokens,
        reasoning_tokens: None,
        cached_tokens: Some(60),
    };
    if let SampleResult::Judged { transcript, .. } = &mut record.result {
        let completion = &mut transcript.turns[0].completion;
        completion.usage = n_tokens.map(usage);
        completion.timing.n_attempts = 1;
        completion.shared = Some(SharedRequest {
            id: u64::from(n_choices),
            choice_idx: sample_idx,
            n_choices,
            seed: SampleSeed(0),
            is_leader: sample_idx == 0,
            usage: Some(usage(30)),
        });
    }
    record
}

/// Tokens and requests in a summary, and the average length.
fn check_shared(records: &[SampleRecord], expected: (u64, u64, u64), length: Option<f64>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.db");
    let mut writer = create(&path);
    writer.append(records, 1).expect("stored");
    writer.finish(1).expect("finished");
    let summary = RunFile::open(&path).expect("readable").summary().expect("a summary");
    let (tokens, serving) = (summary.tokens, summary.serving.expect("requests"));
    let n_shared = serving.shared.map(|shared| shared.n_samples);
    assert_eq!((tokens.prompt, tokens.completion, serving.n_requests), expected);
    assert_eq!((tokens.n_unreported, n_shared), (0, Some(records.len() as u64)));
    assert_eq!(tokens.cached, Some(60));
    assert_eq!(summary.avg_length.map(|length| length.value), length);
}

#[test]
fn a_request_of_several_samples_is_counted_once() {
    let known = [of_shared(0, 2, Some(10)), of_shared(1, 2, Some(20))];
    check_shared(&known, (100, 30, 1), Some(15.0));
    let unknown = [of_shared(0, 2, None), of_shared(1, 2, None)];
    check_shared(&unknown, (100, 30, 1), Some(15.0));
    // One that was stored before a crash was paid for whole, and nobody knows how long it was.
    check_shared(&[of_shared(0, 2, None)], (100, 30, 1), None);
}
