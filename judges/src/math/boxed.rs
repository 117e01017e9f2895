//! The text inside the last boxes of an answer, as latex2sympy2-extended 1.11.0 takes it out
//! (`extract_boxed_content` in mode "last").

use std::ops::Range;

/// The farthest two boxes may lie apart to be one answer without a separator, in characters.
const CLOSE: usize = 10;

/// The farthest they may lie apart with one.
const SEPARATED: usize = 70;

/// The contents of the last box, and of boxes close before it, joined by commas; the text itself
/// where nothing is boxed.
pub(super) fn last_boxed(text: &str) -> String {
    let mut found: Vec<&str> = Vec::new();
    let mut later_start: Option<usize> = None;
    let mut limit = text.len();
    while let Some((start, open)) = last_command(&text[..limit]) {
        let after = &text[open..limit];
        let open = open + (after.len() - after.trim_start().len());
        if open >= limit {
            break;
        }
        let inside = if text[open..].starts_with('{') { balanced(text, open, limit) } else { None };
        let Some(inside) = inside else {
            if found.is_empty() {
                found.push(&text[open..]);
            }
            break;
        };
        let content = text[inside.clone()].trim();
        if let Some(later) = later_start {
            let between = &text[inside.end + 1..later];
            if !belong_together(between, content, found.last().copied()) {
                break;
            }
        }
        if found.last() != Some(&content) {
            found.push(content);
        }
        later_start = Some(start);
        limit = start;
    }
    if found.is_empty() {
        return text.to_owned();
    }
    found.reverse();
    found.join(",")
}

/// The last box command: where it starts and where it ends.
fn last_command(text: &str) -> Option<(usize, usize)> {
    let boxed = text.rfind(r"\boxed").map(|at| (at, at + r"\boxed".len()));
    let fbox = text.rfind(r"\fbox").map(|at| (at, at + r"\fbox".len()));
    boxed.max(fbox)
}

/// What stands between a brace and the one that closes it.
fn balanced(text: &str, open: usize, limit: usize) -> Option<Range<usize>> {
    let mut depth = 0usize;
    for (at, byte) in text.as_bytes()[..limit].iter().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(open + 1..at);
        }
    }
    None
}

fn belong_together(between: &str, content: &str, later: Option<&str>) -> bool {
    let length = between.chars().count();
    let has_word = |word: &str| {
        between.match_indices(word).any(|(at, _)| {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            !between[..at].ends_with(is_word) && !between[at + word.len()..].starts_with(is_word)
        })
    };
    length < CLOSE
        || (later != Some(content)
            && length < SEPARATED
            && (between.contains([',', ';']) || has_word("and") || has_word("or")))
}

#[cfg(test)]
mod tests {
    use super::last_boxed;

    fn check(text: &str, expected: &str) {
        assert_eq!(last_boxed(text), expected, "{text:?}");
    }

    #[test]
    fn boxes_are_opened() {
        check(r"\boxed{5}", "5");
        check(r"\boxed{\boxed{5}}", "5");
        check(r"\boxed{\frac{1}{2}", r"{\frac{1}{2}");
        check(r"\boxed{1} and \boxed{2}", "1,2");
        check(r"\boxed{1} is wrong, it is \boxed{2}", "1,2");
        check(r"\boxed{1} which is wrong: \boxed{2}", "2");
        check(r"\boxed 5", "5");
        check("7", "7");
    }
}
