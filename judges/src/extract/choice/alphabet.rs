//! Characters that stand for a letter from A to D.
//!
//! Options are displayed under Latin letters, so a Cyrillic letter in a reply is a copy of a shape:
//! А, В and С are A, B and C. Б is B and Д is D by sound, Г is the fourth of its alphabet and no
//! other reading of it is an option. Only a reply that lists the options anew under Cyrillic letters,
//! which shows by an own Б or Г, counts А Б В Г in their alphabet's order, where В is the third.

use std::sync::LazyLock;

use regex::Regex;
use tasks::choice::Letter;

/// How Cyrillic letters are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cyrillic {
    /// By shape, then by sound.
    LookAlike,
    /// By their place in А Б В Г.
    InOrder,
}

/// A list item under Б or Г.
static RELABELLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^[ \t*_(\-]*[БГбг][*_]*[).:]").expect("the pattern is valid")
});

impl Cyrillic {
    /// The reading that a reply calls for.
    pub(super) fn of_reply(text: &str) -> Self {
        if RELABELLED.is_match(text) { Self::InOrder } else { Self::LookAlike }
    }

    /// The letter that a character of either case stands for.
    pub(super) fn letter(self, c: char) -> Option<Letter> {
        let upper = c.to_uppercase().next()?;
        let letter = match (upper, self) {
            ('A' | 'А' | 'Ａ', _) => Letter::A,
            ('B' | 'Б' | 'Ｂ', _) | ('В', Self::LookAlike) => Letter::B,
            ('C' | 'Ｃ', _) | ('С', Self::LookAlike) | ('В', Self::InOrder) => Letter::C,
            ('D' | 'Г' | 'Ｄ', _) | ('Д', Self::LookAlike) => Letter::D,
            _ => return None,
        };
        Some(letter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reply: &str, expected: &str) {
        let cyrillic = Cyrillic::of_reply(reply);
        let read = |c| cyrillic.letter(c).map_or("-", Letter::name);
        assert_eq!("АБВГДС".chars().map(read).collect::<String>(), expected, "{reply:?}");
        assert_eq!("AbCdEＣ".chars().map(read).collect::<String>(), "ABCD-C");
    }

    #[test]
    fn cyrillic_letters_are_shapes_unless_they_label_a_list() {
        check("Ответ: В", "ABBDDC");
        check("А) да\nБ) нет\nОтвет: В", "ABCD--");
        check("**Г)** нет", "ABCD--");
        check("Белок растёт. Газ (Б) горит.", "ABBDDC");
    }
}
