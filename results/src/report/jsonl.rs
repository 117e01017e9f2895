//! JSON lines: one sample a line, with its texts.

use std::io::{self, Write};

use super::ReportedRun;
use super::sample_row::for_each_row;
use crate::StoreError;

/// Writes every attempted sample of every run, one JSON object a line.
pub fn jsonl(runs: &[ReportedRun<'_>], out: &mut dyn Write) -> Result<(), StoreError> {
    for run in runs {
        for_each_row(run, |row| {
            serde_json::to_writer(&mut *out, &row).map_err(io::Error::from)?;
            Ok(out.write_all(b"\n")?)
        })?;
    }
    Ok(())
}
