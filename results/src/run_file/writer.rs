//! Writing a run.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, params};
use tasks::{Answer, Completion, Item, Judgement, Request, SampleKey, Transcript};

use super::lock::WriterLock;
use super::{
    APPLICATION_ID, FORMAT_VERSION, JUDGMENTS_SCHEMA, REQUESTS_SCHEMA, RunFile, SCHEMA, at, open,
    shared,
};
use crate::seal::TextForm;
use crate::{JudgeConfig, Plan, SampleRecord, SampleResult, StoreError};

/// The one writer of a run file.
#[derive(Debug)]
pub struct RunWriter {
    connection: Connection,
    path: PathBuf,
    session_id: i64,
    judge: (String, u32),
    form: TextForm,
    _lock: WriterLock,
}

/// Something that happened to the run besides samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// When, RFC 3339.
    pub at: String,
    /// The stable name of its kind.
    pub kind: &'static str,
    /// What, in words.
    pub detail: String,
}

/// What is recorded of the process that writes.
#[derive(Debug, Clone)]
pub struct Session {
    /// When it started, RFC 3339.
    pub started_at: String,
    /// Settings that cannot change a sample, as JSON.
    pub settings: String,
    /// The judge's name and version, stored with every verdict.
    pub judge: (String, u32),
    /// Facts about the machine and the program, stored when the run is created.
    pub environment: Vec<(String, String)>,
}

impl RunWriter {
    /// Creates a new run file for `plan` with its `items`.
    pub fn create(
        path: &Path,
        plan: &Plan,
        items: &[&Item],
        session: &Session,
    ) -> Result<Self, StoreError> {
        let refuse = |reason: String| StoreError::Create { path: path.to_owned(), reason };
        if path.exists() {
            return Err(refuse("the file exists already".to_owned()));
        }
        let lock = WriterLock::take(path)?;
        let mut connection = Connection::open(path).map_err(|err| refuse(err.to_string()))?;
        configure(&connection).map_err(|err| refuse(err.to_string()))?;
        let transaction = connection.transaction().map_err(at(path))?;
        lay_out(&transaction, plan, items, session).map_err(|err| refuse(err.to_string()))?;
        transaction.commit().map_err(|err| refuse(err.to_string()))?;
        Self::start_session(connection, path, (session, plan), lock)
    }

    /// Continues the run at `path`, which must have been started with this very `plan`.
    pub fn resume(path: &Path, plan: &Plan, session: &Session) -> Result<Self, StoreError> {
        let stored = RunFile::open(path)?;
        let differences = stored.plan().differences(plan);
        if !differences.is_empty() {
            return Err(StoreError::OtherPlan { path: path.to_owned(), differences });
        }
        let lock = WriterLock::take(path)?;
        let connection = open(path)?;
        configure(&connection).map_err(at(path))?;
        Self::start_session(connection, path, (session, plan), lock)
    }

    fn start_session(
        connection: Connection,
        path: &Path,
        (session, plan): (&Session, &Plan),
        lock: WriterLock,
    ) -> Result<Self, StoreError> {
        let sql = "INSERT INTO sessions (started_at, wall_ms, settings) VALUES (?1, 0, ?2)";
        connection.execute(sql, params![session.started_at, session.settings]).map_err(at(path))?;
        let session_id = connection.last_insert_rowid();
        let judge = session.judge.clone();
        let form = TextForm::new(plan.texts);
        Ok(Self { connection, path: path.to_owned(), session_id, judge, form, _lock: lock })
    }

    /// The run file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Stores samples in one durable transaction; `wall_ms` is how long this session has run.
    pub fn append(&mut self, records: &[SampleRecord], wall_ms: u64) -> Result<(), StoreError> {
        self.append_all(records, &[], wall_ms)
    }

    /// Stores samples and what else happened in one durable transaction.
    pub fn append_all(
        &mut self,
        records: &[SampleRecord],
        happenings: &[Happening],
        wall_ms: u64,
    ) -> Result<(), StoreError> {
        let Self { connection, path, session_id, judge, form, .. } = self;
        let transaction = connection.transaction().map_err(at(path))?;
        let write = || -> rusqlite::Result<()> {
            for record in records {
                store(&transaction, record, judge, *form)?;
            }
            for happening in happenings {
                log(&transaction, happening)?;
            }
            let sql = "UPDATE sessions SET wall_ms = ?1 WHERE session_id = ?2";
            transaction.execute(sql, params![wall_ms.cast_signed(), *session_id]).map(drop)
        };
        write().map_err(at(path))?;
        transaction.commit().map_err(at(path))
    }

    /// Makes a judge known whose ratings belong to the run: without them it is not complete.
    pub fn register_judge(
        &mut self,
        config: &JudgeConfig,
        n_samples: u32,
    ) -> Result<(), StoreError> {
        super::judgments::register(&self.connection, config, n_samples)
            .map(drop)
            .map_err(at(&self.path))
    }

    /// Folds the write-ahead log into the file, so that the run is one file again.
    pub fn finish(self, wall_ms: u64) -> Result<(), StoreError> {
        let sql = "UPDATE sessions SET wall_ms = ?1 WHERE session_id = ?2";
        self.connection
            .execute(sql, params![wall_ms.cast_signed(), self.session_id])
            .map_err(at(&self.path))?;
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(at(&self.path))
    }
}

pub(super) fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")
}

fn lay_out(
    transaction: &Transaction<'_>,
    plan: &Plan,
    items: &[&Item],
    session: &Session,
) -> rusqlite::Result<()> {
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", FORMAT_VERSION)?;
    transaction.execute_batch(SCHEMA)?;
    transaction.execute_batch(JUDGMENTS_SCHEMA)?;
    transaction.execute_batch(REQUESTS_SCHEMA)?;
    let form = TextForm::new(plan.texts);
    let plan = serde_json::to_string(plan).expect("a plan is plain data");
    let facts = [("plan".to_owned(), plan), ("created_at".to_owned(), session.started_at.clone())];
    for (key, value) in facts.iter().chain(&session.environment) {
        transaction.execute("INSERT INTO run (key, value) VALUES (?1, ?2)", params![key, value])?;
    }
    let sql = "INSERT INTO items (item_id, position, fields, target) VALUES (?1, ?2, ?3, ?4)";
    let mut insert = transaction.prepare(sql)?;
    for (position, item) in items.iter().enumerate() {
        let fields = serde_json::to_string(&item.fields).expect("fields are plain strings");
        let target = serde_json::to_string(&item.target).expect("a target is plain data");
        let (fields, target) = (form.kept(&fields), form.kept(&target));
        insert.execute(params![item.id.0, position.cast_signed(), fields, target])?;
    }
    Ok(())
}

/// Stores one sample. A sample that failed in an earlier session is replaced; a judged one never is,
/// because the engine does not ask for it again.
fn store(
    transaction: &Transaction<'_>,
    record: &SampleRecord,
    judge: &(String, u32),
    form: TextForm,
) -> rusqlite::Result<()> {
    let (status, n_turns, failure) = match &record.result {
        SampleResult::Judged { transcript, .. } => ("judged", transcript.turns.len(), None),
        SampleResult::Failed(failure) => ("failed", 0, Some(failure)),
    };
    transaction
        .prepare_cached(
            "INSERT INTO samples (item_id, sample_idx, seed, status, n_turns, error_kind, error, finished_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (item_id, sample_idx) DO UPDATE SET
                 status = excluded.status, n_turns = excluded.n_turns,
                 error_kind = excluded.error_kind, error = excluded.error,
                 finished_at = excluded.finished_at
             WHERE samples.status = 'failed'",
        )?
        .execute(params![
            record.key.item.0,
            record.key.sample_idx,
            record.seed.0,
            status,
            n_turns.cast_signed(),
            failure.map(|failure| &failure.kind),
            failure.map(|failure| form.kept(&failure.message)),
            record.finished_at,
        ])?;
    if let SampleResult::Judged { transcript, judgement } = &record.result {
        store_turns(transaction, &record.key, transcript, form)?;
        store_verdict(transaction, &record.key, (judgement, judge), form)?;
    }
    Ok(())
}

fn log(transaction: &Transaction<'_>, happening: &Happening) -> rusqlite::Result<()> {
    let Happening { at, kind, detail } = happening;
    transaction
        .prepare_cached("INSERT INTO events (at, kind, detail) VALUES (?1, ?2, ?3)")?
        .execute(params![at, kind, detail])
        .map(drop)
}

fn store_turns(
    transaction: &Transaction<'_>,
    key: &SampleKey,
    transcript: &Transcript,
    form: TextForm,
) -> rusqlite::Result<()> {
    let mut before: Option<(&Request, String)> = None;
    for (turn_idx, turn) in transcript.turns.iter().enumerate() {
        let sha256 = store_prompt(transaction, &turn.request, before.as_ref(), form)?;
        before = Some((&turn.request, sha256.clone()));
        let completion = &turn.completion;
        let usage = completion.usage;
        let sql = "INSERT INTO turns
                       (item_id, sample_idx, turn_idx, prompt_sha256, completion, reasoning,
                        reasoning_opened_by_template, finish_reason, prompt_tokens,
                        completion_tokens, reasoning_tokens, latency_ms, first_token_ms,
                        n_attempts, cached_tokens, tool_calls)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
        transaction.prepare_cached(sql)?.execute(params![
            key.item.0,
            key.sample_idx,
            turn_idx.cast_signed(),
            sha256,
            form.kept(&completion.text),
            completion.reasoning.as_deref().map(|text| form.kept(text)),
            completion.reasoning_opened_by_template,
            completion.finish.name(),
            usage.map(|usage| usage.prompt_tokens.cast_signed()),
            usage.map(|usage| usage.completion_tokens.cast_signed()),
            usage.and_then(|usage| usage.reasoning_tokens).map(u64::cast_signed),
            completion.timing.latency_ms.cast_signed(),
            completion.timing.first_token_ms.map(u64::cast_signed),
            completion.timing.n_attempts,
            usage.and_then(|usage| usage.cached_tokens).map(u64::cast_signed),
            calls(completion).map(|calls| form.kept(&calls)),
        ])?;
        if let Some(request) = &completion.shared {
            shared::store(transaction, (key, turn_idx), request)?;
        }
    }
    Ok(())
}

/// Stores the messages of a request and gives their name. Of a request that goes on where the one before
/// it ended, only what is new is kept: a conversation of many steps would fill the file otherwise.
fn store_prompt(
    transaction: &Transaction<'_>,
    request: &Request,
    before: Option<&(&Request, String)>,
    form: TextForm,
) -> rusqlite::Result<String> {
    let sha256 = request.messages_sha256();
    let known = before.and_then(|(before, base)| {
        let rest = request.messages.strip_prefix(before.messages.as_slice())?;
        Some((base, rest)).filter(|(_, rest)| !rest.is_empty())
    });
    let (base, messages) = match known {
        Some((base, rest)) => (Some(base), rest),
        None => (None, request.messages.as_slice()),
    };
    let messages = serde_json::to_string(messages).expect("messages are plain text");
    let sql = "INSERT OR IGNORE INTO prompts (sha256, messages, base) VALUES (?1, ?2, ?3)";
    transaction.prepare_cached(sql)?.execute(params![sha256, form.kept(&messages), base])?;
    Ok(sha256)
}

fn calls(completion: &Completion) -> Option<String> {
    let calls = &completion.tool_calls;
    (!calls.is_empty()).then(|| serde_json::to_string(calls).expect("calls are plain text"))
}

fn store_verdict(
    transaction: &Transaction<'_>,
    key: &SampleKey,
    (judgement, (judge, judge_version)): (&Judgement, &(String, u32)),
    form: TextForm,
) -> rusqlite::Result<()> {
    let (answer, vote, rule) = match &judgement.answer {
        Answer::Found { text, vote, rule } => (Some(text), Some(vote), Some(rule)),
        Answer::Whole | Answer::Missing => (None, None, None),
    };
    let detail = judgement.detail.as_ref();
    let detail = detail.map(|d| serde_json::to_string(d).expect("a detail is plain data"));
    transaction
        .prepare_cached(
            "INSERT INTO verdicts
                 (item_id, sample_idx, judge, judge_version, outcome, score, answer, vote, rule,
                  explanation, detail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            key.item.0,
            key.sample_idx,
            judge,
            judge_version,
            judgement.verdict.name(),
            judgement.verdict.score(),
            answer.map(|text| form.kept(text)),
            vote,
            rule,
            judgement.explanation,
            detail,
        ])
        .map(drop)
}
