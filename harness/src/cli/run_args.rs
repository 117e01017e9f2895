//! Arguments of a run.

use std::path::PathBuf;

use clap::Args;
use tasks::choice::{ChoiceExtractor, PromptFormat, ShuffleProtocol};
use tasks::{ExtractorKind, MathJudge};

use super::calls_args::CallsArgs;
use super::endpoint_args::{DialectArgs, LimitArgs, TrafficArgs, remote_choice};
use super::judge_args::JudgeArgs;
use crate::backend::embedded::{Dtype, EmbeddedSettings};
use crate::backend::remote::{Api, ApiKey, Endpoint};
use crate::env_vars;
use crate::error::EvalrunError;
use crate::plan::{ChoiceOverrides, ItemChoice, ModelChoice, Overrides};

/// Arguments of `evalrun run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Tasks, separated by commas: built-in names (see `evalrun tasks`) or paths of task files.
    #[arg(long, value_name = "TASK", value_delimiter = ',')]
    pub(super) task: Vec<String>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    sampling: SamplingArgs,
    #[command(flatten)]
    choices: ChoiceArgs,
    #[command(flatten)]
    calls: CallsArgs,
    #[command(flatten)]
    embedded: EmbeddedArgs,
    #[command(flatten)]
    pub(super) dialect: DialectArgs,
    #[command(flatten)]
    pub(super) traffic: TrafficArgs,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    #[command(flatten)]
    pub(super) running: RunningArgs,
    #[command(flatten)]
    pub(super) judges: JudgeArgs,
    /// Print the results as JSON.
    #[arg(long, help_heading = "Output")]
    pub(super) json: bool,
    /// Print the resolved plan as JSON and stop.
    #[arg(long, help_heading = "Output")]
    pub(super) plan: bool,
    /// Write a log of every request to this file.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) log: Option<PathBuf>,
    /// Write an OpenTelemetry span for every request, by the conventions for generative AI: to a file of
    /// OTLP JSON lines, or to a collector such as `http://localhost:4318/v1/traces`.
    #[arg(long, value_name = "FILE|URL", help_heading = "Output")]
    pub(super) spans: Option<String>,
    /// No progress, only warnings and errors.
    #[arg(long, help_heading = "Output")]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Model")]
struct ModelArgs {
    /// A known model, a GGUF file, a folder with `config.json` and safetensors files, `hf:org/name[@revision]`,
    /// or with --base-url the model's name at the server.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// An OpenAI-compatible endpoint, up to and including `/v1`; given several times, servers of the
    /// same model that share the work.
    #[arg(long, value_name = "URL")]
    base_url: Vec<String>,
    /// The endpoint's path: `completions` for base models.
    #[arg(long, value_enum, default_value_t = Api::Chat, requires = "base_url")]
    api: Api,
    /// The environment variable that holds the API key [default: `OPENAI_API_KEY`, if it is set].
    #[arg(long, value_name = "NAME", requires = "base_url", conflicts_with = "api_key_file")]
    api_key_env: Option<String>,
    /// The file that holds the API key.
    #[arg(long, value_name = "FILE", requires = "base_url")]
    api_key_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Items")]
struct SelectionArgs {
    /// The split: `test`, or `demo` for self-written items that need no data.
    #[arg(long, value_name = "SPLIT")]
    split: Option<String>,
    /// At most this many items, from the beginning.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true)]
    limit: Option<u32>,
    /// Items by name, position (from 0) or range (`0..5`), separated by commas.
    #[arg(long, value_name = "ITEMS", value_delimiter = ',')]
    items: Vec<String>,
    /// Samples per item.
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000), allow_negative_numbers = true)]
    samples: Option<u32>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Sampling (defaults come from the task file, with their source)")]
struct SamplingArgs {
    /// 0 is greedy.
    #[arg(long, value_name = "T", value_parser = temperature, allow_negative_numbers = true)]
    temperature: Option<f64>,
    /// Keep the smallest set of tokens with this probability.
    #[arg(long, value_name = "P", value_parser = share, allow_negative_numbers = true)]
    top_p: Option<f64>,
    /// Keep this many most probable tokens; 0 keeps all.
    #[arg(long, value_name = "K", allow_negative_numbers = true)]
    top_k: Option<u32>,
    /// Keep tokens at least this fraction as probable as the most probable one.
    #[arg(long, value_name = "P", value_parser = share, allow_negative_numbers = true)]
    min_p: Option<f64>,
    /// Divides the logits of tokens that came already, in the prompt or since; 1 is none.
    #[arg(long, value_name = "R", value_parser = repetition, allow_negative_numbers = true)]
    repetition_penalty: Option<f64>,
    /// Taken from the logits of tokens generated already.
    #[arg(long, value_name = "A", value_parser = penalty, allow_negative_numbers = true)]
    presence_penalty: Option<f64>,
    /// Taken from a token's logit for each time it was generated.
    #[arg(long, value_name = "A", value_parser = penalty, allow_negative_numbers = true)]
    frequency_penalty: Option<f64>,
    /// The most tokens of one completion, reasoning included.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true)]
    max_tokens: Option<u32>,
    /// Tokens for reasoning on top of --max-tokens, which then limits the visible answer: what
    /// benchmarks made for models without reasoning need.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    reasoning_tokens: Option<u32>,
    /// A text that ends the completion; may be given several times.
    #[arg(long, value_name = "TEXT")]
    stop: Option<Vec<String>>,
    /// The system message; an empty one removes the task's.
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// How programs or choices are found in replies, instead of the task's way.
    #[arg(long, value_enum, value_name = "EXTRACTOR")]
    extractor: Option<ExtractorArg>,
    /// Who decides whether mathematical answers are equivalent.
    #[arg(long, value_enum, value_name = "JUDGE")]
    math_judge: Option<MathJudgeArg>,
    /// The seed that every sample's seed derives from.
    #[arg(long, value_name = "SEED", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64), allow_negative_numbers = true)]
    seed: u64,
}

/// Extractors that can take the place of a task's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ExtractorArg {
    /// The last complete fenced block that defines the entry point, else as `evalplus`.
    Program,
    /// As `sanitize` of `EvalPlus` 0.3.1.
    Evalplus,
    /// The final choice, however it is spelt: the default for tasks with options.
    Choice,
    /// The first `Answer: $LETTER`, as simple-evals.
    SimpleEvals,
    /// The last `ANSWER: $LETTER`, as Inspect.
    Inspect,
    /// The last box, else the last `Answer: $LETTER`, as NeMo-Skills.
    Nemo,
    /// The first letter in parentheses after "answer", as the authors of GPQA.
    GpqaRepo,
    /// The last letter in parentheses, as lm-evaluation-harness's flexible filter.
    LmEvalFlexible,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Tasks with options, such as gpqa_diamond")]
struct ChoiceArgs {
    /// Who decides the order of options [default: the task's].
    #[arg(long, value_enum, value_name = "PROTOCOL")]
    shuffle: Option<ShuffleArg>,
    /// The published wording of the question, in the place of the task's.
    #[arg(long, value_enum, value_name = "FORMAT")]
    prompt_format: Option<PromptFormatArg>,
    /// Keep texts readable in the run file although the authors of the data ask to withhold them;
    /// without it they are sealed.
    #[arg(long)]
    keep_text: bool,
}

/// Orders of options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ShuffleArg {
    /// Another order in every sample, as simple-evals draws them.
    SimpleEvals,
    /// One order for all samples of a question, as `inspect_evals` draws it.
    Inspect,
    /// One order for all samples of a question, from the run seed and the question's name.
    PerItem,
}

/// Published wordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum PromptFormatArg {
    /// simple-evals.
    SimpleEvals,
    /// Inspect.
    Inspect,
}

impl ChoiceArgs {
    fn overrides(&self) -> ChoiceOverrides {
        ChoiceOverrides {
            shuffle: self.shuffle.map(|arg| match arg {
                ShuffleArg::SimpleEvals => ShuffleProtocol::SimpleEvals,
                ShuffleArg::Inspect => ShuffleProtocol::Inspect,
                ShuffleArg::PerItem => ShuffleProtocol::PerItem,
            }),
            prompt_format: self.prompt_format.map(|arg| match arg {
                PromptFormatArg::SimpleEvals => PromptFormat::SimpleEvals,
                PromptFormatArg::Inspect => PromptFormat::Inspect,
            }),
            keeps_texts: self.keep_text,
        }
    }
}

/// Judges of mathematical equivalence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum MathJudgeArg {
    /// The native check where it is sure, Math-Verify for the rest: the default.
    NativeFirst,
    /// The native check alone; what it is not sure of counts as different.
    Native,
    /// Math-Verify alone.
    Reference,
    /// Both for every answer; Math-Verify decides, and disagreements are listed.
    Both,
}

impl From<MathJudgeArg> for MathJudge {
    fn from(arg: MathJudgeArg) -> Self {
        match arg {
            MathJudgeArg::NativeFirst => Self::NativeFirst,
            MathJudgeArg::Native => Self::Native,
            MathJudgeArg::Reference => Self::Reference,
            MathJudgeArg::Both => Self::Both,
        }
    }
}

impl From<ExtractorArg> for ExtractorKind {
    fn from(arg: ExtractorArg) -> Self {
        match arg {
            ExtractorArg::Program => Self::Program,
            ExtractorArg::Evalplus => Self::Evalplus,
            ExtractorArg::Choice => Self::Choice(ChoiceExtractor::Choice),
            ExtractorArg::SimpleEvals => Self::Choice(ChoiceExtractor::SimpleEvals),
            ExtractorArg::Inspect => Self::Choice(ChoiceExtractor::Inspect),
            ExtractorArg::Nemo => Self::Choice(ChoiceExtractor::Nemo),
            ExtractorArg::GpqaRepo => Self::Choice(ChoiceExtractor::GpqaRepo),
            ExtractorArg::LmEvalFlexible => Self::Choice(ChoiceExtractor::LmEvalFlexible),
        }
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Embedded model (only --dtype can change a sample)")]
struct EmbeddedArgs {
    /// Threads of the decoder [default: all processors].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024), conflicts_with = "base_url")]
    threads: Option<u32>,
    /// Sequences decoded together at most.
    #[arg(long, value_name = "N", default_value_t = 32, conflicts_with = "base_url", value_parser = clap::value_parser!(u32).range(1..=4096))]
    batch: u32,
    /// Megabytes for keys and values at most; fewer sequences are decoded together where they need more.
    #[arg(long, value_name = "MB", default_value_t = 4096, conflicts_with = "base_url", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    memory: u64,
    /// The form of the weights in memory; another one than the file's changes samples.
    #[arg(long, value_enum, default_value_t = DtypeArg::Stored, conflicts_with = "base_url")]
    dtype: DtypeArg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum DtypeArg {
    /// As the file has them; quantised weights stay quantised.
    Stored,
    F32,
    F16,
    Bf16,
}

impl From<DtypeArg> for Dtype {
    fn from(arg: DtypeArg) -> Self {
        match arg {
            DtypeArg::Stored => Self::Stored,
            DtypeArg::F32 => Self::F32,
            DtypeArg::F16 => Self::F16,
            DtypeArg::Bf16 => Self::Bf16,
        }
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Running (cannot change a sample)")]
pub(super) struct RunningArgs {
    /// Requests in flight at most [default: --batch for the embedded model; each server starts with 16
    /// and gets more while it keeps up].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(super) concurrency: Option<u32>,
    /// Programs of models run at the same time [default: all processors].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(super) workers: Option<u32>,
    /// Times a failed request is tried again; being told to wait by a server that answers others does
    /// not count.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(super) retries: u32,
    /// The folder for run files.
    #[arg(long, value_name = "FOLDER", default_value = "results")]
    pub(super) out: PathBuf,
    /// Continue this run file; its plan must be the one this command describes.
    #[arg(long, value_name = "RUN", conflicts_with = "fresh")]
    pub(super) resume: Option<PathBuf>,
    /// Start a new run even if an unfinished one with the same plan exists.
    #[arg(long)]
    pub(super) fresh: bool,
}

impl RunArgs {
    /// The model these arguments name.
    pub(super) fn model(&self) -> Result<ModelChoice, EvalrunError> {
        let args = &self.model;
        let Some(base_url) = args.base_url.first() else {
            return ModelChoice::embedded(args.model.as_deref());
        };
        let is_http = |url: &&String| url.starts_with("http://") || url.starts_with("https://");
        if let Some(base_url) = args.base_url.iter().find(|url| !is_http(url)) {
            return Err(EvalrunError::Usage(format!(
                "--base-url `{base_url}` is not an address such as http://localhost:8000/v1"
            )));
        }
        let endpoint = Endpoint {
            base_url: base_url.clone(),
            model: args.model.clone().unwrap_or_default(),
            api: args.api,
            api_key: args.api_key()?,
        };
        let (concurrency, servers) = (self.running.concurrency, (&*args.base_url, args.api));
        let remote = remote_choice(&self.dialect, &self.traffic, servers, concurrency)?;
        Ok(ModelChoice::Remote { endpoint, remote: Box::new(remote) })
    }

    /// How the embedded model may use the machine.
    pub(super) fn embedded(&self) -> EmbeddedSettings {
        let args = &self.embedded;
        EmbeddedSettings {
            n_threads: args.threads.map(|n| n as usize),
            batch: args.batch as usize,
            kv_bytes: args.memory * 1_000_000,
            dtype: args.dtype.into(),
        }
    }

    /// What these arguments change of a task.
    pub(super) fn overrides(&self) -> Result<Overrides, EvalrunError> {
        let (selection, sampling) = (&self.selection, &self.sampling);
        Ok(Overrides {
            split: selection.split.clone(),
            items: ItemChoice {
                limit: selection.limit.map(|limit| limit as usize),
                names: selection.items.clone(),
            },
            n_samples: selection.samples,
            seed: sampling.seed,
            system: sampling.system.clone(),
            temperature: sampling.temperature,
            top_p: sampling.top_p,
            top_k: sampling.top_k,
            min_p: sampling.min_p,
            repetition_penalty: sampling.repetition_penalty,
            presence_penalty: sampling.presence_penalty,
            frequency_penalty: sampling.frequency_penalty,
            max_tokens: sampling.max_tokens,
            reasoning_tokens: sampling.reasoning_tokens,
            stop: sampling.stop.clone(),
            extractor: sampling.extractor.map(ExtractorKind::from),
            math_judge: sampling.math_judge.map(MathJudge::from),
            choices: self.choices.overrides(),
            calls: self.calls.overrides()?,
        })
    }
}

impl ModelArgs {
    /// The API key: from the named variable, from the file, or from the default variable if it is set.
    fn api_key(&self) -> Result<Option<ApiKey>, EvalrunError> {
        if let Some(name) = &self.api_key_env {
            let key = env_vars::secret(name);
            let key = key.ok_or_else(|| {
                EvalrunError::Usage(format!("the environment variable {name} is not set"))
            })?;
            return Ok(Some(ApiKey::new(key)));
        }
        if let Some(path) = &self.api_key_file {
            let text = std::fs::read_to_string(path).map_err(|err| EvalrunError::Input {
                path: path.clone(),
                reason: err.to_string(),
            })?;
            if text.trim().is_empty() {
                return Err(EvalrunError::Usage(format!(
                    "the key file {} is empty",
                    path.display()
                )));
            }
            return Ok(Some(ApiKey::new(text.trim().to_owned())));
        }
        Ok(env_vars::secret(env_vars::DEFAULT_API_KEY).map(ApiKey::new))
    }
}

pub(super) fn temperature(text: &str) -> Result<f64, String> {
    number(text)
        .filter(|value| (0.0..=100.0).contains(value))
        .ok_or_else(|| "a number from 0 to 100".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    number(text)
        .filter(|value| (0.0..=1.0).contains(value))
        .ok_or_else(|| "a number from 0 to 1".to_owned())
}

fn repetition(text: &str) -> Result<f64, String> {
    number(text)
        .filter(|value| *value > 0.0 && *value <= 10.0)
        .ok_or_else(|| "a number above 0, at most 10".to_owned())
}

fn penalty(text: &str) -> Result<f64, String> {
    number(text)
        .filter(|value| (-10.0..=10.0).contains(value))
        .ok_or_else(|| "a number from -10 to 10".to_owned())
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}
