//! Responses of several parts.

use super::finding::Finding;
use super::python::text;

/// What parts two responses.
const SEPARATOR: &str = "******";

/// `combination:repeat_prompt`. The prompt is stripped and in lower case.
pub(crate) fn repeat_prompt(prompt: &str, response: &str) -> Finding {
    let is_repeated = text::strip(response).to_lowercase().starts_with(prompt);
    Finding::of(is_repeated, || "the response does not start with the request".into())
}

/// `combination:two_responses`. A blank part counts only between two others.
pub(crate) fn two_responses(response: &str) -> Finding {
    let parts: Vec<&str> = response.split(SEPARATOR).collect();
    let is_inner = |index: usize| index != 0 && index + 1 != parts.len();
    let has_blank =
        parts.iter().enumerate().any(|(index, part)| text::is_blank(part) && is_inner(index));
    if has_blank {
        return Finding::Missed(format!("a part between two {SEPARATOR} is blank"));
    }
    let responses: Vec<&str> =
        parts.into_iter().filter(|part| !text::is_blank(part)).map(text::strip).collect();
    match responses[..] {
        [first, second] if first != second => Finding::Followed,
        [_, _] => Finding::Missed("the two responses are the same".into()),
        _ => Finding::Missed(format!(
            "{} responses separated by {SEPARATOR}, wanted 2",
            responses.len()
        )),
    }
}
