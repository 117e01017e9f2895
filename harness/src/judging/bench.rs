//! Judges, opened and ready to be asked.

use std::cell::Cell;
use std::sync::Arc;

use judges::llm::{JudgePrompts, LANGUAGE_PROMPTS, RatedDialogue, References};
use results::{JudgeConfig, JudgeMode, Plan};
use sha2::{Digest, Sha256};
use tasks::{Backend, DialogueTarget, Fingerprint, PromptSet, PromptStyle, Sampling};
use tokio::runtime::Runtime;

use crate::assets::{self, AssetStore};
use crate::backend::embedded::EmbeddedSettings;
use crate::display::Display;
use crate::error::EvalrunError;
use crate::plan::{self, ModelChoice, file_bytes};

/// The judge prompts of MT-Bench.
const UPSTREAM_PROMPTS: &str = "mt-bench-judge-prompts";

/// The reference answers that belong to a file of questions.
const REFERENCES: [(&str, &str); 2] = [
    ("mt-bench-questions", "mt-bench-references"),
    ("ru-mt-bench-questions", "ru-mt-bench-references"),
];

/// How judges are asked.
#[derive(Debug, Clone)]
pub(crate) struct JudgeSettings {
    /// The models.
    pub(crate) models: Vec<ModelChoice>,
    /// The prompts.
    pub(crate) prompts: PromptSet,
    /// Replies to each question.
    pub(crate) n_samples: u32,
    /// 0 as upstream.
    pub(crate) temperature: f64,
    /// Tokens of a reply at most.
    pub(crate) max_tokens: u32,
    /// Whether an unreadable reply is followed by one reminder.
    pub(crate) reminds: bool,
    /// Whether a model may judge itself.
    pub(crate) allows_self: bool,
    /// Tokens of prompts and replies that this command may spend.
    pub(crate) token_limit: Option<u64>,
    /// Requests in flight at most.
    pub(crate) concurrency: Option<usize>,
    /// Attempts per request, the first included.
    pub(crate) max_attempts: u32,
}

/// The judges of a command, before it is known what they judge.
pub(crate) struct Bench {
    pub(crate) settings: JudgeSettings,
    mode: JudgeMode,
    backends: Vec<Arc<dyn Backend>>,
    prompts: Arc<JudgePrompts>,
    prompts_sha256: String,
    /// What is left of the tokens that may be spent, over all runs of the command.
    pub(crate) tokens_left: Cell<Option<u64>>,
}

/// One judge of one run.
pub(crate) struct Judge {
    pub(crate) config: JudgeConfig,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) prompts: Arc<JudgePrompts>,
    references: Arc<References>,
}

impl Judge {
    /// The dialogue with the reference answers that belong to it.
    pub(crate) fn dialogue(&self, target: &DialogueTarget) -> RatedDialogue {
        let references = match target.references.as_slice() {
            [] => self.references.get(&target.question_id).unwrap_or_default(),
            own => own,
        };
        RatedDialogue {
            question_id: target.question_id.clone(),
            category: target.category.clone(),
            turns: target.turns.clone(),
            references: references.to_vec(),
        }
    }
}

impl Bench {
    /// Loads or connects the models and reads the prompts.
    pub(crate) fn open(
        (settings, mode): (JudgeSettings, JudgeMode),
        embedded: EmbeddedSettings,
        resources: (&AssetStore, &Display),
        runtime: &Runtime,
    ) -> Result<Self, EvalrunError> {
        let (prompts, prompts_sha256) = match (settings.prompts, mode) {
            (PromptSet::Language, JudgeMode::Pairs) => {
                let reason = "--judge-prompts language rate one answer at a time; answers are \
                              compared by upstream's prompts only";
                return Err(EvalrunError::Usage(reason.to_owned()));
            }
            (PromptSet::Language, JudgeMode::Single) => {
                (JudgePrompts::language(), sha256(LANGUAGE_PROMPTS))
            }
            (PromptSet::Upstream, _) => {
                let text = asset_text(UPSTREAM_PROMPTS, resources)?;
                let prompts = JudgePrompts::parse(PromptSet::Upstream, UPSTREAM_PROMPTS, &text);
                (prompts.map_err(|err| EvalrunError::Judge(err.to_string()))?, sha256(&text))
            }
        };
        let mut backends: Vec<Arc<dyn Backend>> = Vec::new();
        for model in &settings.models {
            let backend = plan::open(model, embedded, resources, runtime)?;
            let name = &backend.fingerprint().model;
            if backend.capabilities().prompt_style == PromptStyle::Base {
                let reason = format!("the judge {name} continues text and answers no questions");
                return Err(EvalrunError::Usage(reason));
            }
            if backends.iter().any(|other| other.fingerprint() == backend.fingerprint()) {
                let reason = format!("the judge {name} is named twice; --judge-samples asks again");
                return Err(EvalrunError::Usage(reason));
            }
            backends.push(backend);
        }
        let (tokens_left, prompts) = (Cell::new(settings.token_limit), Arc::new(prompts));
        Ok(Self { settings, mode, backends, prompts, prompts_sha256, tokens_left })
    }

    /// The judges of the runs with these plans, which have the same questions.
    pub(crate) fn judges(
        &self,
        plans: &[&Plan],
        resources: (&AssetStore, &Display),
    ) -> Result<Vec<Judge>, EvalrunError> {
        let source = plans.first().and_then(|plan| plan.dataset.source.as_deref());
        let known = REFERENCES.iter().find(|(questions, _)| source == Some(*questions));
        let text = known.map(|(_, name)| asset_text(name, resources)).transpose()?;
        let (name, lines) = (known.map_or("", |(_, name)| name), text.as_deref().unwrap_or(""));
        let references =
            References::parse(name, lines).map_err(|err| EvalrunError::Judge(err.to_string()))?;
        let references = Arc::new(references);
        let judge = |backend: &Arc<dyn Backend>| {
            let model = backend.fingerprint();
            let is_self = plans.iter().any(|plan| is_same_model(model, &plan.model));
            if is_self && !self.settings.allows_self {
                return Err(EvalrunError::Usage(format!(
                    "{} would judge its own answers, and models prefer their own; name another \
                     judge, or say --allow-self-judge, which is recorded",
                    model.model
                )));
            }
            let config = JudgeConfig {
                mode: self.mode,
                model: model.clone(),
                prompts: self.settings.prompts,
                prompts_sha256: self.prompts_sha256.clone(),
                references_sha256: text.as_deref().map(sha256),
                sampling: self.sampling(),
                reminds: self.settings.reminds,
                is_self,
            };
            let (prompts, references) = (Arc::clone(&self.prompts), Arc::clone(&references));
            Ok(Judge { config, backend: Arc::clone(backend), prompts, references })
        };
        self.backends.iter().map(judge).collect()
    }

    /// Whether a judge of a run is one of these, asked in the same way.
    pub(crate) fn has_judge(&self, config: &JudgeConfig) -> bool {
        let is_same_model = |backend: &Arc<dyn Backend>| *backend.fingerprint() == config.model;
        config.mode == self.mode
            && config.prompts_sha256 == self.prompts_sha256
            && config.sampling == self.sampling()
            && config.reminds == self.settings.reminds
            && self.backends.iter().any(is_same_model)
    }

    fn sampling(&self) -> Sampling {
        Sampling {
            temperature: self.settings.temperature,
            top_p: None,
            top_k: None,
            min_p: None,
            repetition_penalty: None,
            presence_penalty: None,
            frequency_penalty: None,
            max_tokens: self.settings.max_tokens,
            stop: Vec::new(),
        }
    }
}

/// Whether two models are one: by their weights where those are known, else by name, wherever they are
/// served.
fn is_same_model(judge: &Fingerprint, judged: &Fingerprint) -> bool {
    match (&judge.weights_sha256, &judged.weights_sha256) {
        (Some(one), Some(other)) => one == other,
        _ => judge.model.eq_ignore_ascii_case(&judged.model),
    }
}

fn asset_text(
    name: &str,
    (store, display): (&AssetStore, &Display),
) -> Result<String, EvalrunError> {
    let located = store.fetch(assets::find(name)?, display)?;
    let bytes = file_bytes(located.path())?;
    String::from_utf8(bytes).map_err(|_| EvalrunError::Judge(format!("{name} is not UTF-8")))
}

fn sha256(text: &str) -> String {
    tasks::hex(&Sha256::digest(text))
}
