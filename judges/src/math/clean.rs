//! The rewriting of LaTeX that latex2sympy2-extended 1.11.0 does before it parses
//! (`math_normalization.py`, with basic LaTeX, units, malformed operators and nits on, which is
//! what Math-Verify 0.9.0 asks for). The order of the steps is part of the rule.

use std::sync::LazyLock;

use regex::Regex;

use super::respell::respell;
use super::units::drop_units;

/// A regular expression that is known to be valid.
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is valid")
}

macro_rules! patterns {
    ($($name:ident = $text:expr;)*) => {
        $(static $name: LazyLock<Regex> = LazyLock::new(|| pattern($text));)*
    };
}

patterns! {
    PERMUTATION = r"\(([a-zA-Z0-9+\-*/\\ ]+?)\)_\{([a-zA-Z0-9+\-*/\\ ]+?)\}";
    POWER = r"\^\s?\((.*?)\)";
    ROOT = r"sqrt\s?\((.*?)\)";
    FRAC_DIGITS = r"\\frac\s?([0-9])\s?([0-9]+)";
    LOG_DIGITS = r"\\log_\s?([0-9])\s?([0-9]+)";
    FRAC_DIGIT_BELOW = r"\\frac\s?\{(.*?)\}\s?([0-9])";
    FRAC_DIGIT_ABOVE = r"\\frac\s?([0-9])\s?\{(.*?)\}";
    ROOT_DIGIT = r"\\sqrt\s?([0-9])";
    RATIO = r"^(-?[1-9][0-9]*|0)/(-?[1-9][0-9]*|0)$";
}

/// What may follow `\left` for it to be dropped.
const OPENERS: [&str; 15] = [
    r"\{", "{", r"\|", "|", "[", "(", r"\rbracl", r"\lgroup", r"\lbrace", r"\lbrack", r"\vert",
    r"\lvert", r"\lceil", r"\lfloor", r"\langle",
];

/// What may follow `\right` for it to be dropped.
const CLOSERS: [&str; 14] = [
    r"\}", "}", r"\|", "|", "]", ")", r"\rbrack", r"\rgroup", r"\rbrace", r"\vert", r"\rvert",
    r"\rceil", r"\rfloor", r"\rangle",
];

/// Rewrites an answer whose boxes are already opened.
pub(super) fn clean(text: &str) -> String {
    if is_plain(text) {
        return nits(text.trim().to_owned());
    }
    let text = text
        .replace(r"\mathrm{T}", "T")
        .replace(r"\mathrm{d}", "d")
        .replace(r"{\rm d}", "d")
        .replace(r"\left[\begin{matrix}", r"\begin{bmatrix}")
        .replace(r"\end{matrix}\right]", r"\end{bmatrix}");
    let text = drop_before(text, &[r"\mleft", r"\left"], &OPENERS);
    let text = drop_before(text, &[r"\mright", r"\right"], &CLOSERS);
    let text = if text.contains(")_{") {
        PERMUTATION.replace_all(&text, r"\frac{($1)!}{(($1)-($2))!}").into_owned()
    } else {
        text
    };
    let mut text = respell(&text).replace(['\n', '\t'], " ");
    if !text.contains("matrix") {
        text = halve_backslashes(&text);
    }
    text = drop_units(text);
    text = malformed(nits(text));
    text.trim().to_owned()
}

/// Digits alone are changed by no step.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b' '))
}

fn nits(text: String) -> String {
    match text.as_str() {
        "0.5" => r"\frac{1}{2}".to_owned(),
        _ if text.starts_with('.') => format!("0{text}"),
        _ => text,
    }
}

/// Drops each command that stands directly before one of the delimiters.
fn drop_before(text: String, commands: &[&str], delimiters: &[&str]) -> String {
    if !commands.iter().any(|command| text.contains(command)) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let after = commands.iter().find_map(|command| rest.strip_prefix(command));
        let after = after.filter(|after| delimiters.iter().any(|one| after.starts_with(one)));
        if after.is_none() {
            out.push('\\');
        }
        rest = after.unwrap_or(&rest[1..]);
    }
    out.push_str(rest);
    out
}

/// Turns `\\frac` into `\frac`.
fn halve_backslashes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(r"\\") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let doubled = rest[2..].starts_with(|c: char| c.is_ascii_alphabetic());
        let (kept, taken) = if doubled { (r"\", 2) } else { (&rest[..1], 1) };
        out.push_str(kept);
        rest = &rest[taken..];
    }
    out.push_str(rest);
    out
}

fn malformed(text: String) -> String {
    let mut text = text;
    if text.contains('^') {
        text = POWER.replace_all(&text, "^{$1}").into_owned();
    }
    if text.contains("sqrt") {
        text = ROOT.replace_all(&text, r"\sqrt{$1}").into_owned();
    }
    if text.contains(r"\frac") {
        text = FRAC_DIGITS.replace_all(&text, r"\frac{$1}{$2}").into_owned();
    }
    if text.contains(r"\log_") {
        text = LOG_DIGITS.replace_all(&text, r"\log_{$1}{$2}").into_owned();
    }
    if text.contains(r"\frac") {
        text = FRAC_DIGIT_BELOW.replace_all(&text, r"\frac{$1}{$2}").into_owned();
        text = FRAC_DIGIT_ABOVE.replace_all(&text, r"\frac{$1}{$2}").into_owned();
    }
    if text.contains("sqrt") {
        text = ROOT_DIGIT.replace_all(&text, r"\sqrt{$1}").replace(" sqrt", r"\sqrt");
        text = brace_roots(&text);
    }
    if text.contains(r"\frac") {
        text = brace_fractions(&text);
    }
    RATIO.replace(&text, r"\frac{$1}{$2}").into_owned()
}

/// Braces the one-character argument of `\sqrt3`.
fn brace_roots(text: &str) -> String {
    let mut parts = text.split(r"\sqrt");
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let part = part.trim_start();
        out.push_str(r"\sqrt");
        match part.chars().next() {
            Some(first) if first != '{' && first != '[' => {
                out.extend(['{', first, '}']);
                out.push_str(&part[first.len_utf8()..]);
            }
            _ => out.push_str(part),
        }
    }
    out
}

/// Braces the one-character arguments of `\frac12` and `\frac1{2}`; a text with an incomplete
/// fraction is left alone.
fn brace_fractions(text: &str) -> String {
    let mut parts = text.split(r"\frac");
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let part = part.trim_start();
        out.push_str(r"\frac");
        let mut chars = part.chars();
        match (chars.next(), chars.next()) {
            (Some('{'), _) => out.push_str(part),
            (Some(above), Some('{')) => {
                out.extend(['{', above, '}', '{']);
                out.push_str(chars.as_str());
            }
            (Some(above), Some(below)) => {
                out.extend(['{', above, '}', '{', below, '}']);
                out.push_str(chars.as_str());
            }
            _ => return text.to_owned(),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(clean(text), expected, "{text:?}");
    }

    #[test]
    fn answers_are_rewritten_like_upstream() {
        check("0.5", r"\frac{1}{2}");
        check(".25", "0.25");
        check("2/3", r"\frac{2}{3}");
        check("02/3", "02/3");
        check(r"\dfrac12", r"\frac{1}{2}");
        check(r"\frac9{19}", r"\frac{9}{19}");
        check(r"\frac{1}2", r"\frac{1}{2}");
        check(r"\left( 2, 3 \right]", "( 2, 3 ]");
        check(r"864 \mbox{ inches}^2", "864");
        check(r"2 feet", "2");
        check(r"\$32,\!348", "32,348");
        check(r"58{,}500", "58,500");
        check(r"x^(2)", "x^{2}");
        check(r"\sqrt3 + sqrt(2)", r"\sqrt{3} +\\sqrt{2}");
        check(r"3 and 4", "3, 4");
        check(r"\\frac{1}{2}", r"\frac{1}{2}");
        check(r"(4343)_{6}", r"\frac{(4343)!}{((4343)-(6))!}");
        check(r"\text{east}", r"\text{east}");
    }
}
