//! `evalrun pairwise`: a judge compares the answers of two runs, each pair in both orders.

use results::report::{self, Format};
use results::{JudgeMode, JudgmentWriter, Opponent, RunFile};
use sha2::{Digest, Sha256};

use super::args::PairwiseArgs;
use super::judge::{ask_all, check_kind, conclude, embedded, resources, runtime};
use super::stored_judges::Asked;
use super::{Context, print, run_file};
use crate::error::EvalrunError;
use crate::exit_code::ExitCode;
use crate::judging::{self, Bench};

/// Compares two runs; the judgments are stored in the first one's file.
pub(super) fn pairwise(args: &PairwiseArgs, context: &Context) -> Result<ExitCode, EvalrunError> {
    let find = |name| run_file::find(name, &args.out);
    let (path, other_path) = (find(&args.run), find(&args.against));
    let (run, other) = (RunFile::open(&path)?, RunFile::open(&other_path)?);
    let plans = [run.plan(), other.plan()];
    plans.iter().try_for_each(|plan| check_kind(plan))?;
    let opponent = Opponent {
        id: identity(&other)?,
        model: other.plan().model.model.clone(),
        run_file: other_path.display().to_string(),
        n_samples: run.plan().n_samples.min(other.plan().n_samples),
    };
    if identity(&run)? == opponent.id {
        return Err(EvalrunError::Usage("a run is not compared with itself".to_owned()));
    }
    let runtime = runtime()?;
    let bench = (args.judges.settings()?, JudgeMode::Pairs);
    let bench = Bench::open(bench, embedded(), resources(context), &runtime)?;
    let mut writer = JudgmentWriter::open(&path)?;
    let mut work = Vec::new();
    for judge in bench.judges(&plans, resources(context))? {
        let n_samples = bench.settings.n_samples;
        let judge_id = writer.register(&judge.config, n_samples)?;
        let calls = judging::pairs(&judge, (judge_id, n_samples), &run, (&opponent.id, &other))?;
        work.push((judge, calls));
    }
    writer.register_opponent(&opponent)?;
    drop(writer);
    let seed = run.plan().run_seed;
    let end = ask_all(&path, work, (&bench, seed), (&runtime, context))?;
    runtime.shutdown_background();
    let summary = RunFile::open(&path)?.summary()?;
    let format = if args.json { Format::Json } else { Format::Table };
    print::result(&report::render(std::slice::from_ref(&summary), format))?;
    let asked = Asked::comparisons(&bench, &opponent.run_file);
    conclude(end, std::slice::from_ref(&summary), (Some(asked), context))
}

/// Digits that stand for a run wherever its file lies.
fn identity(run: &RunFile) -> Result<String, EvalrunError> {
    let plan = serde_json::to_string(run.plan()).expect("a plan is plain data");
    let digest = tasks::hex(&Sha256::digest(format!("{}\n{plan}", run.created_at()?)));
    Ok(digest[..16].to_owned())
}
