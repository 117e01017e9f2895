//! The eight readings of a response of which one is enough for the loose verdict.
//!
//! Source: `IFEval`'s `evaluation_lib.py`, `test_instruction_following_loose`.

use super::python::text;

/// The response, without its first line, without its last line, without both; each also without
/// stars. The order is upstream's and the first is the response itself.
pub(crate) fn variants(response: &str) -> [String; 8] {
    let lines: Vec<&str> = response.split('\n').collect();
    let joined = |lines: &[&str]| text::strip(&lines.join("\n")).to_owned();
    let without_first = joined(&lines[1..]);
    let without_last = joined(&lines[..lines.len() - 1]);
    let without_both = joined(lines.get(1..lines.len() - 1).unwrap_or(&[]));
    let without_stars = |text: &str| text.replace('*', "");
    [
        response.to_owned(),
        without_stars(response),
        without_stars(&without_first),
        without_stars(&without_last),
        without_stars(&without_both),
        without_first,
        without_last,
        without_both,
    ]
}
