//! A conversation in which functions are called (`model_handler/base_handler.py`,
//! `inference_multi_turn_*`, of `bfcl-eval` 2026.3.23).
//!
//! A step is a request and its reply. The calls of a reply are run and their responses sent back, until
//! a reply holds none that can be read: then the user's next turn begins. Responses come from running all
//! calls of the conversation again in a fresh interpreter, in which nothing is left to chance; so nothing
//! of a conversation lives longer than a step, and a resumed run sees what an uninterrupted one sees.
//! Calls that search the web leave nothing behind, so that only those of the last step run.

use tasks::calls::{AskedTurn, CallsStyle, CallsTarget};
use tasks::{Completion, Episode, Finish, Message, Request, Role, Sample, Sampling, Step};

use super::memory::Memory;
use super::multi_turn::{Conversation, ConversationError, Turns};
use super::outside::{Known, Surroundings};
use super::reply::{Next, Progress, dict};
use super::value::Value;
use crate::llm::visible_answer;

/// What runs the functions of a conversation.
#[derive(Clone)]
pub struct Functions {
    /// Where its classes start.
    pub conversation: Conversation,
    /// Where they run.
    pub surroundings: Surroundings,
}

/// One sample of an entry.
pub struct CallsEpisode {
    request: Request,
    turns: std::vec::IntoIter<AskedTurn>,
    style: CallsStyle,
    /// `None` for an entry that is one request.
    functions: Option<Functions>,
    known: Known,
    progress: Progress,
    memory: Option<Memory>,
    /// Whether it goes on after a reply that was cut off, because nothing of it is graded.
    is_lenient: bool,
}

impl CallsEpisode {
    /// The episode of a sample.
    pub fn new(
        (sample, target): (&Sample, &CallsTarget),
        sampling: &Sampling,
        style: CallsStyle,
        functions: Option<Functions>,
        memory: Option<&Memory>,
    ) -> Self {
        let request = Request {
            messages: Vec::new(),
            tools: Vec::new(),
            sampling: sampling.clone(),
            seed: sample.seed,
        };
        let turns = target.turns.clone().into_iter();
        let is_lenient = target.memory.as_ref().is_some_and(|part| part.fills);
        let (progress, memory) = (Progress::default(), memory.cloned());
        let known = Known::new();
        Self { request, turns, style, functions, known, progress, memory, is_lenient }
    }

    /// Asks the user's next turn, if there is one.
    fn next_turn(&mut self) -> Step {
        let Some(mut turn) = self.turns.next() else { return Step::Done };
        if let Some(memory) = &self.memory {
            for message in &mut turn.messages {
                message.content = memory.filled(&message.content);
            }
        }
        self.request.messages.extend(turn.messages);
        self.request.tools.extend(turn.tools);
        self.progress.begin_turn();
        Step::Ask(self.request.clone())
    }

    /// Goes on after a reply.
    fn after(&mut self, completion: &Completion) -> Step {
        let next = self.progress.step(completion, self.style);
        self.request.messages.push(spoken(completion, self.style, &next));
        match next {
            Next::GiveUp => Step::Done,
            Next::Turn => self.next_turn(),
            Next::Run(calls) => self.run(&calls, completion),
        }
    }

    fn run(&mut self, calls: &[String], completion: &Completion) -> Step {
        let Some(functions) = &self.functions else { return Step::Done };
        let (turns, known) = (&self.progress.calls, &mut self.known);
        match functions.conversation.respond(turns, known, &functions.surroundings) {
            Ok(Some(responses)) => {
                let messages = answers(self.style, calls, &responses, completion);
                self.request.messages.extend(messages);
                Step::Ask(self.request.clone())
            }
            // A call that never ends is the model's; its judge will say so.
            Ok(None) => Step::Done,
            Err(err) => Step::Failed(err.to_string()),
        }
    }
}

impl Episode for CallsEpisode {
    fn runs_functions(&self) -> bool {
        self.functions.is_some()
    }

    fn next(&mut self, last: Option<&Completion>) -> Step {
        let Some(completion) = last else { return self.next_turn() };
        // What was cut off is not acted upon.
        let is_whole = matches!(completion.finish, Finish::Stop | Finish::ToolCalls);
        if !is_whole && self.is_lenient {
            self.request.messages.push(spoken(completion, self.style, &Next::Turn));
            self.progress.skip(completion, self.style);
            return self.next_turn();
        }
        if self.functions.is_none() || !is_whole { Step::Done } else { self.after(completion) }
    }
}

/// The model's message as the rest of the conversation shows it, without reasoning. Calls that cannot be
/// read get no response, which servers do not accept after calls, so they stay as text.
fn spoken(completion: &Completion, style: CallsStyle, next: &Next) -> Message {
    let text = visible_answer(completion);
    if style != CallsStyle::Native || completion.tool_calls.is_empty() {
        return Message::new(Role::Assistant, text);
    }
    if *next == Next::Turn {
        let calls = serde_json::to_string(&completion.tool_calls);
        let calls = calls.expect("calls are plain text");
        return Message::new(Role::Assistant, if text.is_empty() { calls } else { text });
    }
    Message { tool_calls: completion.tool_calls.clone(), ..Message::new(Role::Assistant, text) }
}

/// The responses as messages: as upstream's handlers of each style write them.
fn answers(
    style: CallsStyle,
    calls: &[String],
    responses: &[String],
    completion: &Completion,
) -> Vec<Message> {
    match style {
        CallsStyle::Prompting => {
            let answer = |(call, response): (&String, &String)| {
                dict([
                    ("role", Value::str("tool")),
                    ("name", Value::str(call)),
                    ("content", Value::str(response)),
                ])
            };
            let all = Value::List(calls.iter().zip(responses).map(answer).collect());
            vec![Message::new(Role::User, all.repr())]
        }
        CallsStyle::Native => {
            let answer = |(call, response): (&tasks::ToolCall, &String)| Message {
                tool_call_id: Some(call.id.clone()),
                ..Message::new(Role::Tool, response)
            };
            completion.tool_calls.iter().zip(responses).map(answer).collect()
        }
        CallsStyle::HermesTemplate => {
            responses.iter().map(|response| Message::new(Role::Tool, response)).collect()
        }
        CallsStyle::Hermes => {
            let block =
                |response: &String| format!("<tool_response>\n{response}\n</tool_response>");
            let blocks: Vec<String> = responses.iter().map(block).collect();
            vec![Message::new(Role::User, blocks.join("\n"))]
        }
    }
}

impl Conversation {
    /// The responses to the last step, or `None` where a call used up what it may or broke the
    /// interpreter. Of the web a page may change between steps, and nothing is kept of it.
    fn respond(
        &self,
        turns: &Turns,
        known: &mut Known,
        surroundings: &Surroundings,
    ) -> Result<Option<Vec<String>>, ConversationError> {
        let step = turns.last().and_then(|steps| steps.last()).cloned().unwrap_or_default();
        let n_calls = step.len();
        let responses = if self.reads_pages() {
            known.clear();
            self.responses(&[vec![step]], known, surroundings)?
        } else {
            self.responses(turns, known, surroundings)?
        };
        Ok(responses.map(|mut all| all.split_off(all.len().saturating_sub(n_calls))))
    }
}
