//! Words that are written as one and read as two.
//!
//! Source: NLTK 3.8.1, `nltk/tokenize/destructive.py`, `MacIntyreContractions`.

use super::super::python::text;

/// Two halves, and what must be before and after them. Case does not matter.
pub(super) struct Contraction {
    halves: [&'static str; 2],
    before: Edge,
    after: Edge,
}

/// What must hold at an edge.
enum Edge {
    /// One side is a word character, the other is none.
    Boundary,
    /// There is a blank.
    Blank,
}

/// The contractions, in the order in which they are split.
pub(super) const CONTRACTIONS: [Contraction; 10] = [
    word(["can", "not"]),
    word(["d", "'ye"]),
    word(["gim", "me"]),
    word(["gon", "na"]),
    word(["got", "ta"]),
    word(["lem", "me"]),
    word(["more", "'n"]),
    Contraction { halves: ["wan", "na"], before: Edge::Boundary, after: Edge::Blank },
    Contraction { halves: ["'t", "is"], before: Edge::Blank, after: Edge::Boundary },
    Contraction { halves: ["'t", "was"], before: Edge::Blank, after: Edge::Boundary },
];

const fn word(halves: [&'static str; 2]) -> Contraction {
    Contraction { halves, before: Edge::Boundary, after: Edge::Boundary }
}

/// Each has an apostrophe, or one of three letters twice.
pub(super) fn may_have_contractions(text: &str) -> bool {
    let is_doubled = |pair: &[u8]| {
        pair[0].eq_ignore_ascii_case(&pair[1])
            && matches!(pair[0], b'n' | b'm' | b't' | b'N' | b'M' | b'T')
    };
    text.contains('\'') || text.as_bytes().windows(2).any(is_doubled)
}

impl Contraction {
    /// Copies the text up to the end of the last contraction, with blanks around both halves of
    /// each, and returns that end.
    pub(super) fn split(&self, text: &str, out: &mut String) -> usize {
        let first = self.halves[0].as_bytes()[0];
        let firsts = [first, first.to_ascii_uppercase()].map(char::from);
        let mut copied = 0;
        for (start, _) in text.match_indices(firsts) {
            let Some(middle) = end_of(text, start, self.halves[0]) else { continue };
            let Some(end) = end_of(text, middle, self.halves[1]) else { continue };
            let before = &text[..start];
            let whole_start = match self.before {
                Edge::Boundary if is_boundary(before, &text[start..]) => start,
                // The blank is part of the match.
                Edge::Blank if before.ends_with(' ') => start - 1,
                _ => continue,
            };
            let is_followed = match self.after {
                Edge::Boundary => is_boundary(&text[..end], &text[end..]),
                Edge::Blank => text[end..].starts_with(text::is_space),
            };
            if is_followed {
                let (first, second) = (&text[start..middle], &text[middle..end]);
                out.extend([&text[copied..whole_start], " ", first, " ", second, " "]);
                copied = end;
            }
        }
        copied
    }
}

fn is_boundary(before: &str, after: &str) -> bool {
    text::is_boundary(before.chars().next_back(), after.chars().next())
}

/// The end of `word` if it is at `start`. Without case, a long s is an s.
fn end_of(text: &str, start: usize, word: &str) -> Option<usize> {
    let mut rest = text[start..].chars();
    let is_there = word.chars().all(|wanted| {
        rest.next().is_some_and(|c| c.eq_ignore_ascii_case(&wanted) || (wanted == 's' && c == 'ſ'))
    });
    is_there.then(|| text.len() - rest.as_str().len())
}
