//! What a model is asked: made of the wheel's data by the wheel's own code, in the sandbox.

use std::sync::Arc;
use std::time::Duration;

use rayon::prelude::*;
use sandbox::value::Value;
use sandbox::{
    Arguments, Call, Ended, Flow, Iterables, Limits, Observer, Outcome, Program, Report, Returned,
    Sandbox,
};
use serde::Deserialize;
use tasks::calls::{AskedTurn, CallsStyle, CallsTarget, Category, MemoryPart};
use tasks::{Item, ItemId, Role, Target};

use crate::error::EvalrunError;

/// Python source that knows upstream's loaders and prompts.
const PROMPTS: &str = include_str!("prompts.py");
/// Entries in one result; larger ones would not be kept whole.
const N_AT_ONCE: usize = 8;
/// The code is upstream's own and ends by itself; this only keeps a broken wheel from running for ever.
const FUEL: u64 = 2_000_000_000_000;
const MEMORY_BYTES: usize = 1 << 30;

/// How the entries of a run are asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) category: Category,
    pub(crate) style: CallsStyle,
    /// A prompt configuration as ids of format sensitivity spell it; `None` for the default one.
    pub(crate) config: Option<&'a str>,
}

/// An entry as the Python source gives it.
#[derive(Deserialize)]
struct Row {
    id: String,
    turns: Vec<AskedTurn>,
    #[serde(default)]
    memory: Option<MemoryPart>,
}

/// The conversations that fill the memory of these scenarios, each after those whose memory it finds.
pub(crate) fn prerequisites(
    scenarios: &[String],
    asking: Asking<'_>,
    sandbox: &Sandbox,
) -> Result<Vec<Arc<Item>>, EvalrunError> {
    let mut chains = Vec::new();
    for scenario in scenarios {
        let mut arguments = named(asking);
        arguments.push(Value::str(scenario));
        let rows = call("prerequisites", vec![Value::List(arguments)], sandbox)?;
        let rows = rows.iter().map(|text| Ok(Arc::new(item(&parsed(text)?, asking))));
        chains.push(rows.collect::<Result<Vec<_>, EvalrunError>>()?.into_iter());
    }
    // One of each in turn, so that scenarios are filled side by side.
    let mut items = Vec::new();
    loop {
        let n_before = items.len();
        items.extend(chains.iter_mut().filter_map(Iterator::next));
        if items.len() == n_before {
            return Ok(items);
        }
    }
}

/// The ids of format sensitivity, which upstream makes of other entries.
pub(crate) fn sensitivity_ids(sandbox: &Sandbox) -> Result<Vec<String>, EvalrunError> {
    let category = Value::str(Category::FormatSensitivity.name());
    let texts = call("ids", vec![Value::List(vec![category])], sandbox)?;
    Ok(texts)
}

/// The items at these positions of their category, with what a model is asked.
pub(crate) fn asked(
    items: &[(usize, Arc<Item>)],
    asking: Asking<'_>,
    sandbox: &Sandbox,
) -> Result<Vec<Arc<Item>>, EvalrunError> {
    // Each interpreter imports upstream's modules first, so there are only as many as can run at once.
    let n_each = items.len().div_ceil(sandbox.n_workers()).max(1);
    let parts: Vec<Vec<String>> = items
        .par_chunks(n_each)
        .map(|part| {
            let arguments = part.chunks(N_AT_ONCE).map(|chunk| arguments(chunk, asking)).collect();
            call("entries", arguments, sandbox)
        })
        .collect::<Result<_, _>>()?;
    let rows: Vec<String> = parts.into_iter().flatten().collect();
    if rows.len() != items.len() {
        let reason =
            format!("the wheel gave {} entries where {} were asked for", rows.len(), items.len());
        return Err(EvalrunError::Calls(reason));
    }
    items.iter().zip(&rows).map(|((_, item), row)| with_prompts(item, row, asking)).collect()
}

/// Category, style and configuration.
fn named(asking: Asking<'_>) -> Vec<Value> {
    let style = match asking.style {
        CallsStyle::Prompting => "prompting",
        CallsStyle::Hermes => "hermes",
        CallsStyle::Native | CallsStyle::HermesTemplate => "tools",
    };
    vec![
        Value::str(asking.category.name()),
        Value::str(style),
        Value::str(asking.config.unwrap_or_default()),
    ]
}

fn arguments(chunk: &[(usize, Arc<Item>)], asking: Asking<'_>) -> Value {
    let positions: Vec<usize> = chunk.iter().map(|(position, _)| *position).collect();
    let positions = serde_json::to_string(&positions).expect("numbers are plain data");
    let mut arguments = named(asking);
    arguments.push(Value::str(&positions));
    Value::List(arguments)
}

fn with_prompts(named: &Item, text: &str, asking: Asking<'_>) -> Result<Arc<Item>, EvalrunError> {
    let row = parsed(text)?;
    if row.id != named.id.0 {
        let reason = format!("{}: the wheel's code gives `{}` in its place", named.id, row.id);
        return Err(EvalrunError::Calls(reason));
    }
    let mut item = item(&row, asking);
    let others = named.fields.clone().into_iter().filter(|(name, _)| name != "problem");
    item.fields.extend(others);
    Ok(Arc::new(item))
}

fn parsed(text: &str) -> Result<Row, EvalrunError> {
    serde_json::from_str(text)
        .map_err(|err| EvalrunError::Calls(format!("the wheel's code gives no entry: {err}")))
}

fn item(row: &Row, asking: Asking<'_>) -> Item {
    let messages = row.turns.first().map_or(&[][..], |turn| &turn.messages);
    let question = messages.iter().rfind(|message| message.role == Role::User);
    let question = question.map_or_else(String::new, |message| message.content.clone());
    let target = CallsTarget {
        entry: row.id.clone(),
        category: asking.category,
        turns: row.turns.clone(),
        memory: row.memory.clone(),
    };
    Item {
        id: ItemId(row.id.clone()),
        fields: [("problem".to_owned(), question)].into(),
        target: Target::Calls(Box::new(target)),
    }
}

/// The texts that a function of the source returns, call by call.
fn call(
    function: &str,
    arguments: Vec<Value>,
    sandbox: &Sandbox,
) -> Result<Vec<String>, EvalrunError> {
    let program = Program {
        source: PROMPTS.to_owned(),
        entry_point: function.to_owned(),
        iterables: Iterables::Name,
        arguments: Arguments::Omit,
    };
    let calls: Vec<Call> =
        arguments.into_iter().map(|arguments| Call { arguments, fuel: FUEL }).collect();
    let limits = Limits {
        load_fuel: FUEL,
        total_fuel: FUEL,
        memory_bytes: MEMORY_BYTES,
        wall_clock: Duration::from_mins(15),
        ..Limits::default()
    };
    let observer = Texts { texts: Vec::new(), broken: None };
    let run = sandbox.run(&program, &calls, limits, observer)?;
    match (run.observer.broken, run.ended) {
        (None, Ended::Finished) => Ok(run.observer.texts),
        (Some(broken), _) => Err(EvalrunError::Calls(broken)),
        (None, ended) => Err(EvalrunError::Calls(format!("the wheel's code ended: {ended:?}"))),
    }
}

/// Collects lists of texts.
struct Texts {
    texts: Vec<String>,
    broken: Option<String>,
}

impl Observer for Texts {
    fn report(&mut self, _: usize, report: Report) -> Flow {
        match report.outcome {
            Outcome::Returned(Returned::Value(Value::List(items))) => {
                let text = |item: Value| match item {
                    Value::Str(text) => text.to_string_lossy(),
                    _ => String::new(),
                };
                self.texts.extend(items.into_iter().map(text));
                Flow::Continue
            }
            Outcome::Raised(raised) | Outcome::Unrepresentable(raised) => {
                self.broken = Some(format!("{}: {}", raised.kind, raised.message));
                Flow::Stop
            }
            Outcome::Returned(_) => {
                self.broken = Some("it gave something else than a list of texts".to_owned());
                Flow::Stop
            }
        }
    }
}
