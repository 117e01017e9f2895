//! Comparison of an extracted answer with a gold answer that is an integer.

pub mod integer;
pub(crate) mod latex;
mod unit;

pub use integer::parse_integer;
