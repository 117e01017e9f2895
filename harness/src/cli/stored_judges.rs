//! The judges that a run file knows: what they still owe, and how one of them is forgotten.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use results::rating::Coverage;
use results::{JudgeMode, JudgmentResult, JudgmentWriter, RunFile, StoredJudge, Summary};

use super::Context;
use crate::error::EvalrunError;
use crate::judging::Bench;

/// What a command asked judges for. Only that decides how the command ends.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    bench: &'a Bench,
    /// The file of the run that this one was compared with.
    against: Option<&'a str>,
}

impl<'a> Asked<'a> {
    /// Ratings by these judges.
    pub(super) fn ratings(bench: &'a Bench) -> Self {
        Self { bench, against: None }
    }

    /// Comparisons by these judges with the run in this file.
    pub(super) fn comparisons(bench: &'a Bench, against: &'a str) -> Self {
        Self { bench, against: Some(against) }
    }

    /// Whether it asked `judge`, and for all that it owes.
    fn includes(&self, judge: &StoredJudge, against: Option<&str>) -> bool {
        let n_samples = self.bench.settings.n_samples;
        self.against == against
            && judge.n_samples <= n_samples
            && self.bench.has_judge(&judge.config)
    }
}

/// Tells which judgments are missing, and whether any is that this command `asked` for. What others owe
/// is theirs: it is told of, with the commands that see to it.
pub(super) fn tell_missing(
    summaries: &[Summary],
    asked: Option<Asked<'_>>,
    context: &Context,
) -> Result<bool, EvalrunError> {
    let mut is_any_missing = false;
    for summary in summaries.iter().filter(|summary| !summary.ratings.is_empty()) {
        let path = Path::new(&summary.run_file);
        for (name, judge) in named(&RunFile::open(path)?)? {
            for (against, coverage) in debts(summary, judge.judge_id) {
                let n_missing = coverage.failed + coverage.pending;
                let is_asked = asked.is_some_and(|asked| asked.includes(&judge, against));
                let advice = if is_asked {
                    again(summary)
                } else {
                    others_advice(&name, (&judge, against), path)
                };
                context.display.note(&format!(
                    "{}: {n_missing} of {} judgments by {name} are missing and not scored: {advice}",
                    summary.task, coverage.planned
                ));
                if is_asked {
                    is_any_missing = true;
                    tell_failure(path, judge.judge_id, context)?;
                }
            }
        }
    }
    Ok(is_any_missing)
}

fn again(summary: &Summary) -> String {
    let mut advice = "run the same command again".to_owned();
    let n_unanswered = summary.counts.failed + summary.counts.pending;
    if n_unanswered > 0 {
        let n_planned = summary.counts.planned;
        let _ =
            write!(advice, " when all answers are there ({n_unanswered} of {n_planned} are not)");
    }
    advice
}

/// What a judge owes: ratings, or comparisons with the run in a file.
fn debts(summary: &Summary, judge_id: i64) -> Vec<(Option<&str>, Coverage)> {
    let ratings = summary.ratings.judges.iter().filter(|judge| judge.judge_id == judge_id);
    let pairs = summary.ratings.pairs.iter().filter(|pair| pair.judge_id == judge_id);
    let ratings = ratings.map(|judge| (None, judge.coverage));
    let pairs = pairs.map(|pair| (Some(pair.opponent_run_file.as_str()), pair.coverage));
    let owes = |(_, coverage): &(_, Coverage)| coverage.failed + coverage.pending > 0;
    ratings.chain(pairs).filter(owes).collect()
}

fn others_advice(
    name: &str,
    (judge, against): (&StoredJudge, Option<&str>),
    path: &Path,
) -> String {
    let run = path.display();
    let asks = against.map_or_else(
        || format!("evalrun rejudge {run}"),
        |against| format!("evalrun pairwise {run} {against}"),
    );
    format!(
        "this command did not ask it; `{asks} --judge-model {}` with its other options does, \
         `evalrun rejudge {run} --forget '{name}'` removes all its judgments",
        judge.config.model.model
    )
}

fn tell_failure(path: &Path, judge_id: i64, context: &Context) -> Result<(), EvalrunError> {
    let judgments = RunFile::open(path)?.judgments()?;
    let own = judgments.iter().filter(|judgment| judgment.key.judge_id == judge_id);
    let failure = own.into_iter().find_map(|judgment| match &judgment.result {
        JudgmentResult::Failed(failure) => Some(failure),
        JudgmentResult::Read(_) => None,
    });
    if let Some(failure) = failure {
        context.display.note(&format!("  {}, for example: {}", failure.kind, failure.message));
    }
    Ok(())
}

/// Every judge by a name that no other one of the run has: as tables show it, and for comparisons with
/// a word that says so.
fn named(run: &RunFile) -> Result<Vec<(String, StoredJudge)>, EvalrunError> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let name = |judge: StoredJudge| {
        let name = match judge.config.mode {
            JudgeMode::Single => judge.config.name(),
            JudgeMode::Pairs => format!("{}, comparing", judge.config.name()),
        };
        let n = seen.entry(name.clone()).or_default();
        *n += 1;
        (if *n > 1 { format!("{name} #{n}") } else { name }, judge)
    };
    Ok(run.judges()?.into_iter().map(name).collect())
}

/// Removes a judge with its judgments from a run, after saying what that is.
pub(super) fn forget(path: &Path, name: &str, context: &Context) -> Result<(), EvalrunError> {
    let run = RunFile::open(path)?;
    let judges = named(&run)?;
    let Some((_, judge)) = judges.iter().find(|(known, _)| known == name) else {
        let known: Vec<String> = judges.iter().map(|(name, _)| format!("`{name}`")).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(EvalrunError::Usage(format!(
            "--forget: the run has no judge `{name}`; it has: {known}"
        )));
    };
    let judgments = run.judgments()?;
    let own = judgments.iter().filter(|judgment| judgment.key.judge_id == judge.judge_id);
    let (read, failed): (Vec<_>, Vec<_>) =
        own.partition(|judgment| matches!(judgment.result, JudgmentResult::Read(_)));
    let what = format!(
        "the judge `{name}`, {} of its judgments and {} failed ones",
        read.len(),
        failed.len()
    );
    context.display.note(&format!("removing {what} from {}", path.display()));
    drop(run);
    let mut writer = JudgmentWriter::open(path)?;
    writer.forget(judge.judge_id, (&crate::now(), &what))?;
    Ok(writer.finish()?)
}
