//! Entries and their answers.

use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use judges::calls::multi_turn::Conversation;
use judges::calls::value::Value;
use judges::calls::{Config, ConfigError, Entry, SingleTurn, expected_calls, json};
use rayon::prelude::*;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tasks::calls::{Category, CheckKind, Description, FunctionDoc, FunctionError};
use tasks::{Message, Role};
use thiserror::Error;
use zip::ZipArchive;

const DATA: &str = "bfcl_eval/data";

/// The wheel of `bfcl-eval`.
#[derive(Clone)]
pub struct BfclData {
    wheel: Arc<[u8]>,
    path: PathBuf,
}

/// Data that cannot be used.
#[derive(Debug, Error)]
pub enum BfclDataError {
    /// The wheel cannot be read.
    #[error("{path}: {reason}")]
    Wheel {
        /// The wheel.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A row of a file is not what it should be.
    #[error("{file}, line {line}: {reason}")]
    Row {
        /// The file within the wheel.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// A data file and its answers do not go together.
    #[error("{file} has {n_rows} entries and {n_answers} answers")]
    Answers {
        /// The data file.
        file: String,
        /// Its rows.
        n_rows: usize,
        /// The rows of its answers.
        n_answers: usize,
    },
    /// An id of format sensitivity names no configuration.
    #[error("{id}: {source}")]
    Config {
        /// The id.
        id: String,
        /// What is wrong.
        source: ConfigError,
    },
}

/// A single-turn row that expects calls.
#[derive(Deserialize)]
struct Row {
    id: String,
    function: Vec<Description>,
}

/// A row with what the user says, turn by turn.
#[derive(Deserialize)]
struct Asked {
    id: String,
    question: Vec<Vec<Message>>,
}

/// A row of which no more is needed.
#[derive(Deserialize)]
struct Named {
    id: String,
}

impl BfclData {
    /// Reads the wheel.
    pub fn open(path: &Path) -> Result<Self, BfclDataError> {
        let wheel = std::fs::read(path).map_err(|err| BfclDataError::Wheel {
            path: path.to_owned(),
            reason: err.to_string(),
        })?;
        Ok(Self { wheel: Arc::from(wheel), path: path.to_owned() })
    }

    /// The wheel's bytes.
    pub fn wheel(&self) -> Arc<[u8]> {
        Arc::clone(&self.wheel)
    }

    /// Hex SHA-256 of the wheel.
    pub fn sha256(&self) -> String {
        tasks::hex(&Sha256::digest(&self.wheel))
    }

    /// The entries of a category by id. Format sensitivity has none of its own: see
    /// [`Self::reformatted`].
    pub fn entries(&self, category: Category) -> Result<HashMap<String, Entry>, BfclDataError> {
        match category.check() {
            _ if category == Category::FormatSensitivity => Ok(HashMap::new()),
            CheckKind::Simple | CheckKind::Multiple | CheckKind::Parallel => {
                self.single_turn(category)
            }
            kind @ (CheckKind::Irrelevance | CheckKind::Relevance) => {
                let rows = self.rows(&format!("{DATA}/{}", category.file()), named)?;
                Ok(rows.into_iter().map(|row| (row.id, Entry::Relevance(kind))).collect())
            }
            CheckKind::MultiTurn => self.conversations(category),
            CheckKind::Agentic => self.agentic(category),
        }
    }

    /// The ids of a category's entries in the data's order, each with the last of what the user says in
    /// the first turn. Format sensitivity has none of its own.
    pub fn questions(&self, category: Category) -> Result<Vec<(String, String)>, BfclDataError> {
        let file = format!("{DATA}/{}", category.file());
        let rows = self.rows(&file, |text| {
            serde_json::from_str::<Asked>(text).map_err(|err| err.to_string())
        })?;
        let entry = |row: Asked| {
            let mut said = row.question.into_iter().next().unwrap_or_default();
            said.retain(|message| message.role == Role::User);
            let question = said.pop().map_or_else(String::new, |message| message.content);
            let is_shared = category.check() == CheckKind::Agentic;
            (if is_shared { agentic_id(category, &row.id) } else { row.id }, question)
        };
        Ok(rows.into_iter().map(entry).collect())
    }

    /// The entry of an id of format sensitivity, made of its original.
    pub fn reformatted(id: &str, original: &SingleTurn) -> Result<SingleTurn, BfclDataError> {
        let config = id.split(':').nth(1).unwrap_or_default();
        let config = Config::parse(config)
            .map_err(|source| BfclDataError::Config { id: id.to_owned(), source })?;
        Ok(SingleTurn { config, ..original.clone() })
    }

    fn single_turn(&self, category: Category) -> Result<HashMap<String, Entry>, BfclDataError> {
        let language = category.language();
        let file = format!("{DATA}/{}", category.file());
        let functions = |text: &str| {
            let row: Row = serde_json::from_str(text).map_err(|err| err.to_string())?;
            let docs = row.function.into_iter().map(|doc| FunctionDoc::new(doc, language));
            let docs: Result<Vec<_>, FunctionError> = docs.collect();
            Ok((row.id, docs.map_err(|err| err.to_string())?))
        };
        let answer =
            |text: &str| expected_calls(&ground_truth(text)?).map_err(|err| err.to_string());
        let rows = self.rows(&file, functions)?;
        let answers = self.answers(category, answer)?;
        let entry = |((id, functions), expected)| {
            let config = Config::of(language);
            (id, Entry::Calls(SingleTurn { category, functions, expected, config }))
        };
        Ok(paired(&file, rows, answers)?.map(entry).collect())
    }

    fn conversations(&self, category: Category) -> Result<HashMap<String, Entry>, BfclDataError> {
        let file = format!("{DATA}/{}", category.file());
        let rows = self.rows(&file, |text| {
            let row = json::parse(text)?;
            let missing = || "it has no id, classes or configuration".to_owned();
            let dict = row.as_dict().ok_or_else(missing)?;
            let id = dict.get_str("id").and_then(Value::as_str).ok_or_else(missing)?;
            let classes = dict.get_str("involved_classes").and_then(texts).ok_or_else(missing)?;
            let config = dict.get_str("initial_config").ok_or_else(missing)?;
            Ok((id.to_owned(), classes, config.clone()))
        })?;
        let answers = self.answers(category, |text| {
            let turns = ground_truth(text)?;
            let turns = turns.as_list().and_then(|turns| turns.iter().map(texts).collect());
            turns.ok_or_else(|| "its answer is no list of turns of calls".to_owned())
        })?;
        let entry = |((id, involved_classes, initial_config), ground_truth): (
            (String, Vec<String>, Value),
            Vec<Vec<String>>,
        )| {
            let conversation = Conversation {
                id: id.clone(),
                category,
                initial_config,
                involved_classes,
                ground_truth,
            };
            (id, Entry::Conversation(conversation))
        };
        Ok(paired(&file, rows, answers)?.map(entry).collect())
    }

    /// Memory and web search share their data: only the ids differ.
    fn agentic(&self, category: Category) -> Result<HashMap<String, Entry>, BfclDataError> {
        let file = format!("{DATA}/{}", category.file());
        let rows = self.rows(&file, named)?;
        let answers = self.answers(category, |text| {
            let answers = texts(&ground_truth(text)?);
            answers.ok_or_else(|| "its answer is no list of texts".to_owned())
        })?;
        let entry = |(row, answers): (Named, Vec<String>)| {
            (agentic_id(category, &row.id), Entry::Agentic(answers))
        };
        Ok(paired(&file, rows, answers)?.map(entry).collect())
    }

    fn answers<T: Send>(
        &self,
        category: Category,
        read: impl Fn(&str) -> Result<T, String> + Sync,
    ) -> Result<Vec<T>, BfclDataError> {
        self.rows(&format!("{DATA}/possible_answer/{}", category.file()), read)
    }

    fn rows<T: Send>(
        &self,
        file: &str,
        read: impl Fn(&str) -> Result<T, String> + Sync,
    ) -> Result<Vec<T>, BfclDataError> {
        let text = self.member(file)?;
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let row = |(idx, line): (usize, &&str)| {
            read(line).map_err(|reason| BfclDataError::Row {
                file: file.to_owned(),
                line: idx + 1,
                reason,
            })
        };
        lines.par_iter().enumerate().map(row).collect()
    }

    fn member(&self, file: &str) -> Result<String, BfclDataError> {
        let broken = |reason: String| BfclDataError::Wheel { path: self.path.clone(), reason };
        let mut archive =
            ZipArchive::new(Cursor::new(&self.wheel[..])).map_err(|err| broken(err.to_string()))?;
        let mut member =
            archive.by_name(file).map_err(|err| broken(format!("it has no {file}: {err}")))?;
        let mut text = String::new();
        member.read_to_string(&mut text).map_err(|err| broken(format!("{file}: {err}")))?;
        Ok(text)
    }
}

/// Categories of one file tell their entries apart by the category's name.
fn agentic_id(category: Category, id: &str) -> String {
    let number = id.rsplit_once('_').map_or(id, |(_, number)| number);
    format!("{}_{number}", category.name())
}

fn named(text: &str) -> Result<Named, String> {
    serde_json::from_str(text).map_err(|err| err.to_string())
}

fn ground_truth(text: &str) -> Result<Value, String> {
    let row = json::parse(text)?;
    let found = row.as_dict().and_then(|row| row.get_str("ground_truth"));
    found.cloned().ok_or_else(|| "it has no `ground_truth`".to_owned())
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_list()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

/// Rows with their answers. Some answers have ids of another kind, and the order is the same.
fn paired<R, A>(
    file: &str,
    rows: Vec<R>,
    answers: Vec<A>,
) -> Result<impl Iterator<Item = (R, A)>, BfclDataError> {
    if rows.len() != answers.len() {
        let (n_rows, n_answers) = (rows.len(), answers.len());
        return Err(BfclDataError::Answers { file: file.to_owned(), n_rows, n_answers });
    }
    Ok(rows.into_iter().zip(answers))
}
