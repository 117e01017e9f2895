//! The named models against a float32 reference in transformers.
//!
//! Needs their files beside the oracles; where they cannot be had, that is said.

use harness::backend::embedded::{Dtype, Likelihood};
use serde_json::Value;

use super::{report, rows, say, text};
use crate::embedded::model_path;

/// Positions at which the reference's two best tokens are closer than this are no test of equality.
const SMALLEST_GAP: f64 = 1e-3;

fn ids(value: &Value) -> Vec<u32> {
    let ids = value.as_array().into_iter().flatten();
    ids.filter_map(|id| u32::try_from(id.as_u64()?).ok()).collect()
}

#[test]
fn smollm2_computes_what_the_float32_reference_computes() {
    check("smollm2-135m-instruct", "model/gguf/smollm2-135m-instruct-q4_1.jsonl");
}

#[test]
fn gemma_3_computes_what_the_float32_reference_computes() {
    check("gemma3-270m", "model/gguf/gemma-3-270m-q4_k_m.jsonl");
}

fn check(model: &str, oracle: &str) {
    let (Some(rows), Some(path)) = (rows(oracle), model_path(model)) else { return };
    let model = Likelihood::load(&path, Dtype::Stored).expect("a named model loads");
    let (mut n_steps, mut disagreements, mut errors) = (0, Vec::new(), Vec::new());
    for row in &rows {
        let prompt = ids(&row["prompt_ids"]);
        let reference = row["f32"]["prompt_logprobs"].as_array().expect("log-probabilities");
        let ours = model.log_probabilities(&prompt);
        assert_eq!(ours.len(), reference.len());
        errors
            .extend(ours.iter().zip(reference).filter_map(|(a, b)| Some((a - b.as_f64()?).abs())));
        let output = ids(&row["llama_cpp"]["ids"]);
        let tokens: Vec<u32> = prompt.iter().chain(&output).copied().collect();
        let logits = model.logits(&tokens);
        let steps = row["f32"]["teacher_forced_top5"].as_array().expect("predictions");
        for (step, top5) in steps.iter().enumerate() {
            let [best, second] = [&top5[0], &top5[1]];
            let gap = best[1].as_f64().unwrap_or(0.0) - second[1].as_f64().unwrap_or(0.0);
            if gap < SMALLEST_GAP {
                continue;
            }
            n_steps += 1;
            let ours = greatest(&logits[prompt.len() - 1 + step]);
            if best[0].as_u64() != Some(ours as u64) {
                disagreements
                    .push(format!("{} step {step}: ours {ours}, gap {gap:.4}", text(row, "id")));
            }
        }
    }
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    say(&format!(
        "{oracle}: mean |Δ log-probability| {mean:.2e} over {} prompt tokens",
        errors.len()
    ));
    assert!(mean <= 0.01, "mean |Δ log-probability| is {mean}");
    report(oracle, n_steps, &disagreements, 0.99);
}

fn greatest(logits: &[f32]) -> usize {
    let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    best.expect("a vocabulary has tokens").0
}
