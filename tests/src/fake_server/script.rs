//! How the server decides what each request gets.

use std::time::Duration;

use super::hash;
use super::reply::{ChatReply, Cut, Reply};
use super::request::SeenRequest;
use super::style::StreamStyle;

/// A reply with its timing and layout.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What is answered.
    pub reply: Reply,
    /// How long the server waits before the first byte.
    pub delay: Duration,
    /// How a stream is laid out; `None` takes the script's style.
    pub style: Option<StreamStyle>,
}

impl Answer {
    /// Delays the answer.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets how the answer is streamed.
    #[must_use]
    pub fn styled(mut self, style: StreamStyle) -> Self {
        self.style = Some(style);
        self
    }
}

impl<R: Into<Reply>> From<R> for Answer {
    fn from(reply: R) -> Self {
        Self { reply: reply.into(), delay: Duration::ZERO, style: None }
    }
}

type Elsewhere = Box<dyn Fn(&SeenRequest) -> Option<Reply> + Send + Sync>;
type Answers = Box<dyn Fn(&SeenRequest) -> Answer + Send + Sync>;

/// The behaviour of a server: what completion requests get, and its settings.
///
/// Only well-formed, authorised completion requests reach the script. The
/// server itself answers `GET /v1/models`, 400, 401, 404 and 405.
pub struct Script {
    pub(super) answers: Answers,
    pub(super) api_key: Option<String>,
    pub(super) streaming: bool,
    pub(super) style: StreamStyle,
    pub(super) models: Vec<String>,
    pub(super) owner: String,
    pub(super) forgetful: bool,
    pub(super) elsewhere: Elsewhere,
    pub(super) most_choices: usize,
}

impl Script {
    /// Returns a script that asks `answers` about every request.
    pub fn new<F, A>(answers: F) -> Self
    where
        F: Fn(&SeenRequest) -> A + Send + Sync + 'static,
        A: Into<Answer>,
    {
        Self {
            answers: Box::new(move |request| answers(request).into()),
            api_key: None,
            streaming: true,
            style: StreamStyle::default(),
            models: vec!["fake-model".to_owned()],
            owner: "fake".to_owned(),
            forgetful: false,
            elsewhere: Box::new(|_| None),
            most_choices: 1,
        }
    }

    /// Returns a script that gives every request the same answer.
    pub fn always(answer: impl Into<Answer>) -> Self {
        let answer = answer.into();
        Self::new(move |_| answer.clone())
    }

    /// Returns a script that gives each body, as it is sent again and again,
    /// the first, second, … of `answers`, and then the last one for ever.
    ///
    /// # Panics
    ///
    /// Panics when `answers` is empty.
    pub fn sequence<A: Into<Answer>>(answers: impl IntoIterator<Item = A>) -> Self {
        let answers: Vec<Answer> = answers.into_iter().map(Into::into).collect();
        assert!(!answers.is_empty(), "a sequence needs an answer");
        Self::new(move |request| answers[request.attempt.min(answers.len() - 1)].clone())
    }

    /// Answers 401 to requests without this bearer key.
    #[must_use]
    pub fn require_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// Answers with plain JSON even when a stream is asked for.
    #[must_use]
    pub fn ignore_stream(mut self) -> Self {
        self.streaming = false;
        self
    }

    /// Sets how streams are laid out unless an answer says otherwise.
    #[must_use]
    pub fn styled(mut self, style: StreamStyle) -> Self {
        self.style = style;
        self
    }

    /// Sets the list behind `GET /v1/models`.
    #[must_use]
    pub fn models(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.models = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets who owns the models, which is how servers tell what they are.
    #[must_use]
    pub fn owner(mut self, name: impl Into<String>) -> Self {
        self.owner = name.into();
        self
    }

    /// Sets what requests for other paths than those of models get; where it gives nothing, it is 404.
    #[must_use]
    pub fn elsewhere<F>(mut self, replies: F) -> Self
    where
        F: Fn(&SeenRequest) -> Option<Reply> + Send + Sync + 'static,
    {
        self.elsewhere = Box::new(replies);
        self
    }

    /// Keeps no record of requests, so that any number of them can be served: all come first, and
    /// none is listed.
    #[must_use]
    pub fn forgetful(mut self) -> Self {
        self.forgetful = true;
        self
    }

    /// Gives as many choices as a request asks for, at most `most`, where its first one is a proper reply.
    /// Each is the answer to [`SeenRequest::choice`]. Without this, `n` is ignored, as many servers do.
    #[must_use]
    pub fn gives_choices(mut self, most: usize) -> Self {
        self.most_choices = most;
        self
    }

    /// Makes a share `rate` of the bodies meet all kinds of trouble when they come first: 429, 500,
    /// 503, a disconnect, a stream that breaks off, garbage, an empty answer, or silence. Which ones,
    /// and how, depends on the body and `seed` alone; a second attempt always reaches the script.
    #[must_use]
    pub fn with_chaos(mut self, rate: f64, seed: u64) -> Self {
        let inner = self.answers;
        self.answers = Box::new(move |request| {
            chaos(request, rate, seed).map_or_else(|| inner(request), Answer::from)
        });
        self
    }

    /// Makes a share `rate` of the bodies fail when they come first: with a 429
    /// (`Retry-After: 0`), a 500 or a disconnect. Which ones, and how, depends
    /// on the body and `seed` alone; a second attempt always reaches the script.
    #[must_use]
    pub fn with_faults(mut self, rate: f64, seed: u64) -> Self {
        let inner = self.answers;
        self.answers = Box::new(move |request| {
            fault(request, rate, seed).map_or_else(|| inner(request), Answer::from)
        });
        self
    }
}

/// How long a silent server is silent, unless its client leaves before.
const SILENCE: Duration = Duration::from_mins(1);

fn chaos(request: &SeenRequest, rate: f64, seed: u64) -> Option<Reply> {
    let (seed, body) = (seed.to_string(), request.body.to_string());
    if request.attempt > 0 || hash::unit(&["chaos", &seed, &body]) >= rate {
        return None;
    }
    let begun = ChatReply::new("A reply that is begun and");
    Some(match hash::below(200, &["kind", &seed, &body]) {
        0..50 => Reply::rate_limited("0"),
        50..80 => Reply::status(500),
        80..90 => Reply::status(503).header("Retry-After", "0"),
        90..130 => Reply::Disconnect,
        130..160 => Reply::truncated_stream(begun, 2),
        160..178 => Reply::MalformedJson,
        178..188 => Reply::WrongContentType,
        188..198 => Reply::EmptyChoices,
        198 => Reply::Hang(SILENCE),
        _ => Reply::Partial { chat: begun, events: 2, cut: Cut::Hang(SILENCE) },
    })
}

fn fault(request: &SeenRequest, rate: f64, seed: u64) -> Option<Reply> {
    let (seed, body) = (seed.to_string(), request.body.to_string());
    if request.attempt > 0 || hash::unit(&["fault", &seed, &body]) >= rate {
        return None;
    }
    Some(match hash::below(3, &["kind", &seed, &body]) {
        0 => Reply::rate_limited("0"),
        1 => Reply::status(500),
        _ => Reply::Disconnect,
    })
}

impl From<ChatReply> for Script {
    fn from(chat: ChatReply) -> Self {
        Self::always(chat)
    }
}
