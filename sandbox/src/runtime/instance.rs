//! One fresh interpreter.

use wasmtime::{Instance as WasmInstance, Linker, Store, TypedFunc};

use super::load::PythonRuntime;
use super::rewrite::{FUEL, HOST_MODULE, MEMORY};
use crate::error::SandboxError;
use crate::guest::{Guest, Handles, Reply, Session};
use crate::limits::Limits;
use crate::wasi::World;

/// The Python side of the conversation; it is in every guest's memory from the start.
pub const DRIVER: &str = include_str!("../../guest/driver.py");

/// A guest that has not run yet.
pub struct Instance {
    pub store: Store<Guest>,
    alloc: TypedFunc<u32, u32>,
    turn: TypedFunc<(u32, u32), u32>,
}

impl Instance {
    pub fn new(
        runtime: &PythonRuntime,
        limits: Limits,
        session: Box<dyn Session>,
    ) -> Result<Self, wasmtime::Error> {
        let world = World::new(runtime.files.clone());
        let mut store = Store::new(&runtime.engine, Guest::new(world, limits, session));
        store.limiter(|guest| guest);
        let image = WasmInstance::new(&mut store, &runtime.image, &[])?;
        let memory = image.get_memory(&mut store, MEMORY);
        let memory = memory.ok_or_else(|| wasmtime::Error::msg("the image has no memory"))?;
        let mut linker: Linker<Guest> = runtime.linker.clone();
        linker.define(&store, HOST_MODULE, MEMORY, memory)?;
        let code = linker.instantiate(&mut store, &runtime.code)?;
        let alloc = code.get_typed_func(&mut store, "host_alloc")?;
        let turn = code.get_typed_func(&mut store, "turn")?;
        let fuel = code.get_global(&mut store, FUEL);
        let fuel = fuel.ok_or_else(|| wasmtime::Error::msg("the code has no fuel counter"))?;
        store.data_mut().attach(Handles { memory, fuel, alloc: alloc.clone() });
        Guest::start(&mut store)?;
        Ok(Self { store, alloc, turn })
    }

    /// Has the interpreter execute Python source; returns its status, 0 when nothing was raised.
    pub fn execute(&mut self, source: &str) -> Result<u32, wasmtime::Error> {
        let length = u32::try_from(source.len())?;
        let at = self.alloc.call(&mut self.store, length)?;
        let memory = self.store.data().memory();
        memory.write(&mut self.store, at as usize, source.as_bytes())?;
        self.turn.call(&mut self.store, (at, length))
    }
}

/// Answers nothing: the driver has no one to talk to while it is being imported.
struct Silent;

impl Session for Silent {
    fn message(&mut self, _: &[u8], _: u64) -> Reply {
        Reply::Bytes(Vec::new())
    }
}

/// Starts an interpreter, has it run `source`, and returns its memory.
pub fn boot(runtime: &PythonRuntime, source: &str) -> Result<Vec<u8>, SandboxError> {
    let fail = |error: wasmtime::Error| SandboxError::Boot(format!("{error:#}"));
    let limits = Limits { load_fuel: u64::MAX, total_fuel: u64::MAX, ..Limits::default() };
    let instance = Instance::new(runtime, limits, Box::new(Silent));
    let mut instance = instance.map_err(fail)?;
    let status = instance.execute(source).map_err(fail)?;
    if status != 0 {
        return Err(SandboxError::Boot(instance.store.data().world.output().tail()));
    }
    let memory = instance.store.data().memory();
    Ok(memory.data(&instance.store).to_vec())
}
