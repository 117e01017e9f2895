//! What canonical solutions give, in a form small enough to keep.

use std::collections::BTreeMap;

use sandbox::value::{Fingerprint, Value, decode, encode};
use sandbox::{
    Arguments, Call, Ended, Flow, Iterables, Limits, Observer, Outcome, Program, Report, Returned,
    Sandbox,
};
use serde::{Deserialize, Serialize};

use super::compare::{Comparison, can_be_near, is_floats};
use super::error::CodeError;
use super::limits::CodeLimits;
use super::problem::CodeProblem;
use super::rule::Rule;

/// Values whose encoding is no longer than this are kept whole.
const SMALL_BYTES: usize = 24;
/// Fuel up to here is not noted: any sensible minimum for a call is a multiple of it.
const NOTED_FUEL: u64 = 50_000_000;
/// Integers of more bits than this are larger than any float.
const FLOAT_BITS: u64 = 1024;
/// Memory for a canonical solution: all that a 32-bit program can address, but for one page.
const MEMORY_BYTES: usize = (1 << 32) - (1 << 16);

/// What the canonical solution of one problem gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// The problem.
    pub task_id: String,
    /// SHA-256 of the problem's row.
    pub row_sha256: String,
    /// For the base inputs.
    pub base: SuiteReference,
    /// For the plus inputs.
    pub plus: SuiteReference,
}

/// What the canonical solution gave for one list of inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuiteReference {
    /// One result for each input.
    pub expected: Vec<Expectation>,
    /// Fuel of the calls that used more than a trifle, by the input's number.
    pub fuel: BTreeMap<usize, u64>,
    /// Fuel of loading the program and of all calls.
    pub total_fuel: u64,
    /// The most memory that the interpreter had, in bytes.
    pub peak_memory_bytes: usize,
}

/// The result for one input, as text: `=` and the value's encoding in hexadecimal, or `#` and a
/// digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Expectation(String);

/// The result for one input.
#[derive(Debug, Clone)]
pub enum Expected {
    /// The whole of it.
    Value(Value),
    /// The first half of its fingerprint.
    Digest([u8; 16]),
}

impl Expected {
    /// Whether it is of the kind that makes `EvalPlus` tolerant of small differences.
    pub fn is_floats(&self) -> bool {
        matches!(self, Self::Value(value) if is_floats(value))
    }
}

/// The part of a fingerprint that is kept.
pub fn short(fingerprint: &Fingerprint) -> [u8; 16] {
    *fingerprint.sha256.first_chunk().expect("a SHA-256 sum has 32 bytes")
}

impl Expectation {
    fn new(value: &Value, is_needed: bool) -> Result<Self, String> {
        let encoded = encode(value).ok().filter(|bytes| is_needed || bytes.len() <= SMALL_BYTES);
        if let Some(bytes) = encoded {
            return Ok(Self(format!("={}", tasks::hex(&bytes))));
        }
        if is_needed {
            return Err(format!("a {} cannot be kept", value.type_name()));
        }
        Self::of_fingerprint(&Fingerprint::of(value))
    }

    fn of_fingerprint(fingerprint: &Fingerprint) -> Result<Self, String> {
        if fingerprint.is_incomparable {
            return Err("it returned something that equals nothing".to_owned());
        }
        Ok(Self(format!("#{}", tasks::hex(&short(fingerprint)))))
    }

    /// The result that the text stands for; `None` where it is damaged.
    pub fn expected(&self) -> Option<Expected> {
        if let Some(digits) = self.0.strip_prefix('=') {
            return decode(&unhex(digits)?).ok().map(Expected::Value);
        }
        let digest = unhex(self.0.strip_prefix('#')?)?;
        digest.try_into().ok().map(Expected::Digest)
    }
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    pairs.map(|pair| u8::from_str_radix(pair.filter(|pair| pair.len() == 2)?, 16).ok()).collect()
}

impl Reference {
    /// Fuel of all runs of the canonical solution.
    pub fn total_fuel(&self) -> u64 {
        self.base.total_fuel.saturating_add(self.plus.total_fuel)
    }

    /// Runs the canonical solution of a problem.
    pub fn compute(problem: &CodeProblem, sandbox: &Sandbox) -> Result<Self, CodeError> {
        Ok(Self {
            task_id: problem.task_id.clone(),
            row_sha256: problem.row_sha256.clone(),
            base: suite(problem, "base", &problem.base, sandbox)?,
            plus: suite(problem, "plus", &problem.plus, sandbox)?,
        })
    }
}

fn suite(
    problem: &CodeProblem,
    suite: &'static str,
    inputs: &[Value],
    sandbox: &Sandbox,
) -> Result<SuiteReference, CodeError> {
    let program = Program {
        source: problem.canonical_program(),
        entry_point: problem.entry_point.clone(),
        iterables: Iterables::Name,
        arguments: Arguments::Omit,
    };
    let call = |arguments: &Value| Call { arguments: arguments.clone(), fuel: u64::MAX };
    let calls: Vec<Call> = inputs.iter().map(call).collect();
    let limits = Limits {
        load_fuel: u64::MAX,
        total_fuel: u64::MAX,
        memory_bytes: MEMORY_BYTES,
        output_bytes: u64::MAX,
        wall_clock: CodeLimits::default().wall_clock,
    };
    let run = sandbox.run(&program, &calls, limits, Notes::new(problem))?;
    let why = match (run.ended, run.observer.trouble) {
        (Ended::Finished, None) => {
            return Ok(SuiteReference {
                expected: run.observer.expected,
                fuel: run.observer.fuel,
                total_fuel: run.fuel,
                peak_memory_bytes: run.peak_memory_bytes,
            });
        }
        (_, Some(trouble)) => trouble,
        (Ended::WallClock, None) => {
            let seconds = run.wall.as_secs_f64();
            return Err(CodeError::WallClock { task_id: problem.task_id.clone(), seconds });
        }
        (ended, None) => format!("{ended:?}"),
    };
    Err(CodeError::NoReference { task_id: problem.task_id.clone(), suite, why })
}

/// Takes down results as they come.
struct Notes {
    rule: Rule,
    comparison: Comparison,
    expected: Vec<Expectation>,
    fuel: BTreeMap<usize, u64>,
    trouble: Option<String>,
}

impl Notes {
    fn new(problem: &CodeProblem) -> Self {
        Self {
            rule: problem.rule,
            comparison: Comparison::new(problem.rule, problem.atol),
            expected: Vec::new(),
            fuel: BTreeMap::new(),
            trouble: None,
        }
    }

    fn note(&mut self, outcome: Outcome) -> Result<Expectation, String> {
        let value = match outcome {
            Outcome::Returned(Returned::Value(value)) => value,
            Outcome::Returned(Returned::Large(fingerprint)) => {
                return Expectation::of_fingerprint(&fingerprint);
            }
            Outcome::Raised(raised) | Outcome::Unrepresentable(raised) => {
                return Err(format!("it raised {}: {}", raised.kind, raised.message));
            }
        };
        let value = match self.rule {
            Rule::IsNone => Value::Bool(!matches!(value, Value::None)),
            // Nothing is compared with it.
            Rule::Anything => Value::None,
            _ => value,
        };
        let is_tolerant = self.comparison.expects(is_floats(&value));
        let is_needed = self.rule == Rule::SameMembers
            || (is_tolerant && can_be_near(&value))
            // A numpy float can equal it.
            || matches!(&value, Value::Int(whole) if whole.bits() <= FLOAT_BITS);
        Expectation::new(&value, is_needed)
    }
}

impl Observer for Notes {
    fn report(&mut self, call_idx: usize, report: Report) -> Flow {
        if report.fuel > NOTED_FUEL {
            self.fuel.insert(call_idx, report.fuel);
        }
        match self.note(report.outcome) {
            Ok(expectation) => {
                self.expected.push(expectation);
                Flow::Continue
            }
            Err(trouble) => {
                self.trouble = Some(format!("input {call_idx}: {trouble}"));
                Flow::Stop
            }
        }
    }
}
