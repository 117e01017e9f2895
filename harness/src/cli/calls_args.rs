//! Arguments of tasks in which functions are called.

use clap::{Args, ValueEnum};

use crate::plan::{CallsMode, CallsOverrides, ReplyFormat};

/// How functions are called.
#[derive(Debug, Args)]
#[command(next_help_heading = "Tasks with functions, such as bfcl:simple_python")]
pub(crate) struct CallsArgs {
    /// How the model is told of functions, and calls them [default: fc at an endpoint, hermes where the
    /// embedded model's chat template knows functions, else prompting].
    #[arg(long, value_enum, value_name = "MODE")]
    calls: Option<CallsModeArg>,
    /// The format of calls in text, with --calls prompting [default: python].
    #[arg(long, value_enum, value_name = "FORMAT")]
    calls_format: Option<ReplyFormatArg>,
    /// Ask for `<TOOLCALL>` around calls in text, with --calls prompting.
    #[arg(long)]
    tool_tag: bool,
}

/// Ways to ask for function calls.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum CallsModeArg {
    /// As text, in the format of BFCL's system prompt.
    Prompting,
    /// By the endpoint's own tools.
    Fc,
    /// As `<tool_call>` blocks.
    Hermes,
}

/// Formats of calls in text.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ReplyFormatArg {
    /// `[f(a=1)]`.
    Python,
    /// `[{"function": "f", "parameters": {"a": 1}}]`.
    Json,
    /// `<functions><function name="f"><params><param name="a" value="1" type="integer"/>…`.
    VerboseXml,
    /// `<functions><function name="f"><param name="a" type="integer">1</param>…`.
    ConciseXml,
}

impl CallsArgs {
    pub(super) fn overrides(&self) -> CallsOverrides {
        CallsOverrides {
            mode: self.calls.map(|arg| match arg {
                CallsModeArg::Prompting => CallsMode::Prompting,
                CallsModeArg::Fc => CallsMode::Native,
                CallsModeArg::Hermes => CallsMode::Hermes,
            }),
            format: self.calls_format.map(|arg| match arg {
                ReplyFormatArg::Python => ReplyFormat::Python,
                ReplyFormatArg::Json => ReplyFormat::Json,
                ReplyFormatArg::VerboseXml => ReplyFormat::VerboseXml,
                ReplyFormatArg::ConciseXml => ReplyFormat::ConciseXml,
            }),
            has_tag: self.tool_tag,
        }
    }
}
