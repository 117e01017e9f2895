//! Judges and their judgments in the run file.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row, Transaction, params};
use sha2::{Digest, Sha256};
use tasks::{ItemId, Message, Reading, SampleKey};

use super::lock::WriterLock;
use super::reader::{corrupt, parse};
use super::{RunFile, at, open};
use crate::judgment::{
    JudgeConfig, JudgeReply, JudgmentKey, JudgmentRecord, JudgmentResult, Opponent, Setting,
    StoredJudge, StoredJudgment,
};
use crate::seal::TextForm;
use crate::{Failure, StoreError};

/// The one writer of a run's judgments; nobody writes samples meanwhile.
#[derive(Debug)]
pub struct JudgmentWriter {
    connection: Connection,
    path: PathBuf,
    form: TextForm,
    _lock: WriterLock,
}

impl JudgmentWriter {
    /// Opens an existing run file.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let form = TextForm::new(RunFile::open(path)?.plan().texts);
        let lock = WriterLock::take(path)?;
        let connection = open(path)?;
        super::writer::configure(&connection).map_err(at(path))?;
        Ok(Self { connection, path: path.to_owned(), form, _lock: lock })
    }

    /// Makes the judge known, or finds it, and gives its number. A judge that was asked for fewer
    /// replies before is now asked for `n_samples`.
    pub fn register(&mut self, config: &JudgeConfig, n_samples: u32) -> Result<i64, StoreError> {
        register(&self.connection, config, n_samples).map_err(at(&self.path))
    }

    /// Makes another run known.
    pub fn register_opponent(&mut self, opponent: &Opponent) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO opponents VALUES (?1, ?2, ?3, ?4)";
        self.connection
            .execute(
                sql,
                params![opponent.id, opponent.model, opponent.run_file, opponent.n_samples],
            )
            .map(drop)
            .map_err(at(&self.path))
    }

    /// Stores judgments in one durable transaction. A failed one may be replaced, any other not.
    pub fn append(&mut self, records: &[JudgmentRecord]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction().map_err(at(&self.path))?;
        let form = self.form;
        let write = || records.iter().try_for_each(|record| store(&transaction, record, form));
        write().map_err(at(&self.path))?;
        transaction.commit().map_err(at(&self.path))
    }

    /// Replaces what was read from replies, which stay as they are.
    pub fn reread(&mut self, readings: &[(JudgmentKey, Reading)]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction().map_err(at(&self.path))?;
        let write = || -> rusqlite::Result<()> {
            for (key, reading) in readings {
                let (opponent, position) = key.setting.columns();
                let sql = "UPDATE judgments SET reading = ?1
                           WHERE judge_id = ?2 AND item_id = ?3 AND sample_idx = ?4 AND turn = ?5
                             AND opponent = ?6 AND position = ?7 AND judge_sample_idx = ?8";
                transaction.prepare_cached(sql)?.execute(params![
                    json(reading),
                    key.judge_id,
                    key.sample.item.0,
                    key.sample.sample_idx,
                    key.turn,
                    opponent,
                    position,
                    key.judge_sample_idx,
                ])?;
            }
            Ok(())
        };
        write().map_err(at(&self.path))?;
        transaction.commit().map_err(at(&self.path))
    }

    /// Removes a judge with everything it said, and the runs that nobody compares with this one any
    /// more. That it happened, `what` and when, stays in the run file.
    pub fn forget(
        &mut self,
        judge_id: i64,
        (at_time, what): (&str, &str),
    ) -> Result<(), StoreError> {
        let transaction = self.connection.transaction().map_err(at(&self.path))?;
        let write = || -> rusqlite::Result<()> {
            for sql in [
                "DELETE FROM judgments WHERE judge_id = ?1",
                "DELETE FROM judges WHERE judge_id = ?1",
            ] {
                transaction.execute(sql, [judge_id])?;
            }
            transaction.execute(
                "DELETE FROM opponents WHERE opponent NOT IN (SELECT opponent FROM judgments)",
                [],
            )?;
            let sql = "INSERT INTO events (at, kind, detail) VALUES (?1, 'forgotten', ?2)";
            transaction.execute(sql, [at_time, what]).map(drop)
        };
        write().map_err(at(&self.path))?;
        transaction.commit().map_err(at(&self.path))
    }

    /// Folds the write-ahead log into the file.
    pub fn finish(self) -> Result<(), StoreError> {
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(at(&self.path))
    }
}

/// Makes a judge known and gives its number.
pub(super) fn register(
    connection: &Connection,
    config: &JudgeConfig,
    n_samples: u32,
) -> rusqlite::Result<i64> {
    let sql = "INSERT INTO judges (config, n_samples) VALUES (?1, ?2)
               ON CONFLICT (config) DO UPDATE SET n_samples = max(n_samples, excluded.n_samples)
               RETURNING judge_id";
    connection.query_row(sql, params![json(config), n_samples], |row| row.get(0))
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("judgments are plain data")
}

fn store(
    transaction: &Transaction<'_>,
    record: &JudgmentRecord,
    form: TextForm,
) -> rusqlite::Result<()> {
    let kept = |text: String| form.kept(&text);
    let messages = json(&record.messages);
    let sha256 = tasks::hex(&Sha256::digest(&messages));
    transaction
        .prepare_cached("INSERT OR IGNORE INTO prompts (sha256, messages) VALUES (?1, ?2)")?
        .execute(params![sha256, form.kept(&messages)])?;
    let (read, failure) = match &record.result {
        JudgmentResult::Read(read) => (Some(read), None),
        JudgmentResult::Failed(failure) => (None, Some(failure)),
    };
    let (opponent, position) = record.key.setting.columns();
    let sql = "INSERT INTO judgments VALUES
                   (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
               ON CONFLICT DO UPDATE SET
                   template = excluded.template, prompt_sha256 = excluded.prompt_sha256,
                   status = excluded.status, reading = excluded.reading, reply = excluded.reply,
                   first_reply = excluded.first_reply, error_kind = excluded.error_kind,
                   error = excluded.error, finished_at = excluded.finished_at
               WHERE judgments.status = 'failed'";
    transaction
        .prepare_cached(sql)?
        .execute(params![
            record.key.judge_id,
            record.key.sample.item.0,
            record.key.sample.sample_idx,
            record.key.turn,
            opponent,
            position,
            record.key.judge_sample_idx,
            record.template,
            sha256,
            if read.is_some() { "read" } else { "failed" },
            read.map(|read| json(&read.reading)),
            read.map(|read| kept(json(&read.reply))),
            read.and_then(|read| read.first_reply.as_ref()).map(|reply| kept(json(reply))),
            failure.map(|failure| &failure.kind),
            failure.map(|failure| form.kept(&failure.message)),
            record.finished_at,
        ])
        .map(drop)
}

impl RunFile {
    /// The judges of the run in the order in which they were first asked.
    pub fn judges(&self) -> Result<Vec<StoredJudge>, StoreError> {
        let sql = "SELECT judge_id, config, n_samples FROM judges ORDER BY judge_id";
        let rows = self.rows(sql, |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, u32>(2)?))
        })?;
        rows.into_iter()
            .map(|(judge_id, config, n_samples)| {
                let config = parse(&self.path, "a judge", &config)?;
                Ok(StoredJudge { judge_id, config, n_samples })
            })
            .collect()
    }

    /// The runs that this one was compared with.
    pub fn opponents(&self) -> Result<Vec<Opponent>, StoreError> {
        let sql =
            "SELECT opponent, model, run_file, n_samples FROM opponents ORDER BY model, opponent";
        self.rows(sql, |row| {
            Ok(Opponent {
                id: row.get(0)?,
                model: row.get(1)?,
                run_file: row.get(2)?,
                n_samples: row.get(3)?,
            })
        })
    }

    /// Every judgment in the order of items, samples, turns and judges.
    pub fn judgments(&self) -> Result<Vec<StoredJudgment>, StoreError> {
        let sql = "SELECT g.judge_id, g.item_id, g.sample_idx, g.turn, g.opponent, g.position,
                          g.judge_sample_idx, g.template, g.reading, g.reply, g.first_reply,
                          g.error_kind, g.error, g.finished_at
                   FROM judgments g JOIN items i USING (item_id)
                   ORDER BY i.position, g.sample_idx, g.turn, g.judge_id, g.opponent, g.position,
                            g.judge_sample_idx";
        self.rows(sql, Columns::of)?.into_iter().map(|columns| columns.judgment(self)).collect()
    }

    /// What a judge was asked.
    pub fn judge_messages(&self, key: &JudgmentKey) -> Result<Vec<Message>, StoreError> {
        let (opponent, position) = key.setting.columns();
        let sql = "SELECT g.prompt_sha256 FROM judgments g
                   WHERE g.judge_id = ?1 AND g.item_id = ?2 AND g.sample_idx = ?3 AND g.turn = ?4
                     AND g.opponent = ?5 AND g.position = ?6 AND g.judge_sample_idx = ?7";
        let sample = &key.sample;
        let query = || -> rusqlite::Result<String> {
            self.connection.prepare_cached(sql)?.query_row(
                params![
                    key.judge_id,
                    sample.item.0,
                    sample.sample_idx,
                    key.turn,
                    opponent,
                    position,
                    key.judge_sample_idx
                ],
                |row| row.get(0),
            )
        };
        self.messages(&query().map_err(at(&self.path))?)
    }
}

/// A row as it is stored.
struct Columns {
    judge_id: i64,
    sample: SampleKey,
    turn: u32,
    opponent: String,
    position: String,
    judge_sample_idx: u32,
    template: String,
    reading: Option<String>,
    reply: Option<String>,
    first_reply: Option<String>,
    failure: Option<Failure>,
    finished_at: String,
}

impl Columns {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let kind: Option<String> = row.get(11)?;
        let message: Option<String> = row.get(12)?;
        Ok(Self {
            judge_id: row.get(0)?,
            sample: SampleKey { item: ItemId(row.get(1)?), sample_idx: row.get(2)? },
            turn: row.get(3)?,
            opponent: row.get(4)?,
            position: row.get(5)?,
            judge_sample_idx: row.get(6)?,
            template: row.get(7)?,
            reading: row.get(8)?,
            reply: row.get(9)?,
            first_reply: row.get(10)?,
            failure: kind.map(|kind| Failure { kind, message: message.unwrap_or_default() }),
            finished_at: row.get(13)?,
        })
    }

    fn judgment(self, run: &RunFile) -> Result<StoredJudgment, StoreError> {
        let path = &run.path;
        let setting = Setting::from_columns(self.opponent, &self.position);
        let setting = setting.ok_or_else(|| corrupt(path, "a position", &self.position))?;
        let result = match (self.failure, self.reading, self.reply) {
            (Some(Failure { kind, message }), _, _) => {
                JudgmentResult::Failed(Failure { kind, message: run.text(message)? })
            }
            (None, Some(reading), Some(reply)) => {
                let first_reply = self.first_reply.map(|reply| run.parse_kept("a reply", reply));
                JudgmentResult::Read(Box::new(JudgeReply {
                    reading: parse(path, "a reading", &reading)?,
                    reply: run.parse_kept("a reply", reply)?,
                    first_reply: first_reply.transpose()?,
                }))
            }
            _ => return Err(corrupt(path, "a judgment without a reply", &self.sample.item.0)),
        };
        let key = JudgmentKey {
            judge_id: self.judge_id,
            sample: self.sample,
            turn: self.turn,
            setting,
            judge_sample_idx: self.judge_sample_idx,
        };
        let (template, finished_at) = (self.template, self.finished_at);
        Ok(StoredJudgment { key, template, result, finished_at })
    }
}
