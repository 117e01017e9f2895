//! What comparisons and summaries read besides outcomes: answers, reasons, and what one pass over the
//! turns tells. A table of long texts is worth one pass only.

use std::collections::{BTreeMap, HashMap};

use rusqlite::Row;
use tasks::ItemId;

use super::{RunFile, shared};
use crate::metric::ItemScore;
use crate::summary::Tokens;
use crate::{ItemOutcomes, Outcome, SampleOutcome, SharedRequests, StoreError};

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
    /// Requests that brought several samples.
    pub(super) shared: Option<SharedRequests>,
}

/// Every turn, with its part of the tokens of a request that brought it with others.
const TURNS: &str = "
    SELECT item_id, sample_idx, t.prompt_tokens, t.completion_tokens, t.reasoning_tokens, latency_ms,
           first_token_ms, n_attempts, t.cached_tokens, s.request_id IS NOT NULL,
           CASE WHEN n_stored = n_choices THEN s.completion_tokens * 1.0 / n_choices END
    FROM turns t
    LEFT JOIN shared_requests s USING (item_id, sample_idx, turn_idx)
    LEFT JOIN (SELECT request_id, count(*) AS n_stored FROM shared_requests GROUP BY request_id)
        USING (request_id)";

/// Generated tokens of one sample.
#[derive(Clone, Copy, Default)]
struct SampleLength {
    is_graded: bool,
    n_tokens: f64,
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
    /// Whether it came with others in one request.
    is_shared: bool,
    /// Its part of the tokens of such a request, where all of its samples are here: among themselves
    /// they have as many as the request, whichever has how many.
    part_of_tokens: Option<f64>,
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
            is_shared: row.get(9)?,
            part_of_tokens: row.get(10)?,
        })
    }
}

impl TurnTotals {
    fn add(&mut self, row: &TurnRow) {
        // Tokens of a request that brought several samples are counted with the request.
        if !row.is_shared {
            self.tokens.add(&Tokens {
                prompt: row.prompt_tokens.unwrap_or(0),
                completion: row.completion_tokens.unwrap_or(0),
                n_unreported: usize::from(row.completion_tokens.is_none()),
                cached: row.cached_tokens,
                reasoning: row.reasoning_tokens,
            });
        }
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
        let positions: HashMap<&str, usize> =
            items.iter().enumerate().map(|(idx, item)| (item.item.0.as_str(), idx)).collect();
        let mut lengths: Vec<Vec<SampleLength>> =
            items.iter().map(|item| item.samples.iter().map(SampleLength::new).collect()).collect();
        let mut totals = TurnTotals::default();
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare(TURNS)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let turn = TurnRow::read(row)?;
                totals.add(&turn);
                let Some(idx) = positions.get(row.get_ref(0)?.as_str()?) else { continue };
                let sample_idx: u32 = row.get(1)?;
                let known = items[*idx].samples.binary_search_by_key(&sample_idx, |s| s.sample_idx);
                let Ok(known) = known else { continue };
                let length = &mut lengths[*idx][known];
                let n_tokens = turn.completion_tokens.map(|n| n as f64).or(turn.part_of_tokens);
                length.n_turns += 1;
                length.n_reported += usize::from(n_tokens.is_some());
                length.n_tokens += n_tokens.unwrap_or(0.0);
            }
            totals.shared = shared::add_totals(&self.connection, &mut totals)?;
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
    let n_tokens: f64 = known().map(|sample| sample.n_tokens).sum();
    (n_samples > 0).then(|| ItemScore { value: n_tokens / n_samples as f64, n_samples })
}
