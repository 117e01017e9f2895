//! One program against one problem.

use std::sync::Arc;

use sandbox::value::Value;
use sandbox::{
    Arguments, Call, Ended, Execution, Flow, Iterables, Limits, Observer, Program, Progress,
    Report, Sandbox,
};
use serde::{Deserialize, Serialize};

use super::compare::Comparison;
use super::error::CodeError;
use super::limits::CodeLimits;
use super::problem::CodeProblem;
use super::python_text::{cut, repr};
use super::reference::{Expected, Reference, SuiteReference};
use super::rule::Rule;

/// Characters of an input in a failure.
const INPUT_CHARS: usize = 500;
/// Characters of a reason.
const REASON_CHARS: usize = 500;

/// What `EvalPlus` says of a program on one list of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Every result was right.
    Pass,
    /// A result was wrong or missing, or took too long.
    Fail,
    /// The whole run took too long, or the process ended before its time.
    Timeout,
}

/// Which lists of inputs a program is run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suites {
    /// The original inputs.
    Base,
    /// The original inputs, and the added ones.
    BaseAndPlus,
}

/// How a run on one list of inputs ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Every result was right.
    Right,
    /// A result was wrong, or the call raised.
    Wrong,
    /// The program did not load, or defines no entry point.
    NotLoaded,
    /// A call used up its fuel.
    CallFuel,
    /// Loading, or the whole run, used up its fuel.
    SuiteFuel,
    /// The memory limit was reached.
    Memory,
    /// The native stack was used up.
    Stack,
    /// More was written or returned than the limit allows.
    Output,
    /// The program ended its own process.
    Exit,
    /// The program meddled with the way results are handed over.
    Tampering,
    /// The interpreter crashed.
    Crash,
}

impl Ending {
    /// The stable name used in run files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::NotLoaded => "not_loaded",
            Self::CallFuel => "call_fuel",
            Self::SuiteFuel => "suite_fuel",
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::Output => "output",
            Self::Exit => "exit",
            Self::Tampering => "tampering",
            Self::Crash => "crash",
        }
    }

    /// Whether the run cost as much as a run may.
    fn met_limit(self) -> bool {
        matches!(self, Self::CallFuel | Self::SuiteFuel | Self::Memory)
    }

    /// The name that `EvalPlus` has for it.
    pub fn status(self) -> Status {
        match self {
            Self::Right => Status::Pass,
            // A time limit of one input, and a `MemoryError`, are exceptions of that input upstream.
            Self::Wrong
            | Self::NotLoaded
            | Self::CallFuel
            | Self::Memory
            | Self::Output
            | Self::Tampering => Status::Fail,
            Self::SuiteFuel | Self::Stack | Self::Exit | Self::Crash => Status::Timeout,
        }
    }
}

/// The first input that a program failed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its number, counted from 0; `None` where the program never got to a call.
    pub input_idx: Option<usize>,
    /// The arguments as Python shows them, cut to 500 characters.
    pub input: String,
    /// What was wrong, cut to 500 characters.
    pub reason: String,
}

/// What came of one list of inputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuiteVerdict {
    /// How the run ended.
    pub ending: Ending,
    /// Where and why it failed.
    pub failure: Option<Failure>,
    /// Fuel that the run used.
    pub fuel: u64,
}

impl SuiteVerdict {
    /// The result on the added inputs of a program that met a limit on the original ones. It cannot
    /// pass base and plus tests any more, and would most likely cost as much again, so it is not run.
    fn unrepeated(&self) -> Self {
        let reason = "not run: the program met a limit on the original inputs".to_owned();
        let failure = Failure { input_idx: None, input: String::new(), reason };
        Self { ending: self.ending, failure: Some(failure), fuel: 0 }
    }

    /// `EvalPlus`'s name for the result.
    pub fn status(&self) -> Status {
        self.ending.status()
    }
}

/// What came of one program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeVerdict {
    /// On the original inputs.
    pub base: SuiteVerdict,
    /// On the added inputs alone; `None` where they were not run.
    pub plus: Option<SuiteVerdict>,
}

impl CodeVerdict {
    /// Whether the program passes the original tests.
    pub fn passes_base(&self) -> bool {
        self.base.status() == Status::Pass
    }

    /// Whether it passes the original tests and the added ones; `None` where the latter were not
    /// run.
    pub fn passes_plus(&self) -> Option<bool> {
        let plus = self.plus.as_ref()?;
        Some(self.passes_base() && plus.status() == Status::Pass)
    }

    /// Fuel of all runs.
    pub fn fuel(&self) -> u64 {
        self.base.fuel + self.plus.as_ref().map_or(0, |plus| plus.fuel)
    }
}

/// A problem with its expected results, ready for programs.
pub struct Grader {
    task_id: String,
    entry_point: String,
    rule: Rule,
    atol: f64,
    base: Suite,
    plus: Suite,
}

/// One list of inputs.
struct Suite {
    calls: Vec<Call>,
    tests: Arc<Tests>,
    limits: Limits,
}

/// What an observer needs to know of a list of inputs.
struct Tests {
    inputs: Vec<Value>,
    expected: Vec<Expected>,
}

impl Grader {
    /// Joins a problem and its reference results.
    pub fn new(
        problem: CodeProblem,
        reference: &Reference,
        limits: &CodeLimits,
    ) -> Result<Self, CodeError> {
        let foreign = || CodeError::ForeignReference(problem.task_id.clone());
        if reference.row_sha256 != problem.row_sha256 {
            return Err(foreign());
        }
        let base = Suite::new(problem.base, &reference.base, limits);
        let plus = Suite::new(problem.plus, &reference.plus, limits);
        Ok(Self {
            base: base.ok_or_else(|| CodeError::ForeignReference(problem.task_id.clone()))?,
            plus: plus.ok_or_else(|| CodeError::ForeignReference(problem.task_id.clone()))?,
            task_id: problem.task_id,
            entry_point: problem.entry_point,
            rule: problem.rule,
            atol: problem.atol,
        })
    }

    /// Runs a program on the inputs, stopping at the first that it fails. An error means that the
    /// program got no fair run.
    pub fn grade(
        &self,
        program: &str,
        suites: Suites,
        sandbox: &Sandbox,
    ) -> Result<CodeVerdict, CodeError> {
        let program = Program {
            source: program.to_owned(),
            entry_point: self.entry_point.clone(),
            iterables: match self.rule {
                Rule::SameMembers => Iterables::Collect,
                _ => Iterables::Name,
            },
            arguments: match self.rule {
                Rule::Root => Arguments::AfterCall,
                _ => Arguments::Omit,
            },
        };
        let base = self.run(&program, &self.base, sandbox)?;
        let plus = match suites {
            Suites::Base => None,
            Suites::BaseAndPlus if base.ending.met_limit() => Some(base.unrepeated()),
            Suites::BaseAndPlus => Some(self.run(&program, &self.plus, sandbox)?),
        };
        Ok(CodeVerdict { base, plus })
    }

    fn run(
        &self,
        program: &Program,
        suite: &Suite,
        sandbox: &Sandbox,
    ) -> Result<SuiteVerdict, CodeError> {
        let watch = Watch {
            tests: suite.tests.clone(),
            comparison: Comparison::new(self.rule, self.atol),
            wrong: None,
        };
        let run = sandbox.run(program, &suite.calls, suite.limits, watch)?;
        let Some(ending) = ending(&run, suite.limits) else {
            let seconds = run.wall.as_secs_f64();
            return Err(CodeError::WallClock { task_id: self.task_id.clone(), seconds });
        };
        let failure = (ending != Ending::Right).then(|| failure(&run));
        Ok(SuiteVerdict { ending, failure, fuel: run.fuel })
    }
}

/// The name of how a run ended; `None` where that says nothing about the program.
fn ending(run: &Execution<Watch>, limits: Limits) -> Option<Ending> {
    Some(match &run.ended {
        Ended::Finished if run.observer.wrong.is_none() => Ending::Right,
        Ended::Finished | Ended::Stopped => Ending::Wrong,
        Ended::LoadRaised(_) => Ending::NotLoaded,
        Ended::FuelExhausted if run.progress == Progress::Loading => Ending::SuiteFuel,
        Ended::FuelExhausted if run.fuel >= limits.total_fuel => Ending::SuiteFuel,
        Ended::FuelExhausted => Ending::CallFuel,
        Ended::MemoryExhausted => Ending::Memory,
        Ended::StackExhausted => Ending::Stack,
        Ended::OutputExhausted => Ending::Output,
        Ended::Exit(_) => Ending::Exit,
        Ended::ProtocolBroken => Ending::Tampering,
        Ended::Trap(_) => Ending::Crash,
        Ended::WallClock => return None,
    })
}

fn failure(run: &Execution<Watch>) -> Failure {
    let Watch { tests, wrong, .. } = &run.observer;
    let (input_idx, reason) = match wrong {
        Some((input_idx, reason)) => (Some(*input_idx), reason.clone()),
        None => (called(run.progress), stopped(&run.ended)),
    };
    let input = input_idx.and_then(|input_idx| tests.inputs.get(input_idx));
    Failure {
        input_idx,
        input: input.map_or_else(String::new, |input| repr(input, INPUT_CHARS)),
        reason: cut(&reason, REASON_CHARS),
    }
}

fn called(progress: Progress) -> Option<usize> {
    match progress {
        Progress::Calling(call_idx) => Some(call_idx),
        Progress::Loading | Progress::Done => None,
    }
}

fn stopped(ended: &Ended) -> String {
    match ended {
        Ended::LoadRaised(raised) => format!("loading raised {}: {}", raised.kind, raised.message),
        Ended::FuelExhausted => "ran out of fuel".to_owned(),
        Ended::MemoryExhausted => "asked for more memory than the limit allows".to_owned(),
        Ended::StackExhausted => "used up the native stack".to_owned(),
        Ended::OutputExhausted => "wrote or returned more than the limit allows".to_owned(),
        Ended::Exit(code) => format!("ended its process with status {code}"),
        Ended::ProtocolBroken => "meddled with the way results are handed over".to_owned(),
        Ended::Trap(trap) => format!("crashed the interpreter: {trap}"),
        Ended::WallClock => "was stopped by the wall clock".to_owned(),
        Ended::Finished | Ended::Stopped => "failed".to_owned(),
    }
}

impl Suite {
    /// `None` where the reference is damaged or has not one result for each input.
    fn new(inputs: Vec<Value>, reference: &SuiteReference, limits: &CodeLimits) -> Option<Self> {
        let expected: Option<Vec<_>> =
            reference.expected.iter().map(super::reference::Expectation::expected).collect();
        let expected = expected.filter(|expected| expected.len() == inputs.len())?;
        let fuel = |input_idx: usize| {
            limits.call_fuel(reference.fuel.get(&input_idx).copied().unwrap_or(0))
        };
        let call = |(input_idx, input): (usize, &Value)| Call {
            arguments: input.clone(),
            fuel: fuel(input_idx),
        };
        let calls: Vec<Call> = inputs.iter().enumerate().map(call).collect();
        let all = calls.iter().fold(0_u64, |all, call| all.saturating_add(call.fuel));
        let total_fuel = limits.total_fuel(all);
        let memory_bytes = limits.memory_bytes.max(reference.peak_memory_bytes.saturating_mul(2));
        let limits = Limits {
            load_fuel: total_fuel,
            total_fuel,
            memory_bytes,
            output_bytes: limits.output_bytes,
            wall_clock: limits.wall_clock,
        };
        Some(Self { calls, tests: Arc::new(Tests { inputs, expected }), limits })
    }
}

/// Compares results as they come.
struct Watch {
    tests: Arc<Tests>,
    comparison: Comparison,
    wrong: Option<(usize, String)>,
}

impl Observer for Watch {
    fn report(&mut self, call_idx: usize, report: Report) -> Flow {
        let Some((input, expected)) =
            self.tests.inputs.get(call_idx).zip(self.tests.expected.get(call_idx))
        else {
            return Flow::Stop;
        };
        match self.comparison.judge(input, &report, expected) {
            Ok(()) => Flow::Continue,
            Err(reason) => {
                self.wrong = Some((call_idx, reason));
                Flow::Stop
            }
        }
    }
}
