//! Checkpoints: the tensors and settings of a model, from a GGUF file or a Hugging Face folder.

mod folder;
mod names;
mod tensor;

use std::path::Path;

pub(super) use folder::Folder;
pub(super) use names::{Key, Name};
pub use tensor::Dtype;
pub(super) use tensor::{Tensor, Values};

use super::gguf::{Gguf, ModelError};

/// How the full name of a tensor ends.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Weight,
    Bias,
    /// With the name that the model gives it.
    Bare,
}

/// A model's files, opened.
pub(super) enum Checkpoint {
    /// One GGUF file.
    Gguf(Gguf),
    /// `config.json` and safetensors files.
    Folder(Folder),
}

impl Checkpoint {
    /// Opens a GGUF file, or a folder with `config.json` and safetensors files.
    pub(super) fn open(path: &Path, dtype: Dtype) -> Result<Self, ModelError> {
        if path.is_dir() {
            Folder::open(path, dtype).map(Self::Folder)
        } else {
            Gguf::open(path, dtype).map(Self::Gguf)
        }
    }

    /// What the files call the architecture.
    pub(super) fn architecture(&self) -> &str {
        match self {
            Self::Gguf(gguf) => gguf.text("general.architecture"),
            Self::Folder(folder) => folder.text("model_type"),
        }
        .unwrap_or("none")
    }

    pub(super) fn is_gguf(&self) -> bool {
        matches!(self, Self::Gguf(_))
    }

    pub(super) fn number(&self, key: Key) -> Option<usize> {
        let number = match self {
            Self::Gguf(gguf) => gguf.number(&self.gguf_key(key)?),
            Self::Folder(folder) => folder.number(key.hf?),
        };
        number.and_then(|number| usize::try_from(number).ok())
    }

    pub(super) fn required(&self, key: Key) -> Result<usize, ModelError> {
        self.number(key).ok_or_else(|| {
            let name = match self {
                Self::Gguf(_) => self.gguf_key(key),
                Self::Folder(_) => key.hf.map(|hf| format!("{hf} in config.json")),
            };
            ModelError::Missing(name.unwrap_or_else(|| "setting".to_owned()))
        })
    }

    pub(super) fn float(&self, key: Key) -> Option<f64> {
        match self {
            Self::Gguf(gguf) => gguf.float(&self.gguf_key(key)?),
            Self::Folder(folder) => folder.float(key.hf?),
        }
    }

    pub(super) fn flag(&self, key: Key) -> Option<bool> {
        match self {
            Self::Gguf(gguf) => gguf.flag(&self.gguf_key(key)?),
            Self::Folder(folder) => folder.flag(key.hf?),
        }
    }

    /// One flag for each layer, as GGUF files list them.
    pub(super) fn flags(&self, key: Key) -> Option<Vec<bool>> {
        match self {
            Self::Gguf(gguf) => gguf.flags(&self.gguf_key(key)?),
            Self::Folder(_) => None,
        }
    }

    pub(super) fn text(&self, key: Key) -> Option<&str> {
        match self {
            Self::Gguf(gguf) => gguf.text(&self.gguf_key(key)?),
            Self::Folder(folder) => folder.text(key.hf?),
        }
    }

    fn gguf_key(&self, key: Key) -> Option<String> {
        key.gguf.map(|name| format!("{}.{name}", self.architecture()))
    }

    /// The settings of a Hugging Face folder as they stand.
    pub(super) fn config(&self) -> Option<&serde_json::Value> {
        match self {
            Self::Gguf(_) => None,
            Self::Folder(folder) => Some(folder.config()),
        }
    }

    /// Whether the model has a tensor of this name; `layer` is `None` for those outside the layers.
    pub(super) fn has(&self, name: Name, layer: Option<usize>) -> bool {
        self.full_name(name, layer, Ending::Weight).is_some_and(|name| self.has_tensor(&name))
    }

    pub(super) fn has_bias(&self, name: Name, layer: Option<usize>) -> bool {
        self.full_name(name, layer, Ending::Bias).is_some_and(|name| self.has_tensor(&name))
    }

    fn has_tensor(&self, name: &str) -> bool {
        match self {
            Self::Gguf(gguf) => gguf.has_tensor(name),
            Self::Folder(folder) => folder.has_tensor(name),
        }
    }

    /// A matrix.
    pub(super) fn tensor(
        &mut self,
        name: Name,
        layer: Option<usize>,
    ) -> Result<Tensor, ModelError> {
        let name = self.wanted(name, layer, Ending::Weight)?;
        match self {
            Self::Gguf(gguf) => gguf.matrix(&name),
            Self::Folder(folder) => folder.matrix(&name),
        }
    }

    /// The matrices of all experts of a layer: one three-dimensional tensor in a GGUF file, a matrix
    /// for each in a folder, where `{}` in the name stands for the expert.
    pub(super) fn experts(
        &mut self,
        name: Name,
        layer: usize,
        n_experts: usize,
    ) -> Result<Vec<Tensor>, ModelError> {
        let full = self.wanted(name, Some(layer), Ending::Weight)?;
        match self {
            Self::Gguf(gguf) => gguf.matrices(&full),
            Self::Folder(folder) => (0..n_experts)
                .map(|expert| folder.matrix(&full.replace("{}", &expert.to_string())))
                .collect(),
        }
    }

    /// The numbers of a tensor, such as the weights of a norm.
    pub(super) fn vector(
        &mut self,
        name: Name,
        layer: Option<usize>,
    ) -> Result<Vec<f32>, ModelError> {
        let name = self.wanted(name, layer, Ending::Weight)?;
        self.numbers(&name)
    }

    pub(super) fn bias(
        &mut self,
        name: Name,
        layer: Option<usize>,
    ) -> Result<Vec<f32>, ModelError> {
        let name = self.wanted(name, layer, Ending::Bias)?;
        self.numbers(&name)
    }

    /// The numbers of a tensor that is neither a weight nor a bias.
    pub(super) fn parameter(&mut self, name: Name, layer: usize) -> Result<Vec<f32>, ModelError> {
        let name = self.wanted(name, Some(layer), Ending::Bare)?;
        self.numbers(&name)
    }

    fn numbers(&mut self, name: &str) -> Result<Vec<f32>, ModelError> {
        match self {
            Self::Gguf(gguf) => gguf.vector(name),
            Self::Folder(folder) => folder.vector(name),
        }
    }

    fn wanted(
        &self,
        name: Name,
        layer: Option<usize>,
        ending: Ending,
    ) -> Result<String, ModelError> {
        self.full_name(name, layer, ending)
            .ok_or_else(|| ModelError::Missing(format!("tensor like {}", name.gguf)))
    }

    fn full_name(&self, name: Name, layer: Option<usize>, ending: Ending) -> Option<String> {
        let (prefix, local) = match (self, layer) {
            (Self::Gguf(_), None) => (String::new(), name.gguf),
            (Self::Gguf(_), Some(layer)) => (format!("blk.{layer}."), name.gguf),
            (Self::Folder(folder), layer) => (folder.prefix(name, layer), name.hf),
        };
        if local.is_empty() {
            return None;
        }
        let ending = match ending {
            // A name with an ending of its own is taken as it is.
            Ending::Weight | Ending::Bias if local.ends_with(".weight") => "",
            Ending::Weight => ".weight",
            Ending::Bias => ".bias",
            Ending::Bare => "",
        };
        Some(format!("{prefix}{local}{ending}"))
    }
}
