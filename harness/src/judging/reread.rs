//! Stored replies are read again, without asking anyone.

use std::collections::BTreeMap;

use judges::llm::{Wanted, read};
use results::{JudgeMode, JudgmentKey, JudgmentResult, JudgmentWriter, RunFile};
use tasks::Reading;

use crate::error::EvalrunError;

/// What a judge is wanted to say, and what a reply says.
pub(super) fn wanted(config: &results::JudgeConfig) -> Wanted {
    match config.mode {
        JudgeMode::Single => Wanted::Rating(config.prompts),
        JudgeMode::Pairs => Wanted::Winner,
    }
}

/// Replaces readings that this build reads otherwise, and counts them.
pub(crate) fn reread(path: &std::path::Path) -> Result<usize, EvalrunError> {
    let changed = changed(&RunFile::open(path)?)?;
    let mut writer = JudgmentWriter::open(path)?;
    writer.reread(&changed)?;
    writer.finish()?;
    Ok(changed.len())
}

/// How many readings this build would change.
pub(crate) fn n_changed(run: &RunFile) -> Result<usize, EvalrunError> {
    Ok(changed(run)?.len())
}

fn changed(run: &RunFile) -> Result<Vec<(JudgmentKey, Reading)>, EvalrunError> {
    let judges: BTreeMap<i64, Wanted> =
        run.judges()?.into_iter().map(|judge| (judge.judge_id, wanted(&judge.config))).collect();
    let reading = |judgment: results::StoredJudgment| {
        let JudgmentResult::Read(stored) = judgment.result else { return None };
        let now = read(*judges.get(&judgment.key.judge_id)?, &stored.reply);
        (now != stored.reading).then_some((judgment.key, now))
    };
    Ok(run.judgments()?.into_iter().filter_map(reading).collect())
}
