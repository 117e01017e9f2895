//! Sentences, words and paragraphs.

use super::check::Session;
use super::data::LanguageDataError;
use super::finding::Finding;
use super::instruction::Bound;
use super::python::text;

/// `length_constraints:number_sentences`
pub(crate) fn sentences(
    session: &Session<'_>,
    bound: Bound,
    response: &str,
) -> Result<Finding, LanguageDataError> {
    let count = session.data.punkt(session.language)?.sentences(response).len();
    Ok(Finding::of(bound.holds(count), || format!("{count} sentences, wanted {bound}")))
}

/// `length_constraints:number_words`: runs of word characters.
pub(crate) fn words(bound: Bound, response: &str) -> Finding {
    let count = response.split(|c| !text::is_word(c)).filter(|word| !word.is_empty()).count();
    Finding::of(bound.holds(count), || format!("{count} words, wanted {bound}"))
}

/// `length_constraints:number_paragraphs`: parts between `***`, each with one blank around it.
pub(crate) fn paragraphs(exactly: u64, response: &str) -> Finding {
    // The blanks that upstream's pattern takes cannot turn a part blank or not.
    let parts: Vec<&str> = response.split("***").collect();
    let is_inner = |index: usize| index != 0 && index + 1 != parts.len();
    let mut count = 0_u64;
    for (index, part) in parts.iter().enumerate() {
        if !text::is_blank(part) {
            count += 1;
        } else if is_inner(index) {
            return Finding::Missed("a paragraph between two *** is blank".into());
        }
    }
    Finding::of(count == exactly, || {
        format!("{count} paragraphs separated by ***, wanted {exactly}")
    })
}

/// `length_constraints:nth_paragraph_first_word`. The place is counted with blank paragraphs, the
/// number without.
pub(crate) fn nth_paragraph(
    n_paragraphs: u64,
    nth: u64,
    first_word: &str,
    response: &str,
) -> Finding {
    let paragraphs: Vec<&str> = response.split("\n\n").map(text::strip).collect();
    let count = paragraphs.iter().filter(|paragraph| !paragraph.is_empty()).count() as u64;
    if count != n_paragraphs {
        return Finding::Missed(format!("{count} paragraphs, wanted {n_paragraphs}"));
    }
    let place = usize::try_from(nth).ok().and_then(|nth| nth.checked_sub(1));
    let paragraph = place.and_then(|place| paragraphs.get(place)).filter(|_| nth <= count);
    let Some(word) = paragraph.and_then(|paragraph| text::words(paragraph).next()) else {
        return Finding::Missed(format!("paragraph {nth} is missing or blank"));
    };
    let word = word.trim_start_matches('\'').trim_start_matches('"');
    let end = word.find(['.', ',', '?', '!', '\'', '"']).unwrap_or(word.len());
    // Letter by letter, so that a final sigma stays a plain one.
    let word: String = word[..end].chars().flat_map(char::to_lowercase).collect();
    Finding::of(word == first_word, || {
        format!("paragraph {nth} starts with {word:?}, wanted {first_word:?}")
    })
}
