//! Errors of task files, rows and prompts.

use thiserror::Error;

/// What can go wrong before a model is asked.
#[derive(Debug, Error)]
pub enum TaskError {
    /// No task has this name.
    #[error("there is no task `{name}`{} `evalrun tasks` lists them", listed(.nearest.as_deref()))]
    UnknownTask {
        /// The name asked for.
        name: String,
        /// The most similar known name.
        nearest: Option<String>,
    },
    /// A task file cannot be read from disk.
    #[error("cannot read {file}: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A task file is not what the schema asks for.
    #[error("{file}:{line}: {message}{}", suggestion(.nearest.as_deref()))]
    BadTaskFile {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        message: String,
        /// The nearest valid key, where a key is unknown.
        nearest: Option<String>,
    },
    /// A task has no such split.
    #[error("task `{task}` has no split `{split}`; it has: {known}")]
    UnknownSplit {
        /// The task.
        task: String,
        /// The split asked for.
        split: String,
        /// The splits it has.
        known: String,
    },
    /// A row of a data file cannot become an item.
    #[error("{file}, row {row}: {message}")]
    BadRow {
        /// The data file.
        file: String,
        /// The row, counted from 1.
        row: usize,
        /// What is wrong with it.
        message: String,
    },
    /// An archive cannot be opened.
    #[error("{file}: {message}")]
    BadArchive {
        /// The archive.
        file: String,
        /// What is wrong with it, and what to do.
        message: String,
    },
    /// A data file has another number of rows than its task file states.
    #[error("{file} holds {found} items where the task file states {expected}")]
    WrongItemCount {
        /// The data file.
        file: String,
        /// Items found.
        found: usize,
        /// Items stated.
        expected: usize,
    },
    /// A sample cannot be graded because of its item's data or a judge's files.
    #[error("item {item} cannot be graded: {message}")]
    Grade {
        /// The item.
        item: String,
        /// Why.
        message: String,
    },
    /// A prompt template failed on an item.
    #[error("the prompt template `{template}` failed on item {item}: {message}")]
    Prompt {
        /// The template's file name.
        template: String,
        /// The item.
        item: String,
        /// What the template engine said.
        message: String,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// What stands before the advice to list all names.
fn listed(nearest: Option<&str>) -> String {
    nearest.map_or_else(|| ";".to_owned(), |_| suggestion(nearest))
}

/// The candidate most similar to `name`, if any is similar enough to be a slip of the fingers.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}
