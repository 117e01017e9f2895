//! Pages of the web.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use super::address::{PageHosts, PublicNames};
use super::client::innermost;
use crate::env_vars;
use crate::error::EvalrunError;

/// How long a page may take: upstream's limit (`fetch_url_content`).
const TIMEOUT: Duration = Duration::from_secs(20);
/// Redirects that are followed.
const N_REDIRECTS: usize = 10;
/// The longest page that is read, in bytes. Upstream has no limit.
const MAX_BYTES: u64 = 4 << 20;
/// What upstream's class says of itself, for servers give other pages to programs.
const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 Safari/537.36";

/// Reads pages.
pub(super) struct Pages {
    client: Client,
    hosts: PageHosts,
}

impl Pages {
    pub(super) fn open(hosts: PageHosts) -> Result<Self, EvalrunError> {
        let policy = Policy::custom(move |attempt| match hosts.refuse(attempt.url()) {
            Some(reason) => attempt.error(reason),
            None if attempt.previous().len() > N_REDIRECTS => attempt.error("too many redirects"),
            None => attempt.follow(),
        });
        let headers = HeaderMap::from_iter([
            (ACCEPT, HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8")),
            (ACCEPT_LANGUAGE, HeaderValue::from_static("en-US,en;q=0.9")),
        ]);
        let builder = Client::builder()
            .timeout(TIMEOUT)
            .redirect(policy)
            .user_agent(BROWSER)
            .default_headers(headers);
        let builder = match hosts {
            PageHosts::Public => {
                let proxies = env_vars::proxy_hosts();
                builder.dns_resolver(Arc::new(PublicNames { proxies }))
            }
            PageHosts::All => builder,
        };
        let client = builder.build();
        let client =
            client.map_err(|err| EvalrunError::Usage(format!("cannot make a client: {err}")))?;
        Ok(Self { client, hosts })
    }

    /// The page at an address, or an error that the model is told.
    pub(super) fn read(&self, address: &str) -> Value {
        self.page(address).unwrap_or_else(|error| json!({ "error": error }))
    }

    fn page(&self, address: &str) -> Result<Value, String> {
        let url = Url::parse(address).map_err(|err| format!("Invalid URL: {err}"))?;
        if let Some(reason) = self.hosts.refuse(&url) {
            return Err(reason);
        }
        let response = self.client.get(url).send().map_err(|err| innermost(&err))?;
        let (status, url) = (response.status(), response.url().to_string());
        let text = text(response)?;
        Ok(json!({
            "url": url,
            "status": status.as_u16(),
            "reason": status.canonical_reason().unwrap_or_default(),
            "text": text,
        }))
    }
}

fn text(response: Response) -> Result<String, String> {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    response.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|err| innermost(&err))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("the page is longer than {} MiB", MAX_BYTES >> 20));
    }
    Ok(decoded(&bytes, &kind))
}

/// The text of a page: by the character set that its server names, else UTF-8, else Windows-1252.
/// Upstream's client takes Latin-1 for every text whose server names none, which spoils other letters.
fn decoded(bytes: &[u8], kind: &str) -> String {
    let charset = kind.split(';').find_map(|part| part.trim().strip_prefix("charset="));
    let named = charset.and_then(|name| {
        encoding_rs::Encoding::for_label(name.trim().trim_matches('"').as_bytes())
    });
    let encoding = match (named, std::str::from_utf8(bytes)) {
        (Some(encoding), _) => encoding,
        (None, Ok(_)) => encoding_rs::UTF_8,
        (None, Err(_)) => encoding_rs::WINDOWS_1252,
    };
    encoding.decode(bytes).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read_in_their_character_set() {
        let check = |bytes: &[u8], kind: &str, expected: &str| {
            assert_eq!(decoded(bytes, kind), expected, "{kind}");
        };
        check("привет".as_bytes(), "text/html", "привет");
        check(b"\xef\xf0\xe8", "text/html; charset=windows-1251", "при");
        check(b"caf\xe9", "text/plain; charset=\"latin1\"", "café");
        check(b"caf\xe9", "", "café");
    }
}
