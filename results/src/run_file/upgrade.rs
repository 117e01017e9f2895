//! Run files of earlier formats.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{FORMAT_VERSION, JUDGMENTS_SCHEMA, REQUESTS_SCHEMA};

/// A column that a later format has.
struct Column {
    table: &'static str,
    name: &'static str,
    kind: &'static str,
}

/// Columns that are not in every format, in the order in which they came: details with version 2, cached
/// tokens with version 3. Version 3 brought the tables of judges, too; earlier ones had no dialogues, so
/// that their verdicts, which know neither `answered` nor the absence of a score, need no change. Version 4
/// brought calls, and prompts that go on from others, and version 5 the table of shared requests.
const COLUMNS: &[Column] = &[
    Column { table: "verdicts", name: "detail", kind: "TEXT" },
    Column { table: "turns", name: "cached_tokens", kind: "INTEGER" },
    Column { table: "turns", name: "tool_calls", kind: "TEXT" },
    Column { table: "prompts", name: "base", kind: "TEXT" },
];

/// Adds what is missing, all of it or nothing.
pub(super) fn in_place(connection: &Connection) -> rusqlite::Result<()> {
    // Another process may be doing the same; what it has done is seen once the lock is held.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    for Column { table, name, kind } in COLUMNS {
        if !has_column(&transaction, table, name)? {
            transaction.execute(&format!("ALTER TABLE {table} ADD COLUMN {name} {kind}"), [])?;
        }
    }
    transaction.execute_batch(JUDGMENTS_SCHEMA)?;
    transaction.execute_batch(REQUESTS_SCHEMA)?;
    transaction.pragma_update(None, "user_version", FORMAT_VERSION)?;
    transaction.commit()
}

/// Lets this connection see what is missing as empty, without a change to the file: temporary tables and
/// views stand before those of the file that have their names.
pub(super) fn in_view(connection: &Connection) -> rusqlite::Result<()> {
    let mut missing: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Column { table, name, .. } in COLUMNS {
        if !has_column(connection, table, name)? {
            missing.entry(table).or_default().push(format!("NULL AS {name}"));
        }
    }
    for (table, columns) in missing {
        let columns = columns.join(", ");
        let sql = format!("CREATE TEMP VIEW {table} AS SELECT *, {columns} FROM main.{table}");
        connection.execute(&sql, [])?;
    }
    for (table, schema) in [("judges", JUDGMENTS_SCHEMA), ("shared_requests", REQUESTS_SCHEMA)] {
        if !has_table(connection, table)? {
            connection.execute_batch(&schema.replace("CREATE ", "CREATE TEMP "))?;
        }
    }
    Ok(())
}

fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) FROM main.sqlite_schema WHERE name = ?1";
    connection.query_row(sql, [name], |row| Ok(row.get::<_, i64>(0)? > 0))
}

fn has_column(connection: &Connection, table: &str, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) FROM pragma_table_info(?1, 'main') WHERE name = ?2";
    connection.query_row(sql, [table, name], |row| Ok(row.get::<_, i64>(0)? > 0))
}
