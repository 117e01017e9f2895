//! The kinds of rewrites that tokenising consists of.

use super::super::python::text;

/// Characters of which a rewrite needs one.
#[derive(Clone, Copy)]
pub(super) enum Sign {
    NotAscii = 1,
    Backtick = 1 << 1,
    Quote = 1 << 2,
    Apostrophe = 1 << 3,
    BacktickOrQuote = 1 << 1 | 1 << 2,
    AnyQuote = 1 << 2 | 1 << 3,
    Period = 1 << 4,
    Separator = 1 << 5,
    Symbol = 1 << 6,
    Mark = 1 << 7,
    Star = 1 << 8,
    Bracket = 1 << 9,
    Hyphen = 1 << 10,
}

/// The signs that a text has.
#[derive(Clone, Copy)]
pub(super) struct Signs(u16);

/// The sign of each byte.
const SIGNS: [u16; 256] = {
    let mut signs = [0; 256];
    let mut byte = 0_u8;
    loop {
        signs[byte as usize] = match byte {
            128.. => Sign::NotAscii as u16,
            b'`' => Sign::Backtick as u16,
            b'"' => Sign::Quote as u16,
            b'\'' => Sign::Apostrophe as u16,
            b'.' => Sign::Period as u16,
            b':' | b',' => Sign::Separator as u16,
            b';' | b'@' | b'#' | b'$' | b'%' | b'&' => Sign::Symbol as u16,
            b'?' | b'!' => Sign::Mark as u16,
            b'*' => Sign::Star as u16,
            b'[' | b']' | b'(' | b')' | b'{' | b'}' | b'<' | b'>' => Sign::Bracket as u16,
            b'-' => Sign::Hyphen as u16,
            _ => 0,
        };
        if byte == u8::MAX {
            break signs;
        }
        byte += 1;
    }
};

impl Signs {
    pub(super) fn of(text: &str) -> Self {
        Self(text.bytes().fold(0, |signs, byte| signs | SIGNS[usize::from(byte)]))
    }

    pub(super) fn has(self, sign: Sign) -> bool {
        self.0 & sign as u16 != 0
    }
}

/// One rewrite, with upstream's pattern and what it becomes.
pub(super) enum Rewrite {
    /// `([…])` becomes ` \1 `.
    Around(&'static [char]),
    /// `(x{n,})` becomes ` \1 `.
    AroundRuns { mark: char, shortest: usize },
    /// Each of a literal.
    Each { found: &'static str, becomes: &'static str },
    /// `^"` becomes two backticks.
    QuoteAtStart,
    /// `([ \(\[{<])("|\'{2})` becomes `\1` and two backticks with blanks around them.
    QuoteAfterOpening,
    /// `(?i)(\')(?!re|ve|ll|m|t|s|d|n)(\w)\b` becomes `\1 \2`.
    ApostropheBeforeLetter,
    /// `([^\.])(\.)([…]*)\s*$` becomes `\1 \2`, the gap, `\3 `.
    FinalPeriod { closing: &'static [char], gap: &'static str },
    /// `([:,])([^\d])` becomes ` \1 \2`.
    Separators,
    /// `([:,])$` becomes ` \1 `.
    FinalSeparator,
    /// `([^'])' ` becomes `\1 ' `.
    ClosingApostrophe,
    /// `([^' ])('[sS]|'[mM]|'[dD]|') ` becomes `\1 \2 `.
    ShortClitics,
    /// `([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ` becomes `\1 \2 `.
    LongClitics,
}

impl Rewrite {
    /// Copies the text up to the end of the last match, rewritten, and returns that end.
    pub(super) fn apply(&self, text: &str, out: &mut String) -> usize {
        match *self {
            Self::Around(chars) => around(text, chars, out),
            Self::AroundRuns { mark, shortest } => around_runs(text, mark, shortest, out),
            Self::Each { found, becomes } => each(text, found, becomes, out),
            Self::QuoteAtStart => quote_at_start(text, out),
            Self::QuoteAfterOpening => quote_after_opening(text, out),
            Self::ApostropheBeforeLetter => apostrophe_before_letter(text, out),
            Self::FinalPeriod { closing, gap } => final_period(text, closing, gap, out),
            Self::Separators => separators(text, out),
            Self::FinalSeparator => final_separator(text, out),
            Self::ClosingApostrophe => closing_apostrophe(text, out),
            Self::ShortClitics => clitics(text, short_clitic, out),
            Self::LongClitics => clitics(text, long_clitic, out),
        }
    }
}

fn around(text: &str, chars: &[char], out: &mut String) -> usize {
    let mut copied = 0;
    for (at, found) in text.match_indices(chars) {
        out.extend([&text[copied..at], " ", found, " "]);
        copied = at + found.len();
    }
    copied
}

fn around_runs(text: &str, mark: char, shortest: usize, out: &mut String) -> usize {
    let mut copied = 0;
    let mut from = 0;
    while let Some(offset) = text[from..].find(mark) {
        let start = from + offset;
        let rest = &text[start..];
        let length = rest.len() - rest.trim_start_matches(mark).len();
        from = start + length;
        if length >= shortest {
            out.extend([&text[copied..start], " ", &text[start..from], " "]);
            copied = from;
        }
    }
    copied
}

fn each(text: &str, found: &str, becomes: &str, out: &mut String) -> usize {
    let mut copied = 0;
    for (at, _) in text.match_indices(found) {
        out.extend([&text[copied..at], becomes]);
        copied = at + found.len();
    }
    copied
}

fn quote_at_start(text: &str, out: &mut String) -> usize {
    let is_quoted = text.starts_with('"');
    if is_quoted {
        out.push_str("``");
    }
    usize::from(is_quoted)
}

fn quote_after_opening(text: &str, out: &mut String) -> usize {
    let mut copied = 0;
    for (at, quote) in text.match_indices(['"', '\'']) {
        let length = if quote == "\"" { 1 } else { 2 };
        let is_quote = length == 1 || text[at..].starts_with("''");
        let before = text.get(copied..at).unwrap_or("");
        if is_quote && before.ends_with([' ', '(', '[', '{', '<']) {
            out.extend([before, " `` "]);
            copied = at + length;
        }
    }
    copied
}

fn apostrophe_before_letter(text: &str, out: &mut String) -> usize {
    let mut copied = 0;
    for (at, _) in text.match_indices('\'') {
        let mut after = text[at + 1..].chars();
        let is_lone_word = after.next().is_some_and(|next| {
            let is_clitic = matches!(next.to_ascii_lowercase(), 'm' | 't' | 's' | 'd' | 'n' | 'ſ');
            text::is_word(next) && !is_clitic && !after.next().is_some_and(text::is_word)
        });
        if is_lone_word {
            out.extend([&text[copied..=at], " "]);
            copied = at + 1;
        }
    }
    copied
}

/// The pattern can only match at the last period, as no other may follow.
fn final_period(text: &str, closing: &[char], gap: &str, out: &mut String) -> usize {
    let Some(at) = text.rfind('.') else { return 0 };
    let rest = &text[at + 1..];
    let blanks = rest.trim_start_matches(closing);
    let is_after_another = text[..at].chars().next_back().is_some_and(|before| before != '.');
    if !is_after_another || !text::is_blank(blanks) {
        return 0;
    }
    out.extend([&text[..at], " .", gap, &rest[..rest.len() - blanks.len()], " "]);
    text.len()
}

fn separators(text: &str, out: &mut String) -> usize {
    let mut copied = 0;
    for (at, separator) in text.match_indices([':', ',']) {
        let Some(next) = text[at + 1..].chars().next() else { break };
        if at >= copied && !text::is_decimal(next) {
            let end = at + 1 + next.len_utf8();
            out.extend([&text[copied..at], " ", separator, " ", &text[at + 1..end]]);
            copied = end;
        }
    }
    copied
}

/// A line feed at the end counts for nothing.
fn final_separator(text: &str, out: &mut String) -> usize {
    let (line, end) = text.strip_suffix('\n').map_or((text, ""), |line| (line, "\n"));
    if !line.ends_with([':', ',']) {
        return 0;
    }
    let (before, separator) = line.split_at(line.len() - 1);
    out.extend([before, " ", separator, " ", end]);
    text.len()
}

fn closing_apostrophe(text: &str, out: &mut String) -> usize {
    let mut copied = 0;
    for (at, found) in text.match_indices("' ") {
        let before = &text[copied..at];
        if before.chars().next_back().is_some_and(|before| before != '\'') {
            out.extend([before, " ' "]);
            copied = at + found.len();
        }
    }
    copied
}

/// Puts a blank before each clitic: where it starts and its length, for an apostrophe.
fn clitics(
    text: &str,
    clitic: fn(&str, &str) -> Option<(usize, usize)>,
    out: &mut String,
) -> usize {
    let mut copied = 0;
    for (at, _) in text.match_indices('\'') {
        let Some((n_before, length)) = clitic(&text[..at], &text[at + 1..]) else { continue };
        let (start, end) = (at - n_before, at - n_before + length);
        let before = text.get(copied..start).unwrap_or("");
        if before.chars().next_back().is_some_and(|before| !matches!(before, '\'' | ' ')) {
            out.extend([before, " ", &text[start..end], " "]);
            copied = end + 1;
        }
    }
    copied
}

fn short_clitic(_: &str, after: &str) -> Option<(usize, usize)> {
    let rest = after.strip_prefix(['s', 'S', 'm', 'M', 'd', 'D']).unwrap_or(after);
    rest.starts_with(' ').then_some((0, 1 + after.len() - rest.len()))
}

fn long_clitic(before: &str, after: &str) -> Option<(usize, usize)> {
    let (first, rest) = after.split_at_checked(2)?;
    match first {
        "ll" | "LL" | "re" | "RE" | "ve" | "VE" if rest.starts_with(' ') => Some((0, 3)),
        "t " if before.ends_with('n') => Some((1, 3)),
        "T " if before.ends_with('N') => Some((1, 3)),
        _ => None,
    }
}
