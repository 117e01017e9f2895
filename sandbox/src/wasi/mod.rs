//! The system interface of a guest, answered from memory alone.
//!
//! Nothing here opens a file, a socket or a clock of the host: what is not in [`World`] does not
//! exist for the guest. Calls that would change files answer "read-only file system".

mod calls;
mod errno;
mod files;
mod linker;
mod memory;
mod world;

pub use files::Files;
pub use linker::link;
pub use memory::GuestMemory;
pub use world::World;
