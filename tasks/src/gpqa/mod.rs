//! GPQA (Rein et al., "GPQA: A Graduate-Level Google-Proof Q&A Benchmark", arXiv 2311.12022): rows of
//! the authors' encrypted archive.
//!
//! The authors ask that examples are not shown in plain text anywhere a crawler could find them. So
//! the archive is decrypted in memory only, no error quotes it, and `Debug` shows no text.

mod archive;
mod row;

pub use archive::{GpqaSet, rows};
pub use row::GpqaRow;
