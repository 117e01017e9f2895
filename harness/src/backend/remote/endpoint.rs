//! Where and what to ask.

use std::borrow::Cow;

use reqwest::Url;

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

    pub(crate) fn secret(&self) -> &str {
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

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// What may be wrong with an address at which nothing was found.
pub(super) fn address_hint(base_url: &str) -> &'static str {
    let path = base_url.split('?').next().unwrap_or_default().trim_end_matches('/');
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
    key.map_or_else(|| text.to_owned(), |ApiKey(key)| text.replace(key, HIDDEN))
}

/// `text` without the values in the query of `url`, should a server have echoed them.
pub(super) fn redact_query<'a>(text: &'a str, url: &Url) -> Cow<'a, str> {
    let mut shown = Cow::Borrowed(text);
    for (name, value) in url.query_pairs() {
        let secret = if value.is_empty() { name } else { value };
        // Such short ones are versions and switches, and would turn a message into riddles.
        if secret.len() >= 4 && shown.contains(&*secret) {
            shown = Cow::Owned(shown.replace(&*secret, HIDDEN));
        }
    }
    shown
}

/// The address of `path` below `base_url`, whose query it keeps: some servers want a version or a key
/// there.
pub(crate) fn join(base_url: &str, path: &str) -> Result<Url, String> {
    let shown = || without_credentials(base_url);
    let mut url = Url::parse(base_url)
        .map_err(|err| format!("`{}` is no address of a server: {err}", shown()))?;
    url.path_segments_mut()
        .map_err(|()| format!("`{}` is no address of a server", shown()))?
        .pop_if_empty()
        .extend(path.split('/'));
    Ok(url)
}

/// The address without what may be secret, which must not reach the run file: a user name and password,
/// and the values of a query.
pub(crate) fn without_credentials(base_url: &str) -> String {
    let Ok(mut url) = Url::parse(base_url) else { return start_of_address(base_url) };
    let has_user = url.password().is_some() || !url.username().is_empty();
    if !has_user && url.query().is_none() && url.fragment().is_none() {
        return base_url.to_owned();
    }
    // Both calls fail only for addresses that cannot have credentials.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.set_fragment(None);
    // What has no value may be a secret itself.
    let hidden: Vec<String> = (url.query().unwrap_or("").split('&'))
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) => format!("{name}={HIDDEN}"),
            None => HIDDEN.to_owned(),
        })
        .collect();
    url.set_query(None);
    let address = url.to_string();
    let address = address.trim_end_matches('/');
    if hidden.is_empty() { address.to_owned() } else { format!("{address}?{}", hidden.join("&")) }
}

/// What can be shown of something that is no address.
fn start_of_address(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or("");
    text.rsplit_once('@').map_or(text, |(_, rest)| rest).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base_url: &str, path: &str, expected: (&str, &str)) {
        let url = join(base_url, path).map_or_else(|err| err, |url| url.to_string());
        assert_eq!((url.as_str(), without_credentials(base_url).as_str()), expected);
    }

    #[test]
    fn addresses_are_joined_and_shown_without_secrets() {
        let (chat, h) = ("chat/completions", "http://h/v1");
        check(h, chat, ("http://h/v1/chat/completions", h));
        check("http://h/v1/", "models", ("http://h/v1/models", "http://h/v1/"));
        check("http://h:8000", chat, ("http://h:8000/chat/completions", "http://h:8000"));
        check(
            "https://h/openai/deployments/d?api-version=2024-10-21&api-key=s3cret",
            chat,
            (
                "https://h/openai/deployments/d/chat/completions?api-version=2024-10-21&api-key=s3cret",
                "https://h/openai/deployments/d?api-version=***&api-key=***",
            ),
        );
        check(
            "http://h/v1/?s3cret",
            chat,
            ("http://h/v1/chat/completions?s3cret", "http://h/v1?***"),
        );
        check("http://u:pw@h/v1", "models", ("http://u:pw@h/v1/models", h));
        check(
            "http://u:pw@h:99999/v1?k=s3cret",
            "models",
            ("`h:99999/v1` is no address of a server: invalid port number", "h:99999/v1"),
        );
    }

    #[test]
    fn what_a_server_echoes_of_a_query_is_hidden() {
        let check = |text, expected: &str| {
            let url = Url::parse("http://h/v1?api-key=s3cr%20et&v=1&token").expect("an address");
            assert_eq!(redact_query(text, &url), expected);
        };
        check("bad key `s3cr et` of 1 token", "bad key `***` of 1 ***");
        check("bad request", "bad request");
    }

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
