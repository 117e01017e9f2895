//! Calls against acceptable answers (`eval_checker/ast_eval/ast_checker.py`).

mod collection;
mod correction;
mod java;
mod javascript;
mod types;
mod values;

use tasks::calls::{FunctionDoc, Language, Parameter, ParameterType};

pub use correction::{DataError, DataErrorKind, data_errors};

use super::decode::FunctionCall;
use super::entry::ExpectedCall;
use super::value::{Class, Value};
use super::verdict::{ErrorType, Failure, Judged};
use types::expected_class;

/// How function names with dots were given to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// As they are.
    Dots,
    /// With underscores for dots (`underscore_to_dot` of upstream's models), for endpoints that allow
    /// no dots.
    Underscores,
}

/// A way to check calls.
#[derive(Debug, Clone, Copy)]
pub struct Check<'c> {
    /// The language of the functions.
    pub language: Language,
    /// How names were given.
    pub naming: Naming,
    /// Parameters that are not compared.
    pub left_out: &'c [DataError],
}

/// How a comparison of types came out.
struct Typed {
    /// The value has the type of the acceptable values and not that of the parameter.
    is_variable: bool,
}

impl Check<'_> {
    /// Exactly one call of the first function.
    pub fn only(
        &self,
        functions: &[FunctionDoc],
        calls: &[FunctionCall],
        expected: &[ExpectedCall],
    ) -> Judged {
        let wrong = || Failure::new(ErrorType::SimpleWrongCount, counted(calls.len(), 1));
        let ([call], Some(expected)) = (calls, expected.first()) else { return Err(wrong()) };
        let function = functions.first().ok_or_else(wrong)?;
        self.call(function, call, expected)
    }

    /// Exactly one call, of the function that is expected.
    pub fn one_of_several(
        &self,
        functions: &[FunctionDoc],
        calls: &[FunctionCall],
        expected: &[ExpectedCall],
    ) -> Judged {
        match (calls, expected) {
            ([call, ..], [first, ..]) if calls.len() == expected.len() => {
                self.call(described(functions, &first.name)?, call, first)
            }
            _ => {
                let reason = counted(calls.len(), expected.len());
                Err(Failure::new(ErrorType::MultipleWrongCount, reason))
            }
        }
    }

    /// As many calls as expected, in any order. Each expected call takes the first call that fits and
    /// is not taken, without going back; upstream's quirk.
    pub fn unordered(
        &self,
        functions: &[FunctionDoc],
        calls: &[FunctionCall],
        expected: &[ExpectedCall],
    ) -> Judged {
        if calls.len() != expected.len() {
            let reason = counted(calls.len(), expected.len());
            return Err(Failure::new(ErrorType::ParallelWrongCount, reason));
        }
        let mut is_taken = vec![false; calls.len()];
        for expected in expected {
            let function = described(functions, &expected.name)?;
            let mut reasons = Vec::new();
            let free = calls.iter().enumerate().filter(|(idx, _)| !is_taken[*idx]);
            let found = free
                .map(|(idx, call)| (idx, self.call(function, call, expected)))
                .find_map(|(idx, judged)| match judged {
                    Ok(()) => Some(idx),
                    Err(failure) => {
                        reasons.push(format!("call {}: {}", idx + 1, failure.reason));
                        None
                    }
                });
            let Some(idx) = found else {
                let reason = format!("no call fits `{}`: {}", expected.name, reasons.join("; "));
                return Err(Failure::new(ErrorType::ParallelCannotFindMatch, reason));
            };
            is_taken[idx] = true;
        }
        Ok(())
    }

    /// One call against what is expected of it.
    fn call(&self, function: &FunctionDoc, call: &FunctionCall, expected: &ExpectedCall) -> Judged {
        let name = match self.naming {
            Naming::Dots => function.name.clone(),
            Naming::Underscores => function.name.replace('.', "_"),
        };
        if call.name.as_str() != Some(name.as_str()) {
            let reason = format!("`{name}` is expected, and {} is called", call.name.repr());
            return Err(Failure::new(ErrorType::WrongFunctionName, reason));
        }
        let is_given = |name: &str| call.arguments.get_str(name).is_some();
        let missing = function.required.iter().find(|name| !is_given(name) && !self.leaves(name));
        if let Some(missing) = missing {
            let reason = format!("the required parameter `{missing}` is missing");
            return Err(Failure::new(ErrorType::MissingRequired, reason));
        }
        for (name, value) in call.arguments.iter() {
            self.argument(function, (name, value), expected)?;
        }
        let missing = expected.parameters.iter().find(|(name, values)| {
            !is_given(name) && !values.iter().any(Value::is_empty_str) && !self.leaves(name)
        });
        match missing {
            Some((name, _)) => {
                let reason = format!("the parameter `{name}` may not be left out");
                Err(Failure::new(ErrorType::MissingOptional, reason))
            }
            None => Ok(()),
        }
    }

    fn leaves(&self, parameter: &str) -> bool {
        self.left_out.iter().any(|error| error.parameter == parameter)
    }

    fn argument(
        &self,
        function: &FunctionDoc,
        (name, value): (&Value, &Value),
        expected: &ExpectedCall,
    ) -> Judged {
        let known = name
            .as_str()
            .and_then(|name| Some((name, function.parameter(name)?, expected.values(name)?)));
        if name.as_str().is_some_and(|name| self.leaves(name)) {
            return Ok(());
        }
        let Some((name, parameter, acceptable)) = known else {
            let reason = format!("the parameter {} is unexpected", name.repr());
            return Err(Failure::new(ErrorType::UnexpectedParameter, reason));
        };
        let value = self.converted(name, value, parameter)?;
        let class = expected_class(parameter.kind);
        let item = parameter.item.map(expected_class);
        let typed = types::check(name, &value, acceptable, (parameter.kind, class, item))?;
        if typed.is_variable {
            return values::plain(name, &value, acceptable);
        }
        match (class, item) {
            (Class::Dict, _) => values::dict(&value, acceptable),
            (Class::List, Some(Class::Dict)) => values::dicts(&value, acceptable),
            (Class::Str, _) => values::string(name, &value, acceptable),
            (Class::List, _) => values::list(name, &value, acceptable),
            _ => values::plain(name, &value, acceptable),
        }
    }

    /// The value as the parameter's language reads it.
    fn converted(&self, name: &str, value: &Value, parameter: Parameter) -> Result<Value, Failure> {
        let source = |error_type| {
            value.as_str().ok_or_else(|| {
                let reason =
                    format!("`{name}` must be source text and is a {}", value.class().name());
                Failure::new(error_type, reason)
            })
        };
        Ok(match (self.language, value) {
            (Language::Java, _) => java::read(source(ErrorType::TypeJava)?, parameter),
            (Language::JavaScript, _) => {
                javascript::read(source(ErrorType::TypeJavaScript)?, parameter)
            }
            (Language::Python, Value::Tuple(items)) if parameter.kind == ParameterType::Tuple => {
                Value::List(items.clone())
            }
            (Language::Python, Value::Int(number)) if parameter.kind == ParameterType::Float => {
                types::to_float(number)
            }
            (Language::Python, value) => value.clone(),
        })
    }
}

fn counted(n_calls: usize, n_expected: usize) -> String {
    format!("{n_expected} calls are expected, and {n_calls} are made")
}

fn described<'f>(functions: &'f [FunctionDoc], name: &str) -> Result<&'f FunctionDoc, Failure> {
    functions.iter().find(|function| function.name == name).ok_or_else(|| {
        let reason = format!("the data describe no function `{name}`");
        Failure::new(ErrorType::WrongFunctionName, reason)
    })
}

#[cfg(test)]
mod tests;
