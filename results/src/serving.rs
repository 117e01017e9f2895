//! How a run's model was served: times, retries and cost. None of it depends on what was answered.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::summary::Tokens;

/// Times of requests, what went wrong on the way, and what it cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Serving {
    /// Milliseconds from sending an attempt that succeeded to its last byte.
    pub latency_ms: Percentiles,
    /// Milliseconds to its first token, where answers were streamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<Percentiles>,
    /// Requests made for the stored completions, failed attempts and second requests included.
    pub n_requests: u64,
    /// Requests that brought several samples, where there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<SharedRequests>,
    /// Requests that were sent a second time, where there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hedges: Option<Hedges>,
    /// Attempts that were repeated, by cause, the most frequent first.
    #[serde(default)]
    pub retries: Vec<Cause>,
    /// Samples that failed, by cause, the most frequent first.
    #[serde(default)]
    pub failures: Vec<Cause>,
    /// What the stored completions and the requests called off for them cost, in the currency of the price file, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

/// Requests that brought several samples each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedRequests {
    /// Such requests.
    pub n_requests: u64,
    /// Samples that came with them.
    pub n_samples: u64,
}

/// Requests that were sent a second time because nothing came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hedges {
    /// Such requests.
    pub n_sent: u64,
    /// How often the second one brought the answer.
    pub n_won: u64,
    /// Prompt tokens of the requests that were called off.
    pub prompt_tokens: u64,
    /// Tokens that came before they were called off.
    pub completion_tokens: u64,
}

/// Nearest-rank percentiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percentiles {
    /// The median.
    pub p50: u64,
    /// The 90th percentile.
    pub p90: u64,
    /// The 99th percentile.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}

/// How often something happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// What.
    pub cause: String,
    /// How often.
    pub n: u64,
}

/// Prices of a model, for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Prompt tokens.
    #[serde(deserialize_with = "amount")]
    pub input: f64,
    /// Prompt tokens that the server had in a cache; as `input` where it is not given.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "optional_amount"
    )]
    pub cached_input: Option<f64>,
    /// Generated tokens, reasoning included.
    #[serde(deserialize_with = "amount")]
    pub output: f64,
}

/// A price is a number from 0 on; with any other, a limit on cost would never be met.
fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let amount = f64::deserialize(deserializer)?;
    if amount.is_finite() && amount >= 0.0 {
        Ok(amount)
    } else {
        Err(D::Error::custom(format!("{amount} is no price: it must be a number from 0 on")))
    }
}

fn optional_amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    amount(deserializer).map(Some)
}

impl Price {
    /// What these tokens cost. Completions without a token count cost nothing here.
    pub fn cost(&self, tokens: Tokens) -> f64 {
        let cached = tokens.cached.unwrap_or(0).min(tokens.prompt);
        let fresh = tokens.prompt - cached;
        let sum = fresh as f64 * self.input
            + cached as f64 * self.cached_input.unwrap_or(self.input)
            + tokens.completion as f64 * self.output;
        sum / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_have_their_own_price() {
        let check = |cached_input, cached, expected: f64| {
            let price = Price { input: 2.0, cached_input, output: 10.0 };
            let tokens =
                Tokens { prompt: 1_000_000, completion: 100_000, cached, ..Tokens::default() };
            assert!((price.cost(tokens) - expected).abs() < 1e-9, "{}", price.cost(tokens));
        };
        check(None, None, 3.0);
        check(Some(0.5), None, 3.0);
        check(Some(0.5), Some(400_000), 2.4);
        check(None, Some(400_000), 3.0);
    }

    #[test]
    fn prices_are_numbers_from_0_on() {
        let check = |json: &str, expected: &str| {
            let read = serde_json::from_str::<Price>(json);
            let shown = read.map_or_else(|err| err.to_string(), |p| format!("{p:?}"));
            assert!(shown.contains(expected), "{shown}");
        };
        check(r#"{"input": 0, "output": 1.5}"#, "input: 0.0, cached_input: None, output: 1.5");
        check(r#"{"input": 2, "output": 1, "cached_input": 0.5}"#, "Some(0.5)");
        check(r#"{"input": -1, "output": 1}"#, "-1 is no price");
        check(r#"{"input": 1, "output": -0.5}"#, "-0.5 is no price");
        check(r#"{"input": 1, "output": 1, "cached_input": -2}"#, "-2 is no price");
        check(r#"{"input": 1}"#, "missing field `output`");
    }
}
