//! Grading of one transcript.

use tasks::choice::ChoiceExtractor;
use tasks::{
    Answer, Completion, Episode, ExtractorKind, Finish, Judgement, Sample, Sampling, Target, Task,
    TaskError, Transcript, Verdict, episode,
};
use thiserror::Error;

use crate::calls::Memory;
use crate::calls_grader::CallsGrader;
use crate::check::parse_integer;
use crate::choice_grader::judge_choice;
use crate::dialogue_grader::judge_dialogue;
use crate::extract::{Extracted, ReasoningState, Rule, gsm8k_answer, math_answer, visible};
use crate::instruction_grader::InstructionGrader;
use crate::llm::visible_answer;
use crate::math_grader::MathGrader;
use crate::program_grader::ProgramGrader;

/// Raised whenever a change here can move a verdict; the run file records it.
pub const JUDGE_VERSION: u32 = 6;

/// What grades the samples of a task, with the files it needs.
pub enum Grader {
    /// An extractor finds an integer, which is compared with the target.
    Integers {
        /// How the answer is found.
        extractor: ExtractorKind,
    },
    /// An extractor finds the letter of an option.
    Choices {
        /// How the letter is found.
        extractor: ChoiceExtractor,
    },
    /// Verifiable instructions are checked.
    Instructions(Box<InstructionGrader>),
    /// Programs are run on tests.
    Programs(Box<ProgramGrader>),
    /// Answers are compared as mathematics.
    Math(Box<MathGrader>),
    /// Dialogues are checked for being complete.
    Dialogues,
    /// Function calls are checked, or run and their effects compared.
    Calls(Box<CallsGrader>),
}

/// Why a transcript got no verdict. None of these says anything about the answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GradeError {
    /// The item's data or a file of the judge's is not what it should be.
    #[error("{0}")]
    Data(String),
    /// The machine could not give the answer a fair trial; the sample counts as failed.
    #[error("{0}")]
    Infrastructure(String),
}

impl Grader {
    /// Grades a finished transcript. Programs may run for minutes, so this may block.
    pub fn grade(&self, target: &Target, transcript: &Transcript) -> Result<Judgement, GradeError> {
        match self {
            Self::Integers { extractor } => match target {
                Target::Integer(gold) => Ok(judge_integer(*extractor, gold, transcript)),
                _ => Err(GradeError::Data("its target is no integer".to_owned())),
            },
            Self::Choices { extractor } => match target {
                Target::Displayed(shown) => Ok(judge_choice(*extractor, shown, transcript)),
                _ => Err(GradeError::Data("its target is no choice".to_owned())),
            },
            Self::Instructions(grader) => {
                grader.grade(target, transcript).map_err(GradeError::Data)
            }
            Self::Programs(grader) => grader.grade(target, transcript),
            Self::Math(grader) => grader.grade(target, transcript),
            Self::Dialogues => Ok(judge_dialogue(transcript)),
            Self::Calls(grader) => grader.grade(target, transcript),
        }
    }

    /// Starts a sample: the episode that its task prescribes. It finds `memory`, where its task has one.
    pub fn start(
        &self,
        task: &Task,
        sample: &Sample,
        sampling: &Sampling,
        memory: Option<&Memory>,
    ) -> Result<Box<dyn Episode>, TaskError> {
        match self {
            Self::Calls(grader) => grader.start(sample, sampling, memory),
            _ => episode::start(task, sample, sampling, visible_answer),
        }
    }

    /// How many transcripts can be graded at the same time; `None` where grading takes no time worth
    /// speaking of.
    pub fn n_workers(&self) -> Option<usize> {
        match self {
            Self::Integers { .. }
            | Self::Choices { .. }
            | Self::Instructions(_)
            | Self::Dialogues => None,
            Self::Programs(grader) => Some(grader.n_workers()),
            Self::Math(grader) => Some(grader.n_workers()),
            Self::Calls(grader) => grader.n_workers(),
        }
    }
}

/// Grades a finished transcript whose answer is an integer. The order of the rules is the law of the
/// five outcomes: truncation first, then unfinished reasoning, then a missing answer, and only then right
/// or wrong.
pub fn judge_integer(extractor: ExtractorKind, gold: &str, transcript: &Transcript) -> Judgement {
    let text = match gradable(transcript.last()) {
        Ok(text) => text,
        Err(ungraded) => return ungraded.judgement(),
    };
    match extract(extractor, text) {
        None => unparsed(),
        Some(found) => compare(gold, &found),
    }
}

/// The text to grade, or why the completion is not graded.
pub(crate) fn gradable(completion: &Completion) -> Result<&str, Ungraded> {
    match completion.finish {
        Finish::Length => Err(Ungraded::Truncated),
        Finish::ContentFilter => Err(Ungraded::Withheld),
        _ => gradable_text(completion).ok_or(Ungraded::Unfinished),
    }
}

/// Why a completion is not graded.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ungraded {
    Truncated,
    Withheld,
    Unfinished,
}

impl Ungraded {
    pub(crate) fn judgement(self) -> Judgement {
        match self {
            Self::Truncated => ungraded(Verdict::Truncated, "the model ran into the token limit"),
            Self::Withheld => {
                ungraded(Verdict::Unparsed, "a content filter withheld part of the answer")
            }
            Self::Unfinished => ungraded(Verdict::Unparsed, "the reasoning section never ended"),
        }
    }
}

/// The judgement of a completion without an answer.
pub(crate) fn unparsed() -> Judgement {
    ungraded(Verdict::Unparsed, "no final answer was found")
}

fn ungraded(verdict: Verdict, explanation: &str) -> Judgement {
    Judgement {
        answer: Answer::Missing,
        verdict,
        explanation: explanation.to_owned(),
        detail: None,
    }
}

/// The text after the reasoning, or `None` where reasoning never ended.
fn gradable_text(completion: &Completion) -> Option<&str> {
    let seen = visible(&completion.text, completion.reasoning_opened_by_template);
    (seen.reasoning != ReasoningState::Unclosed).then_some(seen.text)
}

pub(crate) fn extract(extractor: ExtractorKind, text: &str) -> Option<Extracted<'_>> {
    match extractor {
        ExtractorKind::MathAnswer => math_answer(text),
        ExtractorKind::GradeSchool => gsm8k_answer(text),
        ExtractorKind::Response => {
            let answer = text.trim();
            (!answer.is_empty()).then_some(Extracted { answer, by: Rule::Whole })
        }
        ExtractorKind::Program
        | ExtractorKind::Evalplus
        | ExtractorKind::Completion
        | ExtractorKind::EvalplusCompletion
        | ExtractorKind::Choice(_) => None,
    }
}

/// An answer that is no integer is wrong, and votes as it is written.
fn compare(gold: &str, found: &Extracted<'_>) -> Judgement {
    let number = parse_integer(found.answer);
    let (verdict, explanation) = match &number {
        Some(number) if number == gold => (Verdict::Correct, format!("the answer equals {gold}")),
        Some(_) => (Verdict::Incorrect, format!("the answer differs from {gold}")),
        None => (Verdict::Incorrect, "the answer is not an integer".to_owned()),
    };
    Judgement {
        answer: Answer::Found {
            text: found.answer.to_owned(),
            vote: number.unwrap_or_else(|| found.answer.trim().to_owned()),
            rule: found.by.name().to_owned(),
        },
        verdict,
        explanation,
        detail: None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use tasks::{Message, Request, Role, SampleSeed, Sampling, Timing, Turn};

    pub(crate) fn transcript(text: &str, finish: Finish, opened_by_template: bool) -> Transcript {
        let sampling = Sampling {
            temperature: 0.0,
            top_p: None,
            top_k: None,
            min_p: None,
            repetition_penalty: None,
            presence_penalty: None,
            frequency_penalty: None,
            max_tokens: 8,
            stop: Vec::new(),
        };
        let messages = vec![Message::new(Role::User, "?")];
        let completion = Completion {
            text: text.to_owned(),
            reasoning: None,
            tool_calls: Vec::new(),
            reasoning_opened_by_template: opened_by_template,
            finish,
            usage: None,
            timing: Timing::default(),
            shared: None,
        };
        let request = Request { messages, tools: Vec::new(), sampling, seed: SampleSeed(0) };
        Transcript { turns: vec![Turn { request, completion }] }
    }

    fn check(text: &str, finish: Finish, opened_by_template: bool, expected: &str) {
        let transcript = transcript(text, finish, opened_by_template);
        let judgement = judge_integer(ExtractorKind::MathAnswer, "73", &transcript);
        let seen =
            format!("{} {}", judgement.verdict.name(), judgement.answer.vote().unwrap_or("-"));
        assert_eq!(seen, expected, "{text}");
    }

    #[test]
    fn the_five_outcomes_are_told_apart() {
        check(r"\boxed{073}", Finish::Stop, false, "correct 73");
        check(r"\boxed{74}", Finish::Stop, false, "incorrect 74");
        check(r"\boxed{7.5}", Finish::Stop, false, "incorrect 7.5");
        check("I do not know.", Finish::Stop, false, "unparsed -");
        check("", Finish::Stop, false, "unparsed -");
        check(r"\boxed{73} and so", Finish::Length, false, "truncated -");
        check(r"<think>\boxed{73}", Finish::Length, false, "truncated -");
        check(r"<think>\boxed{73}", Finish::Stop, false, "unparsed -");
        check(r"so \boxed{73}", Finish::Stop, true, "unparsed -");
        check(r"\boxed{1}</think>\boxed{73}", Finish::Stop, true, "correct 73");
        check(r"\boxed{1}</think>\boxed{73}", Finish::Stop, false, "correct 73");
        check(r"\boxed{73} withheld", Finish::ContentFilter, false, "unparsed -");
    }
}
