//! MT-Bench answers and judgments made elsewhere, in FastChat's files, become a run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use judges::Grader;
use judges::llm::{Wanted, read_text};
use results::{
    Failure, JudgeConfig, JudgeMode, JudgeReply, JudgmentKey, JudgmentRecord, JudgmentResult,
    JudgmentWriter, RunWriter, SampleRecord, SampleResult, Session, Setting,
};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tasks::{
    Backend, BackendError, BoxFuture, Capabilities, Completion, DialogueTarget, Fingerprint,
    Finish, Item, Message, PromptSet, PromptStyle, Request, Role, Sample, SampleKey, Sampling,
    Target, Timing, TokenMeter, ToolSupport, Transcript, Turn, n_rated_turns, suite,
};

use super::file;
use crate::assets::AssetStore;
use crate::display::Display;
use crate::error::EvalrunError;
use crate::judging::IMPORTED;
use crate::plan::{Graders, Overrides, RunPlan, resolve};

/// What FastChat writes where an endpoint gave nothing (`API_ERROR_OUTPUT` of `common.py`).
const OUTAGE: &str = "$ERROR$";

/// A row of `model_answer/*.jsonl`.
#[derive(Deserialize)]
struct AnswerRow {
    question_id: Value,
    model_id: String,
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    turns: Vec<String>,
}

/// A row of `model_judgment/*_single.jsonl`.
#[derive(Deserialize)]
struct JudgmentRow {
    question_id: Value,
    model: String,
    judge: (String, String),
    #[serde(default)]
    user_prompt: String,
    judgment: String,
    score: f64,
    turn: u32,
}

/// Makes a run of the answers in `samples` and gives its file. As upstream, the last row of a question
/// counts, and of its choices the first.
pub(crate) fn import(
    task: &str,
    samples: &Path,
    (judgments, folder): (Option<&Path>, &Path),
    resources: (&AssetStore, &Display),
) -> Result<PathBuf, EvalrunError> {
    let rows: Vec<AnswerRow> = file::rows(samples)?;
    let model = model_of(samples, &rows)?;
    let sha256 = tasks::hex(&Sha256::digest(crate::plan::file_bytes(samples)?));
    let details = BTreeMap::from([("answers_sha256".to_owned(), sha256)]);
    let fingerprint = fingerprint(&model, details);
    let graders = Graders::new(resources, None);
    let plan =
        resolve(suite::find(task)?, &Overrides::default(), &Imported(fingerprint), &graders)?;
    let answers = by_question(rows, resources.1);
    std::fs::create_dir_all(folder).map_err(|err| EvalrunError::Output {
        path: folder.to_owned(),
        reason: format!("cannot create the folder for run files: {err}"),
    })?;
    let path = crate::cli::new_path(folder, &plan.plan);
    write_answers(&path, &plan, &answers, resources.1)?;
    if let Some(judgments) = judgments {
        import_judgments(judgments, (&path, &plan, &model), resources.1)?;
    }
    Ok(path)
}

fn model_of(samples: &Path, rows: &[AnswerRow]) -> Result<String, EvalrunError> {
    let first = rows.first().map(|row| row.model_id.clone());
    let other = rows.iter().position(|row| Some(&row.model_id) != first.as_ref());
    let bad = |line: usize, reason: &str| EvalrunError::Samples {
        path: samples.to_owned(),
        line,
        reason: reason.to_owned(),
    };
    match (first, other) {
        (None, _) => Err(bad(1, "there are no answers")),
        (_, Some(idx)) => Err(bad(idx + 1, "a row of another model; one file is one model")),
        (Some(model), None) => Ok(model),
    }
}

fn by_question(rows: Vec<AnswerRow>, display: &Display) -> BTreeMap<String, Vec<String>> {
    let n_rows = rows.len();
    let choice = |row: AnswerRow| {
        let turns = row.choices.into_iter().next().map(|choice| choice.turns);
        (text(&row.question_id), turns.unwrap_or_default())
    };
    let answers: BTreeMap<String, Vec<String>> = rows.into_iter().map(choice).collect();
    let n_doubled = n_rows - answers.len();
    if n_doubled > 0 {
        display.note(&format!("{n_doubled} questions are answered again; the last answer counts"));
    }
    answers
}

/// The name of a question, a number or a text.
fn text(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

fn write_answers(
    path: &Path,
    plan: &RunPlan,
    answers: &BTreeMap<String, Vec<String>>,
    display: &Display,
) -> Result<(), EvalrunError> {
    let session = Session {
        started_at: crate::now(),
        settings: "{}".to_owned(),
        judge: (plan.plan.judge.name().to_owned(), judges::JUDGE_VERSION),
        environment: vec![("evalrun_version".to_owned(), env!("CARGO_PKG_VERSION").to_owned())],
    };
    let items: Vec<&Item> = plan.items.iter().map(Arc::as_ref).collect();
    let mut writer = RunWriter::create(path, &plan.plan, &items, &session)?;
    let mut records = Vec::new();
    for item in &plan.items {
        let Some(dialogue) = dialogue(item) else { continue };
        let Some(answers) = answers.get(&dialogue.question_id) else { continue };
        if answers.len() != dialogue.turns.len() {
            return Err(EvalrunError::Judge(format!(
                "question {} has {} turns and {} answers",
                dialogue.question_id,
                dialogue.turns.len(),
                answers.len()
            )));
        }
        records.push(record(plan, item, dialogue, answers));
    }
    let n_outages = answers.values().flatten().filter(|answer| answer.trim() == OUTAGE).count();
    if n_outages > 0 {
        display.note(&format!(
            "{n_outages} answers are `{OUTAGE}`, FastChat's mark of an outage: judges rate them as they stand"
        ));
    }
    let n_unknown = answers.len() - records.len();
    if n_unknown > 0 {
        display
            .note(&format!("{n_unknown} answers are to questions that the task has not: skipped"));
    }
    writer.append(&records, 0)?;
    writer.finish(0)?;
    Ok(())
}

fn dialogue(item: &Item) -> Option<&DialogueTarget> {
    match &item.target {
        Target::Dialogue(dialogue) => Some(dialogue),
        _ => None,
    }
}

/// The dialogue as it would have been held here.
fn record(
    plan: &RunPlan,
    item: &Arc<Item>,
    dialogue: &DialogueTarget,
    answers: &[String],
) -> SampleRecord {
    let sample = Sample::draw(item, 0, &plan.plan.task, plan.plan.run_seed);
    let sampling = plan.plan.temperatures.sampling(&plan.plan.sampling, &item.target);
    let mut messages = Vec::new();
    let mut turns = Vec::new();
    for (question, answer) in dialogue.turns.iter().zip(answers) {
        messages.push(Message::new(Role::User, question));
        let request = Request {
            messages: messages.clone(),
            tools: Vec::new(),
            sampling: sampling.clone(),
            seed: sample.seed,
        };
        turns.push(Turn { request, completion: completion(answer) });
        messages.push(Message::new(Role::Assistant, answer));
    }
    let transcript = Transcript { turns };
    let judgement = Grader::Dialogues.grade(&item.target, &transcript);
    let judgement = judgement.expect("dialogues are graded without any data");
    SampleRecord {
        key: sample.key(),
        seed: sample.seed,
        result: SampleResult::Judged { transcript, judgement },
        finished_at: crate::now(),
    }
}

fn completion(text: &str) -> Completion {
    Completion {
        text: text.to_owned(),
        reasoning: None,
        tool_calls: Vec::new(),
        reasoning_opened_by_template: false,
        finish: Finish::Stop,
        usage: None,
        timing: Timing::default(),
        shared: None,
    }
}

/// Takes in judgments of this model. Of several judgments of one answer by one judge the first counts
/// (`clean_judgment.py`), where upstream's `show_result.py` would count each. An outage of the judge is
/// no judgment, where upstream counts its score of −1.
fn import_judgments(
    file: &Path,
    (path, plan, model): (&Path, &RunPlan, &str),
    display: &Display,
) -> Result<(), EvalrunError> {
    let items: BTreeMap<String, &Arc<Item>> = plan
        .items
        .iter()
        .filter_map(|item| Some((dialogue(item)?.question_id.clone(), item)))
        .collect();
    let mut writer = JudgmentWriter::open(path)?;
    let mut records: BTreeMap<JudgmentKey, JudgmentRecord> = BTreeMap::new();
    let mut skipped = Skipped::default();
    for row in file::rows::<JudgmentRow>(file)? {
        let item = items.get(&text(&row.question_id)).filter(|_| row.model == model);
        let Some(item) = item else {
            skipped.n_foreign += 1;
            continue;
        };
        let n_turns = dialogue(item).map_or(0, |dialogue| n_rated_turns(dialogue.turns.len()));
        if !(1..=n_turns).contains(&row.turn) {
            skipped.n_of_no_turn += 1;
            continue;
        }
        let judge_id = writer.register(&judge_of(&row), 1)?;
        let key = JudgmentKey {
            judge_id,
            sample: SampleKey { item: item.id.clone(), sample_idx: 0 },
            turn: row.turn,
            setting: Setting::Alone,
            judge_sample_idx: 0,
        };
        let score = row.score;
        let record = judgment(key.clone(), row);
        if let JudgmentResult::Read(reply) = &record.result {
            let is_otherwise = (reply.reading.upstream_score() - score).abs() > 1e-9;
            skipped.n_otherwise += usize::from(is_otherwise);
        }
        let is_known = |known: &JudgmentRecord| matches!(known.result, JudgmentResult::Read(_));
        if records.get(&key).is_some_and(is_known) {
            skipped.n_doubled += 1;
            continue;
        }
        records.insert(key, record);
    }
    let is_outage = |record: &&JudgmentRecord| matches!(record.result, JudgmentResult::Failed(_));
    skipped.n_outages = records.values().filter(is_outage).count();
    writer.append(&records.into_values().collect::<Vec<_>>())?;
    writer.finish()?;
    skipped.note(display);
    Ok(())
}

/// Judgments that are not what their rows say.
#[derive(Default)]
#[expect(clippy::struct_field_names, reason = "n_ marks counts throughout")]
struct Skipped {
    n_foreign: usize,
    n_of_no_turn: usize,
    n_doubled: usize,
    n_outages: usize,
    n_otherwise: usize,
}

impl Skipped {
    fn note(&self, display: &Display) {
        for (n, what) in [
            (self.n_foreign, "judgments are of other models or questions: skipped"),
            (self.n_of_no_turn, "judgments are of turns that are not rated: skipped"),
            (self.n_doubled, "judgments repeat an earlier one: the first counts"),
            (self.n_outages, "judgments are `$ERROR$`, an outage of the judge: they failed"),
            (self.n_otherwise, "scores are not what their replies say: the replies count"),
        ] {
            if n > 0 {
                display.note(&format!("{n} {what}"));
            }
        }
    }
}

fn judgment(key: JudgmentKey, row: JudgmentRow) -> JudgmentRecord {
    let result = if row.judgment.trim() == OUTAGE {
        let message = "the judge's endpoint gave nothing".to_owned();
        JudgmentResult::Failed(Failure { kind: "unavailable".to_owned(), message })
    } else {
        let reading = read_text(Wanted::Rating(PromptSet::Upstream), &row.judgment);
        let reply = completion(&row.judgment);
        JudgmentResult::Read(Box::new(JudgeReply { reply, first_reply: None, reading }))
    };
    JudgmentRecord {
        key,
        template: row.judge.1,
        messages: vec![Message::new(Role::System, ""), Message::new(Role::User, row.user_prompt)],
        result,
        finished_at: crate::now(),
    }
}

/// A judge of which only the name is known.
fn judge_of(row: &JudgmentRow) -> JudgeConfig {
    JudgeConfig {
        mode: JudgeMode::Single,
        model: fingerprint(&row.judge.0, BTreeMap::new()),
        prompts: PromptSet::Upstream,
        prompts_sha256: String::new(),
        references_sha256: None,
        sampling: Sampling {
            temperature: 0.0,
            top_p: None,
            top_k: None,
            min_p: None,
            repetition_penalty: None,
            presence_penalty: None,
            frequency_penalty: None,
            max_tokens: 2048,
            stop: Vec::new(),
        },
        reminds: false,
        is_self: row.judge.0 == row.model,
    }
}

fn fingerprint(model: &str, details: BTreeMap<String, String>) -> Fingerprint {
    Fingerprint {
        backend: IMPORTED.to_owned(),
        model: model.to_owned(),
        weights_sha256: None,
        details,
    }
}

/// Stands for a model that nobody can ask.
struct Imported(Fingerprint);

impl Backend for Imported {
    fn fingerprint(&self) -> &Fingerprint {
        &self.0
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            context_tokens: None,
            prompt_style: PromptStyle::Chat,
            tools: ToolSupport::None,
            concurrency: 1,
            samples_per_request: 1,
            deterministic: true,
        }
    }

    fn complete<'a>(
        &'a self,
        _request: &'a Request,
        _meter: &'a Arc<TokenMeter>,
    ) -> BoxFuture<'a, Result<Completion, BackendError>> {
        let reason = "answers that were made elsewhere cannot be asked for again".to_owned();
        Box::pin(std::future::ready(Err(BackendError::Engine { reason })))
    }
}
