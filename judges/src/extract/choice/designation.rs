//! A letter that names an option, and whether a second one stands beside it.

use tasks::choice::Letter;

use super::alphabet::Cyrillic;
use super::restated::Restated;
use crate::extract::words::{begins_with_word, strip_word};

/// What the start of a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Designation<'a> {
    /// One option, and the text after it.
    One(Letter, &'a str),
    /// Several options.
    Several,
}

/// The most commands and nouns before a letter. The limit also keeps the time linear where a reply
/// nests boxes without end.
const MOST_OPENERS: usize = 8;

/// Marks that open and close emphasis, groups, quotations and formulas.
const MARKS: &str = "*_`\"'“”‘’«»()[]{}<>$ \t\u{a0}~";

/// The longest name of a tag, with its bracket.
const LONGEST_TAG_BYTES: usize = 16;

/// LaTeX that may stand around a letter.
const COMMANDS: [&str; 16] = [
    r"\boxed", r"\fbox", r"\textbf", r"\textit", r"\textrm", r"\text", r"\mathbf", r"\mathrm",
    r"\mathsf", r"\bf", r"\(", r"\)", r"\[", r"\]", r"\,", r"\ ",
];

/// Words that may stand before a letter.
const NOUNS: [&str; 11] = [
    "option",
    "choice",
    "letter",
    "alternative",
    "вариант",
    "варианта",
    "вариантом",
    "буква",
    "буквой",
    "буквы",
    "пункт",
];

/// Words that may follow a letter and say nothing more about which it is.
const FOLLOWERS: [&str; 39] = [
    "because",
    "since",
    "as",
    "is",
    "which",
    "with",
    "for",
    "due",
    "given",
    "that",
    "so",
    "but",
    "based",
    "by",
    "from",
    "where",
    "here",
    "would",
    "seems",
    "appears",
    "makes",
    "matches",
    "best",
    "only",
    "потому",
    "так",
    "поскольку",
    "что",
    "является",
    "это",
    "но",
    "соответствует",
    "верный",
    "instead",
    "over",
    "rather than",
    "and not",
    "а не",
    "и не",
];

/// Words that join a second letter.
const JOINERS: [&str; 8] = ["or", "and", "и", "или", "либо", "and/or", "vs", "versus"];

/// Words that may stand between a joiner and the second letter.
const HEDGES: [&str; 10] =
    ["maybe", "perhaps", "possibly", "probably", "even", "also", "or", "and", "возможно", "или"];

/// Words that make a statement a mere condition.
const CONDITIONS: [&str; 5] = ["if", "unless", "only if", "если", "при условии"];

/// Words after a second letter that make it the subject of another sentence.
const VERBS: [&str; 14] = [
    "is",
    "are",
    "was",
    "were",
    "would",
    "does",
    "do",
    "has",
    "cannot",
    "isn't",
    "seems",
    "fails",
    "не",
    "неверно",
];

/// Reads the designation at the start of a text, past marks and nouns.
pub(super) fn read<'a>(
    text: &'a str,
    cyrillic: Cyrillic,
    restated: &Restated,
) -> Option<Designation<'a>> {
    let bare = letter(text, cyrillic)?;
    let rest = bare.after;
    if let Some(value) = rest.trim_start().strip_prefix('=') {
        // A formula, unless the option's own text follows.
        let is_own = restated.is_at_start(bare.letter, value.trim_start());
        return is_own.then_some(Designation::One(bare.letter, rest));
    }
    if names_another(rest, bare.letter, cyrillic) {
        return Some(Designation::Several);
    }
    let next = rest.trim_start_matches([' ', '\t', '\u{a0}']);
    if strip_word(next, &CONDITIONS).is_some() {
        return None;
    }
    let follows = next.chars().next();
    let is_spaced = next.len() < rest.len();
    let after_next = &next[follows.map_or(0, char::len_utf8)..];
    let starts_word = |text: &str| text.starts_with(char::is_alphanumeric);
    let ends = match follows {
        None | Some('\n' | '\r' | ',' | ';' | '!' | '—' | '–' | '…' | '(' | '\\' | '[' | '|') => {
            true
        }
        Some('?') => return None,
        Some('.' | ':') => is_spaced || bare.is_closed || !starts_word(after_next),
        Some('-') => is_spaced && !starts_word(after_next),
        Some(c) if is_spaced || bare.is_closed => {
            let is_word_apart = is_spaced || !c.is_alphanumeric();
            (bare.is_closed && is_word_apart)
                || strip_word(next, &FOLLOWERS).is_some()
                || restated.is_at_start(bare.letter, next)
        }
        Some(_) => false,
    };
    let is_plain = bare.is_upper
        || bare.is_enclosed
        || next.trim_matches(['.', '*', '_', ' ', '\r', '\n']).is_empty()
        || matches!(follows, Some('\n' | '\r'));
    (ends && is_plain).then_some(Designation::One(bare.letter, rest))
}

/// A letter by itself.
struct Bare<'a> {
    letter: Letter,
    is_upper: bool,
    /// A mark closes it, as in "B)".
    is_closed: bool,
    /// Marks stand on both sides of it.
    is_enclosed: bool,
    after: &'a str,
}

/// The letter at the start of a text, past marks and nouns, that is no part of a word or formula.
fn letter(text: &str, cyrillic: Cyrillic) -> Option<Bare<'_>> {
    let opened = skip_openers(text);
    let c = opened.chars().next()?;
    let letter = cyrillic.letter(c)?;
    let before = &text[..text.len() - opened.len()];
    let is_opened = before.ends_with(|c: char| MARKS.contains(c) && !c.is_whitespace());
    let after = &opened[c.len_utf8()..];
    let closed = skip_closers(after, is_opened);
    let is_closed = closed.len() < after.len();
    let joins_word = |c: char| c.is_alphanumeric() || "'’+^_&%#@".contains(c);
    // An ampersand that another letter follows joins two options and is no part of a formula.
    if closed.starts_with(joins_word)
        && !closed.starts_with('&')
        && (!is_closed || closed.starts_with(['^', '_', '+', '\'', '’']))
    {
        return None;
    }
    let spaced = closed.trim_start();
    let is_formula = spaced.starts_with(['<', '>', '+', '×', '≈', '≡', '→']);
    if is_formula && !spaced.starts_with("</") {
        return None;
    }
    Some(Bare {
        letter,
        is_upper: c.is_uppercase(),
        is_closed,
        is_enclosed: is_opened && is_closed,
        after: closed,
    })
}

fn skip_openers(text: &str) -> &str {
    let mut text = text;
    for _ in 0..MOST_OPENERS {
        let rest = text.trim_start_matches(|c: char| MARKS.contains(c));
        let rest = strip_command(rest).or_else(|| strip_noun(rest)).unwrap_or(rest);
        if rest.len() == text.len() {
            break;
        }
        text = rest;
    }
    text
}

fn strip_noun(text: &str) -> Option<&str> {
    let rest = strip_word(text, &NOUNS)?;
    let rest = rest.trim_start_matches([':', '#']);
    rest.starts_with(|c: char| MARKS.contains(c)).then_some(rest)
}

fn strip_command(text: &str) -> Option<&str> {
    COMMANDS.iter().find_map(|command| text.strip_prefix(command))
}

/// The text past marks that close something. An underscore before a letter or digit is an index, and
/// an apostrophe closes only what was opened.
fn skip_closers(text: &str, is_opened: bool) -> &str {
    let mut text = text;
    loop {
        let Some(c) = text.chars().next() else { return text };
        let after = &text[c.len_utf8()..];
        let closes = match c {
            '_' => !after.starts_with(char::is_alphanumeric) && !after.starts_with('{'),
            '\'' | '’' => is_opened,
            '*' | '`' | '"' | '”' | '»' | ')' | ']' | '}' | '$' | '>' => true,
            _ => false,
        };
        let latex = [r"\)", r"\]"].iter().find_map(|close| text.strip_prefix(close));
        match latex.or_else(|| closing_tag(text)) {
            Some(rest) => text = rest,
            None if closes => text = after,
            None => return text,
        }
    }
}

/// The text past a tag such as `</answer>`.
fn closing_tag(text: &str) -> Option<&str> {
    let name = text.strip_prefix("</")?;
    let after = name.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).strip_prefix('>')?;
    (name.len() - after.len() <= LONGEST_TAG_BYTES).then_some(after)
}

/// Whether a second letter is offered after the first.
fn names_another(rest: &str, first: Letter, cyrillic: Cyrillic) -> bool {
    let Some((after, is_weak)) = past_joiner(rest) else { return false };
    let after = past_hedges(after);
    let Some(second) = letter(after, cyrillic) else { return false };
    if second.letter == first || !(second.is_upper || second.is_enclosed) {
        return false;
    }
    let next = second.after.trim_start_matches([' ', '\t']);
    if next.starts_with('=') {
        return false;
    }
    let is_subject = VERBS.iter().any(|verb| begins_with_word(next, verb));
    let is_word = next.starts_with(char::is_alphabetic)
        && !second.is_closed
        && strip_word(next, &JOINERS).is_none();
    !(is_weak && is_subject || is_word && !is_subject)
}

/// The text after what joins a second letter, and whether the joiner is as weak as a comma.
fn past_joiner(rest: &str) -> Option<(&str, bool)> {
    let rest = skip_space(rest);
    if let Some(after) = rest.strip_prefix(['/', '&', '|']) {
        return Some((after, false));
    }
    if let Some(after) = rest.strip_prefix([',', '(', ';']) {
        let after = skip_space(after);
        let strong = strip_word(after, &JOINERS).or_else(|| strip_word(after, &HEDGES));
        return Some(strong.map_or((after, true), |after| (after, false)));
    }
    let after = strip_word(rest, &JOINERS)?;
    let is_and = begins_with_word(rest, "and") || begins_with_word(rest, "и");
    Some((after, is_and))
}

fn past_hedges(text: &str) -> &str {
    let mut text = skip_space(text);
    while let Some(rest) = strip_word(text, &HEDGES) {
        text = skip_space(rest);
    }
    text
}

/// Skips white space and the LaTeX that stands for it or groups words in a formula.
fn skip_space(text: &str) -> &str {
    let mut text = text;
    loop {
        let rest = text.trim_start_matches([' ', '\t', '\u{a0}', '~', '{', '}', '*', '$']);
        let rest = strip_command(rest).unwrap_or(rest);
        if rest.len() == text.len() {
            return text;
        }
        text = rest;
    }
}

#[cfg(test)]
mod tests;
