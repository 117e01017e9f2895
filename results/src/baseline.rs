//! Baselines: what comparisons need of runs, small enough to be committed and without any text of
//! prompts, answers or targets.
//!
//! One line per item, so that a new baseline shows as a readable difference. Outcomes are letters in
//! the order of samples: `C` correct, `I` incorrect, `U` unparsed, `T` truncated, `F` failed. From them
//! follow pass@1, pass@k and the shares of truncated and unparsed samples; `measured` has the rest.
//! Ratings of dialogues stand apart, by judge, with what identifies the judge.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tasks::{ItemId, Verdict};

use crate::compare::{Side, series};
use crate::error::CompareError;
use crate::metric::{ItemMetric, ItemSeries};
use crate::rating::{JudgeSeries, by_dialogue};
use crate::{Outcome, Plan, RunFile, StoreError};

/// The version of the layout.
const SCHEMA: &str = "evalrun.baseline/1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: String,
    runs: Vec<RunEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunEntry {
    created_at: String,
    plan: Plan,
    #[serde(default)]
    judges: Vec<JudgeSeries>,
    items: Vec<ItemEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemEntry {
    item: ItemId,
    outcomes: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    measured: BTreeMap<ItemMetric, f64>,
}

/// The baseline of one or more runs.
pub fn baseline<'a>(runs: impl IntoIterator<Item = &'a RunFile>) -> Result<String, StoreError> {
    let invariant = "plans and series are plain data";
    let mut entries = Vec::new();
    for run in runs {
        let items = series(run)?.into_iter().map(|series| {
            let entry = ItemEntry {
                outcomes: series.outcomes.iter().map(|outcome| letter(*outcome)).collect(),
                item: series.item,
                measured: series.measured,
            };
            format!("    {}", serde_json::to_string(&entry).expect(invariant))
        });
        let items = items.collect::<Vec<_>>().join(",\n");
        let plan = serde_json::to_string(run.plan()).expect(invariant);
        let created_at = serde_json::to_string(&run.created_at()?).expect(invariant);
        let judges = by_dialogue(run)?;
        let judges = match serde_json::to_string(&judges).expect(invariant) {
            _ if judges.is_empty() => String::new(),
            judges => format!("\n   \"judges\": {judges},"),
        };
        entries.push(format!(
            "  {{\"created_at\": {created_at},\n   \"plan\": {plan},{judges}\n   \"items\": [\n{items}\n  ]}}"
        ));
    }
    let mut text = String::new();
    let _ = writeln!(text, "{{\"schema\": \"{SCHEMA}\", \"runs\": [\n{}\n]}}", entries.join(",\n"));
    Ok(text)
}

/// The sides in the run file or baseline at `path`.
pub fn read_sides(path: &Path) -> Result<Vec<Side>, CompareError> {
    let label = path.display().to_string();
    let refuse = |reason: String| CompareError::Baseline { path: path.to_owned(), reason };
    // A run file is a database; a baseline starts with a brace.
    let is_json = || -> std::io::Result<bool> {
        let mut start = [0; 1];
        std::io::Read::read(&mut std::fs::File::open(path)?, &mut start)?;
        Ok(start == *b"{")
    };
    if !is_json().unwrap_or(false) {
        return Ok(vec![Side::of_run(label, RunFile::open(path)?)?]);
    }
    let text = std::fs::read_to_string(path).map_err(|err| refuse(err.to_string()))?;
    let document: Document = serde_json::from_str(&text).map_err(|err| refuse(err.to_string()))?;
    if document.schema != SCHEMA {
        return Err(refuse(format!("its schema is {}, not {SCHEMA}", document.schema)));
    }
    let side = |run: RunEntry| {
        let items = run.items.into_iter().map(|entry| entry.series().map_err(&refuse));
        let label = match run.created_at.get(..10) {
            Some(day) => format!("{label} ({}, {day})", run.plan.task),
            None => format!("{label} ({})", run.plan.task),
        };
        Ok(Side::of_series(label, run.plan, items.collect::<Result<_, _>>()?, run.judges))
    };
    document.runs.into_iter().map(side).collect()
}

impl ItemEntry {
    fn series(self) -> Result<ItemSeries, String> {
        let outcomes = self.outcomes.chars().map(|letter| {
            outcome(letter).ok_or_else(|| format!("item {}: no outcome is `{letter}`", self.item))
        });
        let outcomes = outcomes.collect::<Result<_, _>>()?;
        Ok(ItemSeries { item: self.item, outcomes, measured: self.measured })
    }
}

fn letter(outcome: Outcome) -> char {
    match outcome {
        Outcome::Judged(Verdict::Correct) => 'C',
        Outcome::Judged(Verdict::Incorrect) => 'I',
        Outcome::Judged(Verdict::Unparsed) => 'U',
        Outcome::Judged(Verdict::Truncated) => 'T',
        Outcome::Judged(Verdict::Answered) => 'A',
        Outcome::Failed => 'F',
    }
}

fn outcome(letter: char) -> Option<Outcome> {
    match letter {
        'C' => Some(Outcome::Judged(Verdict::Correct)),
        'I' => Some(Outcome::Judged(Verdict::Incorrect)),
        'U' => Some(Outcome::Judged(Verdict::Unparsed)),
        'T' => Some(Outcome::Judged(Verdict::Truncated)),
        'A' => Some(Outcome::Judged(Verdict::Answered)),
        'F' => Some(Outcome::Failed),
        _ => None,
    }
}
