//! Items of a data set and the samples drawn from them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::calls::CallsTarget;
use crate::choice::{ChoiceQuestion, Displayed, Permutation, ShuffleProtocol};
use crate::seed::{SampleSeed, sample_seed};

/// The name of an item, stable across distributors of the data set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemId(pub String);

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What an answer is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// An integer in canonical decimal form.
    Integer(String),
    /// A short closed-form answer in LaTeX.
    ShortAnswer(String),
    /// The instructions of an `IFEval` row: JSON with `instruction_id_list` and `kwargs`.
    Instructions(String),
    /// The tests that a program must pass.
    Program(ProgramTarget),
    /// A question with four options, and the order in which each sample shows them.
    Choice(Box<ChoiceTarget>),
    /// The same as one sample shows it.
    Displayed(Box<Displayed>),
    /// A dialogue whose answers are rated by language models.
    Dialogue(DialogueTarget),
    /// A conversation in which functions are called.
    Calls(Box<CallsTarget>),
}

/// What judges of a dialogue need besides the answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialogueTarget {
    /// The question's name in its data set, such as `81`.
    pub question_id: String,
    /// The category, which decides on temperature and on how the answers are rated.
    pub category: String,
    /// What the user says, turn by turn; at least one.
    pub turns: Vec<String>,
    /// Reference answers by turn, for an item that brings its own; empty where those of the data
    /// set's reference file count, or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
}

/// A question with four options, and the order in which each sample shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceTarget {
    /// The question.
    pub question: ChoiceQuestion,
    /// Who decided the orders.
    pub protocol: ShuffleProtocol,
    /// The orders by the sample's index. Empty until a run draws them, which takes the whole data set.
    pub orders: Vec<Permutation>,
}

/// The tests of a programming problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramTarget {
    /// The problem's name in its data set, such as `HumanEval/0`.
    pub task_id: String,
    /// The function that the tests call.
    pub entry_point: String,
    /// The whole row, as `EvalPlus` lays it out, for an item that brings its own tests; `None` where
    /// the tests are those of the data set's row.
    pub row: Option<String>,
}

/// The kind of target that a task's rows hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// See [`Target::Integer`].
    Integer,
    /// See [`Target::ShortAnswer`].
    ShortAnswer,
    /// See [`Target::Instructions`].
    Instructions,
    /// See [`Target::Program`].
    Program,
    /// See [`Target::Dialogue`].
    Dialogue,
    /// See [`Target::Calls`].
    Calls,
    /// See [`Target::Choice`].
    Choice,
}

/// One problem of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The stable name.
    pub id: ItemId,
    /// What the prompt template sees.
    pub fields: BTreeMap<String, String>,
    /// What the answer is compared with.
    pub target: Target,
}

impl Item {
    /// The item as the sample with this index shows it: the same for all samples, except that options
    /// have their order.
    pub fn displayed(self: &Arc<Self>, sample_idx: u32) -> Arc<Self> {
        let Target::Choice(target) = &self.target else { return Arc::clone(self) };
        let displayed = target.displayed(sample_idx);
        let displayed = displayed.expect("a run draws an order for each of its samples");
        let mut fields = self.fields.clone();
        fields.extend(displayed.fields());
        let target = Target::Displayed(Box::new(displayed));
        Arc::new(Self { id: self.id.clone(), fields, target })
    }
}

impl Target {
    /// What the sample with this index is compared with; `None` where no order was drawn for it.
    pub fn displayed(&self, sample_idx: u32) -> Option<Self> {
        match self {
            Self::Choice(target) => Some(Self::Displayed(Box::new(target.displayed(sample_idx)?))),
            same => Some(same.clone()),
        }
    }
}

impl ChoiceTarget {
    fn displayed(&self, sample_idx: u32) -> Option<Displayed> {
        let order = self.orders.get(usize::try_from(sample_idx).ok()?)?;
        Some(self.question.displayed(self.protocol, *order))
    }
}

/// One attempt at one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The problem as this attempt shows it.
    pub item: Arc<Item>,
    /// Which attempt, counted from 0.
    pub sample_idx: u32,
    /// The seed of this attempt.
    pub seed: SampleSeed,
}

/// What names a sample inside a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SampleKey {
    /// The item.
    pub item: ItemId,
    /// Which attempt, counted from 0.
    pub sample_idx: u32,
}

impl Sample {
    /// Draws the sample with this index.
    pub fn draw(item: &Arc<Item>, sample_idx: u32, task: &str, run_seed: u64) -> Self {
        let seed = sample_seed(run_seed, task, &item.id.0, sample_idx);
        Self { item: item.displayed(sample_idx), sample_idx, seed }
    }

    /// The name of this sample.
    pub fn key(&self) -> SampleKey {
        SampleKey { item: self.item.id.clone(), sample_idx: self.sample_idx }
    }
}
