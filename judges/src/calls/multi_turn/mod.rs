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
use super::outside::{Known, Surroundings, Wanted};
use super::value::{Dict, Value};
use super::verdict::{ErrorType, Failure, Judged};

use guest::{Given, Run, Side, Stopped, TurnOutcome};
pub use guest::{PRELUDE, WHEEL};

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
    /// Something of the world outside could not be looked up.
    #[error("{id}: {reason}")]
    Outside {
        /// The entry.
        id: String,
        /// Why.
        reason: String,
    },
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
        let nothing = Known::new();
        let given = |side| Given { side, known: &nothing };
        let expected = guest::run(self, given(Side::GroundTruth), &expected_turns, sandbox)?;
        if let Some(stopped) = &expected.stopped {
            let reason = stopped.describe();
            return Err(ConversationError::GroundTruth { id: self.id.clone(), reason });
        }
        // What the model does after its first empty turn cannot matter.
        let n_needed = self.first_unanswered(turns).unwrap_or(turns.len());
        let model = guest::run(self, given(Side::Model), &turns[..n_needed], sandbox)?;
        Ok(self.compare(turns, &model, &expected))
    }

    /// The responses to all of a model's calls, or `None` where one used up what it may or broke the
    /// interpreter. What they want of the world is looked up, and becomes known.
    pub(super) fn responses(
        &self,
        turns: &[Vec<Vec<String>>],
        known: &mut Known,
        surroundings: &Surroundings,
    ) -> Result<Option<Vec<String>>, ConversationError> {
        let run = self.run_model(turns, known, surroundings)?;
        let responses = run.turns.into_iter().flat_map(|turn| turn.responses).collect();
        Ok(run.stopped.is_none().then_some(responses))
    }

    /// The memory after the last turn that came to an end; `None` where none did.
    pub(super) fn remembered(
        &self,
        turns: &[Vec<Vec<String>>],
        surroundings: &Surroundings,
    ) -> Result<Option<Memory>, ConversationError> {
        let run = self.run_model(turns, &mut Known::new(), surroundings)?;
        let memory = run.turns.last().map(|turn| {
            let (_, attributes) = turn.states.first()?;
            Some(Memory { snapshot: content(attributes)?, shown: turn.shown.clone()? })
        });
        memory
            .map(|memory| memory.ok_or_else(|| ConversationError::Memory(self.id.clone())))
            .transpose()
    }

    /// Runs a model's calls, again for each thing that they turn out to want.
    fn run_model(
        &self,
        turns: &[Vec<Vec<String>>],
        known: &mut Known,
        surroundings: &Surroundings,
    ) -> Result<Run, ConversationError> {
        let failed = |reason: String| ConversationError::Outside { id: self.id.clone(), reason };
        loop {
            let given = Given { side: Side::Model, known };
            let mut run = guest::run(self, given, turns, &surroundings.sandbox)?;
            if run.wanted.is_empty() {
                return Ok(run);
            }
            let wanted = std::mem::take(&mut run.wanted);
            let unknown = wanted.into_iter().filter(|wanted| !known.contains_key(wanted));
            let unknown: Vec<Wanted> = unknown.collect();
            if unknown.is_empty() {
                let reason = "it does not recognise what it was given".to_owned();
                return Ok(Run { stopped: Some(Stopped::Crashed(reason)), ..run });
            }
            if asks_too_much(known, &unknown) {
                return Ok(Run { stopped: Some(Stopped::Limit("look-ups".to_owned())), ..run });
            }
            let outside = surroundings.outside.as_ref();
            let outside =
                outside.ok_or_else(|| failed("nothing can be looked up in this run".to_owned()))?;
            let found = outside.look_up(&unknown).map_err(failed)?;
            known.extend(unknown.into_iter().zip(found.iter().map(ToString::to_string)));
        }
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

    /// Whether its functions search the web, which leaves nothing behind for later calls.
    pub(super) fn reads_pages(&self) -> bool {
        matches!(self.category, Category::WebSearchBase | Category::WebSearchNoSnippet)
    }
}

/// Whether the calls that run together want more of the web than somebody should pay for.
fn asks_too_much(known: &Known, more: &[Wanted]) -> bool {
    const MOST: usize = 200;
    let is_of_web = |wanted: &&Wanted| !matches!(wanted, Wanted::Embedding(_));
    known.keys().chain(more).filter(is_of_web).count() > MOST
}

/// The attributes of a memory that hold its content: texts, numbers, and dictionaries of them.
fn content(attributes: &[(String, sandbox::value::Value)]) -> Option<Value> {
    let mut found = Dict::new();
    for (name, data) in attributes {
        if !matches!(data, sandbox::value::Value::None) {
            found.insert(Value::str(name), remembered(data)?).ok()?;
        }
    }
    Some(Value::Dict(found))
}

fn remembered(data: &sandbox::value::Value) -> Option<Value> {
    use sandbox::value::Value as Data;
    Some(match data {
        Data::Str(text) => Value::str(text.to_string_lossy()),
        Data::Int(number) => Value::Int(number.clone()),
        Data::Dict(entries) => {
            let mut dict = Dict::new();
            for (key, value) in entries {
                dict.insert(remembered(key)?, remembered(value)?).ok()?;
            }
            Value::Dict(dict)
        }
        _ => return None,
    })
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
