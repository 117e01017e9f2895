//! Python's reading of text, where it decides verdicts: character classes, case, patterns, JSON.

pub(crate) mod json;
pub(crate) mod pattern;
mod sequence;
pub(crate) mod text;
pub(crate) mod translate;
