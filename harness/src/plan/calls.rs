//! How the entries of BFCL are asked: the user's choice, or what suits the backend.

use results::CallsPlan;
use tasks::calls::{CallsStyle, Category};
use tasks::{Backend, JudgeKind, PromptStyle, Task, ToolSupport};

use super::items::Data;
use crate::calls::{Asking, Bfcl, WorldChoice, has_formats};
use crate::display::Display;
use crate::error::EvalrunError;

/// What the user may change of how functions are called.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallsOverrides {
    pub(crate) mode: Option<CallsMode>,
    pub(crate) format: Option<ReplyFormat>,
    /// Whether calls stand between `<TOOLCALL>` and `</TOOLCALL>`.
    pub(crate) has_tag: bool,
    /// What functions may want of the world outside.
    pub(crate) world: WorldChoice,
}

impl CallsOverrides {
    /// The first flag that is given and that none of these categories has a use for.
    pub(crate) fn idle(&self, categories: &[Category]) -> Option<&'static str> {
        let is_any = |wanted: &[Category]| categories.iter().any(|known| wanted.contains(known));
        let searches = is_any(&[Category::WebSearchBase, Category::WebSearchNoSnippet]);
        let (calls, embeds) = (!categories.is_empty(), is_any(&[Category::MemoryVector]));
        let flags = [
            ("--calls", self.mode.is_some(), calls),
            ("--calls-format", self.format.is_some(), calls),
            ("--tool-tag", self.has_tag, calls),
            ("--search-base-url", self.world.search.is_some(), searches),
            ("--embedding-base-url", self.world.embedding.is_some(), embeds),
        ];
        flags
            .into_iter()
            .find(|(_, is_given, is_used)| *is_given && !is_used)
            .map(|(flag, ..)| flag)
    }
}

/// Ways to call functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallsMode {
    Prompting,
    Native,
    Hermes,
}

/// Formats of calls in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplyFormat {
    Python,
    Json,
    VerboseXml,
    ConciseXml,
}

impl ReplyFormat {
    fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Json => "json",
            Self::VerboseXml => "verbose_xml",
            Self::ConciseXml => "concise_xml",
        }
    }
}

/// How functions are called in a task of BFCL; `None` for every other task.
pub(super) fn plan(
    task: &Task,
    overrides: &CallsOverrides,
    backend: &dyn Backend,
    display: &Display,
) -> Result<Option<CallsPlan>, EvalrunError> {
    let refuse = |reason: String| Err(EvalrunError::Usage(reason));
    let JudgeKind::Calls(category) = task.judge else { return Ok(None) };
    if let Some(reason) = overrides.world.lacks(category) {
        return refuse(format!("{}: {reason}", task.name));
    }
    if task.prompt.system.is_some() {
        return refuse(format!("--system: `{}` has its own system messages", task.name));
    }
    let style = style(overrides.mode, backend)?;
    let wants_format = overrides.format.is_some() || overrides.has_tag;
    if style != CallsStyle::Prompting && wants_format {
        let style = style.name();
        return refuse(format!(
            "--calls-format and --tool-tag are for --calls prompting, and this run has {style}"
        ));
    }
    if style != CallsStyle::Prompting && category == Category::FormatSensitivity {
        return refuse(format!("{}: formats are those of --calls prompting", task.name));
    }
    if wants_format && !has_formats(category) {
        display.note(&format!("{}: asked for in its own format, the only one it has", task.name));
        return Ok(Some(calls_plan(category, style, None, &overrides.world)));
    }
    let config = wants_format.then(|| config(overrides));
    Ok(Some(calls_plan(category, style, config, &overrides.world)))
}

/// The plan of a category, with what of the world its functions use.
fn calls_plan(
    category: Category,
    style: CallsStyle,
    config: Option<String>,
    world: &WorldChoice,
) -> CallsPlan {
    let plan = CallsPlan { style, config, search: None, embedding: None };
    match category {
        Category::WebSearchBase | Category::WebSearchNoSnippet => {
            let search = world.search.as_ref().map(|search| search.api.name().to_owned());
            CallsPlan { search, ..plan }
        }
        Category::MemoryVector => {
            let embedding = world.embedding.as_ref().map(|embedding| embedding.model.clone());
            CallsPlan { embedding, ..plan }
        }
        _ => plan,
    }
}

/// The choice that was made, or the best that the backend can do.
fn style(mode: Option<CallsMode>, backend: &dyn Backend) -> Result<CallsStyle, EvalrunError> {
    let capabilities = backend.capabilities();
    let tools = match capabilities.prompt_style {
        PromptStyle::Chat => capabilities.tools,
        PromptStyle::Base => ToolSupport::None,
    };
    Ok(match (mode, tools) {
        (Some(CallsMode::Native) | None, ToolSupport::Native) => CallsStyle::Native,
        (Some(CallsMode::Native), _) => {
            let reason = "--calls fc needs an endpoint that takes `tools`; this model answers with \
                          text: take hermes or prompting";
            return Err(EvalrunError::Usage(reason.to_owned()));
        }
        (Some(CallsMode::Hermes) | None, ToolSupport::Template) => CallsStyle::HermesTemplate,
        (Some(CallsMode::Hermes), _) => CallsStyle::Hermes,
        (Some(CallsMode::Prompting), _) | (None, ToolSupport::None) => CallsStyle::Prompting,
    })
}

/// A configuration as upstream's ids of format sensitivity spell it, with its default for the rest
/// (`DEFAULT_SYSTEM_PROMPT_FORMAT`).
fn config(overrides: &CallsOverrides) -> String {
    let format = overrides.format.unwrap_or(ReplyFormat::Python).name();
    let tag = if overrides.has_tag { "True" } else { "False" };
    format!(
        "ret_fmt={format}&tool_call_tag={tag}&func_doc_fmt=json&prompt_fmt=plaintext&style=classic"
    )
}

/// How the items of a plan are asked.
pub(super) fn asking(category: Category, plan: &CallsPlan) -> Asking<'_> {
    Asking { category, style: plan.style, config: plan.config.as_deref() }
}

/// The items of a category by name.
pub(super) fn load(category: Category, bfcl: &Bfcl<'_>) -> Result<Data, EvalrunError> {
    let items = bfcl.items(category)?;
    let n_items = items.len();
    Ok(Data {
        items,
        source: Some("bfcl".to_owned()),
        sha256: Some(bfcl.data()?.sha256()),
        n_items_full: n_items,
        n_items_source: n_items,
    })
}
