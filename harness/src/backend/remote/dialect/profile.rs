//! What is known of each kind of server.

use crate::backend::remote::{Api, OfferedModel};

/// Kinds of servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Profile {
    /// Any other server: everything is sent under `OpenAI`'s names.
    #[default]
    Generic,
    /// `OpenAI` itself, or Azure.
    Openai,
    /// DeepSeek's own endpoint.
    Deepseek,
    /// Anthropic's compatible endpoint.
    Anthropic,
    /// vLLM.
    Vllm,
    /// SGLang.
    Sglang,
    /// Text Generation Inference.
    Tgi,
    /// llama.cpp's server, or llama-cpp-python's.
    LlamaCpp,
    /// Ollama.
    Ollama,
}

/// Parameters of a request that a server may not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Parameter {
    /// `temperature`.
    Temperature,
    /// `top_p`.
    TopP,
    /// `top_k`.
    TopK,
    /// `min_p`.
    MinP,
    /// `repetition_penalty`.
    RepetitionPenalty,
    /// `presence_penalty`.
    PresencePenalty,
    /// `frequency_penalty`.
    FrequencyPenalty,
    /// `max_tokens`.
    MaxTokens,
    /// `stop`.
    Stop,
    /// `seed`.
    Seed,
    /// `stream_options`, which asks for token counts.
    StreamOptions,
    /// `reasoning_effort`.
    ReasoningEffort,
    /// `chat_template_kwargs`.
    ChatTemplateKwargs,
}

impl Parameter {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Temperature,
        Self::TopP,
        Self::TopK,
        Self::MinP,
        Self::RepetitionPenalty,
        Self::PresencePenalty,
        Self::FrequencyPenalty,
        Self::MaxTokens,
        Self::Stop,
        Self::Seed,
        Self::StreamOptions,
        Self::ReasoningEffort,
        Self::ChatTemplateKwargs,
    ];

    /// Its most common name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Temperature => "temperature",
            Self::TopP => "top_p",
            Self::TopK => "top_k",
            Self::MinP => "min_p",
            Self::RepetitionPenalty => "repetition_penalty",
            Self::PresencePenalty => "presence_penalty",
            Self::FrequencyPenalty => "frequency_penalty",
            Self::MaxTokens => "max_tokens",
            Self::Stop => "stop",
            Self::Seed => "seed",
            Self::StreamOptions => "stream_options",
            Self::ReasoningEffort => "reasoning_effort",
            Self::ChatTemplateKwargs => "chat_template_kwargs",
        }
    }
}

impl Profile {
    /// What this kind of server calls `parameter`; `None` where it refuses or silently ignores it.
    ///
    /// Sources: the request reference of `OpenAI` (`max_tokens` is deprecated for chat, and reasoning
    /// models refuse it), of DeepSeek (no `seed`), and of Anthropic's compatibility layer (its list of
    /// ignored fields); Ollama's list of supported fields; `ChatRequest` of TGI 3; the server fields of
    /// llama.cpp and llama-cpp-python (`repeat_penalty`); the request models of vLLM and SGLang, which
    /// take all of these.
    pub(super) fn spelling(self, parameter: Parameter, api: Api) -> Option<&'static str> {
        use Parameter as P;
        match (self, parameter) {
            (Self::Openai, P::MaxTokens) if api == Api::Chat => Some("max_completion_tokens"),
            (Self::LlamaCpp, P::RepetitionPenalty) => Some("repeat_penalty"),
            (
                Self::Openai | Self::Deepseek | Self::Anthropic | Self::Tgi | Self::Ollama,
                P::TopK | P::MinP | P::RepetitionPenalty | P::ChatTemplateKwargs,
            )
            | (Self::Deepseek | Self::Anthropic, P::Seed)
            | (Self::Anthropic, P::PresencePenalty | P::FrequencyPenalty | P::ReasoningEffort)
            | (Self::Tgi, P::ReasoningEffort) => None,
            (_, parameter) => Some(parameter.name()),
        }
    }

    /// The kind of the server at `base_url`, from its address and from how it signs its list of models:
    /// `owned_by` is `vllm`, `sglang`, `llamacpp`, `me` (llama-cpp-python) or `library` (Ollama), and
    /// TGI repeats the model's name there.
    pub(crate) fn of(base_url: &str, models: &[OfferedModel]) -> Self {
        let url = reqwest::Url::parse(base_url).ok();
        let host = url.as_ref().and_then(|url| url.host_str()).unwrap_or("");
        match host {
            "api.openai.com" => return Self::Openai,
            "api.deepseek.com" => return Self::Deepseek,
            "api.anthropic.com" => return Self::Anthropic,
            host if host.ends_with(".openai.azure.com") => return Self::Openai,
            _ => (),
        }
        match models.first() {
            Some(model) if model.owned_by == model.id => Self::Tgi,
            Some(model) => match model.owned_by.as_str() {
                "vllm" => Self::Vllm,
                "sglang" => Self::Sglang,
                "llamacpp" | "me" => Self::LlamaCpp,
                "library" => Self::Ollama,
                _ => Self::Generic,
            },
            None => Self::Generic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_known_by_address_or_signature() {
        let check = |base_url: &str, owned_by: &str, expected| {
            let model = OfferedModel { id: "m".to_owned(), owned_by: owned_by.to_owned() };
            assert_eq!(Profile::of(base_url, &[model]), expected, "{base_url} {owned_by}");
        };
        check("http://localhost:8000/v1", "vllm", Profile::Vllm);
        check("http://localhost:8000/v1", "me", Profile::LlamaCpp);
        check("http://localhost:8000/v1", "m", Profile::Tgi);
        check("http://localhost:8000/v1", "someone", Profile::Generic);
        check("https://api.openai.com/v1", "system", Profile::Openai);
        check("https://my.openai.azure.com/openai/v1", "", Profile::Openai);
        check("https://api.openai.com.example.org/v1", "", Profile::Generic);
        assert_eq!(Profile::of("https://api.deepseek.com", &[]), Profile::Deepseek);
    }
}
