//! HTTP clients, and the list of models.

use std::time::{Duration, Instant};

use reqwest::Client;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use tasks::BackendError;

use super::endpoint::{ApiKey, address_hint, join, without_credentials};
use super::{failure, protocol};

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a list of models may take.
const LIST_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a server that is not there is asked whether it has appeared.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// The largest list of models that is read, in bytes.
const MAX_LIST_BYTES: usize = 4 << 20;

/// A model that a server offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfferedModel {
    /// Its name.
    pub(crate) id: String,
    /// Who the server says owns it, which is how many servers name themselves.
    pub(crate) owned_by: String,
}

/// A client that keeps connections and sends `api_key` with every request.
pub(super) fn client(api_key: Option<&ApiKey>, http2: bool) -> Result<Client, String> {
    let mut headers = HeaderMap::new();
    if let Some(key) = api_key {
        let value = HeaderValue::from_str(&format!("Bearer {}", key.secret()));
        let mut value = value
            .map_err(|_| "the API key holds characters that no header can carry".to_owned())?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let builder = Client::builder()
        .default_headers(headers)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_adaptive_window(true)
        .user_agent(concat!("evalrun/", env!("CARGO_PKG_VERSION")));
    let builder = if http2 { builder.http2_prior_knowledge() } else { builder };
    builder.build().map_err(|err| err.to_string())
}

/// The models that the server at `base_url` offers.
async fn models(
    base_url: &str,
    api_key: Option<&ApiKey>,
    http2: bool,
) -> Result<Vec<OfferedModel>, BackendError> {
    let client = client(api_key, http2).map_err(|reason| BackendError::Protocol { reason })?;
    list(&client, base_url, api_key).await
}

/// The models that the first of `servers` offers that can be reached. Servers that are not there yet
/// get `patience` to appear, and `note` is told about the wait.
pub(crate) async fn offered(
    servers: &[&str],
    api_key: Option<&ApiKey>,
    (http2, patience): (bool, Duration),
    note: impl Fn(&str),
) -> Result<Vec<OfferedModel>, BackendError> {
    let started = Instant::now();
    let mut is_noted = false;
    loop {
        let mut last = None;
        for server in servers {
            match models(server, api_key, http2).await {
                Err(error) if error.is_outage() => last = Some((server, error)),
                answer => return answer,
            }
        }
        let Some((server, error)) = last else { return Ok(Vec::new()) };
        if started.elapsed() >= patience {
            return Err(error);
        }
        if !is_noted {
            let (server, patience_s) = (without_credentials(server), patience.as_secs());
            note(&format!("waiting up to {patience_s} s for {server}: {error}"));
            is_noted = true;
        }
        tokio::time::sleep(RETRY_INTERVAL).await;
    }
}

/// As [`models`], with a client that is there already.
pub(super) async fn list(
    client: &Client,
    base_url: &str,
    api_key: Option<&ApiKey>,
) -> Result<Vec<OfferedModel>, BackendError> {
    let url = join(base_url, "models").map_err(|reason| protocol(&reason))?;
    let response = client.get(url.clone()).timeout(LIST_TIMEOUT).send().await;
    let response = response.map_err(|err| failure::of_transport(url.as_str(), &err))?;
    if !response.status().is_success() {
        return Err(match failure::of_response(response, api_key, LIST_TIMEOUT).await {
            BackendError::Refused { status: 404, message } => {
                BackendError::Refused { status: 404, message: message + address_hint(base_url) }
            }
            other => other,
        });
    }
    let bytes = failure::start_of_body(response, MAX_LIST_BYTES, LIST_TIMEOUT).await;
    let list: serde_json::Value = serde_json::from_slice(&bytes)
        .map_err(|err| protocol(&format!("{}: {err}", without_credentials(url.as_str()))))?;
    let model = |entry: &serde_json::Value| {
        let text = |name: &str| entry[name].as_str().map(str::to_owned);
        Some(OfferedModel { id: text("id")?, owned_by: text("owned_by").unwrap_or_default() })
    };
    Ok(list["data"].as_array().into_iter().flatten().filter_map(model).collect())
}
