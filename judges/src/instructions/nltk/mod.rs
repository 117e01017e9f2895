//! Sentence and word tokenisation as in NLTK 3.8.1.

mod model;
mod sentences;
mod token;
mod words;

pub(crate) use model::Punkt;
pub(crate) use words::word_tokens;
