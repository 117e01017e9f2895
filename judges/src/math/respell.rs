//! The table of replacements in the rewriting of LaTeX. At each place the first entry that
//! matches is taken, so their order is part of the rule.

use std::sync::LazyLock;

use regex::Regex;

use super::clean::pattern;

static REMOVED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\\mathrm\{th\}|\\!\s*|\\text\s*\{\s*\}|\\\$|\$|\\displaystyle"));

/// Removes what prints nothing and unifies the spelling of the rest.
pub(super) fn respell(text: &str) -> String {
    let text = drop_quotes(&REMOVED.replace_all(text, ""));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if let Some((with, length)) = replacement(&text, at) {
            out.push_str(with);
            at += length;
        } else {
            let c = text[at..].chars().next().expect("the place lies inside the text");
            out.push(c);
            at += c.len_utf8();
        }
    }
    out
}

/// Removes quotation marks that no backslash precedes. Upstream removes them in one pass with the
/// rest, which differs only where a removed piece stands between a backslash and a mark.
fn drop_quotes(text: &str) -> String {
    if !text.contains(['"', '\'']) {
        return text.to_owned();
    }
    let mut before = ' ';
    text.chars()
        .filter(|&c| {
            let is_kept = !matches!(c, '"' | '\'') || before == '\\';
            before = c;
            is_kept
        })
        .collect()
}

/// What replaces the text at a place, and how many bytes of it.
fn replacement(text: &str, at: usize) -> Option<(&'static str, usize)> {
    let rest = &text[at..];
    let first = rest.chars().next()?;
    match first {
        '\\' => command(text, at),
        '{' if rest.starts_with("{.") => Some(("{0.", 2)),
        '~' if rest.starts_with("~=") => Some((r"\approx", 2)),
        'i' if rest.starts_with("infinity") => Some((r"\infty", 8)),
        'i' if rest.starts_with("inf") && !text[..at].ends_with('\\') => Some((r"\infty", 3)),
        '{' | ',' | 'a' | 'o' | 'p' => spaced(text, at),
        _ if first.is_whitespace() => {
            let after = &rest[first.len_utf8()..];
            if after.starts_with('.') {
                return Some((" 0.", first.len_utf8() + 1));
            }
            spaced(text, at).or_else(|| rest.starts_with(" sqrt").then_some((r"\sqrt", 5)))
        }
        _ => None,
    }
}

/// Replacements of commands.
fn command(text: &str, at: usize) -> Option<(&'static str, usize)> {
    const STYLES: [(&str, &str); 10] = [
        (r"\mathrm", r"\text"),
        (r"\mathit", r"\text"),
        (r"\mathbf", r"\text"),
        (r"\textnormal", r"\text"),
        (r"\textbf", r"\text"),
        (r"\textit", r"\text"),
        (r"\textrm", r"\text"),
        (r"\dfrac", r"\frac"),
        (r"\tfrac", r"\frac"),
        (r"\cfrac", r"\frac"),
    ];
    const AFTER_SPACE: [(&str, &str); 4] = [
        (r"\ldots", " "),
        (r"\text{percentage}", "%"),
        (r"\text{percent}", "%"),
        (r"\text{pct}", "%"),
    ];
    let rest = &text[at..];
    let find = |table: &'static [(&str, &'static str)]| {
        let entry = table.iter().find(|(from, _)| rest.starts_with(from));
        entry.map(|(from, with)| (*with, from.len()))
    };
    let space = rest[1..].chars().next().filter(|c| c.is_whitespace());
    find(&STYLES)
        .or_else(|| spaced(text, at))
        .or_else(|| {
            let is_doubled = text[..at].ends_with('\\');
            space.filter(|_| !is_doubled).map(|c| (" ", 1 + c.len_utf8()))
        })
        .or_else(|| find(&AFTER_SPACE))
}

/// Replacements that take the white space before them along.
fn spaced(text: &str, at: usize) -> Option<(&'static str, usize)> {
    let start = &text[at..];
    let trimmed = start.trim_start();
    if let Some(inside) = trimmed.strip_prefix('{') {
        let after = inside.trim_start().strip_prefix(',').map(str::trim_start);
        if let Some(after) = after.and_then(|after| after.strip_prefix('}')) {
            return Some((",", start.len() - after.len()));
        }
    }
    let is_letter = |c: char| c.is_ascii_alphabetic();
    let joined = start.strip_prefix(',').unwrap_or(start).trim_start();
    if !text[..at].ends_with(is_letter) {
        let after = joined.strip_prefix("and").or_else(|| joined.strip_prefix("or"));
        if let Some(after) = after.filter(|after| !after.starts_with(is_letter)) {
            return Some((",", start.len() - after.len()));
        }
    }
    if let Some(inside) = joined.strip_prefix(r"\text{").map(str::trim_start) {
        let after = inside.strip_prefix("and").or_else(|| inside.strip_prefix("or"));
        if let Some(after) = after.and_then(|after| after.trim_start().strip_prefix('}')) {
            return Some((",", start.len() - after.len()));
        }
    }
    if let Some(after) = start.strip_prefix(r",\ldots") {
        return Some((" ", start.len() - after.len()));
    }
    let before = text[..text.len() - trimmed.len()].chars().next_back();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let after = ["percentage", "percent", "pct"].iter().find_map(|word| trimmed.strip_prefix(word));
    let after =
        after.filter(|after| !after.starts_with(is_word) && !before.is_some_and(is_word))?;
    Some((r"\%", start.len() - after.len()))
}

#[cfg(test)]
mod tests {
    use super::respell;

    fn check(text: &str, expected: &str) {
        assert_eq!(respell(text), expected, "{text:?}");
    }

    #[test]
    fn spellings_are_unified() {
        check("1 or 2", "1, 2");
        check(r"1,\text{ and }2", "1,2");
        check("north", "north");
        check("36 percent", r"36\%");
        check(r"1\ 2", "1 2");
        check(r"\text{percent}", "%");
        check("infinity", r"\infty");
        check("(-inf, .5)", r"(-\infty, 0.5)");
        check(r"3 {,} 000", "3, 000");
        check(r#""3" \quad $x$"#, r"3 \quad x");
    }
}
