//! The run file: one run, one `SQLite` file.
//!
//! `application_id` is 0x6576616c ("eval") and `user_version` the format version; `schema.sql` beside
//! this file documents every table. While a run is written the file is in WAL mode, so anyone may
//! read it meanwhile; one writer at a time is enforced by a lock file beside it. A sample is
//! committed in one transaction with its turns and verdict, so that a killed process leaves whole
//! samples or none.

mod judgments;
mod lock;
mod measures;
mod reader;
mod serving;
mod writer;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::StoreError;

pub use judgments::JudgmentWriter;
pub use reader::{RunFile, StoredSample};
pub use writer::{Happening, RunWriter, Session};

/// "eval" in ASCII.
const APPLICATION_ID: u32 = 0x6576_616c;

/// The format version this build writes, and the newest one it reads.
const FORMAT_VERSION: u32 = 4;

const SCHEMA: &str = include_str!("schema.sql");

/// The tables that version 3 added.
const JUDGMENTS_SCHEMA: &str = include_str!("judgments.sql");

/// Attaches the file's name to an error of `SQLite`.
fn at(path: &Path) -> impl Fn(rusqlite::Error) -> StoreError + '_ {
    |source| StoreError::Database { path: path.to_owned(), source }
}

/// Opens an existing run file after checking that it is one and that this build understands it.
fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let refuse = |reason: String| StoreError::Open { path: path.to_owned(), reason };
    if !path.is_file() {
        return Err(refuse("there is no such file".to_owned()));
    }
    let connection =
        Connection::open_with_flags(path, flags).map_err(|err| refuse(err.to_string()))?;
    let pragma = |name: &str| {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
    };
    let found = pragma("application_id").map_err(|err| refuse(err.to_string()))?;
    let found = u32::try_from(found).unwrap_or(0);
    if found != APPLICATION_ID {
        return Err(StoreError::NotARun { path: path.to_owned(), found });
    }
    let version = pragma("user_version").map_err(|err| refuse(err.to_string()))?;
    let version = u32::try_from(version).unwrap_or(u32::MAX);
    if version > FORMAT_VERSION {
        return Err(StoreError::TooNew {
            path: path.to_owned(),
            found: version,
            supported: FORMAT_VERSION,
        });
    }
    upgrade(&connection, version);
    Ok(connection)
}

/// Adds what later versions added. A file that cannot be changed stays as it is, and a query that
/// needs what is not there says so.
fn upgrade(connection: &Connection, version: u32) {
    if version < 2 {
        // Version 1 had no column for details.
        drop(connection.execute("ALTER TABLE verdicts ADD COLUMN detail TEXT", []));
    }
    if version < 3 {
        // Version 2 had no cached tokens and no judges. It had no dialogues either, so that its
        // verdicts, which know neither `answered` nor the absence of a score, need no change.
        drop(connection.execute("ALTER TABLE turns ADD COLUMN cached_tokens INTEGER", []));
        drop(connection.execute_batch(JUDGMENTS_SCHEMA));
    }
    if version < 4 {
        // Version 3 had no calls, and kept every prompt whole.
        drop(connection.execute("ALTER TABLE turns ADD COLUMN tool_calls TEXT", []));
        drop(connection.execute("ALTER TABLE prompts ADD COLUMN base TEXT", []));
        drop(connection.pragma_update(None, "user_version", FORMAT_VERSION));
    }
}

/// A hidden file beside the run file.
fn lock_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.lock"))
}
