//! One logical line of Python source, found without parsing it: the lexical rules of the Python
//! 3.11 reference, section 2.1, and of `CPython` 3.11 `Parser/tokenizer.c`. An f-string is a plain
//! string here, as it was before PEP 701.

/// Brackets that may be open at once (`MAXLEVEL` of `Parser/tokenizer.h`).
const MAX_OPEN: usize = 200;

/// How deeply operators may nest in one logical line. From about 3,000 levels on, `ast.parse` of
/// `CPython` 3.11 raises `RecursionError` or `MemoryError`.
const MAX_NESTING: usize = 3_000;

/// The columns after which a tab stops (`TABSIZE` of `Parser/tokenizer.h`).
const TAB_SIZE: usize = 8;

/// The depth of a logical line under both tab sizes that `CPython` compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Indent {
    /// The column with a tab stop every eight columns.
    pub column: usize,
    /// The column with a tab counted as one space. Two lines whose order differs between the
    /// columns mix tabs and spaces, which is a `TabError`.
    pub alternative: usize,
}

/// What begins at a byte of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// White space and perhaps a comment.
    Blank(After),
    /// A logical line, which no parser has seen yet.
    Line(Line<'a>, After),
    /// No logical line can be made: a string or bracket stays open, or brackets do not match.
    Broken,
}

/// What follows an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct After {
    /// The byte after the newline that ends the item; `None` where the source ends.
    pub next: Option<usize>,
    /// Whether a source could end here, which it cannot right after a continued line.
    pub may_end: bool,
}

/// The text of a logical line without its indentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub indent: Indent,
    /// Where the text begins in the source.
    pub start: usize,
    pub text: &'a str,
    /// Whether the last token is a colon, after which a block may follow.
    pub ends_in_colon: bool,
}

/// Reads the logical line that begins at a byte, which must be the start of a line.
pub(super) fn item(source: &str, start: usize) -> Item<'_> {
    let mut scanner = Scanner::new(source.as_bytes(), start);
    match scanner.indent() {
        None => Item::Broken,
        Some((_, Opening::Blank)) => Item::Blank(scanner.after()),
        Some((indent, Opening::Code)) => {
            let start = scanner.at;
            if source[start..].starts_with('\u{feff}') || scanner.logical_line().is_none() {
                return Item::Broken;
            }
            let text = &source[start..scanner.at];
            let ends_in_colon = scanner.last == b':';
            Item::Line(Line { indent, start, text, ends_in_colon }, scanner.after())
        }
    }
}

enum Opening {
    Blank,
    Code,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the last continued line went on.
    continued_at: Option<usize>,
    /// The last byte of the last token.
    last: u8,
    /// The open brackets, each with the nesting outside it and the deepest so far inside.
    open: Vec<(u8, usize, usize)>,
    /// The nesting since the last comma at this level.
    nesting: usize,
    /// Whether there was an f-string. Its expressions may hold its own quotes for the parser, so that
    /// from there on nothing is known to be a plain text.
    has_formatted: bool,
}

impl<'a> Scanner<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            continued_at: None,
            last: 0,
            open: Vec::new(),
            nesting: 0,
            has_formatted: false,
        }
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The length of the newline at a byte: `\n`, `\r\n` or `\r`, as `CPython` translates them.
    fn newline_at(&self, at: usize) -> Option<usize> {
        match (self.bytes.get(at)?, self.bytes.get(at + 1)) {
            (b'\r', Some(b'\n')) => Some(2),
            (b'\r' | b'\n', _) => Some(1),
            _ => None,
        }
    }

    fn after(&self) -> After {
        After {
            next: self.newline_at(self.at).map(|length| self.at + length),
            may_end: self.continued_at != Some(self.at),
        }
    }

    /// Steps over indentation and a comment on a line of its own.
    fn indent(&mut self) -> Option<(Indent, Opening)> {
        let mut indent = Indent::default();
        let mut before_continuation: Option<Indent> = None;
        loop {
            match self.byte() {
                Some(b' ') => {
                    indent.column += 1;
                    indent.alternative += 1;
                }
                Some(b'\t') => {
                    indent.column = (indent.column / TAB_SIZE + 1) * TAB_SIZE;
                    indent.alternative += 1;
                }
                Some(b'\x0c') => indent = Indent::default(),
                Some(b'\\') => {
                    // Only the first line of a continued indentation counts, if it has any.
                    if indent.column > 0 {
                        before_continuation.get_or_insert(indent);
                    }
                    self.continuation()?;
                    continue;
                }
                Some(b'#') => {
                    self.comment()?;
                    return Some((indent, Opening::Blank));
                }
                None | Some(b'\n' | b'\r') => return Some((indent, Opening::Blank)),
                Some(_) => return Some((before_continuation.unwrap_or(indent), Opening::Code)),
            }
            self.at += 1;
        }
    }

    /// Steps over a comment. `CPython` accepts a zero byte nowhere.
    fn comment(&mut self) -> Option<()> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let length = length.unwrap_or(rest.len());
        self.at += length;
        (!rest[..length].contains(&b'\0')).then_some(())
    }

    /// Steps over a backslash and its newline, after which the source must go on.
    fn continuation(&mut self) -> Option<()> {
        self.at = self.at + 1 + self.newline_at(self.at + 1)?;
        self.continued_at = Some(self.at);
        (self.at < self.bytes.len()).then_some(())
    }

    /// Steps to the end of the logical line.
    fn logical_line(&mut self) -> Option<()> {
        while let Some(byte) = self.byte() {
            match byte {
                b'\n' | b'\r' if self.open.is_empty() => return Some(()),
                b'\0' => return None,
                b'#' => {
                    self.comment()?;
                    continue;
                }
                b'\\' => {
                    self.continuation()?;
                    continue;
                }
                b'"' | b'\'' => {
                    self.string(byte)?;
                    continue;
                }
                _ if byte.is_ascii_alphabetic() || byte == b'_' => {
                    self.word();
                    continue;
                }
                b'(' | b'[' | b'{' => self.open(byte)?,
                b')' | b']' | b'}' => self.close(byte)?,
                b',' | b';' => self.restart(),
                _ if is_operator(byte) => self.nest(1)?,
                _ => {}
            }
            if !is_space(byte) {
                self.last = byte;
            }
            self.at += 1;
        }
        self.open.is_empty().then_some(())
    }

    fn nest(&mut self, levels: usize) -> Option<()> {
        self.nesting += levels;
        (self.nesting <= MAX_NESTING).then_some(())
    }

    /// What follows a comma nests from where its bracket opened.
    fn restart(&mut self) {
        if self.has_formatted {
            return;
        }
        self.nesting = self.open.last_mut().map_or(0, |(_, outside, deepest)| {
            *deepest = self.nesting.max(*deepest);
            *outside
        });
    }

    fn open(&mut self, bracket: u8) -> Option<()> {
        self.nest(1)?;
        self.open.push((bracket, self.nesting, self.nesting));
        (self.open.len() <= MAX_OPEN).then_some(())
    }

    fn close(&mut self, bracket: u8) -> Option<()> {
        let (opened, _, deepest) = self.open.pop()?;
        // What follows may nest around the bracket.
        self.nesting = self.nesting.max(deepest);
        matches!((opened, bracket), (b'(', b')') | (b'[', b']') | (b'{', b'}')).then_some(())
    }

    /// Steps over a name, number or keyword; some keywords are operators.
    fn word(&mut self) {
        let rest = &self.bytes[self.at..];
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        if matches!(&rest[..length], b"not" | b"lambda" | b"else" | b"await" | b"yield") {
            // Too deep a nest of these is noticed at the next operator or by the parser's limit.
            self.nesting += 1;
        }
        self.last = b'a';
        self.at += length;
    }

    /// Steps over a string. A backslash keeps the next character from ending it, in raw strings
    /// too.
    fn string(&mut self, quote: u8) -> Option<()> {
        self.has_formatted |= self.is_formatted();
        let is_triple = self.bytes[self.at..].starts_with(&[quote; 3]);
        let fence: &[u8] = if is_triple { &[quote; 3] } else { &[quote] };
        self.at += fence.len();
        let mut levels = 0;
        loop {
            let byte = self.byte()?;
            if self.bytes[self.at..].starts_with(fence) {
                self.at += fence.len();
                self.last = quote;
                return if self.has_formatted { self.nest(levels) } else { Some(()) };
            }
            match byte {
                b'\\' => self.at += 1 + self.newline_at(self.at + 1).unwrap_or(1),
                b'\0' => return None,
                b'\n' | b'\r' if !is_triple => return None,
                _ => {
                    levels += usize::from(is_operator(byte) || matches!(byte, b'(' | b'[' | b'{'));
                    self.at += 1;
                }
            }
        }
    }

    /// Whether the prefix of the string here makes it an f-string, or a t-string of later versions.
    fn is_formatted(&self) -> bool {
        let is_marker = |byte: &u8| matches!(byte, b'f' | b'F' | b't' | b'T');
        match &self.bytes[..self.at] {
            [.., marker, b'r' | b'R'] | [.., marker] => is_marker(marker),
            [] => false,
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\x0c' | b'\n' | b'\r')
}

fn is_operator(byte: u8) -> bool {
    b"+-*/%@&|^~<>=!.:".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of the logical lines, with `!` where the source is broken.
    fn check(source: &str, expected: &[&str]) {
        let mut found = Vec::new();
        let mut at = Some(0);
        while let Some(start) = at {
            at = match item(source, start) {
                Item::Blank(after) => after.next,
                Item::Line(line, after) => {
                    found.push(line.text);
                    after.next
                }
                Item::Broken => {
                    found.push("!");
                    None
                }
            };
        }
        assert_eq!(found, expected, "{source:?}");
    }

    #[test]
    fn lines_end_outside_brackets_and_strings() {
        check("a\nb", &["a", "b"]);
        check("a\r\nb\rc", &["a", "b", "c"]);
        check("\n# c\n  a # d\n", &["a # d"]);
        check("f(1,\n2)\nb", &["f(1,\n2)", "b"]);
        check("a = '''\n(\n'''\nb", &["a = '''\n(\n'''", "b"]);
        check("a \\\n b\nc", &["a \\\n b", "c"]);
        check(r"a = 'it\'s'", &[r"a = 'it\'s'"]);
        check("f( # )\n)", &["f( # )\n)"]);
    }

    #[test]
    fn open_ends_break() {
        for source in ["(", "a]", "(]", "'", "'a\n'", "'''a", "\"\\", "a\\", "a \\\n", "\\\n", "\0"]
        {
            check(source, &["!"]);
        }
        check(&"(".repeat(100_000), &["!"]);
        check(&format!("{}1", "-".repeat(100_000)), &["!"]);
        check(&format!("x = f'{{x{}}}'", ".y".repeat(5_000)), &["!"]);
        check(&format!("x = {{f'{{''{}'}}", ".y".repeat(5_000)), &["!"]);
        let left = format!("{}1{}", "(".repeat(150), format!("{})", "+1".repeat(100)).repeat(150));
        check(&left, &["!"]);
        let flat = format!("x = [{}]", "(1.5, -2), ".repeat(5_000));
        check(&flat, &[&flat]);
    }

    #[test]
    fn indents_count_tabs_twice() {
        for (source, column, alternative) in
            [("a", 0, 0), ("  a", 2, 2), ("\ta", 8, 1), ("   \ta", 8, 4), ("  \x0c a", 1, 1)]
        {
            let Item::Line(line, _) = item(source, 0) else { panic!("{source:?}") };
            assert_eq!(line.indent, Indent { column, alternative }, "{source:?}");
        }
    }

    #[test]
    fn colons_end_headers() {
        for (source, expected) in
            [("if a:", true), ("if a: # b", true), ("a = ':'", false), ("if a: b", false)]
        {
            let Item::Line(line, _) = item(source, 0) else { panic!("{source:?}") };
            assert_eq!(line.ends_in_colon, expected, "{source:?}");
        }
    }
}
