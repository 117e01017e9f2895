//! Task files: TOML as written, resolved into a [`Task`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::choice::ShuffleProtocol;
use crate::dataset::{self, RowSourceLocation};
use crate::digest::hex;
use crate::episode::EpisodeKind;
use crate::error::nearest;
use crate::item::{Item, ItemId, TargetKind};
use crate::{
    BasePrompt, Dataset, ExtractorKind, JudgeKind, Language, Layout, MetricKind, Prompt, RowSource,
    Sampling, SamplingDefaults, Task, TaskError, Temperatures, TextPolicy,
};

/// Parses the task file `text`. `template` finds a prompt template by its file name, and `folder` is
/// where relative data files lie.
pub(crate) fn parse(
    file: &str,
    text: &str,
    folder: &Path,
    template: impl Fn(&str) -> Result<String, TaskError>,
) -> Result<Task, TaskError> {
    let spec: TaskSpec = toml::from_str(text).map_err(|err| bad_file(file, text, &err))?;
    check(&spec).map_err(|(key, message)| TaskError::BadTaskFile {
        file: file.to_owned(),
        line: text.lines().position(|line| line.trim_start().starts_with(key)).unwrap_or(0) + 1,
        message,
        nearest: None,
    })?;
    let template_text = template(&spec.prompt.template)?;
    let base_prompt = spec.prompt.base.map(|base| base.resolve(&template)).transpose()?;
    let base_template = base_prompt.as_ref().map_or("", |base| base.prompt.template.as_str());
    let definition = format!("{text}\0{template_text}{base_template}");
    let definition_sha256 = hex(&Sha256::digest(definition));
    let bad = |key: &str, message: String| {
        let line =
            text.lines().position(|line| line.trim_start().starts_with(key)).unwrap_or(0) + 1;
        TaskError::BadTaskFile { file: file.to_owned(), line, message, nearest: None }
    };
    let prompt = Prompt {
        system: spec.prompt.system,
        template_name: spec.prompt.template,
        template: template_text,
    };
    let has_options = spec.dataset.target == TargetKind::Choice;
    let shuffle = has_options.then(|| spec.shuffle.unwrap_or_default());
    let demo = spec
        .demo
        .into_iter()
        .map(|demo| demo.resolve(spec.dataset.target))
        .collect::<Result<Vec<_>, String>>()
        .map_err(|message| bad("[[demo]]", message))?;
    Ok(Task {
        name: spec.name,
        version: spec.version,
        title: spec.title,
        language: spec.language,
        dataset: spec
            .dataset
            .resolve(folder)
            .map_err(|message| bad("[[dataset.source]]", message))?,
        demo,
        prompt,
        base_prompt,
        defaults: spec.sampling.resolve(),
        episode: spec.episode,
        extractor: spec.extractor,
        judge: spec.judge,
        metrics: spec.metrics,
        breakdown: spec.breakdown,
        shuffle,
        texts: spec.texts,
        definition_sha256,
    })
}

/// What the schema cannot say: the key that is wrong, and why.
fn check(spec: &TaskSpec) -> Result<(), (&'static str, String)> {
    let sampling = &spec.sampling;
    let shares = [("top_p", sampling.top_p), ("min_p", sampling.min_p)];
    if let Some((key, _)) =
        shares.iter().find(|(_, p)| p.is_some_and(|p| !(0.0..=1.0).contains(&p)))
    {
        return Err((key, format!("{key} is a number from 0 to 1")));
    }
    let temperatures = sampling.category_temperature.values().chain([&sampling.temperature]);
    if temperatures.into_iter().any(|temperature| !(0.0..=100.0).contains(temperature)) {
        return Err(("temperature", "temperature is a number from 0 to 100".to_owned()));
    }
    if sampling.repetition_penalty.is_some_and(|r| r <= 0.0 || r > 10.0) {
        let key = "repetition_penalty";
        return Err((key, format!("{key} is a number above 0, at most 10")));
    }
    if sampling.max_tokens == 0 || sampling.samples == 0 {
        let key = if sampling.samples == 0 { "samples" } else { "max_tokens" };
        return Err((key, format!("{key} is at least 1")));
    }
    let has = |field: &String| spec.dataset.source.iter().all(|s| s.fields.contains_key(field));
    if let Some(field) = spec.breakdown.iter().find(|field| !has(field)) {
        return Err(("breakdown", format!("no field of the rows is called `{field}`")));
    }
    if (spec.episode == EpisodeKind::FixedTurns) != (spec.dataset.target == TargetKind::Dialogue) {
        return Err(("episode", "the episode `fixed_turns` and dialogues go together".to_owned()));
    }
    if (spec.episode == EpisodeKind::Calls) != (spec.dataset.target == TargetKind::Calls) {
        return Err(("episode", "the episode `calls` and entries of BFCL go together".to_owned()));
    }
    if spec.shuffle.is_some() && spec.dataset.target != TargetKind::Choice {
        return Err(("shuffle", "only the options of choices are shuffled".to_owned()));
    }
    if spec.texts == TextPolicy::Withheld && spec.judge != JudgeKind::Choice {
        let reason = "only the judge `choice` keeps withheld texts out of what it explains";
        return Err(("texts", reason.to_owned()));
    }
    match (spec.judge, spec.dataset.target) {
        (JudgeKind::Integer, TargetKind::Integer)
        | (JudgeKind::ShortAnswer, TargetKind::Integer | TargetKind::ShortAnswer)
        | (JudgeKind::Instructions, TargetKind::Instructions)
        | (JudgeKind::Program { .. }, TargetKind::Program)
        | (JudgeKind::Dialogue, TargetKind::Dialogue)
        | (JudgeKind::Calls(_), TargetKind::Calls) => Ok(()),
        (JudgeKind::Choice, TargetKind::Choice) => match spec.extractor {
            ExtractorKind::Choice(_) => Ok(()),
            _ => Err(("extractor", "the judge `choice` needs an extractor of choices".to_owned())),
        },
        (JudgeKind::Integer, _) => {
            Err(("judge", "the judge `integer` needs targets that are integers".to_owned()))
        }
        (JudgeKind::ShortAnswer, _) => {
            Err(("judge", "the judge `short_answer` needs targets that are answers".to_owned()))
        }
        (JudgeKind::Instructions, _) => Err((
            "judge",
            "the judge `instructions` needs targets that are instructions".to_owned(),
        )),
        (JudgeKind::Program { .. }, _) => {
            Err(("judge", "the judge `program` needs targets that are programs".to_owned()))
        }
        (JudgeKind::Dialogue, _) => {
            Err(("judge", "the judge `dialogue` needs targets that are dialogues".to_owned()))
        }
        (JudgeKind::Choice, _) => {
            Err(("judge", "the judge `choice` needs targets that are choices".to_owned()))
        }
        (JudgeKind::Calls(_), _) => {
            Err(("judge", "the judge `calls` needs entries of BFCL".to_owned()))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskSpec {
    name: String,
    version: u32,
    title: String,
    language: Language,
    episode: EpisodeKind,
    extractor: ExtractorKind,
    judge: JudgeKind,
    metrics: Vec<MetricKind>,
    #[serde(default)]
    breakdown: Vec<String>,
    shuffle: Option<ShuffleProtocol>,
    #[serde(default)]
    texts: TextPolicy,
    prompt: PromptSpec,
    sampling: SamplingSpec,
    dataset: DatasetSpec,
    #[serde(default)]
    demo: Vec<DemoSpec>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PromptSpec {
    template: String,
    system: Option<String>,
    base: Option<BasePromptSpec>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BasePromptSpec {
    template: String,
    #[serde(default)]
    stop: Vec<String>,
    extractor: ExtractorKind,
}

impl BasePromptSpec {
    fn resolve(
        self,
        template: impl Fn(&str) -> Result<String, TaskError>,
    ) -> Result<BasePrompt, TaskError> {
        let text = template(&self.template)?;
        let prompt = Prompt { system: None, template_name: self.template, template: text };
        Ok(BasePrompt { prompt, stop: self.stop, extractor: self.extractor })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SamplingSpec {
    temperature: f64,
    #[serde(default)]
    category_temperature: BTreeMap<String, f64>,
    top_p: Option<f64>,
    top_k: Option<u32>,
    min_p: Option<f64>,
    repetition_penalty: Option<f64>,
    presence_penalty: Option<f64>,
    frequency_penalty: Option<f64>,
    max_tokens: u32,
    #[serde(default)]
    stop: Vec<String>,
    samples: u32,
    source: String,
}

impl SamplingSpec {
    fn resolve(self) -> SamplingDefaults {
        SamplingDefaults {
            sampling: Sampling {
                temperature: self.temperature,
                top_p: self.top_p,
                top_k: self.top_k,
                min_p: self.min_p,
                repetition_penalty: self.repetition_penalty,
                presence_penalty: self.presence_penalty,
                frequency_penalty: self.frequency_penalty,
                max_tokens: self.max_tokens,
                stop: self.stop,
            },
            temperatures: Temperatures(self.category_temperature),
            n_samples: self.samples,
            source: self.source,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DatasetSpec {
    n_items: usize,
    target: TargetKind,
    source: Vec<SourceSpec>,
}

impl DatasetSpec {
    fn resolve(self, folder: &Path) -> Result<Dataset, String> {
        let (n_items, target) = (self.n_items, self.target);
        let sources = self
            .source
            .into_iter()
            .map(|source| source.resolve(n_items, target, folder))
            .collect::<Result<Vec<_>, _>>()?;
        if sources.is_empty() {
            return Err("a data set needs at least one source".to_owned());
        }
        if !sources.is_sorted_by_key(|source| source.n_items < n_items) {
            return Err("partial sources must stand after full ones".to_owned());
        }
        Ok(Dataset { n_items, sources })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceSpec {
    asset: Option<String>,
    path: Option<PathBuf>,
    n_items: Option<usize>,
    layout: Layout,
    #[serde(default)]
    keep: BTreeMap<String, String>,
    id: String,
    answer: String,
    fields: BTreeMap<String, String>,
}

impl SourceSpec {
    fn resolve(
        self,
        n_items: usize,
        target_kind: TargetKind,
        folder: &Path,
    ) -> Result<RowSource, String> {
        let location = match (self.asset, self.path) {
            (Some(asset), None) => RowSourceLocation::Asset(asset),
            (None, Some(path)) => RowSourceLocation::File(folder.join(path)),
            _ => return Err("a source names either an `asset` or a `path`".to_owned()),
        };
        Ok(RowSource {
            location,
            n_items: self.n_items.unwrap_or(n_items),
            layout: self.layout,
            keep: self.keep,
            id: self.id,
            target: self.answer,
            target_kind,
            fields: self.fields,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoSpec {
    id: String,
    answer: String,
    fields: BTreeMap<String, String>,
}

impl DemoSpec {
    fn resolve(self, kind: TargetKind) -> Result<Item, String> {
        let target = dataset::target(kind, &self.answer)?;
        Ok(Item { id: ItemId(self.id), fields: self.fields, target })
    }
}

/// Turns the parser's complaint into file, line and the nearest valid key.
fn bad_file(file: &str, text: &str, err: &toml::de::Error) -> TaskError {
    let start = err.span().map_or(0, |span| span.start).min(text.len());
    let line = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
    let message = err.message().to_owned();
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let is_name = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let nearest = match quoted.split_first() {
        Some((wrong, valid)) if is_name => nearest(wrong, valid.iter().copied()),
        _ => None,
    };
    TaskError::BadTaskFile { file: file.to_owned(), line, message, nearest }
}
