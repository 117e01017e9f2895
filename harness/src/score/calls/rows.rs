//! Rows of upstream's result files: `{"id": …, "result": …}` and perhaps what the request took.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use judges::calls::decode::{self, Decoded, Mode, ReturnFormat, ToolTag};
use judges::calls::json;
use judges::calls::value::Value;
use num_traits::ToPrimitive;
use rayon::prelude::*;
use results::metric::calls::Usage;
use tasks::calls::{Category, CheckKind};

use super::super::file;
use super::summary::mode_name;
use crate::display::Display;
use crate::error::EvalrunError;

/// A stored reply.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) result: Value,
    pub(super) path: Arc<Path>,
    pub(super) line: usize,
    pub(super) usage: Usage,
    has_traceback: bool,
}

/// How upstream begins the result that it stores where a request failed for good.
const OUTAGE: &str = "Error during inference:";

impl Row {
    /// What upstream stored instead of a reply. The traceback beside it is none of the model's doing.
    pub(super) fn outage(&self) -> Option<&str> {
        self.result.as_str().filter(|text| self.has_traceback && text.starts_with(OUTAGE))
    }

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
    let has_traceback = fields.get_str("traceback").is_some();
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
    Ok(Row { id, result, path: Arc::clone(path), line: number, usage, has_traceback })
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

/// How many replies look like calls in each mode.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_field_names, reason = "n_ marks counts throughout")]
pub(super) struct Looks {
    n_prompting: usize,
    n_native: usize,
    n_hermes: usize,
}

impl Looks {
    /// Counts each reply, which in a conversation is a step.
    pub(super) fn of(rows: &[(Row, Category)]) -> Self {
        let of_row = |(row, category): &(Row, Category)| {
            let is_conversation =
                matches!(category.check(), CheckKind::MultiTurn | CheckKind::Agentic);
            let turns = row.result.as_list().unwrap_or_default();
            let steps: Vec<&Value> = if is_conversation {
                turns.iter().filter_map(Value::as_list).flatten().collect()
            } else {
                vec![&row.result]
            };
            steps.into_iter().map(Self::of_reply).fold(Self::default(), Self::and)
        };
        rows.par_iter().map(of_row).reduce(Self::default, Self::and)
    }

    /// Upstream stores calls of an endpoint's own as lists. A text that only mentions `<tool_call>`
    /// holds no such call.
    fn of_reply(reply: &Value) -> Self {
        let is_prompting = || {
            let format = (ReturnFormat::Python, ToolTag::Absent);
            let decoded = decode::calls(reply, Mode::Prompting, format);
            matches!(decoded, Ok(Decoded::Calls(calls)) if !calls.is_empty())
        };
        match reply {
            Value::List(_) => Self { n_native: 1, ..Self::default() },
            Value::Str(text) if text.contains("<tool_call>\n") => {
                Self { n_hermes: 1, ..Self::default() }
            }
            Value::Str(_) if is_prompting() => Self { n_prompting: 1, ..Self::default() },
            _ => Self::default(),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            n_prompting: self.n_prompting + other.n_prompting,
            n_native: self.n_native + other.n_native,
            n_hermes: self.n_hermes + other.n_hermes,
        }
    }

    /// The mode of most replies. What looks like none may still be prompting, in another format.
    pub(super) fn mode(self) -> Mode {
        let Self { n_prompting, n_native, n_hermes } = self;
        if n_native > n_prompting && n_native >= n_hermes {
            Mode::Native
        } else if n_hermes > n_prompting {
            Mode::Hermes
        } else {
            Mode::Prompting
        }
    }

    /// How the replies are read, and which of them look otherwise.
    pub(super) fn note(self) -> String {
        let mode = self.mode();
        let counts = [
            (Mode::Prompting, self.n_prompting),
            (Mode::Native, self.n_native),
            (Mode::Hermes, self.n_hermes),
        ];
        let others = counts.iter().filter(|(other, n)| *other != mode && *n > 0);
        let others: Vec<String> =
            others.map(|(other, n)| format!("{n} look like {}", mode_name(*other))).collect();
        let chosen = mode_name(mode);
        if others.is_empty() {
            return format!("the replies are read as {chosen} by their looks");
        }
        format!(
            "the replies are read as {chosen}, as most of them look, but {}: --mode says otherwise",
            others.join(" and ")
        )
    }
}
