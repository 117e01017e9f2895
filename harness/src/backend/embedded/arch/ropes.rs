//! Reading how a model places its positions.

use serde_json::Value;

use super::parts::Shape;
use crate::backend::embedded::gguf::ModelError;
use crate::backend::embedded::rope::{Base, Pairs, Rope, Stretch, Yarn};
use crate::backend::embedded::weights::{Checkpoint, Key, Name};

const SUPPORTED: &str = "none, linear, llama3, yarn, longrope";

/// Divisors in GGUF files.
const DIVISORS: Name = Name::new("", "rope_freqs.weight");
const SHORT_DIVISORS: Name = Name::new("", "rope_factors_short.weight");
const LONG_DIVISORS: Name = Name::new("", "rope_factors_long.weight");

/// The rope of all layers, or of those that see the whole text.
pub(super) fn rope(
    checkpoint: &mut Checkpoint,
    shape: &Shape,
    n_rotated: usize,
    pairs: Pairs,
) -> Result<Rope, ModelError> {
    let base = Base { theta: theta(checkpoint), n_rotated };
    let stretch = match settings(checkpoint, "full_attention") {
        Some(settings) => of_config(checkpoint, &settings, shape)?,
        None if checkpoint.is_gguf() => of_gguf(checkpoint, shape)?,
        None => Stretch::None,
    };
    Ok(Rope::new(pairs, base, &stretch))
}

/// The base of the frequencies.
pub(super) fn theta(checkpoint: &Checkpoint) -> f64 {
    let of_settings = || settings(checkpoint, "full_attention")?.get("rope_theta")?.as_f64();
    checkpoint
        .float(Key::gguf("rope.freq_base"))
        .or_else(of_settings)
        .or_else(|| checkpoint.float(Key::hf("rope_theta")))
        .unwrap_or(10_000.0)
}

/// Adjacent pairs in GGUF files of the architectures whose queries and keys llama.cpp's converter
/// reorders, halves in Hugging Face's own.
pub(super) fn reordered(checkpoint: &Checkpoint) -> Pairs {
    if checkpoint.is_gguf() { Pairs::Adjacent } else { Pairs::Halves }
}

/// The rope settings of `config.json`: `rope_parameters` as transformers 5 writes them, for one kind
/// of layer or for all, or `rope_scaling` as version 4 did.
fn settings(checkpoint: &Checkpoint, layer_type: &str) -> Option<Value> {
    let config = checkpoint.config()?;
    let parameters = config.get("rope_parameters").filter(|value| value.is_object());
    let found = match parameters {
        Some(parameters) => parameters.get(layer_type).unwrap_or(parameters),
        None => config.get("rope_scaling").filter(|value| value.is_object())?,
    };
    Some(found.clone())
}

fn of_config(
    checkpoint: &Checkpoint,
    settings: &Value,
    shape: &Shape,
) -> Result<Stretch, ModelError> {
    let kind = settings.get("rope_type").or_else(|| settings.get("type"));
    let kind = kind.and_then(Value::as_str).unwrap_or("default");
    let optional = |name: &str| settings.get(name).and_then(Value::as_f64);
    let number = |name: &str| {
        optional(name).ok_or_else(|| ModelError::Missing(format!("rope setting {name}")))
    };
    let original = || {
        let original = checkpoint.number(Key::hf("original_max_position_embeddings"));
        optional("original_max_position_embeddings")
            .or(original.map(|n| n as f64))
            .unwrap_or(shape.context_tokens as f64)
    };
    match kind {
        "default" => Ok(Stretch::None),
        "linear" => Ok(Stretch::Linear { factor: number("factor")? }),
        "llama3" => Ok(Stretch::Llama3 {
            factor: number("factor")?,
            low: number("low_freq_factor")?,
            high: number("high_freq_factor")?,
            n_original: original(),
        }),
        "yarn" => {
            let factor = number("factor")?;
            let weights = optional("mscale").zip(optional("mscale_all_dim"));
            let weights = weights.filter(|(one, all)| *one != 0.0 && *all != 0.0);
            let amplitude = match weights {
                Some((one, all)) => Yarn::magnitude(factor, one) / Yarn::magnitude(factor, all),
                None => Yarn::magnitude(factor, 1.0),
            };
            Ok(Stretch::Yarn(Yarn {
                factor,
                n_original: original(),
                beta_fast: optional("beta_fast").unwrap_or(32.0),
                beta_slow: optional("beta_slow").unwrap_or(1.0),
                amplitude: optional("attention_factor").unwrap_or(amplitude),
                rounds_ramp: settings.get("truncate").and_then(Value::as_bool).unwrap_or(true),
            }))
        }
        "longrope" | "su" => {
            let divisors = |name: &str| {
                let values = settings.get(name).and_then(Value::as_array);
                let values = values.map(|v| v.iter().filter_map(Value::as_f64).collect());
                values.ok_or_else(|| ModelError::Missing(format!("rope setting {name}")))
            };
            let (short, long) = (divisors("short_factor")?, divisors("long_factor")?);
            let amplitude = optional("attention_factor");
            Ok(long_stretch(short, long, original(), (shape, amplitude)))
        }
        other => Err(unsupported(other)),
    }
}

fn of_gguf(checkpoint: &mut Checkpoint, shape: &Shape) -> Result<Stretch, ModelError> {
    if checkpoint.has(SHORT_DIVISORS, None) {
        let short = wide(&checkpoint.vector(SHORT_DIVISORS, None)?);
        let long = wide(&checkpoint.vector(LONG_DIVISORS, None)?);
        let original = original_of_gguf(checkpoint, shape);
        let amplitude = checkpoint.float(Key::gguf("rope.scaling.attn_factor"));
        return Ok(long_stretch(short, long, original, (shape, amplitude)));
    }
    // Llama 3.1 and later carry their stretch as one divisor for each pair.
    if checkpoint.has(DIVISORS, None) {
        return Ok(Stretch::Divisors(wide(&checkpoint.vector(DIVISORS, None)?)));
    }
    // The second key is an older name of the first. Zero stands for one, and a factor without a type
    // is linear (llama.cpp, `llama_model_base::load_hparams`).
    let factor = ["rope.scaling.factor", "rope.scale_linear"]
        .into_iter()
        .find_map(|key| checkpoint.float(Key::gguf(key)))
        .map_or(1.0, |factor| if factor == 0.0 { 1.0 } else { factor });
    match checkpoint.text(Key::gguf("rope.scaling.type")).unwrap_or("linear") {
        "none" => Ok(Stretch::None),
        "linear" => Ok(Stretch::Linear { factor }),
        "yarn" => {
            let float = |key: &'static str| checkpoint.float(Key::gguf(key));
            // DeepSeek's own magnitude lies in the scale of its scores.
            let is_in_scores = float("rope.scaling.yarn_log_multiplier").is_some();
            let magnitude = if is_in_scores { 1.0 } else { Yarn::magnitude(factor, 1.0) };
            Ok(Stretch::Yarn(Yarn {
                factor,
                n_original: original_of_gguf(checkpoint, shape),
                beta_fast: float("rope.scaling.yarn_beta_fast").unwrap_or(32.0),
                beta_slow: float("rope.scaling.yarn_beta_slow").unwrap_or(1.0),
                amplitude: magnitude * float("rope.scaling.attn_factor").unwrap_or(1.0),
                rounds_ramp: true,
            }))
        }
        other => Err(unsupported(other)),
    }
}

fn original_of_gguf(checkpoint: &Checkpoint, shape: &Shape) -> f64 {
    let original = checkpoint.number(Key::gguf("rope.scaling.original_context_length"));
    original.unwrap_or(shape.context_tokens) as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a length in tokens")]
fn long_stretch(
    short: Vec<f64>,
    long: Vec<f64>,
    n_original: f64,
    (shape, amplitude): (&Shape, Option<f64>),
) -> Stretch {
    let factor = shape.context_tokens as f64 / n_original;
    let usual = if factor > 1.0 { (1.0 + factor.ln() / n_original.ln()).sqrt() } else { 1.0 };
    Stretch::Long {
        short,
        long,
        n_original: n_original as usize,
        amplitude: amplitude.unwrap_or(usual),
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

fn unsupported(found: &str) -> ModelError {
    ModelError::Unsupported {
        what: "the rope scaling",
        found: found.to_owned(),
        supported: SUPPORTED.to_owned(),
    }
}
