//! Sentence and word tokenisation as in NLTK 3.8.1.

mod contraction;
mod lexicon;
mod model;
#[cfg(test)]
mod patterns;
mod rewrite;
mod sentences;
mod token;
mod words;

pub(crate) use model::Punkt;
pub(crate) use words::each_word_token;
