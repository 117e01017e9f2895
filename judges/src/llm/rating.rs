//! Readings of judges' replies.

use std::sync::LazyLock;

use regex::Regex;
use tasks::{Completion, Finish, PromptSet, Reading, Unparsed, Winner};

use super::answers::visible_answer;

/// `one_score_pattern` of FastChat's `common.py`.
static RATING: LazyLock<Regex> = LazyLock::new(|| pattern(r"\[\[(\d+\.?\d*)\]\]"));

/// `one_score_pattern_backup` of the same file; it also takes what merely looks like a rating, such as
/// the citation `[1]`.
static RATING_BACKUP: LazyLock<Regex> = LazyLock::new(|| pattern(r"\[(\d+\.?\d*)\]"));

/// What our own prompts ask for.
static IN_LANGUAGE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\[\[(yes|no)\]\]"));

/// The most digits of an integer that Python reads (`sys.int_info.default_max_str_digits`).
const MAX_DIGITS: usize = 4300;

/// What a judge is told whose reply could not be read, where that is allowed.
pub const REMINDER: &str = "Your reply does not contain a verdict in the required form. Reply \
again with nothing but the verdict, in exactly the form that was asked for.";

/// What a reply should hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A rating.
    Rating(PromptSet),
    /// The better of two answers.
    Winner,
}

/// Reads a judge's reply. One that was cut may have meant to go on after what merely looks like a
/// rating, so that it counts only with a verdict in the very form that was asked for.
pub fn read(wanted: Wanted, reply: &Completion) -> Reading {
    let text = visible_answer(reply);
    if !matches!(reply.finish, Finish::Length | Finish::ContentFilter) {
        return read_text(wanted, &text);
    }
    let is_whole = match wanted {
        Wanted::Rating(_) => RATING.is_match(&text),
        Wanted::Winner => winner(&text).is_some(),
    };
    if is_whole { read_text(wanted, &text) } else { Reading::Unparsed(Unparsed::Truncated) }
}

/// Reads the visible text of a judge's reply.
pub fn read_text(wanted: Wanted, reply: &str) -> Reading {
    match wanted {
        Wanted::Winner => {
            winner(reply).map_or(Reading::Unparsed(Unparsed::Missing), Reading::Winner)
        }
        Wanted::Rating(set) => match rating(reply) {
            Err(unparsed) => Reading::Unparsed(unparsed),
            Ok(value) => {
                let asked = set == PromptSet::Language;
                Reading::Rating { value, in_language: asked.then(|| in_language(reply)).flatten() }
            }
        },
    }
}

/// The first rating in double brackets, else the first in single ones (`run_judge_single`).
fn rating(reply: &str) -> Result<f64, Unparsed> {
    let found = RATING.captures(reply).or_else(|| RATING_BACKUP.captures(reply));
    let digits = found.ok_or(Unparsed::Missing)?;
    let digits = &digits[1];
    match python_number(digits) {
        None => Err(Unparsed::Unreadable(digits.chars().take(20).collect())),
        Some(value) if (1.0..=10.0).contains(&value) => Ok(value),
        // JSON has no infinity, and nobody needs to tell such ratings apart.
        Some(value) => Err(Unparsed::OutOfRange(value.min(1e300))),
    }
}

/// What `ast.literal_eval` makes of digits with at most one point among or after them; `None` where
/// it raises: other digits than ASCII ones, integers with leading zeros, and very long ones.
fn python_number(digits: &str) -> Option<f64> {
    let is_integer = !digits.contains('.');
    let has_leading_zero = digits.starts_with('0') && digits.bytes().any(|b| b != b'0');
    let is_refused = is_integer && (has_leading_zero || digits.len() > MAX_DIGITS);
    if !digits.is_ascii() || is_refused {
        return None;
    }
    digits.parse().ok()
}

/// The substring tests of `run_judge_pair`, in upstream's order: a reply that mentions `[[A]]`
/// anywhere is for A.
fn winner(reply: &str) -> Option<Winner> {
    let marks = [("[[A]]", Winner::A), ("[[B]]", Winner::B), ("[[C]]", Winner::Tie)];
    marks.into_iter().find(|(mark, _)| reply.contains(mark)).map(|(_, winner)| winner)
}

fn in_language(reply: &str) -> Option<bool> {
    IN_LANGUAGE.captures(reply).map(|found| found[1].eq_ignore_ascii_case("yes"))
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is valid")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::tests::transcript;

    fn check(reply: &str, expected: &str) {
        let seen = match read_text(Wanted::Rating(PromptSet::Upstream), reply) {
            Reading::Rating { value, .. } => value.to_string(),
            other => format!("{other:?} {}", other.upstream_score()),
        };
        assert_eq!(seen, expected, "{reply}");
    }

    #[test]
    fn ratings_are_read_as_upstream_reads_them() {
        check("Rating: [[7]]", "7");
        check("[[7.]] and [[8]]", "7");
        check("[[7.5]]", "7.5");
        check("[[10]]", "10");
        check("As [1] says, [[6]]", "6");
        check("As [1] says, it is fine.", "1");
        check("Rating: [8]", "8");
        check("[[ 8 ]] [9]", "9");
        check("[[8/10]]", "Unparsed(Missing) -1");
        check("[[-3]]", "Unparsed(Missing) -1");
        check("Rating: 8", "Unparsed(Missing) -1");
        check("", "Unparsed(Missing) -1");
        check("[[0]]", "Unparsed(OutOfRange(0.0)) 0");
        check("[[00]]", "Unparsed(OutOfRange(0.0)) 0");
        check("[[11]]", "Unparsed(OutOfRange(11.0)) 11");
        check("[[100]]", "Unparsed(OutOfRange(100.0)) 100");
        check("[[08]]", "Unparsed(Unreadable(\"08\")) -1");
        // Python reads a float with a leading zero.
        check("[[08.5]]", "8.5");
        check("[[٧]]", "Unparsed(Unreadable(\"٧\")) -1");
        let long = format!("[[{}]]", "9".repeat(5000));
        check(&long, "Unparsed(Unreadable(\"99999999999999999999\")) -1");
    }

    fn check_cut(wanted: Wanted, text: &str, expected: &str) {
        for finish in [Finish::Length, Finish::ContentFilter] {
            let transcript = transcript(text, finish, false);
            let seen = match read(wanted, transcript.last()) {
                Reading::Rating { value, .. } => value.to_string(),
                other => format!("{other:?}"),
            };
            assert_eq!(seen, expected, "{text} {finish:?}");
        }
    }

    #[test]
    fn a_cut_reply_counts_only_with_a_closed_verdict() {
        let rating = Wanted::Rating(PromptSet::Upstream);
        check_cut(rating, "As [1] says", "Unparsed(Truncated)");
        check_cut(rating, "Rating: [8]", "Unparsed(Truncated)");
        check_cut(rating, "Rating: [[8", "Unparsed(Truncated)");
        check_cut(rating, "", "Unparsed(Truncated)");
        check_cut(rating, "As [1] says, [[6]]. More", "6");
        check_cut(rating, "[[11]] and", "Unparsed(OutOfRange(11.0))");
        check_cut(Wanted::Winner, "Assistant A is", "Unparsed(Truncated)");
        check_cut(Wanted::Winner, "[[B]], for", "Winner(B)");
    }

    fn check_winner(reply: &str, expected: Option<Winner>) {
        assert_eq!(winner(reply), expected, "{reply}");
    }

    #[test]
    fn a_winner_is_the_first_mark_of_upstreams_order() {
        check_winner("[[A]]", Some(Winner::A));
        check_winner("Not [[B]], but [[A]]", Some(Winner::A));
        check_winner("[[C]] or [[B]]", Some(Winner::B));
        check_winner("[[C]]", Some(Winner::Tie));
        check_winner("[[a]] [A]", None);
    }

    #[test]
    fn the_language_is_read_only_where_it_was_asked_for() {
        let reply = "Language: [[Yes]]. Rating: [[4]]";
        let read_by = |set| match read_text(Wanted::Rating(set), reply) {
            Reading::Rating { value, in_language } => (value, in_language),
            other => panic!("{other:?}"),
        };
        assert_eq!(read_by(PromptSet::Upstream), (4.0, None));
        assert_eq!(read_by(PromptSet::Language), (4.0, Some(true)));
    }

    proptest::proptest! {
        #[test]
        fn no_reply_panics(reply in "(\\[|\\]|[0-9]|\\.|٧|x){0,24}") {
            let reading = read_text(Wanted::Rating(PromptSet::Language), &reply);
            if let Reading::Rating { value, .. } = reading {
                proptest::prop_assert!((1.0..=10.0).contains(&value));
            }
        }
    }
}
