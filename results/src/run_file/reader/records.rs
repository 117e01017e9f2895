//! Whole samples, texts included, for reports that show them and for judging them again.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};
use tasks::{Answer, Judgement, SampleKey, SampleSeed, Target, Transcript, Turn, Verdict};

use super::walk::WholeSample;
use super::{RunFile, StoredSample, corrupt, key};
use crate::run_file::at;
use crate::{Failure, Outcome, SampleOutcome, SampleRecord, SampleResult, StoreError};

/// The samples of one item with their verdicts.
pub(super) const RECORDS: &str = "
    SELECT s.item_id, s.sample_idx, s.seed, s.finished_at, s.error_kind, s.error,
           v.outcome, v.answer, v.vote, v.rule, v.explanation, v.detail
    FROM samples s
    LEFT JOIN verdicts v ON v.item_id = s.item_id AND v.sample_idx = s.sample_idx
    WHERE s.item_id = ?1";

impl RunFile {
    /// Calls `visit` with every attempted sample in order, one at a time, and what its item's answers
    /// are compared with.
    pub fn for_each_record<E: From<StoreError>>(
        &self,
        mut visit: impl FnMut(&Target, SampleRecord) -> Result<(), E>,
    ) -> Result<(), E> {
        self.for_each_whole(|sample| visit(sample.target, self.assemble(sample.row, sample.turns)?))
    }

    /// Calls `visit` with every judged sample in order, one at a time, so that a run of any size
    /// fits into memory.
    pub fn for_each_judged<E: From<StoreError>>(
        &self,
        mut visit: impl FnMut(StoredSample) -> Result<(), E>,
    ) -> Result<(), E> {
        self.for_each_whole(|sample| match self.judged_sample(sample)? {
            Some(judged) => visit(judged),
            None => Ok(()),
        })
    }

    /// `None` for a sample that failed.
    fn judged_sample(&self, sample: WholeSample<'_>) -> Result<Option<StoredSample>, StoreError> {
        let WholeSample { target, row, turns } = sample;
        let Some(outcome) = row.outcome else { return Ok(None) };
        let key = row.key;
        let transcript = self.dialogue(&key, turns)?;
        let target = target
            .displayed(key.sample_idx)
            .ok_or_else(|| corrupt(&self.path, "a sample without an order", &key.item.0))?;
        let outcome = SampleOutcome {
            sample_idx: key.sample_idx,
            outcome: self.outcome(Some(&outcome))?,
            vote: row.vote,
            detail: self.detail(row.detail)?,
        };
        Ok(Some(StoredSample { key, target, transcript, outcome }))
    }

    /// The turns of a judged sample, of which there is at least one.
    fn dialogue(&self, key: &SampleKey, turns: Vec<Turn>) -> Result<Transcript, StoreError> {
        if turns.is_empty() {
            return Err(corrupt(&self.path, "a judged sample without turns", &key.item.0));
        }
        Ok(Transcript { turns })
    }

    /// One attempted sample; `None` where it has not been attempted.
    pub fn record(&self, key: &SampleKey) -> Result<Option<SampleRecord>, StoreError> {
        let sql = format!("{RECORDS} AND s.sample_idx = ?2");
        let query = || {
            let mut statement = self.connection.prepare_cached(&sql)?;
            statement.query_row(params![key.item.0, key.sample_idx], RecordRow::read).optional()
        };
        let row = query().map_err(at(&self.path))?;
        row.map(|row| self.turns(&row).and_then(|turns| self.assemble(row, turns))).transpose()
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

    fn assemble(&self, row: RecordRow, turns: Vec<Turn>) -> Result<SampleRecord, StoreError> {
        let result = match &row.outcome {
            None => {
                let Failure { kind, message } = row.failure;
                SampleResult::Failed(Failure { kind, message: self.text(message)? })
            }
            Some(name) => {
                let verdict = Verdict::from_name(name)
                    .ok_or_else(|| corrupt(&self.path, "an outcome", name))?;
                let detail = self.detail(row.detail)?;
                let answer = match (row.answer, row.vote, row.rule) {
                    (Some(text), Some(vote), Some(rule)) => {
                        Answer::Found { text: self.text(text)?, vote, rule }
                    }
                    _ if matches!(verdict, Verdict::Unparsed | Verdict::Truncated) => {
                        Answer::Missing
                    }
                    _ => Answer::Whole,
                };
                let explanation = row.explanation;
                SampleResult::Judged {
                    transcript: self.dialogue(&row.key, turns)?,
                    judgement: Judgement { answer, verdict, explanation, detail },
                }
            }
        };
        Ok(SampleRecord { key: row.key, seed: row.seed, result, finished_at: row.finished_at })
    }
}

/// A row of [`RECORDS`]; texts may be sealed.
pub(super) struct RecordRow {
    pub(super) key: SampleKey,
    pub(super) seed: SampleSeed,
    finished_at: String,
    failure: Failure,
    outcome: Option<String>,
    answer: Option<String>,
    vote: Option<String>,
    rule: Option<String>,
    explanation: String,
    detail: Option<String>,
}

impl RecordRow {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let text = |idx: usize| row.get::<_, Option<String>>(idx);
        Ok(Self {
            key: key(row)?,
            seed: SampleSeed(row.get(2)?),
            finished_at: row.get(3)?,
            failure: Failure {
                kind: text(4)?.unwrap_or_default(),
                message: text(5)?.unwrap_or_default(),
            },
            outcome: text(6)?,
            answer: text(7)?,
            vote: text(8)?,
            rule: text(9)?,
            explanation: text(10)?.unwrap_or_default(),
            detail: text(11)?,
        })
    }
}
