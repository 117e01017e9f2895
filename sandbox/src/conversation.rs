//! The host's side of a run: answers the driver's messages, in order, and trusts none of them.

use std::any::Any;

use crate::guest::{Reply, Session, Stop};
use crate::program::{
    Arguments, Call, Ended, Flow, Iterables, Observer, Outcome, Program, Progress, Raised, Report,
    Returned,
};
use crate::value::{self, DecodeError, EncodeError, Fold, Reader, Value, decode};

/// Encoded results up to this size are kept whole; larger lists and tuples become fingerprints.
const KEPT_BYTES: usize = 4 << 20;
/// Encoded size of a single message beyond which it is not looked at.
const MESSAGE_BYTES: usize = 256 << 20;
/// Asks the driver to encode the same value again, piece by piece.
const AGAIN: &[u8] = b"?";

/// A run in progress.
pub struct Conversation {
    program: Vec<u8>,
    calls: Vec<(Vec<u8>, u64)>,
    state: State,
    arguments_after: Option<Value>,
    observer: Box<dyn Observer>,
}

/// What the driver may say next.
enum State {
    /// `S`.
    Ready,
    /// `L` or `G`.
    Loading,
    /// The result of this call.
    Calling(usize),
    /// More of a long result of this call.
    Collecting(usize, Collected),
    /// Nothing.
    Over(Ended, Progress),
}

/// A long list or tuple, so far.
struct Collected {
    tag: u8,
    n_items: usize,
    /// Its messages, kept as long as they are small; the fold goes on regardless.
    bodies: Option<Vec<Vec<u8>>>,
    n_seen: usize,
    n_bytes: usize,
    fold: Fold,
}

/// Why a message is not accepted.
enum Refused {
    /// The value in it may only look as it does because `marshal` wrote it.
    Doubtful,
    /// It is no message of the driver's, or not its turn.
    Protocol,
    /// It is larger than any result may be.
    Large,
    /// The observer has heard enough.
    Enough(usize),
}

impl From<DecodeError> for Refused {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Many => Self::Large,
            _ => Self::Protocol,
        }
    }
}

impl Conversation {
    pub fn new(
        program: &Program,
        calls: &[Call],
        observer: Box<dyn Observer>,
    ) -> Result<Self, EncodeError> {
        let program = value::encode(&Value::Tuple(vec![
            Value::str(&program.source),
            Value::str(&program.entry_point),
            Value::Bool(program.iterables == Iterables::Collect),
            Value::Bool(program.arguments == Arguments::AfterCall),
        ]))?;
        let calls = calls.iter().map(|call| Ok((value::encode(&call.arguments)?, call.fuel)));
        let calls = calls.collect::<Result<_, EncodeError>>()?;
        Ok(Self { program, calls, state: State::Ready, arguments_after: None, observer })
    }

    /// How it ended, how far it came, and the observer. `stopped` is what ended the guest where
    /// it was not the conversation.
    pub fn finish(self, stopped: Option<Ended>) -> (Ended, Progress, Box<dyn Any>) {
        let (ended, progress) = match self.state {
            State::Over(ended, progress) => (ended, progress),
            State::Ready | State::Loading => (Ended::ProtocolBroken, Progress::Loading),
            State::Calling(call) | State::Collecting(call, _) => {
                (Ended::ProtocolBroken, Progress::Calling(call))
            }
        };
        let is_natural = matches!(ended, Ended::Finished | Ended::LoadRaised(_) | Ended::Stopped);
        let ended = if is_natural { ended } else { stopped.unwrap_or(ended) };
        (ended, progress, self.observer)
    }

    fn answer(&mut self, message: &[u8], fuel: u64) -> Result<Reply, Refused> {
        let (tag, body) = message.split_first().ok_or(Refused::Protocol)?;
        let is_exact = tag.is_ascii_lowercase();
        match (&mut self.state, tag) {
            (State::Ready, b'S') => {
                self.state = State::Loading;
                Ok(Reply::Bytes(std::mem::take(&mut self.program)))
            }
            (State::Loading, b'L') => {
                let ended = Ended::LoadRaised(raised(body)?);
                self.state = State::Over(ended, Progress::Loading);
                Ok(Reply::Bytes(Vec::new()))
            }
            (State::Loading, b'G') => Ok(self.begin(0)),
            (State::Calling(_), b'A' | b'a') => {
                // The arguments are a help to the host; what cannot be read is simply absent.
                let arguments = checked(body, is_exact).map(Some);
                self.arguments_after = match arguments {
                    Err(Refused::Doubtful) => return Err(Refused::Doubtful),
                    arguments => arguments.unwrap_or(None),
                };
                Ok(Reply::Bytes(Vec::new()))
            }
            (State::Calling(call), b'R' | b'r') => {
                let (call, returned) = (*call, Returned::Value(checked(body, is_exact)?));
                self.report(call, Outcome::Returned(returned), fuel)
            }
            (State::Calling(call), b'E') => {
                let call = *call;
                self.report(call, Outcome::Raised(raised(body)?), fuel)
            }
            (State::Calling(call) | State::Collecting(call, _), b'X') => {
                let call = *call;
                self.report(call, Outcome::Unrepresentable(raised(body)?), fuel)
            }
            (State::Calling(call), b'H') => {
                let collected = Collected::new(body)?;
                self.state = State::Collecting(*call, collected);
                Ok(Reply::Bytes(Vec::new()))
            }
            (State::Collecting(_, collected), b'C' | b'c') => {
                collected.add(body, is_exact)?;
                Ok(Reply::Bytes(Vec::new()))
            }
            (State::Collecting(call, _), b'Z') => {
                let call = *call;
                let state = std::mem::replace(&mut self.state, State::Calling(call));
                let State::Collecting(_, collected) = state else { return Err(Refused::Protocol) };
                self.report(call, Outcome::Returned(collected.finish()?), fuel)
            }
            _ => Err(Refused::Protocol),
        }
    }

    fn report(&mut self, call: usize, outcome: Outcome, fuel: u64) -> Result<Reply, Refused> {
        let report = Report { outcome, arguments_after: self.arguments_after.take(), fuel };
        match self.observer.report(call, report) {
            Flow::Continue => Ok(self.begin(call + 1)),
            Flow::Stop => Err(Refused::Enough(call)),
        }
    }

    fn begin(&mut self, call: usize) -> Reply {
        let Some((arguments, fuel)) = self.calls.get_mut(call) else {
            self.state = State::Over(Ended::Finished, Progress::Done);
            return Reply::Bytes(Vec::new());
        };
        self.state = State::Calling(call);
        Reply::Begin(std::mem::take(arguments), *fuel)
    }
}

impl Session for Conversation {
    fn message(&mut self, message: &[u8], fuel: u64) -> Reply {
        match self.answer(message, fuel) {
            Ok(reply) => reply,
            Err(Refused::Doubtful) => Reply::Bytes(AGAIN.to_vec()),
            Err(Refused::Large) => Reply::Stop(Stop::Output),
            Err(Refused::Protocol) => Reply::Stop(Stop::Protocol),
            Err(Refused::Enough(call)) => {
                let progress = Progress::Calling(call + 1);
                let is_last = call + 1 == self.calls.len();
                let progress = if is_last { Progress::Done } else { progress };
                self.state = State::Over(Ended::Stopped, progress);
                Reply::Stop(Stop::Enough)
            }
        }
    }
}

/// A value from the guest, unless `marshal` may have mistaken something for `bytes`.
fn checked(body: &[u8], is_exact: bool) -> Result<Value, Refused> {
    if body.len() > MESSAGE_BYTES {
        return Err(Refused::Large);
    }
    let value = decode(body)?;
    if is_exact || !has_bytes(&value) { Ok(value) } else { Err(Refused::Doubtful) }
}

fn has_bytes(value: &Value) -> bool {
    match value {
        Value::Bytes(_) => true,
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => {
            items.iter().any(has_bytes)
        }
        Value::Dict(pairs) => pairs.iter().any(|(key, value)| has_bytes(key) || has_bytes(value)),
        _ => false,
    }
}

fn raised(body: &[u8]) -> Result<Raised, Refused> {
    let Value::Tuple(parts) = checked(body, true)? else { return Err(Refused::Protocol) };
    let [Value::Str(kind), Value::Str(message)] = parts.as_slice() else {
        return Err(Refused::Protocol);
    };
    Ok(Raised { kind: kind.to_string_lossy(), message: message.to_string_lossy() })
}

impl Collected {
    fn new(head: &[u8]) -> Result<Self, Refused> {
        let mut reader = Reader::new(head);
        let tag = reader.byte()?;
        let n_items = usize::try_from(reader.i32()?).map_err(|_| Refused::Protocol)?;
        if !matches!(tag, b'[' | b'(') || !reader.is_empty() {
            return Err(Refused::Protocol);
        }
        let mut fold = Fold::default();
        fold.sequence(tag, n_items);
        Ok(Self { tag, n_items, bodies: Some(Vec::new()), n_seen: 0, n_bytes: 0, fold })
    }

    fn add(&mut self, body: &[u8], is_exact: bool) -> Result<(), Refused> {
        if body.len() > MESSAGE_BYTES {
            return Err(Refused::Large);
        }
        let mut fold = self.fold.clone();
        let items = fold.items(body)?;
        if items.has_bytes && !is_exact {
            return Err(Refused::Doubtful);
        }
        self.fold = fold;
        self.n_seen += items.n_items;
        self.n_bytes += body.len();
        if self.n_bytes > KEPT_BYTES {
            self.bodies = None;
        } else if let Some(bodies) = &mut self.bodies {
            bodies.push(body.to_vec());
        }
        Ok(())
    }

    fn finish(self) -> Result<Returned, Refused> {
        if self.n_seen != self.n_items {
            return Err(Refused::Protocol);
        }
        let Some(bodies) = self.bodies else { return Ok(Returned::Large(self.fold.finish())) };
        let mut kept = Vec::with_capacity(self.n_items);
        for body in bodies {
            let (Value::List(items) | Value::Tuple(items)) = decode(&body)? else {
                return Err(Refused::Protocol);
            };
            kept.extend(items);
        }
        Ok(Returned::Value(if self.tag == b'[' { Value::List(kept) } else { Value::Tuple(kept) }))
    }
}
