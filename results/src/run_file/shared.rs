//! Requests that brought several samples.

use rusqlite::{Connection, Transaction, params};
use tasks::{SampleKey, SharedRequest};

use super::measures::TurnTotals;
use crate::{SharedRequests, Tokens};

/// Stores that a completion came with others.
pub(super) fn store(
    transaction: &Transaction<'_>,
    (key, turn_idx): (&SampleKey, usize),
    shared: &SharedRequest,
) -> rusqlite::Result<()> {
    let usage = shared.usage;
    let sql = "INSERT INTO shared_requests
                   (item_id, sample_idx, turn_idx, request_id, choice_idx, n_choices, seed,
                    prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    transaction
        .prepare_cached(sql)?
        .execute(params![
            key.item.0,
            key.sample_idx,
            turn_idx.cast_signed(),
            format!("{:016x}", shared.id),
            shared.choice_idx,
            shared.n_choices,
            shared.seed.0,
            usage.map(|usage| usage.prompt_tokens.cast_signed()),
            usage.map(|usage| usage.completion_tokens.cast_signed()),
            usage.and_then(|usage| usage.reasoning_tokens).map(u64::cast_signed),
            usage.and_then(|usage| usage.cached_tokens).map(u64::cast_signed),
        ])
        .map(drop)
}

/// Adds tokens and requests of shared requests to what the turns told, each request once, and says how
/// many there were; nothing where there were none.
pub(super) fn add_totals(
    connection: &Connection,
    totals: &mut TurnTotals,
) -> rusqlite::Result<Option<SharedRequests>> {
    let sql = "SELECT count(*), min(prompt_tokens), min(completion_tokens), min(reasoning_tokens),
                      min(cached_tokens)
               FROM shared_requests GROUP BY request_id";
    let mut shared = SharedRequests { n_requests: 0, n_samples: 0 };
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let count = |idx: usize| -> rusqlite::Result<Option<u64>> {
            Ok(row.get::<_, Option<i64>>(idx)?.map(i64::cast_unsigned))
        };
        let (n_samples, n_tokens) = (count(0)?.unwrap_or(0), count(2)?);
        let n_unreported = if n_tokens.is_some() { 0 } else { n_samples };
        shared.n_requests += 1;
        shared.n_samples += n_samples;
        // The turns have counted an attempt for each sample.
        totals.n_requests = totals.n_requests.saturating_sub(n_samples.saturating_sub(1));
        totals.tokens.add(&Tokens {
            prompt: count(1)?.unwrap_or(0),
            completion: n_tokens.unwrap_or(0),
            reasoning: count(3)?,
            cached: count(4)?,
            n_unreported: usize::try_from(n_unreported).unwrap_or(usize::MAX),
        });
    }
    Ok((shared.n_requests > 0).then_some(shared))
}
