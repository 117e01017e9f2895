//! Rows of upstream's result files: `{"id": …, "result": …}` and perhaps what the request took.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use judges::calls::decode::Mode;
use judges::calls::json;
use judges::calls::value::Value;
use num_traits::ToPrimitive;
use rayon::prelude::*;
use results::metric::calls::Usage;
use tasks::calls::{Category, CheckKind};

use super::super::file;
use crate::display::Display;
use crate::error::EvalrunError;

/// A stored reply.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) result: Value,
    pub(super) path: Arc<Path>,
    pub(super) line: usize,
    pub(super) usage: Usage,
}

impl Row {
    /// The entry that one of format sensitivity is made of.
    pub(super) fn original(&self) -> Option<&str> {
        self.id.split(':').nth(2)
    }
}

/// Reads a file, or all result files below a folder. Conversations that prepare a memory are left out,
/// and of two rows with one id the first counts.
pub(super) fn read(path: &Path, display: &Display) -> Result<Vec<(Row, Category)>, EvalrunError> {
    let mut files = Vec::new();
    if path.is_dir() {
        collect(path, &mut files)?;
        files.sort();
        if files.is_empty() {
            let reason = "there is no BFCL_v4_*_result.json below it".to_owned();
            return Err(EvalrunError::Data { path: path.to_owned(), reason });
        }
    } else {
        files.push(path.to_owned());
    }
    let read: Vec<Vec<Row>> =
        files.par_iter().map(|file| rows_of(file)).collect::<Result<_, _>>()?;
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    let (mut n_prepared, mut n_repeated) = (0, 0);
    for row in read.into_iter().flatten() {
        if row.id.contains("_prereq_") {
            n_prepared += 1;
            continue;
        }
        let Some(category) = Category::of_id(&row.id) else {
            let reason = format!("`{}` is of no category of BFCL v4", row.id);
            return Err(EvalrunError::Samples {
                path: row.path.to_path_buf(),
                line: row.line,
                reason,
            });
        };
        if seen.insert(row.id.clone()) {
            kept.push((row, category));
        } else {
            n_repeated += 1;
        }
    }
    if kept.is_empty() {
        return Err(file::none(path));
    }
    if n_prepared > 0 {
        display.note(&format!("{n_prepared} conversations prepare a memory and are not judged"));
    }
    if n_repeated > 0 {
        display.note(&format!("{n_repeated} rows repeat an id: only the first of each counts"));
    }
    Ok(kept)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), EvalrunError> {
    let fail = |err: std::io::Error| EvalrunError::Input {
        path: folder.to_owned(),
        reason: err.to_string(),
    };
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            collect(&path, files)?;
        } else if name.starts_with("BFCL_v4_") && name.ends_with("_result.json") {
            files.push(path);
        }
    }
    Ok(())
}

fn rows_of(path: &Path) -> Result<Vec<Row>, EvalrunError> {
    let text = fs::read_to_string(path)
        .map_err(|err| EvalrunError::Input { path: path.to_owned(), reason: err.to_string() })?;
    let path: Arc<Path> = Arc::from(path);
    // Other line ends occur within texts.
    let lines: Vec<(usize, &str)> =
        text.split('\n').enumerate().filter(|(_, line)| !line.trim().is_empty()).collect();
    let read = |(idx, line): (usize, &str)| {
        row(line, (&path, idx + 1)).map_err(|reason| EvalrunError::Samples {
            path: path.to_path_buf(),
            line: idx + 1,
            reason,
        })
    };
    let rows: Vec<Result<Row, EvalrunError>> = lines.into_par_iter().map(read).collect();
    rows.into_iter().collect()
}

fn row(line: &str, (path, number): (&Arc<Path>, usize)) -> Result<Row, String> {
    let Value::Dict(fields) = json::parse(line)? else { return Err("it is no object".to_owned()) };
    let (mut id, mut result, mut usage) = (None, None, Usage::default());
    for (name, value) in fields.into_entries() {
        match (name.as_str().unwrap_or_default(), value) {
            ("id", Value::Str(text)) => id = Some(text),
            ("result", value) => result = Some(value),
            ("latency", value) => usage.latencies_s = numbers(&value),
            ("input_token_count", value) => usage.input_tokens = numbers(&value),
            ("output_token_count", value) => usage.output_tokens = numbers(&value),
            _ => {}
        }
    }
    let id = id.ok_or("it has no `id`")?;
    let result = result.ok_or("it has no `result`")?;
    Ok(Row { id, result, path: Arc::clone(path), line: number, usage })
}

/// The numbers of a field that are not zero: one, or one for each step of each turn.
fn numbers(field: &Value) -> Vec<f64> {
    match field {
        Value::Int(number) => number.to_f64().filter(|n| *n != 0.0).into_iter().collect(),
        Value::Float(number) => Some(*number).filter(|n| *n != 0.0).into_iter().collect(),
        Value::List(items) => items.iter().flat_map(numbers).collect(),
        _ => Vec::new(),
    }
}

/// How the replies call functions, by their looks: upstream stores calls of an endpoint's own as lists.
pub(super) fn mode_of(rows: &[(Row, Category)]) -> Mode {
    let mut mode = Mode::Prompting;
    for (row, category) in rows {
        let is_conversation = matches!(category.check(), CheckKind::MultiTurn | CheckKind::Agentic);
        let turns = row.result.as_list().unwrap_or_default();
        let steps: Vec<&Value> = if is_conversation {
            turns.iter().filter_map(Value::as_list).flatten().collect()
        } else {
            vec![&row.result]
        };
        for step in steps {
            match step {
                Value::List(_) => return Mode::Native,
                Value::Str(text) if text.contains("<tool_call>") => mode = Mode::Hermes,
                _ => {}
            }
        }
    }
    mode
}
