//! Punctuation.

use super::finding::Finding;

/// `punctuation:no_comma`: the ASCII comma only.
pub(crate) fn no_comma(response: &str) -> Finding {
    let count = response.matches(',').count();
    Finding::of(count == 0, || format!("{count} commas, wanted none"))
}
