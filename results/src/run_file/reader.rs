//! Reading a run.

mod records;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row};
use serde::de::DeserializeOwned;
use tasks::{
    Completion, Detail, Finish, Item, ItemId, JudgeKind, Message, Request, SampleKey, SampleSeed,
    Sampling, Target, Timing, Transcript, Turn, Usage, Verdict,
};

use super::{at, open_to_read, serving};
use crate::rating::Ratings;
use crate::seal::TextForm;
use crate::summary::{RunFacts, Summary, Tokens, summarize};
use crate::{ItemOutcomes, Outcome, Plan, SampleOutcome, StoreError};

/// A run file opened for reading.
#[derive(Debug)]
pub struct RunFile {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) plan: Plan,
}

/// A judged sample with its texts, for replay and re-judging.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSample {
    /// Which sample.
    pub key: SampleKey,
    /// What it was compared with.
    pub target: Target,
    /// The dialogue.
    pub transcript: Transcript,
    /// The stored outcome.
    pub outcome: SampleOutcome,
}

impl RunFile {
    /// Opens the run file at `path`.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = open_to_read(path)?;
        let plan: String = connection
            .query_row("SELECT value FROM run WHERE key = 'plan'", [], |row| row.get(0))
            .map_err(at(path))?;
        let plan = parse(path, "the plan", &plan)?;
        Ok(Self { connection, path: path.to_owned(), plan })
    }

    /// What the run set out to do.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// When the run was created, RFC 3339.
    pub fn created_at(&self) -> Result<String, StoreError> {
        let sql = "SELECT value FROM run WHERE key = 'created_at'";
        self.connection.query_row(sql, [], |row| row.get(0)).map_err(at(&self.path))
    }

    /// The items of the run in order.
    pub fn items(&self) -> Result<Vec<Item>, StoreError> {
        let sql = "SELECT item_id, fields, target FROM items ORDER BY position";
        let rows = self.rows(sql, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.into_iter()
            .map(|(id, fields, target): (String, String, String)| {
                Ok(Item {
                    fields: self.parse_kept("an item's fields", fields)?,
                    target: self.parse_kept("an item's target", target)?,
                    id: ItemId(id),
                })
            })
            .collect()
    }

    /// Calls `visit` with every sample of the file and whether it is correct; `None` for one that
    /// failed and waits for another attempt.
    pub fn for_each_attempted(
        &self,
        mut visit: impl FnMut(&str, u32, Option<bool>),
    ) -> Result<(), StoreError> {
        let sql = "SELECT s.item_id, s.sample_idx, v.outcome = 'correct'
                   FROM samples s LEFT JOIN verdicts v USING (item_id, sample_idx)";
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                visit(row.get_ref(0)?.as_str()?, row.get(1)?, row.get(2)?);
            }
            Ok(())
        };
        read().map_err(at(&self.path))
    }

    /// The samples that need no further work: everything judged.
    pub fn judged(&self) -> Result<Vec<(SampleKey, bool)>, StoreError> {
        let sql = "SELECT item_id, sample_idx, outcome = 'correct' FROM verdicts";
        self.rows(sql, |row| Ok((key(row)?, row.get(2)?)))
    }

    /// The samples that failed and wait for another attempt.
    pub fn failed(&self) -> Result<BTreeSet<SampleKey>, StoreError> {
        let sql = "SELECT item_id, sample_idx FROM samples WHERE status = 'failed'";
        Ok(self.rows(sql, key)?.into_iter().collect())
    }

    /// Outcomes and votes of all items in order, without texts.
    pub fn outcomes(&self) -> Result<Vec<ItemOutcomes>, StoreError> {
        let sql = "SELECT s.item_id, s.sample_idx, v.outcome, v.vote, v.detail
                   FROM samples s JOIN items i USING (item_id)
                   LEFT JOIN verdicts v USING (item_id, sample_idx)
                   ORDER BY i.position, s.sample_idx";
        let database = at(&self.path);
        let mut labels = self.labels()?;
        let mut items: Vec<ItemOutcomes> = Vec::new();
        let mut statement = self.connection.prepare(sql).map_err(&database)?;
        // Row by row: a run may have hundreds of thousands of samples.
        let mut rows = statement.query([]).map_err(&database)?;
        while let Some(row) = rows.next().map_err(&database)? {
            let read = || -> rusqlite::Result<_> {
                Ok((key(row)?, row.get::<_, Option<String>>(2)?, row.get(3)?, row.get(4)?))
            };
            let (SampleKey { item, sample_idx }, outcome, vote, detail) =
                read().map_err(&database)?;
            let detail = self.detail(detail)?;
            let outcome = self.outcome(outcome.as_deref())?;
            let sample = SampleOutcome { sample_idx, outcome, vote, detail };
            match items.last_mut() {
                Some(last) if last.item == item => last.samples.push(sample),
                _ => {
                    let labels = labels.remove(&item).unwrap_or_default();
                    items.push(ItemOutcomes { item, labels, samples: vec![sample] });
                }
            }
        }
        Ok(items)
    }

    /// The values of the fields that the plan breaks figures down by.
    fn labels(&self) -> Result<BTreeMap<ItemId, Vec<String>>, StoreError> {
        let fields = &self.plan.breakdown;
        if fields.is_empty() {
            return Ok(BTreeMap::new());
        }
        let label = |item: &Item, field| item.fields.get(field).cloned().unwrap_or_default();
        let labels = |item: Item| {
            let labels = fields.iter().map(|field| label(&item, field)).collect();
            (item.id, labels)
        };
        Ok(self.items()?.into_iter().map(labels).collect())
    }

    /// Calls `visit` with item, program and detail of every judged sample in order. A sample without
    /// an answer has no program.
    pub(crate) fn for_each_program(
        &self,
        mut visit: impl FnMut(ItemId, Option<String>, Option<Detail>),
    ) -> Result<(), StoreError> {
        let sql =
            "SELECT i.item_id, v.answer, v.detail FROM verdicts v JOIN items i USING (item_id)
                   ORDER BY i.position, v.sample_idx";
        for (item, answer, detail) in
            self.rows(sql, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        {
            let answer: Option<String> = answer;
            let answer = answer.map(|text| self.text(text)).transpose()?;
            visit(ItemId(item), answer, self.detail(detail)?);
        }
        Ok(())
    }

    fn detail(&self, json: Option<String>) -> Result<Option<Detail>, StoreError> {
        json.map(|json| parse(&self.path, "a detail", &json)).transpose()
    }

    fn outcome(&self, name: Option<&str>) -> Result<Outcome, StoreError> {
        match name {
            None => Ok(Outcome::Failed),
            Some(name) => Verdict::from_name(name)
                .map(Outcome::Judged)
                .ok_or_else(|| corrupt(&self.path, "an outcome", name)),
        }
    }

    /// Every reported number.
    pub fn summary(&self) -> Result<Summary, StoreError> {
        self.summarize(&self.outcomes()?)
    }

    /// Every reported number, with `items` in the place of the stored outcomes.
    pub fn summarize(&self, items: &[ItemOutcomes]) -> Result<Summary, StoreError> {
        let tokens = "SELECT coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0),
                             count(*) - count(completion_tokens), sum(cached_tokens),
                             sum(reasoning_tokens) FROM turns";
        let tokens = self.connection.query_row(tokens, [], |row| {
            Ok(Tokens {
                prompt: row.get::<_, i64>(0)?.cast_unsigned(),
                completion: row.get::<_, i64>(1)?.cast_unsigned(),
                n_unreported: usize::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
                cached: row.get::<_, Option<i64>>(3)?.map(i64::cast_unsigned),
                reasoning: row.get::<_, Option<i64>>(4)?.map(i64::cast_unsigned),
            })
        });
        let wall = "SELECT coalesce(sum(wall_ms), 0) FROM sessions";
        let wall_ms = self.connection.query_row(wall, [], |row| row.get::<_, i64>(0));
        let lengths: Vec<_> = self.lengths()?.into_values().collect();
        let facts = RunFacts {
            lengths: &lengths,
            tokens: tokens.map_err(at(&self.path))?,
            wall_ms: wall_ms.map_err(at(&self.path))?.cast_unsigned(),
            path: &self.path.display().to_string(),
        };
        let tokens = facts.tokens;
        let mut summary = summarize(&self.plan, items, facts);
        summary.serving = serving::read(&self.connection, &self.path, tokens)?;
        if self.plan.judge == JudgeKind::Dialogue {
            summary.ratings = Ratings::of(self, items)?;
            summary.complete &= summary.ratings.is_complete();
        }
        Ok(summary)
    }

    /// Failed samples by kind of error: how many, and one message of each kind.
    pub fn failures(&self) -> Result<Vec<(String, u64, String)>, StoreError> {
        let sql = "SELECT error_kind, count(*), min(error) FROM samples WHERE status = 'failed'
                   GROUP BY error_kind ORDER BY 2 DESC, 1";
        let rows = self.rows(sql, |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned(), row.get(2)?))
        })?;
        rows.into_iter().map(|(kind, n, message)| Ok((kind, n, self.text(message)?))).collect()
    }

    /// Calls `visit` with every judged sample in order, one at a time, so that a run of any size
    /// fits into memory.
    pub fn for_each_judged<E: From<StoreError>>(
        &self,
        mut visit: impl FnMut(StoredSample) -> Result<(), E>,
    ) -> Result<(), E> {
        let targets: BTreeMap<ItemId, Target> =
            self.items()?.into_iter().map(|item| (item.id, item.target)).collect();
        let sql = "SELECT s.item_id, s.sample_idx, s.seed, v.outcome, v.vote, v.detail
                   FROM samples s JOIN items i USING (item_id)
                   JOIN verdicts v USING (item_id, sample_idx)
                   ORDER BY i.position, s.sample_idx";
        let rows = self.rows(sql, |row| {
            Ok((
                key(row)?,
                SampleSeed(row.get(2)?),
                row.get::<_, String>(3)?,
                row.get(4)?,
                row.get(5)?,
            ))
        })?;
        for (key, seed, outcome, vote, detail) in rows {
            let detail = self.detail(detail)?;
            let target = targets.get(&key.item).cloned();
            let target = target.ok_or_else(|| corrupt(&self.path, "a sample", &key.item.0))?;
            let target = target
                .displayed(key.sample_idx)
                .ok_or_else(|| corrupt(&self.path, "a sample without an order", &key.item.0))?;
            let transcript = self.transcript(&key, seed)?;
            let sample_idx = key.sample_idx;
            let outcome =
                SampleOutcome { sample_idx, outcome: self.outcome(Some(&outcome))?, vote, detail };
            visit(StoredSample { key, target, transcript, outcome })?;
        }
        Ok(())
    }

    fn transcript(&self, key: &SampleKey, seed: SampleSeed) -> Result<Transcript, StoreError> {
        let sql = "SELECT p.messages, t.completion, t.reasoning, t.reasoning_opened_by_template,
                          t.finish_reason, t.prompt_tokens, t.completion_tokens, t.reasoning_tokens,
                          t.latency_ms, t.first_token_ms, t.n_attempts, t.cached_tokens
                   FROM turns t JOIN prompts p ON p.sha256 = t.prompt_sha256
                   WHERE t.item_id = ?1 AND t.sample_idx = ?2 ORDER BY t.turn_idx";
        let query = || -> rusqlite::Result<Vec<(String, String, Completion)>> {
            self.connection
                .prepare_cached(sql)?
                .query_map((&key.item.0, key.sample_idx), |row| {
                    Ok((row.get(0)?, row.get(4)?, completion(row)?))
                })?
                .collect()
        };
        let sampling = self.sampling(key)?;
        let mut turns = Vec::new();
        for (messages, finish, completion) in query().map_err(at(&self.path))? {
            let messages: Vec<Message> = self.parse_kept("a prompt", messages)?;
            let finish = Finish::from_name(&finish)
                .ok_or_else(|| corrupt(&self.path, "a finish reason", &finish))?;
            let request = Request { messages, sampling: sampling.clone(), seed };
            let (text, reasoning) = (self.text(completion.text)?, completion.reasoning);
            let reasoning = reasoning.map(|text| self.text(text)).transpose()?;
            let completion = Completion { text, reasoning, finish, ..completion };
            turns.push(Turn { request, completion });
        }
        if turns.is_empty() {
            return Err(corrupt(&self.path, "a judged sample without turns", &key.item.0));
        }
        Ok(Transcript { turns })
    }

    /// The sampling parameters of a sample's requests.
    fn sampling(&self, key: &SampleKey) -> Result<Sampling, StoreError> {
        if self.plan.temperatures.is_empty() {
            return Ok(self.plan.sampling.clone());
        }
        let sql = "SELECT target FROM items WHERE item_id = ?1";
        let query = || -> rusqlite::Result<String> {
            self.connection.prepare_cached(sql)?.query_row([&key.item.0], |row| row.get(0))
        };
        let target: Target = self.parse_kept("a target", query().map_err(at(&self.path))?)?;
        Ok(self.plan.temperatures.sampling(&self.plan.sampling, &target))
    }

    /// A text that may be sealed.
    pub(super) fn text(&self, kept: String) -> Result<String, StoreError> {
        let text = TextForm::new(self.plan.texts).read(kept);
        text.ok_or_else(|| corrupt(&self.path, "a sealed text", "…"))
    }

    pub(super) fn parse_kept<T: DeserializeOwned>(
        &self,
        what: &str,
        kept: String,
    ) -> Result<T, StoreError> {
        let text = self.text(kept)?;
        // What was sealed is not quoted.
        let shown = if self.plan.withholds_texts() { "…" } else { &text };
        serde_json::from_str(&text).map_err(|_| corrupt(&self.path, what, shown))
    }

    pub(super) fn rows<T>(
        &self,
        sql: &str,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let query = || -> rusqlite::Result<Vec<T>> {
            self.connection.prepare(sql)?.query_map([], read)?.collect()
        };
        query().map_err(at(&self.path))
    }
}

fn key(row: &Row<'_>) -> rusqlite::Result<SampleKey> {
    Ok(SampleKey { item: ItemId(row.get(0)?), sample_idx: row.get(1)? })
}

/// The completion in a row of the transcript query; its finish reason is filled in by the caller.
fn completion(row: &Row<'_>) -> rusqlite::Result<Completion> {
    let unsigned = |idx: usize| -> rusqlite::Result<Option<u64>> {
        Ok(row.get::<_, Option<i64>>(idx)?.map(i64::cast_unsigned))
    };
    let usage = match (unsigned(5)?, unsigned(6)?) {
        (Some(prompt_tokens), Some(completion_tokens)) => {
            let (reasoning_tokens, cached_tokens) = (unsigned(7)?, unsigned(11)?);
            Some(Usage { prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens })
        }
        _ => None,
    };
    Ok(Completion {
        text: row.get(1)?,
        reasoning: row.get(2)?,
        reasoning_opened_by_template: row.get(3)?,
        finish: Finish::Stop,
        usage,
        timing: Timing {
            latency_ms: unsigned(8)?.unwrap_or(0),
            first_token_ms: unsigned(9)?,
            n_attempts: row.get(10)?,
        },
    })
}

pub(super) fn parse<T: DeserializeOwned>(
    path: &Path,
    what: &str,
    json: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|_| corrupt(path, what, json))
}

pub(super) fn corrupt(path: &Path, what: &str, value: &str) -> StoreError {
    StoreError::Corrupt {
        path: path.to_owned(),
        what: what.to_owned(),
        value: value.chars().take(80).collect(),
    }
}
