//! The `.eval_results/*.yaml` files of Hugging Face model repositories, as `huggingface_hub` reads
//! them (`_eval_results.py`): a list of entries, one a run.

use std::fmt::Write as _;

use crate::report::ReportedRun;
use crate::{StoreError, Summary};

/// A benchmark data set on the Hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubDataset {
    /// Its repository, `owner/name`.
    pub id: String,
    /// The benchmark's name for the task inside the data set, from its `eval.yaml`.
    pub task_id: String,
    /// How its leaderboard writes values.
    pub scale: Scale,
}

/// How a leaderboard on the Hub writes values; each benchmark decides for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Between 0 and 1.
    Share,
    /// Between 0 and 100.
    Percent,
}

impl HubDataset {
    /// Reads `owner/name` or `owner/name:task`; without a task it is `default`, and values are in
    /// percent, as in the Hub's own examples (`docs/hub/eval-results.md` of huggingface/hub-docs).
    pub fn parse(text: &str) -> Result<Self, String> {
        let (id, task_id) = text.split_once(':').unwrap_or((text, "default"));
        let is_id = id.split('/').count() == 2 && id.split('/').all(|part| !part.is_empty());
        if !is_id || task_id.is_empty() {
            return Err("write owner/name or owner/name:task".to_owned());
        }
        let (id, task_id) = (id.to_owned(), task_id.to_owned());
        Ok(Self { id, task_id, scale: Scale::Percent })
    }

    /// The data set of a task, where the Hub documents one: GPQA, whose example in the same page has a
    /// share as its value.
    pub fn of_task(task: &str) -> Option<Self> {
        let (id, task_id) = ("Idavidrein/gpqa".to_owned(), "gpqa_diamond".to_owned());
        (task == "gpqa_diamond").then_some(Self { id, task_id, scale: Scale::Share })
    }
}

/// Whether the run is one of the whole benchmark, to its end.
pub fn is_whole_benchmark(summary: &Summary) -> bool {
    let has_all = summary.n_items >= summary.n_items_full && summary.partial_source.is_none();
    summary.split == "test" && has_all && summary.complete
}

/// The entries of runs with their data sets. A run without a figure has no entry.
pub fn hf_eval_results(runs: &[(ReportedRun<'_>, HubDataset)]) -> Result<String, StoreError> {
    let mut yaml = String::new();
    for (run, dataset) in runs {
        let Some(figure) = run.summary.metrics.first() else { continue };
        let date = run.file.created_at()?;
        let factor = match dataset.scale {
            Scale::Share => 1.0,
            Scale::Percent => 100.0,
        };
        // Four digits are more than any interval allows; the run file has the rest.
        let value = (figure.estimate.value * factor * 1e4).round() / 1e4;
        let notes = notes(run.summary);
        write!(
            yaml,
            "- dataset:\n    id: {}\n    task_id: {}\n  value: {value:?}\n  date: {}\n  notes: {}\n",
            quoted(&dataset.id),
            quoted(&dataset.task_id),
            quoted(date.get(..10).unwrap_or(&date)),
            quoted(&notes),
        )
        .expect("writing to a string cannot fail");
    }
    if yaml.is_empty() {
        yaml.push_str("[]\n");
    }
    Ok(yaml)
}

fn notes(summary: &Summary) -> String {
    let figure = &summary.metrics[0];
    let unfinished = if summary.complete { "" } else { ", unfinished run" };
    let is_part = summary.n_items < summary.n_items_full || summary.split != "test";
    let part = match summary.split.as_str() {
        "test" => format!(", {} of {} items", summary.n_items, summary.n_items_full),
        split => format!(", split {split}, {} items", summary.n_items),
    };
    let unfinished = if is_part { format!("{part}{unfinished}") } else { unfinished.to_owned() };
    let partial = summary.partial_source.as_ref().map_or(String::new(), |note| format!(", {note}"));
    format!(
        "evalrun {} v{}: {} {}{unfinished}{partial}",
        summary.task,
        summary.task_version,
        figure.name,
        crate::report::estimate_text(&figure.estimate)
    )
}

/// A double-quoted YAML scalar: JSON, with the characters that YAML 1.2 wants escaped besides (5.1).
fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).expect("a text is plain data");
    json.chars().fold(String::new(), |mut yaml, c| {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                write!(yaml, "\\u{:04x}", u32::from(c)).expect("writing to a string cannot fail");
            }
            c => yaml.push(c),
        }
        yaml
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_sets_are_named_with_or_without_a_task() {
        let check = |text: &str, expected: Option<(&str, &str)>| {
            let found = HubDataset::parse(text).ok();
            let found =
                found.as_ref().map(|dataset| (dataset.id.as_str(), dataset.task_id.as_str()));
            assert_eq!(found, expected, "{text}");
        };
        check("openai/gsm8k", Some(("openai/gsm8k", "default")));
        check("Idavidrein/gpqa:gpqa_diamond", Some(("Idavidrein/gpqa", "gpqa_diamond")));
        check("gsm8k", None);
        check("a/b/c", None);
        check("a/:x", None);
        check("a/b:", None);
    }

    #[test]
    fn scalars_are_quoted() {
        let check = |text: &str, expected: &str| assert_eq!(quoted(text), expected);
        check("a: \"b\" # c", r#""a: \"b\" # c""#);
        check("\u{85}\u{2028}é\n", r#""\u0085\u2028é\n""#);
    }
}
