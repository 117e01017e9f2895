//! What was found in a completion, and what it is worth.

use serde::{Deserialize, Serialize};

use crate::choice::Letter;

/// The answer read from a completion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// An answer was found.
    Found {
        /// The text as the model wrote it.
        text: String,
        /// The normal form that consensus votes on; answers with one normal form are one vote.
        vote: String,
        /// The stable name of the extraction rule that found it, for the run file.
        rule: String,
    },
    /// The whole text is the answer, and there is nothing to vote on.
    Whole,
    /// No answer was found; never equal to any target.
    Missing,
}

impl Answer {
    /// The normal form to vote with, where there is an answer.
    pub fn vote(&self) -> Option<&str> {
        match self {
            Self::Found { vote, .. } => Some(vote),
            Self::Whole | Self::Missing => None,
        }
    }
}

/// The outcome of grading one finished sample. Infrastructure failures never get this far: a failed
/// sample has no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The answer equals the target.
    Correct,
    /// An answer was found and it is wrong.
    Incorrect,
    /// The model finished, but no answer was found.
    Unparsed,
    /// The model ran into the token limit; whatever it had written by then is not graded.
    Truncated,
    /// The model answered a question that has no right answer. What the answer is worth is for
    /// language models to say, whose ratings are kept apart.
    Answered,
}

impl Verdict {
    /// The stable name used in run files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Correct => "correct",
            Self::Incorrect => "incorrect",
            Self::Unparsed => "unparsed",
            Self::Truncated => "truncated",
            Self::Answered => "answered",
        }
    }

    /// The verdict with this stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Correct, Self::Incorrect, Self::Unparsed, Self::Truncated, Self::Answered]
            .into_iter()
            .find(|verdict| verdict.name() == name)
    }

    /// 1 for a correct sample, 0 for every other one that could have been correct, and `None` for
    /// an answer that is neither right nor wrong.
    pub fn score(self) -> Option<f64> {
        match self {
            Self::Correct => Some(1.0),
            Self::Incorrect | Self::Unparsed | Self::Truncated => Some(0.0),
            Self::Answered => None,
        }
    }
}

/// What a judge says of one sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The graded answer; for a truncated sample `Missing`, whatever the text holds.
    pub answer: Answer,
    /// The outcome.
    pub verdict: Verdict,
    /// One short sentence for the person who asks why.
    pub explanation: String,
    /// What was found beyond right or wrong, for judges that look at several things.
    pub detail: Option<Detail>,
}

/// What a judge found beyond right or wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// Whether each instruction of an item was followed, in the item's order.
    Instructions(Vec<InstructionOutcome>),
    /// What the tests of a programming problem said.
    Program(Box<ProgramOutcome>),
    /// What the judges of mathematical equivalence said, where both were asked.
    Equivalence(EquivalenceOutcome),
    /// Which letter was chosen, and which one was right.
    Choice(ChoiceOutcome),
    /// How each turn of a dialogue was answered, in order.
    Dialogue(Vec<AnswerFacts>),
    /// What the check of function calls said.
    Calls(CallsOutcome),
}

/// What the check of function calls said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallsOutcome {
    /// Upstream's name for what is wrong; `None` where nothing is.
    pub error_type: Option<String>,
    /// For an entry that no natural reply gets right because its data are wrong: whether the rest is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<bool>,
}

/// What is known of one answer of a dialogue besides its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerFacts {
    /// Characters of the visible answer: reasoning does not count.
    pub n_chars: usize,
    /// Tokens of the visible answer, where the backend tells them apart from reasoning.
    pub n_tokens: Option<u64>,
}

/// Which letter was chosen of the four that a sample showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceOutcome {
    /// The letter that the protocol credits.
    pub gold: Letter,
    /// Every letter whose option reads like the correct answer.
    pub credited: Vec<Letter>,
    /// The letter that was chosen; `None` without an answer, or with one that is no letter.
    pub chosen: Option<Letter>,
}

/// What two judges of mathematical equivalence said of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquivalenceOutcome {
    /// Our own check; `None` where it is not sure.
    pub native: Option<bool>,
    /// The reference.
    pub reference: bool,
}

impl EquivalenceOutcome {
    /// Whether both are sure and say different things.
    pub fn is_disagreement(self) -> bool {
        self.native.is_some_and(|native| native != self.reference)
    }
}

/// What the tests of a programming problem said of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramOutcome {
    /// On the original tests.
    pub base: TestsOutcome,
    /// On the added tests; `None` where they were not run.
    pub plus: Option<TestsOutcome>,
}

/// How one list of tests went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestsOutcome {
    /// `EvalPlus`'s word for it.
    pub status: TestsStatus,
    /// How the run ended, the limit it met included, such as `wrong`, `memory` or `call_fuel`.
    pub ending: String,
    /// The number of the first input that failed, counted from 0.
    pub failed_input_idx: Option<usize>,
    /// The arguments of that input as Python shows them, cut short.
    pub failed_input: String,
    /// Fuel that the run used: instructions of the interpreter, the same on every machine.
    pub fuel: u64,
}

/// The three results that `EvalPlus` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestsStatus {
    /// Every test passed.
    Pass,
    /// A test failed.
    Fail,
    /// The run as a whole used too much, or the process ended before its time.
    Timeout,
}

impl ProgramOutcome {
    /// Whether the original tests passed.
    pub fn passes_base(&self) -> bool {
        self.base.status == TestsStatus::Pass
    }

    /// Whether the original tests and the added ones passed; `None` where the latter were not run.
    pub fn passes_plus(&self) -> Option<bool> {
        let plus = self.plus.as_ref()?;
        Some(self.passes_base() && plus.status == TestsStatus::Pass)
    }
}

/// Whether one instruction was followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstructionOutcome {
    /// The instruction's id, such as `keywords:existence`.
    pub id: String,
    /// By the response as it is.
    pub strict: bool,
    /// By one of its eight readings without first line, last line or stars.
    pub loose: bool,
    /// The same two for the instruction that was meant, in items with a known data error.
    pub corrected: Option<(bool, bool)>,
}
