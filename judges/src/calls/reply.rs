//! From a completion to the reply that checks judge, in the form in which upstream stores it.

use tasks::calls::CallsStyle;
use tasks::{Completion, Finish, ToolCall};

use super::decode::{self, Mode};
use super::multi_turn::Turns;
use super::value::{Dict, Value};
use crate::extract::{ReasoningState, visible};

/// A conversation of more steps than this in one turn is given up (`MAXIMUM_STEP_LIMIT`, which upstream
/// compares after it has counted, so that one more is run).
const MAX_STEPS: usize = 20;

/// How replies of a style are decoded.
pub fn mode(style: CallsStyle) -> Mode {
    match style {
        CallsStyle::Prompting => Mode::Prompting,
        CallsStyle::Native => Mode::Native,
        CallsStyle::Hermes | CallsStyle::HermesTemplate => Mode::Hermes,
    }
}

/// The reply in a completion: calls of the endpoint's own as a list of one-key dictionaries, else the
/// text after the reasoning.
pub fn reply(completion: &Completion, style: CallsStyle) -> Value {
    if style != CallsStyle::Native || completion.tool_calls.is_empty() {
        return Value::str(visible_text(completion));
    }
    let call = |call: &ToolCall| dict([(call.name.as_str(), Value::str(&call.arguments))]);
    Value::List(completion.tool_calls.iter().map(call).collect())
}

/// The text after the reasoning. White space is left as it is, because it decides whether calls can be
/// read; line breaks after the reasoning go, as upstream's handler takes them away.
fn visible_text(completion: &Completion) -> &str {
    let seen = visible(&completion.text, completion.reasoning_opened_by_template);
    match seen.reasoning {
        ReasoningState::Unclosed => "",
        ReasoningState::Absent => seen.text,
        ReasoningState::Closed => seen.text.trim_start_matches('\n'),
    }
}

/// The calls of one step, if it holds any.
pub fn step_calls(completion: &Completion, style: CallsStyle) -> Option<Vec<String>> {
    let calls = decode::executable(&reply(completion, style), mode(style)).ok()?;
    (!super::agentic::has_no_call(&calls)).then_some(calls)
}

/// A dictionary of texts as keys.
pub(super) fn dict<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let mut dict = Dict::new();
    for (key, value) in entries {
        dict.insert(Value::str(key), value).expect("a text can be a key");
    }
    Value::Dict(dict)
}

/// Where a conversation stands.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// The calls of all steps so far, turn by turn.
    pub calls: Turns,
    /// The replies of all steps so far, turn by turn, as upstream stores them.
    pub replies: Vec<Vec<Value>>,
}

/// What follows a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The calls are run, and the model goes on.
    Run(Vec<String>),
    /// The turn is over.
    Turn,
    /// The conversation is given up after this step: it has too many.
    GiveUp,
}

impl Progress {
    /// Begins a turn.
    pub fn begin_turn(&mut self) {
        self.calls.push(Vec::new());
        self.replies.push(Vec::new());
    }

    /// Takes in a step and tells what follows.
    pub fn step(&mut self, completion: &Completion, style: CallsStyle) -> Next {
        let replies = self.replies.last_mut().expect("a turn has begun");
        replies.push(reply(completion, style));
        let Some(calls) = step_calls(completion, style) else { return Next::Turn };
        let steps = self.calls.last_mut().expect("a turn has begun");
        steps.push(calls.clone());
        if steps.len() > MAX_STEPS { Next::GiveUp } else { Next::Run(calls) }
    }

    /// Takes in a step whose calls, if it holds any, are not run.
    pub fn skip(&mut self, completion: &Completion, style: CallsStyle) {
        let replies = self.replies.last_mut().expect("a turn has begun");
        replies.push(reply(completion, style));
    }

    /// The replies of a conversation of `n_turns` turns, whose completions came in this order. One that
    /// was given up has fewer turns.
    pub fn of(completions: &[&Completion], n_turns: usize, style: CallsStyle) -> Self {
        let mut progress = Self::default();
        progress.begin_turn();
        let mut left = completions.iter();
        while let Some(completion) = left.next() {
            let is_whole = matches!(completion.finish, Finish::Stop | Finish::ToolCalls);
            let next = if is_whole {
                progress.step(completion, style)
            } else {
                progress.skip(completion, style);
                Next::Turn
            };
            match next {
                Next::Turn if left.len() > 0 && progress.calls.len() < n_turns => {
                    progress.begin_turn();
                }
                _ => {}
            }
        }
        progress
    }

    /// The stored result: a list of turns, each a list of steps.
    pub fn result(&self) -> Value {
        Value::List(self.replies.iter().map(|turn| Value::List(turn.clone())).collect())
    }
}
