//! The log of Inspect, JSON flavour, log version 2 (`inspect_ai/log/_log.py`, 0.3.260): what
//! `read_eval_log` and `inspect view` open.

mod sample;

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::sampling_under;
use crate::StoreError;
use crate::report::ReportedRun;
use sample::{LogSample, Names};

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
    let names = Names { model: &model(run), scorer: scorer(run) };
    let mut comma = "";
    run.for_each_record(|target, record| {
        let gold = run.gold(target, record.key.sample_idx);
        writeln!(out, "{comma}")?;
        comma = ",";
        let sample = LogSample::new(names, &record, &gold);
        Ok(serde_json::to_writer(&mut *out, &sample).map_err(io::Error::from)?)
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
