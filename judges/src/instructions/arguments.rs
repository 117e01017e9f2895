//! The keyword arguments of one instruction.

use std::cell::RefCell;

use serde_json::{Map, Value};

use super::instruction::Bound;
use super::parse::InstructionError;

/// Arguments that are taken one by one; what is left over is an error. Null counts as absent, as
/// the copy of the data set on Hugging Face fills every argument that an instruction lacks with it.
pub(crate) struct Arguments<'a> {
    pub(crate) id: &'a str,
    values: &'a Map<String, Value>,
    taken: RefCell<Vec<&'static str>>,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(id: &'a str, values: &'a Map<String, Value>) -> Self {
        Self { id, values, taken: RefCell::new(Vec::new()) }
    }

    fn value(&self, name: &'static str) -> Result<&'a Value, InstructionError> {
        self.taken.borrow_mut().push(name);
        let value = self.values.get(name).filter(|value| !value.is_null());
        value.ok_or(InstructionError::MissingArgument { id: self.id.to_owned(), argument: name })
    }

    /// The error for an argument that is there but of no use.
    pub(crate) fn bad(&self, argument: &'static str, wanted: &'static str) -> InstructionError {
        let value = self.values.get(argument).map(Value::to_string).unwrap_or_default();
        InstructionError::BadArgument { id: self.id.to_owned(), argument, value, wanted }
    }

    pub(crate) fn text(&self, name: &'static str) -> Result<&'a str, InstructionError> {
        self.value(name)?.as_str().ok_or_else(|| self.bad(name, "a string"))
    }

    /// A list of strings that is not empty.
    pub(crate) fn texts(&self, name: &'static str) -> Result<Vec<&'a str>, InstructionError> {
        let list = self.value(name)?.as_array().filter(|list| !list.is_empty());
        let texts = list.and_then(|list| list.iter().map(Value::as_str).collect());
        texts.ok_or_else(|| self.bad(name, "a list of strings"))
    }

    /// A whole number from 0 on, which may be written as a float.
    pub(crate) fn count(&self, name: &'static str) -> Result<u64, InstructionError> {
        let value = self.value(name)?;
        let whole = || {
            let float = value.as_f64().filter(|x| x.fract() == 0.0)?;
            format!("{float:.0}").parse().ok()
        };
        value.as_u64().or_else(whole).ok_or_else(|| self.bad(name, "a whole number from 0 on"))
    }

    pub(crate) fn bound(
        &self,
        count: &'static str,
        relation: &'static str,
    ) -> Result<Bound, InstructionError> {
        let limit = self.count(count)?;
        match self.text(relation)? {
            "less than" => Ok(Bound::LessThan(limit)),
            "at least" => Ok(Bound::AtLeast(limit)),
            _ => Err(self.bad(relation, "`less than` or `at least`")),
        }
    }

    /// No argument may be left.
    pub(crate) fn finish(&self) -> Result<(), InstructionError> {
        let taken = self.taken.borrow();
        let mut left = self
            .values
            .iter()
            .filter(|(name, value)| !value.is_null() && !taken.iter().any(|taken| taken == name));
        match left.next() {
            None => Ok(()),
            Some((name, _)) => Err(InstructionError::UnknownArgument {
                id: self.id.to_owned(),
                argument: name.clone(),
            }),
        }
    }
}
