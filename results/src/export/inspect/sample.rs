//! One sample of a log. Its shape is spelled out in types that borrow: a log of 200,000 samples is
//! written several times as fast as by way of JSON values.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use tasks::{Answer, Finish, Judgement, Message, Role, Turn, Verdict};

use crate::report::sample_row::outcome_name;
use crate::{Failure, SampleRecord, SampleResult};

/// Names that every sample repeats.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    /// The model, with its backend.
    pub(super) model: &'a str,
    /// The judge.
    pub(super) scorer: &'a str,
}

/// `EvalSample`.
#[derive(Serialize)]
pub(super) struct LogSample<'a> {
    id: &'a str,
    /// Counted from 1.
    epoch: u32,
    input: Input<'a>,
    target: &'a str,
    messages: Vec<LogMessage<'a>>,
    output: Output<'a>,
    scores: Option<BTreeMap<&'a str, Score<'a>>>,
    metadata: Metadata,
    uuid: String,
    completed_at: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<LogError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_usage: Option<BTreeMap<&'a str, LogUsage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_time: Option<f64>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Input<'a> {
    Text(&'static str),
    Messages(Vec<Asked<'a>>),
}

#[derive(Serialize)]
#[serde(untagged)]
enum LogMessage<'a> {
    Asked(Asked<'a>),
    Reply(Reply<'a>),
}

/// A message without calls of its own form: they are part of the text.
#[derive(Serialize)]
struct Asked<'a> {
    role: Role,
    content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

impl<'a> From<&'a Message> for Asked<'a> {
    fn from(message: &'a Message) -> Self {
        let tool_call_id = message.tool_call_id.as_deref();
        Self { role: message.role, content: message.shown(), tool_call_id }
    }
}

#[derive(Clone, Serialize)]
struct Reply<'a> {
    role: Role,
    content: Content<'a>,
    source: &'static str,
    model: &'a str,
}

#[derive(Clone, Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Parts([ContentPart<'a>; 2]),
}

#[derive(Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ContentPart<'a> {
    Reasoning { reasoning: &'a str },
    Text { text: Cow<'a, str> },
}

#[derive(Serialize)]
struct Output<'a> {
    model: &'a str,
    choices: Vec<Choice<'a>>,
    usage: Option<LogUsage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<f64>,
}

#[derive(Serialize)]
struct Choice<'a> {
    message: Reply<'a>,
    stop_reason: &'static str,
}

#[expect(clippy::struct_field_names, reason = "the names are Inspect's")]
#[derive(Clone, Copy, Serialize)]
struct LogUsage {
    input_tokens: u64,
    output_tokens: u64,
    total_tokens: u64,
    reasoning_tokens: Option<u64>,
}

#[derive(Serialize)]
struct Score<'a> {
    value: &'static str,
    answer: Option<&'a str>,
    explanation: &'a str,
    metadata: ScoreMetadata,
}

#[derive(Serialize)]
struct ScoreMetadata {
    outcome: &'static str,
}

#[derive(Serialize)]
struct Metadata {
    outcome: &'static str,
    seed: u32,
}

#[derive(Serialize)]
struct LogError {
    message: String,
    traceback: &'static str,
    traceback_ansi: &'static str,
}

impl<'a> LogSample<'a> {
    /// A sample whose answer is compared with `gold`.
    pub(super) fn new(names: Names<'a>, record: &'a SampleRecord, gold: &'a str) -> Self {
        let outcome = outcome_name(&record.result);
        let blank = Self {
            id: &record.key.item.0,
            epoch: record.key.sample_idx + 1,
            input: Input::Text(""),
            target: gold,
            messages: Vec::new(),
            output: Output { model: names.model, choices: Vec::new(), usage: None, time: None },
            scores: None,
            metadata: Metadata { outcome, seed: record.seed.0 },
            uuid: format!("{}#{}", record.key.item, record.key.sample_idx),
            completed_at: &record.finished_at,
            error: None,
            model_usage: None,
            total_time: None,
        };
        match &record.result {
            SampleResult::Failed(Failure { kind, message }) => {
                let message = format!("{kind}: {message}");
                let error = LogError { message, traceback: "", traceback_ansi: "" };
                Self { error: Some(error), ..blank }
            }
            SampleResult::Judged { transcript, judgement } => {
                let score = score(judgement, outcome);
                let scores = Some(BTreeMap::from([(names.scorer, score)]));
                Self { scores, ..blank }.with_dialogue(names, &transcript.turns)
            }
        }
    }

    /// The messages of all turns, and the last reply as the output.
    fn with_dialogue(self, names: Names<'a>, turns: &'a [Turn]) -> Self {
        let Some((first, last)) = turns.first().zip(turns.last()) else { return self };
        let reply = reply(names, last);
        // The last request holds the dialogue so far; a task that sends each turn alone has the last one.
        let asked = last.request.messages.iter().map(|message| LogMessage::Asked(message.into()));
        let ms: u64 = turns.iter().map(|turn| turn.completion.timing.latency_ms).sum();
        let time = Some(ms as f64 / 1000.0);
        let usage = usage(turns);
        let choice = Choice { message: reply.clone(), stop_reason: stop_reason(last) };
        Self {
            input: Input::Messages(first.request.messages.iter().map(Asked::from).collect()),
            messages: asked.chain([LogMessage::Reply(reply)]).collect(),
            output: Output { model: names.model, choices: vec![choice], usage, time },
            model_usage: Some(usage.map(|usage| (names.model, usage)).into_iter().collect()),
            total_time: time,
            ..self
        }
    }
}

fn score<'a>(judgement: &'a Judgement, outcome: &'static str) -> Score<'a> {
    let answer = match &judgement.answer {
        Answer::Found { text, .. } => Some(text.as_str()),
        Answer::Whole | Answer::Missing => None,
    };
    let value = match judgement.verdict {
        Verdict::Correct => "C",
        Verdict::Answered => "N",
        Verdict::Incorrect | Verdict::Unparsed | Verdict::Truncated => "I",
    };
    let explanation = &judgement.explanation;
    Score { value, answer, explanation, metadata: ScoreMetadata { outcome } }
}

fn reply<'a>(names: Names<'a>, turn: &'a Turn) -> Reply<'a> {
    let text = turn.completion.shown();
    let content = match &turn.completion.reasoning {
        None => Content::Text(text),
        Some(reasoning) => {
            Content::Parts([ContentPart::Reasoning { reasoning }, ContentPart::Text { text }])
        }
    };
    Reply { role: Role::Assistant, content, source: "generate", model: names.model }
}

fn stop_reason(turn: &Turn) -> &'static str {
    match turn.completion.finish {
        Finish::Stop => "stop",
        Finish::Length => "max_tokens",
        Finish::ContentFilter => "content_filter",
        Finish::ToolCalls => "tool_calls",
    }
}

/// Tokens of all turns whose backend reported any.
fn usage(turns: &[Turn]) -> Option<LogUsage> {
    let usages = turns.iter().filter_map(|turn| turn.completion.usage);
    let usages = usages.map(|usage| LogUsage {
        input_tokens: usage.prompt_tokens,
        output_tokens: usage.completion_tokens,
        total_tokens: usage.prompt_tokens + usage.completion_tokens,
        reasoning_tokens: usage.reasoning_tokens,
    });
    let sum = |a: Option<u64>, b: Option<u64>| a.map_or(b, |a| Some(a + b.unwrap_or(0)));
    usages.reduce(|a, b| LogUsage {
        input_tokens: a.input_tokens + b.input_tokens,
        output_tokens: a.output_tokens + b.output_tokens,
        total_tokens: a.total_tokens + b.total_tokens,
        reasoning_tokens: sum(a.reasoning_tokens, b.reasoning_tokens),
    })
}
