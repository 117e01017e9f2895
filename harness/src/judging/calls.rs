//! What judges still have to be asked about a run.

use std::collections::{BTreeMap, BTreeSet};

use judges::llm::{JudgeQuestion, PromptError, visible_answer};
use results::{JudgmentKey, JudgmentResult, Plan, Position, RunFile, Setting};
use tasks::{Completion, DialogueTarget, SampleKey, Target, VisibleAnswer, n_rated_turns};

use super::bench::Judge;
use crate::error::EvalrunError;

/// The backend that stands for answers that were made elsewhere.
pub(crate) const IMPORTED: &str = "imported";

/// One question to a judge.
pub(crate) struct Call {
    pub(crate) key: JudgmentKey,
    pub(crate) question: JudgeQuestion,
}

/// How the answers of a run are seen: without reasoning where they were generated here, and as they
/// are where they were imported, for that is how upstream's scripts would have shown them.
pub(crate) fn answer_reader(plan: &Plan) -> VisibleAnswer {
    if plan.model.backend == IMPORTED {
        |completion: &Completion| completion.text.clone()
    } else {
        visible_answer
    }
}

/// Questions about single answers that have no readable reply yet.
pub(crate) fn singles(
    judge: &Judge,
    (judge_id, n_samples): (i64, u32),
    run: &RunFile,
) -> Result<Vec<Call>, EvalrunError> {
    let done = done(run)?;
    let mut calls = Vec::new();
    for (sample, dialogue) in answers(run)? {
        let rated = judge.dialogue(&dialogue.target);
        for turn in 1..=n_rated_turns(dialogue.target.turns.len()) {
            let question = judge
                .prompts
                .single(&rated, &dialogue.answers, turn)
                .map_err(|err| refuse(&err))?;
            let keys = (0..n_samples).map(|judge_sample_idx| JudgmentKey {
                judge_id,
                sample: sample.clone(),
                turn,
                setting: Setting::Alone,
                judge_sample_idx,
            });
            calls.extend(waiting(keys, &question, &done));
        }
    }
    Ok(calls)
}

/// Questions that compare the answers of `run` with those of `other`, in both orders. Samples of one
/// item are compared in pairs, the first with the first.
pub(crate) fn pairs(
    judge: &Judge,
    (judge_id, n_samples): (i64, u32),
    run: &RunFile,
    (opponent, other): (&str, &RunFile),
) -> Result<Vec<Call>, EvalrunError> {
    let (done, others) = (done(run)?, answers(other)?);
    let mut calls = Vec::new();
    for (sample, dialogue) in answers(run)? {
        let Some(rival) = others.get(&sample) else { continue };
        if rival.target != dialogue.target {
            return Err(EvalrunError::Usage(format!(
                "item {} is not the same question in both runs",
                sample.item
            )));
        }
        let rated = judge.dialogue(&dialogue.target);
        for turn in 1..=n_rated_turns(dialogue.target.turns.len()) {
            for position in [Position::First, Position::Second] {
                let (own, rival) = (dialogue.answers.as_slice(), rival.answers.as_slice());
                let order = match position {
                    Position::First => (own, rival),
                    Position::Second => (rival, own),
                };
                let question =
                    judge.prompts.pair(&rated, order, turn).map_err(|err| refuse(&err))?;
                let setting = Setting::Against { opponent: opponent.to_owned(), position };
                let keys = (0..n_samples).map(|judge_sample_idx| JudgmentKey {
                    judge_id,
                    sample: sample.clone(),
                    turn,
                    setting: setting.clone(),
                    judge_sample_idx,
                });
                calls.extend(waiting(keys, &question, &done));
            }
        }
    }
    Ok(calls)
}

fn waiting<'a>(
    keys: impl Iterator<Item = JudgmentKey> + 'a,
    question: &'a JudgeQuestion,
    done: &'a BTreeSet<JudgmentKey>,
) -> impl Iterator<Item = Call> + 'a {
    keys.filter(|key| !done.contains(key)).map(|key| Call { key, question: question.clone() })
}

fn done(run: &RunFile) -> Result<BTreeSet<JudgmentKey>, EvalrunError> {
    let is_done = |result: &JudgmentResult| matches!(result, JudgmentResult::Read(_));
    let judgments = run.judgments()?.into_iter();
    Ok(judgments
        .filter(|judgment| is_done(&judgment.result))
        .map(|judgment| judgment.key)
        .collect())
}

/// A dialogue of a run.
struct Answered {
    target: DialogueTarget,
    answers: Vec<String>,
}

fn answers(run: &RunFile) -> Result<BTreeMap<SampleKey, Answered>, EvalrunError> {
    let reader = answer_reader(run.plan());
    let mut found = BTreeMap::new();
    run.for_each_judged(|sample| -> Result<(), EvalrunError> {
        let Target::Dialogue(target) = sample.target else {
            return Err(EvalrunError::Usage(format!(
                "`{}` has right answers; language models judge dialogues only",
                run.plan().task
            )));
        };
        let turns = &sample.transcript.turns;
        let answers = turns.iter().map(|turn| reader(&turn.completion)).collect();
        found.insert(sample.key, Answered { target, answers });
        Ok(())
    })?;
    Ok(found)
}

fn refuse(err: &PromptError) -> EvalrunError {
    EvalrunError::Judge(err.to_string())
}
