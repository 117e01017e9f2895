//! Patterns without choice and with next to no repetition, which are searched in linear time:
//! nearly every keyword, heading and marker.

use super::text;
use super::translate::{Mode, folded};

/// Searched for as it stands. Going back over `x?` doubles the cost, so there may be few.
const MOST_OPTIONAL: usize = 4;

/// A plain pattern.
#[derive(Debug, Clone)]
pub(super) struct Sequence {
    steps: Vec<(Step, Times)>,
    /// The ASCII characters that a match may start with, as bits. It may start with any other.
    firsts: u128,
}

/// What a step matches.
#[derive(Debug, Clone)]
enum Step {
    /// A character whose simple lower case is listed, or which itself is, as the mode demands.
    OneOf(Vec<char>, Mode),
    /// Any character but a line feed.
    NotNewline,
    Space,
    Decimal,
    /// A place where `\b` holds.
    Boundary,
}

/// How often a step matches, preferably as often as possible.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Times {
    Once,
    Optional,
    /// Only optional steps follow, so there is no going back.
    AtLeastOnce,
}

impl Sequence {
    /// `None` where the pattern is of another kind, or none at all.
    pub(super) fn new(source: &str, mode: Mode) -> Option<Self> {
        let mut steps: Vec<(Step, Times)> = Vec::new();
        let mut chars = source.chars();
        while let Some(c) = chars.next() {
            let step = match c {
                '?' | '+' => {
                    let last = steps.last_mut()?;
                    if last.1 != Times::Once || matches!(last.0, Step::Boundary) {
                        return None;
                    }
                    last.1 = if c == '?' { Times::Optional } else { Times::AtLeastOnce };
                    continue;
                }
                '[' | '(' | ')' | '|' | '^' | '$' | '*' | '{' => return None,
                '.' => Step::NotNewline,
                '\\' => match chars.next()? {
                    'b' => Step::Boundary,
                    's' => Step::Space,
                    'd' => Step::Decimal,
                    c if c.is_ascii_alphanumeric() => return None,
                    c => literal(c, mode),
                },
                c => literal(c, mode),
            };
            steps.push((step, Times::Once));
        }
        let sequence = Self { firsts: firsts(&steps), steps };
        sequence.is_linear().then_some(sequence)
    }

    /// Whether a search never goes far back, and finds either always or never an empty match.
    fn is_linear(&self) -> bool {
        let n_optional = self.steps.iter().filter(|step| step.1 == Times::Optional).count();
        let is_repeated = |(_, times): &(Step, Times)| *times == Times::AtLeastOnce;
        let repeated = self.steps.iter().position(is_repeated);
        let rest = repeated.map_or(&[][..], |index| &self.steps[index + 1..]);
        let is_empty_always = n_optional == 0;
        (is_empty_always || !self.can_be_empty())
            && n_optional <= MOST_OPTIONAL
            && rest.iter().all(|(_, times)| *times == Times::Optional)
    }

    /// Whether an empty text can match.
    pub(super) fn can_be_empty(&self) -> bool {
        let is_empty = |(step, times): &(Step, Times)| {
            *times == Times::Optional || matches!(step, Step::Boundary)
        };
        self.steps.iter().all(is_empty)
    }

    /// The first match from a place on.
    pub(super) fn find(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        let can_be_empty = self.can_be_empty();
        let is_first = |byte: u8| match byte {
            0..128 => can_be_empty || self.firsts & (1 << byte) != 0,
            128..192 => false,
            192.. => true,
        };
        let mut at = from;
        while let Some(offset) = text.as_bytes()[at..].iter().position(|byte| is_first(*byte)) {
            let start = at + offset;
            if let Some(end) = end(&self.steps, text, start) {
                return Some((start, end));
            }
            at = start + 1;
        }
        if !can_be_empty {
            return None;
        }
        end(&self.steps, text, text.len()).map(|end| (text.len(), end))
    }
}

fn literal(c: char, mode: Mode) -> Step {
    match mode {
        Mode::IgnoringCase => Step::OneOf(folded(c), mode),
        Mode::KeepingCase => Step::OneOf(vec![c], mode),
    }
}

fn firsts(steps: &[(Step, Times)]) -> u128 {
    let mut firsts = 0;
    for (step, times) in steps {
        if matches!(step, Step::Boundary) {
            continue;
        }
        let first = ('\0'..='\u{7f}').filter(|c| step.matches(*c));
        firsts |= first.fold(0, |firsts, c| firsts | 1_u128 << u32::from(c));
        if *times != Times::Optional {
            break;
        }
    }
    firsts
}

impl Step {
    fn matches(&self, c: char) -> bool {
        match self {
            Self::OneOf(chars, Mode::IgnoringCase) => chars.contains(&text::simple_lower(c)),
            Self::OneOf(chars, Mode::KeepingCase) => chars.contains(&c),
            Self::NotNewline => c != '\n',
            Self::Space => text::is_space(c),
            Self::Decimal => text::is_decimal(c),
            Self::Boundary => false,
        }
    }
}

/// The end of the sequence if it matches at `start`.
fn end(steps: &[(Step, Times)], text: &str, start: usize) -> Option<usize> {
    let mut at = start;
    for (index, (step, times)) in steps.iter().enumerate() {
        let next = text[at..].chars().next();
        if matches!(step, Step::Boundary) {
            if !text::is_boundary(text[..at].chars().next_back(), next) {
                return None;
            }
            continue;
        }
        let matched = next.filter(|c| step.matches(*c));
        match (times, matched) {
            (Times::Once | Times::AtLeastOnce, None) => return None,
            (Times::Optional, None) => {}
            (Times::Once, Some(c)) => at += c.len_utf8(),
            (Times::Optional, Some(c)) => {
                let with = end(&steps[index + 1..], text, at + c.len_utf8());
                return with.or_else(|| end(&steps[index + 1..], text, at));
            }
            (Times::AtLeastOnce, Some(_)) => {
                let rest = text[at..].trim_start_matches(|c| step.matches(c));
                at = text.len() - rest.len();
            }
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_patterns_are_sequences() {
        let check = |source: &str, expected: bool| {
            let is_sequence = Sequence::new(source, Mode::IgnoringCase).is_some();
            assert_eq!(is_sequence, expected, "{source:?}");
        };
        for source in ["", "word", r"\bword\b", r"a\.b.]}", r"\s?Part\s?\d+\s?", r"p\.\s?s\."] {
            check(source, true);
        }
        let others = ["a*", "a|b", "[a]", "(a)", "a{2}", "^a", "a$", r"\w", "a??", "a+?", "a++"];
        for source in others.into_iter().chain(["+", "?", r"\b+", r"\", "a?", r"\d+x", "a+b?c"]) {
            check(source, false);
        }
    }
}
