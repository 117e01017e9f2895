//! Embedding models behind OpenAI-compatible endpoints.

use reqwest::Url;
use reqwest::blocking::Client;
use serde_json::{Value, json};

use super::client;
use crate::backend::remote::{ApiKey, join};
use crate::error::EvalrunError;

/// Texts in one request at most.
const N_AT_ONCE: usize = 64;

/// A model that the user names.
#[derive(Debug, Clone)]
pub(crate) struct EmbeddingChoice {
    /// The address up to and including `/v1`.
    pub(crate) base_url: String,
    /// The model's name at the server.
    pub(crate) model: String,
    pub(crate) api_key: Option<ApiKey>,
}

/// A model that can be asked.
pub(super) struct Embeddings {
    url: Url,
    choice: EmbeddingChoice,
    client: Client,
}

impl Embeddings {
    pub(super) fn open(choice: &EmbeddingChoice) -> Result<Self, EvalrunError> {
        let url = join(&choice.base_url, "embeddings")
            .map_err(|reason| EvalrunError::Usage(format!("--embedding-base-url: {reason}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            let reason = "--embedding-base-url is not an address such as http://localhost:8080/v1";
            return Err(EvalrunError::Usage(reason.to_owned()));
        }
        Ok(Self { url, choice: choice.clone(), client: client::client()? })
    }

    /// The embedding of each text: numbers. Their length is normalised where they are used, as upstream
    /// has its model do.
    pub(super) fn of(&self, texts: &[String]) -> Result<Vec<Value>, String> {
        let mut vectors = Vec::new();
        for part in texts.chunks(N_AT_ONCE) {
            let body = json!({
                "model": self.choice.model, "input": part, "encoding_format": "float",
            });
            let mut request = self.client.post(self.url.clone()).json(&body);
            if let Some(key) = &self.choice.api_key {
                request = request.bearer_auth(key.secret());
            }
            let what = format!("the embedding model `{}`", self.choice.model);
            let answer = client::json(&what, &request)?;
            vectors.extend(read(&answer, part.len()).map_err(|why| format!("{what}: {why}"))?);
        }
        let n_numbers = vectors.first().and_then(Value::as_array).map(Vec::len);
        let is_like_first = |vector: &Value| vector.as_array().map(Vec::len) == n_numbers;
        if vectors.iter().all(is_like_first) {
            Ok(vectors)
        } else {
            Err("its embeddings differ in length".to_owned())
        }
    }
}

/// The vectors of an answer, in the order of the texts.
fn read(answer: &Value, n_texts: usize) -> Result<Vec<Value>, String> {
    let data = answer["data"].as_array().map_or(&[][..], Vec::as_slice);
    if data.len() != n_texts {
        return Err(format!("it gives {} embeddings for {n_texts} texts", data.len()));
    }
    let mut vectors = vec![None; n_texts];
    for (place, row) in data.iter().enumerate() {
        let idx = row["index"].as_u64().map_or(Some(place), |idx| usize::try_from(idx).ok());
        let is_vector = |vector: &&Value| {
            vector.as_array().is_some_and(|v| !v.is_empty() && v.iter().all(Value::is_number))
        };
        let vector = Some(&row["embedding"]).filter(is_vector);
        let vector = vector.ok_or("its embedding is no list of numbers")?;
        let slot = idx.and_then(|idx| vectors.get_mut(idx)).ok_or("it numbers texts wrongly")?;
        *slot = Some(vector.clone());
    }
    vectors.into_iter().collect::<Option<_>>().ok_or_else(|| "it leaves texts out".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &Value, expected: Result<Vec<Value>, &str>) {
        assert_eq!(read(answer, 2), expected.map_err(str::to_owned), "{answer}");
    }

    #[test]
    fn vectors_come_in_the_order_of_their_texts() {
        let row = |idx: usize, vector: Value| json!({ "index": idx, "embedding": vector });
        check(
            &json!({"data": [row(1, json!([2.0])), row(0, json!([1.0]))]}),
            Ok(vec![json!([1.0]), json!([2.0])]),
        );
        check(&json!({"data": [row(0, json!([1.0]))]}), Err("it gives 1 embeddings for 2 texts"));
        let twice = json!({"data": [row(0, json!([1.0])), row(0, json!([1.0]))]});
        check(&twice, Err("it leaves texts out"));
        let far = json!({"data": [row(0, json!([1.0])), row(7, json!([1.0]))]});
        check(&far, Err("it numbers texts wrongly"));
        let text = json!({"data": [row(0, json!("AAAA")), row(1, json!([1.0]))]});
        check(&text, Err("its embedding is no list of numbers"));
        check(&json!("no"), Err("it gives 0 embeddings for 2 texts"));
    }
}
