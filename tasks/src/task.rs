//! A task as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::calls::Category;
use crate::choice::{ChoiceExtractor, ShuffleProtocol};
use crate::episode::EpisodeKind;
use crate::item::{Item, Target};
use crate::{Dataset, Prompt, Sampling, TaskError};

/// A benchmark: where its items come from, how they are asked, how answers are graded.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The name on the command line.
    pub name: String,
    /// Raised whenever a change can move a score.
    pub version: u32,
    /// The title in tables of tasks.
    pub title: String,
    /// The language of its prompts.
    pub language: Language,
    /// Where its items come from.
    pub dataset: Dataset,
    /// A handful of self-written items that need no data file (`--split demo`).
    pub demo: Vec<Item>,
    /// How an item is asked.
    pub prompt: Prompt,
    /// How a base model, which continues text instead of answering, is asked; `None` where it is
    /// given the same messages.
    pub base_prompt: Option<BasePrompt>,
    /// Sampling defaults and the protocol they come from.
    pub defaults: SamplingDefaults,
    /// How one sample talks to the model.
    pub episode: EpisodeKind,
    /// How the answer is found.
    pub extractor: ExtractorKind,
    /// How the answer is graded.
    pub judge: JudgeKind,
    /// What is reported.
    pub metrics: Vec<MetricKind>,
    /// Fields of items by whose values pass@1 is reported as well, such as a subject.
    pub breakdown: Vec<String>,
    /// Who decides the order of options; `None` for a task without any.
    pub shuffle: Option<ShuffleProtocol>,
    /// Whether texts of its items may be shown.
    pub texts: TextPolicy,
    /// Hex SHA-256 of the task file and its prompt template.
    pub definition_sha256: String,
}

impl Task {
    /// The names of the splits `--split` accepts.
    pub fn split_names(&self) -> Vec<&'static str> {
        let demo = (!self.demo.is_empty()).then_some("demo");
        ["test"].into_iter().chain(demo).collect()
    }

    /// The split with this name.
    pub fn split(&self, name: &str) -> Result<Split, TaskError> {
        match name {
            "test" => Ok(Split::Test),
            "demo" if !self.demo.is_empty() => Ok(Split::Demo),
            _ => Err(TaskError::UnknownSplit {
                task: self.name.clone(),
                split: name.to_owned(),
                known: self.split_names().join(", "),
            }),
        }
    }
}

/// How a base model is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct BasePrompt {
    /// The text it continues.
    pub prompt: Prompt,
    /// Where it stops.
    pub stop: Vec<String>,
    /// How the answer is found in what it wrote.
    pub extractor: ExtractorKind,
}

/// A language of prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[serde(rename = "en")]
    English,
    /// Russian.
    #[serde(rename = "ru")]
    Russian,
}

/// A subset of a task's items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// The benchmark itself, from a data file.
    Test,
    /// Self-written items inside the task file, for smoke tests.
    Demo,
}

impl Split {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Demo => "demo",
        }
    }
}

/// Whether texts of a task's items may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextPolicy {
    /// As any published text.
    #[default]
    Public,
    /// The authors ask that examples do not appear in plain text where a crawler finds them.
    Withheld,
}

/// Sampling defaults of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct SamplingDefaults {
    /// Parameters of each request.
    pub sampling: Sampling,
    /// Temperatures that take the place of `sampling`'s in some dialogues.
    pub temperatures: Temperatures,
    /// Samples per item.
    pub n_samples: u32,
    /// The publication these values come from.
    pub source: String,
}

/// Temperatures by category of dialogue; categories that are not named have the task's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Temperatures(pub BTreeMap<String, f64>);

impl Temperatures {
    /// Whether no category is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `sampling` with the temperature of the target's category.
    pub fn sampling(&self, sampling: &Sampling, target: &Target) -> Sampling {
        let category = match target {
            Target::Dialogue(dialogue) => Some(dialogue.category.as_str()),
            _ => None,
        };
        let temperature = category.and_then(|category| self.0.get(category)).copied();
        Sampling { temperature: temperature.unwrap_or(sampling.temperature), ..sampling.clone() }
    }
}

/// How an answer is found in a completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtractorKind {
    /// The last balanced `\boxed{…}`, else a final-answer phrase.
    MathAnswer,
    /// As `math_answer`, then `#### 42`, then the last number.
    GradeSchool,
    /// The whole text after the reasoning.
    Response,
    /// The last complete fenced block that defines the entry point, else what `evalplus` finds.
    Program,
    /// What `EvalPlus`'s `sanitize` finds.
    Evalplus,
    /// The prompt and what a base model wrote after it, up to the first stop text.
    Completion,
    /// What `EvalPlus`'s `sanitize` finds in that.
    EvalplusCompletion,
    /// The letter of an option.
    Choice(ChoiceExtractor),
}

/// How an answer is compared with its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgeKind {
    /// Integers compare as integers.
    Integer,
    /// Short closed-form answers compare in a conservative normal form.
    ShortAnswer,
    /// Verifiable instructions are checked one by one (`IFEval`, ruIFEval).
    Instructions,
    /// Programs are run on a benchmark's tests by `EvalPlus`'s rules.
    Program {
        /// The data set, which decides how inputs are read and results compared.
        benchmark: CodeBenchmark,
        /// The tests that must pass.
        tests: CodeTests,
    },
    /// Dialogues are only checked for being complete; language models rate them afterwards.
    Dialogue,
    /// Every letter whose option reads like the correct answer is right.
    Choice,
    /// Function calls are checked, or run and their effects compared, as BFCL does.
    Calls(Category),
}

impl JudgeKind {
    /// The stable name used in run files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::ShortAnswer => "short_answer",
            Self::Instructions => "instructions",
            Self::Program { .. } => "program",
            Self::Dialogue => "dialogue",
            Self::Choice => "choice",
            Self::Calls(_) => "calls",
        }
    }
}

/// Who decides whether two mathematical answers are equivalent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MathJudge {
    /// Our own check where it is sure, the reference for the rest.
    #[default]
    NativeFirst,
    /// Our own check alone; what it is not sure of counts as different.
    Native,
    /// The reference alone: Math-Verify.
    Reference,
    /// Both for every answer; the reference decides, and disagreements are listed.
    Both,
}

/// A family of programming problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeBenchmark {
    /// `HumanEval` and `HumanEval+`.
    Humaneval,
    /// `MBPP` and `MBPP+`.
    Mbpp,
}

/// Which tests a program must pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeTests {
    /// The original ones.
    Base,
    /// The original ones and those that `EvalPlus` added.
    BaseAndPlus,
}

/// A reported figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// Mean over items of the mean over samples.
    PassAt1,
    /// Score of the majority answer over all samples, ties shared.
    ConsAtN,
    /// Prompts and instructions followed, strictly and loosely, and each family of instructions.
    Instructions,
    /// pass@1, pass@10 and pass@100 on the base tests, and on base and plus tests together.
    CodeTests,
    /// Ratings by language models: the average, each turn and each category.
    Ratings,
    /// How often each letter is chosen, is gold, and is right; and pass@1 with upstream's credit where
    /// options read alike.
    Letters,
    /// pass@1 without the entries' parameters that no natural reply gets right, where there are any, and
    /// how often each of upstream's kinds of error occurs.
    Calls,
}
