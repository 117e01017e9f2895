//! Where a report goes: standard output, or a file that appears when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Stdout, Write};
use std::path::PathBuf;

use results::StoreError;

use crate::cli::args::{FormatArg, ReportArgs};
use crate::error::EvalrunError;

/// An open destination.
pub(super) enum Destination {
    Stdout(BufWriter<Stdout>),
    File {
        writer: BufWriter<File>,
        /// What is written, and its name while it is.
        path: PathBuf,
        part: PathBuf,
    },
}

impl Destination {
    /// Opens what the arguments name, before anything is computed.
    pub(super) fn open(args: &ReportArgs) -> Result<Self, EvalrunError> {
        let Some(path) = &args.output else {
            let stdout = io::stdout();
            if stdout.is_terminal() && matches!(args.format, FormatArg::Html | FormatArg::Parquet) {
                return Err(EvalrunError::Usage(
                    "this format is a file and no text to read: name it with --output FILE"
                        .to_owned(),
                ));
            }
            return Ok(Self::Stdout(BufWriter::new(stdout)));
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let part = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let file = File::create(&part)
            .map_err(|err| EvalrunError::Output { path: path.clone(), reason: err.to_string() })?;
        Ok(Self::File { writer: BufWriter::new(file), path: path.clone(), part })
    }

    /// Writes what `write` writes. A reader that has gone away (`| head`) is no error.
    pub(super) fn take(
        &mut self,
        write: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), StoreError>,
    ) -> Result<(), EvalrunError> {
        match write(self) {
            Err(StoreError::Output(err)) => self.excuse(&err),
            other => Ok(other?),
        }
    }

    /// Makes the report durable and gives it its name.
    pub(super) fn finish(mut self) -> Result<(), EvalrunError> {
        if let Err(err) = self.flush() {
            self.excuse(&err)?;
        }
        if let Self::File { writer, path, part } = &mut self {
            let refuse = |err: io::Error| EvalrunError::Output {
                path: path.clone(),
                reason: err.to_string(),
            };
            writer.get_ref().sync_all().map_err(refuse)?;
            fs::rename(&*part, &*path).map_err(refuse)?;
        }
        Ok(())
    }

    fn excuse(&self, err: &io::Error) -> Result<(), EvalrunError> {
        let path = match self {
            Self::Stdout(_) if err.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Self::Stdout(_) => PathBuf::from("standard output"),
            Self::File { path, .. } => path.clone(),
        };
        Err(EvalrunError::Output { path, reason: err.to_string() })
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File { writer, .. } => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File { writer, .. } => writer.flush(),
        }
    }
}

impl Drop for Destination {
    /// Removes what was not finished; after `finish` there is nothing of that name.
    fn drop(&mut self) {
        if let Self::File { part, .. } = self {
            let _ = fs::remove_file(part);
        }
    }
}
