//! An option's own text, given as the answer.
//!
//! Texts are compared without markup, without white space, and at first with regard to case.

use tasks::choice::Letter;

use crate::extract::words::{CLAUSES, strip_word};

/// LaTeX that prints nothing, or only changes the type or the space, the longest first.
const INVISIBLE: [&str; 27] = [
    r"\operatorname",
    r"\displaystyle",
    r"\textbf",
    r"\textit",
    r"\mathrm",
    r"\mathbf",
    r"\mathit",
    r"\mathsf",
    r"\boxed",
    r"\qquad",
    r"\right",
    r"\quad",
    r"\text",
    r"\left",
    r"\big",
    r"\Big",
    r"\bf",
    r"\rm",
    r"\(",
    r"\)",
    r"\[",
    r"\]",
    r"\,",
    r"\;",
    r"\:",
    r"\!",
    r"\ ",
];

/// LaTeX for characters that data and replies also write as they are.
const CHARACTERS: [(&str, char); 8] = [
    (r"\times", '×'),
    (r"\cdot", '·'),
    (r"\approx", '≈'),
    (r"\circ", '°'),
    (r"\pm", '±'),
    (r"\%", '%'),
    (r"\{", '{'),
    (r"\}", '}'),
];

/// Marks that print nothing in Markdown or LaTeX, and quotation marks.
const MARKS: &str = "*`${}\"“”«»";

/// The longest stretch of a text that prints nothing. The limit keeps the time linear where a reply
/// nests boxes without end.
const LONGEST_INVISIBLE_BYTES: usize = 64;

/// The options of a question, ready to compare.
pub(super) struct Restated {
    exact: [Vec<char>; 4],
    folded: [Vec<char>; 4],
}

impl Restated {
    pub(super) fn new(options: &[String; 4]) -> Self {
        let exact = options.each_ref().map(|option| printed(option).map(|(c, _)| c).collect());
        let folded = exact
            .each_ref()
            .map(|text: &Vec<char>| text.iter().flat_map(|c| c.to_lowercase()).collect());
        Self { exact, folded }
    }

    /// The option with which a text begins, if its sentence ends there, and the length of what was
    /// read. The longest such option counts; of options that print the same the first.
    pub(super) fn at_start(&self, text: &str) -> Option<(Letter, usize)> {
        // Most texts restate nothing, and their first character shows it.
        let first = printed(text).next()?.0.to_lowercase().next();
        if !self.folded.iter().any(|option| option.first().copied() == first) {
            return None;
        }
        longest(&self.exact, text, |c| vec![c]).or_else(|| {
            let folded = longest(&self.folded, text, |c| c.to_lowercase().collect())?;
            // Options that differ in case alone cannot be told apart without it.
            let is_alone = Letter::ALL.into_iter().all(|other| {
                self.folded[other.idx()] != self.folded[folded.0.idx()]
                    || self.exact[other.idx()] == self.exact[folded.0.idx()]
            });
            is_alone.then_some(folded)
        })
    }

    /// The option that a whole text is.
    pub(super) fn whole(&self, text: &str) -> Option<Letter> {
        let (letter, len) = self.at_start(text)?;
        let rest = text[len..].trim_matches(|c: char| c.is_whitespace() || ".!*_`\"".contains(c));
        rest.is_empty().then_some(letter)
    }

    /// Whether a text is the option of this letter, or begins with it.
    pub(super) fn is_at_start(&self, letter: Letter, text: &str) -> bool {
        self.at_start(text)
            .is_some_and(|(found, _)| self.folded[found.idx()] == self.folded[letter.idx()])
    }
}

/// The longest option with which a text begins and whose sentence ends there.
fn longest(
    options: &[Vec<char>; 4],
    text: &str,
    fold: impl Fn(char) -> Vec<char>,
) -> Option<(Letter, usize)> {
    let mut best: Option<(Letter, usize)> = None;
    for letter in Letter::ALL {
        let option = &options[letter.idx()];
        let found = end_of(option, text, &fold).filter(|end| is_end(&text[*end..]));
        let is_longer = best.is_none_or(|(other, _)| options[other.idx()].len() < option.len());
        if let Some(end) = found
            && is_longer
        {
            best = Some((letter, end));
        }
    }
    best
}

/// Where an option ends that a text begins with.
fn end_of(option: &[char], text: &str, fold: impl Fn(char) -> Vec<char>) -> Option<usize> {
    let mut expected = option.iter();
    if option.is_empty() {
        return None;
    }
    for (c, end) in printed(text) {
        for c in fold(c) {
            if expected.next() != Some(&c) {
                return None;
            }
        }
        if expected.len() == 0 {
            return Some(end);
        }
    }
    None
}

/// Whether an answer ends here: at the end of a line or sentence, before a remark in parentheses, or
/// before a clause.
fn is_end(rest: &str) -> bool {
    let rest = rest.trim_start_matches(|c: char| MARKS.contains(c) || "_)]'".contains(c));
    let rest = [r"\)", r"\]"].iter().find_map(|close| rest.strip_prefix(close)).unwrap_or(rest);
    let mut chars = rest.trim_start_matches([' ', '\t', '\u{a0}']).chars();
    let is_spaced = rest.starts_with([' ', '\t', '\u{a0}']);
    let first = chars.next();
    let after = chars.as_str();
    match first {
        None | Some('\n' | '\r' | '—' | '–') => true,
        Some('.' | '!' | ';') => {
            after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || MARKS.contains(c))
        }
        Some(',') => strip_word(after.trim_start(), &CLAUSES).is_some(),
        Some('(') => is_spaced && !crate::extract::final_phrase::is_hedge(after),
        Some(_) => {
            is_spaced
                && strip_word(
                    rest.trim_start(),
                    &["because", "since", "as", "так как", "потому что"],
                )
                .is_some()
        }
    }
}

/// The characters that a text prints, each with the end of what it was read from.
fn printed(text: &str) -> impl Iterator<Item = (char, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let from = at;
        while at - from < LONGEST_INVISIBLE_BYTES {
            let rest = &text[at..];
            let c = rest.chars().next()?;
            if c == '\\' {
                if let Some(command) = INVISIBLE.iter().find(|command| begins(rest, command)) {
                    at += command.len();
                    continue;
                }
                if let Some((command, printed)) =
                    CHARACTERS.iter().find(|(command, _)| begins(rest, command))
                {
                    at += command.len();
                    return Some((*printed, at));
                }
            }
            at += c.len_utf8();
            if !c.is_whitespace() && !MARKS.contains(c) {
                let printed = if matches!(c, '−' | '–' | '—') { '-' } else { c };
                return Some((printed, at));
            }
        }
        None
    })
}

/// Whether a text begins with a LaTeX command that ends there.
fn begins(text: &str, command: &str) -> bool {
    let is_word = command.ends_with(|c: char| c.is_ascii_alphabetic());
    text.strip_prefix(command)
        .is_some_and(|rest| !(is_word && rest.starts_with(|c: char| c.is_ascii_alphabetic())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Letter::{A, B, C, D};

    fn check(options: [&str; 4], text: &str, expected: Option<Letter>) {
        let restated = Restated::new(&options.map(str::to_owned));
        assert_eq!(restated.at_start(text).map(|(letter, _)| letter), expected, "{text:?}");
    }

    #[test]
    fn texts_are_compared_as_they_print() {
        let speeds = ["5 m/s", "5", r"$5 \times 10^{-4}$ eV", "5 m/s or more"];
        check(speeds, "5 m/s.", Some(A));
        check(speeds, "**5\u{a0}m/s**", Some(A));
        check(speeds, "5", Some(B));
        check(speeds, "5.5", None);
        check(speeds, "5 kg", None);
        check(speeds, "5, 6", None);
        check(speeds, "5 or 6", None);
        check(speeds, "5 (or 6)", None);
        check(speeds, "5 (five)", Some(B));
        check(speeds, "5, because it is", Some(B));
        check(speeds, r"\(5 × 10^−4 \text{ eV}\), so", Some(C));
        check(speeds, "5 M/S or\nmore", Some(D));
        check(speeds, "", None);
    }

    #[test]
    fn case_counts_where_it_alone_differs() {
        let units = ["3 mM", "3 MM", "x", "X"];
        check(units, "3 mM", Some(A));
        check(units, "3 MM", Some(B));
        check(units, "3 mm", None);
        check(["same", "same", "y", "z"], "Same.", Some(A));
    }
}
