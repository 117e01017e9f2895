//! Commands and their arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use results::export::HubDataset;

use super::compare::CompareArgs;
use super::gate::GateArgs;
use super::judge_args::JudgeArgs;
use super::run_args::{ExtractorArg, RunArgs};
use crate::score::ScoreTask;

/// Measures language models: prompts, samples, verdicts, and tables that can be trusted.
#[derive(Debug, Parser)]
#[command(name = "evalrun", bin_name = "evalrun", version, args_conflicts_with_subcommands = true)]
#[command(after_help = "`evalrun --task NAME` is short for `evalrun run --task NAME`.\n\
Exit codes: 0 ok; 1 gate: regression; 2 gate: cannot tell; 64 wrong command line; 65 wrong task, prompt or content of a file; 66 asset or \
input file not to be had; 69 model or endpoint unusable; 74 run file not readable or output not writable; 75 samples or judgments missing; \
76 replay differs; 130 interrupted.")]
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
    /// Compare two runs item by item.
    Compare(Box<CompareArgs>),
    /// Decide by a policy whether a candidate is worse than a base.
    Gate(Box<GateArgs>),
    /// Re-derive every number of a run from its stored completions.
    Replay(ReplayArgs),
    /// Let language models rate the stored answers of a run of dialogues.
    Rejudge(Box<RejudgeArgs>),
    /// Let language models compare the answers of two runs of dialogues.
    Pairwise(Box<PairwiseArgs>),
    /// Grade responses made elsewhere, in the benchmark's own file format.
    Score(Box<ScoreArgs>),
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
    /// Where to write the report instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Arrange the runs as models × tasks (table, md, latex, csv, json, html; a page of several runs has
    /// a leaderboard anyway).
    #[arg(long)]
    pub(super) leaderboard: bool,
    /// The most samples of each run in an HTML page [default: 2000].
    #[arg(long, value_name = "N")]
    pub(super) samples: Option<u32>,
    /// Show texts of tasks whose authors ask that they not be shared.
    #[arg(long, conflicts_with = "no_text")]
    pub(super) keep_text: bool,
    /// Leave out all prompts, replies and answers; formats of figures have none.
    #[arg(long)]
    pub(super) no_text: bool,
    /// The runs' data set on the Hugging Face Hub, for hf-eval-results over one task.
    #[arg(long, value_name = "OWNER/NAME[:TASK]", value_parser = HubDataset::parse)]
    pub(super) hf_dataset: Option<HubDataset>,
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

/// Arguments of `rejudge`.
#[derive(Debug, Args)]
pub(crate) struct RejudgeArgs {
    /// The run file, or its name without folder and ending.
    #[arg(value_name = "RUN")]
    pub(super) run: PathBuf,
    /// Read stored replies again with this version's rules; asks nobody.
    #[arg(long)]
    pub(super) reread: bool,
    /// Remove this judge with all its judgments from the run: one that was mistyped, or that is gone for
    /// good. The name is the one in tables.
    #[arg(long, value_name = "JUDGE", conflicts_with_all = ["reread", "judge_model"])]
    pub(super) forget: Option<String>,
    #[command(flatten)]
    pub(super) judges: JudgeArgs,
    /// Print the results as JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// The folder in which a name is looked up.
    #[arg(long, value_name = "FOLDER", default_value = "results")]
    pub(super) out: PathBuf,
}

/// Arguments of `pairwise`.
#[derive(Debug, Args)]
pub(crate) struct PairwiseArgs {
    /// The run whose wins are counted, and whose file keeps the judgments.
    #[arg(value_name = "RUN")]
    pub(super) run: PathBuf,
    /// The run that it is compared with.
    #[arg(value_name = "AGAINST")]
    pub(super) against: PathBuf,
    #[command(flatten)]
    pub(super) judges: JudgeArgs,
    /// Print the results as JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// The folder in which names are looked up.
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
    pub(super) mode: Option<super::calls_args::CallsModeArg>,
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
    /// Judgments of the answers in FastChat's file format, for MT-Bench and ruMT-Bench.
    #[arg(long, value_name = "FILE")]
    pub(super) judgments: Option<PathBuf>,
    #[command(flatten)]
    pub(super) judges: JudgeArgs,
    /// The folder for the run file that answers of MT-Bench and ruMT-Bench become [default: results].
    #[arg(long, value_name = "FOLDER")]
    pub(super) runs: Option<PathBuf>,
    /// Where to write one JSON line for each row, in the order of the file.
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Print the figures as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Layouts of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// A table for a terminal.
    Table,
    /// A Markdown table.
    Md,
    /// A page with charts and a browser of samples, in one file.
    Html,
    /// Comma-separated values, one line per run and figure.
    Csv,
    /// The figures as JSON.
    Json,
    /// Samples with their texts, one JSON object a line.
    Jsonl,
    /// A LaTeX table.
    Latex,
    /// `JUnit` XML: a run is a suite, a sample a case.
    Junit,
    /// Samples with their texts as a Parquet file, in builds with that feature.
    Parquet,
    /// What comparisons need, without any text: a small file to commit.
    Baseline,
    /// BFCL's tables of scores, for runs of its categories: six files in the folder that --output names,
    /// or the overall one alone.
    Bfcl,
    /// `EvalPlus`'s result file, for one run of HumanEval or MBPP.
    Evalplus,
    /// FastChat's file of answers, for one run of MT-Bench or ruMT-Bench.
    FastchatAnswers,
    /// FastChat's file of judgments, likewise.
    FastchatJudgments,
    /// The log of Inspect, for one run; its tools look for names like `2026-01-01T00-00-00_task_id.json`.
    Inspect,
    /// The results file of lm-evaluation-harness, for runs of one model.
    LmEval,
    /// Every Eval Ever 0.3.0, for one run.
    EveryEvalEver,
    /// `.eval_results` YAML of a Hugging Face model repository.
    HfEvalResults,
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
