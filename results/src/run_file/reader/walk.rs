//! Whole samples in order: one pass over a run's samples, verdicts and turns.
//!
//! Samples and turns of an item are read side by side through the tables' own indices, whatever the
//! planner thinks of them; over a whole run of 200,000 samples it has chosen a plan several times
//! slower. A prompt is parsed once for all the samples that share it.

use std::collections::HashMap;

use rusqlite::{Params, Row, Rows, Statement};
use tasks::{
    Completion, Finish, ItemId, Message, Request, SampleSeed, Sampling, Target, Timing, ToolCall,
    Turn, Usage,
};

use super::records::{RECORDS, RecordRow};
use super::{RunFile, corrupt};
use crate::StoreError;
use crate::run_file::at;

/// The turns of one item.
const TURNS: &str = "
    SELECT sample_idx, prompt_sha256, completion, reasoning, reasoning_opened_by_template,
           finish_reason, prompt_tokens, completion_tokens, reasoning_tokens, latency_ms,
           first_token_ms, n_attempts, cached_tokens, tool_calls
    FROM turns WHERE item_id = ?1";

/// Prompts of one item that are remembered. Most items have one; where every sample has its own,
/// remembering gains nothing.
const N_PROMPTS: usize = 16;

/// A sample as it is stored, with what belongs to it.
pub(super) struct WholeSample<'a> {
    /// What the item's answers are compared with.
    pub(super) target: &'a Target,
    /// The sample and its verdict.
    pub(super) row: RecordRow,
    /// Its dialogue; empty where it failed.
    pub(super) turns: Vec<Turn>,
}

impl RunFile {
    /// Calls `visit` with every attempted sample in order, one at a time.
    pub(super) fn for_each_whole<E: From<StoreError>>(
        &self,
        mut visit: impl FnMut(WholeSample<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let ids = self.item_ids()?;
        let prepare = |sql: &str| self.connection.prepare(sql).map_err(at(&self.path));
        let mut samples = prepare(&format!("{RECORDS} ORDER BY s.sample_idx"))?;
        let mut turns = prepare(&format!("{TURNS} ORDER BY sample_idx, turn_idx"))?;
        for id in ids {
            let item = ItemId(id);
            let target = self.target(&item)?;
            let mut prompts = Prompts::new(self, &target);
            let mut cursor = TurnCursor::open(self, &mut turns, [&item.0])?;
            let mut rows = samples.query([&item.0]).map_err(at(&self.path))?;
            while let Some(row) = rows.next().map_err(at(&self.path))? {
                let row = RecordRow::read(row).map_err(at(&self.path))?;
                let turns = cursor.take(row.key.sample_idx)?.into_iter();
                let turns = turns.map(|turn| prompts.turn(turn, row.seed));
                let turns = turns.collect::<Result<_, _>>()?;
                visit(WholeSample { target: &target, row, turns })?;
            }
        }
        Ok(())
    }

    /// The dialogue of one sample.
    pub(super) fn turns(&self, row: &RecordRow) -> Result<Vec<Turn>, StoreError> {
        let sql = format!("{TURNS} AND sample_idx = ?2 ORDER BY sample_idx, turn_idx");
        let mut statement = self.connection.prepare_cached(&sql).map_err(at(&self.path))?;
        let (item, sample_idx) = (&row.key.item, row.key.sample_idx);
        let mut cursor = TurnCursor::open(self, &mut statement, (&item.0, sample_idx))?;
        let mut prompts = Prompts::new(self, &self.target(item)?);
        let turns = cursor.take(sample_idx)?.into_iter();
        turns.map(|turn| prompts.turn(turn, row.seed)).collect()
    }

    fn target(&self, item: &ItemId) -> Result<Target, StoreError> {
        let sql = "SELECT target FROM items WHERE item_id = ?1";
        let query = || -> rusqlite::Result<String> {
            self.connection.prepare_cached(sql)?.query_row([&item.0], |row| row.get(0))
        };
        self.parse_kept("an item's target", query().map_err(at(&self.path))?)
    }
}

/// A row of [`TURNS`]; texts may be sealed.
struct TurnRow {
    sample_idx: u32,
    prompt_sha256: String,
    finish: String,
    calls: Option<String>,
    completion: Completion,
}

impl TurnRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let unsigned = |idx: usize| -> rusqlite::Result<Option<u64>> {
            Ok(row.get::<_, Option<i64>>(idx)?.map(i64::cast_unsigned))
        };
        let usage = match (unsigned(6)?, unsigned(7)?) {
            (Some(prompt_tokens), Some(completion_tokens)) => {
                let (reasoning_tokens, cached_tokens) = (unsigned(8)?, unsigned(12)?);
                Some(Usage { prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens })
            }
            _ => None,
        };
        let completion = Completion {
            text: row.get(2)?,
            reasoning: row.get(3)?,
            tool_calls: Vec::new(),
            reasoning_opened_by_template: row.get(4)?,
            // Its name is in the row; whoever reads the texts reads it as well.
            finish: Finish::Stop,
            usage,
            timing: Timing {
                latency_ms: unsigned(9)?.unwrap_or(0),
                first_token_ms: unsigned(10)?,
                n_attempts: row.get(11)?,
            },
            shared: None,
        };
        let (sample_idx, prompt_sha256, finish) = (row.get(0)?, row.get(1)?, row.get(5)?);
        Ok(Self { sample_idx, prompt_sha256, finish, calls: row.get(13)?, completion })
    }
}

/// The turns of an item in the order of its samples.
struct TurnCursor<'a> {
    run: &'a RunFile,
    rows: Rows<'a>,
    next: Option<TurnRow>,
}

impl<'a> TurnCursor<'a> {
    fn open(
        run: &'a RunFile,
        statement: &'a mut Statement<'_>,
        params: impl Params,
    ) -> Result<Self, StoreError> {
        let rows = statement.query(params).map_err(at(&run.path))?;
        let mut cursor = Self { run, rows, next: None };
        cursor.advance()?;
        Ok(cursor)
    }

    fn advance(&mut self) -> Result<Option<TurnRow>, StoreError> {
        let next = self.rows.next().and_then(|row| row.map(TurnRow::read).transpose());
        Ok(std::mem::replace(&mut self.next, next.map_err(at(&self.run.path))?))
    }

    /// The turns of a sample; those of samples before it are passed over.
    fn take(&mut self, sample_idx: u32) -> Result<Vec<TurnRow>, StoreError> {
        let mut taken = Vec::new();
        while self.next.as_ref().is_some_and(|turn| turn.sample_idx <= sample_idx) {
            let turn = self.advance()?;
            taken.extend(turn.filter(|turn| turn.sample_idx == sample_idx));
        }
        Ok(taken)
    }
}

/// The prompts of one item, each parsed once.
struct Prompts<'a> {
    run: &'a RunFile,
    sampling: Sampling,
    known: HashMap<String, Vec<Message>>,
}

impl<'a> Prompts<'a> {
    fn new(run: &'a RunFile, target: &Target) -> Self {
        let plan = run.plan();
        let sampling = if plan.temperatures.is_empty() {
            plan.sampling.clone()
        } else {
            plan.temperatures.sampling(&plan.sampling, target)
        };
        Self { run, sampling, known: HashMap::new() }
    }

    /// A turn with its prompt, its texts readable.
    fn turn(&mut self, row: TurnRow, seed: SampleSeed) -> Result<Turn, StoreError> {
        let run = self.run;
        let finish = Finish::from_name(&row.finish)
            .ok_or_else(|| corrupt(&run.path, "a finish reason", &row.finish))?;
        let messages = self.messages(row.prompt_sha256)?;
        let reasoning = row.completion.reasoning.map(|text| run.text(text)).transpose()?;
        let text = run.text(row.completion.text)?;
        let tool_calls: Vec<ToolCall> = match row.calls {
            Some(calls) => run.parse_kept("calls", calls)?,
            None => Vec::new(),
        };
        let (tools, sampling) = (Vec::new(), self.sampling.clone());
        Ok(Turn {
            request: Request { messages, tools, sampling, seed },
            completion: Completion { text, reasoning, tool_calls, finish, ..row.completion },
        })
    }

    fn messages(&mut self, sha256: String) -> Result<Vec<Message>, StoreError> {
        if let Some(known) = self.known.get(&sha256) {
            return Ok(known.clone());
        }
        let messages = self.run.messages(&sha256)?;
        if self.known.len() == N_PROMPTS {
            self.known.clear();
        }
        self.known.insert(sha256, messages.clone());
        Ok(messages)
    }
}
