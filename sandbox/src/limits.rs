//! What a program may use.

use std::time::Duration;

/// The limits of one run. All but the last are counted, and so end a program at the same point on
/// every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Fuel for running the program's top level, before any call.
    pub load_fuel: u64,
    /// Fuel for the whole run, loading and calls together.
    pub total_fuel: u64,
    /// Linear memory, in bytes, the interpreter's own 60 MiB or so included.
    pub memory_bytes: usize,
    /// What may be written to standard output and standard error together, in bytes.
    pub output_bytes: u64,
    /// Wall-clock time after which no further unit of work is begun and the run is given up as an
    /// infrastructure failure, because the machine is too slow for its fuel. It never means that the
    /// program was wrong.
    pub wall_clock: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            load_fuel: 20_000_000_000,
            total_fuel: 100_000_000_000,
            memory_bytes: 1 << 30,
            output_bytes: 64 << 20,
            // A slow machine spends 0.05 billion units a second and more, so fuel ends first.
            wall_clock: Duration::from_hours(1),
        }
    }
}
