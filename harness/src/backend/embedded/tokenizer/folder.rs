//! Tokenizers of model folders in the layout of Hugging Face.

use std::collections::{BTreeSet, HashMap};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;
use tokenizers::{Decoder, DecoderWrapper};

use super::ends::end_texts;
use super::file::FileEncoder;
use super::pieces::byte_level;
use super::special::{Recognised, SpaceAfter, SpecialToken, SpecialTokens};
use super::vocabulary::byte_of_token;
use super::world::{self, World};
use super::{Encoder, Tokenizer};
use crate::backend::embedded::gguf::ModelError;

/// Tokenizer classes of transformers that put the begin-of-text token first or not as
/// `add_bos_token` says, whatever `tokenizer.json` says (those with `update_post_processor` in
/// `models/*/tokenization_*_fast.py` of transformers 4.57.6).
const ADD_BOS_CLASSES: [&str; 5] = ["Llama", "CodeLlama", "Gemma", "Cohere", "GPTNeoX"];

/// The vocabulary of RWKV "World" models in their folders.
const WORLD_VOCABULARY: &str = "rwkv_vocab_v20230424.txt";

/// The token that ends a text in that vocabulary.
const WORLD_END: u32 = 0;

/// The tokenizer of a `tokenizer.json`.
pub(super) struct FolderEncoder {
    recognising: tokenizers::Tokenizer,
    /// The same one, for which special tokens are ordinary text; made when first asked for.
    plain: OnceLock<tokenizers::Tokenizer>,
}

impl FolderEncoder {
    /// Token ids of `text`; special tokens written out in it count if `recognised` says so.
    pub(super) fn encode(
        &self,
        text: &str,
        recognised: Recognised,
    ) -> Result<Vec<u32>, ModelError> {
        let tokenizer = match recognised {
            Recognised::WithControls => &self.recognising,
            Recognised::Always => self.plain.get_or_init(|| {
                let mut plain = self.recognising.clone();
                plain.set_encode_special_tokens(true);
                plain
            }),
        };
        encode(tokenizer, text, false)
    }
}

fn encode(
    tokenizer: &tokenizers::Tokenizer,
    text: &str,
    add_special: bool,
) -> Result<Vec<u32>, ModelError> {
    let encoding = tokenizer.encode_fast(text, add_special);
    let encoding = encoding.map_err(|err| ModelError::Tokenizer(err.to_string()))?;
    Ok(encoding.get_ids().to_vec())
}

/// What the files beside a vocabulary say.
struct Settings {
    configuration: Value,
    bos: Option<String>,
    eos: Option<String>,
    /// `eos_token_id` of the model's own files.
    ends: BTreeSet<u32>,
}

impl Settings {
    fn read(folder: &Path) -> Result<Self, ModelError> {
        let file = |name| Ok::<_, ModelError>(json(folder, name)?.unwrap_or_default());
        let configuration = file("tokenizer_config.json")?;
        let special_map = file("special_tokens_map.json")?;
        let named = |key: &str| {
            let token = configuration.get(key).or_else(|| special_map.get(key))?;
            Some(token.get("content").unwrap_or(token).as_str()?.to_owned())
        };
        let (bos, eos) = (named("bos_token"), named("eos_token"));
        let models = [file("generation_config.json")?, file("config.json")?];
        let ends = models.iter().flat_map(eos_ids).collect();
        Ok(Self { configuration, bos, eos, ends })
    }
}

/// Reads the tokenizer of the model in `folder`.
pub(super) fn read(folder: &Path) -> Result<Tokenizer, ModelError> {
    if !folder.join("tokenizer.json").is_file()
        && let Some(vocabulary) = text(folder, WORLD_VOCABULARY)?
    {
        return world(folder, &vocabulary);
    }
    let tokenizer = tokenizer_json(folder)?;
    let Settings { configuration, bos, eos, ends } = Settings::read(folder)?;
    let id = |text: &Option<String>| tokenizer.token_to_id(text.as_deref()?);
    Ok(Tokenizer {
        prefix: prefix(&tokenizer, &configuration, id(&bos))?,
        printed: printed_bytes(&tokenizer)?,
        ends: ends.into_iter().chain(id(&eos)).chain(known_ends(&tokenizer)).collect(),
        bos,
        eos,
        encoder: Encoder::Folder(Box::new(FolderEncoder {
            recognising: tokenizer,
            plain: OnceLock::new(),
        })),
    })
}

/// The tokenizer of an RWKV "World" model. Token 0, which the vocabulary leaves out, ends texts; it is
/// the one that `bos_token` and `eos_token` name unless they are tokens of the vocabulary.
fn world(folder: &Path, vocabulary: &str) -> Result<Tokenizer, ModelError> {
    let refuse = |reason| ModelError::File { path: folder.join(WORLD_VOCABULARY), reason };
    let tokens = world::parse(vocabulary).map_err(refuse)?;
    let Settings { configuration, bos, eos, mut ends } = Settings::read(folder)?;
    let id = |text: &str| {
        let named = tokens.iter().find(|(_, bytes)| bytes == text.as_bytes());
        named.map_or(WORLD_END, |(id, _)| *id)
    };
    let special = [&bos, &eos].into_iter().flatten().map(|text| SpecialToken {
        id: id(text),
        text: text.clone(),
        recognised: Recognised::WithControls,
        space_after: SpaceAfter::Kept,
    });
    let special = SpecialTokens::new(special.collect());
    ends.extend([WORLD_END].into_iter().chain(eos.as_deref().map(id)));
    let adds_bos = configuration["add_bos_token"] == true;
    Ok(Tokenizer {
        prefix: bos.as_deref().filter(|_| adds_bos).map(id).into_iter().collect(),
        encoder: Encoder::File(FileEncoder::world(special, World::new(&tokens)?)),
        printed: tokens.into_iter().collect(),
        ends,
        bos,
        eos,
    })
}

/// The chat template that comes with the model in `folder`; of several, the one named `default`.
///
/// Looked for in `chat_template.jinja`, `tokenizer_config.json` and `chat_template.json`, in this
/// order (`PreTrainedTokenizerBase` of transformers 4.57.6).
pub(super) fn chat_template(folder: &Path) -> Result<Option<String>, ModelError> {
    if let Some(source) = text(folder, "chat_template.jinja")? {
        return Ok(Some(source));
    }
    for name in ["tokenizer_config.json", "chat_template.json"] {
        let file = json(folder, name)?.unwrap_or_default();
        match &file["chat_template"] {
            Value::String(source) => return Ok(Some(source.clone())),
            Value::Array(named) => return default_of(named).map(Some),
            _ => {}
        }
    }
    Ok(None)
}

fn default_of(templates: &[Value]) -> Result<String, ModelError> {
    let default = templates.iter().find(|template| template["name"] == "default");
    let source = default.and_then(|template| template["template"].as_str());
    source.map(str::to_owned).ok_or_else(|| {
        let names = templates.iter().filter_map(|template| template["name"].as_str());
        let names = names.collect::<Vec<_>>().join(", ");
        ModelError::Template(format!("the model has several ({names}) and none named `default`"))
    })
}

fn tokenizer_json(folder: &Path) -> Result<tokenizers::Tokenizer, ModelError> {
    let path = folder.join("tokenizer.json");
    let refuse = |reason: String| ModelError::File { path: path.clone(), reason };
    let source = text(folder, "tokenizer.json")?.ok_or_else(|| {
        refuse(
            "is not there, and a model folder needs it (RWKV folders rwkv_vocab_v20230424.txt); `tokenizer.model` alone is not read".into(),
        )
    })?;
    let mut tokenizer = tokenizers::Tokenizer::from_bytes(source)
        .map_err(|err| refuse(format!("not a readable tokenizer: {err}")))?;
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(|err| refuse(err.to_string()))?;
    Ok(tokenizer)
}

/// The text of a file, or `None` where there is no such file.
fn text(folder: &Path, name: &str) -> Result<Option<String>, ModelError> {
    let path = folder.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(err) if err.kind() == ErrorKind::NotFound => Ok(None),
        Err(err) => Err(ModelError::File { path, reason: err.to_string() }),
    }
}

fn json(folder: &Path, name: &str) -> Result<Option<Value>, ModelError> {
    let parsed = text(folder, name)?.map(|text| serde_json::from_str(&text)).transpose();
    parsed.map_err(|err| ModelError::File {
        path: folder.join(name),
        reason: format!("not valid JSON: {err}"),
    })
}

/// `eos_token_id` of a configuration: a number, several, or that of its text model.
fn eos_ids(configuration: &Value) -> Vec<u32> {
    let ids = [&configuration["eos_token_id"], &configuration["text_config"]["eos_token_id"]];
    let ids = ids.into_iter().flat_map(|ids| match ids {
        Value::Array(ids) => ids.iter().collect(),
        id => vec![id],
    });
    ids.filter_map(|id| u32::try_from(id.as_u64()?).ok()).collect()
}

/// Special tokens whose texts end a turn in some model family.
fn known_ends(tokenizer: &tokenizers::Tokenizer) -> BTreeSet<u32> {
    let added = tokenizer.get_added_tokens_decoder();
    let special = added.iter().filter(|(_, token)| token.special);
    let ids: HashMap<&str, u32> = special.map(|(id, token)| (&*token.content, *id)).collect();
    end_texts(|text| ids.contains_key(text)).filter_map(|text| ids.get(text).copied()).collect()
}

/// What the model wants in front of every text.
fn prefix(
    tokenizer: &tokenizers::Tokenizer,
    configuration: &Value,
    bos: Option<u32>,
) -> Result<Vec<u32>, ModelError> {
    let [bare, mut marked] = [encode(tokenizer, "a", false)?, encode(tokenizer, "a", true)?];
    let start = marked.windows(bare.len().max(1)).position(|ids| ids == bare);
    marked.truncate(start.unwrap_or(0));
    let class = configuration["tokenizer_class"].as_str().unwrap_or("");
    let family = class.trim_end_matches("Fast").trim_end_matches("Tokenizer");
    let says = configuration["add_bos_token"].as_bool();
    if let (Some(adds), Some(bos)) = (says.filter(|_| ADD_BOS_CLASSES.contains(&family)), bos) {
        marked.retain(|id| *id != bos);
        marked.splice(0..0, adds.then_some(bos));
    }
    Ok(marked)
}

/// The bytes that each token prints behind other text.
///
/// A decoder's steps are taken token by token. Those that strip the beginning of a text are left out,
/// since a completion goes on where its prompt ends.
fn printed_bytes(tokenizer: &tokenizers::Tokenizer) -> Result<HashMap<u32, Vec<u8>>, ModelError> {
    let steps = match tokenizer.get_decoder() {
        Some(DecoderWrapper::Sequence(sequence)) => sequence.get_decoders(),
        Some(decoder) => std::slice::from_ref(decoder),
        None => &[],
    };
    let added = tokenizer.get_added_tokens_decoder();
    let mut printed = HashMap::new();
    for (text, id) in tokenizer.get_vocab(true) {
        let bytes = match added.get(&id) {
            Some(token) if token.special => continue,
            Some(token) if is_byte_level(steps) => token.content.as_bytes().to_vec(),
            Some(_) | None => decoded(steps, text)?,
        };
        printed.insert(id, bytes);
    }
    Ok(printed)
}

fn is_byte_level(steps: &[DecoderWrapper]) -> bool {
    steps.iter().any(|step| matches!(step, DecoderWrapper::ByteLevel(_)))
}

fn decoded(steps: &[DecoderWrapper], mut token: String) -> Result<Vec<u8>, ModelError> {
    for step in steps {
        match step {
            DecoderWrapper::ByteLevel(_) => return Ok(byte_level(&token)),
            DecoderWrapper::ByteFallback(_) => {
                if let Some(byte) = byte_of_token(&token) {
                    return Ok(vec![byte]);
                }
            }
            DecoderWrapper::Metaspace(step) => {
                token = token.replace(step.get_replacement(), " ");
            }
            DecoderWrapper::Replace(step) => {
                let replaced = step.decode_chain(vec![token]);
                token = replaced.map_err(|err| ModelError::Tokenizer(err.to_string()))?.concat();
            }
            DecoderWrapper::Fuse(_) | DecoderWrapper::Strip(_) => {}
            DecoderWrapper::BPE(_) | DecoderWrapper::WordPiece(_) | DecoderWrapper::CTC(_) => {
                return Err(unsupported_decoder(step));
            }
            DecoderWrapper::Sequence(sequence) => {
                token = String::from_utf8(decoded(sequence.get_decoders(), token)?)
                    .map_err(|_| unsupported_decoder(step))?;
            }
        }
    }
    Ok(token.into_bytes())
}

fn unsupported_decoder(step: &DecoderWrapper) -> ModelError {
    let name = serde_json::to_value(step).unwrap_or_default();
    ModelError::Unsupported {
        what: "the decoder of tokenizer.json",
        found: name["type"].as_str().unwrap_or("unknown").to_owned(),
        supported: "ByteLevel, ByteFallback, Metaspace, Replace, Fuse, Strip".to_owned(),
    }
}
