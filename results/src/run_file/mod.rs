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
mod progress;
mod reader;
mod serving;
mod shared;
mod upgrade;
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
const FORMAT_VERSION: u32 = 5;

const SCHEMA: &str = include_str!("schema.sql");

/// The tables that version 3 added.
const JUDGMENTS_SCHEMA: &str = include_str!("judgments.sql");

/// The table that version 5 added.
const REQUESTS_SCHEMA: &str = include_str!("requests.sql");

/// Attaches the file's name to an error of `SQLite`.
fn at(path: &Path) -> impl Fn(rusqlite::Error) -> StoreError + '_ {
    |source| StoreError::Database { path: path.to_owned(), source }
}

/// Opens an existing run file for writing, in the format of this build.
fn open(path: &Path) -> Result<Connection, StoreError> {
    let (connection, version) = open_checked(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if version < FORMAT_VERSION {
        upgrade::in_place(&connection).map_err(at(path))?;
    }
    Ok(connection)
}

/// Opens an existing run file for reading. One of an older format looks like one of this build's, and
/// stays as it is: it may be someone else's.
fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    // A reader of a WAL file may need to recover the log a killed writer left behind.
    let (connection, version) = open_checked(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .or_else(|_| open_checked(path, OpenFlags::SQLITE_OPEN_READ_ONLY))?;
    if version < FORMAT_VERSION {
        upgrade::in_view(&connection).map_err(at(path))?;
    }
    Ok(connection)
}

/// Opens an existing file after checking that it is a run and that this build understands it, and gives
/// its format version.
fn open_checked(path: &Path, flags: OpenFlags) -> Result<(Connection, u32), StoreError> {
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
    Ok((connection, version))
}

/// A hidden file beside the run file.
fn lock_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.lock"))
}
