//! Every Eval Ever 0.3.0 (`every_eval_ever/schemas/eval.schema.json`): one JSON file a run.

use serde_json::{Map, Value, json};

use super::sampling_under;
use super::time::unix_seconds;
use crate::report::ReportedRun;
use crate::{Figure, Plan, StoreError, Summary};

const SAMPLING: [(&str, &str); 4] = [
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("top_k", "top_k"),
    ("max_tokens", "max_tokens"),
];

/// The aggregate record of a run. What evalrun cannot know, such as who publishes it, says so and is
/// there to be filled in.
pub fn every_eval_ever(run: &ReportedRun<'_>) -> Result<Value, StoreError> {
    let (plan, summary) = (run.file.plan(), run.summary);
    let created = run.file.created_at()?;
    let seconds = unix_seconds(&created).unwrap_or(0).to_string();
    let version = run.file.facts()?.remove("evalrun_version");
    let id = if plan.model.model.contains('/') {
        plan.model.model.clone()
    } else {
        format!("unknown/{}", plan.model.model)
    };
    let figures = || summary.metrics.iter();
    Ok(json!({
        "schema_version": "0.3.0",
        "evaluation_id": format!("{}/{}/{seconds}", plan.task, id.replace('/', "_")),
        "evaluation_timestamp": seconds,
        "retrieved_timestamp": seconds,
        "source_metadata": {
            "source_name": "evalrun",
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
        },
        "eval_library": {
            "name": "evalrun",
            "version": version.unwrap_or_else(|| "unknown".to_owned()),
        },
        "model_info": model_info(plan, &id),
        "evaluation_results": figures().map(|figure| result(run, figure)).collect::<Vec<_>>(),
    }))
}

fn model_info(plan: &Plan, id: &str) -> Value {
    // The embedded backend computes here from weights at hand; of an endpoint nothing is known.
    let (deployment, availability) = match plan.model.weights_sha256 {
        Some(_) => ("self_deployed", "open_weights"),
        None => ("unknown", "unknown"),
    };
    let mut details = Map::from_iter([
        ("deployment_type".to_owned(), json!(deployment)),
        ("model_availability".to_owned(), json!(availability)),
    ]);
    let weights = plan.model.weights_sha256.iter().map(|hash| ("weights_sha256", hash));
    // Records are published, and an endpoint's address is nobody's business.
    let details_known = plan.model.details.iter().filter(|(name, _)| *name != "base_url");
    let others = details_known.map(|(name, value)| (name.as_str(), value));
    details.extend(weights.chain(others).map(|(name, value)| (name.to_owned(), json!(value))));
    json!({
        "name": plan.model.model,
        "id": id,
        "inference_engine": { "name": plan.model.backend },
        "additional_details": details,
    })
}

fn result(run: &ReportedRun<'_>, figure: &Figure) -> Value {
    let (plan, estimate) = (run.file.plan(), figure.estimate);
    let mut uncertainty = json!({
        "confidence_interval": {
            "lower": estimate.ci95.low,
            "upper": estimate.ci95.high,
            "confidence_level": 0.95,
            "method": "95 % interval of evalrun, with items as the independent units",
        },
        "num_samples": estimate.n_samples,
    });
    if let Some(stderr) = estimate.stderr {
        uncertainty["standard_error"] =
            json!({ "value": stderr, "method": "analytic, clustered by item" });
    }
    json!({
        "evaluation_result_id": format!("{}/{}", plan.task, figure.id),
        "evaluation_name": plan.task,
        "source_data": source(run.summary, plan),
        "metric_config": {
            "evaluation_description": format!("{}: {}", plan.title, figure.name),
            "metric_id": figure.id,
            "metric_name": figure.name,
            "metric_kind": "pass_rate",
            "metric_unit": "proportion",
            "lower_is_better": false,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": 1.0,
        },
        "score_details": {
            "score": estimate.value,
            "details": {
                "n_items": estimate.n_items.to_string(),
                "samples_per_item": plan.n_samples.to_string(),
                "complete": run.summary.complete.to_string(),
            },
            "uncertainty": uncertainty,
        },
        "generation_config": generation(plan),
    })
}

fn source(summary: &Summary, plan: &Plan) -> Value {
    let dataset = &plan.dataset;
    let mut details = Map::from_iter([
        ("split".to_owned(), json!(dataset.split.name())),
        ("n_items".to_owned(), json!(dataset.n_items.to_string())),
        ("n_items_full".to_owned(), json!(dataset.n_items_full.to_string())),
        ("items_sha256".to_owned(), json!(dataset.items_sha256)),
        ("task_version".to_owned(), json!(plan.task_version.to_string())),
    ]);
    let optional = [
        ("source", &dataset.source),
        ("sha256", &dataset.sha256),
        ("partial_source", &summary.partial_source),
    ];
    let known = optional.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    details.extend(known.map(|(name, value)| (name.to_owned(), json!(value))));
    json!({ "dataset_name": plan.task, "source_type": "other", "additional_details": details })
}

fn generation(plan: &Plan) -> Value {
    let rest = [
        ("min_p", "min_p"),
        ("repetition_penalty", "repetition_penalty"),
        ("presence_penalty", "presence_penalty"),
        ("frequency_penalty", "frequency_penalty"),
        ("stop", "stop"),
    ];
    // The schema wants a text for every further parameter.
    let mut details: Map<String, Value> = sampling_under(plan, &rest)
        .into_iter()
        .map(|(name, value)| (name, json!(value.to_string())))
        .collect();
    details.insert("run_seed".to_owned(), json!(plan.run_seed.to_string()));
    if let Some(system) = &plan.system {
        details.insert("system_message".to_owned(), json!(system));
    }
    json!({ "generation_args": sampling_under(plan, &SAMPLING), "additional_details": details })
}
