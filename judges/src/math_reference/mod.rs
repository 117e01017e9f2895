//! The reference of mathematical equivalence: Math-Verify 0.9.0 in the sandbox.
//!
//! It is loaded when a pair is first asked about, and each pair is asked about once. A pair on which it
//! runs out of fuel or memory is different, as upstream's time limit makes it.

use std::sync::OnceLock;
use std::time::Duration;

use sandbox::value::Value;
use sandbox::{
    Arguments, Call, Ended, Flow, Iterables, Limits, Observer, Outcome, Program, Report, Returned,
    Sandbox,
};

use crate::once::OncePerKey;

/// Python source to run in an interpreter that has the wheels under [`WHEELS`], before it is used.
pub const PRELUDE: &str = include_str!("prelude.py");
/// The folder of the wheels.
pub const WHEELS: &str = "/wheels";
const EQUAL: &str = include_str!("equal.py");
/// Fuel for a pair: what the five seconds that Math-Verify allows buy natively, parsing and comparison
/// each (`math_verify/grader.py` and `parser.py`, 0.9.0), at half a billion units a second.
const FUEL: u64 = 5_000_000_000;

/// Loads the interpreter with Math-Verify; the error is for people.
pub type Load = Box<dyn Fn() -> Result<Sandbox, String> + Send + Sync>;

/// Math-Verify, ready when needed.
pub struct MathReference {
    load: Load,
    sandbox: OnceLock<Result<Sandbox, String>>,
    verdicts: OncePerKey<(String, String), bool>,
}

impl MathReference {
    /// Loads nothing yet.
    pub fn new(load: Load) -> Self {
        Self { load, sandbox: OnceLock::new(), verdicts: OncePerKey::default() }
    }

    /// Whether Math-Verify takes `answer`, the inside of a box, for `gold`. An error means that it could
    /// not be asked.
    pub fn equal(&self, gold: &str, answer: &str) -> Result<bool, String> {
        self.verdicts.get_or_try((gold.to_owned(), answer.to_owned()), || {
            let sandbox = self.sandbox.get_or_init(&self.load).as_ref().map_err(String::clone)?;
            ask(sandbox, gold, answer)
        })
    }
}

fn ask(sandbox: &Sandbox, gold: &str, answer: &str) -> Result<bool, String> {
    let program = Program {
        source: EQUAL.to_owned(),
        entry_point: "equal".to_owned(),
        iterables: Iterables::Name,
        arguments: Arguments::Omit,
    };
    let arguments = Value::List(vec![Value::str(gold), Value::str(answer)]);
    let limits = Limits {
        load_fuel: FUEL,
        total_fuel: 2 * FUEL,
        wall_clock: Duration::from_mins(10),
        ..Limits::default()
    };
    let run = sandbox.run(&program, &[Call { arguments, fuel: FUEL }], limits, Said(None));
    let run = run.map_err(|err| err.to_string())?;
    match run.ended {
        Ended::WallClock => Err("Math-Verify was stopped by the wall clock".to_owned()),
        Ended::LoadRaised(raised) => {
            Err(format!("Math-Verify does not load: {}: {}", raised.kind, raised.message))
        }
        _ => Ok(run.observer.0 == Some(true)),
    }
}

/// What the one call returned; nothing where it raised.
struct Said(Option<bool>);

impl Observer for Said {
    fn report(&mut self, _: usize, report: Report) -> Flow {
        if let Outcome::Returned(Returned::Value(Value::Bool(is_equal))) = report.outcome {
            self.0 = Some(is_equal);
        }
        Flow::Continue
    }
}
