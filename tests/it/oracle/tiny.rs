//! Small random models of every supported architecture against transformers in float32.

use std::fs;
use std::path::Path;

use harness::backend::embedded::{Dtype, Likelihood};
use serde_json::Value;

use super::{report, subfolder};

/// The largest difference of a logit, as a share of the largest logit.
const LOGIT_TOLERANCE: f64 = 1e-3;

/// The largest difference of the sum of a sequence's log-probabilities.
const SUM_TOLERANCE: f64 = 1e-3;

/// Greedy continuations are compared up to the first step whose two best tokens are closer than this.
const SMALLEST_GAP: f64 = 1e-3;

#[test]
fn every_architecture_computes_what_transformers_computes() {
    let Some(tiny) = subfolder("model/tiny") else { return };
    let (mut n_sequences, mut disagreements) = (0, Vec::new());
    let entries = fs::read_dir(tiny).expect("a readable folder");
    let mut folders: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    folders.sort();
    for folder in folders {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let expected = fs::read_to_string(folder.join("expected.json")).expect("expected.json");
        let expected: Value = serde_json::from_str(&expected).expect("JSON");
        let model = Likelihood::load(&folder, Dtype::Stored);
        let model = model.unwrap_or_else(|err| panic!("{name}: {err}"));
        for sequence in expected["sequences"].as_array().expect("sequences") {
            n_sequences += 1;
            let found = differences(&model, sequence);
            disagreements.extend(found.map(|what| format!("{name} {}: {what}", sequence["name"])));
        }
    }
    report("model/tiny", n_sequences, &disagreements, 1.0);
}

/// What differs first, if anything does.
fn differences(model: &Likelihood, expected: &Value) -> Option<String> {
    let tokens = ids(&expected["input_ids"]);
    let ours = model.logits(&tokens).pop()?;
    let reference = numbers(&expected["last_logits"]);
    let greatest = reference.iter().copied().fold(0.0, |a: f64, b| a.max(b.abs()));
    let errors = ours.iter().zip(&reference).map(|(a, b)| (f64::from(*a) - b).abs() / greatest);
    let error = errors.fold(0.0, f64::max);
    if error > LOGIT_TOLERANCE || ours.len() != reference.len() {
        return Some(format!("the last logits differ by {error:.1e} of the largest"));
    }
    let sum: f64 = model.log_probabilities(&tokens).iter().sum();
    let error = (sum - expected["logprob_sum"].as_f64().unwrap_or(0.0)).abs();
    if error > SUM_TOLERANCE {
        return Some(format!("the sum of log-probabilities differs by {error:.1e}"));
    }
    greedy_difference(model, tokens, expected)
}

fn greedy_difference(model: &Likelihood, mut tokens: Vec<u32>, expected: &Value) -> Option<String> {
    let gaps = numbers(&expected["greedy_gaps"]);
    for (step, (token, gap)) in ids(&expected["greedy"]).into_iter().zip(gaps).enumerate() {
        let logits = model.logits(&tokens).pop()?;
        let best = (0_u32..).zip(&logits).max_by(|a, b| a.1.total_cmp(b.1))?.0;
        if best != token {
            let is_close = gap < SMALLEST_GAP;
            return (!is_close).then(|| format!("greedy step {step}: {best} instead of {token}"));
        }
        tokens.push(token);
    }
    None
}

fn ids(value: &Value) -> Vec<u32> {
    let ids = value.as_array().into_iter().flatten();
    ids.filter_map(|id| u32::try_from(id.as_u64()?).ok()).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

/// A copy of a folder with another `config.json`.
#[test]
fn configs_of_both_transformers_versions_give_the_same_model() {
    let Some(tiny) = subfolder("model/tiny") else { return };
    let copy = tempfile::tempdir().expect("a folder");
    let mut n_folders = 0;
    for entry in fs::read_dir(tiny).expect("a readable folder") {
        let source = entry.expect("an entry").path();
        let name = source.file_name().expect("a name").to_string_lossy().into_owned();
        let target = copy.path().join(&name);
        copy_with_new_config(&source, &target);
        let load = |path: &Path| Likelihood::load(path, Dtype::Stored).expect("a model");
        let tokens: Vec<u32> = (0..70).map(|i| (i * 37 + 11) % 512).collect();
        assert_eq!(load(&source).logits(&tokens), load(&target).logits(&tokens), "{name}");
        n_folders += 1;
    }
    assert!(n_folders > 0);
}

fn copy_with_new_config(source: &Path, target: &Path) {
    fs::create_dir(target).expect("a folder");
    for file in fs::read_dir(source).expect("a readable folder") {
        let path = file.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let name = match name.as_str() {
            "config.json" => continue,
            "config_v5.json" => "config.json",
            other => other,
        };
        fs::write(target.join(name), fs::read(&path).expect("a file")).expect("a copy");
    }
}
