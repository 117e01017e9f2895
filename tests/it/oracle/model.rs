//! The embedded model against llama.cpp's tokenizer and a float32 reference in transformers.
//!
//! Needs the default model beside the oracles; where it cannot be had, that is said.

use std::path::PathBuf;
use std::sync::LazyLock;

use harness::backend::embedded::{Dtype, Likelihood};
use serde_json::Value;

use super::{report, rows, say, text};
use crate::workplace;

const TOKENS: &str = "model/tokenize/smollm2-135m-instruct-q4_1.jsonl";
const LOGITS: &str = "model/gguf/smollm2-135m-instruct-q4_1.jsonl";

/// Positions at which the reference's two best tokens are closer than this are no test of equality.
const SMALLEST_GAP: f64 = 1e-3;

static MODEL: LazyLock<Option<Likelihood>> = LazyLock::new(|| {
    let place = workplace();
    let fetch =
        crate::embedded::command(&place, &["assets", "fetch", "smollm2-135m-instruct"]).output();
    let fetch = fetch.expect("evalrun starts");
    if !fetch.status.success() {
        say("the default model is absent");
        return None;
    }
    let said = String::from_utf8(fetch.stdout).expect("UTF-8 on standard output");
    let path = PathBuf::from(said.trim().split_once(' ').expect("a name and a path").1);
    Some(Likelihood::load(&path, Dtype::Stored).expect("the default model loads"))
});

fn ids(value: &Value) -> Vec<u32> {
    let ids = value.as_array().into_iter().flatten();
    ids.filter_map(|id| u32::try_from(id.as_u64()?).ok()).collect()
}

#[test]
fn every_text_has_the_same_tokens() {
    let (Some(rows), Some(model)) = (rows(TOKENS), MODEL.as_ref()) else { return };
    let mut disagreements = Vec::new();
    for row in &rows {
        for (parse_special, field) in [(false, "ids"), (true, "ids_parse_special")] {
            let expected = if row[field].is_null() { &row["ids"] } else { &row[field] };
            let ours =
                model.tokenize(text(row, "text"), parse_special).expect("any text has tokens");
            if ours != ids(expected) {
                disagreements.push(format!(
                    "{} {field}: {:?}",
                    text(row, "category"),
                    text(row, "text")
                ));
                break;
            }
        }
    }
    report(TOKENS, rows.len(), &disagreements, 1.0);
}

#[test]
fn logits_are_those_of_the_float32_reference() {
    let (Some(rows), Some(model)) = (rows(LOGITS), MODEL.as_ref()) else { return };
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
        "{LOGITS}: mean |Δ log-probability| {mean:.2e} over {} prompt tokens",
        errors.len()
    ));
    assert!(mean <= 0.01, "mean |Δ log-probability| is {mean}");
    report(LOGITS, n_steps, &disagreements, 0.99);
}

fn greatest(logits: &[f32]) -> usize {
    let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    best.expect("a vocabulary has tokens").0
}
