//! What comparisons and summaries read besides outcomes: answers, reasons, and what one pass over the
//! turns tells. A table of long texts is worth one pass only.

use std::collections::{BTreeMap, HashMap};

use rusqlite::Row;
use tasks::ItemId;

use super::RunFile;
use crate::metric::ItemScore;
use crate::summary::Tokens;
use crate::{ItemOutcomes, Outcome, SampleOutcome, StoreError};

/// Sums over the turns of a run.
#[derive(Debug, Default)]
pub(crate) struct TurnTotals {
    /// Token totals.
    pub(crate) tokens: Tokens,
    /// The mean number of generated tokens of each item's graded samples, over all turns. Samples whose
    /// backend reported no usage are left out.
    pub(crate) lengths: BTreeMap<ItemId, ItemScore>,
    /// Of every turn, in no order.
    pub(super) latency_ms: Vec<u64>,
    /// Of every turn that was streamed, in no order.
    pub(super) first_token_ms: Vec<u64>,
    /// Requests that were made, repeated ones included.
    pub(super) n_requests: u64,
}

/// Generated tokens of one sample.
#[derive(Clone, Copy, Default)]
struct SampleLength {
    is_graded: bool,
    n_tokens: u64,
    n_turns: usize,
    n_reported: usize,
}

impl SampleLength {
    fn new(sample: &SampleOutcome) -> Self {
        let is_graded = matches!(sample.outcome, Outcome::Judged(_));
        Self { is_graded, ..Self::default() }
    }
}

/// A row without its texts.
struct TurnRow {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
    latency_ms: u64,
    first_token_ms: Option<u64>,
    n_attempts: u64,
}

impl TurnRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let unsigned = |idx: usize| -> rusqlite::Result<Option<u64>> {
            Ok(row.get::<_, Option<i64>>(idx)?.map(i64::cast_unsigned))
        };
        Ok(Self {
            prompt_tokens: unsigned(2)?,
            completion_tokens: unsigned(3)?,
            reasoning_tokens: unsigned(4)?,
            latency_ms: unsigned(5)?.unwrap_or(0),
            first_token_ms: unsigned(6)?,
            n_attempts: unsigned(7)?.unwrap_or(0),
            cached_tokens: unsigned(8)?,
        })
    }
}

impl TurnTotals {
    fn add(&mut self, row: &TurnRow) {
        let add = |sum: &mut Option<u64>, n: Option<u64>| {
            if let Some(n) = n {
                *sum = Some(sum.unwrap_or(0) + n);
            }
        };
        self.tokens.prompt += row.prompt_tokens.unwrap_or(0);
        self.tokens.completion += row.completion_tokens.unwrap_or(0);
        self.tokens.n_unreported += usize::from(row.completion_tokens.is_none());
        add(&mut self.tokens.cached, row.cached_tokens);
        add(&mut self.tokens.reasoning, row.reasoning_tokens);
        self.latency_ms.push(row.latency_ms);
        self.first_token_ms.extend(row.first_token_ms);
        self.n_requests += row.n_attempts;
    }
}

impl RunFile {
    /// The answers of an item's graded samples as the models wrote them, in order; `None` for a sample
    /// without one. Where texts are withheld these are normal forms, which name options.
    pub fn answers(&self, item: &ItemId) -> Result<Vec<Option<String>>, StoreError> {
        let column = if self.plan().withholds_texts() { "vote" } else { "answer" };
        self.of_verdicts(column, item)
    }

    /// Why the verdicts on an item's graded samples are what they are, in order. Where some samples are
    /// not correct only they have a reason here, for among several samples what went wrong is what tells
    /// two runs apart.
    pub fn explanations(&self, item: &ItemId) -> Result<Vec<Option<String>>, StoreError> {
        let wrong = "CASE WHEN outcome <> 'correct' THEN explanation END";
        let of_wrong = self.of_verdicts(wrong, item)?;
        let is_any = of_wrong.iter().any(Option::is_some);
        if is_any { Ok(of_wrong) } else { self.of_verdicts("explanation", item) }
    }

    fn of_verdicts(&self, column: &str, item: &ItemId) -> Result<Vec<Option<String>>, StoreError> {
        let sql = format!("SELECT {column} FROM verdicts WHERE item_id = ?1 ORDER BY sample_idx");
        let query = || -> rusqlite::Result<Vec<Option<String>>> {
            self.connection.prepare_cached(&sql)?.query_map([&item.0], |row| row.get(0))?.collect()
        };
        query().map_err(super::at(&self.path))
    }

    /// Sums over all turns; `items` says which samples were graded, in the order of [`Self::outcomes`].
    pub(crate) fn turn_totals(&self, items: &[ItemOutcomes]) -> Result<TurnTotals, StoreError> {
        let sql = "SELECT item_id, sample_idx, prompt_tokens, completion_tokens, reasoning_tokens,
                          latency_ms, first_token_ms, n_attempts, cached_tokens FROM turns";
        let positions: HashMap<&str, usize> =
            items.iter().enumerate().map(|(idx, item)| (item.item.0.as_str(), idx)).collect();
        let mut lengths: Vec<Vec<SampleLength>> =
            items.iter().map(|item| item.samples.iter().map(SampleLength::new).collect()).collect();
        let mut totals = TurnTotals::default();
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let turn = TurnRow::read(row)?;
                totals.add(&turn);
                let Some(idx) = positions.get(row.get_ref(0)?.as_str()?) else { continue };
                let sample_idx: u32 = row.get(1)?;
                let known = items[*idx].samples.binary_search_by_key(&sample_idx, |s| s.sample_idx);
                let Ok(known) = known else { continue };
                let length = &mut lengths[*idx][known];
                length.n_turns += 1;
                length.n_reported += usize::from(turn.completion_tokens.is_some());
                length.n_tokens += turn.completion_tokens.unwrap_or(0);
            }
            Ok(())
        };
        read().map_err(super::at(&self.path))?;
        let of_items = items.iter().zip(&lengths);
        let means =
            of_items.filter_map(|(item, of_item)| Some((item.item.clone(), mean(of_item)?)));
        totals.lengths = means.collect();
        Ok(totals)
    }
}

/// Over the graded samples all of whose turns have a count; `None` without any.
fn mean(samples: &[SampleLength]) -> Option<ItemScore> {
    let is_known = |s: &&SampleLength| s.is_graded && s.n_turns > 0 && s.n_reported == s.n_turns;
    let known = || samples.iter().filter(is_known);
    let n_samples = known().count();
    let n_tokens: u64 = known().map(|sample| sample.n_tokens).sum();
    (n_samples > 0).then(|| ItemScore { value: n_tokens as f64 / n_samples as f64, n_samples })
}
