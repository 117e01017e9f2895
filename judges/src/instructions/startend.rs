//! How a response starts and ends.

use super::finding::Finding;
use super::python::text;

/// `startend:end_checker`. The phrase is stripped and in lower case.
pub(crate) fn end_phrase(phrase: &str, response: &str) -> Finding {
    let end = text::strip(response).trim_matches('"').to_lowercase();
    Finding::of(end.ends_with(phrase), || format!("the response does not end with {phrase:?}"))
}

/// `startend:quotation`: ASCII quotation marks.
pub(crate) fn quotation(response: &str) -> Finding {
    let response = text::strip(response);
    let is_quoted = response.len() > 1 && response.starts_with('"') && response.ends_with('"');
    Finding::of(is_quoted, || "the response is not within double quotation marks".into())
}
