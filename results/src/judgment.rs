//! What language models said of a run's answers, as it goes into the run file and comes out.

use serde::{Deserialize, Serialize};
use tasks::{Completion, Fingerprint, Message, PromptSet, Reading, SampleKey, Sampling};

use crate::Failure;

/// What a judge is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgeMode {
    /// To rate one answer at a time.
    Single,
    /// To compare the answers of two runs.
    Pairs,
}

/// The identity of a judge: everything that can change a reply. Two judges with equal configurations
/// are one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgeConfig {
    /// What it does.
    pub mode: JudgeMode,
    /// What identifies the model.
    pub model: Fingerprint,
    /// The prompts it is asked with.
    pub prompts: PromptSet,
    /// Hex SHA-256 of their file.
    pub prompts_sha256: String,
    /// Hex SHA-256 of the file of reference answers, where there is one.
    pub references_sha256: Option<String>,
    /// Sampling parameters of each request.
    pub sampling: Sampling,
    /// Whether a judge is reminded once of the form after a reply that cannot be read. Upstream
    /// does not.
    pub reminds: bool,
    /// Whether the judge is the model that it judges.
    pub is_self: bool,
}

impl JudgeConfig {
    /// The name in tables: the model, with what sets it apart from upstream's way.
    pub fn name(&self) -> String {
        let mut name = self.model.model.clone();
        if self.prompts == PromptSet::Language {
            name += ", language prompts";
        }
        if self.is_self {
            name += ", judging itself";
        }
        name
    }
}

/// A judge of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredJudge {
    /// Its number in the run file.
    pub judge_id: i64,
    /// Its identity.
    pub config: JudgeConfig,
    /// Replies wanted to each question.
    pub n_samples: u32,
}

/// Another run whose answers are compared with those of this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opponent {
    /// Hex digits that stand for the run.
    pub id: String,
    /// Its model.
    pub model: String,
    /// Its file when it was compared.
    pub run_file: String,
    /// Samples of each item that are compared, the first with the first and so on.
    pub n_samples: u32,
}

/// What a judgment is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JudgmentKey {
    /// The judge's number in the run file.
    pub judge_id: i64,
    /// The dialogue.
    pub sample: SampleKey,
    /// The turn, counted from 1.
    pub turn: u32,
    /// Whether the answer stood alone.
    pub setting: Setting,
    /// Which reply to the same question, counted from 0.
    pub judge_sample_idx: u32,
}

/// Whether an answer was rated alone or against another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Setting {
    /// Alone.
    Alone,
    /// Against the answer of another run.
    Against {
        /// See [`Opponent::id`].
        opponent: String,
        /// Where this run's answer stood.
        position: Position,
    },
}

/// The place of this run's answer among two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Position {
    /// Before the other: it was called A.
    First,
    /// After the other: it was called B.
    Second,
}

impl Setting {
    /// The two columns of the run file.
    pub(crate) fn columns(&self) -> (&str, &'static str) {
        match self {
            Self::Alone => ("", "alone"),
            Self::Against { opponent, position: Position::First } => (opponent, "first"),
            Self::Against { opponent, position: Position::Second } => (opponent, "second"),
        }
    }

    /// The setting with these columns.
    pub(crate) fn from_columns(opponent: String, position: &str) -> Option<Self> {
        match position {
            "alone" => Some(Self::Alone),
            "first" => Some(Self::Against { opponent, position: Position::First }),
            "second" => Some(Self::Against { opponent, position: Position::Second }),
            _ => None,
        }
    }
}

/// One judgment on its way into the run file.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgmentRecord {
    /// What it is about.
    pub key: JudgmentKey,
    /// The judge prompt's name.
    pub template: String,
    /// What was asked.
    pub messages: Vec<Message>,
    /// What came of it.
    pub result: JudgmentResult,
    /// When, RFC 3339.
    pub finished_at: String,
}

/// How a judgment ended.
#[derive(Debug, Clone, PartialEq)]
pub enum JudgmentResult {
    /// The judge replied.
    Read(Box<JudgeReply>),
    /// Infrastructure failed: no score, and the judge is asked again on resume.
    Failed(Failure),
}

/// A reply and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgeReply {
    /// The reply that was read.
    pub reply: Completion,
    /// The unreadable one before it, where the judge had to be reminded.
    pub first_reply: Option<Completion>,
    /// What it says.
    pub reading: Reading,
}

/// One judgment out of the run file.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredJudgment {
    /// What it is about.
    pub key: JudgmentKey,
    /// The judge prompt's name.
    pub template: String,
    /// How it ended.
    pub result: JudgmentResult,
    /// When, RFC 3339.
    pub finished_at: String,
}

impl StoredJudgment {
    /// What was read, unless the judgment failed.
    pub fn reading(&self) -> Option<&Reading> {
        match &self.result {
            JudgmentResult::Read(reply) => Some(&reply.reading),
            JudgmentResult::Failed(_) => None,
        }
    }
}
