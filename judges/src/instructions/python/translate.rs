//! From the syntax of Python's `re` to that of `fancy_regex`, with Python's classes spelt out.
//!
//! Source: `CPython` 3.11, `Lib/re/_parser.py` and `Lib/re/_casefix.py`.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::LazyLock;

use super::text;

/// How a pattern is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `re.IGNORECASE`.
    IgnoringCase,
    /// No flag.
    KeepingCase,
}

const WORD: &str = r"\p{L}\p{N}_";
const SPACE: &str =
    r"\t-\r\x1c-\x20\x85\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}";

/// Characters that `re.IGNORECASE` takes for one another beyond their lower case
/// (`_EXTRA_CASES` in `Lib/re/_casefix.py`).
const SAME_CASE: [&[char]; 24] = [
    &['i', '\u{131}'],
    &['s', '\u{17f}'],
    &['\u{b5}', '\u{3bc}'],
    &['\u{345}', '\u{3b9}', '\u{1fbe}'],
    &['\u{390}', '\u{1fd3}'],
    &['\u{3b0}', '\u{1fe3}'],
    &['\u{3b2}', '\u{3d0}'],
    &['\u{3b5}', '\u{3f5}'],
    &['\u{3b8}', '\u{3d1}'],
    &['\u{3ba}', '\u{3f0}'],
    &['\u{3c0}', '\u{3d6}'],
    &['\u{3c1}', '\u{3f1}'],
    &['\u{3c2}', '\u{3c3}'],
    &['\u{3c6}', '\u{3d5}'],
    &['\u{432}', '\u{1c80}'],
    &['\u{434}', '\u{1c81}'],
    &['\u{43e}', '\u{1c82}'],
    &['\u{441}', '\u{1c83}'],
    &['\u{442}', '\u{1c84}', '\u{1c85}'],
    &['\u{44a}', '\u{1c86}'],
    &['\u{463}', '\u{1c87}'],
    &['\u{a64b}', '\u{1c88}'],
    &['\u{1e61}', '\u{1e9b}'],
    &['\u{fb05}', '\u{fb06}'],
];

/// Capitals by their simple lower case.
static CAPITALS: LazyLock<HashMap<char, Vec<char>>> = LazyLock::new(|| {
    let mut capitals: HashMap<char, Vec<char>> = HashMap::new();
    // No character beyond has a lower case.
    for c in '\0'..='\u{1ffff}' {
        let lower = text::simple_lower(c);
        if lower != c {
            capitals.entry(lower).or_default().push(c);
        }
    }
    capitals
});

/// The lower-case characters that stand for `c` when case is ignored.
pub(super) fn folded(c: char) -> Vec<char> {
    let lower = text::simple_lower(c);
    let same = SAME_CASE.iter().find(|group| group.contains(&lower));
    same.map_or_else(|| vec![lower], |group| group.to_vec())
}

/// Every character that matches `c`.
fn variants(c: char, mode: Mode) -> Vec<char> {
    if mode == Mode::KeepingCase {
        return vec![c];
    }
    let mut variants = folded(c);
    for index in 0..variants.len() {
        variants.extend(CAPITALS.get(&variants[index]).into_iter().flatten());
    }
    variants
}

fn push_code(out: &mut String, c: char) {
    let _ = write!(out, r"\x{{{:x}}}", u32::from(c));
}

/// Translates a Python pattern to the syntax of `fancy_regex`. The error is Python's complaint in a
/// few words.
pub(super) fn translate(source: &str, mode: Mode) -> Result<String, String> {
    let mut translator = Translator {
        source: source.chars().collect(),
        at: 0,
        mode,
        dot_all: false,
        multiline: false,
        out: String::new(),
        last: Last::Nothing,
        outer: Vec::new(),
    };
    translator.run()?;
    Ok(translator.out)
}

/// What stands before the place of a repetition sign.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    Nothing,
    Item,
    Repetition,
}

struct Translator {
    source: Vec<char>,
    at: usize,
    mode: Mode,
    dot_all: bool,
    multiline: bool,
    out: String,
    last: Last,
    /// The flags outside each open group.
    outer: Vec<(Mode, bool, bool)>,
}

impl Translator {
    fn run(&mut self) -> Result<(), String> {
        while let Some(c) = self.next() {
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                ')' => {
                    (self.mode, self.dot_all, self.multiline) =
                        self.outer.pop().ok_or("unbalanced parenthesis")?;
                    self.item(")");
                }
                '|' => {
                    self.anchor("|");
                }
                '^' => self.anchor(if self.multiline { "(?m:^)" } else { r"\A" }),
                '$' => self.anchor(if self.multiline { "(?m:$)" } else { r"(?=\n?\z)" }),
                '.' if self.dot_all => self.item("(?s:.)"),
                '.' => self.item(r"[^\n]"),
                '*' | '+' | '?' => self.repetition(&c.to_string())?,
                '{' => self.braces()?,
                _ => self.literal(c),
            }
        }
        if self.outer.is_empty() {
            Ok(())
        } else {
            Err("missing ), unterminated subpattern".into())
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.source.get(self.at).copied();
        self.at += usize::from(c.is_some());
        c
    }

    fn take(&mut self, expected: &str) -> bool {
        let expected: Vec<char> = expected.chars().collect();
        let found = self.source[self.at..].starts_with(&expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    fn item(&mut self, regex: &str) {
        self.out.push_str(regex);
        self.last = Last::Item;
    }

    fn anchor(&mut self, regex: &str) {
        self.out.push_str(regex);
        self.last = Last::Nothing;
    }

    fn literal(&mut self, c: char) {
        let mut regex = String::from("[");
        for variant in variants(c, self.mode) {
            push_code(&mut regex, variant);
        }
        regex.push(']');
        self.item(&regex);
    }

    fn repetition(&mut self, sign: &str) -> Result<(), String> {
        match self.last {
            Last::Nothing => return Err("nothing to repeat".into()),
            Last::Repetition => return Err("multiple repeat".into()),
            Last::Item => {}
        }
        self.out.push_str(sign);
        if self.take("?") {
            self.out.push('?');
        } else if self.take("+") {
            self.out.push('+');
        }
        self.last = Last::Repetition;
        Ok(())
    }

    /// `{m}`, `{m,}`, `{,n}`, `{m,n}`, or a brace that stands for itself.
    fn braces(&mut self) -> Result<(), String> {
        let rest = &self.source[self.at..];
        let body: String = rest.iter().take_while(|c| **c != '}').collect();
        let is_bound = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (low, high) = body.split_once(',').unwrap_or((&body, &body));
        let is_repetition = body.chars().count() < rest.len()
            && !body.is_empty()
            && is_bound(low)
            && is_bound(high);
        if !is_repetition {
            self.literal('{');
            return Ok(());
        }
        self.at += body.chars().count() + 1;
        let low = if low.is_empty() { "0" } else { low };
        if body.contains(',') {
            self.repetition(&format!("{{{low},{high}}}"))
        } else {
            self.repetition(&format!("{{{low}}}"))
        }
    }

    fn group(&mut self) -> Result<(), String> {
        let outer = (self.mode, self.dot_all, self.multiline);
        if !self.take("?") {
            self.open(outer, "(");
            return Ok(());
        }
        for opening in [":", "=", "!", "<=", "<!", ">"] {
            if self.take(opening) {
                self.open(outer, &format!("(?{opening}"));
                return Ok(());
            }
        }
        if self.take("#") {
            while self.next().ok_or("missing ), unterminated comment")? != ')' {}
            return Ok(());
        }
        if self.take("P<") {
            let name = self.until('>')?;
            self.open(outer, &format!("(?P<{name}>"));
            return Ok(());
        }
        if self.take("P=") {
            let name = self.until(')')?;
            self.item(&format!("(?P={name})"));
            return Ok(());
        }
        if self.take("(") {
            let name = self.until(')')?;
            self.open(outer, &format!("(?({name})"));
            return Ok(());
        }
        self.flags(outer)
    }

    fn open(&mut self, outer: (Mode, bool, bool), regex: &str) {
        self.outer.push(outer);
        self.anchor(regex);
    }

    fn until(&mut self, end: char) -> Result<String, String> {
        let mut name = String::new();
        loop {
            match self.next() {
                Some(c) if c == end => return Ok(name),
                Some(c) => name.push(c),
                None => return Err(format!("missing {end}, unterminated name")),
            }
        }
    }

    /// `(?i)` at the start of the pattern, or `(?i-s:…)` anywhere.
    fn flags(&mut self, outer: (Mode, bool, bool)) -> Result<(), String> {
        let is_start = self.at == 2;
        let mut is_on = true;
        loop {
            match self.next().ok_or("unexpected end of pattern")? {
                '-' => is_on = false,
                'i' if is_on => self.mode = Mode::IgnoringCase,
                'i' => self.mode = Mode::KeepingCase,
                's' => self.dot_all = is_on,
                'm' => self.multiline = is_on,
                'u' => {}
                ':' => {
                    self.open(outer, "(?:");
                    return Ok(());
                }
                ')' if is_start => return Ok(()),
                ')' => return Err("global flags not at the start of the expression".into()),
                c => return Err(format!("unsupported flag {c}")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), String> {
        let c = self.next().ok_or("bad escape (end of pattern)")?;
        match c {
            'b' => {
                let regex = format!("(?:(?<=[{WORD}])(?![{WORD}])|(?<![{WORD}])(?=[{WORD}]))");
                self.anchor(&regex);
            }
            'B' => self.anchor(&format!("(?:(?<=[{WORD}])(?=[{WORD}])|(?<![{WORD}])(?![{WORD}]))")),
            'A' => self.anchor(r"\A"),
            'Z' => self.anchor(r"\z"),
            '1'..='9' => {
                let mut number = c.to_string();
                if self.source.get(self.at).is_some_and(char::is_ascii_digit) {
                    number.extend(self.next());
                }
                let ignore = if self.mode == Mode::IgnoringCase { "i" } else { "" };
                self.item(&format!(r"(?{ignore}:\{number})"));
            }
            _ => {
                if let Some(class) = class_escape(c) {
                    self.item(&format!("[{class}]"));
                } else {
                    let c = self.character_escape(c)?;
                    self.literal(c);
                }
            }
        }
        Ok(())
    }

    /// An escape that stands for one character.
    fn character_escape(&mut self, c: char) -> Result<char, String> {
        Ok(match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'a' => '\u{7}',
            '0' => self.number(8, 2)?,
            'x' => self.exact_number(2)?,
            'u' => self.exact_number(4)?,
            'U' => self.exact_number(8)?,
            _ if c.is_ascii_alphanumeric() => return Err(format!("bad escape \\{c}")),
            _ => c,
        })
    }

    fn exact_number(&mut self, n_digits: usize) -> Result<char, String> {
        let start = self.at;
        let c = self.number(16, n_digits)?;
        if self.at - start == n_digits { Ok(c) } else { Err("incomplete escape".into()) }
    }

    fn number(&mut self, radix: u32, most: usize) -> Result<char, String> {
        let mut value = 0_u32;
        for _ in 0..most {
            let digit = self.source.get(self.at).and_then(|c| c.to_digit(radix));
            let Some(digit) = digit else { break };
            value = value.wrapping_mul(radix).wrapping_add(digit);
            self.at += 1;
        }
        char::from_u32(value).ok_or_else(|| "bad escape".into())
    }

    fn class(&mut self) -> Result<(), String> {
        let mut regex = String::from("[");
        if self.take("^") {
            regex.push('^');
        }
        let start = self.at;
        loop {
            let c = self.next().ok_or("unterminated character set")?;
            if c == ']' && self.at > start + 1 {
                break;
            }
            let Some(low) = self.class_member(c, &mut regex)? else { continue };
            let is_range = self.source.get(self.at) == Some(&'-')
                && self.source.get(self.at + 1).is_some_and(|c| *c != ']');
            if !is_range {
                for c in variants(low, self.mode) {
                    push_code(&mut regex, c);
                }
                continue;
            }
            self.at += 1;
            let c = self.next().ok_or("unterminated character set")?;
            let high = self.class_member(c, &mut regex)?.ok_or("bad character range")?;
            self.range(low, high, &mut regex)?;
        }
        regex.push(']');
        self.item(&regex);
        Ok(())
    }

    /// A single character of a class, or `None` where it was a class escape.
    fn class_member(&mut self, c: char, regex: &mut String) -> Result<Option<char>, String> {
        if c != '\\' {
            return Ok(Some(c));
        }
        let c = self.next().ok_or("unterminated character set")?;
        if let Some(class) = class_escape(c) {
            let _ = write!(regex, "[{class}]");
            return Ok(None);
        }
        if c == 'b' {
            return Ok(Some('\u{8}'));
        }
        self.character_escape(c).map(Some)
    }

    fn range(&self, low: char, high: char, regex: &mut String) -> Result<(), String> {
        if low > high {
            return Err(format!("bad character range {low}-{high}"));
        }
        push_code(regex, low);
        regex.push('-');
        push_code(regex, high);
        if self.mode == Mode::IgnoringCase {
            let others = (low..=high).flat_map(|c| variants(c, self.mode));
            for c in others.filter(|c| !(low..=high).contains(c)) {
                push_code(regex, c);
            }
        }
        Ok(())
    }
}

/// The class that an escape like `\w` stands for, without its brackets.
fn class_escape(c: char) -> Option<String> {
    Some(match c {
        'w' => WORD.to_owned(),
        'W' => format!("^{WORD}"),
        's' => SPACE.to_owned(),
        'S' => format!("^{SPACE}"),
        'd' => r"\p{Nd}".to_owned(),
        'D' => r"^\p{Nd}".to_owned(),
        _ => return None,
    })
}
