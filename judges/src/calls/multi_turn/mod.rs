//! Conversations over stateful functions (`eval_checker/multi_turn_eval/multi_turn_checker.py`).
//!
//! Calls run against upstream's own classes, out of its wheel, in the sandbox. The model's calls and the
//! expected ones run in an interpreter each, so that nothing expected is ever where the model's text is
//! evaluated; states and responses are compared here. Upstream runs both in one process, where a
//! list that is a default argument of `post_tweet` passes mentions from one side to the other; that
//! leak does not happen here, and an entry never sees what another one did.
//!
//! Upstream's quirks, replicated: the turn in which nothing is expected is not checked, method names
//! within texts are rewritten, built-in functions can be called, and the order of calls is free.

mod guest;

use tasks::calls::Category;

use super::agentic::{has_no_call, steps};
use super::decode::{self, Mode};
use super::memory::Memory;
use super::value::{Dict, Value};
use super::verdict::{ErrorType, Failure, Judged};

pub use guest::{PRELUDE, WHEEL};
use guest::{Run, Side, Stopped, TurnOutcome};

/// The calls of a conversation: turns, steps, texts of calls.
pub type Turns = Vec<Vec<Vec<String>>>;

/// An entry.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// Its id, which instances are named after.
    pub id: String,
    /// Its category.
    pub category: Category,
    /// Where each class starts.
    pub initial_config: Value,
    /// The classes whose methods may be called.
    pub involved_classes: Vec<String>,
    /// The expected calls of each turn.
    pub ground_truth: Vec<Vec<String>>,
}

/// Why a conversation could not be judged at all.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    /// The sandbox failed.
    #[error(transparent)]
    Sandbox(#[from] sandbox::SandboxError),
    /// The run was given up because the machine is too slow.
    #[error("{0}: a turn was stopped by the wall clock")]
    WallClock(String),
    /// A memory cannot be read.
    #[error("{0}: the memory after this conversation cannot be read")]
    Memory(String),
    /// The expected calls cannot be run.
    #[error("{id}: the expected calls cannot be run: {reason}")]
    GroundTruth {
        /// The entry.
        id: String,
        /// Why.
        reason: String,
    },
}

/// Decodes a stored result. Steps that are no calls are left out.
pub fn decoded(result: &Value, mode: Mode) -> Result<Turns, Failure> {
    let refused = || {
        let reason = "the result is no list of turns";
        Failure::new(ErrorType::MultiTurnInferenceError, reason)
    };
    let calls = |step: &Value| {
        let calls = decode::executable(step, mode).ok()?;
        (!has_no_call(&calls)).then_some(calls)
    };
    let turn = |turn: &Value| Some(steps(turn)?.iter().filter_map(calls).collect());
    let turns = result.as_list().ok_or_else(refused)?;
    turns.iter().map(turn).collect::<Option<_>>().ok_or_else(refused)
}

impl Conversation {
    /// Judges the calls of a model.
    pub fn judge(
        &self,
        turns: &Turns,
        sandbox: &sandbox::Sandbox,
    ) -> Result<Judged, ConversationError> {
        if turns.len() != self.ground_truth.len() {
            let reason = format!(
                "the conversation was ended after {} of {} turns",
                turns.len(),
                self.ground_truth.len()
            );
            return Ok(Err(Failure::new(ErrorType::MultiTurnForceTerminated, reason)));
        }
        let expected_turns: Turns =
            self.ground_truth.iter().cloned().map(|turn| vec![turn]).collect();
        let expected = guest::run(self, Side::GroundTruth, &expected_turns, sandbox)?;
        if let Some(stopped) = &expected.stopped {
            let reason = stopped.describe();
            return Err(ConversationError::GroundTruth { id: self.id.clone(), reason });
        }
        // What the model does after its first empty turn cannot matter.
        let n_needed = self.first_unanswered(turns).unwrap_or(turns.len());
        let model = guest::run(self, Side::Model, &turns[..n_needed], sandbox)?;
        Ok(self.compare(turns, &model, &expected))
    }

    /// The responses to all of a model's calls, or `None` where one used up what it may or broke the
    /// interpreter.
    pub(super) fn responses(
        &self,
        turns: &Turns,
        sandbox: &sandbox::Sandbox,
    ) -> Result<Option<Vec<String>>, ConversationError> {
        let run = guest::run(self, Side::Model, turns, sandbox)?;
        let responses = run.turns.into_iter().flat_map(|turn| turn.responses).collect();
        Ok(run.stopped.is_none().then_some(responses))
    }

    /// The memory after the last turn that came to an end; `None` where none did.
    pub(super) fn remembered(
        &self,
        turns: &[Vec<Vec<String>>],
        sandbox: &sandbox::Sandbox,
    ) -> Result<Option<Memory>, ConversationError> {
        let run = guest::run(self, Side::Model, turns, sandbox)?;
        let memory = run.turns.last().map(|turn| {
            let (_, attributes) = turn.states.first()?;
            Some(Memory { snapshot: content(attributes)?, shown: turn.shown.clone()? })
        });
        memory
            .map(|memory| memory.ok_or_else(|| ConversationError::Memory(self.id.clone())))
            .transpose()
    }

    /// The first turn in which calls are expected and none is made.
    fn first_unanswered(&self, turns: &Turns) -> Option<usize> {
        let pairs = turns.iter().zip(&self.ground_truth);
        pairs.into_iter().position(|(made, expected)| made.is_empty() && !expected.is_empty())
    }

    fn compare(&self, turns: &Turns, model: &Run, expected: &Run) -> Judged {
        let mut responses: Vec<&str> = Vec::new();
        for (idx, wanted) in expected.turns.iter().enumerate() {
            if turns[idx].is_empty() && !self.ground_truth[idx].is_empty() {
                let reason = format!("no call is made in turn {idx}");
                return Err(Failure::new(ErrorType::MultiTurnEmptyTurn, reason));
            }
            let Some(made) = model.turns.get(idx) else { return Err(stopped(idx, model)) };
            responses.extend(made.responses.iter().map(String::as_str));
            if self.ground_truth[idx].is_empty() {
                continue;
            }
            same_state(idx, made, wanted)?;
            has_responses(idx, &responses, wanted)?;
        }
        Ok(())
    }

    fn is_long_context(&self) -> bool {
        self.category == Category::MultiTurnLongContext
    }
}

/// The attributes of a memory that hold its content: texts, and dictionaries of texts.
fn content(attributes: &[(String, sandbox::value::Value)]) -> Option<Value> {
    use sandbox::value::Value as Data;
    let text = |data: &Data| match data {
        Data::Str(text) => Some(Value::str(text.to_string_lossy())),
        _ => None,
    };
    let mut found = Dict::new();
    for (name, data) in attributes {
        let value = match data {
            Data::None => continue,
            Data::Dict(entries) => {
                let mut dict = Dict::new();
                for (key, value) in entries {
                    dict.insert(text(key)?, text(value)?).ok()?;
                }
                Value::Dict(dict)
            }
            other => text(other)?,
        };
        found.insert(Value::str(name), value).ok()?;
    }
    Some(Value::Dict(found))
}

fn stopped(turn: usize, model: &Run) -> Failure {
    let error_type = match model.stopped {
        Some(Stopped::Limit(_)) => ErrorType::MultiTurnLimit,
        _ => ErrorType::MultiTurnCrashed,
    };
    let why = model.stopped.as_ref().map_or_else(|| "it ended".to_owned(), Stopped::describe);
    Failure::new(error_type, format!("turn {turn}: {why}"))
}

/// That every public attribute of every class equals the expected one.
fn same_state(turn: usize, made: &TurnOutcome, wanted: &TurnOutcome) -> Judged {
    for (class, attributes) in &wanted.states {
        let own = made.states.iter().find(|(name, _)| name == class).map(|(_, own)| own);
        let differs = |(name, value): &&(String, sandbox::value::Value)| {
            let own = own.and_then(|own| own.iter().find(|(other, _)| other == name));
            own.is_none_or(|(_, own)| !sandbox::value::python_eq(own, value))
        };
        let names: Vec<&str> =
            attributes.iter().filter(differs).map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            let reason = format!(
                "after turn {turn}, {} of {class} differ from what is expected",
                names.join(", ")
            );
            return Err(Failure::new(ErrorType::MultiTurnStateMismatch, reason));
        }
    }
    Ok(())
}

/// That every expected response of the turn was given, in this turn or before, each as often.
fn has_responses(turn: usize, given: &[&str], wanted: &TurnOutcome) -> Judged {
    let mut left: Vec<&str> = given.to_vec();
    let mut n_missing = 0;
    for response in &wanted.responses {
        match left.iter().position(|own| own == response) {
            Some(idx) => drop(left.swap_remove(idx)),
            None => n_missing += 1,
        }
    }
    if n_missing == 0 {
        return Ok(());
    }
    let reason = format!(
        "{n_missing} of {} expected responses of turn {turn} are missing",
        wanted.responses.len()
    );
    Err(Failure::new(ErrorType::MultiTurnResponseMismatch, reason))
}
