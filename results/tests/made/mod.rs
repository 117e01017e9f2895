//! A made-up plan.

use std::collections::BTreeMap;

use results::{DatasetPlan, Plan};
use tasks::{
    EpisodeKind, ExtractorKind, Fingerprint, JudgeKind, Language, MetricKind, Sampling, Split,
};

/// A plan of a task `made` with two items.
pub fn plan() -> Plan {
    Plan {
        task: "made".to_owned(),
        task_version: 1,
        title: "Made up".to_owned(),
        language: Language::English,
        definition_sha256: "d".repeat(64),
        dataset: DatasetPlan {
            split: Split::Test,
            source: Some("made".to_owned()),
            sha256: Some("a".repeat(64)),
            n_items_full: 3,
            n_items_source: 2,
            n_items: 2,
            items_sha256: "b".repeat(64),
        },
        system: None,
        episode: EpisodeKind::SingleTurn,
        extractor: ExtractorKind::MathAnswer,
        judge: JudgeKind::Integer,
        math_judge: None,
        judge_version: 1,
        metrics: vec![MetricKind::PassAt1, MetricKind::ConsAtN],
        breakdown: Vec::new(),
        shuffle: None,
        prompt_format: None,
        calls: None,
        texts: results::Texts::Public,
        sampling: sampling(),
        temperatures: tasks::Temperatures::default(),
        reasoning_tokens: None,
        sampling_source: "nowhere".to_owned(),
        n_samples: 2,
        run_seed: 0,
        model: Fingerprint {
            backend: "scripted".to_owned(),
            model: "m".to_owned(),
            weights_sha256: None,
            details: BTreeMap::new(),
        },
    }
}

/// Its sampling parameters.
pub fn sampling() -> Sampling {
    Sampling {
        temperature: 0.5,
        top_p: None,
        top_k: None,
        min_p: None,
        repetition_penalty: None,
        presence_penalty: None,
        frequency_penalty: None,
        max_tokens: 9,
        stop: vec![],
    }
}
