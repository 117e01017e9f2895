//! `evalrun compare`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use results::compare::{
    Comparison, ComparisonFormat, OnDifference, Options, Side, compare as compare_sides, render,
};
use results::metric::ItemMetric;
use results::read_sides;

use super::{print, run_file};
use crate::error::EvalrunError;
use crate::exit_code::ExitCode;

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The first run: a run file, its name without folder and ending, or a baseline.
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The second run, of the same task.
    #[arg(value_name = "B")]
    b: PathBuf,
    /// Two more runs, of another task; may be repeated. Means over all tasks are printed, too.
    #[arg(long, num_args = 2, value_names = ["A", "B"])]
    pair: Vec<PathBuf>,
    /// The figure: `pass_at_1`, `pass_at_1_completed`, `pass_at_K`, `cons_at_K`, `cons_at_n`, `rating`,
    /// `completion_tokens` … [default: `pass_at_1`; of dialogues `rating`]
    #[arg(long, value_name = "METRIC")]
    metric: Option<ItemMetric>,
    /// The confidence of intervals.
    #[arg(long, value_name = "SHARE", default_value = "0.95", value_parser = confidence, allow_negative_numbers = true)]
    confidence: f64,
    /// How many changed items are listed.
    #[arg(long, value_name = "N", default_value_t = 20)]
    flips: usize,
    /// List all changed items.
    #[arg(long, conflicts_with = "flips")]
    all: bool,
    /// Compare runs that differ in data, prompt, extraction, grading or judges; the differences are
    /// named.
    #[arg(long)]
    allow_different: bool,
    /// The layout.
    #[arg(long, value_enum, default_value_t = CompareFormatArg::Table)]
    format: CompareFormatArg,
    /// Print JSON.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// The folder in which names are looked up.
    #[arg(long, value_name = "FOLDER", default_value = "results")]
    out: PathBuf,
}

/// Layouts of a comparison.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum CompareFormatArg {
    /// Tables for a terminal.
    Table,
    /// Markdown.
    Md,
    /// JSON for machines.
    Json,
}

fn confidence(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| "a number between 0 and 1, such as 0.95".to_owned())
}

/// Compares runs in pairs and prints what differs.
pub(super) fn compare(args: &CompareArgs) -> Result<ExitCode, EvalrunError> {
    let mut comparisons = compare_files(&args.a, &args.b, args)?;
    for pair in args.pair.chunks_exact(2) {
        comparisons.extend(compare_files(&pair[0], &pair[1], args)?);
    }
    let format = match args.format {
        _ if args.json => ComparisonFormat::Json,
        CompareFormatArg::Table => ComparisonFormat::Table,
        CompareFormatArg::Md => ComparisonFormat::Markdown,
        CompareFormatArg::Json => ComparisonFormat::Json,
    };
    print::result(&render(&comparisons, format))?;
    Ok(ExitCode::Ok)
}

/// What to do about plans that differ.
pub(super) fn on_difference(is_allowed: bool) -> OnDifference {
    if is_allowed { OnDifference::Name } else { OnDifference::Refuse }
}

/// The sides in a file that is named as run files are.
pub(super) fn sides(name: &Path, folder: &Path) -> Result<Vec<Side>, EvalrunError> {
    Ok(read_sides(&run_file::find(name, folder))?)
}

/// Baselines may hold several tasks: each is compared with the other file's run of that task.
fn compare_files(a: &Path, b: &Path, args: &CompareArgs) -> Result<Vec<Comparison>, EvalrunError> {
    let (of_a, of_b) = (sides(a, &args.out)?, sides(b, &args.out)?);
    let options = |a: &Side| Options {
        metric: args.metric.unwrap_or_else(|| a.default_metric()),
        confidence: args.confidence,
        n_flips: if args.all { usize::MAX } else { args.flips },
        on_difference: on_difference(args.allow_different),
    };
    if let ([a], [b]) = (of_a.as_slice(), of_b.as_slice()) {
        return Ok(vec![compare_sides(a, b, options(a))?]);
    }
    let mut comparisons = Vec::new();
    for a in &of_a {
        if let Some(b) = of_b.iter().find(|b| b.plan.task == a.plan.task) {
            comparisons.push(compare_sides(a, b, options(a))?);
        }
    }
    if comparisons.is_empty() {
        let (a, b) = (a.display(), b.display());
        return Err(EvalrunError::Usage(format!("{a} and {b} have no task in common")));
    }
    Ok(comparisons)
}
