//! FastChat's own files, for its scripts and notebooks: `model_answer/*.jsonl` and
//! `model_judgment/*.jsonl` (FastChat 0e6d3e4b, `gen_model_answer.py`, `common.py`).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tasks::{ItemId, Reading, SampleKey, Target, VisibleAnswer, Winner};

use crate::judgment::{
    JudgeConfig, JudgmentKey, JudgmentResult, Position, Setting, StoredJudgment,
};
use crate::{RunFile, StoreError};

/// The answers of a run of dialogues, one row per question; `None` for a run of anything else. Each
/// sample is one choice; upstream judges the first only.
pub fn answers(run: &RunFile, visible: VisibleAnswer) -> Result<Option<Vec<Value>>, StoreError> {
    let questions = questions(run)?;
    let created_at = run.created_at()?;
    let mut choices: Vec<(ItemId, Vec<Value>)> = Vec::new();
    run.for_each_judged(|sample| -> Result<(), StoreError> {
        let turns: Vec<String> =
            sample.transcript.turns.iter().map(|turn| visible(&turn.completion)).collect();
        let choice = json!({ "index": sample.key.sample_idx, "turns": turns });
        match choices.last_mut() {
            Some((item, of_item)) if *item == sample.key.item => of_item.push(choice),
            _ => choices.push((sample.key.item, vec![choice])),
        }
        Ok(())
    })?;
    if questions.is_empty() {
        return Ok(None);
    }
    let model = &run.plan().model.model;
    let row = |(item, choices): (ItemId, Vec<Value>)| {
        let id = tasks::hex(&Sha256::digest(format!("{created_at} {item}")));
        Some(json!({
            "question_id": questions.get(&item)?,
            "answer_id": &id[..22],
            "model_id": model,
            "choices": choices,
            "tstamp": epoch_seconds(&created_at),
        }))
    };
    Ok(Some(choices.into_iter().filter_map(row).collect()))
}

/// The judgments of a run, single ones first and comparisons after them; `None` where there are
/// none. Rows of several judges stand one after the other, and `show_result.py` would pool them. Only
/// the first sample of a question and the first reply of a judge have a row, as upstream has no
/// others; a judgment that failed has none.
pub fn judgments(run: &RunFile) -> Result<Option<Vec<Value>>, StoreError> {
    let questions = questions(run)?;
    let judges: BTreeMap<i64, JudgeConfig> =
        run.judges()?.into_iter().map(|judge| (judge.judge_id, judge.config)).collect();
    let opponents: BTreeMap<String, String> =
        run.opponents()?.into_iter().map(|opponent| (opponent.id, opponent.model)).collect();
    let judgments = run.judgments()?;
    let is_first = |judgment: &&StoredJudgment| {
        judgment.key.sample.sample_idx == 0 && judgment.key.judge_sample_idx == 0
    };
    let export = Export { run, questions, judges, opponents };
    let (mut single, mut pairs) = (Vec::new(), BTreeMap::<_, Game>::new());
    for judgment in judgments.iter().filter(is_first) {
        let key = &judgment.key;
        match &key.setting {
            Setting::Alone => single.extend(export.single(judgment)?),
            Setting::Against { opponent, position } => {
                let game = (key.judge_id, opponent, key.sample.clone(), key.turn);
                let game = pairs.entry(game).or_default();
                match position {
                    Position::First => game.first = Some(judgment),
                    Position::Second => game.second = Some(judgment),
                }
            }
        }
    }
    for game in pairs.into_values() {
        if let (Some(first), Some(second)) = (game.first, game.second) {
            single.extend(export.pair(first, second)?);
        }
    }
    Ok((!single.is_empty()).then_some(single))
}

#[derive(Default)]
struct Game<'a> {
    first: Option<&'a StoredJudgment>,
    second: Option<&'a StoredJudgment>,
}

struct Export<'a> {
    run: &'a RunFile,
    questions: BTreeMap<ItemId, Value>,
    judges: BTreeMap<i64, JudgeConfig>,
    opponents: BTreeMap<String, String>,
}

impl Export<'_> {
    fn single(&self, judgment: &StoredJudgment) -> Result<Option<Value>, StoreError> {
        let JudgmentResult::Read(read) = &judgment.result else { return Ok(None) };
        Ok(Some(json!({
            "question_id": self.question(&judgment.key.sample),
            "model": self.run.plan().model.model,
            "judge": self.judge(judgment),
            "user_prompt": self.user_prompt(&judgment.key)?,
            "judgment": read.reply.text,
            "score": number(read.reading.upstream_score()),
            "turn": judgment.key.turn,
            "tstamp": epoch_seconds(&judgment.finished_at),
        })))
    }

    fn pair(
        &self,
        first: &StoredJudgment,
        second: &StoredJudgment,
    ) -> Result<Option<Value>, StoreError> {
        let (JudgmentResult::Read(g1), JudgmentResult::Read(g2)) = (&first.result, &second.result)
        else {
            return Ok(None);
        };
        let Setting::Against { opponent, .. } = &first.key.setting else { return Ok(None) };
        Ok(Some(json!({
            "question_id": self.question(&first.key.sample),
            "model_1": self.run.plan().model.model,
            "model_2": self.opponents.get(opponent),
            "g1_winner": winner(&g1.reading, ["model_1", "model_2"]),
            "g2_winner": winner(&g2.reading, ["model_2", "model_1"]),
            "judge": self.judge(first),
            "g1_user_prompt": self.user_prompt(&first.key)?,
            "g1_judgment": g1.reply.text,
            "g2_user_prompt": self.user_prompt(&second.key)?,
            "g2_judgment": g2.reply.text,
            "turn": first.key.turn,
            "tstamp": epoch_seconds(&first.finished_at),
        })))
    }

    fn question(&self, sample: &SampleKey) -> &Value {
        self.questions.get(&sample.item).unwrap_or(&Value::Null)
    }

    fn judge(&self, judgment: &StoredJudgment) -> Value {
        let model = self.judges.get(&judgment.key.judge_id).map(|config| &config.model.model);
        json!([model, judgment.template])
    }

    fn user_prompt(&self, key: &JudgmentKey) -> Result<String, StoreError> {
        let messages = self.run.judge_messages(key)?;
        Ok(messages.into_iter().nth(1).map(|message| message.content).unwrap_or_default())
    }
}

/// Upstream's names of questions: numbers, where they are.
fn questions(run: &RunFile) -> Result<BTreeMap<ItemId, Value>, StoreError> {
    let name = |id: String| id.parse::<u64>().map_or(Value::String(id), Value::from);
    let question = |target: Target| match target {
        Target::Dialogue(dialogue) => Some(name(dialogue.question_id)),
        _ => None,
    };
    let items = run.items()?.into_iter();
    Ok(items.filter_map(|item| Some((item.id, question(item.target)?))).collect())
}

fn winner<'a>(reading: &Reading, [a, b]: [&'a str; 2]) -> &'a str {
    match reading {
        Reading::Winner(Winner::A) => a,
        Reading::Winner(Winner::B) => b,
        Reading::Winner(Winner::Tie) => "tie",
        Reading::Rating { .. } | Reading::Unparsed(_) => "error",
    }
}

/// Whole ratings are integers, as upstream reads them.
fn number(score: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "a small whole number")]
    if score.fract() == 0.0 && score.abs() < 1e15 { json!(score as i64) } else { json!(score) }
}

/// Seconds since 1970 of an RFC 3339 time in UTC; 0 for anything else. Days are counted as in
/// Hinnant's `days_from_civil`.
fn epoch_seconds(time: &str) -> f64 {
    let part = |range: std::ops::Range<usize>| time.get(range)?.parse::<i64>().ok();
    let read = || {
        let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
        let seconds: f64 = time.get(17..)?.strip_suffix('Z')?.parse().ok()?;
        let year = if month <= 2 { year - 1 } else { year };
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
        Some((days * 86_400 + part(11..13)? * 3600 + part(14..16)? * 60) as f64 + seconds)
    };
    read().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_become_seconds() {
        for (time, expected) in [
            ("1970-01-01T00:00:00Z", 0.0),
            ("2000-02-29T12:30:15.500Z", 951_827_415.5),
            ("2026-11-22T07:22:39Z", 1_795_332_159.0),
            ("yesterday", 0.0),
        ] {
            assert!((epoch_seconds(time) - expected).abs() < 1e-6, "{time}");
        }
    }
}
