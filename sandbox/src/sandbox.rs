//! Runs programs, each in an interpreter of its own.

use std::any::Any;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use crate::conversation::Conversation;
use crate::error::SandboxError;
use crate::guest::{Guest, Stop};
use crate::limits::Limits;
use crate::program::{Call, Ended, Execution, Observer, Program};
use crate::runtime::{HOST_STACK_BYTES, Instance, PythonRuntime, WASM_STACK_BYTES};

/// Room for programs to run in. Shared between threads; each run takes one of the runtime's
/// workers and waits for one when all are busy.
pub struct Sandbox {
    runtime: PythonRuntime,
    n_idle: Mutex<usize>,
    freed: Condvar,
}

/// One worker, given back when dropped.
struct Worker<'s>(&'s Sandbox);

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        *self.0.n_idle.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

impl Sandbox {
    /// A sandbox over a loaded interpreter.
    pub fn new(runtime: PythonRuntime) -> Self {
        let n_idle = Mutex::new(runtime.n_workers());
        Self { runtime, n_idle, freed: Condvar::new() }
    }

    /// Programs that can run at the same time.
    pub fn n_workers(&self) -> usize {
        self.runtime.n_workers()
    }

    /// The interpreter that runs them: see [`PythonRuntime::identity`].
    pub fn identity(&self) -> &str {
        self.runtime.identity()
    }

    /// Runs a program and its calls in a fresh interpreter, reporting each call to `observer`.
    ///
    /// Whatever the program does, the result is an [`Execution`]; an error means that the program
    /// could not be given a fair run.
    pub fn run<O: Observer>(
        &self,
        program: &Program,
        calls: &[Call],
        limits: Limits,
        observer: O,
    ) -> Result<Execution<O>, SandboxError> {
        let conversation = Conversation::new(program, calls, Box::new(observer))?;
        let _worker = self.worker();
        // The guest's stack is native stack, so it runs on a thread that has enough.
        thread::scope(|scope| {
            let builder = thread::Builder::new().name("sandboxed".to_owned());
            let builder = builder.stack_size(WASM_STACK_BYTES + HOST_STACK_BYTES);
            let running = builder.spawn_scoped(scope, || self.converse(limits, conversation));
            let running = running.map_err(SandboxError::Thread)?;
            running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn worker(&self) -> Worker<'_> {
        let n_idle = self.n_idle.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.freed.wait_while(n_idle, |n_idle| *n_idle == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Worker(self)
    }

    fn converse<O: Observer>(
        &self,
        limits: Limits,
        conversation: Conversation,
    ) -> Result<Execution<O>, SandboxError> {
        let start = Instant::now();
        let instance = Instance::new(&self.runtime, limits, Box::new(conversation));
        let mut instance = instance.map_err(|error| SandboxError::engine(&error))?;
        let outcome = instance.execute("_run()");
        let is_spent = Guest::settle(&mut instance.store);
        let stopped = match outcome {
            Ok(_) => None,
            Err(error) => Some(ended_by(&error, is_spent)),
        };
        let Guest { world, budget, session, peak_memory_bytes, .. } = instance.store.into_data();
        let session: Box<dyn Any> = session;
        let conversation = session.downcast::<Conversation>();
        let conversation = conversation.expect("the session is the one given above");
        let (ended, progress, observer) = conversation.finish(stopped);
        let observer = observer.downcast::<O>().expect("the observer is the one given to `run`");
        Ok(Execution {
            ended,
            progress,
            fuel: budget.used(),
            peak_memory_bytes,
            output_tail: world.output().tail(),
            wall: start.elapsed(),
            observer: *observer,
        })
    }
}

/// The name of what stopped a guest, which may have spent all its fuel.
fn ended_by(error: &wasmtime::Error, is_spent: bool) -> Ended {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return match stop {
            Stop::Exit(code) => Ended::Exit(*code),
            Stop::Fuel => Ended::FuelExhausted,
            Stop::Memory => Ended::MemoryExhausted,
            Stop::Output => Ended::OutputExhausted,
            Stop::WallClock => Ended::WallClock,
            Stop::Enough => Ended::Stopped,
            Stop::Protocol => Ended::ProtocolBroken,
        };
    }
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(wasmtime::Trap::UnreachableCodeReached) if is_spent => Ended::FuelExhausted,
        Some(wasmtime::Trap::StackOverflow) => Ended::StackExhausted,
        Some(trap) => Ended::Trap(trap.to_string()),
        None => Ended::Trap(format!("{error:#}")),
    }
}
