//! How one sample talks to a model.

use serde::{Deserialize, Serialize};

use crate::{Completion, Message, Request, Role, Sample, Sampling, Target, Task, TaskError};

/// The dialogue shapes a task file can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EpisodeKind {
    /// One question, one completion.
    SingleTurn,
    /// The turns of a [`DialogueTarget`](crate::DialogueTarget), each asked after the answers to
    /// those before. An answer is repeated to the model without its reasoning, as chat templates of
    /// reasoning models ask for.
    FixedTurns,
    /// Turns of a [`CallsTarget`](crate::calls::CallsTarget): functions that the model calls are run
    /// and answer it, until it calls none or has called too often.
    Calls,
}

/// Gives the visible answer of a completion, without reasoning.
pub type VisibleAnswer = fn(&Completion) -> String;

/// One exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// What was asked.
    pub request: Request,
    /// What came back.
    pub completion: Completion,
}

/// A finished dialogue: at least one turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// The turns in order.
    pub turns: Vec<Turn>,
}

impl Transcript {
    /// The last completion, which holds the answer.
    pub fn last(&self) -> &Completion {
        &self.turns.last().expect("a transcript has at least one turn").completion
    }
}

/// What an episode wants next.
#[derive(Debug)]
pub enum Step {
    /// Send this and come back with the completion.
    Ask(Request),
    /// The dialogue is over.
    Done,
    /// The machine cannot go on; the sample counts as failed.
    Failed(String),
}

/// A state machine: given the last completion, it answers with the next request or with the end.
pub trait Episode: Send {
    /// Whether [`Self::next`] may take long, because it runs functions.
    fn runs_functions(&self) -> bool {
        false
    }

    /// The next step; `last` is `None` exactly on the first call.
    fn next(&mut self, last: Option<&Completion>) -> Step;
}

/// Starts the episode that `task` prescribes for `sample`.
pub fn start(
    task: &Task,
    sample: &Sample,
    sampling: &Sampling,
    visible: VisibleAnswer,
) -> Result<Box<dyn Episode>, TaskError> {
    let messages = task.prompt.render(&sample.item)?;
    let sampling = task.defaults.temperatures.sampling(sampling, &sample.item.target);
    let request = Request { messages, tools: Vec::new(), sampling, seed: sample.seed };
    match task.episode {
        EpisodeKind::SingleTurn => Ok(Box::new(SingleTurn { request: Some(request) })),
        EpisodeKind::FixedTurns => {
            let Target::Dialogue(dialogue) = &sample.item.target else {
                let message = "its target is no dialogue".to_owned();
                return Err(TaskError::Grade { item: sample.item.id.to_string(), message });
            };
            let rest = dialogue.turns.iter().skip(1).cloned().collect::<Vec<_>>().into_iter();
            Ok(Box::new(FixedTurns { request, rest, visible }))
        }
        EpisodeKind::Calls => {
            let message = "its functions are run by its grader".to_owned();
            Err(TaskError::Grade { item: sample.item.id.to_string(), message })
        }
    }
}

struct SingleTurn {
    request: Option<Request>,
}

impl Episode for SingleTurn {
    fn next(&mut self, _last: Option<&Completion>) -> Step {
        self.request.take().map_or(Step::Done, Step::Ask)
    }
}

/// The turns that are left, and the request that the next one continues.
struct FixedTurns {
    request: Request,
    rest: std::vec::IntoIter<String>,
    visible: VisibleAnswer,
}

impl Episode for FixedTurns {
    fn next(&mut self, last: Option<&Completion>) -> Step {
        let Some(last) = last else { return Step::Ask(self.request.clone()) };
        let Some(question) = self.rest.next() else { return Step::Done };
        let answer = (self.visible)(last);
        self.request
            .messages
            .extend([Message::new(Role::Assistant, answer), Message::new(Role::User, question)]);
        Step::Ask(self.request.clone())
    }
}
