//! Reading a run.

mod records;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row};
use serde::de::DeserializeOwned;
use tasks::{Detail, Item, ItemId, JudgeKind, Message, SampleKey, Target, Transcript, Verdict};

use super::{at, open_to_read, serving};
use crate::rating::Ratings;
use crate::seal::TextForm;
use crate::summary::{RunFacts, Summary, summarize};
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
        mut visit: impl FnMut(ItemId, Option<String>, Option<Detail>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let sql = "SELECT answer, detail FROM verdicts WHERE item_id = ?1 ORDER BY sample_idx";
        let database = at(&self.path);
        let mut statement = self.connection.prepare(sql).map_err(&database)?;
        for id in self.item_ids()? {
            let mut rows = statement.query([&id]).map_err(&database)?;
            while let Some(row) = rows.next().map_err(&database)? {
                let read = || Ok((row.get::<_, Option<String>>(0)?, row.get(1)?));
                let (answer, detail) = read().map_err(&database)?;
                let answer = answer.map(|text| self.text(text)).transpose()?;
                visit(ItemId(id.clone()), answer, self.detail(detail)?)?;
            }
        }
        Ok(())
    }

    /// The names of the items in order.
    fn item_ids(&self) -> Result<Vec<String>, StoreError> {
        self.rows("SELECT item_id FROM items ORDER BY position", |row| row.get(0))
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
        let turns = self.turn_totals(items)?;
        let wall = "SELECT coalesce(sum(wall_ms), 0) FROM sessions";
        let wall_ms = self.connection.query_row(wall, [], |row| row.get::<_, i64>(0));
        let lengths: Vec<_> = turns.lengths.values().copied().collect();
        let facts = RunFacts {
            lengths: &lengths,
            tokens: turns.tokens,
            wall_ms: wall_ms.map_err(at(&self.path))?.cast_unsigned(),
            path: &self.path.display().to_string(),
        };
        let mut summary = summarize(&self.plan, items, facts);
        summary.serving = serving::read(&self.connection, &self.path, turns)?;
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

    /// All messages of a prompt: those of the prompts that it goes on from, and its own.
    pub(super) fn messages(&self, sha256: &str) -> Result<Vec<Message>, StoreError> {
        let sql = "SELECT messages, base FROM prompts WHERE sha256 = ?1";
        let query = |sha256: &str| -> rusqlite::Result<(String, Option<String>)> {
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_row([sha256], |row| Ok((row.get(0)?, row.get(1)?)))
        };
        let (mut parts, mut next) = (Vec::new(), Some(sha256.to_owned()));
        let mut seen = BTreeSet::new();
        while let Some(sha256) = next {
            if !seen.insert(sha256.clone()) {
                return Err(corrupt(&self.path, "a prompt that goes on from itself", &sha256));
            }
            let (messages, base) = query(&sha256).map_err(at(&self.path))?;
            parts.push(self.parse_kept::<Vec<Message>>("a prompt", messages)?);
            next = base;
        }
        Ok(parts.into_iter().rev().flatten().collect())
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
