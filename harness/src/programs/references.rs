//! Results of canonical solutions: shipped, computed earlier, or computed now.
//!
//! A file of them begins with a line that names the interpreter they were computed with; each further
//! line is one problem's [`Reference`]. They belong to rows by the rows' SHA-256, so a data set of
//! another version never meets the wrong ones.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use judges::code::{CodeDataset, Reference, references, row_sha256};
use sandbox::Sandbox;
use serde::{Deserialize, Serialize};

use crate::assets::AssetStore;
use crate::display::Display;
use crate::error::EvalrunError;

/// Those of `HumanEval+` v0.1.10 and `MBPP+` v0.2.0: the lines that computing them left in the folder of
/// references, ordered by problem. Another interpreter asks for another file.
const SHIPPED: &[u8] = include_bytes!("../../assets/references.jsonl.gz");

/// The first line of a file.
#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    interpreter: String,
}

const FORMAT: &str = "evalrun.references/1";

/// The references of problems, given as rows by problem.
pub(super) fn of(
    dataset: CodeDataset,
    rows: &HashMap<String, String>,
    sandbox: &Sandbox,
    (store, display): (&AssetStore, &Display),
) -> Result<Vec<Reference>, EvalrunError> {
    let wanted: HashMap<String, &str> =
        rows.values().map(|row| (row_sha256(row), row.as_str())).collect();
    let mut found = Found { wanted, references: Vec::new() };
    found.read(GzDecoder::new(SHIPPED), sandbox.identity());
    let path = store.references().join(format!("{}.jsonl", sandbox.identity()));
    if let Ok(file) = File::open(&path) {
        found.read(file, sandbox.identity());
    }
    let missing: Vec<&str> = found.wanted.into_values().collect();
    let mut references = found.references;
    if !missing.is_empty() {
        references.extend(compute(dataset, &missing, sandbox, (&path, display))?);
    }
    Ok(references)
}

/// What was found, and what is still wanted.
struct Found<'a> {
    /// Rows by hash.
    wanted: HashMap<String, &'a str>,
    references: Vec<Reference>,
}

impl Found<'_> {
    /// Takes what is wanted out of a file. One that was made with another interpreter, and what is
    /// damaged, is of no use and is computed again.
    fn read(&mut self, file: impl Read, interpreter: &str) {
        let mut lines = BufReader::new(file).lines();
        let header: Option<Header> =
            lines.next().and_then(Result::ok).and_then(|line| serde_json::from_str(&line).ok());
        if !header.is_some_and(|head| head.format == FORMAT && head.interpreter == interpreter) {
            return;
        }
        for line in lines.map_while(Result::ok) {
            if self.wanted.is_empty() {
                return;
            }
            let Ok(reference) = serde_json::from_str::<Reference>(&line) else { continue };
            if self.wanted.remove(&reference.row_sha256).is_some() {
                self.references.push(reference);
            }
        }
    }
}

/// Computes references and keeps each as soon as it is there, so that an interruption costs little.
fn compute(
    dataset: CodeDataset,
    rows: &[&str],
    sandbox: &Sandbox,
    (path, display): (&Path, &Display),
) -> Result<Vec<Reference>, EvalrunError> {
    let mut file = Kept::open(path, sandbox.identity())?;
    let work = display.work("running canonical solutions, once on this machine");
    let mut computed = Vec::with_capacity(rows.len());
    let mut failure: Option<EvalrunError> = None;
    let mut n_done = 0;
    references(dataset, rows, sandbox, sandbox.n_workers(), |_, reference| {
        n_done += 1;
        work.count(n_done, rows.len());
        let kept = reference.map_err(EvalrunError::from).and_then(|r| {
            file.append(&r)?;
            Ok(r)
        });
        match kept {
            Ok(reference) => computed.push(reference),
            Err(err) => drop(failure.get_or_insert(err)),
        }
    });
    work.finish();
    failure.map_or(Ok(computed), Err)
}

/// The file of references computed on this machine.
struct Kept {
    path: PathBuf,
    file: File,
}

impl Kept {
    fn open(path: &Path, interpreter: &str) -> Result<Self, EvalrunError> {
        let fail = |err: std::io::Error| EvalrunError::Output {
            path: path.to_owned(),
            reason: err.to_string(),
        };
        fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).map_err(fail)?;
        let file = File::options().create(true).append(true).open(path).map_err(fail)?;
        let is_new = file.metadata().map_err(fail)?.len() == 0;
        let mut kept = Self { path: path.to_owned(), file };
        if is_new {
            let header = Header { format: FORMAT.to_owned(), interpreter: interpreter.to_owned() };
            kept.append(&header)?;
        }
        Ok(kept)
    }

    /// One write a line, so that two commands at the same time do not mix theirs.
    fn append(&mut self, line: &impl Serialize) -> Result<(), EvalrunError> {
        let mut line = serde_json::to_string(line).expect("a reference is plain data");
        line.push('\n');
        self.file.write_all(line.as_bytes()).map_err(|err| EvalrunError::Output {
            path: self.path.clone(),
            reason: err.to_string(),
        })
    }
}
