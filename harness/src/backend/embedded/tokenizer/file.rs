//! Tokenizers from the metadata of GGUF files.

use super::bpe::{ByteLevelBpe, LineBpe};
use super::ends::end_ids;
use super::literal::{Escapes, unescaped};
use super::pieces::{Spelling, printed_bytes};
use super::sentencepiece::{Prefix, SentencePiece};
use super::special::{Fragment, Recognised, SpaceAfter, SpecialToken, SpecialTokens};
use super::vocabulary::{TokenKind, Vocabulary};
use super::words::{Begin, WordRules};
use super::world::World;
use super::{Encoder, Tokenizer};
use crate::backend::embedded::gguf::{Gguf, ModelError};

/// Values of `tokenizer.ggml.model` that can be read.
const MODELS: &str =
    "gpt2 (byte-level BPE), llama (SentencePiece), gemma4 (BPE of lines), rwkv (longest match)";

/// What files made by older converters have in place of an RWKV chat template.
const WORLD_CHAT_NAME: &str = "rwkv-world";

/// The template that `WORLD_CHAT_NAME` names in `llama-chat.cpp` of llama-cpp-python 0.3.36. A turn ends
/// with an empty line, which such files have as their end-of-turn token.
pub(super) const WORLD_CHAT: &str = concat!(
    "{% for message in messages %}",
    "{% if message['role'] in ['system', 'user', 'assistant'] %}",
    "{{ message['role'] | capitalize + ': ' + message['content'] | trim + '\\n\\n' }}",
    "{% endif %}",
    "{% endfor %}",
    "{% if add_generation_prompt %}Assistant:{% endif %}",
);

/// Control tokens of Phi-3 behind which white space stays.
const PHI3_KEEPS_SPACE: [&str; 3] = ["<unk>", "<s>", "<|endoftext|>"];

/// Special tokens, and an algorithm for the text between them.
pub(super) struct FileEncoder {
    special: SpecialTokens,
    algorithm: Algorithm,
}

enum Algorithm {
    SentencePiece(SentencePiece),
    ByteLevel(Box<ByteLevelBpe>),
    Lines(Box<LineBpe>),
    World(World),
}

impl FileEncoder {
    /// An encoder that a folder's files describe.
    pub(super) fn world(special: SpecialTokens, world: World) -> Self {
        Self { special, algorithm: Algorithm::World(world) }
    }

    /// Token ids of `text`; control tokens written out in it count if `recognised` says so.
    pub(super) fn encode(
        &self,
        text: &str,
        recognised: Recognised,
    ) -> Result<Vec<u32>, ModelError> {
        let mut ids = Vec::with_capacity(text.len() / 3);
        let mut begins = true;
        for fragment in self.special.partition(text, recognised) {
            match fragment {
                Fragment::Token(id) => ids.push(id),
                Fragment::Text(text) => match &self.algorithm {
                    Algorithm::SentencePiece(model) => model.append(text, begins, &mut ids),
                    Algorithm::ByteLevel(model) => model.append(text, &mut ids)?,
                    Algorithm::Lines(model) => model.append(text, &mut ids)?,
                    Algorithm::World(model) => model.append(text, &mut ids),
                },
            }
            begins = matches!(fragment, Fragment::Token(_));
        }
        Ok(ids)
    }
}

/// Reads the tokenizer of `gguf`.
pub(super) fn read(gguf: &Gguf) -> Result<Tokenizer, ModelError> {
    let vocabulary = Vocabulary::read(gguf)?;
    let read = Read { gguf, vocabulary };
    match gguf.text("tokenizer.ggml.model").unwrap_or("none") {
        "llama" => read.sentencepiece(),
        "gpt2" => read.byte_level(),
        "gemma4" => read.lines(),
        "rwkv" => read.world(),
        other => Err(ModelError::Unsupported {
            what: "the tokenizer model",
            found: other.to_owned(),
            supported: MODELS.to_owned(),
        }),
    }
}

/// The chat template of `gguf`.
pub(super) fn chat_template(gguf: &Gguf) -> Option<String> {
    let template = gguf.text("tokenizer.chat_template")?;
    Some(if template == WORLD_CHAT_NAME { WORLD_CHAT } else { template }.to_owned())
}

struct Read<'g> {
    gguf: &'g Gguf,
    vocabulary: Vocabulary<'g>,
}

/// What the kind of model decides besides the algorithm.
struct Defaults {
    bos: Option<u32>,
    eos: Option<u32>,
    begin: Begin,
    spelling: Spelling,
}

impl Read<'_> {
    fn sentencepiece(&self) -> Result<Tokenizer, ModelError> {
        let key = "tokenizer.ggml.scores";
        let missing = || ModelError::Missing(key.to_owned());
        let scores = self.gguf.floats(key).ok_or_else(missing)?;
        let prefix = match self.gguf.flag("tokenizer.ggml.add_space_prefix") {
            Some(false) => Prefix::Nothing,
            Some(true) | None => Prefix::Space,
        };
        let unknown = self.id("tokenizer.ggml.unknown_token_id").unwrap_or(0);
        let model = SentencePiece::new(&self.vocabulary, scores, prefix, unknown);
        let defaults = Defaults {
            bos: Some(1),
            eos: Some(2),
            begin: Begin::Marked,
            spelling: Spelling::SentencePiece,
        };
        Ok(self.finish(Algorithm::SentencePiece(model), &defaults))
    }

    fn byte_level(&self) -> Result<Tokenizer, ModelError> {
        let name = self.gguf.text("tokenizer.ggml.pre").unwrap_or("default");
        let rules = WordRules::named(name).ok_or_else(|| ModelError::Unsupported {
            what: "the pre-tokenizer",
            found: name.to_owned(),
            supported: WordRules::names().collect::<Vec<_>>().join(", "),
        })?;
        let merges = self.gguf.texts("tokenizer.ggml.merges")?;
        let model = ByteLevelBpe::new(&self.vocabulary, &merges, rules)?;
        let defaults =
            Defaults { bos: None, eos: None, begin: rules.begin, spelling: Spelling::ByteLevel };
        Ok(self.finish(Algorithm::ByteLevel(Box::new(model)), &defaults))
    }

    fn lines(&self) -> Result<Tokenizer, ModelError> {
        let merges = self.gguf.texts("tokenizer.ggml.merges")?;
        let model = LineBpe::new(&self.vocabulary, &merges)?;
        let spelling = Spelling::SentencePiece;
        let defaults = Defaults { bos: None, eos: None, begin: Begin::Marked, spelling };
        Ok(self.finish(Algorithm::Lines(Box::new(model)), &defaults))
    }

    /// Control tokens are not matched in ordinary text, as in the reference, which does not know them;
    /// llama.cpp matches them everywhere.
    fn world(&self) -> Result<Tokenizer, ModelError> {
        let normal = self.vocabulary.iter().filter(|(_, _, kind)| *kind == TokenKind::Normal);
        let tokens = normal.map(|(id, text, _)| {
            let bytes = unescaped(text, Escapes::Bytes);
            let refuse = || ModelError::Tokenizer(format!("the token `{text}` is not escaped"));
            bytes.map(|bytes| (id, bytes)).ok_or_else(refuse)
        });
        let model = World::new(&tokens.collect::<Result<Vec<_>, _>>()?)?;
        let spelling = Spelling::Escaped;
        let defaults = Defaults { bos: None, eos: None, begin: Begin::Bare, spelling };
        Ok(self.finish(Algorithm::World(model), &defaults))
    }

    fn finish(&self, algorithm: Algorithm, defaults: &Defaults) -> Tokenizer {
        let bos = self.id("tokenizer.ggml.bos_token_id").or(defaults.bos);
        let eos = self.id("tokenizer.ggml.eos_token_id").or(defaults.eos);
        let text = |id: Option<u32>| Some(self.vocabulary.text(id?)?.to_owned());
        let add_bos = self.gguf.flag("tokenizer.ggml.add_bos_token");
        let is_marked = add_bos.unwrap_or(defaults.begin == Begin::Marked);
        Tokenizer {
            encoder: Encoder::File(FileEncoder { special: self.special(), algorithm }),
            prefix: bos.filter(|_| is_marked).into_iter().collect(),
            printed: printed_bytes(&self.vocabulary, defaults.spelling),
            ends: end_ids(self.gguf, &self.vocabulary, eos),
            bos: text(bos),
            eos: text(eos),
        }
    }

    /// The id under a metadata key, if it is one of a token.
    fn id(&self, key: &str) -> Option<u32> {
        let id = u32::try_from(self.gguf.number(key)?).ok()?;
        self.vocabulary.text(id).map(|_| id)
    }

    fn special(&self) -> SpecialTokens {
        let name = self.gguf.text("general.name").unwrap_or("").to_lowercase();
        let is_phi3 = ["phi-3", "phi3"].iter().any(|family| name.contains(family));
        let tokens = self.vocabulary.iter().filter_map(|(id, text, kind)| {
            let recognised = match kind {
                TokenKind::UserDefined => Recognised::Always,
                TokenKind::Control | TokenKind::Unknown => Recognised::WithControls,
                TokenKind::Normal | TokenKind::Byte | TokenKind::Unused => return None,
            };
            let drops_space = is_phi3 && !PHI3_KEEPS_SPACE.contains(&text);
            let space_after = if drops_space { SpaceAfter::Dropped } else { SpaceAfter::Kept };
            Some(SpecialToken { id, text: text.to_owned(), recognised, space_after })
        });
        SpecialTokens::new(tokens.collect())
    }
}
