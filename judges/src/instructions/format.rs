//! Lists, highlights, sections, titles, JSON.

use super::check::Session;
use super::finding::Finding;
use super::python::{json, pattern::Pattern, text};

/// `detectable_format:number_bullet_lists`: lines that start with a star or with a hyphen.
pub(crate) fn bullets(exactly: u64, response: &str) -> Finding {
    let count = lines_from(response, starred_line) + lines_from(response, hyphened_line);
    Finding::of(count as u64 == exactly, || format!("{count} bullet points, wanted {exactly}"))
}

/// Non-overlapping matches of `^\s*…$` with `re.MULTILINE`, where `rest` measures what follows the
/// blanks up to the end of its line.
fn lines_from(response: &str, rest: fn(&str) -> Option<usize>) -> usize {
    let mut count = 0;
    let mut line_start = Some(0);
    while let Some(start) = line_start {
        let blanks = &response[start..];
        let after = blanks.trim_start_matches(text::is_space);
        let at = start + blanks.len() - after.len();
        let end = match rest(after) {
            Some(length) => {
                count += 1;
                at + length
            }
            // No line that starts within the blanks can match either: all come to `at`.
            None => at,
        };
        line_start = response[end..].find('\n').map(|offset| end + offset + 1);
    }
    count
}

/// `\*[^\*].*$`, where the second character may be a line feed.
fn starred_line(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('*')?;
    let second = rest.chars().next().filter(|c| *c != '*')?;
    let line = rest[second.len_utf8()..].split('\n').next().unwrap_or("");
    Some(1 + second.len_utf8() + line.len())
}

/// `-.*$`
fn hyphened_line(text: &str) -> Option<usize> {
    let line = text.split('\n').next().unwrap_or("");
    line.starts_with('-').then_some(line.len())
}

/// `detectable_format:number_highlighted_sections`: `*…*` and `**…**` count apart.
pub(crate) fn highlights(at_least: u64, response: &str) -> Finding {
    let count: usize =
        response.split('\n').map(|line| starred(line, "*") + starred(line, "**")).sum();
    Finding::of(count as u64 >= at_least, || {
        format!("{count} highlighted sections, wanted at least {at_least}")
    })
}

/// Non-overlapping matches of `mark[^\n\*]*mark` in a line whose inside is not blank.
fn starred(line: &str, mark: &str) -> usize {
    let mut count = 0;
    let mut rest = line;
    while let Some((_, after)) = rest.split_once(mark) {
        let end = after.find('*').unwrap_or(after.len());
        let (inside, closing) = after.split_at(end);
        match closing.strip_prefix(mark) {
            Some(after) => {
                count += usize::from(!text::is_blank(inside));
                rest = after;
            }
            // The search goes on one character after the failed start.
            None => rest = &rest[rest.len() - after.len() - mark.len() + 1..],
        }
    }
    count
}

/// `detectable_format:multiple_sections`
pub(crate) fn sections(heading: &Pattern, at_least: u64, response: &str) -> Finding {
    let Ok(n_headings) = heading.count(response) else {
        return Finding::Missed(format!("the search for {heading} was given up as too costly"));
    };
    // `re.split` returns the groups of each match as further pieces.
    let count = n_headings * (1 + heading.n_groups());
    Finding::of(count as u64 >= at_least, || {
        format!("{count} sections with a heading like {heading}, wanted at least {at_least}")
    })
}

/// `detectable_format:title`: `<<[^\n]+>>` with something inside.
pub(crate) fn title(response: &str) -> Finding {
    let has_title = response.split('\n').any(|line| {
        let start = line.find("<<").map(|start| start + 2);
        let inside =
            start.and_then(|start| line[start..].rfind(">>").map(|end| &line[start..][..end]));
        inside.is_some_and(|inside| {
            !inside.is_empty()
                && !text::is_blank(inside.trim_start_matches('<').trim_end_matches('>'))
        })
    });
    Finding::of(has_title, || "no title in <<double angular brackets>>".into())
}

/// `detectable_format:constrained_response`
pub(crate) fn constrained(session: &Session<'_>, response: &str) -> Finding {
    let answers = session.language.constrained_answers();
    let response = text::strip(response);
    Finding::of(answers.iter().any(|answer| response.contains(answer)), || {
        format!("none of {answers:?} occurs")
    })
}

/// `detectable_format:json_format`: JSON, in a fence or not.
pub(crate) fn json(response: &str) -> Finding {
    let mut text = text::strip(response);
    for fence in ["```json", "```Json", "```JSON", "```"] {
        text = text.strip_prefix(fence).unwrap_or(text);
    }
    let text = text::strip(text.strip_suffix("```").unwrap_or(text));
    Finding::of(json::is_json(text), || "the response is not valid JSON".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bullets_are_counted_as_upstream_counts_them() {
        let check = |text: &str, expected: u64| {
            assert!(
                bullets(expected, text).is_followed(),
                "{text:?}: {:?}",
                bullets(expected, text)
            );
        };
        check("* a\n* b", 2);
        check("** a\n *b", 1);
        check("*\nnext\n* b", 2);
        check("*\n* b", 1);
        check("---\n-5\n+ a", 2);
        check("\n\n  \n- a\n\n\n", 1);
        check("*", 0);
        check("a - b", 0);
    }

    #[test]
    fn highlights_are_counted_as_upstream_counts_them() {
        let check = |text: &str, expected: usize| {
            let count = starred(text, "*") + starred(text, "**");
            assert_eq!(count, expected, "{text:?}");
        };
        check("*a* b *c*", 2);
        check("**a**", 1);
        check("**a** **b**", 2);
        check("* *", 0);
        check("*a", 0);
        check("***a***", 2);
    }

    #[test]
    fn titles_need_something_inside() {
        let check = |text: &str, expected: bool| {
            assert_eq!(title(text).is_followed(), expected, "{text:?}");
        };
        check("<<a>>", true);
        check("x <<a>> y >>", true);
        check("<<>>", false);
        check("<< >>", false);
        check("<<\na>>", false);
        check("<<<>>", false);
        check("<a>>", false);
    }
}
