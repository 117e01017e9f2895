//! Python's `str.format`, as far as judge prompts need it: named slots and doubled braces.

use thiserror::Error;

/// A template with named slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Slot(String),
}

/// What is wrong with a template, or with what it is filled with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FormatError {
    /// A brace that opens or closes nothing.
    #[error("a single `{0}` that is neither doubled nor part of a slot")]
    Brace(char),
    /// A slot that is not a plain name, such as `{a.b}` or `{a:>3}`.
    #[error("the slot `{{{0}}}` is not a plain name")]
    Slot(String),
    /// A slot without a value.
    #[error("there is no value for the slot `{{{0}}}`")]
    Missing(String),
}

impl Format {
    /// Reads a template.
    pub fn parse(template: &str) -> Result<Self, FormatError> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let brace = if rest[at..].starts_with('{') { '{' } else { '}' };
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                text.push(brace);
                rest = after;
            } else if brace == '}' {
                return Err(FormatError::Brace('}'));
            } else {
                let (name, after) = rest.split_once('}').ok_or(FormatError::Brace('{'))?;
                if !is_name(name) {
                    return Err(FormatError::Slot(name.to_owned()));
                }
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(Piece::Slot(name.to_owned()));
                rest = after;
            }
        }
        text.push_str(rest);
        pieces.push(Piece::Text(text));
        Ok(Self(pieces))
    }

    /// Fills the slots. Values are inserted as they are, braces and all; values without a slot are
    /// of no effect, as in Python.
    pub fn fill(&self, values: &[(&str, &str)]) -> Result<String, FormatError> {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Slot(name) => {
                    let value = values.iter().find(|(known, _)| known == name);
                    let (_, value) = value.ok_or_else(|| FormatError::Missing(name.clone()))?;
                    filled.push_str(value);
                }
            }
        }
        Ok(filled)
    }
}

fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, expected: &str) {
        let filled = Format::parse(template)
            .and_then(|format| format.fill(&[("a", "{b} }{"), ("b", "Б"), ("unused", "")]));
        assert_eq!(filled.unwrap_or_else(|err| err.to_string()), expected, "{template}");
    }

    #[test]
    fn slots_are_filled_as_python_fills_them() {
        check("", "");
        check("[{a}]{b}{b}", "[{b} }{]ББ");
        check("{{a}} {{{a}}}", "{a} {{b} }{}");
        check("}}{{", "}{");
        check("{c}", "there is no value for the slot `{c}`");
        check("{a", "a single `{` that is neither doubled nor part of a slot");
        check("a}", "a single `}` that is neither doubled nor part of a slot");
        check("{}", "the slot `{}` is not a plain name");
        check("{a!r}", "the slot `{a!r}` is not a plain name");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_inserted_unchanged_and_no_template_panics(
            template in "[a{}x]{0,12}",
            value in ".{0,20}",
        ) {
            drop(Format::parse(&template));
            let format = Format::parse("<{a}>").expect("a template");
            let filled = format.fill(&[("a", &value)]).expect("a value");
            proptest::prop_assert_eq!(filled, format!("<{value}>"));
        }
    }
}
