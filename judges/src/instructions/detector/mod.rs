//! The language of a text as langdetect 1.0.9 gives it with seed 0, on `CPython` 3.11.
//!
//! Source: langdetect 1.0.9, `detector.py` and `utils/ngram.py` (a port of Nakatani Shuyo's
//! language-detection). The crate `langdetect` gives the same results, down to the bit, but spends
//! longer on loading its profiles than a whole response file takes to grade. Its profiles are
//! therefore turned into static tables when this crate is built, and the walk over them is here.

mod features;
mod random;
mod tables;
mod text;
mod walk;

pub(crate) use walk::language;
