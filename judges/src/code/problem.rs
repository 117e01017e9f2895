//! Problems as their data sets publish them.

use sandbox::value::Value;
use sha2::{Digest, Sha256};

use super::error::CodeError;
use super::mbpp_inputs;
use super::python_json;
use super::rule::Rule;

/// Where a problem comes from; decides how inputs are read and outputs compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeDataset {
    /// `HumanEval+`; its base inputs are `HumanEval`'s.
    HumanEval,
    /// `MBPP+`.
    Mbpp,
}

/// One problem.
#[derive(Debug, Clone)]
pub struct CodeProblem {
    /// Such as `HumanEval/0`.
    pub task_id: String,
    /// What a model is shown: the head of a function, or a docstring.
    pub prompt: String,
    /// Name of the function that is called.
    pub entry_point: String,
    /// What follows the prompt in a right program.
    pub canonical_solution: String,
    /// The original test inputs: one argument list or tuple each.
    pub base: Vec<Value>,
    /// The inputs that `EvalPlus` added.
    pub plus: Vec<Value>,
    /// Absolute tolerance of float results; 0 leaves it to the expected result.
    pub atol: f64,
    /// SHA-256 of the row, in hexadecimal: what reference results belong to.
    pub row_sha256: String,
    pub(super) rule: Rule,
}

impl CodeProblem {
    /// Reads one row of a data set's JSON lines.
    pub fn from_row(dataset: CodeDataset, row: &str) -> Result<Self, CodeError> {
        let Value::Dict(pairs) = python_json::parse(row).map_err(CodeError::Row)? else {
            return Err(CodeError::Row("it is no object".to_owned()));
        };
        let mut fields = Fields { task_id: "row".to_owned(), pairs };
        let task_id = fields.text("task_id")?;
        fields.task_id.clone_from(&task_id);
        let entry_point = fields.text("entry_point")?;
        Ok(Self {
            prompt: fields.text("prompt")?,
            canonical_solution: fields.text("canonical_solution")?,
            base: fields.inputs(dataset, "base_input")?,
            plus: fields.inputs(dataset, "plus_input")?,
            atol: fields.number("atol")?,
            row_sha256: row_sha256(row),
            rule: Rule::of(dataset, &entry_point),
            task_id,
            entry_point,
        })
    }

    /// The canonical solution as a whole program.
    pub fn canonical_program(&self) -> String {
        self.prompt.clone() + &self.canonical_solution
    }
}

/// SHA-256 of a row, in hexadecimal.
pub fn row_sha256(row: &str) -> String {
    tasks::hex(&Sha256::digest(row.trim_end()))
}

struct Fields {
    task_id: String,
    pairs: Vec<(Value, Value)>,
}

impl Fields {
    fn take(&mut self, field: &'static str) -> Result<Value, CodeError> {
        let is_field =
            |key: &Value| matches!(key, Value::Str(key) if key.as_bytes() == field.as_bytes());
        let found = self.pairs.iter_mut().rfind(|(key, _)| is_field(key));
        let value = found.map(|(_, value)| std::mem::replace(value, Value::None));
        value.ok_or_else(|| self.malformed(field))
    }

    fn malformed(&self, field: &'static str) -> CodeError {
        CodeError::Field { task_id: self.task_id.clone(), field }
    }

    fn text(&mut self, field: &'static str) -> Result<String, CodeError> {
        match self.take(field)? {
            Value::Str(text) => Ok(text.to_string_lossy()),
            _ => Err(self.malformed(field)),
        }
    }

    fn number(&mut self, field: &'static str) -> Result<f64, CodeError> {
        match self.take(field)? {
            Value::Float(value) => Ok(value),
            Value::Int(value) => value.to_string().parse().map_err(|_| self.malformed(field)),
            _ => Err(self.malformed(field)),
        }
    }

    fn inputs(
        &mut self,
        dataset: CodeDataset,
        field: &'static str,
    ) -> Result<Vec<Value>, CodeError> {
        let number = self.task_id.rsplit('/').next().and_then(|number| number.parse().ok());
        let as_called = |input: Value| match (dataset, input) {
            (CodeDataset::HumanEval, input @ Value::List(_)) => Some(input),
            (CodeDataset::Mbpp, Value::List(items)) => mbpp_inputs::arguments(number?, items).ok(),
            _ => None,
        };
        // `MBPP+` writes an empty object where a problem has no inputs.
        let inputs = match self.take(field)? {
            Value::List(inputs) => inputs,
            Value::Dict(pairs) if pairs.is_empty() => Vec::new(),
            _ => return Err(self.malformed(field)),
        };
        let inputs: Option<_> = inputs.into_iter().map(as_called).collect();
        inputs.ok_or_else(|| self.malformed(field))
    }
}
