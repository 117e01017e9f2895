//! One side of a conversation in the sandbox.

use std::time::Duration;

use sandbox::value::Value;
use sandbox::{
    Arguments, Call, Ended, Flow, Iterables, Limits, Observer, Outcome, Program, Report, Returned,
    Sandbox,
};

use super::{Conversation, ConversationError};
use crate::calls::outside::{Known, Wanted};
use crate::calls::value::Value as Configured;

/// Python source to run in an interpreter that has the wheel at [`WHEEL`], before it is used.
pub const PRELUDE: &str = include_str!("prelude.py");
/// Where the wheel is found.
pub const WHEEL: &str = "/wheels/bfcl-eval.whl";
const TURN: &str = include_str!("turn.py");

/// Fuel for a turn: some seconds natively, where a turn of the data takes milliseconds.
const TURN_FUEL: u64 = 2_500_000_000;
/// Fuel for a conversation.
const TOTAL_FUEL: u64 = 10_000_000_000;
/// Fuel for calls that read pages of the web, which are long.
const READING_FUEL: u64 = 40_000_000_000;
/// Memory for a conversation, the interpreter's own included.
const MEMORY_BYTES: usize = 256 << 20;

/// Whose calls are run. Instances are named after it, and names can end up in texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Model,
    GroundTruth,
}

/// What a turn did.
#[derive(Debug, Clone, Default)]
pub(super) struct TurnOutcome {
    /// The response to each call.
    pub responses: Vec<String>,
    /// The public attributes of each class, as data.
    pub states: Vec<(String, Vec<(String, Value)>)>,
    /// What a memory shows of itself, where there is one.
    pub shown: Option<String>,
}

/// What a run is told, and how much it may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    pub side: Side,
    pub known: &'a Known,
}

/// Why a side came to no end.
#[derive(Debug, Clone)]
pub(super) enum Stopped {
    /// Of a limit.
    Limit(String),
    /// Of itself.
    Crashed(String),
}

impl Stopped {
    pub fn describe(&self) -> String {
        match self {
            Self::Limit(what) => format!("a call used up its {what}"),
            Self::Crashed(what) => format!("a call broke the interpreter: {what}"),
        }
    }
}

/// The turns that came to an end.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub turns: Vec<TurnOutcome>,
    pub stopped: Option<Stopped>,
    /// What the turn after those wants of the world outside before it can run.
    pub wanted: Vec<Wanted>,
}

/// Runs the turns of one side in a fresh interpreter.
pub(super) fn run(
    conversation: &Conversation,
    given: Given<'_>,
    turns: &[Vec<Vec<String>>],
    sandbox: &Sandbox,
) -> Result<Run, ConversationError> {
    let program = Program {
        source: TURN.to_owned(),
        entry_point: "turn".to_owned(),
        iterables: Iterables::Name,
        arguments: Arguments::Omit,
    };
    let config = data(&conversation.initial_config);
    let (turn_fuel, total_fuel) = if conversation.reads_pages() {
        (READING_FUEL, READING_FUEL)
    } else {
        (TURN_FUEL, TOTAL_FUEL)
    };
    let call = |(idx, steps): (usize, &Vec<Vec<String>>)| {
        let mut arguments = arguments(conversation, (given.side, &config), steps);
        // What is known stays known to the turns after the first.
        arguments.push(if idx == 0 { known(given.known) } else { Value::List(Vec::new()) });
        Call { arguments: Value::List(arguments), fuel: turn_fuel }
    };
    let calls: Vec<Call> = turns.iter().enumerate().map(call).collect();
    let limits = Limits {
        load_fuel: TURN_FUEL,
        total_fuel,
        memory_bytes: MEMORY_BYTES,
        wall_clock: Duration::from_mins(10),
        ..Limits::default()
    };
    let run = sandbox.run(&program, &calls, limits, Collected::default())?;
    let Collected { outcomes: turns, wanted, broken } = run.observer;
    let stopped = match (broken, run.ended) {
        (Some(broken), _) => Some(Stopped::Crashed(broken)),
        (None, Ended::Finished) => None,
        (None, Ended::Stopped) if !wanted.is_empty() => None,
        (None, Ended::WallClock) => {
            return Err(ConversationError::WallClock(conversation.id.clone()));
        }
        (None, Ended::FuelExhausted) => Some(Stopped::Limit("fuel".to_owned())),
        (None, Ended::MemoryExhausted) => Some(Stopped::Limit("memory".to_owned())),
        (None, Ended::StackExhausted) => Some(Stopped::Limit("stack".to_owned())),
        (None, Ended::OutputExhausted) => Some(Stopped::Limit("output".to_owned())),
        (None, ended) => Some(Stopped::Crashed(format!("{ended:?}"))),
    };
    Ok(Run { turns, stopped, wanted })
}

/// What was found, as kind, key and JSON.
fn known(known: &Known) -> Value {
    let entry = |(wanted, found): (&Wanted, &String)| {
        let (kind, key) = wanted.key();
        Value::Tuple(vec![Value::str(kind), Value::str(&key), Value::str(found)])
    };
    Value::List(known.iter().map(entry).collect())
}

/// The same value for the sandbox.
fn data(value: &Configured) -> Value {
    match value {
        Configured::None => Value::None,
        Configured::Bool(flag) => Value::Bool(*flag),
        Configured::Int(number) => Value::Int(number.clone()),
        Configured::Float(number) => Value::Float(*number),
        Configured::Complex(re, im) => Value::Complex(*re, *im),
        Configured::Str(text) => Value::str(text),
        Configured::Bytes(bytes) => Value::Bytes(bytes.clone()),
        Configured::List(items) => Value::List(items.iter().map(data).collect()),
        Configured::Tuple(items) => Value::Tuple(items.iter().map(data).collect()),
        Configured::Dict(dict) => {
            Value::Dict(dict.iter().map(|(key, value)| (data(key), data(value))).collect())
        }
    }
}

fn arguments(
    conversation: &Conversation,
    (side, config): (Side, &Value),
    steps: &[Vec<String>],
) -> Vec<Value> {
    let texts = |texts: &[String]| Value::List(texts.iter().map(|text| Value::str(text)).collect());
    vec![
        Value::List(steps.iter().map(|step| texts(step)).collect()),
        config.clone(),
        texts(&conversation.involved_classes),
        Value::str(match side {
            Side::Model => "evalrun",
            Side::GroundTruth => "evalrun_ground_truth",
        }),
        Value::str(&conversation.id),
        Value::Bool(conversation.is_long_context()),
    ]
}

/// Collects turns, until one does not end as a turn should.
#[derive(Default)]
struct Collected {
    outcomes: Vec<TurnOutcome>,
    wanted: Vec<Wanted>,
    broken: Option<String>,
}

impl Observer for Collected {
    fn report(&mut self, _: usize, report: Report) -> Flow {
        let read = match report.outcome {
            Outcome::Returned(Returned::Value(value)) => {
                outcome(value).ok_or_else(|| "its result has another form".to_owned())
            }
            Outcome::Returned(Returned::Large(_)) => Err("its result is too large".to_owned()),
            Outcome::Raised(raised) | Outcome::Unrepresentable(raised) => {
                Err(format!("{}: {}", raised.kind, raised.message))
            }
        };
        match read {
            Ok((turn, wanted)) if wanted.is_empty() => self.outcomes.push(turn),
            Ok((_, wanted)) => self.wanted = wanted,
            Err(broken) => self.broken = Some(broken),
        }
        if self.broken.is_none() && self.wanted.is_empty() { Flow::Continue } else { Flow::Stop }
    }
}

/// Reads `(responses, [(class, [(attribute, data)])], [shown], [(kind, key)])`.
fn outcome(value: Value) -> Option<(TurnOutcome, Vec<Wanted>)> {
    let [responses, states, shown, wanted] = items(value)?.try_into().ok()?;
    let responses = items(responses)?.into_iter().map(text).collect::<Option<_>>()?;
    let state = |value: Value| {
        let [class, attributes] = items(value)?.try_into().ok()?;
        let attribute = |value: Value| {
            let [name, data] = items(value)?.try_into().ok()?;
            Some((text(name)?, data))
        };
        let attributes = items(attributes)?.into_iter().map(attribute).collect::<Option<_>>()?;
        Some((text(class)?, attributes))
    };
    let states = items(states)?.into_iter().map(state).collect::<Option<_>>()?;
    let shown = items(shown)?.into_iter().next().and_then(text);
    let wanting = |value: Value| {
        let [kind, key] = items(value)?.try_into().ok()?;
        Wanted::read(&text(kind)?, &text(key)?)
    };
    let wanted = items(wanted)?.into_iter().map(wanting).collect::<Option<_>>()?;
    Some((TurnOutcome { responses, states, shown }, wanted))
}

fn items(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::List(items) | Value::Tuple(items) => Some(items),
        _ => None,
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Str(text) => Some(text.to_string_lossy()),
        _ => None,
    }
}
