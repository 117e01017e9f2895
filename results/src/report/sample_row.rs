//! One sample as a row of a table: what `jsonl` and `parquet` hold.

use serde::Serialize;
use tasks::{Answer, Completion, Message, ToolCall, Turn, Usage};

use super::ReportedRun;
use crate::{SampleRecord, SampleResult, StoreError};

/// A sample with everything that the run file knows of it.
#[derive(Debug, Serialize)]
pub(crate) struct SampleRow {
    pub(crate) run_file: String,
    pub(crate) task: String,
    pub(crate) task_version: u32,
    pub(crate) model: String,
    pub(crate) item: String,
    pub(crate) sample_idx: u32,
    pub(crate) seed: u32,
    /// `correct`, `incorrect`, `unparsed`, `truncated` or `failed`.
    pub(crate) outcome: &'static str,
    /// `None` for a failed sample, which has no score.
    pub(crate) score: Option<f64>,
    pub(crate) gold: String,
    pub(crate) answer: Option<String>,
    pub(crate) vote: Option<String>,
    pub(crate) rule: Option<String>,
    pub(crate) explanation: Option<String>,
    pub(crate) error_kind: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) finished_at: String,
    pub(crate) turns: Vec<TurnRow>,
}

/// One exchange of a sample.
#[derive(Debug, Serialize)]
pub(crate) struct TurnRow {
    pub(crate) messages: Vec<Message>,
    pub(crate) reasoning: Option<String>,
    pub(crate) completion: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tool_calls: Vec<ToolCall>,
    pub(crate) finish_reason: &'static str,
    pub(crate) prompt_tokens: Option<u64>,
    pub(crate) completion_tokens: Option<u64>,
    pub(crate) reasoning_tokens: Option<u64>,
    pub(crate) latency_ms: u64,
    pub(crate) n_attempts: u32,
}

impl From<Turn> for TurnRow {
    fn from(turn: Turn) -> Self {
        let Completion { text, reasoning, tool_calls, finish, usage, timing, .. } = turn.completion;
        let tokens = |count: fn(&Usage) -> u64| usage.as_ref().map(count);
        Self {
            messages: turn.request.messages,
            reasoning,
            completion: text,
            tool_calls,
            finish_reason: finish.name(),
            prompt_tokens: tokens(|usage| usage.prompt_tokens),
            completion_tokens: tokens(|usage| usage.completion_tokens),
            reasoning_tokens: usage.and_then(|usage| usage.reasoning_tokens),
            latency_ms: timing.latency_ms,
            n_attempts: timing.n_attempts,
        }
    }
}

/// The name of how a sample ended.
pub(crate) fn outcome_name(result: &SampleResult) -> &'static str {
    match result {
        SampleResult::Judged { judgement, .. } => judgement.verdict.name(),
        SampleResult::Failed(_) => "failed",
    }
}

/// Calls `visit` with a row for every attempted sample in order.
pub(crate) fn for_each_row(
    run: &ReportedRun<'_>,
    mut visit: impl FnMut(SampleRow) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    run.for_each_record(|target, record| {
        let gold = run.gold(target, record.key.sample_idx);
        visit(row(run, record, gold))
    })
}

fn row(run: &ReportedRun<'_>, record: SampleRecord, gold: String) -> SampleRow {
    let summary = run.summary;
    let outcome = outcome_name(&record.result);
    let blank = SampleRow {
        run_file: summary.run_file.clone(),
        task: summary.task.clone(),
        task_version: summary.task_version,
        model: summary.model.clone(),
        item: record.key.item.0,
        sample_idx: record.key.sample_idx,
        seed: record.seed.0,
        outcome,
        score: None,
        gold,
        answer: None,
        vote: None,
        rule: None,
        explanation: None,
        error_kind: None,
        error: None,
        finished_at: record.finished_at,
        turns: Vec::new(),
    };
    match record.result {
        SampleResult::Failed(failure) => {
            SampleRow { error_kind: Some(failure.kind), error: Some(failure.message), ..blank }
        }
        SampleResult::Judged { transcript, judgement } => {
            let (answer, vote, rule) = match judgement.answer {
                Answer::Found { text, vote, rule } => (Some(text), Some(vote), Some(rule)),
                Answer::Whole | Answer::Missing => (None, None, None),
            };
            SampleRow {
                score: judgement.verdict.score(),
                answer,
                vote,
                rule,
                explanation: Some(judgement.explanation),
                turns: transcript.turns.into_iter().map(TurnRow::from).collect(),
                ..blank
            }
        }
    }
}
