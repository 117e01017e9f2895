//! Python's character classes and the string methods built on them.
//!
//! Source: `CPython` 3.11, `Objects/unicodectype.c`, `Objects/unicodeobject.c` and `Modules/_sre`.
//! Rust's own classes differ: `char::is_whitespace` lacks U+001C–U+001F, and the word class of the
//! `regex` crate takes in combining marks, which Python treats as word ends.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// `str.isspace` of one character, which is also `\s`.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// `str.isalpha` of one character.
pub(crate) fn is_alpha(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    c.general_category_group() == GeneralCategoryGroup::Letter
}

/// `\w`: a letter, anything of a numeric category, or the underscore.
pub(crate) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    let group = c.general_category_group();
    matches!(group, GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number)
}

/// `\d`: a decimal digit of any script.
pub(crate) fn is_decimal(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_digit();
    }
    c.general_category() == GeneralCategory::DecimalNumber
}

/// A character of a punctuation category.
pub(crate) fn is_punctuation(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Punctuation
}

fn is_title(c: char) -> bool {
    !c.is_ascii() && c.general_category() == GeneralCategory::TitlecaseLetter
}

/// `str.strip()`.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Nothing is left after `str.strip()`.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(is_space)
}

/// `str.split()`.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// `str.isupper()`: at least one upper-case character, and none in lower or title case.
pub(crate) fn is_upper(text: &str) -> bool {
    !text.chars().any(|c| c.is_lowercase() || is_title(c)) && text.chars().any(char::is_uppercase)
}

/// `str.islower()`: at least one lower-case character, and none in upper or title case.
pub(crate) fn is_lower(text: &str) -> bool {
    !text.chars().any(|c| c.is_uppercase() || is_title(c)) && text.chars().any(char::is_lowercase)
}

/// The simple lower-case mapping of one character, by which `re.IGNORECASE` compares.
pub(crate) fn simple_lower(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    // Only U+0130 has a longer full mapping, and it starts with the simple one.
    c.to_lowercase().next().unwrap_or(c)
}

/// Whether `\b` holds between two neighbours.
pub(crate) fn is_boundary(before: Option<char>, after: Option<char>) -> bool {
    before.is_some_and(is_word) != after.is_some_and(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_pythons() {
        let check = |c: char, space: bool, word: bool, decimal: bool| {
            assert_eq!((is_space(c), is_word(c), is_decimal(c)), (space, word, decimal), "{c:?}");
        };
        check('\u{1c}', true, false, false);
        check('\u{85}', true, false, false);
        check('\u{200b}', false, false, false);
        check('_', false, true, false);
        check('²', false, true, false);
        check('½', false, true, false);
        check('٣', false, true, true);
        check('\u{301}', false, false, false);
        check('ि', false, false, false);
        check('Ⓐ', false, false, false);
        check('‿', false, false, false);
    }

    #[test]
    fn case_needs_a_cased_character_and_title_case_is_neither() {
        let check = |text: &str, upper: bool, lower: bool| {
            assert_eq!((is_upper(text), is_lower(text)), (upper, lower), "{text:?}");
        };
        check("", false, false);
        check("3", false, false);
        check("3D", true, false);
        check("a1", false, true);
        check("ǅ", false, false);
        check("AǅA", false, false);
        check("Ab", false, false);
    }
}
