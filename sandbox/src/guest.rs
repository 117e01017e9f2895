//! What the host keeps for one guest: its surroundings, its limits, and whom it talks to.

use std::any::Any;

use wasmtime::{Caller, Global, Linker, Memory, ResourceLimiter, Result, Store, TypedFunc, Val};

use crate::budget::{Budget, Refusal};
use crate::limits::Limits;
use crate::wasi::{self, GuestMemory, World};

/// Fuel for a message to the host, whatever its size.
const MESSAGE_FUEL: u64 = 64;
/// Bytes of a message or of output that take one unit of fuel.
const BYTES_PER_UNIT: u64 = 64;

/// Why the host stopped a guest in the middle of its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The guest asked for it.
    Exit(u32),
    /// A limit, by name.
    Fuel,
    Memory,
    Output,
    WallClock,
    /// The other side of the conversation has heard enough.
    Enough,
    /// The guest's code broke the protocol.
    Protocol,
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the guest was stopped: {self:?}")
    }
}

impl std::error::Error for Stop {}

/// The host's answer to a message.
pub enum Reply {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes, which begin a unit of work with this much fuel of its own.
    Begin(Vec<u8>, u64),
    /// No answer: the guest ends here.
    Stop(Stop),
}

/// The other end of the guest's one channel.
pub trait Session: Any + Send {
    /// Answers a message. `fuel` is what the current unit of work has taken so far.
    fn message(&mut self, message: &[u8], fuel: u64) -> Reply;
}

/// Handles into a guest, known once it is instantiated.
pub struct Handles {
    pub memory: Memory,
    pub fuel: Global,
    pub alloc: TypedFunc<u32, u32>,
}

/// One guest, as its host functions see it.
pub struct Guest {
    pub world: World,
    pub budget: Budget,
    pub session: Box<dyn Session>,
    pub peak_memory_bytes: usize,
    limits: Limits,
    handles: Option<Handles>,
}

impl Guest {
    pub fn new(world: World, limits: Limits, session: Box<dyn Session>) -> Self {
        let budget = Budget::new(&limits);
        Self { world, budget, session, peak_memory_bytes: 0, limits, handles: None }
    }

    pub fn attach(&mut self, handles: Handles) {
        self.handles = Some(handles);
    }

    fn handles(&self) -> &Handles {
        self.handles.as_ref().expect("the interpreter has no start function, so handles come first")
    }

    pub fn memory(&self) -> Memory {
        self.handles().memory
    }

    pub fn check_output(&self) -> Result<()> {
        let is_over = self.world.output().n_bytes > self.limits.output_bytes;
        if is_over { Err(Stop::Output.into()) } else { Ok(()) }
    }

    /// Takes fuel for work that the host did.
    pub fn charge(caller: &mut Caller<'_, Self>, units: u64) -> Result<()> {
        let counter = caller.data().handles().fuel;
        let left = counter.get(&mut *caller).unwrap_i64();
        let left = left.saturating_sub_unsigned(units);
        counter.set(&mut *caller, Val::I64(left))?;
        if left < 0 { Err(Stop::Fuel.into()) } else { Ok(()) }
    }

    /// Puts the first fuel into a new guest's counter.
    pub fn start(store: &mut Store<Self>) -> Result<()> {
        let counter = store.data().handles().fuel;
        let grant = store.data_mut().budget.begin(0, None).map_err(stop_of)?;
        counter.set(store, Val::I64(grant))
    }

    /// Writes down what was spent, once the guest has ended; whether it was more than allowed.
    pub fn settle(store: &mut Store<Self>) -> bool {
        let counter = store.data().handles().fuel;
        let left = counter.get(&mut *store).unwrap_i64();
        store.data_mut().budget.settle(left);
        left < 0
    }
}

fn stop_of(refusal: Refusal) -> wasmtime::Error {
    match refusal {
        Refusal::Spent => Stop::Fuel.into(),
        Refusal::Late => Stop::WallClock.into(),
    }
}

/// Gives a guest everything that it imports but its memory.
pub fn link(linker: &mut Linker<Guest>) -> Result<()> {
    wasi::link(linker)?;
    linker.func_wrap("host", "call", host_call)?;
    Ok(())
}

/// `host.call(ptr, len, out_ptr_ptr, out_len_ptr)` of the interpreter's `_host` module: 0 on
/// success, -2 when the message does not lie in the guest's memory.
fn host_call(
    mut caller: Caller<'_, Guest>,
    at: u32,
    n_bytes: u32,
    out_at: u32,
    out_n_bytes: u32,
) -> Result<i32> {
    const FAULT: i32 = -2;
    Guest::charge(&mut caller, MESSAGE_FUEL + u64::from(n_bytes) / BYTES_PER_UNIT)?;
    let Handles { memory, fuel, .. } = caller.data().handles();
    let (memory, counter) = (*memory, *fuel);
    let left = counter.get(&mut caller).unwrap_i64();
    let (bytes, guest) = memory.data_and_store_mut(&mut caller);
    let memory_view = GuestMemory(bytes);
    let Ok(message) = memory_view.bytes(at, n_bytes) else { return Ok(FAULT) };
    let Guest { session, budget, .. } = guest;
    let answer = match session.message(message, budget.spent(left)) {
        Reply::Stop(stop) => return Err(stop.into()),
        Reply::Bytes(answer) => answer,
        Reply::Begin(answer, fuel) => {
            let grant = budget.begin(left, Some(fuel)).map_err(stop_of)?;
            counter.set(&mut caller, Val::I64(grant))?;
            answer
        }
    };
    let Ok(length) = u32::try_from(answer.len()) else { return Ok(FAULT) };
    let alloc = caller.data().handles().alloc.clone();
    let to = alloc.call(&mut caller, length)?;
    let (bytes, _) = memory.data_and_store_mut(&mut caller);
    let mut memory = GuestMemory(bytes);
    let written = memory.set(to, &answer);
    let written = written.and_then(|()| memory.set_u32(out_at, to));
    let written = written.and_then(|()| memory.set_u32(out_n_bytes, length));
    Ok(if to == 0 || written.is_err() { FAULT } else { 0 })
}

impl ResourceLimiter for Guest {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        if desired > self.limits.memory_bytes {
            return Err(Stop::Memory.into());
        }
        self.peak_memory_bytes = self.peak_memory_bytes.max(desired);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        Ok(maximum.is_none_or(|maximum| desired <= maximum))
    }
}
