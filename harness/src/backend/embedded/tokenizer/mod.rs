//! Text to token ids and back, as the model at hand was trained to have it.
//!
//! A GGUF file brings its vocabulary in its metadata (`file`), which is tokenised as llama.cpp does;
//! a model folder brings a `tokenizer.json` (`folder`), which the `tokenizers` crate reads, or the
//! vocabulary of RWKV (`world`).

mod bpe;
mod ends;
mod file;
mod folder;
mod literal;
mod pieces;
mod sentencepiece;
mod special;
#[cfg(test)]
mod tests;
mod vocabulary;
mod words;
mod world;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::gguf::{Gguf, ModelError};
use super::weights::{Checkpoint, Dtype};
use special::Recognised;

/// A tokenizer with what generation needs besides.
pub(super) struct Tokenizer {
    encoder: Encoder,
    /// What the model wants in front of every text.
    prefix: Vec<u32>,
    /// What tokens print; those that print nothing are absent.
    printed: HashMap<u32, Vec<u8>>,
    ends: BTreeSet<u32>,
    bos: Option<String>,
    eos: Option<String>,
}

enum Encoder {
    File(file::FileEncoder),
    Folder(Box<folder::FolderEncoder>),
}

impl Tokenizer {
    /// The tokenizer of an opened checkpoint, which lies at `path`.
    pub(super) fn of(checkpoint: &Checkpoint, path: &Path) -> Result<Self, ModelError> {
        match checkpoint {
            Checkpoint::Gguf(gguf) => Self::from_gguf(gguf),
            Checkpoint::Folder(_) => Self::from_folder(path),
        }
    }

    /// The tokenizer in the metadata of a GGUF file.
    pub(super) fn from_gguf(gguf: &Gguf) -> Result<Self, ModelError> {
        file::read(gguf)
    }

    /// The tokenizer of a model folder in the layout of Hugging Face.
    pub(super) fn from_folder(folder: &Path) -> Result<Self, ModelError> {
        folder::read(folder)
    }

    /// Token ids of `text`; special tokens written out in it are recognised.
    pub(super) fn encode(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        self.ids(text, Recognised::WithControls)
    }

    /// Token ids of `text`; special tokens written out in it are ordinary text.
    pub(super) fn encode_plain(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        self.ids(text, Recognised::Always)
    }

    /// As `encode`, with the begin-of-text token that the model wants, unless the text brings it.
    pub(super) fn encode_prompt(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        let mut ids = self.encode(text)?;
        if !ids.starts_with(&self.prefix) {
            ids.splice(0..0, self.prefix.iter().copied());
        }
        Ok(ids)
    }

    /// What a token prints in the middle of a text; control tokens print nothing.
    pub(super) fn bytes(&self, id: u32) -> &[u8] {
        self.printed.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Whether a token ends the completion.
    pub(super) fn is_end(&self, id: u32) -> bool {
        self.ends.contains(&id)
    }

    /// The begin-of-text token as templates know it.
    pub(super) fn bos_text(&self) -> Option<&str> {
        self.bos.as_deref()
    }

    /// The end-of-text token as templates know it.
    pub(super) fn eos_text(&self) -> Option<&str> {
        self.eos.as_deref()
    }

    fn ids(&self, text: &str, recognised: Recognised) -> Result<Vec<u32>, ModelError> {
        match &self.encoder {
            Encoder::File(encoder) => encoder.encode(text, recognised),
            Encoder::Folder(encoder) => encoder.encode(text, recognised),
        }
    }
}

/// The chat template of an opened checkpoint, which lies at `path`.
pub(super) fn chat_template(
    checkpoint: &Checkpoint,
    path: &Path,
) -> Result<Option<String>, ModelError> {
    match checkpoint {
        Checkpoint::Gguf(gguf) => Ok(file::chat_template(gguf)),
        Checkpoint::Folder(_) => folder::chat_template(path),
    }
}

/// The chat template that comes with the model in `folder`; of several, the one named `default`.
pub fn folder_chat_template(folder: &Path) -> Result<Option<String>, ModelError> {
    folder::chat_template(folder)
}

/// A model's tokenizer without the model, for counting tokens and comparing programs.
pub struct TextTokens(Tokenizer);

impl TextTokens {
    /// The tokenizer of a GGUF file or of a model folder.
    pub fn load(model: &Path) -> Result<Self, ModelError> {
        if model.is_dir() {
            return Tokenizer::from_folder(model).map(Self);
        }
        Tokenizer::from_gguf(&Gguf::open(model, Dtype::Stored)?).map(Self)
    }

    /// Token ids of `text`; special tokens written out in it are recognised.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        self.0.encode(text)
    }

    /// Token ids of `text`; special tokens written out in it are ordinary text.
    pub fn encode_plain(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        self.0.encode_plain(text)
    }

    /// As `encode`, with the begin-of-text token that the model wants, unless the text brings it.
    pub fn encode_prompt(&self, text: &str) -> Result<Vec<u32>, ModelError> {
        self.0.encode_prompt(text)
    }

    /// What tokens print behind other text; control tokens print nothing.
    pub fn bytes(&self, ids: &[u32]) -> Vec<u8> {
        ids.iter().flat_map(|id| self.0.bytes(*id)).copied().collect()
    }

    /// Whether a token ends a completion.
    pub fn is_end(&self, id: u32) -> bool {
        self.0.is_end(id)
    }
}
