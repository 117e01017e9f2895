//! Normal forms of Russian words from the `OpenCorpora` dictionary, as pymorphy3 gives them.

mod analysis;
mod dawg;
mod dictionary;
mod lemmas;
mod shapes;
mod tags;

pub(crate) use dictionary::{Dictionary, DictionaryFiles};
pub(crate) use lemmas::{Lemmatiser, has_words};
