//! Lists of free blocks by size in front of the interpreter's allocator.
//!
//! The interpreter was built without the allocator that `CPython` has for small objects, so every
//! number and string passes through `dlmalloc` (wasi-libc's, Doug Lea's 2.8.6), which looks for
//! neighbours to join with each time. Here a small block that is freed waits in a list of its size for
//! the next request of that size, and `dlmalloc` goes on taking it for used. Its chunks start with
//! four bytes for their size, have sizes that are multiples of 16, and the user's part follows.

use std::collections::HashMap;

use wasmparser::{BinaryReaderError, BlockType, MemArg, Operator};

use super::shape::Shape;

/// The largest chunk that waits in a list.
const MAX_CHUNK_BYTES: i32 = 512;
/// Chunks that wait in one list at most; others go back, so that their memory can be used otherwise.
const MAX_WAITING: i32 = 1024;
/// Bytes of a chunk before the user's part.
const HEAD_BYTES: i32 = 4;
const CHUNK_ALIGN: i32 = 16;
/// A list is two words: its first chunk, and how many wait. Its place is half the chunks' size.
const LIST_LOG2: i32 = 1;

/// The contents of a function whose locals are all `i32`.
pub(super) struct Replacement {
    pub(super) n_locals: u32,
    pub(super) operators: Vec<Operator<'static>>,
}

/// New `malloc` and `free`, with lists at `lists`; none where the interpreter has other ones.
pub(super) fn replacements(
    shape: &Shape<'_>,
    lists: u32,
) -> Result<HashMap<usize, Replacement>, BinaryReaderError> {
    let named = |name: &str| shape.named.get(name).copied();
    let (Some(malloc), Some(dlmalloc), Some(free), Some(dlfree)) =
        (named("malloc"), named("dlmalloc"), named("free"), named("dlfree"))
    else {
        return Ok(HashMap::new());
    };
    if !only_calls(shape, malloc, dlmalloc)? || !only_calls(shape, free, dlfree)? {
        return Ok(HashMap::new());
    }
    let (take, give) = (taking(lists.cast_signed()), giving(lists.cast_signed()));
    Ok(HashMap::from([
        (malloc, or_else_call(take, 2, shape.function_of(dlmalloc))),
        (free, or_else_call(give, 2, shape.function_of(dlfree))),
    ]))
}

/// Whether all that a function does is to call another with its argument.
fn only_calls(
    shape: &Shape<'_>,
    body_idx: usize,
    callee: usize,
) -> Result<bool, BinaryReaderError> {
    let mut operators = shape.bodies[body_idx].get_operators_reader()?;
    let is_plain = shape.type_of[body_idx] == shape.type_of[callee]
        && matches!(operators.read()?, Operator::LocalGet { local_index: 0 })
        && matches!(operators.read()?, Operator::Call { function_index }
            if function_index == shape.function_of(callee))
        && matches!(operators.read()?, Operator::End);
    Ok(is_plain && operators.eof())
}

/// Does `first`, which returns or leaves a block, and else calls with the same argument.
fn or_else_call(first: Vec<Operator<'static>>, n_locals: u32, otherwise: u32) -> Replacement {
    let mut operators = vec![Operator::Block { blockty: BlockType::Empty }];
    operators.extend(first);
    operators.extend([
        Operator::End,
        get(0),
        Operator::Call { function_index: otherwise },
        Operator::End,
    ]);
    Replacement { n_locals, operators }
}

/// Local 0 is a number of bytes; returns a chunk of the list for it, if there is one.
fn taking(lists: i32) -> Vec<Operator<'static>> {
    vec![
        get(0),
        number(MAX_CHUNK_BYTES - HEAD_BYTES),
        Operator::I32GtU,
        leave(),
        get(0),
        number(HEAD_BYTES + CHUNK_ALIGN - 1),
        Operator::I32Add,
        number(-CHUNK_ALIGN),
        Operator::I32And,
        number(LIST_LOG2),
        Operator::I32ShrU,
        number(lists),
        Operator::I32Add,
        tee(1),
        load(0),
        tee(2),
        Operator::I32Eqz,
        leave(),
        get(1),
        get(2),
        load(0),
        store(0),
        get(1),
        get(1),
        load(4),
        number(-1),
        Operator::I32Add,
        store(4),
        get(2),
        Operator::Return,
    ]
}

/// Local 0 is a chunk's user part; puts it into its list, if it may be there.
fn giving(lists: i32) -> Vec<Operator<'static>> {
    vec![
        get(0),
        Operator::I32Eqz,
        leave(),
        get(0),
        number(-HEAD_BYTES),
        Operator::I32Add,
        load(0),
        // The lowest bits are flags.
        number(-CHUNK_ALIGN),
        Operator::I32And,
        tee(1),
        number(MAX_CHUNK_BYTES),
        Operator::I32GtU,
        leave(),
        get(1),
        number(LIST_LOG2),
        Operator::I32ShrU,
        number(lists),
        Operator::I32Add,
        tee(1),
        load(4),
        tee(2),
        number(MAX_WAITING),
        Operator::I32GeU,
        leave(),
        get(1),
        get(2),
        number(1),
        Operator::I32Add,
        store(4),
        get(0),
        get(1),
        load(0),
        store(0),
        get(1),
        get(0),
        store(0),
        Operator::Return,
    ]
}

fn get(local_index: u32) -> Operator<'static> {
    Operator::LocalGet { local_index }
}

fn tee(local_index: u32) -> Operator<'static> {
    Operator::LocalTee { local_index }
}

fn number(value: i32) -> Operator<'static> {
    Operator::I32Const { value }
}

fn leave() -> Operator<'static> {
    Operator::BrIf { relative_depth: 0 }
}

fn load(offset: u32) -> Operator<'static> {
    Operator::I32Load { memarg: word(offset) }
}

fn store(offset: u32) -> Operator<'static> {
    Operator::I32Store { memarg: word(offset) }
}

fn word(offset: u32) -> MemArg {
    MemArg { align: 2, max_align: 2, offset: offset.into(), memory: 0 }
}
