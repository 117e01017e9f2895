//! How the model was served, from the turns, events and sessions of a run.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::at;
use crate::summary::Tokens;
use crate::{Cause, Percentiles, Price, Serving, StoreError};

/// Reads it; nothing for a run without a completed request.
pub(super) fn read(
    connection: &Connection,
    path: &Path,
    tokens: Tokens,
) -> Result<Option<Serving>, StoreError> {
    let read = || -> rusqlite::Result<Option<Serving>> {
        let Some(latency_ms) = percentiles(connection, "latency_ms")? else { return Ok(None) };
        let n_requests = "SELECT coalesce(sum(n_attempts), 0) FROM turns";
        let retries = "SELECT substr(detail, 1, instr(detail, ': ') - 1), count(*) FROM events
                       WHERE kind = 'retry' GROUP BY 1 ORDER BY 2 DESC, 1";
        let failures = "SELECT error_kind, count(*) FROM samples WHERE status = 'failed'
                        GROUP BY 1 ORDER BY 2 DESC, 1";
        Ok(Some(Serving {
            latency_ms,
            first_token_ms: percentiles(connection, "first_token_ms")?,
            n_requests: connection
                .query_row(n_requests, [], |row| row.get::<_, i64>(0))?
                .cast_unsigned(),
            retries: causes(connection, retries)?,
            failures: causes(connection, failures)?,
            cost: price(connection)?.map(|price| price.cost(tokens)),
        }))
    };
    read().map_err(at(path))
}

/// Nearest-rank percentiles of a column of `turns`.
fn percentiles(connection: &Connection, column: &str) -> rusqlite::Result<Option<Percentiles>> {
    let count = format!("SELECT count({column}) FROM turns");
    let n: i64 = connection.query_row(&count, [], |row| row.get(0))?;
    if n == 0 {
        return Ok(None);
    }
    let sql = format!(
        "SELECT {column} FROM turns WHERE {column} IS NOT NULL ORDER BY 1 LIMIT 1 OFFSET ?1"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut at_rank = |percent: i64| -> rusqlite::Result<u64> {
        let rank = (n * percent + 99) / 100 - 1;
        Ok(statement.query_row([rank.max(0)], |row| row.get::<_, i64>(0))?.cast_unsigned())
    };
    Ok(Some(Percentiles {
        p50: at_rank(50)?,
        p90: at_rank(90)?,
        p99: at_rank(99)?,
        max: at_rank(100)?,
    }))
}

fn causes(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<Cause>> {
    let cause = |row: &rusqlite::Row<'_>| {
        let cause: Option<String> = row.get(0)?;
        Ok(Cause { cause: cause.unwrap_or_default(), n: row.get::<_, i64>(1)?.cast_unsigned() })
    };
    connection.prepare(sql)?.query_map([], cause)?.collect()
}

/// The prices that the last session was given.
fn price(connection: &Connection) -> rusqlite::Result<Option<Price>> {
    let sql = "SELECT json_extract(settings, '$.price') FROM sessions
               WHERE json_extract(settings, '$.price') IS NOT NULL
               ORDER BY session_id DESC LIMIT 1";
    let json: Option<String> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
}
