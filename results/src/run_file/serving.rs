//! How the model was served, from the turns, events and sessions of a run.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::at;
use super::measures::TurnTotals;
use crate::{Cause, Hedges, Percentiles, Price, Serving, StoreError};

/// Reads it; nothing for a run without a completed request.
pub(super) fn read(
    connection: &Connection,
    path: &Path,
    mut turns: TurnTotals,
) -> Result<Option<Serving>, StoreError> {
    let mut read = || -> rusqlite::Result<Option<Serving>> {
        let Some(latency_ms) = percentiles(&mut turns.latency_ms) else { return Ok(None) };
        let retries = "SELECT substr(detail, 1, instr(detail, ': ') - 1), count(*) FROM events
                       WHERE kind = 'retry' GROUP BY 1 ORDER BY 2 DESC, 1";
        let failures = "SELECT error_kind, count(*) FROM samples WHERE status = 'failed'
                        GROUP BY 1 ORDER BY 2 DESC, 1";
        let hedges = hedges(connection)?;
        let mut tokens = turns.tokens;
        if let Some(hedges) = &hedges {
            tokens.prompt += hedges.prompt_tokens;
            tokens.completion += hedges.completion_tokens;
        }
        Ok(Some(Serving {
            latency_ms,
            first_token_ms: percentiles(&mut turns.first_token_ms),
            n_requests: turns.n_requests + hedges.map_or(0, |hedges| hedges.n_sent),
            shared: turns.shared,
            hedges,
            retries: causes(connection, retries)?,
            failures: causes(connection, failures)?,
            cost: price(connection)?.map(|price| price.cost(tokens)),
        }))
    };
    read().map_err(at(path))
}

/// Nearest-rank percentiles; `None` without values.
fn percentiles(values: &mut [u64]) -> Option<Percentiles> {
    values.sort_unstable();
    let at_rank = |percent: usize| {
        let rank = (values.len() * percent).div_ceil(100).max(1);
        values.get(rank - 1).copied()
    };
    Some(Percentiles {
        p50: at_rank(50)?,
        p90: at_rank(90)?,
        p99: at_rank(99)?,
        max: at_rank(100)?,
    })
}

fn causes(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<Cause>> {
    let cause = |row: &rusqlite::Row<'_>| {
        let cause: Option<String> = row.get(0)?;
        Ok(Cause { cause: cause.unwrap_or_default(), n: row.get::<_, i64>(1)?.cast_unsigned() })
    };
    connection.prepare(sql)?.query_map([], cause)?.collect()
}

/// Requests that were sent a second time; nothing where there were none.
fn hedges(connection: &Connection) -> rusqlite::Result<Option<Hedges>> {
    let sql = "SELECT count(*), coalesce(sum(json_extract(detail, '$.won')), 0),
                      coalesce(sum(json_extract(detail, '$.spent.prompt_tokens')), 0),
                      coalesce(sum(json_extract(detail, '$.spent.completion_tokens')), 0)
               FROM events WHERE kind = 'hedge'";
    connection.query_row(sql, [], |row| {
        let count =
            |idx: usize| Ok::<u64, rusqlite::Error>(row.get::<_, i64>(idx)?.cast_unsigned());
        let (n_sent, n_won) = (count(0)?, count(1)?);
        let (prompt_tokens, completion_tokens) = (count(2)?, count(3)?);
        let hedges = Hedges { n_sent, n_won, prompt_tokens, completion_tokens };
        Ok((n_sent > 0).then_some(hedges))
    })
}

/// The prices that the last session was given.
fn price(connection: &Connection) -> rusqlite::Result<Option<Price>> {
    let sql = "SELECT json_extract(settings, '$.price') FROM sessions
               WHERE json_extract(settings, '$.price') IS NOT NULL
               ORDER BY session_id DESC LIMIT 1";
    let json: Option<String> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
}
