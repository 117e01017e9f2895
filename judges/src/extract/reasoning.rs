//! Removal of the reasoning section of a completion.
//!
//! Upstream extractors (NeMo-Skills, Math-Verify) search the reasoning as well, so a box that a
//! model only considered can become its answer. Here reasoning is never graded.

use super::{ReasoningState, Visible};

/// The opening and closing tags of reasoning sections: `DeepSeek-R1` and Qwen3, Claude-style,
/// XML-style prompts, Gemini-style, Magistral, `OpenThinker`, Kimi, Seed-OSS, Command A. Matched
/// without regard to ASCII case.
const TAGS: [(&str, &str); 9] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<reasoning>", "</reasoning>"),
    ("<thought>", "</thought>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<seed:think>", "</seed:think>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
];

/// The marker that names the channel of a gpt-oss message, and the one that ends its header. The
/// `final` channel answers; `analysis`, `commentary` and any other do not.
const CHANNEL: &str = "<|channel|>";
const MESSAGE: &str = "<|message|>";

/// The markers that end a gpt-oss message, so that they are no part of its answer.
const MESSAGE_ENDS: [&str; 4] = ["<|return|>", "<|end|>", "<|call|>", "<|start|>"];

/// The longest name of a channel, in bytes, with the format that may follow it.
const LONGEST_CHANNEL: usize = 64;

/// Quotation marks between which a tag is only mentioned.
const QUOTES: [(char, char); 6] =
    [('`', '`'), ('"', '"'), ('\'', '\''), ('«', '»'), ('“', '”'), ('‘', '’')];

/// Splits a completion's answer from its reasoning.
///
/// Everything up to the last closing tag is reasoning, whichever tag opened it: a chat template
/// may have written the opening tag, and a section may hold another. `opened_by_template` says
/// that the prompt ended with an opening tag. When that tag, or one after the last closing tag,
/// never closes, the rest of the text is reasoning and the state is
/// [`ReasoningState::Unclosed`], even if an answer stands before the tag.
///
/// Tags can also be quoted in prose. A tag between quotation marks or backticks is text, and so
/// is an opening tag that continues a sentence on its line ("the <think> tag"), which is when
/// the character before it, spaces aside, is a letter or a comma. A closing tag has no such
/// second rule because reasoning often breaks off in mid-sentence.
///
/// Of a gpt-oss completion only the last message of the final channel is visible: the header of
/// another channel opens a section, and the header of the final one closes it.
#[must_use]
pub fn visible(text: &str, opened_by_template: bool) -> Visible<'_> {
    let Sections { answer_from, opened_at, is_message } = sections(text);
    let from = answer_from.unwrap_or(0);
    let answer = |text| if is_message { message(text) } else { text };
    if let Some(at) = opened_at.filter(|_| answer_from.is_some() || !opened_by_template) {
        return Visible { text: answer(&text[from..at]), reasoning: ReasoningState::Unclosed };
    }
    match answer_from {
        Some(from) => Visible { text: answer(&text[from..]), reasoning: ReasoningState::Closed },
        None if opened_by_template => Visible { text: "", reasoning: ReasoningState::Unclosed },
        None => Visible { text, reasoning: ReasoningState::Absent },
    }
}

/// A gpt-oss message without the marker that ends it.
fn message(text: &str) -> &str {
    let end = MESSAGE_ENDS.iter().filter_map(|marker| text.find(marker)).min();
    &text[..end.unwrap_or(text.len())]
}

#[derive(Clone, Copy)]
enum Tag {
    Open,
    Close,
    /// The header of a channel, which opens or closes a section.
    Channel {
        is_final: bool,
    },
}

#[derive(Default)]
struct Sections {
    /// Where the text after the last closing tag starts.
    answer_from: Option<usize>,
    /// Where an opening tag stands after it.
    opened_at: Option<usize>,
    /// Whether the closing tag was the header of the final channel.
    is_message: bool,
}

fn sections(text: &str) -> Sections {
    let mut found = Sections::default();
    let mut at = 0;
    while let Some(step) = text[at..].find(['<', '[', '◁']) {
        let start = at + step;
        let Some((tag, length)) = tag_at(&text[start..]) else {
            at = start + text[start..].chars().next().map_or(1, char::len_utf8);
            continue;
        };
        at = start + length;
        if is_quoted(text, start, at) {
            continue;
        }
        let opens = match tag {
            Tag::Close | Tag::Channel { is_final: true } => {
                let is_message = matches!(tag, Tag::Channel { .. });
                found = Sections { answer_from: Some(at), opened_at: None, is_message };
                false
            }
            // A header follows the word "assistant", which is no sentence that it continues.
            Tag::Channel { is_final: false } => true,
            Tag::Open => !continues_sentence(&text[..start]),
        };
        if opens {
            found.opened_at = found.opened_at.or(Some(start));
        }
    }
    found
}

fn tag_at(text: &str) -> Option<(Tag, usize)> {
    let begins = |tag: &str| {
        let head = text.as_bytes().get(..tag.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(tag.as_bytes()))
    };
    if let Some(header) = text.strip_prefix(CHANNEL) {
        let (is_final, length) = channel(header)?;
        return Some((Tag::Channel { is_final }, CHANNEL.len() + length));
    }
    TAGS.iter().find_map(|(open, close)| {
        if begins(open) {
            Some((Tag::Open, open.len()))
        } else if begins(close) {
            Some((Tag::Close, close.len()))
        } else {
            None
        }
    })
}

/// Whether a header names the final channel, and the length of the header past its marker. A
/// header that the end of the text cuts counts, because nothing was answered after it; without
/// its end it is never the final one. A marker that text follows is only mentioned.
fn channel(header: &str) -> Option<(bool, usize)> {
    let name = header.split('<').next().unwrap_or("");
    let is_final = name.split_whitespace().next() == Some("final");
    if let Some(length) = header.get(..floor(header, LONGEST_CHANNEL))?.find(MESSAGE) {
        return Some((is_final, length + MESSAGE.len()));
    }
    let is_cut = header.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_cut.then_some((false, header.len()))
}

/// The last character boundary at or before a byte.
fn floor(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn is_quoted(text: &str, start: usize, end: usize) -> bool {
    let around = (text[..start].chars().next_back(), text[end..].chars().next());
    matches!(around, (Some(before), Some(after)) if QUOTES.contains(&(before, after)))
}

fn continues_sentence(before: &str) -> bool {
    before
        .trim_end_matches([' ', '\t'])
        .chars()
        .next_back()
        .is_some_and(|last| last.is_alphabetic() || last == ',')
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReasoningState::{Absent, Closed, Unclosed};

    fn check(text: &str, by_template: bool, expected: &str, state: ReasoningState) {
        let found = visible(text, by_template);
        assert_eq!((found.text, found.reasoning), (expected, state), "{text:?}");
    }

    #[test]
    fn sections_close() {
        check("plain", false, "plain", Absent);
        check("", false, "", Absent);
        check("<think>a</think>b", false, "b", Closed);
        check("a</think>b", false, "b", Closed);
        check("a</think>b", true, "b", Closed);
        check("<think>a<think>b</think>c</think>d", false, "d", Closed);
        check("<think>a</think>b<reasoning>c</reasoning>d", false, "d", Closed);
        check("[THINK]a[/THINK]b", false, "b", Closed);
        check("<THINKING>a</Thinking>b", false, "b", Closed);
        check("<|begin_of_thought|>a<|end_of_thought|>b", false, "b", Closed);
        check("<thought>a</thought>b", false, "b", Closed);
        check("<seed:think>a</seed:think>b", false, "b", Closed);
        check("<|START_THINKING|>a<|END_THINKING|>b", false, "b", Closed);
        check("◁think▷a ◁ b◁/think▷c", false, "c", Closed);
        check("a◁/think▷c", true, "c", Closed);
    }

    #[test]
    fn only_the_final_channel_answers() {
        let start = "<|start|>assistant<|channel|>";
        let analysis = "<|channel|>analysis<|message|>a<|end|>";
        let last = format!("{start}final<|message|>5");
        check(&format!("{analysis}{last}<|return|>"), false, "5", Closed);
        check(&format!("{analysis}{last}"), true, "5", Closed);
        check("<|channel|>final <|constrain|>json<|message|>5<|end|>", false, "5", Closed);
        check(
            &format!("{analysis}{start}commentary<|message|>b<|call|>{last}"),
            false,
            "5",
            Closed,
        );
        check(analysis, false, "", Unclosed);
        check(&format!("{last}<|end|>{start}analysis<|message|>6"), false, "5", Unclosed);
        check(&format!("{analysis}{start}fin"), false, "", Unclosed);
        check("<|channel|>analysis", false, "", Unclosed);
        check("The <|channel|> marker: 5", false, "The <|channel|> marker: 5", Absent);
        check(
            "`<|channel|>final<|message|>` opens it",
            false,
            "`<|channel|>final<|message|>` opens it",
            Absent,
        );
    }

    #[test]
    fn sections_stay_open() {
        check("<think>a \\boxed{5}", false, "", Unclosed);
        check("a \\boxed{5}", true, "", Unclosed);
        check("<think>a", true, "", Unclosed);
        check("◁think▷a", false, "", Unclosed);
        check("\\boxed{5}\n<think>wait", false, "\\boxed{5}\n", Unclosed);
        check("It is 5. <think>wait", false, "It is 5. ", Unclosed);
        check("<think>a</think>b\n<think>c", false, "b\n", Unclosed);
        check("a</think>b\n<think>c", true, "b\n", Unclosed);
    }

    #[test]
    fn mentions_are_text() {
        check("Use the <think> tag: 5", false, "Use the <think> tag: 5", Absent);
        check(
            "`<think>` opens, `</think>` closes",
            false,
            "`<think>` opens, `</think>` closes",
            Absent,
        );
        check("<think>a `</think>` b</think>c", false, "c", Closed);
        check("<think>a `x`</think>c", false, "c", Closed);
        check("«<think>» — тег", false, "«<think>» — тег", Absent);
        check("x < 3, [1, 2]", false, "x < 3, [1, 2]", Absent);
    }
}
