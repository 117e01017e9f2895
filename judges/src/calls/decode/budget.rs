//! How much the arithmetic of a reply may compute.

use std::cell::Cell;

use super::Undecodable;
use super::arithmetic::refused;
use crate::calls::value::Value;

/// Bytes and items of all results in a reply.
const MAX_PARTS: usize = 1 << 20;

/// What is left to the arguments of a reply together.
pub(super) struct Budget {
    n_parts: Cell<usize>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { n_parts: Cell::new(MAX_PARTS) }
    }

    pub(super) fn left(&self) -> usize {
        self.n_parts.get()
    }

    /// Takes what a result costs, before it is made wherever its size is known.
    pub(super) fn spend(&self, n_parts: usize) -> Result<(), Undecodable> {
        let left = self.n_parts.get().checked_sub(n_parts);
        self.n_parts.set(left.ok_or_else(|| refused("the results are too long"))?);
        Ok(())
    }
}

/// How much a copy of a value takes.
pub(super) fn n_parts(value: &Value) -> usize {
    match value {
        Value::Int(number) => 1 + usize::try_from(number.bits() / 8).unwrap_or(usize::MAX - 1),
        Value::Str(text) => 1 + text.len(),
        Value::Bytes(bytes) => 1 + bytes.len(),
        Value::List(items) | Value::Tuple(items) => 1 + items.iter().map(n_parts).sum::<usize>(),
        _ => 1,
    }
}
