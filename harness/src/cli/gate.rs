//! `evalrun gate` and `evalrun gate init`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use results::compare::Side;
use results::gate::{GateFormat, GateReport, GateResult, Policy, evaluate, init, render};

use super::compare::{on_difference, sides};
use super::print;
use crate::env_vars;
use crate::error::EvalrunError;
use crate::exit_code::ExitCode;

/// Arguments of `gate`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct GateArgs {
    #[command(subcommand)]
    command: Option<GateCommand>,
    /// What the candidate is compared with: a run file, its name without folder and ending, or a
    /// baseline.
    #[arg(required = true, value_name = "BASE")]
    first_base: Option<PathBuf>,
    /// The candidate, likewise.
    #[arg(required = true, value_name = "CANDIDATE")]
    first_candidate: Option<PathBuf>,
    /// Another base, of another task; may be repeated.
    #[arg(long = "base", value_name = "BASE")]
    more_bases: Vec<PathBuf>,
    /// Another candidate, of another task; may be repeated.
    #[arg(long = "candidate", value_name = "CANDIDATE")]
    more_candidates: Vec<PathBuf>,
    /// The policy.
    #[arg(long, value_name = "FILE", default_value = "gate.toml")]
    policy: PathBuf,
    /// The layout on standard output.
    #[arg(long, value_enum, default_value_t = GateFormatArg::Table)]
    format: GateFormatArg,
    /// Print JSON.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write the report to a file as well; may be repeated: `junit=gate.xml`, `md=gate.md`.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output)]
    write: Vec<(GateFormatArg, PathBuf)>,
    /// In GitHub Actions: annotate the run on standard output, and add the report to the step's summary
    /// where the environment names its file.
    #[arg(long)]
    github: bool,
    /// Compare runs that differ in data, prompt, extraction, grading or judges.
    #[arg(long)]
    allow_different: bool,
    /// The folder in which names are looked up.
    #[arg(long, value_name = "FOLDER", default_value = "results")]
    out: PathBuf,
}

/// What else `gate` does.
#[derive(Debug, Subcommand)]
enum GateCommand {
    /// Print a commented policy with a rule for each run.
    Init {
        /// Run files, their names, or baselines.
        #[arg(required = true, value_name = "RUN")]
        runs: Vec<PathBuf>,
        /// The folder in which names are looked up.
        #[arg(long, value_name = "FOLDER", default_value = "results")]
        out: PathBuf,
    },
}

/// Layouts of a gate's report.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum GateFormatArg {
    /// A table for a terminal.
    Table,
    /// Markdown, for a comment on a pull request.
    Md,
    /// JSON for machines.
    Json,
    /// `JUnit` XML.
    Junit,
}

impl GateFormatArg {
    fn format(self) -> GateFormat {
        match self {
            Self::Table => GateFormat::Table,
            Self::Md => GateFormat::Markdown,
            Self::Json => GateFormat::Json,
            Self::Junit => GateFormat::Junit,
        }
    }
}

fn output(text: &str) -> Result<(GateFormatArg, PathBuf), String> {
    let (format, file) =
        text.split_once('=').ok_or("a format and a file, such as junit=gate.xml")?;
    let format = GateFormatArg::from_str(format, false)
        .map_err(|_| format!("`{format}` is none of table, md, json, junit"))?;
    Ok((format, PathBuf::from(file)))
}

/// Applies a policy to runs; the exit code is the result.
pub(super) fn gate(args: &GateArgs) -> Result<ExitCode, EvalrunError> {
    if let Some(GateCommand::Init { runs, out }) = &args.command {
        print::result(&init(&all_sides(runs, out)?))?;
        return Ok(ExitCode::Ok);
    }
    let text = fs::read_to_string(&args.policy).map_err(|err| unreadable(args, &err))?;
    let policy = Policy::parse(&args.policy.display().to_string(), &text)?;
    let base = all_sides(args.first_base.iter().chain(&args.more_bases), &args.out)?;
    let candidate = all_sides(args.first_candidate.iter().chain(&args.more_candidates), &args.out)?;
    let report = evaluate(&policy, &base, &candidate, on_difference(args.allow_different))?;
    for (format, path) in &args.write {
        let text = render(&report, format.format());
        fs::write(path, text)
            .map_err(|err| EvalrunError::Output { path: path.clone(), reason: err.to_string() })?;
    }
    let format = if args.json { GateFormat::Json } else { args.format.format() };
    print::result(&render(&report, format))?;
    if args.github {
        github(&report)?;
    }
    Ok(match report.result {
        GateResult::Pass => ExitCode::Ok,
        GateResult::Regression => ExitCode::Regression,
        GateResult::Inconclusive => ExitCode::Inconclusive,
    })
}

fn unreadable(args: &GateArgs, err: &std::io::Error) -> EvalrunError {
    let reason = match (err.kind(), &args.first_base) {
        (std::io::ErrorKind::NotFound, Some(base)) => {
            let (base, policy) = (base.display(), args.policy.display());
            format!("there is no such policy; `evalrun gate init {base} > {policy}` writes one")
        }
        _ => err.to_string(),
    };
    EvalrunError::Input { path: args.policy.clone(), reason }
}

fn all_sides<'a>(
    names: impl IntoIterator<Item = &'a PathBuf>,
    folder: &Path,
) -> Result<Vec<Side>, EvalrunError> {
    let mut all = Vec::new();
    for name in names {
        all.extend(sides(name, folder)?);
    }
    Ok(all)
}

/// Annotations go to standard error: GitHub reads them there as well, and standard output holds the
/// report and nothing else. The summary is a file it names.
fn github(report: &GateReport) -> Result<(), EvalrunError> {
    print::beside(&render(report, GateFormat::Annotations));
    let Some(path) = env_vars::github_step_summary() else { return Ok(()) };
    let append = || {
        let mut file = fs::File::options().append(true).create(true).open(&path)?;
        file.write_all(render(report, GateFormat::Markdown).as_bytes())
    };
    append().map_err(|err| EvalrunError::Output { path: path.clone(), reason: err.to_string() })
}
