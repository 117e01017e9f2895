//! Commands and their arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::run_args::{ExtractorArg, RunArgs};
use crate::score::ScoreTask;

/// Measures language models: prompts, samples, verdicts, and tables that can be trusted.
#[derive(Debug, Parser)]
#[command(name = "evalrun", bin_name = "evalrun", version, args_conflicts_with_subcommands = true)]
#[command(after_help = "`evalrun --task NAME` is short for `evalrun run --task NAME`.\n\
Exit codes: 0 ok; 64 wrong command line; 65 wrong task or data; 66 asset not to be had; 69 model or endpoint \
unusable; 74 run file not writable or readable; 75 some samples failed; 76 replay differs; 130 interrupted.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

impl Cli {
    /// Whether the user asked for quiet.
    pub(super) fn is_quiet(&self) -> bool {
        match &self.command {
            None => self.run.quiet,
            Some(Command::Run(run)) => run.quiet,
            Some(_) => false,
        }
    }
}

/// What evalrun can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run tasks on a model.
    Run(Box<RunArgs>),
    /// List the tasks.
    Tasks(ListArgs),
    /// List the models that can be named.
    Models(ListArgs),
    /// List the run files of a folder.
    Runs(RunsArgs),
    /// Report one or more runs.
    Report(ReportArgs),
    /// Re-derive every number of a run from its stored completions.
    Replay(ReplayArgs),
    /// Grade responses made elsewhere, in the benchmark's own file format.
    Score(ScoreArgs),
    /// List, fetch, verify, export and import data files and models.
    Assets {
        #[command(subcommand)]
        command: AssetsCommand,
    },
}

/// Arguments of a listing.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `runs`.
#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    /// The folder of run files.
    #[arg(long, value_name = "FOLDER", default_value = "results")]
    pub(super) out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Run files, or their names without folder and ending.
    #[arg(required = true, value_name = "RUN")]
    pub(super) runs: Vec<PathBuf>,
    /// The layout.
    #[arg(long, value_enum, default_value_t = FormatArg::Table)]
    pub(super) format: FormatArg,
    /// The folder in which names are looked up.
    #[arg(long, value_name = "FOLDER", default_value = "results")]
    pub(super) out: PathBuf,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The run file, or its name without folder and ending.
    #[arg(value_name = "RUN")]
    pub(super) run: PathBuf,
    /// Print the re-derived numbers as JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// The folder in which a name is looked up.
    #[arg(long, value_name = "FOLDER", default_value = "results")]
    pub(super) out: PathBuf,
}

/// Arguments of `score`.
#[derive(Debug, Args)]
pub(crate) struct ScoreArgs {
    /// The benchmark.
    #[arg(long, value_enum, value_name = "TASK")]
    pub(super) task: ScoreTask,
    /// The responses: a file of JSON lines, for BFCL perhaps a folder of them.
    #[arg(long, value_name = "FILE")]
    pub(super) samples: PathBuf,
    /// How function calls were asked for [default: as the replies look].
    #[arg(long, value_enum, value_name = "MODE")]
    pub(super) mode: Option<CallsModeArg>,
    /// Functions were named with underscores for dots.
    #[arg(long)]
    pub(super) underscores: bool,
    /// Also write BFCL's tables of scores, in upstream's layout, into this folder.
    #[arg(long, value_name = "FOLDER")]
    pub(super) tables: Option<PathBuf>,
    /// Programs run at the same time [default: all processors].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(super) workers: Option<u32>,
    /// Find programs in the rows' solutions first; without it they are programs already.
    #[arg(long, value_enum, value_name = "EXTRACTOR")]
    pub(super) extractor: Option<ExtractorArg>,
    /// Where to write one JSON line for each row, in the order of the file.
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Print the figures as JSON.
    #[arg(long)]
    pub(super) json: bool,
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

/// Layouts of a report.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum FormatArg {
    /// A table for a terminal.
    Table,
    /// JSON for machines.
    Json,
    /// A Markdown table.
    Md,
    /// Comma-separated values.
    Csv,
    /// `EvalPlus`'s result file, for one run of HumanEval or MBPP.
    Evalplus,
}

/// What can be done with assets.
#[derive(Debug, Subcommand)]
pub(crate) enum AssetsCommand {
    /// List every asset with its terms and whether it is here.
    List(ListArgs),
    /// Fetch assets into the store.
    Fetch {
        /// Names of assets; all of them if none is given.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// Check the hashes of everything that is here.
    Verify,
    /// Copy assets into a folder, for a machine without network.
    Export {
        /// The folder.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
        /// Names of assets; everything that is here if none is given.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// Take files into the store; each is recognised by its hash.
    Import {
        /// Files, or folders of files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}
