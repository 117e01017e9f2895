//! The interpreter as compiled code and a memory image.

mod cache;
mod extend;
mod instance;
mod load;
mod rewrite;

pub use extend::Extension;
pub use instance::Instance;
pub use load::{CompileProgress, HOST_STACK_BYTES, PythonRuntime, RuntimeFiles, WASM_STACK_BYTES};
