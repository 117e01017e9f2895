//! What is done to the interpreter's module before it is compiled.
//!
//! **Metering**, so that a limit means the same on every machine. Each loop iteration, each indirect
//! call and each direct call that may close a circle of functions takes one unit of fuel, and an
//! indirect call whose target was guessed counts as a direct one; bulk memory instructions take one
//! more per 64 bytes. Whatever runs for ever loops or recurses, so everything
//! ends: in a trap, with less than no fuel in the counter. Like the engine's own fuel this is a
//! function of the program alone, for a fraction of its price: a function that loops counts in a local
//! of its own, and settles every [`CHUNK`] units and when it returns.
//!
//! **Short cuts**, because the interpreter was linked without inlining between its files and without
//! an allocator for small objects, and the engine's compiler inlines nothing: short functions take the
//! place of their calls ([`plan`]), and blocks that are freed wait in lists ([`allocator`]). A module
//! without the names of its functions gets only the small ones.
//!
//! **Separation** of the memory, which becomes an import, so that one compiled module serves every
//! memory image; its initial contents become a module of their own.

mod allocator;
mod calls;
mod image;
mod meter;
mod module;
mod plan;
mod shape;
mod steps;
#[cfg(test)]
mod tests;

use wasm_encoder::Module;
use wasm_encoder::reencode::Reencode;
use wasmparser::{BinaryReaderError, Parser};

pub use image::image_of;
use module::Rewriter;
use plan::Plan;
use shape::Shape;

use crate::error::SandboxError;

/// Module name of what the host adds to the imports.
pub const HOST_MODULE: &str = "sandbox";
/// Import and export name of the memory.
pub const MEMORY: &str = "memory";
/// Export name of the counter.
pub const FUEL: &str = "fuel";
/// Units that a function may owe. What it owes when an exception unwinds it is lost.
const CHUNK: i32 = 1024;
/// Bytes that a bulk memory instruction moves for one unit of fuel, as a power of two.
const BULK_BYTES_LOG2: i32 = 6;
/// Bytes in which memory is counted and grows.
const PAGE_BYTES: u64 = 65536;

/// A module split in two: code that imports its memory, and the memory it starts with.
pub struct Rewritten {
    /// The code, metered, without data.
    pub code: Vec<u8>,
    /// A module that exports nothing but the initial memory.
    pub image: Vec<u8>,
}

/// Rewrites the interpreter's module.
pub fn rewrite(wasm: &[u8]) -> Result<Rewritten, SandboxError> {
    let unreadable = |error: BinaryReaderError| SandboxError::Module(error.to_string());
    let mut shape = Shape::read(wasm).map_err(unreadable)?;
    // A page more than the interpreter knows of, where the allocator keeps its lists.
    let own_memory = shape.memory.initial * PAGE_BYTES;
    shape.memory.initial += 1;
    let own_memory = u32::try_from(own_memory).map_err(|e| SandboxError::Module(e.to_string()))?;
    let plan = Plan::new(&shape, own_memory).map_err(unreadable)?;
    let mut module = Module::new();
    Rewriter::new(&shape, &plan)
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .map_err(|error| SandboxError::Module(error.to_string()))?;
    Ok(Rewritten {
        code: module.finish(),
        image: image::initial(shape.memory.initial, &wasm[shape.data]),
    })
}

fn n(count: usize) -> u32 {
    u32::try_from(count).expect("a module's indices fit 32 bits")
}
