//! Where and what to ask.

/// Which path of the API is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Api {
    /// `/chat/completions`; the server applies the chat template.
    Chat,
    /// `/completions`, for base models: the messages' texts are the prompt.
    Completions,
}

/// A secret that never shows up in output.
#[derive(Clone)]
pub struct ApiKey(String);

/// Where and what to ask.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The address up to and including `/v1`.
    pub base_url: String,
    /// The model's name at the server.
    pub model: String,
    /// Which path.
    pub api: Api,
    /// The key, if the server wants one.
    pub api_key: Option<ApiKey>,
}

/// A further server of the same model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// The address up to and including `/v1`.
    pub base_url: String,
    /// Its share of the requests, in relation to the other servers' weights.
    pub weight: u32,
}

impl ApiKey {
    /// Takes a key in.
    pub fn new(key: String) -> Self {
        Self(key)
    }

    pub(super) fn secret(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

impl Api {
    /// The path after `/v1/`.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Chat => "chat/completions",
            Self::Completions => "completions",
        }
    }

    /// The stable name used in plans.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completions => "completions",
        }
    }
}

/// What may be wrong with an address at which nothing was found.
pub(super) fn address_hint(base_url: &str) -> &'static str {
    let path = base_url.trim_end_matches('/');
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    let mut segments = path.split('/').skip(1);
    let is_version = |segment: &str| {
        segment.strip_prefix('v').is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit()))
    };
    if path.ends_with("/completions") {
        " (--base-url ends before /chat/completions, which is added)"
    } else if !segments.any(is_version) {
        " (is /v1 missing at the end of --base-url?)"
    } else {
        ""
    }
}

/// `text` without the key, should a server have echoed it.
pub(super) fn redact(text: &str, key: Option<&ApiKey>) -> String {
    key.map_or_else(|| text.to_owned(), |ApiKey(key)| text.replace(key, "***"))
}

/// The address without a user name and password, which must not reach the run file.
pub(crate) fn without_credentials(base_url: &str) -> String {
    match reqwest::Url::parse(base_url) {
        Ok(mut url) if url.password().is_some() || !url.username().is_empty() => {
            // Both calls fail only for addresses that cannot have credentials.
            let _ = url.set_password(None);
            let _ = url.set_username("");
            url.to_string().trim_end_matches('/').to_owned()
        }
        _ => base_url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn an_address_without_its_version_or_with_too_much_is_noticed() {
        let check = |base_url: &str, expected: &str| {
            assert!(address_hint(base_url).contains(expected), "{base_url}");
            assert_eq!(address_hint(base_url).is_empty(), expected.is_empty(), "{base_url}");
        };
        check("http://localhost:8000", "is /v1 missing");
        check("http://localhost:8000/", "is /v1 missing");
        check("http://localhost:8000/api/vllm", "is /v1 missing");
        check("http://localhost:8000/v1", "");
        check("https://host/v1beta/openai/", "");
        check("http://localhost:8000/v1/chat/completions", "ends before /chat/completions");
    }
}
