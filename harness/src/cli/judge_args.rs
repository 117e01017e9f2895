//! Arguments about language models as judges.

use std::time::Duration;

use clap::Args;
use tasks::PromptSet;

use super::run_args::temperature;
use crate::backend::remote::{Api, ApiKey, Concurrency, Endpoint, TrafficSettings};
use crate::env_vars;
use crate::error::EvalrunError;
use crate::judging::JudgeSettings;
use crate::plan::{ModelChoice, RemoteChoice};

/// The judges of a command and how they are asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Judges (language models that rate dialogues)")]
pub(super) struct JudgeArgs {
    /// The judge: named as for --model. May be given several times.
    #[arg(long, value_name = "MODEL")]
    judge_model: Vec<String>,
    /// The judge's OpenAI-compatible endpoint; without one the judge is an embedded model. One for all
    /// judges, or as many as there are judges.
    #[arg(long, value_name = "URL", requires = "judge_model")]
    judge_base_url: Vec<String>,
    /// The environment variable that holds the endpoint's API key, likewise [default: `OPENAI_API_KEY`,
    /// if it is set].
    #[arg(long, value_name = "NAME", requires = "judge_base_url")]
    judge_api_key_env: Vec<String>,
    /// The prompts that judges are asked with.
    #[arg(long, value_enum, default_value_t = PromptsArg::Upstream, requires = "judge_model")]
    judge_prompts: PromptsArg,
    /// Replies to each question; above 1 their spread is reported.
    #[arg(long, value_name = "K", default_value_t = 1, requires = "judge_model", value_parser = clap::value_parser!(u32).range(1..=1000))]
    judge_samples: u32,
    /// The judges' temperature; upstream's is 0.
    #[arg(long, value_name = "T", default_value_t = 0.0, requires = "judge_model", value_parser = temperature, allow_negative_numbers = true)]
    judge_temperature: f64,
    /// Tokens of a reply at most; a judge that reasons needs more.
    #[arg(long, value_name = "N", default_value_t = 2048, requires = "judge_model", value_parser = clap::value_parser!(u32).range(1..))]
    judge_max_tokens: u32,
    /// Remind a judge once of the form where its reply cannot be read; upstream does not.
    #[arg(long, requires = "judge_model")]
    judge_remind: bool,
    /// Let a model judge its own answers; it is recorded and shown.
    #[arg(long, requires = "judge_model")]
    allow_self_judge: bool,
    /// Spend at most this many tokens on prompts and replies of judges.
    #[arg(long, value_name = "N", requires = "judge_model")]
    max_judge_tokens: Option<u64>,
    /// Requests to a judge in flight at most [default: as for models].
    #[arg(long, value_name = "N", requires = "judge_model", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    judge_concurrency: Option<u32>,
    /// Times a failed request to a judge is tried again.
    #[arg(long, value_name = "N", default_value_t = 5, requires = "judge_model")]
    judge_retries: u32,
    /// Seconds one attempt at a request to a judge's endpoint may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, requires = "judge_model", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    judge_timeout: u64,
    /// Seconds to wait for a judge's endpoint that is down before judging ends.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "judge_model", value_parser = clap::value_parser!(u64).range(..=1_000_000))]
    judge_patience: u64,
}

/// Sets of judge prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum PromptsArg {
    /// MT-Bench's own, for scores that can be compared.
    Upstream,
    /// Ours, which ask as well whether an answer is in the language of its question.
    Language,
}

impl JudgeArgs {
    /// Whether a judge is named.
    pub(super) fn are_given(&self) -> bool {
        !self.judge_model.is_empty()
    }

    /// The judges, or an error where none is named.
    pub(super) fn settings(&self) -> Result<JudgeSettings, EvalrunError> {
        if self.judge_model.is_empty() {
            let reason = "name a judge: --judge-model MODEL, with --judge-base-url for one behind \
                          an endpoint";
            return Err(EvalrunError::Usage(reason.to_owned()));
        }
        let models = (0..self.judge_model.len()).map(|idx| self.model(idx));
        Ok(JudgeSettings {
            models: models.collect::<Result<_, _>>()?,
            prompts: match self.judge_prompts {
                PromptsArg::Upstream => PromptSet::Upstream,
                PromptsArg::Language => PromptSet::Language,
            },
            n_samples: self.judge_samples,
            temperature: self.judge_temperature,
            max_tokens: self.judge_max_tokens,
            reminds: self.judge_remind,
            allows_self: self.allow_self_judge,
            token_limit: self.max_judge_tokens,
            concurrency: self.judge_concurrency.map(|n| n as usize),
            max_attempts: self.judge_retries.saturating_add(1),
        })
    }

    /// How requests reach a judge's endpoint.
    fn traffic(&self) -> TrafficSettings {
        let default = TrafficSettings::default();
        let concurrency = self
            .judge_concurrency
            .map_or(default.concurrency, |n| Concurrency { start: n as usize, most: n as usize });
        TrafficSettings {
            concurrency,
            timeout: Duration::from_secs(self.judge_timeout),
            patience: Duration::from_secs(self.judge_patience),
            ..default
        }
    }

    fn model(&self, idx: usize) -> Result<ModelChoice, EvalrunError> {
        let model = &self.judge_model[idx];
        let base_url =
            of_judge(&self.judge_base_url, idx, self.judge_model.len(), "--judge-base-url")?;
        let Some(base_url) = base_url else { return ModelChoice::embedded(Some(model)) };
        if !base_url.starts_with("http://") && !base_url.starts_with("https://") {
            return Err(EvalrunError::Usage(format!(
                "--judge-base-url `{base_url}` is not an address such as http://localhost:8000/v1"
            )));
        }
        let keys = &self.judge_api_key_env;
        let key = match of_judge(keys, idx, self.judge_model.len(), "--judge-api-key-env")? {
            None => env_vars::secret(env_vars::DEFAULT_API_KEY),
            Some(name) => Some(env_vars::secret(name).ok_or_else(|| {
                EvalrunError::Usage(format!("the environment variable {name} is not set"))
            })?),
        };
        let endpoint = Endpoint {
            base_url: base_url.clone(),
            model: model.clone(),
            api: Api::Chat,
            api_key: key.map(ApiKey::new),
        };
        let remote = RemoteChoice { traffic: self.traffic(), ..RemoteChoice::default() };
        Ok(ModelChoice::Remote { endpoint, remote: Box::new(remote) })
    }
}

/// The value for one of several judges: none, one for all, or one for each.
fn of_judge<'a>(
    values: &'a [String],
    idx: usize,
    n_judges: usize,
    option: &str,
) -> Result<Option<&'a String>, EvalrunError> {
    match values.len() {
        0 => Ok(None),
        1 => Ok(values.first()),
        n if n == n_judges => Ok(values.get(idx)),
        n => Err(EvalrunError::Usage(format!(
            "{option} is given {n} times for {n_judges} judges: give one for all, or one for each"
        ))),
    }
}
