//! What settings and tensors are called: in `config.json` and safetensors files (the classes of
//! Hugging Face transformers), and in GGUF files (`gguf-py/gguf/constants.py` of llama.cpp).

/// A setting. GGUF keys stand after the architecture's name.
#[derive(Debug, Clone, Copy)]
pub(in crate::backend::embedded) struct Key {
    /// The field of `config.json`, if it has one.
    pub(in crate::backend::embedded) hf: Option<&'static str>,
    /// The metadata key, if it has one.
    pub(in crate::backend::embedded) gguf: Option<&'static str>,
}

/// A tensor, without the prefix of its layer and without `.weight`. Empty where a layout lacks it.
#[derive(Debug, Clone, Copy)]
pub(in crate::backend::embedded) struct Name {
    /// In safetensors files.
    pub(in crate::backend::embedded) hf: &'static str,
    /// In GGUF files.
    pub(in crate::backend::embedded) gguf: &'static str,
}

impl Key {
    /// A setting that both layouts have.
    pub(in crate::backend::embedded) const fn both(hf: &'static str, gguf: &'static str) -> Self {
        Self { hf: Some(hf), gguf: Some(gguf) }
    }

    /// A setting of `config.json` only.
    pub(in crate::backend::embedded) const fn hf(hf: &'static str) -> Self {
        Self { hf: Some(hf), gguf: None }
    }

    /// A setting of GGUF files only.
    pub(in crate::backend::embedded) const fn gguf(gguf: &'static str) -> Self {
        Self { hf: None, gguf: Some(gguf) }
    }
}

impl Name {
    /// A tensor and its two names.
    pub(in crate::backend::embedded) const fn new(hf: &'static str, gguf: &'static str) -> Self {
        Self { hf, gguf }
    }
}
