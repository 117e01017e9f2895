//! What a run was going to do: everything that decides its samples and verdicts.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tasks::calls::CallsStyle;
use tasks::choice::{PromptFormat, ShuffleProtocol};
use tasks::{
    EpisodeKind, ExtractorKind, Fingerprint, JudgeKind, Language, MathJudge, MetricKind, Sampling,
    Split, Temperatures,
};

/// The identity of a run. Two runs with equal plans draw the same samples; anything that cannot
/// change a sample or a verdict (concurrency, time limits, folders) is not part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The task's name.
    pub task: String,
    /// The task's version.
    pub task_version: u32,
    /// The task's title.
    pub title: String,
    /// The language of its prompts.
    pub language: Language,
    /// Hex SHA-256 of the task file and its prompt template.
    pub definition_sha256: String,
    /// Where the items come from.
    pub dataset: DatasetPlan,
    /// The system message, if any.
    pub system: Option<String>,
    /// How a sample talks to the model.
    pub episode: EpisodeKind,
    /// How answers are found.
    pub extractor: ExtractorKind,
    /// How answers are graded.
    pub judge: JudgeKind,
    /// Who decides on mathematical equivalence, where the judge needs that.
    #[serde(default)]
    pub math_judge: Option<MathJudge>,
    /// The version of the extractors and judges of this build.
    pub judge_version: u32,
    /// What is reported.
    pub metrics: Vec<MetricKind>,
    /// Fields of items by whose values pass@1 is reported as well.
    #[serde(default)]
    pub breakdown: Vec<String>,
    /// Who decides the order of options, where there are any.
    #[serde(default)]
    pub shuffle: Option<ShuffleProtocol>,
    /// The published wording that took the place of the task's own.
    #[serde(default)]
    pub prompt_format: Option<PromptFormat>,
    /// How functions are called, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<CallsPlan>,
    /// How the run file keeps the texts of items and completions.
    #[serde(default)]
    pub texts: Texts,
    /// Sampling parameters of each request.
    pub sampling: Sampling,
    /// Temperatures that take the place of `sampling`'s in some categories of dialogue.
    #[serde(default, skip_serializing_if = "Temperatures::is_empty")]
    pub temperatures: Temperatures,
    /// The part of `sampling`'s token limit that is meant for reasoning; the rest is the limit of
    /// the visible answer. `None` where the limit counts both alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u32>,
    /// The protocol that the task's sampling defaults come from.
    pub sampling_source: String,
    /// Samples per item.
    pub n_samples: u32,
    /// The seed that all sample seeds derive from.
    pub run_seed: u64,
    /// What identifies the model.
    pub model: Fingerprint,
}

/// How functions are called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallsPlan {
    /// How the model is told of them, and calls them.
    pub style: CallsStyle,
    /// The prompt configuration, as upstream's ids of format sensitivity spell it; `None` for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// The kind of service that searched the web, where functions did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// The embedding model, where functions use one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<String>,
}

/// How a run file keeps the texts of items and completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Texts {
    /// Readable; they are public.
    #[default]
    Public,
    /// Sealed, because the authors of the data ask that examples stay out of plain text.
    Sealed,
    /// Readable although the authors ask otherwise, because the user asked for that.
    Kept,
}

/// The items of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetPlan {
    /// The split.
    pub split: Split,
    /// The asset or file the rows come from; `None` for items inside the task file.
    pub source: Option<String>,
    /// Hex SHA-256 of that file.
    pub sha256: Option<String>,
    /// Items in the full data set.
    pub n_items_full: usize,
    /// Items the source holds; fewer than `n_items_full` for a partial source.
    pub n_items_source: usize,
    /// Items selected for this run.
    pub n_items: usize,
    /// Hex SHA-256 over the selected items' names, fields and targets in order.
    pub items_sha256: String,
}

impl DatasetPlan {
    /// The remark every table and report makes about a partial source.
    pub fn partial_note(&self) -> Option<String> {
        (self.n_items_source < self.n_items_full).then(|| {
            format!("{} of {} items (partial source)", self.n_items_source, self.n_items_full)
        })
    }
}

/// One place where two plans differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The dotted path of the value.
    pub path: String,
    /// The value in the run file.
    pub stored: String,
    /// The value asked for now.
    pub wanted: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: the run has {}, this command asks for {}",
            self.path, self.stored, self.wanted
        )
    }
}

impl Plan {
    /// Whether the authors of the data ask that its texts stay out of anything shared.
    pub fn withholds_texts(&self) -> bool {
        self.texts != Texts::Public
    }

    /// Where `wanted` differs from this stored plan.
    pub fn differences(&self, wanted: &Self) -> Vec<Difference> {
        let json = |plan: &Self| serde_json::to_value(plan).expect("a plan is plain data");
        let mut found = value_differences("", &json(self), &json(wanted));
        if self.dataset.n_items != wanted.dataset.n_items {
            // Another number of items is other items, and says so in fewer digits.
            found.retain(|difference| difference.path != "dataset.items_sha256");
        }
        found
    }
}

/// Where two values differ, by paths that start with `path`.
pub(crate) fn value_differences(path: &str, stored: &Value, wanted: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(path, stored, wanted, &mut found);
    found
}

fn compare(path: &str, stored: &Value, wanted: &Value, found: &mut Vec<Difference>) {
    if let (Value::Object(left), Value::Object(right)) = (stored, wanted) {
        let added = right.keys().filter(|key| !left.contains_key(*key));
        for key in left.keys().chain(added) {
            let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let absent = Value::Null;
            let (left, right) = (left.get(key), right.get(key));
            compare(&inner, left.unwrap_or(&absent), right.unwrap_or(&absent), found);
        }
    } else if stored != wanted {
        found.push(Difference {
            path: path.to_owned(),
            stored: stored.to_string(),
            wanted: wanted.to_string(),
        });
    }
}
