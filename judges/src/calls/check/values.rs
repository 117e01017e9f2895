//! The value of an argument against the acceptable ones.

use std::borrow::Cow;

use crate::calls::value::{Dict, Value};
use crate::calls::verdict::{ErrorType, Failure, Judged};

/// Without spaces and `,./-_*^`, in lower case, with double quotes for single ones.
pub(super) fn standardized(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !" ,./-_*^".contains(*c)).collect();
    kept.to_lowercase().replace('\'', "\"")
}

fn standard(value: &Value) -> Cow<'_, Value> {
    match value {
        Value::Str(text) => Cow::Owned(Value::Str(standardized(text))),
        other => Cow::Borrowed(other),
    }
}

fn wrong(error_type: ErrorType, name: &str, value: &Value, acceptable: &[Value]) -> Failure {
    let acceptable: Vec<String> = acceptable.iter().map(Value::repr).collect();
    let reason = format!("`{name}` is {} and not one of {}", value.repr(), acceptable.join(", "));
    Failure::new(error_type, reason)
}

/// Membership as it is.
pub(super) fn plain(name: &str, value: &Value, acceptable: &[Value]) -> Judged {
    if acceptable.contains(value) {
        return Ok(());
    }
    Err(wrong(ErrorType::ValueOthers, name, value, acceptable))
}

/// Membership of standardised texts.
pub(super) fn string(name: &str, value: &Value, acceptable: &[Value]) -> Judged {
    let text = value.as_str().map(standardized);
    let mut texts = acceptable.iter().filter_map(Value::as_str).map(standardized);
    if text.is_some_and(|text| texts.any(|answer| answer == text)) {
        return Ok(());
    }
    Err(wrong(ErrorType::ValueString, name, value, acceptable))
}

/// Membership of lists whose texts are standardised, one level deep. A text among the acceptable
/// values acts as the list of its characters, so the optional marker accepts an empty list.
pub(super) fn list(name: &str, value: &Value, acceptable: &[Value]) -> Judged {
    let items: Vec<Cow<'_, Value>> =
        value.as_list().unwrap_or_default().iter().map(standard).collect();
    let is_equal = |answers: &[Value]| {
        items.len() == answers.len() && items.iter().zip(answers).all(|(a, b)| *a == standard(b))
    };
    let accepts = |answer: &Value| match answer {
        Value::List(answers) => is_equal(answers),
        Value::Str(text) => is_equal(&characters(text)),
        _ => false,
    };
    if acceptable.iter().any(accepts) {
        return Ok(());
    }
    Err(wrong(ErrorType::ValueList, name, value, acceptable))
}

fn characters(text: &str) -> Vec<Value> {
    text.chars().map(Value::str).collect()
}

/// A dictionary against acceptable ones, each with the acceptable values of its keys. The failure is
/// that of the last one compared.
pub(super) fn dict(value: &Value, acceptable: &[Value]) -> Judged {
    let unclear = || Failure::new(ErrorType::DictUnclear, "no dictionary is acceptable");
    let given = value.as_dict().ok_or_else(unclear)?;
    let mut failure = unclear();
    for answer in acceptable.iter().filter(|answer| !answer.is_empty_str()) {
        failure = match answer.as_dict() {
            None => unclear(),
            Some(answer) => match entries(given, answer) {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            },
        };
    }
    Err(failure)
}

/// What the data list under a key: acceptable values, or a text whose characters they are, which also
/// counts as optional; upstream's quirk.
fn listed(values: &Value) -> Cow<'_, [Value]> {
    match values {
        Value::List(values) => Cow::Borrowed(values),
        Value::Str(text) => {
            let mut values = characters(text);
            values.push(Value::str(""));
            Cow::Owned(values)
        }
        other => Cow::Owned(vec![other.clone()]),
    }
}

/// The failure of a dictionary: upstream goes on to missing keys after a wrong value, and reports those.
fn entries(given: &Dict, answer: &Dict) -> Judged {
    let missing = answer.iter().find(|(key, values)| {
        given.get(key).is_none() && !listed(values).iter().any(Value::is_empty_str)
    });
    if let Some((key, _)) = missing {
        let reason = format!("the dictionary lacks the key {}", key.repr());
        return Err(Failure::new(ErrorType::ValueDictKey, reason));
    }
    for (key, value) in given.iter() {
        let Some(values) = answer.get(key) else {
            let reason = format!("the dictionary has the unexpected key {}", key.repr());
            return Err(Failure::new(ErrorType::ValueDictKey, reason));
        };
        let acceptable = listed(values);
        // The marker that a text stands for is no value of its own.
        let is_text = matches!(values, Value::Str(_));
        let mut candidates = acceptable.iter().filter(|value| !is_text || !value.is_empty_str());
        let value = standard(value);
        if !candidates.any(|candidate| standard(candidate) == value) {
            return Err(wrong(ErrorType::ValueDictValue, &key.to_text(), &value, &acceptable));
        }
    }
    Ok(())
}

/// A list of dictionaries against acceptable lists, position by position.
pub(super) fn dicts(value: &Value, acceptable: &[Value]) -> Judged {
    let items = value.as_list().unwrap_or_default();
    let mut failure =
        Failure::new(ErrorType::ListDictUnclear, "no list of dictionaries is acceptable");
    for answer in acceptable {
        let answers = match answer {
            Value::List(answers) => answers.clone(),
            Value::Str(text) => characters(text),
            _ => Vec::new(),
        };
        if answers.len() != items.len() {
            let reason =
                format!("the list has {} dictionaries, not {}", items.len(), answers.len());
            failure = Failure::new(ErrorType::ValueListDictCount, reason);
            continue;
        }
        let mut pairs = items.iter().zip(&answers);
        let judged = pairs.try_for_each(|(item, answer)| dict(item, std::slice::from_ref(answer)));
        match judged {
            Ok(()) => return Ok(()),
            Err(wrong) => failure = wrong,
        }
    }
    Err(failure)
}
