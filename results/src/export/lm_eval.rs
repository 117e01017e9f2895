//! The results file of lm-evaluation-harness 0.4 (`lm_eval/result_schema.py`), for tools that read it.

use serde_json::{Map, Value, json};

use super::sampling_under;
use super::time::unix_seconds;
use crate::report::ReportedRun;
use crate::{Figure, StoreError};

const SAMPLING: [(&str, &str); 5] = [
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("top_k", "top_k"),
    ("max_tokens", "max_gen_toks"),
    ("stop", "until"),
];

/// Runs of one model, each of another task, as lm-evaluation-harness would have written them. Metrics
/// are `id,filter` pairs; the filter is the extractor. `None` for no runs.
///
/// Fields about lm-evaluation-harness itself, such as its version, are left out: it was not used.
pub fn lm_eval(runs: &[ReportedRun<'_>]) -> Result<Option<Value>, StoreError> {
    let Some(first) = runs.first() else { return Ok(None) };
    let by_task = |value: &dyn Fn(&ReportedRun<'_>) -> Value| -> Value {
        runs.iter().map(|run| (run.summary.task.clone(), value(run))).collect::<Map<_, _>>().into()
    };
    let plan = first.file.plan();
    let seconds: f64 = runs.iter().map(|run| run.summary.wall_s).sum();
    Ok(Some(json!({
        "results": by_task(&results),
        "group_subtasks": by_task(&|_| json!([])),
        "configs": by_task(&config),
        "versions": by_task(&|run| json!(run.summary.task_version)),
        "n-shot": by_task(&|_| json!(0)),
        "higher_is_better": by_task(&|run| {
            let ids = run.summary.metrics.iter().map(|figure| (metric(figure), Value::Bool(true)));
            ids.collect::<Map<_, _>>().into()
        }),
        "n-samples": by_task(&|run| json!({
            "original": run.summary.n_items_full,
            "effective": run.summary.n_items,
        })),
        "config": {
            "model": plan.model.backend,
            "model_args": format!("pretrained={}", plan.model.model),
            "batch_size": null,
            "limit": null,
            "bootstrap_iters": 0,
            "gen_kwargs": sampling_under(plan, &SAMPLING),
            "random_seed": plan.run_seed,
        },
        "date": unix_seconds(&first.file.created_at()?),
        "model_source": plan.model.backend,
        "model_name": plan.model.model,
        "model_name_sanitized": plan.model.model.replace(|c: char| !c.is_alphanumeric() && c != '-', "__"),
        "system_instruction": plan.system,
        "fewshot_as_multiturn": false,
        "task_hashes": by_task(&|run| json!(run.file.plan().dataset.items_sha256)),
        "total_evaluation_time_seconds": seconds.to_string(),
        "evalrun": by_task(&|run| json!({
            "n_samples": run.summary.n_samples,
            "complete": run.summary.complete,
            "partial_source": run.summary.partial_source,
            "counts": run.summary.counts,
            "run_file": run.summary.run_file,
        })),
    })))
}

fn results(run: &ReportedRun<'_>) -> Value {
    let mut results = Map::new();
    results.insert("name".to_owned(), json!(run.summary.task));
    results.insert("alias".to_owned(), json!(run.summary.task));
    results.insert("sample_len".to_owned(), json!(run.summary.n_items));
    let filter = filter(run);
    for figure in &run.summary.metrics {
        let id = metric(figure);
        let stderr = figure.estimate.stderr.map_or(json!("N/A"), |stderr| json!(stderr));
        results.insert(format!("{id},{filter}"), json!(figure.estimate.value));
        results.insert(format!("{id}_stderr,{filter}"), stderr);
    }
    results.into()
}

fn config(run: &ReportedRun<'_>) -> Value {
    let plan = run.file.plan();
    json!({
        "task": plan.task,
        "test_split": plan.dataset.split.name(),
        "output_type": "generate_until",
        "num_fewshot": 0,
        "repeats": plan.n_samples,
        "generation_kwargs": sampling_under(plan, &SAMPLING),
        "metadata": { "version": plan.task_version },
    })
}

/// A figure's id without the comma that ends a metric's name.
fn metric(figure: &Figure) -> String {
    figure.id.replace(',', ";")
}

fn filter(run: &ReportedRun<'_>) -> String {
    let name = serde_json::to_value(run.file.plan().extractor).expect("a name is plain data");
    name.as_str().unwrap_or("none").to_owned()
}
