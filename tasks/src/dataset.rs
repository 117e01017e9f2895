//! Data sets: rows of a file become items.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{Value, value::Serde};
use serde::{Deserialize, Serialize};

use crate::TaskError;
use crate::calls::Category;
use crate::choice::ShuffleProtocol;
use crate::gpqa::{self, GpqaSet};
use crate::item::{ChoiceTarget, DialogueTarget, Item, ItemId, ProgramTarget, Target, TargetKind};
use crate::python_json;
use crate::template::environment;

/// Where a task's items come from: sources in order of preference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Items in the full data set.
    pub n_items: usize,
    /// Sources; those that hold every item stand before partial ones.
    pub sources: Vec<RowSource>,
}

/// One file that holds rows, and how a row becomes an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSource {
    /// Where the file is.
    pub location: RowSourceLocation,
    /// Items this source holds; fewer than [`Dataset::n_items`] makes it partial.
    pub n_items: usize,
    /// How rows lie in the file.
    pub layout: Layout,
    /// Only rows whose top-level text fields have these values count.
    pub keep: BTreeMap<String, String>,
    /// The template expression for the item's name; sees `row` and `row_idx` (from 0).
    pub id: String,
    /// The template expression for the gold answer.
    pub target: String,
    /// What the gold answer is.
    pub target_kind: TargetKind,
    /// Template expressions for the fields that the prompt sees.
    pub fields: BTreeMap<String, String>,
}

/// Where the rows of a source are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowSourceLocation {
    /// An asset of the manifest, by name.
    Asset(String),
    /// A file beside a user's own task file.
    File(std::path::PathBuf),
}

/// How rows lie in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "snake_case", deny_unknown_fields)]
pub enum Layout {
    /// One JSON object a line.
    Jsonl,
    /// One JSON document; rows are the array at this JSON pointer.
    Json {
        /// An RFC 6901 pointer, `""` for the document itself.
        rows: String,
    },
    /// The encrypted archive of GPQA. A row has `record_id`, `domain`, `subdomain` and `choice`, which
    /// is an object with the texts `question`, `correct` and `incorrect`.
    Gpqa {
        /// The set.
        set: GpqaSet,
    },
    /// A category of the wheel of `bfcl-eval`.
    Bfcl {
        /// The category.
        category: Category,
    },
}

impl RowSource {
    /// Reads every item of the source from the file's `bytes`; `file` names it in errors.
    pub fn items(&self, file: &str, bytes: &[u8]) -> Result<Vec<Item>, TaskError> {
        let rows = self.rows(file, bytes)?;
        let mut seen = BTreeSet::new();
        let mut items = Vec::with_capacity(self.n_items);
        for (row_idx, (row_number, row)) in rows.iter().enumerate() {
            if !self.keeps(row) {
                continue;
            }
            let bad = |message: String| TaskError::BadRow {
                file: file.to_owned(),
                row: *row_number,
                message,
            };
            let item = self.item(row, row_idx).map_err(bad)?;
            if !seen.insert(item.id.clone()) {
                return Err(bad(format!("the item name `{}` occurs twice", item.id)));
            }
            items.push(item);
        }
        if items.len() != self.n_items {
            return Err(TaskError::WrongItemCount {
                file: file.to_owned(),
                found: items.len(),
                expected: self.n_items,
            });
        }
        Ok(items)
    }

    /// The rows with their numbers as an editor counts them: lines, or places in the array.
    fn rows(&self, file: &str, bytes: &[u8]) -> Result<Vec<(usize, serde_json::Value)>, TaskError> {
        let bad =
            |row: usize, message: String| TaskError::BadRow { file: file.to_owned(), row, message };
        match &self.layout {
            Layout::Jsonl => bytes
                .split(|byte| *byte == b'\n')
                .enumerate()
                .filter(|(_, line)| !line.trim_ascii().is_empty())
                .map(|(idx, line)| {
                    let row =
                        python_json::parse(line).map_err(|err| bad(idx + 1, err.to_string()))?;
                    Ok((idx + 1, row))
                })
                .collect(),
            Layout::Json { rows } => {
                let document: serde_json::Value =
                    serde_json::from_slice(bytes).map_err(|err| bad(1, err.to_string()))?;
                let array = document.pointer(rows).and_then(|value| value.as_array());
                let array =
                    array.ok_or_else(|| bad(1, format!("there is no array at `{rows}`")))?;
                Ok((1..).zip(array.iter().cloned()).collect())
            }
            Layout::Bfcl { .. } => {
                Err(bad(1, "the entries of BFCL are made by code of its own".to_owned()))
            }
            Layout::Gpqa { set } => {
                let rows = gpqa::rows(file, bytes, *set)?;
                Ok((1..).zip(rows.into_iter().map(gpqa::GpqaRow::into_json)).collect())
            }
        }
    }

    fn keeps(&self, row: &serde_json::Value) -> bool {
        self.keep
            .iter()
            .all(|(field, wanted)| row.get(field).and_then(|v| v.as_str()) == Some(wanted))
    }

    fn item(&self, row: &serde_json::Value, row_idx: usize) -> Result<Item, String> {
        let context = Value::from_pairs([
            ("row", Value::from(Serde(row))),
            ("row_idx", Value::from(row_idx)),
        ]);
        let text = |expression: &str| evaluate(expression, &context);
        let fields = self
            .fields
            .iter()
            .map(|(name, expression)| Ok((name.clone(), text(expression)?)))
            .collect::<Result<BTreeMap<_, _>, String>>()?;
        let target = target(self.target_kind, &text(&self.target)?)?;
        Ok(Item { id: ItemId(text(&self.id)?), fields, target })
    }
}

/// Reads a gold answer; an integer becomes its canonical decimal form.
pub(crate) fn target(kind: TargetKind, text: &str) -> Result<Target, String> {
    let text = text.trim();
    match kind {
        TargetKind::ShortAnswer if text.is_empty() => Err("the gold answer is empty".to_owned()),
        TargetKind::ShortAnswer => Ok(Target::ShortAnswer(text.to_owned())),
        TargetKind::Instructions => serde_json::from_str::<serde_json::Value>(text)
            .map(|_| Target::Instructions(text.to_owned()))
            .map_err(|err| format!("the instructions are not JSON: {err}")),
        TargetKind::Program => program_target(text).map(Target::Program),
        TargetKind::Dialogue => dialogue_target(text).map(Target::Dialogue),
        TargetKind::Choice => choice_target(text).map(Target::Choice),
        TargetKind::Calls => Err("entries of BFCL have no target in a file of rows".to_owned()),
        TargetKind::Integer => canonical_integer(text)
            .map(Target::Integer)
            .ok_or_else(|| format!("the gold answer `{text}` is not an integer")),
    }
}

/// Reads `task_id` and `entry_point`; an object that has `base_input` too is a row with its own tests.
fn program_target(text: &str) -> Result<ProgramTarget, String> {
    let bad = |reason: &str| format!("the tests' object {reason}");
    let object = python_json::parse(text.as_bytes()).map_err(|err| bad(&err.to_string()))?;
    let field = |name: &str| {
        let value = object.get(name).and_then(|value| value.as_str());
        value.map(str::to_owned).ok_or_else(|| bad(&format!("has no text `{name}`")))
    };
    Ok(ProgramTarget {
        task_id: field("task_id")?,
        entry_point: field("entry_point")?,
        row: object.get("base_input").is_some().then(|| text.to_owned()),
    })
}

/// Reads `question_id` (a number or a text), `category`, `turns` and, if there are any, `references`.
fn dialogue_target(text: &str) -> Result<DialogueTarget, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Row {
        question_id: serde_json::Value,
        category: String,
        turns: Vec<String>,
        #[serde(default)]
        references: Vec<String>,
    }
    let row: Row =
        serde_json::from_str(text).map_err(|err| format!("the dialogue's object: {err}"))?;
    if row.turns.is_empty() {
        return Err("the dialogue has no turns".to_owned());
    }
    let question_id = match row.question_id {
        serde_json::Value::String(id) => id,
        other => other.to_string(),
    };
    let Row { category, turns, references, .. } = row;
    Ok(DialogueTarget { question_id, category, turns, references })
}

/// Reads a question with its four answers. The reason quotes nothing, because the texts may be such as
/// must not be shown.
fn choice_target(text: &str) -> Result<Box<ChoiceTarget>, String> {
    let bad = |_| {
        "the choice is no object with the texts `question` and `correct` and three texts `incorrect`"
            .to_owned()
    };
    let question = serde_json::from_str(text).map_err(bad)?;
    let protocol = ShuffleProtocol::default();
    Ok(Box::new(ChoiceTarget { question, protocol, orders: Vec::new() }))
}

fn canonical_integer(text: &str) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let digits = digits.replace(',', "");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    Some(if significant.is_empty() { "0".to_owned() } else { format!("{sign}{significant}") })
}

fn evaluate(expression: &str, context: &Value) -> Result<String, String> {
    let env = environment();
    let compiled = env.compile_expression(expression).map_err(|err| err.to_string())?;
    let value = compiled.eval(context.clone()).map_err(|err| format!("`{expression}`: {err}"))?;
    if value.is_undefined() || value.is_none() {
        return Err(format!("`{expression}` is missing"));
    }
    Ok(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(n_items: usize) -> RowSource {
        RowSource {
            location: RowSourceLocation::Asset("made".to_owned()),
            n_items,
            layout: Layout::Jsonl,
            keep: BTreeMap::new(),
            id: "'made-' ~ row_idx".to_owned(),
            target: "row.answer".to_owned(),
            target_kind: TargetKind::Integer,
            fields: BTreeMap::from([("problem".to_owned(), "row.problem.strip()".to_owned())]),
        }
    }

    fn check(bytes: &[u8], n_items: usize, expected: &str) {
        let outcome = match source(n_items).items("made.jsonl", bytes) {
            Ok(items) => items
                .iter()
                .map(|item| format!("{} {:?} {:?}", item.id, item.fields["problem"], item.target))
                .collect::<Vec<_>>()
                .join("; "),
            Err(err) => err.to_string(),
        };
        assert_eq!(outcome, expected);
    }

    #[test]
    fn rows_become_items_or_name_the_row() {
        check(
            b"{\"problem\": \" a \", \"answer\": \"073\"}\n\n{\"problem\": \"b\", \"answer\": 1}\n",
            2,
            r#"made-0 "a" Integer("73"); made-1 "b" Integer("1")"#,
        );
        check(
            b"{}",
            1,
            "made.jsonl, row 1: `row.problem.strip()`: unknown method: undefined has no method named strip (in <expression>:1)",
        );
        check(b"\n{", 1, "made.jsonl, row 2: EOF while parsing an object at line 1 column 1");
        check(
            b"{\"problem\": \"a\", \"answer\": \"x\"}",
            1,
            "made.jsonl, row 1: the gold answer `x` is not an integer",
        );
        check(
            b"{\"problem\": \"a\", \"answer\": \"1\"}",
            2,
            "made.jsonl holds 1 items where the task file states 2",
        );
    }
}
