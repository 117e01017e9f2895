//! Upper and lower case, and the language of the response.

use super::check::Session;
use super::data::LanguageDataError;
use super::finding::Finding;
use super::instruction::Bound;
use super::python::text;

/// `change_case:capital_word_frequency`: tokens of which every cased character is a capital.
pub(crate) fn capital_words(
    session: &Session<'_>,
    bound: Bound,
    response: &str,
) -> Result<Finding, LanguageDataError> {
    let mut count = 0;
    let count_capitals = |token: &str| count += usize::from(text::is_upper(token));
    session.data.each_word_token(response, count_capitals)?;
    Ok(Finding::of(bound.holds(count), || format!("{count} words are in capitals, wanted {bound}")))
}

/// `change_case:english_capital`
pub(crate) fn all_capitals(
    session: &Session<'_>,
    response: &str,
) -> Result<Finding, LanguageDataError> {
    if !text::is_upper(response) {
        return Ok(Finding::Missed("not all letters are capitals".into()));
    }
    language(session, session.language.code(), response)
}

/// `change_case:english_lowercase`
pub(crate) fn all_lowercase(
    session: &Session<'_>,
    response: &str,
) -> Result<Finding, LanguageDataError> {
    if !text::is_lower(response) {
        return Ok(Finding::Missed("not all letters are in lower case".into()));
    }
    language(session, session.language.code(), response)
}

/// `language:response_language`. A text that tells nothing is in any language.
pub(crate) fn language(
    session: &Session<'_>,
    code: &str,
    response: &str,
) -> Result<Finding, LanguageDataError> {
    let found = session.data.language_of(session.language, response)?;
    Ok(match found {
        Some(found) if found != code => {
            Finding::Missed(format!("the language is {found:?}, wanted {code:?}"))
        }
        _ => Finding::Followed,
    })
}
