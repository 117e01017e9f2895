//! What is done to the interpreter besides counting.

use std::collections::{HashMap, HashSet};

use wasmparser::{BinaryReaderError, FunctionBody, Operator, ValType};

use super::allocator::{self, Replacement};
use super::calls::{self, DirectCall};
use super::shape::Shape;

/// Functions of at most so many bytes take the place of their calls.
const SMALL_BYTES: usize = 48;

/// Larger functions that take the place of every call: each Python object comes and goes by them.
const EVERYWHERE: [&str; 6] = [
    "PyObject_Malloc",
    "PyObject_Free",
    "_PyMem_RawMalloc",
    "_PyMem_RawFree",
    "_Py_NewReference",
    "long_add_method",
];

/// Callers, and functions that take the place of their calls there: what profiles of reference
/// solutions show to be short and frequent.
const PAIRS: [(&str, &str); 15] = [
    ("_PyMem_RawMalloc", "malloc"),
    ("_PyMem_RawFree", "free"),
    ("rangeiter_next", "PyLong_FromLong"),
    ("PyNumber_Add", "binary_op1"),
    ("PyNumber_Subtract", "binary_op1"),
    ("PyNumber_Multiply", "binary_op1"),
    ("PyNumber_Remainder", "binary_op1"),
    ("PyNumber_FloorDivide", "binary_op1"),
    ("long_add_method", "long_add"),
    ("long_add", "x_add"),
    ("x_add", "long_alloc"),
    ("builtin_sum", "PyIter_Next"),
    ("builtin_sum", "PyNumber_Add"),
    ("_Py_IsMainThread", "PyThread_get_thread_ident"),
    ("_Py_Dealloc", "long_dealloc"),
];

/// Functions that call through a pointer, and what it nearly always is.
const GUESSES: [(&str, &str); 7] = [
    ("PyObject_Malloc", "_PyMem_RawMalloc"),
    ("PyObject_Free", "_PyMem_RawFree"),
    ("_Py_Dealloc", "long_dealloc"),
    ("long_dealloc", "PyObject_Free"),
    ("object_dealloc", "PyObject_Free"),
    ("unicode_dealloc", "PyObject_Free"),
    ("float_dealloc", "PyObject_Free"),
];

/// The same where the caller has taken the place of a call in another function: in a sum, addition is
/// of integers.
const GUESSES_WITHIN: [(&str, &str, &str); 1] = [("builtin_sum", "binary_op1", "long_add_method")];

/// A guess at the function behind a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) callee: usize,
    /// What the pointer is, if the guess is right.
    pub(super) slot: i32,
}

/// Functions are numbered among those with a body.
pub(super) struct Plan {
    /// Direct calls that are counted.
    pub(super) closing: HashSet<DirectCall>,
    guesses: HashMap<usize, Guess>,
    /// By the function in which a caller has taken the place of a call, and the caller.
    guesses_within: HashMap<(usize, usize), Guess>,
    /// Functions with other contents than the module's.
    pub(super) replaced: HashMap<usize, Replacement>,
    everywhere: HashSet<usize>,
    pairs: HashSet<DirectCall>,
}

impl Plan {
    /// `own_memory` is where the allocator may keep its lists.
    pub(super) fn new(shape: &Shape<'_>, own_memory: u32) -> Result<Self, BinaryReaderError> {
        let named = |name: &str| shape.named.get(name).copied();
        let guess = |name: &str| {
            let callee = named(name)?;
            Some(Guess { callee, slot: *shape.slots.get(&callee)? })
        };
        let guesses: HashMap<usize, Guess> = GUESSES
            .iter()
            .filter_map(|(caller, callee)| Some((named(caller)?, guess(callee)?)))
            .collect();
        let guesses_within: HashMap<(usize, usize), Guess> = GUESSES_WITHIN
            .iter()
            .filter_map(|(root, caller, callee)| {
                Some(((named(root)?, named(caller)?), guess(callee)?))
            })
            .collect();
        let mut callees = shape.callees.clone();
        for (caller, guess) in &guesses {
            callees[*caller].push(guess.callee);
        }
        for ((_, caller), guess) in &guesses_within {
            callees[*caller].push(guess.callee);
        }
        let replaced = allocator::replacements(shape, own_memory)?;
        let mut everywhere: HashSet<usize> =
            EVERYWHERE.iter().filter_map(|name| named(name)).collect();
        for (body_idx, body) in shape.bodies.iter().enumerate() {
            if body.range().len() <= SMALL_BYTES && !replaced.contains_key(&body_idx) {
                everywhere.insert(body_idx);
            }
        }
        let mut unfit = Vec::new();
        for body_idx in &everywhere {
            if !fits(shape, &shape.bodies[*body_idx], *body_idx)? {
                unfit.push(*body_idx);
            }
        }
        for body_idx in unfit {
            everywhere.remove(&body_idx);
        }
        let pairs =
            PAIRS.iter().filter_map(|(caller, callee)| Some((named(caller)?, named(callee)?)));
        Ok(Self {
            closing: calls::that_close_circles(&callees),
            guesses,
            guesses_within,
            replaced,
            everywhere,
            pairs: pairs.collect(),
        })
    }

    /// What is behind the pointers that `caller` calls, itself or in the place of a call in `root`.
    pub(super) fn guess(&self, root: usize, caller: usize) -> Option<Guess> {
        self.guesses.get(&caller).or_else(|| self.guesses_within.get(&(root, caller))).copied()
    }

    /// Whether `callee` takes the place of its calls in `caller`. What closes a circle never does.
    pub(super) fn is_inlined(&self, call: DirectCall) -> bool {
        (self.everywhere.contains(&call.1) || self.pairs.contains(&call))
            && !self.closing.contains(&call)
    }
}

/// Whether a function may take the place of a call: it returns in the usual way, one number at most.
fn fits(
    shape: &Shape<'_>,
    body: &FunctionBody<'_>,
    body_idx: usize,
) -> Result<bool, BinaryReaderError> {
    if shape.type_of_body(body_idx).results.len() > 1 {
        return Ok(false);
    }
    for locals in body.get_locals_reader()? {
        if let ValType::Ref(_) | ValType::V128 = locals?.1 {
            return Ok(false);
        }
    }
    for operator in body.get_operators_reader()? {
        match operator? {
            Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::Try { .. }
            | Operator::TryTable { .. }
            | Operator::Loop { .. } => return Ok(false),
            _ => {}
        }
    }
    Ok(true)
}
