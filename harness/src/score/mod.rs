//! `evalrun score`: grades responses that were made elsewhere, in the benchmark's own file format.

mod calls;
pub(crate) mod fastchat;
mod file;
pub(crate) mod instructions;
mod programs;

use std::path::Path;

use comfy_table::Table;
use judges::calls::check::Naming;
use judges::calls::decode::Mode;
use serde_json::Value;
use tasks::{CodeBenchmark, CodeTests, ExtractorKind};

use crate::assets::AssetStore;
use crate::display::Display;
use crate::error::EvalrunError;

/// Benchmarks whose response files can be graded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ScoreTask {
    /// `IFEval`: rows of `prompt` and `response`.
    Ifeval,
    /// ruIFEval: rows of `prompt` and `response`.
    Ruifeval,
    /// `HumanEval`: rows of `task_id` and `solution` or `completion`.
    #[value(name = "humaneval")]
    HumanEval,
    /// `HumanEval+`: the same.
    #[value(name = "humaneval_plus")]
    HumanEvalPlus,
    /// MBPP: the same.
    Mbpp,
    /// `MBPP+`: the same.
    #[value(name = "mbpp_plus")]
    MbppPlus,
    /// MT-Bench: FastChat's rows of `question_id`, `model_id` and `choices`.
    #[value(name = "mt_bench")]
    MtBench,
    /// ruMT-Bench: the same.
    #[value(name = "ru_mt_bench")]
    RuMtBench,
    /// BFCL v4: upstream's result files, one or a folder of them.
    Bfcl,
}

impl ScoreTask {
    /// The task, where its answers are rated by judges instead of being graded.
    pub(crate) fn dialogues(self) -> Option<&'static str> {
        match self {
            Self::MtBench => Some("mt_bench"),
            Self::RuMtBench => Some("ru_mt_bench"),
            _ => None,
        }
    }
}

/// How a file is graded.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ScoreSettings<'s> {
    /// Programs run at the same time; all processors by default.
    pub(crate) n_workers: Option<usize>,
    /// How programs are found in what the file calls solutions; by default they are programs.
    pub(crate) extractor: Option<ExtractorKind>,
    /// How models were asked to call functions; by default as the replies look.
    pub(crate) calls_mode: Option<Mode>,
    /// How functions were named; by default as they are.
    pub(crate) calls_naming: Option<Naming>,
    /// Where upstream's tables of function calls are written.
    pub(crate) tables: Option<&'s Path>,
}

impl ScoreSettings<'_> {
    /// For benchmarks without programs, on which none of this has an effect.
    fn refuse(self) -> Result<(), EvalrunError> {
        let option = match (self.n_workers, self.extractor) {
            (None, None) => return Ok(()),
            (Some(_), _) => "--workers",
            (None, Some(_)) => "--extractor",
        };
        let reason = "is for programs, and responses to instructions are none";
        Err(EvalrunError::Usage(format!("{option} {reason}")))
    }

    /// For programs, of which choices are none.
    fn refuse_choices(self) -> Result<(), EvalrunError> {
        match self.extractor {
            None | Some(ExtractorKind::Program | ExtractorKind::Evalplus) => Ok(()),
            Some(_) => {
                let reason = "--extractor: programs are found by `program` or `evalplus`";
                Err(EvalrunError::Usage(reason.to_owned()))
            }
        }
    }

    /// For benchmarks without function calls.
    fn refuse_calls(self) -> Result<(), EvalrunError> {
        let option = match (self.calls_mode, self.calls_naming, self.tables) {
            (None, None, None) => return Ok(()),
            (Some(_), _, _) => "--mode",
            (None, Some(_), _) => "--underscores",
            (None, None, Some(_)) => "--tables",
        };
        Err(EvalrunError::Usage(format!("{option} is for function calls")))
    }
}

/// What grading a file gave.
pub(crate) struct Scored {
    /// One line for each row of the file, in its order.
    pub(crate) lines: Vec<Value>,
    /// The figures for people.
    pub(crate) table: Table,
    /// The figures for machines.
    pub(crate) summary: Value,
    /// Rows that got no verdict through no fault of theirs.
    pub(crate) n_failed: usize,
}

/// Refuses what cannot be graded in this way, before anything is fetched or graded.
pub(crate) fn check(
    task: ScoreTask,
    samples: &Path,
    settings: ScoreSettings<'_>,
) -> Result<(), EvalrunError> {
    let is_readable = std::fs::File::open(samples);
    is_readable.map_err(|err| EvalrunError::Input {
        path: samples.to_owned(),
        reason: format!("cannot read the samples: {err}"),
    })?;
    match task {
        ScoreTask::Ifeval | ScoreTask::Ruifeval => settings.refuse()?,
        ScoreTask::Bfcl if settings.extractor.is_some() => {
            return Err(EvalrunError::Usage("--extractor is for programs".to_owned()));
        }
        _ => settings.refuse_choices()?,
    }
    if task == ScoreTask::Bfcl { Ok(()) } else { settings.refuse_calls() }
}

/// Grades the response file at `samples`.
pub(crate) fn score(
    task: ScoreTask,
    samples: &Path,
    settings: ScoreSettings<'_>,
    resources: (&AssetStore, &Display),
) -> Result<Scored, EvalrunError> {
    let programs =
        |benchmark, tests| programs::score((benchmark, tests), samples, settings, resources);
    match task {
        ScoreTask::MtBench | ScoreTask::RuMtBench => {
            Err(EvalrunError::Usage("dialogues have no right answers to grade".to_owned()))
        }
        ScoreTask::Bfcl => calls::score(samples, settings, resources),
        ScoreTask::HumanEval => programs(CodeBenchmark::Humaneval, CodeTests::Base),
        ScoreTask::HumanEvalPlus => programs(CodeBenchmark::Humaneval, CodeTests::BaseAndPlus),
        ScoreTask::Mbpp => programs(CodeBenchmark::Mbpp, CodeTests::Base),
        ScoreTask::MbppPlus => programs(CodeBenchmark::Mbpp, CodeTests::BaseAndPlus),
        ScoreTask::Ifeval => {
            instructions::score(judges::instructions::Language::English, samples, resources)
        }
        ScoreTask::Ruifeval => {
            instructions::score(judges::instructions::Language::Russian, samples, resources)
        }
    }
}
