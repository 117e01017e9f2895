//! Services that search the web.

use reqwest::Url;
use reqwest::blocking::Client;
use serde_json::{Map, Value, json};

use super::client;
use crate::backend::remote::ApiKey;
use crate::error::EvalrunError;

/// The protocol of a search service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SearchApi {
    /// SerpAPI, which upstream asks for the results of `DuckDuckGo` (`web_search.py`).
    Serpapi,
    /// SearXNG, which can be run at home; JSON has to be among its formats.
    Searxng,
}

/// A service that the user names.
#[derive(Debug, Clone)]
pub(crate) struct SearchChoice {
    pub(crate) api: SearchApi,
    pub(crate) base_url: String,
    pub(crate) api_key: Option<ApiKey>,
}

/// A service that can be asked.
pub(super) struct Search {
    api: SearchApi,
    /// The address of its `search`.
    url: Url,
    api_key: Option<ApiKey>,
    client: Client,
}

impl SearchApi {
    /// Its name in plans.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Serpapi => "serpapi",
            Self::Searxng => "searxng",
        }
    }
}

impl Search {
    pub(super) fn open(choice: &SearchChoice) -> Result<Self, EvalrunError> {
        let refuse = || {
            EvalrunError::Usage(
                "--search-base-url is not an address such as https://serpapi.com".to_owned(),
            )
        };
        let mut url = Url::parse(&choice.base_url).map_err(|_| refuse())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse());
        }
        if !url.path().ends_with("/search") {
            url.path_segments_mut().map_err(|()| refuse())?.pop_if_empty().push("search");
        }
        let (api, api_key) = (choice.api, choice.api_key.clone());
        Ok(Self { api, url, api_key, client: client::client()? })
    }

    /// The results for these words: what upstream's class reads of SerpAPI's answer.
    pub(super) fn results(&self, words: &str, region: &str) -> Result<Value, String> {
        let mut url = self.url.clone();
        match self.api {
            SearchApi::Serpapi => {
                let pairs =
                    [("engine", "duckduckgo"), ("q", words), ("kl", region), ("output", "json")];
                url.query_pairs_mut().extend_pairs(pairs);
                if let Some(key) = &self.api_key {
                    url.query_pairs_mut().append_pair("api_key", key.secret());
                }
            }
            SearchApi::Searxng => {
                url.query_pairs_mut().extend_pairs([("q", words), ("format", "json")]);
                if let Some(language) = language(region) {
                    url.query_pairs_mut().append_pair("language", &language);
                }
            }
        }
        let mut request = self.client.get(url);
        if let (SearchApi::Searxng, Some(key)) = (self.api, &self.api_key) {
            request = request.bearer_auth(key.secret());
        }
        let answer = client::json("the search service", &request)?;
        match self.api {
            SearchApi::Serpapi => of_serpapi(&answer),
            SearchApi::Searxng => Ok(of_searxng(&answer)),
        }
    }
}

/// SerpAPI tells in `error` that nothing was found, which is an answer, and that searches are used up,
/// which is none.
fn of_serpapi(answer: &Value) -> Result<Value, String> {
    let error = answer["error"].as_str().unwrap_or_default();
    if error.contains("429") || error.contains("run out of searches") {
        return Err(format!("the search service: {error}"));
    }
    let Some(results) = answer["organic_results"].as_array() else { return Ok(json!({})) };
    Ok(organic(results, ["title", "link", "snippet"]))
}

fn of_searxng(answer: &Value) -> Value {
    let results = answer["results"].as_array().map_or(&[][..], Vec::as_slice);
    if results.is_empty() {
        return json!({});
    }
    organic(results, ["title", "url", "content"])
}

/// Titles, addresses and snippets under SerpAPI's names; what a result lacks stays away.
fn organic(results: &[Value], names: [&str; 3]) -> Value {
    let result = |result: &Value| {
        let pairs = names.iter().zip(["title", "link", "snippet"]);
        let field =
            |(theirs, ours): (&&str, &str)| Some((ours.to_owned(), result.get(*theirs)?.clone()));
        Value::Object(pairs.filter_map(field).collect::<Map<_, _>>())
    };
    json!({ "organic_results": results.iter().map(result).collect::<Vec<_>>() })
}

/// A language such as `en-US` for a region such as `us-en`.
fn language(region: &str) -> Option<String> {
    let (country, language) = region.split_once('-')?;
    (country != "wt").then(|| format!("{language}-{}", country.to_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_upstream_reads_them() {
        let check = |answer: Value, expected: Value| {
            assert_eq!(of_serpapi(&answer), Ok(expected), "{answer}");
        };
        check(
            json!({"organic_results": [{"title": "t", "link": "l", "snippet": "s", "position": 1}]}),
            json!({"organic_results": [{"title": "t", "link": "l", "snippet": "s"}]}),
        );
        // Upstream fails with `KeyError` there, which the model is told.
        check(
            json!({"organic_results": [{"title": "t", "link": "l"}]}),
            json!({"organic_results": [{"title": "t", "link": "l"}]}),
        );
        check(
            json!({"error": "DuckDuckGo hasn't returned any results for this query."}),
            json!({}),
        );
        assert!(of_serpapi(&json!({"error": "429 Too Many Requests"})).is_err());
        let searxng = json!({"results": [{"title": "t", "url": "u", "content": "c"}]});
        assert_eq!(
            of_searxng(&searxng),
            json!({"organic_results": [{"title": "t", "link": "u", "snippet": "c"}]})
        );
    }

    #[test]
    fn regions_are_languages() {
        assert_eq!(language("us-en").as_deref(), Some("en-US"));
        assert_eq!(language("wt-wt"), None);
        assert_eq!(language("anything"), None);
    }
}
