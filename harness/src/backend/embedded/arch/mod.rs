//! Architectures: how each one's files become a model. One file for each family.

mod deepseek2;
mod gemma;
mod glm4;
mod granite;
mod llama;
mod mixtral;
mod olmo2;
mod parts;
mod phi3;
mod qwen;
mod ropes;
mod rwkv;
mod smollm3;

use super::gguf::ModelError;
use super::model::Model;
use super::weights::Checkpoint;

/// What can be run: the names in GGUF files and in `config.json`, and what builds the model.
const SUPPORTED: [(&[&str], Build); 19] = [
    (&["llama"], llama::build),
    (&["mistral"], llama::build),
    (&["mixtral"], mixtral::build),
    (&["qwen2"], qwen::build),
    (&["qwen3"], qwen::build),
    (&["qwen2moe", "qwen2_moe"], qwen::build),
    (&["qwen3moe", "qwen3_moe"], qwen::build),
    (&["gemma"], gemma::build_1),
    (&["gemma2"], gemma::build_2),
    (&["gemma3", "gemma3_text"], gemma::build_3),
    (&["phi3"], phi3::build),
    (&["olmo2", "olmo3"], olmo2::build),
    (&["glm4"], glm4::build),
    (&["granite"], granite::build),
    (&["smollm3"], smollm3::build),
    (&["deepseek2", "deepseek_v2"], deepseek2::build),
    (&["rwkv"], rwkv::build_4),
    (&["rwkv5"], rwkv::build_5),
    (&["rwkv6"], rwkv::build_6),
];

/// Reads the model of a checkpoint.
pub(super) type Build = fn(&mut Checkpoint) -> Result<Model, ModelError>;

/// The names of what can be run, as GGUF files have them.
pub(super) fn names() -> Vec<&'static str> {
    SUPPORTED.iter().map(|(names, _)| names[0]).collect()
}

/// What builds the model of a checkpoint. Asked before anything else of it is read, so that a file
/// that cannot be run is refused for its architecture.
pub(super) fn of(checkpoint: &Checkpoint) -> Result<Build, ModelError> {
    let found = checkpoint.architecture();
    let known = SUPPORTED.iter().find(|(names, _)| names.contains(&found));
    known.map(|(_, build)| *build).ok_or_else(|| ModelError::Unsupported {
        what: "the architecture",
        found: found.to_owned(),
        supported: names().join(", "),
    })
}
