//! What is run, and what came of it.

use std::any::Any;
use std::time::Duration;

use crate::value::{Fingerprint, Value};

/// A program that defines a function to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Python source. It runs in an empty namespace whose `__name__` is `builtins`, as `EvalPlus`
    /// runs it.
    pub source: String,
    /// The name that is called once the source has run.
    pub entry_point: String,
    /// What becomes of iterators, ranges and `dict` views that a call returns.
    pub iterables: Iterables,
    /// Whether reports carry the arguments as the call left them.
    pub arguments: Arguments,
}

/// What becomes of results that are no containers but can be iterated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Iterables {
    /// Only their type is reported; nothing of a lazy result runs.
    #[default]
    Name,
    /// They are iterated, on the call's fuel.
    Collect,
}

/// Which arguments a report carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arguments {
    /// None.
    #[default]
    Omit,
    /// Those of the call, as they are after it.
    AfterCall,
}

/// One call of the entry point.
#[derive(Debug, Clone)]
pub struct Call {
    /// The positional arguments: a list or a tuple.
    pub arguments: Value,
    /// What the call may use, its result's encoding included.
    pub fuel: u64,
}

/// What one call did.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its result.
    pub outcome: Outcome,
    /// The arguments after the call, where the program asked for them and they can be represented.
    pub arguments_after: Option<Value>,
    /// Fuel that it used.
    pub fuel: u64,
}

/// The result of one call.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It returned a value.
    Returned(Returned),
    /// It raised an exception.
    Raised(Raised),
    /// It returned something that is no finite value: it contains itself, is nested too deeply, or
    /// could not be read. Equal to nothing.
    Unrepresentable(Raised),
}

/// A value that came back.
#[derive(Debug, Clone)]
pub enum Returned {
    /// The whole of it.
    Value(Value),
    /// A list or tuple too large to keep.
    Large(Fingerprint),
}

/// An exception: `type(e).__name__` and the beginning of `str(e)`, both as the candidate chose them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// Name of the exception's class.
    pub kind: String,
    /// Its message, at most 500 characters.
    pub message: String,
}

/// Whether to go on with the next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Yes.
    Continue,
    /// No, enough is known.
    Stop,
}

/// Sees each call's report as soon as it is there.
pub trait Observer: Any + Send {
    /// Takes the report of call number `call_idx`, counted from 0.
    fn report(&mut self, call_idx: usize, report: Report) -> Flow;
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// All calls were made.
    Finished,
    /// The observer said so.
    Stopped,
    /// Running the source, or finding the entry point, raised an exception.
    LoadRaised(Raised),
    /// The program ended its process, as with `os._exit`.
    Exit(u32),
    /// The fuel of the call, of loading, or of the whole run was used up.
    FuelExhausted,
    /// More memory was asked for than the limit allows.
    MemoryExhausted,
    /// The native stack was used up before Python noticed.
    StackExhausted,
    /// More was written to the standard streams, or returned, than the limit allows.
    OutputExhausted,
    /// Infrastructure: the wall-clock backstop fired. Says nothing about the program.
    WallClock,
    /// The program spoke to the host in the driver's place, and out of turn.
    ProtocolBroken,
    /// The interpreter crashed.
    Trap(String),
}

impl Ended {
    /// Whether the end says nothing about the program.
    pub fn is_infrastructure(&self) -> bool {
        *self == Self::WallClock
    }
}

/// How far a run came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The source was still running.
    Loading,
    /// This call, counted from 0, had begun and was not reported.
    Calling(usize),
    /// Every call was reported.
    Done,
}

/// What came of a run.
#[derive(Debug)]
pub struct Execution<O> {
    /// How it ended.
    pub ended: Ended,
    /// Where.
    pub progress: Progress,
    /// Fuel used by loading and all calls.
    pub fuel: u64,
    /// The most linear memory that the interpreter had, in bytes.
    pub peak_memory_bytes: usize,
    /// The end of what was written to the standard streams.
    pub output_tail: String,
    /// Time on the wall, for the reader only.
    pub wall: Duration,
    /// The observer, handed back.
    pub observer: O,
}
