//! Arguments about endpoints: how they are asked, how fast, and for how much.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use results::Price;
use serde_json::{Map, Value};
use tasks::Sampling;

use crate::backend::remote::{
    Api, Concurrency, Dialect, HedgeAfter, Parameter, Profile, Replica, Sharing, TrafficSettings,
    traffic,
};
use crate::engine::{Budget, MaxFailures};
use crate::error::EvalrunError;
use crate::plan::RemoteChoice;

/// Fields of a body that evalrun sets itself, and what sets them. Another value would not be the one
/// that the plan and every export state.
const OWN_FIELDS: [(&str, &str); 19] = [
    ("model", "--model"),
    ("messages", "the task"),
    ("prompt", "the task"),
    ("tools", "the task"),
    ("stream", "evalrun itself"),
    ("stream_options", "evalrun itself"),
    ("n", "--samples"),
    ("seed", "--seed"),
    ("temperature", "--temperature"),
    ("top_p", "--top-p"),
    ("top_k", "--top-k"),
    ("min_p", "--min-p"),
    ("presence_penalty", "--presence-penalty"),
    ("frequency_penalty", "--frequency-penalty"),
    ("repetition_penalty", "--repetition-penalty"),
    ("repeat_penalty", "--repetition-penalty"),
    ("max_tokens", "--max-tokens"),
    ("max_completion_tokens", "--max-tokens"),
    ("stop", "--stop"),
];

#[derive(Debug, Args)]
#[command(next_help_heading = "Endpoint (can change a sample)")]
pub(super) struct DialectArgs {
    /// The kind of server, which decides what parameters are called and which are left out [default:
    /// by its address and its list of models].
    #[arg(long, value_enum, value_name = "KIND", requires = "base_url")]
    server: Option<Profile>,
    /// Find out with a few tiny requests what the server does not take, and leave that out.
    #[arg(long, requires = "base_url")]
    probe: bool,
    /// Leave out this parameter; may be given several times.
    #[arg(
        long,
        value_enum,
        value_name = "PARAMETER",
        value_delimiter = ',',
        requires = "base_url"
    )]
    drop: Vec<Parameter>,
    /// Put the system message before the first user message, for models that refuse the system role.
    #[arg(long, requires = "base_url")]
    fold_system: bool,
    /// How much a reasoning model thinks: `low`, `medium`, `high`, or what the server knows.
    #[arg(long, value_name = "EFFORT", requires = "base_url")]
    reasoning_effort: Option<String>,
    /// Variables for the server's chat template, such as `{"enable_thinking": false}`.
    #[arg(long, value_name = "JSON", value_parser = object, requires = "base_url")]
    chat_template_kwargs: Option<Object>,
    /// Fields added to every request, as a JSON object.
    #[arg(long, value_name = "JSON", value_parser = object, requires = "base_url")]
    extra_body: Option<Object>,
    /// Samples of a prompt that may share a request (`n`), so that the server reads the prompt once:
    /// a number, or `auto` for 8 if a tiny request shows that the server can do it. Such samples follow
    /// from the seed of one of them, so that none can be drawn again by itself; that is why each has a
    /// request of its own unless this is given. Not for temperature 0 and conversations.
    #[arg(long, value_name = "N|auto", default_value_t = Sharing::Off, requires = "base_url")]
    samples_per_request: Sharing,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Endpoint traffic (cannot change a sample)")]
pub(super) struct TrafficArgs {
    /// Shares of the requests that the servers get, in the order of --base-url.
    #[arg(long, value_name = "N", value_delimiter = ',', requires = "base_url", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    weight: Vec<u32>,
    /// Requests a minute at most, for each server.
    #[arg(long, value_name = "N", requires = "base_url", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    requests_per_minute: Option<u64>,
    /// Prompt and completion tokens a minute at most, for each server.
    #[arg(long, value_name = "N", requires = "base_url", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000))]
    tokens_per_minute: Option<u64>,
    /// Seconds one attempt at a request may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=1_000_000), requires = "base_url")]
    timeout: u64,
    /// Seconds a server may send nothing.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=1_000_000), requires = "base_url")]
    idle_timeout: u64,
    /// Seconds to wait for servers that are down before the run ends.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(..=1_000_000), requires = "base_url")]
    patience: u64,
    /// Speak HTTP/2 to http:// addresses; https:// negotiates it.
    #[arg(long, requires = "base_url")]
    http2: bool,
    /// Send a request a second time, to another server where there are several, when nothing has come
    /// for so many seconds, or for longer than this percentage of the latest requests took to their first
    /// byte (p95). The first answer counts, and the other request is called off. One request in ten at
    /// most, each once; both count in limits and cost [default: never].
    #[arg(long, value_name = "SECONDS|pNN", requires = "base_url")]
    hedge: Option<HedgeAfter>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits of a run (the same command continues it)")]
pub(super) struct LimitArgs {
    /// End the run when more samples than this failed: a number, or a share such as 5%.
    #[arg(long, value_name = "N|P%", allow_negative_numbers = true)]
    pub(super) max_failures: Option<MaxFailures>,
    /// Begin no further sample when this command has generated so many tokens; those that are begun may
    /// end, and count.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), allow_negative_numbers = true)]
    max_output_tokens_total: Option<u64>,
    /// Begin no further sample when the answers to this command cost so much, in the currency of
    /// --prices; those that are begun may end, and cost.
    #[arg(long, value_name = "AMOUNT", value_parser = amount, requires = "prices", allow_negative_numbers = true)]
    max_cost: Option<f64>,
    /// A TOML file of prices for a million tokens: `["MODEL"]` with `input`, `output` and `cached_input`.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

/// A JSON object from the command line.
#[derive(Debug, Clone)]
struct Object(Map<String, Value>);

impl DialectArgs {
    /// Parameters that --drop names although these samplings set none of them.
    pub(super) fn idle_drops(&self, samplings: &[&Sampling]) -> Vec<&'static str> {
        let dialect = Dialect {
            dropped: self.drop.iter().copied().collect(),
            reasoning_effort: self.reasoning_effort.clone(),
            chat_template_kwargs: fields(self.chat_template_kwargs.as_ref()),
            ..Dialect::default()
        };
        let left_out: Vec<&str> = samplings.iter().flat_map(|s| dialect.not_sent(s)).collect();
        let is_idle = |parameter: &&Parameter| {
            **parameter != Parameter::StreamOptions && !left_out.contains(&parameter.name())
        };
        self.drop.iter().filter(is_idle).map(|parameter| parameter.name()).collect()
    }

    fn dialect(&self, api: Api) -> Result<Dialect, EvalrunError> {
        let for_messages = [
            ("--fold-system", self.fold_system),
            ("--reasoning-effort", self.reasoning_effort.is_some()),
            ("--chat-template-kwargs", self.chat_template_kwargs.is_some()),
        ];
        let given = for_messages.into_iter().find(|(_, is_given)| *is_given);
        if let (Api::Completions, Some((option, _))) = (api, given) {
            return Err(EvalrunError::Usage(format!(
                "{option} is about messages, and --api completions sends a plain prompt"
            )));
        }
        let extra_body = fields(self.extra_body.as_ref());
        let own = OWN_FIELDS.into_iter().find(|(name, _)| extra_body.contains_key(*name));
        if let Some((name, setter)) = own {
            return Err(EvalrunError::Usage(format!(
                "--extra-body cannot set `{name}`: {setter} does, and the plan says so"
            )));
        }
        Ok(Dialect {
            profile: self.server.unwrap_or_default(),
            dropped: self.drop.iter().copied().collect(),
            has_renamed_limit: false,
            folds_system: self.fold_system,
            reasoning_effort: self.reasoning_effort.clone(),
            chat_template_kwargs: fields(self.chat_template_kwargs.as_ref()),
            extra_body,
            sharing: self.samples_per_request,
        })
    }
}

fn fields(object: Option<&Object>) -> Map<String, Value> {
    object.map_or_else(Map::new, |object| object.0.clone())
}

impl TrafficArgs {
    /// How requests reach the servers, `concurrency` of them at the same time where the user says so.
    pub(super) fn settings(&self, concurrency: Option<u32>) -> TrafficSettings {
        let default = TrafficSettings::default();
        let concurrency = concurrency
            .map_or(default.concurrency, |n| Concurrency { start: n as usize, most: n as usize });
        TrafficSettings {
            concurrency,
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            timeout: Duration::from_secs(self.timeout),
            idle_timeout: Duration::from_secs(self.idle_timeout),
            patience: Duration::from_secs(self.patience),
            http2: self.http2,
            hedge: self.hedge,
        }
    }

    fn replicas(&self, base_urls: &[String]) -> Result<Vec<Replica>, EvalrunError> {
        if !self.weight.is_empty() && base_urls.len() == 1 {
            let reason = "--weight shares requests among servers, and there is one --base-url";
            return Err(EvalrunError::Usage(reason.to_owned()));
        }
        if !self.weight.is_empty() && self.weight.len() != base_urls.len() {
            return Err(EvalrunError::Usage(format!(
                "--weight gives {} shares for {} addresses; give one for each --base-url",
                self.weight.len(),
                base_urls.len()
            )));
        }
        let weights = self.weight.iter().copied().chain(std::iter::repeat(1));
        let replica = |(base_url, weight): (&String, u32)| Replica {
            base_url: base_url.trim_end_matches('/').to_owned(),
            weight,
        };
        Ok(base_urls.iter().zip(weights).map(replica).collect())
    }

    /// What a session keeps of these settings.
    pub(super) fn recorded(&self) -> Value {
        serde_json::json!({
            "requests_per_minute": self.requests_per_minute,
            "tokens_per_minute": self.tokens_per_minute,
            "timeout_s": self.timeout,
            "idle_timeout_s": self.idle_timeout,
            "patience_s": self.patience,
            "weights": self.weight,
            "http2": self.http2,
            "hedge": self.hedge,
        })
    }
}

/// Everything about the servers besides address, model and key.
pub(super) fn remote_choice(
    dialect: &DialectArgs,
    traffic: &TrafficArgs,
    (base_urls, api): (&[String], Api),
    concurrency: Option<u32>,
) -> Result<RemoteChoice, EvalrunError> {
    Ok(RemoteChoice {
        replicas: traffic.replicas(base_urls)?,
        is_profile_given: dialect.server.is_some(),
        wants_probe: dialect.probe,
        dialect: dialect.dialect(api)?,
        traffic: traffic.settings(concurrency),
    })
}

/// Requests that the engine keeps going for a model behind `n_servers` servers.
pub(super) fn n_in_flight(concurrency: Option<u32>, n_servers: usize) -> usize {
    concurrency.map_or(traffic::DEFAULT_MOST * n_servers, |n| n as usize)
}

impl LimitArgs {
    /// The prices of `model`, where a price file is given; it must have them.
    pub(super) fn price(&self, model: &str) -> Result<Option<Price>, EvalrunError> {
        let Some(path) = &self.prices else { return Ok(None) };
        let fail = |reason: String| EvalrunError::Data { path: path.clone(), reason };
        let text = std::fs::read_to_string(path)
            .map_err(|err| EvalrunError::Input { path: path.clone(), reason: err.to_string() })?;
        let prices: BTreeMap<String, Price> =
            toml::from_str(&text).map_err(|err| fail(err.to_string()))?;
        let price = prices.get(model).copied();
        price.map(Some).ok_or_else(|| {
            let known: Vec<&str> = prices.keys().map(String::as_str).collect();
            fail(format!(
                "it has no prices for the model `{model}`, only for: {}",
                known.join(", ")
            ))
        })
    }

    /// What this command may use up.
    pub(super) fn budget(&self, price: Option<Price>) -> Budget {
        Budget::new(self.max_output_tokens_total, self.max_cost.zip(price))
    }
}

fn object(text: &str) -> Result<Object, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(Object(fields)),
        Ok(_) => Err("a JSON object such as {\"name\": 1}".to_owned()),
        Err(err) => Err(format!("a JSON object ({err})")),
    }
}

fn amount(text: &str) -> Result<f64, String> {
    let amount = text.parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0);
    amount.ok_or_else(|| "an amount above 0".to_owned())
}
