//! Our own rule: the choice that a reply announces last, however it is spelt.
//!
//! Candidates are letters and options' texts in boxes, after phrases and on the last line; the last
//! one counts. Statements such as "option B is correct" count only where nothing was announced, and a
//! last line that is an option's text only where nothing was stated either. Statements for different
//! options choose nothing, unless a change of mind stands between them. A last candidate that names
//! several options, or none of them, chooses nothing: no letter is ever guessed.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use tasks::choice::Letter;

use super::alphabet::Cyrillic;
use super::designation::{self, Designation};
use super::phrase::{self, Announcement};
use super::restated::Restated;
use super::{ChoiceRule, FoundChoice};

/// A letter, and the words that declare it right or chosen.
static STATEMENTS: LazyLock<Regex> = LazyLock::new(|| {
    let right = "correct|right|best|true|most|answer|only correct|верн|правильн";
    let is = "is|must be|would be|является|[—–-]";
    let must = "it must be|it has to be|must therefore be";
    let choose = "choose|select|pick|go with|opt for|going with|choosing|выбираю|выберу|выбираем";
    Regex::new(&format!(
        r#"(?i)(?P<before>\p{{L}}*)[ \t]*(?:^|[ \t\n(\["*_])(?P<subject>[A-DＡ-ＤАБВГДС])[)\]"*_.]*[ \t]+(?:{is})[ \t]+(?:(?:clearly|therefore|thus|indeed|definitely|likely)[ \t]+)?(?:the[ \t]+|это[ \t]+)?(?:{right})|(?:^|[^\p{{L}}])(?:{choose}|{must})(?P<object>[ \t:*_"]+)"#
    ))
    .expect("the pattern is valid")
});

/// Words before a letter that take a statement back.
const DOUBTS: [&str; 17] = [
    "if", "whether", "nor", "neither", "not", "and", "or", "assume", "suppose", "why", "how",
    "если", "ли", "или", "и", "не", "ни",
];

/// What limits a statement to a case that may not be the question's.
static LIMITS: LazyLock<Regex> = LazyLock::new(|| {
    let noun = "(?:answer|option|choice|one|ответ|вариант)";
    Regex::new(&format!(
        r"(?i)^[)*_]*[ \t]+(?:{noun}[ \t]+)?(?:only[ \t]+(?:when|for|if|in)|только[ \t]+(?:если|когда|при|для))\b"
    ))
    .expect("the pattern is valid")
});

/// A change of mind between two statements.
static TURNS: LazyLock<Regex> = LazyLock::new(|| {
    let words =
        "wait|actually|correction|sorry|mistake|mistaken|стоп|точнее|вернее|ошибся|ошиблась";
    Regex::new(&format!(r"(?i)\b(?:{words})\b|\b(?:no|нет),")).expect("the pattern is valid")
});

/// Characters that print nothing and may stand anywhere.
const INVISIBLE: [char; 2] = ['\u{200b}', '\u{feff}'];

/// What a reply says at one place.
#[derive(Clone, Copy)]
enum Candidate<'a> {
    Chosen { letter: Letter, text: &'a str, by: ChoiceRule },
    Nothing,
}

impl Candidate<'_> {
    /// Whether two candidates choose, and not the same.
    fn differs(&self, other: &Self) -> bool {
        let letter = |candidate: &Self| match candidate {
            Self::Chosen { letter, .. } => Some(*letter),
            Self::Nothing => None,
        };
        matches!((letter(self), letter(other)), (Some(one), Some(other)) if one != other)
    }
}

/// The choice of a reply without reasoning.
pub(super) fn extract<'a>(text: &'a str, options: &[String; 4]) -> Option<FoundChoice<'a>> {
    if !text.contains(INVISIBLE) {
        return read(text, options);
    }
    let printed = text.replace(INVISIBLE, "");
    let FoundChoice { text, letter, by } = read(&printed, options)?;
    Some(FoundChoice { text: Cow::Owned(text.into_owned()), letter, by })
}

fn read<'a>(text: &'a str, options: &[String; 4]) -> Option<FoundChoice<'a>> {
    let reply =
        Reply { text, cyrillic: Cyrillic::of_reply(text), restated: Restated::new(options) };
    let candidate = reply
        .letter_on_last_line()
        .or_else(|| reply.announced())
        .or_else(|| reply.stated())
        .or_else(|| reply.text_on_last_line())?;
    match candidate {
        Candidate::Chosen { letter, text, by } => {
            Some(FoundChoice { text: Cow::Borrowed(text), letter: Some(letter), by })
        }
        Candidate::Nothing => None,
    }
}

struct Reply<'a> {
    text: &'a str,
    cyrillic: Cyrillic,
    restated: Restated,
}

impl<'a> Reply<'a> {
    /// The last box or phrase that can be read.
    fn announced(&self) -> Option<Candidate<'a>> {
        let all: Vec<_> = phrase::announcements(self.text).collect();
        all.into_iter().rev().find_map(|(announcement, rest)| self.after(announcement, rest))
    }

    fn after(&self, announcement: Announcement, rest: &'a str) -> Option<Candidate<'a>> {
        let by = match announcement {
            Announcement::Box => ChoiceRule::Boxed,
            Announcement::Phrase | Announcement::Correction => ChoiceRule::FinalPhrase,
        };
        let restated = self.restated.at_start(rest);
        // "Answer: 5" restates an option's text, but "Answer: B" never does, whatever the texts are.
        let restated =
            restated.filter(|(_, len)| rest[..*len].chars().count() > 1 || !self.is_letter(rest));
        if let Some((letter, len)) = restated {
            let text = rest[..len].trim();
            return Some(Candidate::Chosen { letter, text, by: ChoiceRule::OptionText });
        }
        match self.designation(rest) {
            // "Actually, it is A that fails" corrects nothing.
            Some(Designation::One(_, after))
                if announcement == Announcement::Correction
                    && !after.trim_start().is_empty()
                    && !after.starts_with(['.', ',', ';', '!', '\n', '\r']) =>
            {
                None
            }
            Some(Designation::One(letter, after)) => {
                let text = &rest[..rest.len() - after.len()];
                Some(Candidate::Chosen { letter, text: text.trim(), by })
            }
            Some(Designation::Several) => Some(Candidate::Nothing),
            None if announcement == Announcement::Correction => None,
            None if phrase::is_refusal(rest) => Some(Candidate::Nothing),
            None => None,
        }
    }

    fn designation(&self, text: &'a str) -> Option<Designation<'a>> {
        designation::read(text, self.cyrillic, &self.restated)
    }

    fn is_letter(&self, text: &str) -> bool {
        text.chars().next().is_some_and(|c| self.cyrillic.letter(c).is_some())
    }

    /// The statement that an option is right, or that it is chosen: the last, if all agree that stand
    /// after the last change of mind.
    fn stated(&self) -> Option<Candidate<'a>> {
        let mut last: Option<(Candidate<'a>, usize)> = None;
        let mut has_conflict = false;
        for groups in STATEMENTS.captures_iter(self.text) {
            let Some(candidate) = self.statement(&groups) else { continue };
            let place = groups.get_match();
            if let Some((before, end)) = &last {
                let has_changed = TURNS.is_match(&self.text[*end..place.start()]);
                has_conflict = !has_changed && (has_conflict || before.differs(&candidate));
            }
            last = Some((candidate, place.end()));
        }
        let (candidate, _) = last?;
        Some(if has_conflict { Candidate::Nothing } else { candidate })
    }

    fn statement(&self, groups: &Captures<'a>) -> Option<Candidate<'a>> {
        if let Some(object) = groups.name("object") {
            let found = self.after(Announcement::Phrase, &self.text[object.end()..])?;
            return Some(match found {
                Candidate::Chosen { letter, text, by: ChoiceRule::FinalPhrase } => {
                    Candidate::Chosen { letter, text, by: ChoiceRule::Statement }
                }
                other => other,
            });
        }
        let before = groups.name("before")?.as_str().to_lowercase();
        let is_limited = LIMITS.is_match(&self.text[groups.get_match().end()..]);
        if is_limited || DOUBTS.contains(&before.as_str()) {
            return None;
        }
        let subject = groups.name("subject")?.as_str();
        let c = subject.chars().next()?;
        let letter = self.cyrillic.letter(c).filter(|_| c.is_uppercase())?;
        Some(Candidate::Chosen { letter, text: subject, by: ChoiceRule::Statement })
    }

    /// The last line, if it is a letter alone or a letter with its option's own text, and no item of
    /// a list of options.
    fn letter_on_last_line(&self) -> Option<Candidate<'a>> {
        let mut lines = self.text.lines().rev().filter(|line| !line.trim().is_empty());
        let line = lines.next().filter(|line| phrase::announcements(line).next().is_none())?;
        let (letter, rest) = self.line(line)?;
        let is_list = lines
            .next()
            .and_then(|above| self.line(above))
            .is_some_and(|(above, _)| above != letter);
        let is_alone = is_blank(rest);
        let text = line[..line.len() - rest.len()].trim();
        (!is_list || is_alone).then_some(Candidate::Chosen {
            letter,
            text,
            by: ChoiceRule::LastLine,
        })
    }

    /// The letter of a line that is a letter, or a letter and its option's text.
    fn line(&self, line: &'a str) -> Option<(Letter, &'a str)> {
        let Designation::One(letter, rest) = self.designation(line)? else { return None };
        let own = rest.trim_start_matches(|c: char| c.is_whitespace() || ").:-—–*_".contains(c));
        let is_own =
            || self.restated.whole(own).is_some() && self.restated.is_at_start(letter, own);
        (is_blank(rest) || is_own()).then_some((letter, rest))
    }

    fn text_on_last_line(&self) -> Option<Candidate<'a>> {
        let line = self.text.lines().rev().find(|line| !line.trim().is_empty())?.trim();
        let letter = self.restated.whole(line)?;
        Some(Candidate::Chosen { letter, text: line, by: ChoiceRule::OptionText })
    }
}

/// Whether nothing but marks is left of a line.
fn is_blank(rest: &str) -> bool {
    rest.trim_matches(|c: char| c.is_whitespace() || ".!*_`)]}>$\"»”\\".contains(c)).is_empty()
}

#[cfg(test)]
mod tests;
