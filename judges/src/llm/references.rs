//! Reference answers.

use std::collections::BTreeMap;

use sandbox::value::{PyStr, Value};

use super::PromptError;
use crate::code::{python_json, python_text};

/// Longer than any reference answer: nothing is cut.
const NO_LIMIT: usize = usize::MAX;

/// A reference file of FastChat: answers by question and turn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References(BTreeMap<String, Vec<String>>);

impl References {
    /// Reads the lines of `model_answer`-like files; `file` names them in errors. Answers that are
    /// numbers in the file, as some of ruMT-Bench are, become what `str.format` shows of them.
    pub fn parse(file: &str, text: &str) -> Result<Self, PromptError> {
        let mut answers = BTreeMap::new();
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        for (line_number, line) in lines {
            let bad = |reason: String| PromptError::File {
                file: file.to_owned(),
                line: line_number,
                reason,
            };
            let row = python_json::parse(line).map_err(bad)?;
            let read = || {
                let id = python_str(field(&row, "question_id")?);
                let Value::List(choices) = field(&row, "choices")? else { return None };
                let Value::List(turns) = field(choices.first()?, "turns")? else { return None };
                Some((id, turns.iter().map(python_str).collect()))
            };
            let (id, turns) =
                read().ok_or_else(|| bad("no `question_id` and `choices[0].turns`".to_owned()))?;
            // A later line takes the place of an earlier one, as in `load_model_answers`.
            answers.insert(id, turns);
        }
        Ok(Self(answers))
    }

    /// The answers to a question by turn.
    pub fn get(&self, question_id: &str) -> Option<&[String]> {
        self.0.get(question_id).map(Vec::as_slice)
    }
}

fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let Value::Dict(pairs) = value else { return None };
    let is_name = |key: &Value| matches!(key, Value::Str(text) if *text == PyStr::from(name));
    pairs.iter().find(|(key, _)| is_name(key)).map(|(_, value)| value)
}

/// Python's `str(value)`, which is what a slot without a format shows.
fn python_str(value: &Value) -> String {
    match value {
        Value::Str(text) => text.to_string_lossy(),
        other => python_text::repr(other, NO_LIMIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(turns: &str, expected: &[&str]) {
        let line =
            format!(r#"{{"question_id": 5, "choices": [{{"index": 0, "turns": {turns}}}]}}"#);
        let references = References::parse("f", &line).expect("a reference file");
        assert_eq!(references.get("5").expect("the question"), expected, "{turns}");
    }

    #[test]
    fn answers_become_what_python_shows() {
        check(r#"["a {b}", ""]"#, &["a {b}", ""]);
        check("[12000, 0]", &["12000", "0"]);
        check("[0.19, 1e16, 1.0]", &["0.19", "1e+16", "1.0"]);
        check(
            "[null, true, 123456789012345678901234567890]",
            &["None", "True", "123456789012345678901234567890"],
        );
    }

    #[test]
    fn a_bad_line_is_named() {
        let err = References::parse("f.jsonl", "\n{\"question_id\": 1}\n").expect_err("no answers");
        assert_eq!(err.to_string(), "f.jsonl, line 2: no `question_id` and `choices[0].turns`");
    }
}
