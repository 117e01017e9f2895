//! Whether the last message of a conversation with tools names the answer
//! (`eval_checker/agentic_eval/agentic_checker.py` and `_evaluate_single_agentic_entry`).

use super::decode::{self, Mode};
use super::value::Value;
use super::verdict::{ErrorType, Failure, Judged};
use crate::instructions::python::text::is_boundary;

/// Judges the one turn of a conversation: a list of steps, of which the last that is no call counts.
pub fn judge(result: &Value, mode: Mode, answers: &[String]) -> Judged {
    let steps = match result.as_list() {
        Some([turn]) => steps(turn),
        _ => None,
    };
    let steps = steps.ok_or_else(|| {
        Failure::new(ErrorType::AgenticInferenceError, "the result is no list of one turn")
    })?;
    let is_message =
        |step: &&Value| decode::executable(step, mode).map_or(true, |calls| has_no_call(&calls));
    let message = steps.iter().rev().find(is_message).filter(|message| !is_falsy(message));
    let message = message.ok_or_else(|| {
        Failure::new(ErrorType::AgenticNoLastMessage, "no step is a message without a call")
    })?;
    let text = match message {
        Value::List(items) => items.first().map_or_else(String::new, Value::to_text),
        other => other.to_text(),
    };
    let message = standardized(&text);
    if answers.iter().any(|answer| has_word(&message, &standardized(answer))) {
        return Ok(());
    }
    Err(Failure::new(
        ErrorType::AgenticAnswerNotFound,
        format!("the last message names none of the answers {answers:?}"),
    ))
}

/// What Python iterates a turn as.
pub(super) fn steps(turn: &Value) -> Option<Vec<Value>> {
    match turn {
        Value::List(items) => Some(items.clone()),
        Value::Str(text) => Some(text.chars().map(Value::str).collect()),
        Value::Dict(dict) => Some(dict.iter().map(|(key, _)| key.clone()).collect()),
        _ => None,
    }
}

/// `is_empty_execute_response`: no call, or one without text.
pub(super) fn has_no_call(calls: &[String]) -> bool {
    calls.is_empty() || matches!(calls, [only] if only.is_empty())
}

/// What `not` holds for. Upstream takes such a step for no message at all.
fn is_falsy(value: &Value) -> bool {
    match value {
        Value::List(items) => items.is_empty(),
        Value::Dict(dict) => dict.is_empty(),
        Value::Str(text) => text.is_empty(),
        other => *other == Value::None || *other == Value::int(0),
    }
}

/// Without `,./-_*^()`, in lower case, with double quotes for single ones.
fn standardized(text: &str) -> String {
    let kept = text.chars().filter(|c| !",./-_*^()".contains(*c));
    kept.collect::<String>().to_lowercase().replace('\'', "\"")
}

/// `re.search(rf"\b{answer}\b", message)`, with Python's word boundaries.
fn has_word(message: &str, answer: &str) -> bool {
    let (first, last) = (answer.chars().next(), answer.chars().next_back());
    let mut starts = starts_of(message, answer);
    starts.any(|at| {
        let before = message[..at].chars().next_back();
        let end = at + answer.len();
        let after = message[end..].chars().next();
        is_boundary(before, first.or(after)) && is_boundary(last.or(before), after)
    })
}

/// Where the needle occurs, overlapping occurrences too.
fn starts_of<'t>(text: &'t str, needle: &'t str) -> impl Iterator<Item = usize> + 't {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + text.get(from..)?.find(needle)?;
        from = at + text[at..].chars().next().map_or(1, char::len_utf8);
        Some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_found_as_words() {
        let check = |message: &str, answer: &str, expected: bool| {
            let turn = Value::List(vec![Value::List(vec![Value::str(message)])]);
            let judged = judge(&turn, Mode::Prompting, &[answer.to_owned()]);
            assert_eq!(judged.is_ok(), expected, "{message:?} {answer:?}");
        };
        check("It is 1,234 m.", "1234", true);
        check("It is 12345.", "1234", false);
        check("Finance's record", "Finance", true);
        check("x² is", "x", false);
        check("costs $5", "$5", false);
        check("ΟΔΟΣ", "οδος", true);
        check("abcabcab!", "abcab", false);
        check("f(a=1)", "1", false);
        check("anything", "", true);
    }
}
