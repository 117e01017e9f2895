//! `IFEval` and ruIFEval: responses against the instructions of their prompts.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use judges::extract::{ReasoningState, visible};
use judges::instructions::{
    InstructionVerdict, Instructions, Language, LanguageData, LanguageFile, check,
};
use rayon::prelude::*;
use results::metric::{Estimate, ItemScore, clustered};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Scored, file};
use crate::assets::{self, Asset, AssetStore};
use crate::cli::table;
use crate::display::Display;
use crate::error::EvalrunError;

/// A row of the data set (`input_data.jsonl` of google-research, `ruIFEval_v0.1.jsonl`).
#[derive(Deserialize)]
struct Row {
    key: Value,
    prompt: String,
    instruction_id_list: Vec<String>,
    kwargs: Vec<Map<String, Value>>,
}

/// A row of a response file, as upstream writes it.
#[derive(Deserialize)]
struct Response {
    prompt: String,
    response: String,
}

/// A graded response.
struct Graded {
    key: Value,
    instructions: Instructions,
    verdict: InstructionVerdict,
    is_unfinished: bool,
}

/// One way to count.
#[derive(Clone, Copy)]
enum Reading {
    Strict,
    Loose,
    CorrectedStrict,
    CorrectedLoose,
}

impl Reading {
    fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Loose => "loose",
            Self::CorrectedStrict => "strict, data errors corrected",
            Self::CorrectedLoose => "loose, data errors corrected",
        }
    }

    fn of(self, verdict: &InstructionVerdict) -> &[bool] {
        let corrected = verdict.corrected.as_ref();
        match self {
            Self::Strict => &verdict.strict,
            Self::Loose => &verdict.loose,
            Self::CorrectedStrict => corrected.map_or(&verdict.strict, |c| &c.strict),
            Self::CorrectedLoose => corrected.map_or(&verdict.loose, |c| &c.loose),
        }
    }
}

/// Grades a response file.
pub(super) fn score(
    language: Language,
    samples: &Path,
    (store, display): (&AssetStore, &Display),
) -> Result<Scored, EvalrunError> {
    let asset = assets::find(match language {
        Language::English => "ifeval",
        Language::Russian => "ruifeval",
    })?;
    let (inputs, data) = rayon::join(
        || inputs(asset, samples, (store, display)),
        || language_data(language, (store, display)).inspect(LanguageData::read_ahead),
    );
    let ((rows, responses), data) = (inputs?, data?);
    let by_prompt: HashMap<&str, &Row> =
        rows.iter().map(|row| (row.prompt.as_str(), row)).collect();
    let graded: Vec<Graded> = responses
        .par_iter()
        .map(|(line, response)| {
            let refuse = |reason: String| EvalrunError::Samples {
                path: samples.to_owned(),
                line: *line,
                reason,
            };
            let row = by_prompt.get(response.prompt.as_str()).ok_or_else(|| {
                let start: String = response.prompt.chars().take(80).collect();
                refuse(format!("{} has no prompt `{start}…`", asset.name))
            })?;
            grade(row, &response.response, language, &data).map_err(refuse)
        })
        .collect::<Result<_, _>>()?;
    if graded.len() < rows.len() {
        display.note(&format!(
            "{}: {} responses for {} prompts; the figures are over the responses",
            asset.name,
            graded.len(),
            rows.len()
        ));
    }
    Ok(scored(&graded))
}

/// The rows of the data set, and of the response file with their lines.
type Inputs = (Vec<Row>, Vec<(usize, Response)>);

fn inputs(
    asset: &Asset,
    samples: &Path,
    (store, display): (&AssetStore, &Display),
) -> Result<Inputs, EvalrunError> {
    // A file without responses needs no data to be refused.
    let responses = file::responses(samples)?;
    Ok((file::rows(store.fetch(asset, display)?.path())?, responses))
}

/// The files that checks may need. Those of the other language are not fetched.
pub(crate) fn language_data(
    language: Language,
    (store, display): (&AssetStore, &Display),
) -> Result<LanguageData, EvalrunError> {
    let mut paths = Vec::new();
    for file in LanguageFile::of(language) {
        let asset = assets::manifest().iter().find(|asset| asset.sha256 == file.sha256());
        let asset = asset.expect("every language file is an asset");
        paths.push((*file, store.fetch(asset, display)?.path().to_owned()));
    }
    Ok(LanguageData::new(paths))
}

/// Grades what follows the reasoning. Reasoning that never ends follows no instruction.
fn grade(
    row: &Row,
    response: &str,
    language: Language,
    data: &LanguageData,
) -> Result<Graded, String> {
    let instructions = Instructions::parse(language, &row.instruction_id_list, &row.kwargs)
        .map_err(|err| format!("row {} of the data: {err}", row.key))?;
    let seen = visible(response, false);
    let is_unfinished = seen.reasoning == ReasoningState::Unclosed;
    let verdict = if is_unfinished {
        let n = row.instruction_id_list.len();
        InstructionVerdict {
            strict: vec![false; n],
            loose: vec![false; n],
            reasons: vec!["the reasoning section never ended".to_owned(); n],
            corrected: None,
        }
    } else {
        check(&instructions, seen.response(), data).map_err(|err| err.to_string())?
    };
    Ok(Graded { key: row.key.clone(), instructions, verdict, is_unfinished })
}

fn scored(graded: &[Graded]) -> Scored {
    let mut readings = vec![Reading::Strict, Reading::Loose];
    if graded.iter().any(|graded| graded.verdict.corrected.is_some()) {
        readings.extend([Reading::CorrectedStrict, Reading::CorrectedLoose]);
    }
    let mut figures = table(["", "prompts", "instructions"]);
    let mut summary = Map::new();
    for reading in readings {
        let (prompts, instructions) = (by_prompt(graded, reading), by_instruction(graded, reading));
        figures.add_row([reading.name().to_owned(), shown(prompts), shown(instructions)]);
        summary.insert(
            reading.name().replace(", ", "_").replace(' ', "_"),
            json!({ "prompts": prompts, "instructions": instructions }),
        );
    }
    let n_unfinished = graded.iter().filter(|graded| graded.is_unfinished).count();
    if n_unfinished > 0 {
        figures.add_row(["reasoning never ended", &n_unfinished.to_string(), ""]);
    }
    summary.insert("reasoning_never_ended".to_owned(), json!(n_unfinished));
    let families = families(graded);
    for (family, [n, strict, loose]) in &families {
        let rate = |n_followed: &usize| 100.0 * *n_followed as f64 / *n as f64;
        let cell = format!("strict {:.1} %, loose {:.1} % (n = {n})", rate(strict), rate(loose));
        figures.add_row([family.as_str(), "", &cell]);
    }
    summary.insert("families".to_owned(), json!(families));
    let lines = graded.iter().map(line).collect();
    Scored { lines, table: figures, summary: summary.into(), n_failed: 0 }
}

fn line(graded: &Graded) -> Value {
    let verdict = &graded.verdict;
    let mut line = json!({
        "key": graded.key,
        "strict": verdict.strict,
        "loose": verdict.loose,
        "reasons": verdict.reasons,
    });
    if let Some(corrected) = &verdict.corrected {
        let errors = corrected.errors.iter();
        let errors: Vec<String> =
            errors.map(|(idx, error)| format!("instruction {idx}: {error}")).collect();
        line["corrected"] =
            json!({ "strict": corrected.strict, "loose": corrected.loose, "errors": errors });
    }
    line
}

/// The share of prompts whose instructions are all followed.
fn by_prompt(graded: &[Graded], reading: Reading) -> Option<Estimate> {
    let scores = graded.iter().map(|graded| {
        let is_followed = reading.of(&graded.verdict).iter().all(|followed| *followed);
        ItemScore { value: f64::from(u8::from(is_followed)), n_samples: 1 }
    });
    clustered(&scores.collect::<Vec<_>>())
}

/// The share of instructions that are followed, each counting once; those of one prompt are a
/// cluster, so the standard error is that of a ratio of sums (Cochran, "Sampling Techniques", 6.4).
fn by_instruction(graded: &[Graded], reading: Reading) -> Option<Estimate> {
    let counts: Vec<(f64, f64)> = graded
        .iter()
        .map(|graded| {
            let followed = reading.of(&graded.verdict);
            (followed.iter().filter(|f| **f).count() as f64, followed.len() as f64)
        })
        .collect();
    let n_instructions: f64 = counts.iter().map(|(_, n)| n).sum();
    if n_instructions == 0.0 {
        return None;
    }
    let value = counts.iter().map(|(followed, _)| followed).sum::<f64>() / n_instructions;
    results::metric::ratio(value, &counts)
}

/// Instructions of each family: all, strictly followed, loosely followed.
fn families(graded: &[Graded]) -> BTreeMap<String, [usize; 3]> {
    let mut families: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for graded in graded {
        let flags = graded.verdict.strict.iter().zip(&graded.verdict.loose);
        for (instruction, (strict, loose)) in graded.instructions.iter().zip(flags) {
            let counts = families.entry(instruction.family().to_owned()).or_default();
            counts[0] += 1;
            counts[1] += usize::from(*strict);
            counts[2] += usize::from(*loose);
        }
    }
    families
}

pub(super) fn shown(estimate: Option<Estimate>) -> String {
    estimate.map_or_else(String::new, |estimate| {
        format!(
            "{:.1} % (95 % CI {:.1}–{:.1}, n = {})",
            100.0 * estimate.value,
            100.0 * estimate.ci95.low,
            100.0 * estimate.ci95.high,
            estimate.n_samples
        )
    })
}
