//! Units after a number.

use super::latex::{peel, styled};

/// Marks after a number that name a unit or the decimal base.
const MARKS: [&str; 10] = [
    r"^\circ",
    r"^{\circ}",
    r"^{ \circ }",
    r"\degree",
    "°",
    r"\%",
    "%",
    "_{10}",
    r"_{\text{ten}}",
    r"\$",
];

/// Degree signs, after which a letter names the scale of a temperature.
const DEGREES: [&str; 4] = [r"^\circ", r"^{\circ}", r"\degree", "°"];

/// Words after a number that change its value, add another value or take it back, so they are no
/// units. Whatever is counted can be a unit, so a list of units could not be complete.
const NOT_UNITS: [&str; 99] = [
    "hundred",
    "hundreds",
    "thousand",
    "thousands",
    "million",
    "millions",
    "mln",
    "billion",
    "billions",
    "bn",
    "trillion",
    "trillions",
    "quadrillion",
    "dozen",
    "dozens",
    "score",
    "gross",
    "myriad",
    "lakh",
    "lakhs",
    "crore",
    "crores",
    "halves",
    "thirds",
    "fourths",
    "fifths",
    "sixths",
    "sevenths",
    "eighths",
    "ninths",
    "tenths",
    "hundredths",
    "thousandths",
    "millionths",
    "pi",
    "squared",
    "cubed",
    "factorial",
    "doubled",
    "tripled",
    "halved",
    "half",
    "negative",
    "imaginary",
    "infinity",
    "base",
    "root",
    "or",
    "and",
    "plus",
    "minus",
    "times",
    "to",
    "mod",
    "sqrt",
    "over",
    "not",
    "but",
    "more",
    "less",
    "maybe",
    "perhaps",
    "possibly",
    "either",
    "alternatively",
    "except",
    "otherwise",
    "wrong",
    "incorrect",
    "сто",
    "сотен",
    "сотни",
    "сотня",
    "сотню",
    "тыс",
    "млн",
    "млрд",
    "трлн",
    "десяток",
    "десятка",
    "десятков",
    "десятки",
    "треть",
    "трети",
    "четверть",
    "четверти",
    "или",
    "либо",
    "и",
    "плюс",
    "минус",
    "пи",
    "квадрате",
    "кубе",
    "не",
    "но",
    "возможно",
    "больше",
    "меньше",
];

/// The beginnings of Russian words of the same kind, which have many endings.
const NOT_UNIT_STEMS: [&str; 9] = [
    "тысяч",
    "миллион",
    "миллиард",
    "триллион",
    "дюжин",
    "полтор",
    "половин",
    "отрицательн",
    "умнож",
];

/// The units of one letter. Any other letter could be a variable or a constant.
const LETTERS: [char; 5] = ['m', 's', 'g', 'h', 'L'];

/// Powers after a unit.
const POWERS: [&str; 6] = ["^2", "^3", "^{2}", "^{3}", "²", "³"];

/// Drops one unit mark, unit group or run of unit words from the end of an answer.
pub(super) fn strip(text: &str) -> Option<&str> {
    MARKS
        .iter()
        .find_map(|mark| text.strip_suffix(mark))
        .or_else(|| strip_group(text))
        .or_else(|| strip_words(text))
        .or_else(|| strip_remark(text))
}

/// Drops a remark in parentheses after a number, such as "(mod 1000)".
fn strip_remark(text: &str) -> Option<&str> {
    let (head, remark) = text.strip_suffix(')')?.rsplit_once(" (")?;
    (is_remark(remark) && head.ends_with(|c: char| c.is_ascii_digit())).then_some(head)
}

/// Drops a trailing `\text{ units}`, with an exponent if the unit has one.
fn strip_group(text: &str) -> Option<&str> {
    let text = POWERS
        .iter()
        .find_map(|power| text.strip_suffix(power))
        .filter(|head| head.ends_with('}'))
        .unwrap_or(text);
    let at = [r"\text", r"\mbox", r"\mathrm"].iter().filter_map(|name| text.rfind(name)).max()?;
    let (head, group) = text.split_at(at);
    let (name, content, rest) = styled(group)?;
    let unit = peel(content);
    let is_scale = ["C", "F"].contains(&unit) && DEGREES.iter().any(|sign| head.ends_with(sign));
    let is_unit =
        unit.is_empty() || MARKS.contains(&unit) || is_scale || is_unit_group(name, content);
    (rest.is_empty() && !head.trim().is_empty() && is_unit).then_some(head)
}

/// Whether the content of `\text{…}` or a like command is a unit or a remark. Upright letters of
/// `\mathrm` also write constants such as e and i, so a single one is no unit there.
fn is_unit_group(name: &str, content: &str) -> bool {
    let unit = peel(content);
    let mut letters = unit.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => name != "mathrm" && LETTERS.contains(&letter),
        _ => match unit.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(remark) => is_remark(remark),
            None => is_unit(unit),
        },
    }
}

/// Drops up to four plain words after a number ("900 dollars"). A single letter could be a
/// variable and is kept.
fn strip_words(text: &str) -> Option<&str> {
    let head = text.trim_end_matches(|c: char| c.is_alphabetic() || c == ' ');
    let words = &text[head.len()..];
    let follows_number = head.ends_with(|c: char| c.is_ascii_digit() || "%$}".contains(c));
    let are_words = words.starts_with(' ')
        && words.split_whitespace().count() <= 4
        && words.split_whitespace().all(|word| word.chars().count() > 1);
    (follows_number && !words.trim().is_empty() && are_words && is_unit(words)).then_some(head)
}

/// Whether words, with no digit or command among them, can be a unit.
fn is_unit(words: &str) -> bool {
    let words = POWERS.iter().find_map(|power| words.strip_suffix(power)).unwrap_or(words);
    let typography = |c: char| c.is_whitespace() || ".,/'’-·°()".contains(c);
    words.contains(char::is_alphabetic)
        && words.chars().all(|c| c.is_alphabetic() || typography(c))
        && !words.split(|c: char| !c.is_alphabetic()).any(changes_value)
}

fn changes_value(word: &str) -> bool {
    let word = word.to_lowercase();
    NOT_UNITS.contains(&word.as_str()) || NOT_UNIT_STEMS.iter().any(|stem| word.starts_with(stem))
}

/// Whether the inside of parentheses leaves the number before them alone: a modulus, or words
/// that could be a unit. A remark with a digit may hold another answer, as "(or 43)" does.
fn is_remark(remark: &str) -> bool {
    let modulus = remark.strip_prefix("mod").map(str::trim_start);
    let is_modulus = modulus.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let starts_with_word = remark.chars().take(2).filter(|c| c.is_alphabetic()).count() == 2;
    is_modulus || (starts_with_word && is_unit(remark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(strip(text), expected, "{text:?}");
    }

    #[test]
    fn units() {
        check(r"5\%", Some("5"));
        check("5°", Some("5"));
        check(r"5\text{ cm}^2", Some("5"));
        check("5 miles per hour", Some("5"));
        check("5 рублей", Some("5"));
        check("5 (approximately)", Some("5"));
        check("5 (mod 1000)", Some("5"));
        check("5 people (in total)", None);
        check(r"5\text{ (mod 1000)}", Some("5"));
        check(r"5\text{ (approximately)}", Some("5"));
        check(r"5\mathrm{~cm}", Some("5"));
        check(r"5\text{ m/s^2}", Some("5"));
        check(r"5\text{ m}", Some("5"));
        check(r"5\text{\%}", Some("5"));
        check(r"5\text{}", Some("5"));
        check(r"5^\circ\text{C}", Some(r"5^\circ"));
        check(r"5^{\circ}\mathrm{F}", Some(r"5^{\circ}"));
        check(r"5\text{C}", None);
        check("5 negligible errors", Some("5"));
        check("", None);
    }

    #[test]
    fn no_units() {
        check("5 (or 6)", None);
        check("5 (or maybe six)", None);
        check("5 (или 6)", None);
        check("5 (mod 10 or 6)", None);
        check("5 (base 8)", None);
        check("5 (about 6)", None);
        check(r"5\text{ (or 6)}", None);
        check(r"5\text{ (million)}", None);
        for word in ["тыс", "млн", "млрд", "миллиарда", "десяток", "половиной", "либо шесть"]
        {
            check(&format!("5 {word}"), None);
        }
        for word in ["lakh", "crore", "dozen", "score", "negative", "Thousands", "fifths"] {
            check(&format!("5 {word}"), None);
            check(&format!(r"5\text{{ {word}}}"), None);
        }
        for group in ["7", "_8", "!", r"\pi", "i", "e", "x", "k", " = 6", "cm^{12}", "-"] {
            check(&format!(r"5\text{{{group}}}"), None);
        }
        check(r"5\mathrm{m}", None);
        check(r"5\mathrm{e}", None);
        check("5 (x)", None);
        check("5 million", None);
        check("5 x", None);
        check(r"5\text{ or }", None);
        check(r"\text{cm}", None);
    }
}
