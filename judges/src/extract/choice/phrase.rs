//! Where a reply announces its choice.

use std::sync::LazyLock;

use regex::Regex;

use crate::extract::words::{GAP_WORDS, past_verb, strip_word};

/// What announces a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Announcement {
    /// `\boxed{`.
    Box,
    /// A phrase such as "the correct option is".
    Phrase,
    /// A change of mind such as "wait, it's".
    Correction,
}

/// The key words, and the commands of boxes.
static KEYS: LazyLock<Regex> = LazyLock::new(|| {
    let correct = "correct|right|best|final|true|appropriate|suitable|chosen|selected|my";
    let correct_ru =
        r"правильн\p{L}{2,3}|верн\p{L}{2,3}|итогов\p{L}{2,3}|окончательн\p{L}{2,3}|мой";
    let turn = "wait|actually|correction|sorry|no|нет|стоп|точнее|вернее";
    let it = "it['’]s|it is|it should be|it must be|i mean|это";
    Regex::new(&format!(
        r"(?i)(?P<box>\\(?:boxed|fbox|framebox)[ \t\n]*\{{)|(?P<correction>(?:^|[^\p{{L}}\p{{N}}])(?:(?:{turn})[ \t,.:;!—–…-]+)+(?:{it})[ \t])|(?:^|[^\p{{L}}\p{{N}}])(?:answer|ответ(?:ом)?|(?:{correct})[ \t\n](?:option|choice|alternative|letter)|(?:{correct_ru})[ \t\n](?:вариант(?:ом)?|выбор|буква))"
    ))
    .expect("the pattern is valid")
});

/// Verbs that connect a key word with the choice.
const VERBS: [&str; 26] = [
    "is",
    "are",
    "equals",
    "must be",
    "should be",
    "would be",
    "will be",
    "has to be",
    "seems to be",
    "appears to be",
    "becomes",
    "corresponds to",
    "is given by",
    "равен",
    "есть",
    "это",
    "будет",
    "является",
    "соответствует",
    "под буквой",
    "should therefore be",
    "must therefore be",
    "->",
    "→",
    "⇒",
    "given is",
];

/// Words between the connector and the choice that do not change it.
const FILLERS: [&str; 43] = [
    "there",
    "thus",
    "therefore",
    "then",
    "hence",
    "simply",
    "just",
    "clearly",
    "indeed",
    "exactly",
    "definitely",
    "certainly",
    "most",
    "probably",
    "likely",
    "now",
    "equal to",
    "given by",
    "either",
    "both",
    "the",
    "correct",
    "best",
    "option",
    "choice",
    "letter",
    "alternative",
    "is",
    "be",
    "also",
    "вариант",
    "под",
    "буквой",
    "буква",
    "пункт",
    "просто",
    "именно",
    "скорее",
    "всего",
    "вероятно",
    "следовательно",
    "поэтому",
    "это",
];

/// Words that announce that no option is chosen.
const REFUSALS: [&str; 16] = [
    "none",
    "unknown",
    "unclear",
    "undetermined",
    "not sure",
    "unsure",
    "cannot",
    "can't",
    "i don't",
    "i do not",
    "n/a",
    "не знаю",
    "неизвестно",
    "ни один",
    "ни одного",
    "нельзя",
];

/// The longest heading, in bytes.
const LONGEST_HEADING: usize = 80;

/// The most words between a connector and the choice. The limit also keeps the time linear where a
/// reply repeats its announcement without end.
const MOST_FILLERS: usize = 8;

/// The announcements of a text in order, each with the text after it.
pub(super) fn announcements(text: &str) -> impl Iterator<Item = (Announcement, &str)> {
    KEYS.captures_iter(text).filter_map(move |groups| {
        let key = groups.get_match();
        let rest = &text[key.end()..];
        if groups.name("box").is_some() {
            return Some((Announcement::Box, rest));
        }
        if groups.name("correction").is_some() {
            return Some((Announcement::Correction, skip_fillers(rest)));
        }
        let after = after_connector(&text[..key.end()], rest)?;
        Some((Announcement::Phrase, skip_fillers(after)))
    })
}

/// Whether a text after an announcement says that nothing is chosen.
pub(super) fn is_refusal(text: &str) -> bool {
    strip_word(text, &REFUSALS).is_some()
}

/// The text after the connector that follows a key word.
fn after_connector<'a>(through_key: &str, rest: &'a str) -> Option<&'a str> {
    if let Some(after) = rest.strip_prefix('>') {
        let is_tag = through_key.len().checked_sub("<answer".len()).is_some_and(|at| {
            through_key.get(at..).is_some_and(|tag| tag.eq_ignore_ascii_case("<answer"))
        });
        return is_tag.then_some(after);
    }
    let is_mark = |c: char| " \t*_\"'`»)]\u{a0}".contains(c);
    let rest = strip_word(rest.trim_start_matches([' ', '\t']), &["choice", "option", "letter"])
        .filter(|after| !after.starts_with('s'))
        .unwrap_or(rest);
    let rest = rest.trim_start_matches(is_mark);
    if let Some(after) = rest.strip_prefix([':', '：', '=', '—', '–']) {
        return Some(after);
    }
    if let Some(after) = rest.strip_prefix("- ").or_else(|| strip_word(rest, &VERBS)) {
        return Some(after);
    }
    if rest.starts_with(['\n', '\r']) {
        return is_heading(through_key).then_some(rest);
    }
    if rest.starts_with(['(', '[', '$', '\\']) {
        return None;
    }
    past_verb(strip_word(rest, &GAP_WORDS)?, &["="])
}

/// Whether a key word ends a heading: only markup and a few words stand before it on its line.
fn is_heading(through_key: &str) -> bool {
    let mut from = through_key.len().saturating_sub(LONGEST_HEADING);
    while !through_key.is_char_boundary(from) {
        from += 1;
    }
    let line = through_key[from..]
        .rsplit_once('\n')
        .map_or_else(|| (from == 0).then_some(through_key), |(_, line)| Some(line));
    line.is_some_and(|line| line.split_whitespace().count() <= 4)
}

/// Skips markup, line breaks and words that do not change the choice.
fn skip_fillers(text: &str) -> &str {
    let is_markup = |c: char| c.is_whitespace() || "*#>:`=_".contains(c);
    let mut text = text.trim_start_matches(is_markup);
    for _ in 0..MOST_FILLERS {
        let Some(rest) = strip_word(text, &FILLERS) else { break };
        text = rest.trim_start_matches(|c: char| is_markup(c) || c == ',');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found = announcements(text).last().map_or("∅", |(_, rest)| rest);
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn connectors() {
        for text in [
            "Answer: B",
            "**Answer:** B",
            "**Answer**: B",
            "### Final Answer\n\nB",
            "answer = B",
            "The correct answer is B",
            "The answer is therefore option B",
            "My final choice: B",
            "The answer to this question is B",
            "Answer choice: B",
            "The answer must be B",
            "Ответ: B",
            "Правильный ответ — B",
            "Верный вариант: B",
            "Ответом является B",
            "the best option is most likely B",
            "Answer：B",
            r"\boxed{B",
            "\\boxed {B",
            "Answer -> B",
            "<answer>B",
            "<ANSWER>\nB",
            "The answer is A... wait, actually it's B",
            "Нет, это B",
        ] {
            check(text, "B");
        }
    }

    #[test]
    fn no_connector() {
        for text in [
            "Answer choices: B",
            "the answer B",
            "answered: B",
            "unanswer: B",
            "ответить: B",
            "The answer was B",
            "The answer isn't B",
            "answer (B)",
            "</answer>B",
            "answer>B",
            "",
        ] {
            check(text, "∅");
        }
    }
}
