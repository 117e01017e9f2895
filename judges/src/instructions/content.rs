//! Placeholders and postscripts.

use super::finding::Finding;
use super::python::pattern::Pattern;

/// `detectable_content:number_placeholders`: `\[.*?\]`
pub(crate) fn placeholders(at_least: u64, response: &str) -> Finding {
    let count: usize = response.split('\n').map(placeholders_in_line).sum();
    Finding::of(count as u64 >= at_least, || {
        format!("{count} placeholders in square brackets, wanted at least {at_least}")
    })
}

fn placeholders_in_line(line: &str) -> usize {
    let mut count = 0;
    let mut rest = line;
    while let Some((_, after)) = rest.split_once('[') {
        let Some((_, after)) = after.split_once(']') else { break };
        count += 1;
        rest = after;
    }
    count
}

/// `detectable_content:postscript`. Upstream searches for blanks, the marker and the rest of the
/// line; blanks and rest may be empty, so the marker decides.
pub(crate) fn postscript(marker: &Pattern, response: &str) -> Finding {
    match marker.is_in(&response.to_lowercase()) {
        Ok(true) => Finding::Followed,
        Ok(false) => Finding::Missed(format!("no postscript like {marker}")),
        Err(_) => Finding::Missed(format!("the search for {marker} was given up as too costly")),
    }
}
