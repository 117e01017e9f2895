//! What is done to the interpreter besides counting.

use std::collections::{HashMap, HashSet};

use wasmparser::{BinaryReaderError, Operator, ValType};

use super::allocator::{self, Replacement};
use super::calls::{self, DirectCall};
use super::shape::Shape;

/// Functions of at most so many bytes take the place of their calls.
const SMALL_BYTES: usize = 48;

/// Larger functions that take the place of every call: each Python object comes and goes by them.
const EVERYWHERE: [&str; 5] =
    ["PyObject_Malloc", "PyObject_Free", "_PyMem_RawMalloc", "_PyMem_RawFree", "_Py_NewReference"];

/// Callers, and functions that take the place of their calls there: what profiles of reference
/// solutions show to be short and frequent.
const PAIRS: [(&str, &str); 16] = [
    ("_PyMem_RawMalloc", "malloc"),
    ("_PyMem_RawFree", "free"),
    ("rangeiter_next", "PyLong_FromLong"),
    ("PyNumber_Add", "binary_op1"),
    ("PyNumber_Subtract", "binary_op1"),
    ("PyNumber_Multiply", "binary_op1"),
    ("PyNumber_Remainder", "binary_op1"),
    ("PyNumber_FloorDivide", "binary_op1"),
    ("binary_op1", "long_add_method"),
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
        // In the order of the lists, because it decides which calls are counted.
        let mut callees = shape.callees.clone();
        let mut guesses = HashMap::new();
        for (caller, callee) in GUESSES {
            if let (Some(caller), Some(guess)) = (named(caller), guess(callee)) {
                callees[caller].push(guess.callee);
                guesses.insert(caller, guess);
            }
        }
        let mut guesses_within = HashMap::new();
        for (root, caller, callee) in GUESSES_WITHIN {
            if let (Some(root), Some(caller), Some(guess)) =
                (named(root), named(caller), guess(callee))
            {
                callees[caller].push(guess.callee);
                guesses_within.insert((root, caller), guess);
            }
        }
        let replaced = allocator::replacements(shape, own_memory)?;
        let often: HashSet<usize> = EVERYWHERE.iter().filter_map(|name| named(name)).collect();
        let mut everywhere = HashSet::new();
        for (body_idx, body) in shape.bodies.iter().enumerate() {
            let is_small = body.range().len() <= SMALL_BYTES && !replaced.contains_key(&body_idx);
            if !is_small && !often.contains(&body_idx) {
                continue;
            }
            // A loop makes each function that it is in count, which is not worth it for a rare call.
            if fits(shape, body_idx)? == Some(Loops::None) {
                everywhere.insert(body_idx);
            }
        }
        let mut pairs = HashSet::new();
        for (caller, callee) in PAIRS {
            if let (Some(caller), Some(callee)) = (named(caller), named(callee))
                && fits(shape, callee)?.is_some()
            {
                pairs.insert((caller, callee));
            }
        }
        Ok(Self {
            closing: calls::that_close_circles(&callees),
            guesses,
            guesses_within,
            replaced,
            everywhere,
            pairs,
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

/// Whether a function iterates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loops {
    None,
    Some,
}

/// `None` unless a function may take the place of a call: it returns in the usual way, one number at
/// most.
fn fits(shape: &Shape<'_>, body_idx: usize) -> Result<Option<Loops>, BinaryReaderError> {
    if shape.type_of_body(body_idx).results.len() > 1 {
        return Ok(None);
    }
    let body = &shape.bodies[body_idx];
    for locals in body.get_locals_reader()? {
        if let ValType::Ref(_) | ValType::V128 = locals?.1 {
            return Ok(None);
        }
    }
    let mut loops = Loops::None;
    for operator in body.get_operators_reader()? {
        match operator? {
            Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::Try { .. }
            | Operator::TryTable { .. } => return Ok(None),
            Operator::Loop { .. } => loops = Loops::Some,
            _ => {}
        }
    }
    Ok(Some(loops))
}
