//! Resolution: arguments become everything a run needs, checked before the first request.

mod calls;
mod grader;
mod items;
mod model;

use std::sync::Arc;

use results::{DatasetPlan, Plan, Texts};
use sha2::{Digest, Sha256};
use tasks::choice::{PromptFormat, ShuffleProtocol, draw_orders};
use tasks::{
    Backend, ExtractorKind, Item, ItemId, JudgeKind, MathJudge, Prompt, PromptStyle, Sampling,
    Split, Target, Task, Temperatures, TextPolicy,
};

use crate::display::Display;
use crate::error::EvalrunError;

pub(crate) use calls::{CallsMode, CallsOverrides, ReplyFormat};
pub(crate) use grader::Graders;
pub(crate) use items::{ItemChoice, file_bytes, unpacked};
pub(crate) use model::{MODELS, ModelChoice, RemoteChoice, open};

/// What the user may change of a task.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) split: Option<String>,
    pub(crate) items: ItemChoice,
    pub(crate) n_samples: Option<u32>,
    pub(crate) seed: u64,
    pub(crate) system: Option<String>,
    pub(crate) temperature: Option<f64>,
    pub(crate) top_p: Option<f64>,
    pub(crate) top_k: Option<u32>,
    pub(crate) min_p: Option<f64>,
    pub(crate) repetition_penalty: Option<f64>,
    pub(crate) presence_penalty: Option<f64>,
    pub(crate) frequency_penalty: Option<f64>,
    pub(crate) max_tokens: Option<u32>,
    pub(crate) reasoning_tokens: Option<u32>,
    pub(crate) stop: Option<Vec<String>>,
    pub(crate) extractor: Option<ExtractorKind>,
    pub(crate) math_judge: Option<MathJudge>,
    pub(crate) choices: ChoiceOverrides,
    pub(crate) calls: CallsOverrides,
}

/// What the user may change of a task with options.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ChoiceOverrides {
    pub(crate) shuffle: Option<ShuffleProtocol>,
    pub(crate) prompt_format: Option<PromptFormat>,
    /// Whether texts that their authors ask to withhold stay readable in the run file.
    pub(crate) keeps_texts: bool,
}

/// A run ready to start.
pub(crate) struct RunPlan {
    /// The task, with the user's changes.
    pub(crate) task: Arc<Task>,
    /// The selected items.
    pub(crate) items: Vec<Arc<Item>>,
    /// The run's identity, as the run file keeps it.
    pub(crate) plan: Plan,
}

/// Finds the task's items, applies the user's changes, and checks what can be checked.
pub(crate) fn resolve(
    mut task: Task,
    overrides: &Overrides,
    backend: &dyn Backend,
    graders: &Graders<'_>,
) -> Result<RunPlan, EvalrunError> {
    let (store, display) = graders.resources();
    adjust(&mut task, overrides, backend)?;
    let split = task.split(overrides.split.as_deref().unwrap_or("test"))?;
    if split == Split::Demo {
        // These items are self-written.
        task.texts = TextPolicy::Public;
    }
    let calls = calls::plan(&task, &overrides.calls, backend, display)?;
    let mut data = match task.judge {
        JudgeKind::Calls(category) => calls::load(category, graders.bfcl())?,
        _ => items::load(&task, split, (store, display))?,
    };
    let all: Vec<ItemId> = data.items.iter().map(|item| item.id.clone()).collect();
    let n_samples = overrides.n_samples.unwrap_or(task.defaults.n_samples);
    if let Some(protocol) = task.shuffle {
        if data.n_items_source < data.n_items_full && protocol != ShuffleProtocol::PerItem {
            display.note(&format!(
                "{}: options are in an order of this partial source, not in that of the whole data set; --shuffle per-item depends on no other item",
                task.name
            ));
        }
        draw_orders(&mut data.items, protocol, overrides.seed, (&task.name, n_samples));
    }
    let mut items = overrides.items.select(&task.name, data.items)?;
    if let (JudgeKind::Calls(category), Some(plan)) = (task.judge, &calls) {
        items = graders.bfcl().asked(&items, &all, calls::asking(category, plan))?;
    }
    for item in &items {
        task.prompt.render(&item.displayed(0))?;
    }
    let plan = Plan {
        task: task.name.clone(),
        task_version: task.version,
        title: task.title.clone(),
        language: task.language,
        definition_sha256: task.definition_sha256.clone(),
        dataset: DatasetPlan {
            split,
            source: data.source,
            sha256: data.sha256,
            n_items_full: data.n_items_full,
            n_items_source: data.n_items_source,
            n_items: items.len(),
            items_sha256: items_sha256(&items),
        },
        system: task.prompt.system.clone(),
        episode: task.episode,
        extractor: task.extractor,
        judge: task.judge,
        math_judge: math_judge(&task, overrides)?,
        judge_version: judges::JUDGE_VERSION,
        metrics: task.metrics.clone(),
        breakdown: task.breakdown.clone(),
        shuffle: task.shuffle,
        prompt_format: overrides.choices.prompt_format,
        calls,
        texts: overrides.choices.texts(&task),
        sampling: sampling(&task, overrides),
        temperatures: task.defaults.temperatures.clone(),
        reasoning_tokens: overrides.reasoning_tokens,
        sampling_source: task.defaults.source.clone(),
        n_samples,
        run_seed: overrides.seed,
        model: backend.fingerprint().clone(),
    };
    tell_limits(&plan, backend, display);
    Ok(RunPlan { task: Arc::new(task), items, plan })
}

/// Makes the user's changes of how items are asked and answers found.
fn adjust(
    task: &mut Task,
    overrides: &Overrides,
    backend: &dyn Backend,
) -> Result<(), EvalrunError> {
    if backend.capabilities().prompt_style == PromptStyle::Base {
        ask_as_base_model(task);
    }
    if let Some(extractor) = overrides.extractor {
        task.extractor = extractor_of(task, extractor)?;
    }
    overrides.choices.apply(task)?;
    if let Some(system) = &overrides.system {
        task.prompt.system = (!system.is_empty()).then(|| system.clone());
    }
    if overrides.temperature.is_some() {
        task.defaults.temperatures = Temperatures::default();
    }
    Ok(())
}

/// Says what of the plan the backend cannot do.
fn tell_limits(plan: &Plan, backend: &dyn Backend, display: &Display) {
    let not_sent = backend.not_sent(&plan.sampling);
    if !not_sent.is_empty() {
        display.note(&format!(
            "{}: not sent, because the server does not take it: {} (the plan says so)",
            plan.task,
            not_sent.join(", ")
        ));
    }
    if let Some(context_tokens) = backend.capabilities().context_tokens
        && plan.sampling.max_tokens > context_tokens
    {
        display.note(&format!(
            "{}: the model's context holds {context_tokens} tokens, fewer than max_tokens {}; longer answers end as truncated",
            plan.task, plan.sampling.max_tokens
        ));
    }
}

impl ChoiceOverrides {
    /// Changes `task`, or says why it has nothing to change.
    fn apply(self, task: &mut Task) -> Result<(), EvalrunError> {
        let refuse = |flag: &str, what: &str| {
            Err(EvalrunError::Usage(format!("--{flag}: `{}` {what}", task.name)))
        };
        let is_changed = |flag: &'static str, is_set: bool| is_set.then_some(flag);
        let flags = is_changed("shuffle", self.shuffle.is_some())
            .or(is_changed("prompt-format", self.prompt_format.is_some()));
        if let (Some(flag), None) = (flags, task.shuffle) {
            return refuse(flag, "has no options to choose from");
        }
        if self.keeps_texts && task.texts == TextPolicy::Public {
            return refuse("keep-text", "has public texts, which are always kept");
        }
        task.shuffle = self.shuffle.or(task.shuffle);
        if let Some(format) = self.prompt_format {
            task.prompt = Prompt { system: task.prompt.system.take(), ..format.prompt() };
        }
        Ok(())
    }

    /// How the run file keeps the texts of `task`.
    fn texts(self, task: &Task) -> Texts {
        match (task.texts, self.keeps_texts) {
            (TextPolicy::Public, _) => Texts::Public,
            (TextPolicy::Withheld, true) => Texts::Kept,
            (TextPolicy::Withheld, false) => Texts::Sealed,
        }
    }
}

/// Puts the base model's prompt, stop texts and extractor in the place of the chat model's.
fn ask_as_base_model(task: &mut Task) {
    if let Some(base) = task.base_prompt.take() {
        task.prompt = base.prompt;
        task.extractor = base.extractor;
        task.defaults.sampling.stop = base.stop;
    }
}

/// Who decides on equivalence, where the task's answers are compared as mathematics.
fn math_judge(task: &Task, overrides: &Overrides) -> Result<Option<MathJudge>, EvalrunError> {
    if task.judge == JudgeKind::ShortAnswer {
        return Ok(Some(overrides.math_judge.unwrap_or_default()));
    }
    match overrides.math_judge {
        None => Ok(None),
        Some(_) => Err(EvalrunError::Usage(format!(
            "--math-judge: `{}` compares no mathematical answers",
            task.name
        ))),
    }
}

/// The extractor asked for, in the form that suits how the model is asked.
fn extractor_of(task: &Task, wanted: ExtractorKind) -> Result<ExtractorKind, EvalrunError> {
    let refuse = |reason: String| Err(EvalrunError::Usage(format!("--extractor {reason}")));
    match (task.judge, wanted) {
        (JudgeKind::Program { .. }, ExtractorKind::Program | ExtractorKind::Evalplus)
        | (JudgeKind::Choice, ExtractorKind::Choice(_)) => (),
        (_, ExtractorKind::Choice(rule)) => {
            let name = rule.name().replace('_', "-");
            return refuse(format!("{name} finds choices, and `{}` grades none", task.name));
        }
        _ => return refuse(format!("finds programs, and `{}` grades none", task.name)),
    }
    match (task.extractor, wanted) {
        (ExtractorKind::Completion, ExtractorKind::Evalplus) => {
            Ok(ExtractorKind::EvalplusCompletion)
        }
        (ExtractorKind::Completion, _) => refuse(
            "program looks for fenced blocks, and a base model only continues its prompt: leave it \
             out, or take evalplus"
                .to_owned(),
        ),
        _ => Ok(wanted),
    }
}

fn sampling(task: &Task, overrides: &Overrides) -> Sampling {
    let defaults = &task.defaults.sampling;
    Sampling {
        temperature: overrides.temperature.unwrap_or(defaults.temperature),
        top_p: overrides.top_p.or(defaults.top_p),
        top_k: overrides.top_k.or(defaults.top_k),
        min_p: overrides.min_p.or(defaults.min_p),
        repetition_penalty: overrides.repetition_penalty.or(defaults.repetition_penalty),
        presence_penalty: overrides.presence_penalty.or(defaults.presence_penalty),
        frequency_penalty: overrides.frequency_penalty.or(defaults.frequency_penalty),
        max_tokens: overrides
            .max_tokens
            .unwrap_or(defaults.max_tokens)
            .saturating_add(overrides.reasoning_tokens.unwrap_or(0)),
        stop: overrides.stop.clone().unwrap_or_else(|| defaults.stop.clone()),
    }
}

fn items_sha256(items: &[Arc<Item>]) -> String {
    let mut hasher = Sha256::new();
    for item in items {
        // Orders of options follow from the protocol and the number of samples.
        let target = match &item.target {
            Target::Choice(target) => serde_json::to_value(&target.question),
            target => serde_json::to_value(target),
        };
        let target = target.expect("a target is plain data");
        let line = serde_json::to_vec(&(&item.id, &item.fields, target));
        hasher.update(line.expect("items are plain data"));
        hasher.update(b"\n");
    }
    tasks::hex(&hasher.finalize())
}
