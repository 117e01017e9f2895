//! The words of LaTeX, cut as the lexer of latex2sympy2-extended 1.11.0 (`PS.g4`) cuts them: the
//! longest word at each place, and commands need no end.

use std::ops::Range;

use super::commands::{ACCENTS, GREEK, GREEK_COMMANDS, NAMES, SIGNS, SYMBOLS};

/// The most tokens an answer may have.
const MOST_TOKENS: usize = 400;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plus,
    Minus,
    Times,
    Divide,
    Colon,
    Open(Bracket),
    Close(Bracket),
    Bar,
    LeftBar,
    RightBar,
    LeftFloor,
    RightFloor,
    LeftCeiling,
    RightCeiling,
    Frac,
    Root,
    Binomial,
    Boxed,
    MatrixStart,
    MatrixEnd,
    DeterminantStart,
    DeterminantEnd,
    LeftAngle,
    RightAngle,
    Column,
    Row,
    Subscript,
    Superscript,
    Semicolon,
    Comma,
    /// `dx`, an atom of its own.
    Differential,
    Euler,
    Letter,
    CapitalE,
    Number,
    Scientific,
    Percent,
    Greek,
    Gamma,
    OtherSymbol,
    Infinity,
    Accent,
    /// A function of one argument; the text names it.
    Function,
    Degree,
    Transpose,
    Factorial,
    In,
    NotIn,
    Equals,
    Approximately,
    Less,
    AtMost,
    Greater,
    AtLeast,
    NotEqual,
    Union,
    Intersection,
    SetMinus,
    PlusMinus,
    EmptySet,
    Naturals,
    Integers,
    Rationals,
    Reals,
    Complexes,
    /// A word of the grammar that the native reader does not follow.
    Unread,
    /// A word of the grammar that no answer can contain.
    Misplaced,
}

/// The pairs of brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    Paren,
    VisualParen,
    Group,
    Brace,
    VisualBrace,
    BraceCommand,
    Square,
    SquareCommand,
}

/// A token and its place.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: Range<usize>,
}

/// Why a text has no tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unlexed {
    /// The upstream lexer refuses it too.
    Refused,
    TooLong,
}

/// Cuts a text into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Unlexed> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (kind, length) = next(&text[at..]).ok_or(Unlexed::Refused)?;
        if let Some(kind) = kind {
            tokens.push(Token { kind, at: at..at + length });
        }
        if tokens.len() > MOST_TOKENS {
            return Err(Unlexed::TooLong);
        }
        at += length;
    }
    Ok(tokens)
}

/// The next word and its length; a skipped word has no kind.
fn next(rest: &str) -> Option<(Option<Kind>, usize)> {
    let first = rest.chars().next()?;
    match first {
        ' ' | '\t' | '\r' | '\n' => Some((None, 1)),
        '0'..='9' | '.' => Some(number(rest)),
        '\\' => command(rest),
        '^' => Some(superscript(rest)),
        'a'..='z' | 'A'..='Z' => {
            let (kind, length) = letters(rest);
            Some((Some(kind), length))
        }
        _ if GREEK.contains(first) => {
            let length = first.len_utf8();
            Some((Some(Kind::Greek), length + usize::from(rest[length..].starts_with(' '))))
        }
        _ => longest(&SIGNS, rest).map(|(kind, length)| (Some(kind), length)),
    }
}

/// The longest entry that a text starts with; of equally long ones the first.
fn longest(table: &[(&str, Kind)], rest: &str) -> Option<(Kind, usize)> {
    let matching = table.iter().filter(|(word, _)| rest.starts_with(word));
    matching.fold(None, |best: Option<(Kind, usize)>, (word, kind)| match best {
        Some((_, length)) if length >= word.len() => best,
        _ => Some((*kind, word.len())),
    })
}

fn number(rest: &str) -> (Option<Kind>, usize) {
    let digits = |from: usize| {
        rest[from..].bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len() - from)
    };
    let whole = digits(0);
    let fraction = if rest[whole..].starts_with('.') { digits(whole + 1) } else { 0 };
    let end = if fraction > 0 { whole + 1 + fraction } else { whole };
    if end == 0 {
        return (Some(Kind::Misplaced), 1);
    }
    let after = &rest[end..];
    let unspaced = after.strip_prefix([' ', '\t', '\r', '\n']).unwrap_or(after);
    if let Some(tail) = unspaced.strip_prefix(r"\%").or_else(|| unspaced.strip_prefix('%')) {
        return (Some(Kind::Percent), rest.len() - tail.len());
    }
    if let Some(tail) = after.strip_prefix('E') {
        let tail = tail.strip_prefix(['+', '-']).unwrap_or(tail);
        let exponent = digits(rest.len() - tail.len());
        if exponent > 0 {
            return (Some(Kind::Scientific), rest.len() - tail.len() + exponent);
        }
    }
    (Some(Kind::Number), end)
}

fn superscript(rest: &str) -> (Option<Kind>, usize) {
    const DEGREES: [&str; 8] = [
        r"^\circle",
        r"^\circ",
        r"^\degree",
        "^°",
        r"^{\circ}",
        r"^{\degree}",
        r"^{\circle}",
        "^{°}",
    ];
    if let Some(word) = DEGREES.iter().find(|word| rest.starts_with(**word)) {
        return (Some(Kind::Degree), word.len());
    }
    match ["^{T}", "^T"].iter().find(|word| rest.starts_with(**word)) {
        Some(word) => (Some(Kind::Transpose), word.len()),
        None => (Some(Kind::Superscript), 1),
    }
}

fn letters(rest: &str) -> (Kind, usize) {
    if let Some(length) = differential(rest) {
        let name =
            NAMES.iter().filter(|name| rest.starts_with(**name)).map(|name| name.len()).max();
        return match name {
            Some(name) if name > length => (Kind::Misplaced, name),
            _ => (Kind::Differential, length),
        };
    }
    if let Some(length) =
        NAMES.iter().filter(|name| rest.starts_with(**name)).map(|name| name.len()).max()
    {
        return (Kind::Misplaced, length);
    }
    match rest.as_bytes()[0] {
        b'e' => (Kind::Euler, 1),
        b'E' => (Kind::CapitalE, 1),
        _ => (Kind::Letter, 1),
    }
}

/// The length of `d x` or `d\theta`.
fn differential(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('d')?.trim_start_matches([' ', '\t', '\r', '\n']);
    if after.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Some(rest.len() - after.len() + 1);
    }
    let name = after.strip_prefix('\\')?;
    let tail = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    (tail.len() < name.len()).then(|| rest.len() - tail.len())
}

fn command(rest: &str) -> Option<(Option<Kind>, usize)> {
    const SKIPPED: [&str; 14] = [
        r"\,",
        r"\:",
        r"\;",
        r"\!",
        r"\$",
        r"\thinspace",
        r"\medspace",
        r"\thickspace",
        r"\quad",
        r"\qquad",
        r"\negthinspace",
        r"\negmedspace",
        r"\negthickspace",
        r"\vspace",
    ];
    if let Some(length) = longest_of(&SKIPPED, rest) {
        return Some((None, length));
    }
    if let Some(length) = array_start(rest) {
        return Some((Some(Kind::MatrixStart), length));
    }
    if rest.starts_with(r"\end{array}") {
        return Some((Some(Kind::MatrixEnd), r"\end{array}".len()));
    }
    let space = |length: usize| length + usize::from(rest[length..].starts_with(' '));
    let word = longest(&SYMBOLS, rest).map(|(kind, length)| match kind {
        Kind::OtherSymbol => (kind, space(length)),
        Kind::Infinity => (kind, length + percent_sign(&rest[length..])),
        _ => (kind, length),
    });
    let greek = longest_of(&GREEK_COMMANDS, rest).map(|length| (Kind::Greek, space(length)));
    let accent = accent(rest).map(|length| (Kind::Accent, length));
    // The lexer prefers the longest word, then the one that the grammar names first.
    let best = [word, greek, accent].into_iter().flatten().rev().max_by_key(|(_, length)| *length);
    best.map(|(kind, length)| (Some(kind), length))
}

/// The length of the longest word that a text starts with.
fn longest_of(words: &[&str], rest: &str) -> Option<usize> {
    words.iter().filter(|word| rest.starts_with(**word)).map(|word| word.len()).max()
}

/// The length of a command with the group after it, such as `\text{cm}`.
fn accent(rest: &str) -> Option<usize> {
    let lengths = ACCENTS.iter().filter_map(|word| {
        let after = rest.strip_prefix(word)?;
        let after = after.strip_prefix([' ', '\t', '\n', '\r']).unwrap_or(after);
        let inside = after.strip_prefix('{')?;
        Some(rest.len() - inside.len() + inside.find('}')? + 1)
    });
    lengths.max()
}

/// The length of `\begin{array}{cc}`.
fn array_start(rest: &str) -> Option<usize> {
    let columns = rest.strip_prefix(r"\begin{array}{")?;
    let tail = columns.trim_start_matches(['c', 'l', 'r']).strip_prefix('}')?;
    Some(rest.len() - tail.len())
}

fn percent_sign(rest: &str) -> usize {
    match rest {
        _ if rest.starts_with(r"\%") => 2,
        _ if rest.starts_with('%') => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found = tokens(text).unwrap();
        let found: Vec<&str> = found.into_iter().map(|token| &text[token.at]).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn words_are_the_longest() {
        check("12.5x", &["12.5", "x"]);
        check(r"\infty5", &[r"\infty", "5"]);
        check(r"x\leq3", &["x", r"\leq", "3"]);
        check("dx", &["dx"]);
        check(r"15 \%", &[r"15 \%"]);
        check("1.5E-3", &["1.5E-3"]);
        check(r"90^\circ", &["90", r"^\circ"]);
        check(r"\text{a b} + \mathbb{R}", &[r"\text{a b}", "+", r"\mathbb{R}"]);
        check(r"\alpha x", &[r"\alpha ", "x"]);
        check("true", &["tr", "u", "e"]);
        check(r"\{\}", &[r"\{\}"]);
    }

    #[test]
    fn unknown_words_are_refused() {
        assert_eq!(tokens(r"\foo").unwrap_err(), Unlexed::Refused);
        assert_eq!(tokens("８").unwrap_err(), Unlexed::Refused);
        assert_eq!(tokens(&"{".repeat(100_000)).unwrap_err(), Unlexed::TooLong);
    }
}
