//! Judgments in the run file: kept, replaced only where they failed, and added to files of before.

use std::collections::BTreeMap;
use std::path::Path;

use results::{
    Failure, JudgeConfig, JudgeMode, JudgeReply, JudgmentKey, JudgmentRecord, JudgmentResult,
    JudgmentWriter, Plan, RunFile, RunWriter, Session, Setting, Texts,
};
use tasks::{
    Completion, DialogueTarget, EpisodeKind, ExtractorKind, Fingerprint, Finish, Item, ItemId,
    JudgeKind, Language, Message, MetricKind, PromptSet, Reading, Role, SampleKey, Target,
    Temperatures, Timing,
};

mod made;

fn fingerprint(model: &str) -> Fingerprint {
    Fingerprint {
        backend: "scripted".to_owned(),
        model: model.to_owned(),
        weights_sha256: None,
        details: BTreeMap::new(),
    }
}

fn plan() -> Plan {
    Plan {
        language: Language::Russian,
        episode: EpisodeKind::FixedTurns,
        extractor: ExtractorKind::Response,
        judge: JudgeKind::Dialogue,
        metrics: vec![MetricKind::Ratings],
        texts: Texts::Sealed,
        temperatures: Temperatures(BTreeMap::from([("math".to_owned(), 0.0)])),
        reasoning_tokens: Some(5),
        n_samples: 1,
        ..made::plan()
    }
}

fn create(path: &Path) {
    let turns = vec!["Раз?".to_owned(), "Два?".to_owned()];
    let target = DialogueTarget {
        question_id: "7".to_owned(),
        category: "math".to_owned(),
        turns,
        references: Vec::new(),
    };
    let item = Item {
        id: ItemId("x".to_owned()),
        fields: BTreeMap::new(),
        target: Target::Dialogue(target),
    };
    let session = Session {
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        settings: "{}".to_owned(),
        judge: ("dialogue".to_owned(), 1),
        environment: Vec::new(),
    };
    RunWriter::create(path, &plan(), &[&item], &session).expect("a new file");
}

fn config() -> JudgeConfig {
    JudgeConfig {
        mode: JudgeMode::Single,
        model: fingerprint("j"),
        prompts: PromptSet::Upstream,
        prompts_sha256: "p".repeat(64),
        references_sha256: None,
        sampling: made::sampling(),
        reminds: false,
        is_self: false,
    }
}

fn key(judge_id: i64, turn: u32) -> JudgmentKey {
    JudgmentKey {
        judge_id,
        sample: SampleKey { item: ItemId("x".to_owned()), sample_idx: 0 },
        turn,
        setting: Setting::Alone,
        judge_sample_idx: 0,
    }
}

fn record(key: JudgmentKey, result: JudgmentResult) -> JudgmentRecord {
    JudgmentRecord {
        key,
        template: "single-v1".to_owned(),
        messages: vec![Message::new(Role::User, "Ну?")],
        result,
        finished_at: "2026-01-01T00:00:01Z".to_owned(),
    }
}

fn read(value: f64) -> JudgmentResult {
    let reply = Completion {
        text: format!("[[{value}]]"),
        reasoning: Some("мысль".to_owned()),
        tool_calls: Vec::new(),
        reasoning_opened_by_template: false,
        finish: Finish::Stop,
        usage: None,
        timing: Timing::default(),
        shared: None,
    };
    let reading = Reading::Rating { value, in_language: None };
    JudgmentResult::Read(Box::new(JudgeReply { reply, first_reply: None, reading }))
}

fn failed() -> JudgmentResult {
    JudgmentResult::Failed(Failure { kind: "timeout".to_owned(), message: "too slow".to_owned() })
}

#[test]
fn a_failed_judgment_is_replaced_and_a_read_one_is_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.db");
    create(&path);
    let mut writer = JudgmentWriter::open(&path).expect("a writer");
    let judge_id = writer.register(&config(), 1).expect("a judge");
    assert_eq!(writer.register(&config(), 1).expect("the same judge"), judge_id);
    let records = [record(key(judge_id, 1), read(7.0)), record(key(judge_id, 2), failed())];
    writer.append(&records).expect("stored");
    let coverage = |path: &Path| {
        let summary = RunFile::open(path).expect("readable").summary().expect("a summary");
        let coverage = summary.ratings.judges[0].coverage;
        (coverage.planned, coverage.judged, coverage.failed, coverage.pending)
    };
    assert_eq!(coverage(&path), (2, 1, 1, 0));
    let again = [record(key(judge_id, 1), read(1.0)), record(key(judge_id, 2), read(8.0))];
    writer.append(&again).expect("stored");
    drop(writer);
    assert_eq!(coverage(&path), (2, 2, 0, 0));
    let run = RunFile::open(&path).expect("readable");
    let judgments = run.judgments().expect("judgments");
    let ratings: Vec<_> = judgments.iter().filter_map(|j| j.reading()?.rating()).collect();
    assert_eq!(ratings, [7.0, 8.0]);
    assert_eq!(judgments[0].result, records[0].result, "what was stored comes back");
    assert_eq!(run.judge_messages(&key(judge_id, 1)).expect("a prompt")[0].content, "Ну?");
}

#[test]
fn files_of_version_2_learn_of_judges() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.db");
    create(&path);
    let connection = rusqlite::Connection::open(&path).expect("opened");
    let old = "DROP VIEW ratings; DROP TABLE judgments; DROP TABLE opponents; DROP TABLE judges;
               PRAGMA user_version = 2";
    connection.execute_batch(old).expect("as version 2 was");
    drop(connection);
    assert!(RunFile::open(&path).expect("readable").judges().expect("judges").is_empty());
    let mut writer = JudgmentWriter::open(&path).expect("a writer");
    let judge_id = writer.register(&config(), 1).expect("a judge");
    writer.append(&[record(key(judge_id, 1), read(7.0))]).expect("stored");
    let connection = rusqlite::Connection::open(&path).expect("opened");
    let version: i64 =
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a version");
    assert_eq!(version, 5);
    let rating: f64 = connection
        .query_row("SELECT rating FROM ratings WHERE judge = 'j'", [], |row| row.get(0))
        .expect("the documented view");
    assert!((rating - 7.0).abs() < 1e-9);
}
