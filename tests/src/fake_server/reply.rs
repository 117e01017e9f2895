//! What a script can answer.

use std::time::Duration;

use super::script::Answer;
use super::style::StreamStyle;

/// What one request gets.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A proper reply.
    Chat(ChatReply),
    /// An HTTP response of any status; the body is declared as JSON unless a
    /// header says otherwise.
    Status {
        /// The status code.
        code: u16,
        /// Extra headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// Status 200 and a body, or a stream event, that breaks off inside JSON.
    MalformedJson,
    /// Status 200 with an HTML page.
    WrongContentType,
    /// Status 200 with an empty `choices` array.
    EmptyChoices,
    /// A reply that goes wrong after `events` data events. Asked for no
    /// stream, the server sends half of the promised body instead, or the
    /// plain error object for [`Cut::Error`].
    Partial {
        /// The reply that is begun.
        chat: ChatReply,
        /// How many data events are still sent.
        events: usize,
        /// How it goes wrong.
        cut: Cut,
    },
    /// The connection is closed without an answer.
    Disconnect,
    /// Nothing happens for this long, then the connection is closed.
    Hang(Duration),
}

/// How a reply goes wrong halfway.
#[derive(Clone, Debug)]
pub enum Cut {
    /// The socket is closed inside the body.
    Close,
    /// The server falls silent for this long, then closes the socket.
    Hang(Duration),
    /// The body ends in good HTTP order, without a finish reason or `[DONE]`.
    End,
    /// An error object with this message comes in place of the rest.
    Error(String),
}

impl Reply {
    /// Returns a bare status with an error object as its body.
    #[must_use]
    pub fn status(code: u16) -> Self {
        let body = super::body::error(&format!("scripted status {code}")).to_string();
        Self::Status { code, headers: Vec::new(), body }
    }

    /// Returns this body with status 200.
    #[must_use]
    pub fn page(kind: &str, body: impl Into<String>) -> Self {
        let headers = vec![("Content-Type".to_owned(), kind.to_owned())];
        Self::Status { code: 200, headers, body: body.into() }
    }

    /// Returns a 429 with this `Retry-After` value.
    #[must_use]
    pub fn rate_limited(retry_after: &str) -> Self {
        Self::status(429).header("Retry-After", retry_after)
    }

    /// Returns a stream whose socket closes after `events` data events.
    #[must_use]
    pub fn truncated_stream(chat: ChatReply, events: usize) -> Self {
        Self::Partial { chat, events, cut: Cut::Close }
    }

    /// Adds a header to a [`Reply::Status`]; other replies stay as they are.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Status { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Delays the answer.
    #[must_use]
    pub fn after(self, delay: Duration) -> Answer {
        Answer::from(self).after(delay)
    }

    /// Sets how the answer is streamed.
    #[must_use]
    pub fn styled(self, style: StreamStyle) -> Answer {
        Answer::from(self).styled(style)
    }
}

impl From<ChatReply> for Reply {
    fn from(chat: ChatReply) -> Self {
        Self::Chat(chat)
    }
}

/// A model's reply, before it is put into one of the wire formats.
///
/// Plain completions send `content` as their `text` and have no reasoning.
#[derive(Clone, Debug)]
pub struct ChatReply {
    /// The answer text; sent as `null` when empty next to reasoning, outside streams.
    pub content: String,
    /// The reasoning text, if any.
    pub reasoning: Option<String>,
    /// The field that holds the reasoning: `reasoning_content` or `reasoning`.
    pub reasoning_field: &'static str,
    /// Calls of functions, each a name and its arguments; plain completions have none.
    pub calls: Vec<(String, String)>,
    /// The finish reason. A stream without one has no finish event.
    pub finish_reason: Option<String>,
    /// The token counts, if the server reports any.
    pub usage: Option<Usage>,
}

/// The token counts of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The tokens of the prompt.
    pub prompt: u64,
    /// The tokens of the reply, reasoning included.
    pub completion: u64,
    /// The tokens of the reasoning, if reported.
    pub reasoning: Option<u64>,
}

impl ChatReply {
    /// Returns a finished reply with this text, without reasoning, and with one
    /// completion token per word.
    pub fn new(content: impl Into<String>) -> Self {
        let content = content.into();
        let usage = Usage {
            prompt: 10,
            completion: content.split_whitespace().count() as u64,
            reasoning: None,
        };
        Self {
            content,
            reasoning: None,
            reasoning_field: "reasoning_content",
            calls: Vec::new(),
            finish_reason: Some("stop".to_owned()),
            usage: Some(usage),
        }
    }

    /// Adds reasoning under `reasoning_content`.
    #[must_use]
    pub fn reasoning(mut self, text: impl Into<String>) -> Self {
        self.reasoning = Some(text.into());
        self
    }

    /// Names the field of the reasoning.
    #[must_use]
    pub fn reasoning_field(mut self, field: &'static str) -> Self {
        self.reasoning_field = field;
        self
    }

    /// Calls functions, each given by a name and its arguments.
    #[must_use]
    pub fn calling(mut self, calls: Vec<(String, String)>) -> Self {
        self.calls = calls;
        self.finish_reason = Some("tool_calls".to_owned());
        self
    }

    /// Sets the finish reason.
    #[must_use]
    pub fn finish<'a>(mut self, reason: impl Into<Option<&'a str>>) -> Self {
        self.finish_reason = reason.into().map(str::to_owned);
        self
    }

    /// Sets the token counts.
    #[must_use]
    pub fn usage(mut self, usage: impl Into<Option<Usage>>) -> Self {
        self.usage = usage.into();
        self
    }

    /// Delays the answer.
    #[must_use]
    pub fn after(self, delay: Duration) -> Answer {
        Answer::from(self).after(delay)
    }

    /// Sets how the answer is streamed.
    #[must_use]
    pub fn styled(self, style: StreamStyle) -> Answer {
        Answer::from(self).styled(style)
    }
}

impl Usage {
    /// Returns counts without a share for reasoning.
    pub fn new(prompt: u64, completion: u64) -> Self {
        Self { prompt, completion, reasoning: None }
    }

    /// Returns the counts of several choices together, as servers report them: the prompt counts once.
    pub(super) fn of_all(chats: &[ChatReply]) -> Option<Self> {
        let usages: Vec<Self> = chats.iter().filter_map(|chat| chat.usage).collect();
        let completion = usages.iter().map(|usage| usage.completion).sum();
        let reasoning = usages.iter().map(|usage| usage.reasoning).sum();
        usages.first().map(|first| Self { completion, reasoning, ..*first })
    }

    /// Reports how many of the completion tokens were reasoning.
    #[must_use]
    pub fn with_reasoning(mut self, tokens: u64) -> Self {
        self.reasoning = Some(tokens);
        self
    }
}
