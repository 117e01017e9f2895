//! The instructions that count.

use wasm_encoder::{BlockType, Function, Instruction};

use super::{BULK_BYTES_LOG2, CHUNK};

/// Counting against the global of this number, which holds the fuel that is left.
#[derive(Clone, Copy)]
pub(super) struct Meter(pub(super) u32);

impl Meter {
    /// Takes away as much as a local says, or 1. Nothing left is the end: a trap costs less than a call
    /// that may return, for which every value at hand would have to be kept.
    pub(super) fn charge(self, body: &mut Function, owed: Option<u32>) {
        let Self(fuel) = self;
        body.instruction(&Instruction::GlobalGet(fuel));
        match owed {
            Some(local) => {
                body.instruction(&Instruction::LocalGet(local));
                body.instruction(&Instruction::I64ExtendI32U);
            }
            None => {
                body.instruction(&Instruction::I64Const(1));
            }
        }
        body.instruction(&Instruction::I64Sub)
            .instruction(&Instruction::GlobalSet(fuel))
            .instruction(&Instruction::GlobalGet(fuel))
            .instruction(&Instruction::I64Const(0))
            .instruction(&Instruction::I64LtS)
            .instruction(&Instruction::If(BlockType::Empty))
            .instruction(&Instruction::Unreachable)
            .instruction(&Instruction::End);
    }

    /// Counts an iteration in a local, and settles when much is owed.
    pub(super) fn count_iteration(self, body: &mut Function, owed: u32) {
        count(body, owed);
        body.instruction(&Instruction::LocalGet(owed))
            .instruction(&Instruction::I32Const(CHUNK))
            .instruction(&Instruction::I32GeU)
            .instruction(&Instruction::If(BlockType::Empty));
        self.charge(body, Some(owed));
        body.instruction(&Instruction::I32Const(0))
            .instruction(&Instruction::LocalSet(owed))
            .instruction(&Instruction::End);
    }

    /// Counts a call: in the local of a function that has one.
    pub(super) fn count_call(self, body: &mut Function, owed: Option<u32>) {
        match owed {
            Some(owed) => count(body, owed),
            None => self.charge(body, None),
        }
    }

    /// Charges for the number of bytes on top of the stack, which stays there.
    pub(super) fn charge_bulk(self, body: &mut Function, n_bytes: u32) {
        body.instruction(&Instruction::LocalSet(n_bytes))
            .instruction(&Instruction::GlobalGet(self.0))
            .instruction(&Instruction::LocalGet(n_bytes))
            .instruction(&Instruction::I32Const(BULK_BYTES_LOG2))
            .instruction(&Instruction::I32ShrU)
            .instruction(&Instruction::I64ExtendI32U)
            .instruction(&Instruction::I64Sub)
            .instruction(&Instruction::GlobalSet(self.0))
            .instruction(&Instruction::LocalGet(n_bytes));
    }
}

fn count(body: &mut Function, owed: u32) {
    body.instruction(&Instruction::LocalGet(owed))
        .instruction(&Instruction::I32Const(1))
        .instruction(&Instruction::I32Add)
        .instruction(&Instruction::LocalSet(owed));
}
