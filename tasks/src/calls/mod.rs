//! The vocabulary of BFCL v4: categories and their tree, and what a data set says about functions.
//!
//! Source: `bfcl-eval` 2026.3.23, `constants/category_mapping.py`, `utils.py` and
//! `eval_checker/eval_runner_helper.py` (Apache-2.0).

mod category;
mod conversation;
mod function;
pub mod tree;

pub use category::{Category, CheckKind, Group, Language};
pub use conversation::{AskedTurn, CallsStyle, CallsTarget, MemoryPart};
pub use function::{Description, FunctionDoc, FunctionError, Parameter, ParameterType};
pub use tree::{Mean, Node, Part};
