//! How much a model's accuracy depends on the format of its prompt.

use super::CategoryScore;

/// The spread over prompt configurations, in points of a hundred, rounded to two decimals as upstream
/// writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensitivity {
    /// Accuracy by configuration, in the order in which they were met.
    pub per_configuration: Vec<(String, CategoryScore)>,
    /// The largest difference.
    pub max_delta: f64,
    /// The standard deviation of the sample.
    pub standard_deviation: f64,
}

/// The spread of accuracies; none over one configuration.
pub fn sensitivity(per_configuration: Vec<(String, CategoryScore)>) -> Sensitivity {
    let values: Vec<f64> = per_configuration.iter().map(|(_, score)| score.accuracy()).collect();
    let (mut max_delta, mut standard_deviation) = (0.0, 0.0);
    if values.len() > 1 {
        let max = values.iter().copied().fold(f64::MIN, f64::max);
        let min = values.iter().copied().fold(f64::MAX, f64::min);
        max_delta = rounded((max - min) * 100.0);
        standard_deviation = rounded(deviation(&values) * 100.0);
    }
    Sensitivity { per_configuration, max_delta, standard_deviation }
}

/// The standard deviation of a sample of two or more.
pub(super) fn deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

/// `round(value, 2)`.
pub(super) fn rounded(value: f64) -> f64 {
    format!("{value:.2}").parse().expect("a number was written")
}

/// The 26 configurations, in upstream's order (`get_all_format_sensitivity_configs`).
pub fn configurations() -> Vec<String> {
    let config = |format: &str, tag: &str, docs: &str, prompt: &str, style: &str| {
        format!(
            "ret_fmt={format}&tool_call_tag={tag}&func_doc_fmt={docs}&prompt_fmt={prompt}&style={style}"
        )
    };
    let mut all = Vec::new();
    for format in ["python", "json", "verbose_xml", "concise_xml"] {
        for tag in ["True", "False"] {
            for docs in ["python", "xml", "json"] {
                all.push(config(format, tag, docs, "plaintext", "classic"));
            }
        }
    }
    all.push(config("python", "False", "json", "markdown", "classic"));
    all.push(config("python", "False", "json", "plaintext", "experimental"));
    all
}
