//! The log of Inspect, JSON flavour, log version 2 (`inspect_ai/log/_log.py`, 0.3.260): what
//! `read_eval_log` and `inspect view` open.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Map, Value, json};
use tasks::{Finish, ItemId, Message, Target, Turn, Usage};

use super::sampling_under;
use crate::report::ReportedRun;
use crate::report::sample_row::outcome_name;
use crate::{SampleRecord, SampleResult, StoreError};

const SAMPLING: [(&str, &str); 7] = [
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("top_k", "top_k"),
    ("max_tokens", "max_tokens"),
    ("stop", "stop_seqs"),
    ("frequency_penalty", "frequency_penalty"),
    ("presence_penalty", "presence_penalty"),
];

/// Writes one run as a log. Samples are written as they are read, so that a run of any size fits into
/// memory.
pub fn inspect(run: &ReportedRun<'_>, out: &mut dyn Write) -> Result<(), StoreError> {
    let created = run.file.created_at()?;
    let header = [
        ("version", json!(2)),
        ("status", json!(if run.summary.complete { "success" } else { "started" })),
        ("eval", spec(run, &created)?),
        ("plan", json!({ "name": "evalrun", "steps": [], "config": config(run) })),
        ("results", results(run)),
        ("stats", stats(run, &created)),
    ];
    out.write_all(b"{")?;
    for (name, value) in header {
        write!(out, "\"{name}\":")?;
        serde_json::to_writer(&mut *out, &value).map_err(io::Error::from)?;
        out.write_all(b",\n")?;
    }
    out.write_all(b"\"samples\":[")?;
    let targets: HashMap<ItemId, Target> =
        run.file.items()?.into_iter().map(|item| (item.id, item.target)).collect();
    let mut comma = "";
    run.for_each_record(|record| {
        let target = targets.get(&record.key.item);
        let gold =
            target.map_or_else(String::new, |target| run.gold(target, record.key.sample_idx));
        writeln!(out, "{comma}")?;
        comma = ",";
        Ok(serde_json::to_writer(&mut *out, &sample(run, record, &gold))
            .map_err(io::Error::from)?)
    })?;
    Ok(out.write_all(b"\n]}\n")?)
}

fn spec(run: &ReportedRun<'_>, created: &str) -> Result<Value, StoreError> {
    let (plan, summary) = (run.file.plan(), run.summary);
    let mut facts = run.file.facts()?;
    let version = facts.remove("evalrun_version").unwrap_or_else(|| "unknown".to_owned());
    let ids: Vec<String> = run.file.items()?.into_iter().map(|item| item.id.0).collect();
    let name = summary.run_file.rsplit(['/', '\\']).next().unwrap_or(&summary.run_file);
    Ok(json!({
        "eval_id": name,
        "run_id": name,
        "created": created,
        "task": plan.task,
        "task_id": format!("{}@{}", plan.task, plan.task_version),
        "task_version": plan.task_version,
        "task_display_name": plan.title,
        "task_args": {},
        "dataset": {
            "name": plan.task,
            "location": plan.dataset.source,
            "samples": plan.dataset.n_items,
            "sample_ids": ids,
            "shuffled": false,
        },
        "model": model(run),
        "model_args": plan.model.details,
        "model_generate_config": config(run),
        "config": { "epochs": plan.n_samples },
        "packages": { "evalrun": version },
        "metadata": {
            "facts": facts,
            "plan": plan,
            "partial_source": summary.partial_source,
            "counts": summary.counts,
            "texts_withheld": run.withholds(),
        },
    }))
}

fn model(run: &ReportedRun<'_>) -> String {
    let model = &run.file.plan().model;
    format!("{}/{}", model.backend, model.model)
}

fn config(run: &ReportedRun<'_>) -> Map<String, Value> {
    sampling_under(run.file.plan(), &SAMPLING)
}

fn scorer(run: &ReportedRun<'_>) -> &'static str {
    run.file.plan().judge.name()
}

fn results(run: &ReportedRun<'_>) -> Value {
    let summary = run.summary;
    let metric = |figure: &crate::Figure| {
        let estimate = figure.estimate;
        let metadata = json!({
            "stderr": estimate.stderr,
            "ci95": [estimate.ci95.low, estimate.ci95.high],
            "n_items": estimate.n_items,
            "n_samples": estimate.n_samples,
        });
        let value = json!({ "name": figure.name, "value": estimate.value, "metadata": metadata });
        (figure.name.clone(), value)
    };
    json!({
        "total_samples": summary.counts.planned,
        "completed_samples": summary.counts.n_graded(),
        "scores": [{
            "name": scorer(run),
            "scorer": scorer(run),
            "scored_samples": summary.counts.n_graded(),
            "unscored_samples": summary.counts.failed,
            "params": {},
            "metrics": summary.metrics.iter().map(metric).collect::<Map<_, _>>(),
        }],
    })
}

fn stats(run: &ReportedRun<'_>, created: &str) -> Value {
    let tokens = run.summary.tokens;
    let usage = json!({
        "input_tokens": tokens.prompt,
        "output_tokens": tokens.completion,
        "total_tokens": tokens.prompt + tokens.completion,
    });
    let by_model = Map::from_iter([(model(run), usage)]);
    json!({ "started_at": created, "completed_at": created, "model_usage": by_model })
}

fn sample(run: &ReportedRun<'_>, record: SampleRecord, gold: &str) -> Value {
    let outcome = outcome_name(&record.result);
    let name = format!("{}#{}", record.key.item, record.key.sample_idx);
    let mut sample = json!({
        "id": record.key.item.0,
        // Inspect counts epochs from 1.
        "epoch": record.key.sample_idx + 1,
        "input": "",
        "target": gold,
        "messages": [],
        "output": { "model": model(run), "choices": [] },
        "scores": null,
        "metadata": { "outcome": outcome, "seed": record.seed.0 },
        "uuid": name,
        "completed_at": record.finished_at,
    });
    match record.result {
        SampleResult::Failed(failure) => {
            let message = format!("{}: {}", failure.kind, failure.message);
            sample["error"] = json!({ "message": message, "traceback": "", "traceback_ansi": "" });
        }
        SampleResult::Judged { transcript, judgement } => {
            let answer = match &judgement.answer {
                tasks::Answer::Found { text, .. } => Some(text),
                tasks::Answer::Whole | tasks::Answer::Missing => None,
            };
            let value = match judgement.verdict {
                tasks::Verdict::Correct => "C",
                tasks::Verdict::Answered => "N",
                _ => "I",
            };
            let score = json!({
                "value": value,
                "answer": answer,
                "explanation": judgement.explanation,
                "metadata": { "outcome": outcome },
            });
            sample["scores"] = Map::from_iter([(scorer(run).to_owned(), score)]).into();
            dialogue(&mut sample, run, &transcript.turns);
        }
    }
    sample
}

/// The messages of all turns, and the last reply as the output.
fn dialogue(sample: &mut Value, run: &ReportedRun<'_>, turns: &[Turn]) {
    let Some((first, last)) = turns.first().zip(turns.last()) else { return };
    let plain = |message: &Message| {
        let role = serde_json::to_value(message.role).expect("a role is a word");
        json!({ "role": role, "content": message.content })
    };
    let input: Vec<Value> = first.request.messages.iter().map(plain).collect();
    // The last request holds the dialogue so far; a task that sends each turn alone has the last one.
    let mut messages: Vec<Value> = last.request.messages.iter().map(plain).collect();
    let reply = reply(run, last);
    messages.push(reply.clone());
    let stop_reason = match last.completion.finish {
        Finish::Stop => "stop",
        Finish::Length => "max_tokens",
        Finish::ContentFilter => "content_filter",
        Finish::ToolCalls => "tool_calls",
    };
    let ms: u64 = turns.iter().map(|turn| turn.completion.timing.latency_ms).sum();
    let usages = turns.iter().filter_map(|turn| turn.completion.usage);
    let sum = |a: Option<u64>, b: Option<u64>| a.map_or(b, |a| Some(a + b.unwrap_or(0)));
    let usage = usages.reduce(|a, b| Usage {
        prompt_tokens: a.prompt_tokens + b.prompt_tokens,
        completion_tokens: a.completion_tokens + b.completion_tokens,
        reasoning_tokens: sum(a.reasoning_tokens, b.reasoning_tokens),
        cached_tokens: sum(a.cached_tokens, b.cached_tokens),
    });
    let usage = usage.map(|usage| {
        json!({
            "input_tokens": usage.prompt_tokens,
            "output_tokens": usage.completion_tokens,
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
            "reasoning_tokens": usage.reasoning_tokens,
        })
    });
    sample["input"] = input.into();
    sample["messages"] = messages.into();
    sample["output"] = json!({
        "model": model(run),
        "choices": [{ "message": reply, "stop_reason": stop_reason }],
        "usage": usage,
        "time": ms as f64 / 1000.0,
    });
    sample["model_usage"] =
        usage.into_iter().map(|usage| (model(run), usage)).collect::<Map<_, _>>().into();
    sample["total_time"] = json!(ms as f64 / 1000.0);
}

fn reply(run: &ReportedRun<'_>, turn: &Turn) -> Value {
    let text = &turn.completion.text;
    let content = match &turn.completion.reasoning {
        None => json!(text),
        Some(reasoning) => json!([
            { "type": "reasoning", "reasoning": reasoning },
            { "type": "text", "text": text },
        ]),
    };
    json!({ "role": "assistant", "content": content, "source": "generate", "model": model(run) })
}
