//! GGUF files: metadata and tensors, with errors that name what is wrong.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use candle_core::Device;
use candle_core::quantized::gguf_file::{Content, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use thiserror::Error;

use super::matrix::{self, Bf16, F16};
use super::weights::{Dtype, Tensor, Values};

/// Tensor types that can be read.
const SUPPORTED_TYPES: &str =
    "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K";

/// The number of the first of `TYPE_NAMES`.
const FIRST_NAMED_TYPE: usize = 16;

/// Names of the tensor types that cannot be read, in the order of their numbers (`enum ggml_type` in
/// `ggml.h` of llama-cpp-python 0.3.36). Empty where a number is that of a type that can be read.
const TYPE_NAMES: [&str; 27] = [
    "IQ2_XXS",
    "IQ2_XS",
    "IQ3_XXS",
    "IQ1_S",
    "IQ4_NL",
    "IQ3_S",
    "IQ2_S",
    "IQ4_XS",
    "I8",
    "I16",
    "I32",
    "I64",
    "F64",
    "IQ1_M",
    "",
    "Q4_0_4_4",
    "Q4_0_4_8",
    "Q4_0_8_8",
    "TQ1_0",
    "TQ2_0",
    "IQ4_NL_4_4",
    "IQ4_NL_4_8",
    "IQ4_NL_8_8",
    "MXFP4",
    "NVFP4",
    "Q1_0",
    "Q2_0",
];

/// Why a model cannot be loaded.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The file cannot be read or is no GGUF file.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        reason: String,
    },
    /// The file lacks something a model needs.
    #[error("the file has no usable `{0}`")]
    Missing(String),
    /// The file holds something this build cannot run.
    #[error("{what} `{found}` is not supported; supported: {supported}")]
    Unsupported {
        /// The kind of thing.
        what: &'static str,
        /// What the file has.
        found: String,
        /// What can be run.
        supported: String,
    },
    /// The chat template cannot be compiled.
    #[error("the chat template is not valid: {0}")]
    Template(String),
    /// The tokenizer cannot be built.
    #[error("the tokenizer cannot be built: {0}")]
    Tokenizer(String),
    /// candle refused a tensor.
    #[error("candle: {0}")]
    Candle(#[from] candle_core::Error),
    /// The model's thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(String),
}

/// An opened GGUF file.
pub(super) struct Gguf {
    content: Content,
    reader: BufReader<File>,
    dtype: Dtype,
}

impl Gguf {
    pub(super) fn open(path: &Path, dtype: Dtype) -> Result<Self, ModelError> {
        let refuse = |reason: String| ModelError::File { path: path.to_owned(), reason };
        let file = File::open(path).map_err(|err| refuse(err.to_string()))?;
        let mut reader = BufReader::new(file);
        let content = Content::read(&mut reader).map_err(|err| {
            let reason = err.to_string();
            unknown_type(&reason)
                .unwrap_or_else(|| refuse(format!("not a readable GGUF file: {reason}")))
        })?;
        let gguf = Self { content, reader, dtype };
        if let Some(n_files) = gguf.number("split.count").filter(|n_files| *n_files > 1) {
            return Err(refuse(format!(
                "it is one of {n_files} parts of a model; merge them with llama-gguf-split --merge"
            )));
        }
        Ok(gguf)
    }

    pub(super) fn has_tensor(&self, name: &str) -> bool {
        self.content.tensor_infos.contains_key(name)
    }

    fn tensor(&mut self, name: &str) -> Result<QTensor, ModelError> {
        if !self.has_tensor(name) {
            return Err(ModelError::Missing(format!("tensor {name}")));
        }
        Ok(self.content.tensor(&mut self.reader, name, &Device::Cpu)?)
    }

    /// The numbers of a tensor, such as the weights of a norm.
    pub(super) fn vector(&mut self, name: &str) -> Result<Vec<f32>, ModelError> {
        Ok(self.tensor(name)?.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()?)
    }

    /// A matrix. A vector counts as a matrix with one output.
    pub(super) fn matrix(&mut self, name: &str) -> Result<Tensor, ModelError> {
        let tensor = self.tensor(name)?;
        let n_in = match *tensor.shape().dims() {
            [n_in] => n_in,
            _ => tensor.shape().dims2()?.1,
        };
        let values = self.values(&tensor, n_in)?;
        Ok(Tensor { name: name.to_owned(), n_in, values })
    }

    /// The matrices of a three-dimensional tensor.
    pub(super) fn matrices(&mut self, name: &str) -> Result<Vec<Tensor>, ModelError> {
        let tensor = self.tensor(name)?;
        let (n_matrices, _, n_in) = tensor.shape().dims3()?;
        let values = self.values(&tensor, n_in)?.split(n_matrices);
        let named = |values| Tensor { name: name.to_owned(), n_in, values };
        Ok(values.into_iter().map(named).collect())
    }

    fn values(&self, tensor: &QTensor, n_in: usize) -> Result<Values, ModelError> {
        let dtype = tensor.dtype();
        // Types for activations only, which no file of weights should hold.
        if matches!(dtype, GgmlDType::Q8_1 | GgmlDType::Q8K) {
            return Err(unsupported_type(format!("{dtype:?}")));
        }
        let is_coded = matrix::is_coded(dtype, n_in);
        let values = match dtype {
            dtype if is_coded && self.dtype == Dtype::Stored => {
                return Ok(Values::Coded(dtype, tensor.data()?.into_owned()));
            }
            GgmlDType::F16 => Values::F16(Values::u16s(&tensor.data()?).map(F16).collect()),
            GgmlDType::BF16 => Values::Bf16(Values::u16s(&tensor.data()?).map(Bf16).collect()),
            _ => Values::F32(tensor.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()?),
        };
        Ok(values.into_dtype(self.dtype))
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.content.metadata.get(key)?.to_string().ok().map(String::as_str)
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.content.metadata.get(key)?.to_bool().ok()
    }

    /// An unsigned number of any width.
    pub(super) fn number(&self, key: &str) -> Option<u64> {
        unsigned(self.content.metadata.get(key)?)
    }

    pub(super) fn float(&self, key: &str) -> Option<f64> {
        match self.content.metadata.get(key)? {
            Value::F32(value) => Some(f64::from(*value)),
            Value::F64(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn texts(&self, key: &str) -> Result<Vec<&str>, ModelError> {
        let missing = || ModelError::Missing(key.to_owned());
        let values = self.content.metadata.get(key).and_then(|value| value.to_vec().ok());
        let values = values.ok_or_else(missing)?;
        values
            .iter()
            .map(|value| value.to_string().map(String::as_str).map_err(|_| missing()))
            .collect()
    }

    pub(super) fn floats(&self, key: &str) -> Option<Vec<f32>> {
        let values = self.content.metadata.get(key)?.to_vec().ok()?;
        values.iter().map(|value| value.to_f32().ok()).collect()
    }

    pub(super) fn flags(&self, key: &str) -> Option<Vec<bool>> {
        let values = self.content.metadata.get(key)?.to_vec().ok()?;
        values.iter().map(|value| value.to_bool().ok()).collect()
    }

    pub(super) fn numbers(&self, key: &str) -> Option<Vec<u64>> {
        self.content.metadata.get(key)?.to_vec().ok()?.iter().map(unsigned).collect()
    }
}

/// candle's error for a tensor type that it does not know gives the type's number only.
fn unknown_type(reason: &str) -> Option<ModelError> {
    let (_, rest) = reason.split_once("unknown dtype for tensor ")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    let number: usize = digits.parse().ok()?;
    let name = number.checked_sub(FIRST_NAMED_TYPE).and_then(|idx| TYPE_NAMES.get(idx));
    let found = name.map_or_else(|| format!("number {number}"), |name| (*name).to_owned());
    Some(unsupported_type(found))
}

fn unsupported_type(found: String) -> ModelError {
    ModelError::Unsupported {
        what: "the tensor type",
        found,
        supported: SUPPORTED_TYPES.to_owned(),
    }
}

fn unsigned(value: &Value) -> Option<u64> {
    match value {
        Value::U8(v) => Some(u64::from(*v)),
        Value::U16(v) => Some(u64::from(*v)),
        Value::U32(v) => Some(u64::from(*v)),
        Value::U64(v) => Some(*v),
        Value::I8(v) => u64::try_from(*v).ok(),
        Value::I16(v) => u64::try_from(*v).ok(),
        Value::I32(v) => u64::try_from(*v).ok(),
        Value::I64(v) => u64::try_from(*v).ok(),
        _ => None,
    }
}
