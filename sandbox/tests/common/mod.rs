//! A sandbox over the runtime, for the tests that need one.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use sandbox::{
    Arguments, Call, Execution, Flow, Iterables, Limits, Observer, Program, PythonRuntime, Report,
    RuntimeFiles, Sandbox, value::Value,
};

/// Keeps every report.
#[derive(Default)]
pub struct Reports(pub Vec<Report>);

impl Observer for Reports {
    fn report(&mut self, _: usize, report: Report) -> Flow {
        self.0.push(report);
        Flow::Continue
    }
}

/// The folder with the interpreter's two files: `EVALRUN_TEST_PYTHON`, or one of `EVALRUN_ASSETS`.
/// `EVALRUN_TEST_PYTHON_CACHE` is where its machine code may be already.
fn runtime_files() -> Option<RuntimeFiles> {
    let named = env::var_os("EVALRUN_TEST_PYTHON").map(PathBuf::from);
    let assets = env::var_os("EVALRUN_ASSETS").unwrap_or_default();
    let mut folders = named.into_iter().chain(env::split_paths(&assets));
    folders.find_map(|folder| {
        let snapshot_wasm = folder.join("python-snapshot.wasm");
        let stdlib_zip = folder.join("python-stdlib.zip");
        let is_there = snapshot_wasm.is_file() && stdlib_zip.is_file();
        is_there.then_some(RuntimeFiles { snapshot_wasm, stdlib_zip })
    })
}

/// One sandbox for all tests of a binary; `None`, said aloud, where the runtime is not at hand.
pub fn sandbox() -> Option<&'static Sandbox> {
    static SANDBOX: OnceLock<Option<Sandbox>> = OnceLock::new();
    let sandbox = SANDBOX.get_or_init(|| {
        let own = || Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
        let cache = env::var_os("EVALRUN_TEST_PYTHON_CACHE").map_or_else(own, PathBuf::from);
        let runtime = PythonRuntime::load(&runtime_files()?, &cache, 4, &|_| {});
        Some(Sandbox::new(runtime.expect("the runtime loads")))
    });
    if sandbox.is_none() {
        println!("skipped: neither EVALRUN_TEST_PYTHON nor EVALRUN_ASSETS holds the interpreter");
    }
    sandbox.as_ref()
}

/// Small limits, so that a test that reaches one is over soon.
pub const LIMITS: Limits = Limits {
    load_fuel: 60_000_000,
    total_fuel: 1_000_000_000,
    memory_bytes: 256 << 20,
    output_bytes: 1 << 20,
    wall_clock: Duration::from_mins(10),
};

/// A call of the entry point with these arguments.
pub fn call(arguments: Vec<Value>) -> Call {
    Call { arguments: Value::List(arguments), fuel: 60_000_000 }
}

/// A program whose entry point is `f`.
pub fn program(source: &str) -> Program {
    Program {
        source: source.to_owned(),
        entry_point: "f".to_owned(),
        iterables: Iterables::Collect,
        arguments: Arguments::Omit,
    }
}

/// Runs `f` of a program with each of these arguments.
pub fn run(sandbox: &Sandbox, source: &str, arguments: &[Value]) -> Execution<Reports> {
    let calls: Vec<Call> = arguments.iter().map(|value| call(vec![value.clone()])).collect();
    sandbox.run(&program(source), &calls, LIMITS, Reports::default()).expect("a run")
}
