//! Samples of BFCL: calls are checked, or run and their effects compared.

use std::collections::HashMap;

use tasks::calls::{CallsStyle, CallsTarget, Category};
use tasks::{
    Answer, CallsOutcome, Completion, Detail, Episode, Judgement, Sample, Sampling, Target,
    TaskError, Transcript, Turn, Verdict,
};

use crate::calls::check::Naming;
use crate::calls::episode::{CallsEpisode, Functions};
use crate::calls::multi_turn::{self, Conversation, ConversationError};
use crate::calls::reply::{Progress, mode, reply};
use crate::calls::{
    Entry, ErrorType, Failure, Judged, Memory, Surroundings, judge_agentic, judge_relevance,
};
use crate::judge::{GradeError, gradable};

/// Grades entries of one category.
pub struct CallsGrader {
    style: CallsStyle,
    entries: HashMap<String, Entry>,
    /// Where functions run; `None` for entries of which none are run.
    surroundings: Option<Surroundings>,
}

impl CallsGrader {
    /// A grader of these entries, by their ids, for replies in a style.
    pub fn new(
        style: CallsStyle,
        entries: HashMap<String, Entry>,
        surroundings: Option<Surroundings>,
    ) -> Self {
        Self { style, entries, surroundings }
    }

    pub(crate) fn n_workers(&self) -> Option<usize> {
        self.surroundings.as_ref().map(|around| around.sandbox.n_workers())
    }

    /// Starts a sample.
    pub fn start(
        &self,
        sample: &Sample,
        sampling: &Sampling,
        memory: Option<&Memory>,
    ) -> Result<Box<dyn Episode>, TaskError> {
        let found = target(&sample.item.target).and_then(|target| {
            let is_filling = target.memory.as_ref().is_some_and(|part| part.fills);
            Ok((target, if is_filling { None } else { Some(self.entry(target)?) }))
        });
        let (target, entry) = found.map_err(|err| TaskError::Grade {
            item: sample.item.id.to_string(),
            message: err.to_string(),
        })?;
        let named = (target.entry.as_str(), target.category);
        let conversation = match (entry, target.category) {
            (Some(Entry::Conversation(conversation)), _) => Some(conversation.clone()),
            (_, Category::WebSearchBase | Category::WebSearchNoSnippet) => {
                Some(Conversation::over_web(named))
            }
            (_, category) => {
                class(category).map(|class| Conversation::over_memory(named, class, memory))
            }
        };
        let functions = conversation
            .zip(self.surroundings.clone())
            .map(|(conversation, surroundings)| Functions { conversation, surroundings });
        let entry = (sample, target);
        Ok(Box::new(CallsEpisode::new(entry, sampling, self.style, functions, memory)))
    }

    /// The memory that a conversation leaves, which found `before`; `None` where it shares none. This may
    /// take long.
    pub fn memory_after(
        &self,
        target_of_item: &Target,
        transcript: Option<&Transcript>,
        before: Option<&Memory>,
    ) -> Result<Option<Memory>, GradeError> {
        let target = target(target_of_item)?;
        let Some((class, around)) = class(target.category).zip(self.surroundings.as_ref()) else {
            return Ok(None);
        };
        let entry = (target.entry.as_str(), target.category);
        let conversation = Conversation::over_memory(entry, class, before);
        let calls = transcript.map(|transcript| self.progress(target, transcript).calls);
        Ok(Some(conversation.memory_after(&calls.unwrap_or_default(), around)?))
    }

    fn progress(&self, target: &CallsTarget, transcript: &Transcript) -> Progress {
        let completions: Vec<&Completion> =
            transcript.turns.iter().map(|turn| &turn.completion).collect();
        Progress::of(&completions, target.turns.len(), self.style)
    }

    pub(crate) fn grade(
        &self,
        target_of_item: &Target,
        transcript: &Transcript,
    ) -> Result<Judgement, GradeError> {
        let target = target(target_of_item)?;
        if target.memory.as_ref().is_some_and(|part| part.fills) {
            return Ok(filled());
        }
        for Turn { completion, .. } in &transcript.turns {
            // Calls of the endpoint's own stand beside a text that nobody grades.
            if let Err(ungraded) = gradable(completion) {
                return Ok(ungraded.judgement());
            }
        }
        let (mode, entry) = (mode(self.style), self.entry(target)?);
        let progress = || self.progress(target, transcript);
        let plain = |judged| judgement(judged, None);
        Ok(match entry {
            Entry::Calls(entry) => {
                let has_underscores = self.style.has_underscores();
                let naming = if has_underscores { Naming::Underscores } else { Naming::Dots };
                let reply = reply(transcript.last(), self.style);
                let errors = entry.data_errors(mode);
                let corrected = (!errors.is_empty())
                    .then(|| entry.judge_corrected(&reply, (mode, naming), &errors).is_ok());
                judgement(entry.judge(&reply, (mode, naming)), corrected)
            }
            Entry::Relevance(kind) => {
                plain(judge_relevance(&reply(transcript.last(), self.style), mode, *kind))
            }
            Entry::Agentic(answers) => plain(judge_agentic(&progress().result(), mode, answers)),
            Entry::Conversation(conversation) => {
                let around = self.surroundings.as_ref().ok_or_else(|| {
                    GradeError::Data("there is no interpreter to run its calls".to_owned())
                })?;
                let judged = match multi_turn::decoded(&progress().result(), mode) {
                    Err(failure) => Err(failure),
                    Ok(turns) => conversation.judge(&turns, &around.sandbox)?,
                };
                plain(judged)
            }
        })
    }

    fn entry(&self, target: &CallsTarget) -> Result<&Entry, GradeError> {
        self.entries.get(&target.entry).ok_or_else(|| {
            GradeError::Data(format!("{} has no entry `{}`", target.category.name(), target.entry))
        })
    }
}

/// What is said of a conversation that only fills a memory.
fn filled() -> Judgement {
    Judgement {
        answer: Answer::Whole,
        verdict: Verdict::Answered,
        explanation: "it fills the memory; nothing is asked".to_owned(),
        detail: None,
    }
}

/// The class behind the memory of a category.
fn class(category: Category) -> Option<&'static str> {
    match category {
        Category::MemoryKv => Some("MemoryAPI_kv"),
        Category::MemoryVector => Some("MemoryAPI_vector"),
        Category::MemoryRecSum => Some("MemoryAPI_rec_sum"),
        _ => None,
    }
}

fn target(target: &Target) -> Result<&CallsTarget, GradeError> {
    match target {
        Target::Calls(target) => Ok(target),
        _ => Err(GradeError::Data("its target is no entry of BFCL".to_owned())),
    }
}

impl From<ConversationError> for GradeError {
    fn from(err: ConversationError) -> Self {
        match err {
            ConversationError::GroundTruth { .. } => Self::Data(err.to_string()),
            _ => Self::Infrastructure(err.to_string()),
        }
    }
}

fn judgement(judged: Judged, corrected: Option<bool>) -> Judgement {
    let (verdict, explanation) = match &judged {
        Ok(()) => (Verdict::Correct, "as expected".to_owned()),
        Err(failure) => (verdict(failure), explanation(failure)),
    };
    let error_type = judged.err().map(|failure| failure.error_type.name().to_owned());
    let answer = match verdict {
        Verdict::Unparsed => Answer::Missing,
        _ => Answer::Whole,
    };
    let detail = Some(Detail::Calls(CallsOutcome { error_type, corrected }));
    Judgement { answer, verdict, explanation, detail }
}

/// A reply of which no call can be read is told apart from wrong calls.
fn verdict(failure: &Failure) -> Verdict {
    match failure.error_type {
        ErrorType::DecoderFailed
        | ErrorType::DecoderWrongOutputFormat
        | ErrorType::RelevanceDecoderFailed => Verdict::Unparsed,
        _ => Verdict::Incorrect,
    }
}

/// What is wrong, cut short: reasons may quote a reply.
fn explanation(failure: &Failure) -> String {
    const N_CHARS: usize = 400;
    let text = format!("{}: {}", failure.error_type.name(), failure.reason);
    match text.char_indices().nth(N_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
