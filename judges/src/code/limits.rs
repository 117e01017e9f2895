//! How much a program may use.

use std::time::Duration;

/// Fuel that the sandbox counts for what native `CPython` 3.11 does in one second of running Python
/// code.
///
/// Measured on seventeen kinds of work on two cores of an AMD EPYC: from 1.2e8 (deep recursion) to
/// 4.5e8 (regular expressions). It is more than the most, so that no program fails here that is in
/// time there.
const FUEL_PER_SECOND: u64 = 500_000_000;
/// The same where the second is spent in the interpreter's own loops: 5.2e8 for powers modulo a
/// number, 1.2e9 for products of huge integers.
const FUEL_PER_SECOND_IN_C: u64 = 1_300_000_000;

/// The limits of `EvalPlus` 0.3.1 (`evalplus/config.py`, `untrusted_check`), with seconds
/// turned into fuel, and the sandbox's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeLimits {
    /// What any call may use, however little the reference used: `EvalPlus`'s second.
    pub min_call_fuel: u64,
    /// A call may use this many times what the reference used.
    pub reference_factor: u64,
    /// The most that the calls of a suite may use together: `EvalPlus`'s minute.
    pub max_suite_fuel: u64,
    /// What a suite may use on top of that: `EvalPlus`'s two seconds of grace.
    pub grace_fuel: u64,
    /// Linear memory of the interpreter, in bytes.
    pub memory_bytes: usize,
    /// What may be written to the standard streams, in bytes.
    pub output_bytes: u64,
    /// Time after which a run is given up as an infrastructure failure.
    pub wall_clock: Duration,
}

impl Default for CodeLimits {
    fn default() -> Self {
        Self {
            min_call_fuel: FUEL_PER_SECOND,
            reference_factor: 4,
            max_suite_fuel: 60 * FUEL_PER_SECOND_IN_C,
            grace_fuel: 2 * FUEL_PER_SECOND,
            memory_bytes: 1 << 30,
            output_bytes: 64 << 20,
            wall_clock: Duration::from_mins(30),
        }
    }
}

impl CodeLimits {
    /// What a call may use where the reference used `reference_fuel`.
    pub(super) fn call_fuel(&self, reference_fuel: u64) -> u64 {
        self.min_call_fuel.max(self.reference_factor.saturating_mul(reference_fuel))
    }

    /// What a whole run may use whose calls may use `call_fuel` together.
    pub(super) fn total_fuel(&self, call_fuel: u64) -> u64 {
        self.max_suite_fuel.min(call_fuel).saturating_add(self.grace_fuel)
    }
}
