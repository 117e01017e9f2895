//! Standard output: results and nothing else.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use crate::error::EvalrunError;

/// Prints `text` as it is. A reader that has gone away (`| head`) is no error; a result that could not
/// be written is one.
pub(super) fn result(text: &str) -> Result<(), EvalrunError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(err) if err.kind() != ErrorKind::BrokenPipe => Err(EvalrunError::Output {
            path: PathBuf::from("standard output"),
            reason: err.to_string(),
        }),
        _ => Ok(()),
    }
}

/// Prints `text` on standard error, for machines that read it there. A reader that is gone misses it.
pub(super) fn beside(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Prints `value` as indented JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Result<(), EvalrunError> {
    let text = serde_json::to_string_pretty(value).expect("results are plain data");
    result(&(text + "\n"))
}
