//! Folders in the layout of Hugging Face: `config.json` and one or more safetensors files.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype as FileDtype, Metadata};
use serde_json::Value;

use super::{Dtype, Name, Tensor, Values};
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::matrix::{Bf16, F16};

/// How the decoder's tensors are called.
#[derive(Debug, Clone, Copy)]
struct Layout {
    prefix: &'static str,
    embeddings: &'static str,
    /// What stands before the number of a layer.
    layers: &'static str,
}

/// The layouts there are. Files of multimodal models hold the decoder inside something larger.
const LAYOUTS: [Layout; 5] = [
    decoder("model."),
    decoder("language_model.model."),
    decoder("model.language_model."),
    decoder(""),
    Layout { prefix: "rwkv.", embeddings: "embeddings", layers: "blocks" },
];

const fn decoder(prefix: &'static str) -> Layout {
    Layout { prefix, embeddings: "embed_tokens", layers: "layers" }
}

/// The largest header of a safetensors file (the limit of the format's own library).
const LARGEST_HEADER_BYTES: u64 = 100_000_000;

/// An opened folder.
pub(in crate::backend::embedded) struct Folder {
    config: Value,
    shards: Vec<PathBuf>,
    tensors: HashMap<String, Stored>,
    layout: Layout,
    dtype: Dtype,
}

/// Where a tensor lies.
struct Stored {
    shard_idx: usize,
    start: u64,
    n_bytes: usize,
    shape: Vec<usize>,
    dtype: FileDtype,
}

impl Folder {
    pub(in crate::backend::embedded) fn open(
        folder: &Path,
        dtype: Dtype,
    ) -> Result<Self, ModelError> {
        let config = config(folder)?;
        let shards = shards(folder)?;
        let mut tensors = HashMap::new();
        for (shard_idx, shard) in shards.iter().enumerate() {
            read_header(shard, shard_idx, &mut tensors)?;
        }
        let fits = |layout: &Layout| {
            tensors.contains_key(&format!("{}{}.weight", layout.prefix, layout.embeddings))
        };
        let layout = LAYOUTS.into_iter().find(fits).unwrap_or(LAYOUTS[0]);
        Ok(Self { config, shards, tensors, layout, dtype })
    }

    pub(super) fn config(&self) -> &Value {
        &self.config
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.config.get(key)?.as_str()
    }

    pub(super) fn number(&self, key: &str) -> Option<u64> {
        self.config.get(key)?.as_u64()
    }

    pub(super) fn float(&self, key: &str) -> Option<f64> {
        self.config.get(key)?.as_f64()
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.config.get(key)?.as_bool()
    }

    /// What stands before a tensor's name. The output matrix lies beside the decoder, everything else
    /// inside it.
    pub(super) fn prefix(&self, name: Name, layer: Option<usize>) -> String {
        let Layout { prefix, layers, .. } = self.layout;
        match layer {
            Some(layer) => format!("{prefix}{layers}.{layer}."),
            None if matches!(name.hf, "lm_head" | "head") => {
                prefix.strip_suffix("model.").unwrap_or("").to_owned()
            }
            None => prefix.to_owned(),
        }
    }

    pub(super) fn has_tensor(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    pub(super) fn matrix(&self, name: &str) -> Result<Tensor, ModelError> {
        let (stored, bytes) = self.read(name)?;
        let [_, n_in] = stored.shape[..] else {
            return Err(ModelError::Missing(format!(
                "tensor {name}: a matrix is needed, it has the shape {:?}",
                stored.shape
            )));
        };
        let values = values(name, stored.dtype, &bytes)?.into_dtype(self.dtype);
        Ok(Tensor { name: name.to_owned(), n_in, values })
    }

    pub(super) fn vector(&self, name: &str) -> Result<Vec<f32>, ModelError> {
        let (stored, bytes) = self.read(name)?;
        Ok(values(name, stored.dtype, &bytes)?.into_f32())
    }

    fn read(&self, name: &str) -> Result<(&Stored, Vec<u8>), ModelError> {
        let missing = || ModelError::Missing(format!("tensor {name}"));
        let stored = self.tensors.get(name).ok_or_else(missing)?;
        let path = &self.shards[stored.shard_idx];
        let mut bytes = vec![0; stored.n_bytes];
        let read = File::open(path).and_then(|mut file| {
            file.seek(SeekFrom::Start(stored.start))?;
            file.read_exact(&mut bytes)
        });
        read.map_err(|err| refuse(path, format!("tensor {name}: {err}")))?;
        Ok((stored, bytes))
    }
}

/// The settings of the text model.
fn config(folder: &Path) -> Result<Value, ModelError> {
    let path = folder.join("config.json");
    let text = fs::read_to_string(&path).map_err(|err| refuse(&path, err.to_string()))?;
    let mut config: Value =
        serde_json::from_str(&text).map_err(|err| refuse(&path, err.to_string()))?;
    Ok(match config.get_mut("text_config") {
        Some(text_config) => text_config.take(),
        None => config,
    })
}

/// `model.safetensors`, or the files that its index names.
fn shards(folder: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let single = folder.join("model.safetensors");
    if single.is_file() {
        return Ok(vec![single]);
    }
    let path = folder.join("model.safetensors.index.json");
    let text = fs::read_to_string(&path).map_err(|_| {
        refuse(folder, "there is neither model.safetensors nor model.safetensors.index.json (other weight formats are not read)".to_owned())
    })?;
    let index: Value = serde_json::from_str(&text).map_err(|err| refuse(&path, err.to_string()))?;
    let files = index["weight_map"].as_object().into_iter().flatten();
    let mut names: Vec<&str> = files.filter_map(|(_, file)| file.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if let Some(odd) = names.iter().find(|name| name.contains(['/', '\\'])) {
        return Err(refuse(&path, format!("it names `{odd}`, which lies outside the folder")));
    }
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

fn read_header(
    path: &Path,
    shard_idx: usize,
    tensors: &mut HashMap<String, Stored>,
) -> Result<(), ModelError> {
    let io = |err: std::io::Error| refuse(path, err.to_string());
    let mut file = File::open(path).map_err(io)?;
    let file_bytes = file.metadata().map_err(io)?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(io)?;
    let n_header = u64::from_le_bytes(length);
    if n_header > LARGEST_HEADER_BYTES || n_header + 8 > file_bytes {
        return Err(refuse(path, "not a safetensors file, or it is cut off".to_owned()));
    }
    let mut header = Vec::new();
    file.take(n_header).read_to_end(&mut header).map_err(io)?;
    let metadata: Metadata = serde_json::from_slice(&header)
        .map_err(|err| refuse(path, format!("not a safetensors file: {err}")))?;
    for (name, info) in metadata.tensors() {
        let (start, end) = info.data_offsets;
        let n_bytes = end.saturating_sub(start);
        let n_values: usize = info.shape.iter().product();
        if n_values * info.dtype.bitsize() / 8 != n_bytes {
            return Err(refuse(path, format!("tensor {name} does not have the size of its shape")));
        }
        let start = n_header + 8 + start as u64;
        if start + n_bytes as u64 > file_bytes {
            return Err(refuse(path, format!("it is cut off within tensor {name}")));
        }
        let (shape, dtype) = (info.shape.clone(), info.dtype);
        tensors.insert(name, Stored { shard_idx, start, n_bytes, shape, dtype });
    }
    Ok(())
}

fn values(name: &str, dtype: FileDtype, bytes: &[u8]) -> Result<Values, ModelError> {
    match dtype {
        FileDtype::F32 => Ok(Values::F32(Values::f32s(bytes))),
        FileDtype::F16 => Ok(Values::F16(Values::u16s(bytes).map(F16).collect())),
        FileDtype::BF16 => Ok(Values::Bf16(Values::u16s(bytes).map(Bf16).collect())),
        other => Err(ModelError::Unsupported {
            what: "the tensor type",
            found: format!("{other:?} (tensor {name})"),
            supported: "F32, F16, BF16".to_owned(),
        }),
    }
}

fn refuse(path: &Path, reason: String) -> ModelError {
    ModelError::File { path: path.to_owned(), reason }
}
