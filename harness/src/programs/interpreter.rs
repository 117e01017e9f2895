//! The Python interpreter: fetched, compiled once per machine, loaded once per command.

use std::sync::Arc;
use std::thread;

use sandbox::{CompileProgress, PythonRuntime, RuntimeFiles, Sandbox};

use crate::assets::{self, AssetStore};
use crate::display::Display;
use crate::error::EvalrunError;

/// The interpreter, loaded when it is first needed.
pub(crate) struct Interpreter {
    n_workers: usize,
    sandbox: Option<Arc<Sandbox>>,
}

impl Interpreter {
    /// For so many programs at a time, by default as many as there are processors.
    pub(crate) fn new(n_workers: Option<usize>) -> Self {
        let all = || thread::available_parallelism().map_or(1, usize::from);
        Self { n_workers: n_workers.unwrap_or_else(all), sandbox: None }
    }

    /// The sandbox over it. The first time on a machine takes a minute or two.
    pub(crate) fn sandbox(
        &mut self,
        (store, display): (&AssetStore, &Display),
    ) -> Result<Arc<Sandbox>, EvalrunError> {
        if let Some(sandbox) = &self.sandbox {
            return Ok(Arc::clone(sandbox));
        }
        let runtime = runtime(self.n_workers, (store, display))?;
        let sandbox = Arc::new(Sandbox::new(runtime));
        self.sandbox = Some(Arc::clone(&sandbox));
        Ok(sandbox)
    }

    /// Programs at a time.
    pub(crate) fn n_workers(&self) -> usize {
        self.n_workers
    }
}

/// Fetches the interpreter's files.
pub(super) fn files(
    (store, display): (&AssetStore, &Display),
) -> Result<RuntimeFiles, EvalrunError> {
    let file = |name| Ok::<_, EvalrunError>(store.fetch(assets::find(name)?, display)?);
    let (snapshot, stdlib) = (file("python-snapshot")?, file("python-stdlib")?);
    Ok(RuntimeFiles {
        snapshot_wasm: snapshot.path().to_owned(),
        stdlib_zip: stdlib.path().to_owned(),
    })
}

/// Loads the interpreter for so many programs at a time.
pub(crate) fn runtime(
    n_workers: usize,
    (store, display): (&AssetStore, &Display),
) -> Result<PythonRuntime, EvalrunError> {
    let files = files((store, display))?;
    let work = display.work("compiling the Python interpreter, once on this machine");
    let progress = |progress: CompileProgress| match progress {
        CompileProgress::Compiling(elapsed) => work.elapsed(elapsed),
        CompileProgress::Booting => work.say("starting the Python interpreter"),
    };
    let runtime = PythonRuntime::load(&files, &store.python(), n_workers, &progress)?;
    work.finish();
    Ok(runtime)
}
