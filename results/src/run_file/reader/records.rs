//! Whole samples, texts included, for reports that show them.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};
use tasks::{Answer, Judgement, SampleKey, SampleSeed, Verdict};

use super::{RunFile, corrupt, key};
use crate::run_file::at;
use crate::{Failure, Outcome, SampleRecord, SampleResult, StoreError};

/// The samples of one item. Asked for item by item, it goes through the tables' own indices whatever
/// the planner thinks of them; over a whole run of 200,000 samples it has chosen a plan several times
/// slower.
const RECORDS: &str = "
    SELECT s.item_id, s.sample_idx, s.seed, s.finished_at, s.error_kind, s.error,
           v.outcome, v.answer, v.vote, v.rule, v.explanation, v.detail
    FROM samples s
    LEFT JOIN verdicts v ON v.item_id = s.item_id AND v.sample_idx = s.sample_idx
    WHERE s.item_id = ?1";

impl RunFile {
    /// Calls `visit` with every attempted sample in order, one at a time.
    pub fn for_each_record<E: From<StoreError>>(
        &self,
        mut visit: impl FnMut(SampleRecord) -> Result<(), E>,
    ) -> Result<(), E> {
        let ids = "SELECT item_id FROM items ORDER BY position";
        let ids: Vec<String> = self.rows(ids, |row| row.get(0))?;
        let sql = format!("{RECORDS} ORDER BY s.sample_idx");
        let mut statement = self.connection.prepare(&sql).map_err(at(&self.path))?;
        for id in ids {
            let mut rows = statement.query([id]).map_err(at(&self.path))?;
            while let Some(row) = rows.next().map_err(at(&self.path))? {
                let row = RecordRow::read(row).map_err(at(&self.path))?;
                visit(self.assemble(row)?)?;
            }
        }
        Ok(())
    }

    /// One attempted sample; `None` where it has not been attempted.
    pub fn record(&self, key: &SampleKey) -> Result<Option<SampleRecord>, StoreError> {
        let sql = format!("{RECORDS} AND s.sample_idx = ?2");
        let query = || {
            let mut statement = self.connection.prepare_cached(&sql)?;
            statement.query_row(params![key.item.0, key.sample_idx], RecordRow::read).optional()
        };
        query().map_err(at(&self.path))?.map(|row| self.assemble(row)).transpose()
    }

    /// Calls `visit` with the outcome and the generated tokens of every attempted sample, turns added
    /// up; `None` where the backend reported no usage.
    pub fn for_each_length(
        &self,
        mut visit: impl FnMut(Outcome, Option<u64>),
    ) -> Result<(), StoreError> {
        let sql = "SELECT v.outcome,
                          (SELECT sum(t.completion_tokens) FROM turns t
                           WHERE t.item_id = s.item_id AND t.sample_idx = s.sample_idx)
                   FROM samples s LEFT JOIN verdicts v USING (item_id, sample_idx)";
        let mut statement = self.connection.prepare(sql).map_err(at(&self.path))?;
        let mut rows = statement.query([]).map_err(at(&self.path))?;
        while let Some(row) = rows.next().map_err(at(&self.path))? {
            let read = || Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<i64>>(1)?));
            let (outcome, n_tokens) = read().map_err(at(&self.path))?;
            visit(self.outcome(outcome.as_deref())?, n_tokens.map(i64::cast_unsigned));
        }
        Ok(())
    }

    /// What was recorded when the run was created: the versions and the machine, by name.
    pub fn facts(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let sql = "SELECT key, value FROM run WHERE key <> 'plan'";
        Ok(self.rows(sql, |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect())
    }

    fn assemble(&self, row: RecordRow) -> Result<SampleRecord, StoreError> {
        let result = match &row.outcome {
            None => {
                let Failure { kind, message } = row.failure;
                SampleResult::Failed(Failure { kind, message: self.text(message)? })
            }
            Some(name) => {
                let verdict = Verdict::from_name(name)
                    .ok_or_else(|| corrupt(&self.path, "an outcome", name))?;
                let detail = self.detail(row.detail)?;
                let answer = match row.answer {
                    Some((text, vote, rule)) => {
                        Answer::Found { text: self.text(text)?, vote, rule }
                    }
                    None if matches!(verdict, Verdict::Unparsed | Verdict::Truncated) => {
                        Answer::Missing
                    }
                    None => Answer::Whole,
                };
                let explanation = row.explanation;
                SampleResult::Judged {
                    transcript: self.transcript(&row.key, row.seed)?,
                    judgement: Judgement { answer, verdict, explanation, detail },
                }
            }
        };
        Ok(SampleRecord { key: row.key, seed: row.seed, result, finished_at: row.finished_at })
    }
}

/// A row of [`RECORDS`].
struct RecordRow {
    key: SampleKey,
    seed: SampleSeed,
    finished_at: String,
    failure: Failure,
    outcome: Option<String>,
    answer: Option<(String, String, String)>,
    explanation: String,
    detail: Option<String>,
}

impl RecordRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let text = |idx: usize| row.get::<_, Option<String>>(idx);
        let answer = match (text(7)?, text(8)?, text(9)?) {
            (Some(text), Some(vote), Some(rule)) => Some((text, vote, rule)),
            _ => None,
        };
        Ok(Self {
            key: key(row)?,
            seed: SampleSeed(row.get(2)?),
            finished_at: row.get(3)?,
            failure: Failure {
                kind: text(4)?.unwrap_or_default(),
                message: text(5)?.unwrap_or_default(),
            },
            outcome: text(6)?,
            answer,
            explanation: text(10)?.unwrap_or_default(),
            detail: text(11)?,
        })
    }
}
