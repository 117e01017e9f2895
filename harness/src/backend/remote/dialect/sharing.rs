//! Several samples of a prompt in one request.

use std::fmt;
use std::str::FromStr;

use super::Profile;

/// Samples of a request where the user leaves the number open.
const USUAL: u32 = 8;

/// The most choices that a request asks for; `OpenAI` takes no more.
const MOST: u32 = 128;

/// How many samples of a prompt may share a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sharing {
    /// Each has its own.
    #[default]
    Off,
    /// So many, taking the user's word that the server can do it.
    UpTo(u32),
    /// As many as are usual, if the server turns out to be able to.
    IfAble,
}

impl Sharing {
    /// Samples of a request at most, once the server is known to be able to.
    pub(in crate::backend::remote) fn most(self) -> u32 {
        match self {
            Self::Off => 1,
            Self::UpTo(most) => most,
            Self::IfAble => USUAL,
        }
    }
}

impl Profile {
    /// Whether this kind of server takes `n`; `None` where one has to ask.
    ///
    /// Sources: the request reference of `OpenAI`; Anthropic's compatibility layer (`n` must be 1);
    /// Ollama's list of supported fields and DeepSeek's reference, which have no `n`; `ChatRequest` of TGI
    /// 3, which ignores it. Versions of vLLM, SGLang and llama.cpp differ.
    pub(in crate::backend::remote) fn takes_choices(self) -> Option<bool> {
        match self {
            Self::Openai => Some(true),
            Self::Deepseek | Self::Anthropic | Self::Ollama | Self::Tgi => Some(false),
            Self::Generic | Self::Vllm | Self::Sglang | Self::LlamaCpp => None,
        }
    }
}

impl FromStr for Sharing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            _ if text == "auto" => Ok(Self::IfAble),
            Ok(1) => Ok(Self::Off),
            Ok(most @ 2..=MOST) => Ok(Self::UpTo(most)),
            _ => Err(format!("`auto`, or a number from 1 to {MOST}")),
        }
    }
}

impl fmt::Display for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("1"),
            Self::UpTo(most) => write!(f, "{most}"),
            Self::IfAble => f.write_str("auto"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sharing_is_auto_or_a_number() {
        let check = |text: &str, expected: Option<(&str, u32)>| {
            let read = text.parse::<Sharing>().ok().map(|s| (s.to_string(), s.most()));
            assert_eq!(read, expected.map(|(shown, most)| (shown.to_owned(), most)), "{text}");
        };
        check("1", Some(("1", 1)));
        check("4", Some(("4", 4)));
        check("auto", Some(("auto", USUAL)));
        for wrong in ["0", "129", "-1", "2.5", "all", ""] {
            check(wrong, None);
        }
    }
}
