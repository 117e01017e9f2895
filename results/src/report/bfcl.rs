//! Runs of BFCL's categories together: each with its score, and the means above them.

use std::collections::BTreeMap;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use tasks::calls::Category;

use super::{estimate_text, share, tokens};
use crate::metric::Estimate;
use crate::metric::calls::{
    self, CategoryScore, CategoryScores, Cost, MEANS, ModelRow, Sensitivity, ShownMean, Usage,
    leaderboard, sensitivity,
};
use crate::{Figure, Summary};

/// The categories of one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BfclScore {
    /// The version of this layout.
    pub schema: &'static str,
    /// The model.
    pub model: String,
    /// Right and judged samples by category.
    pub categories: BTreeMap<&'static str, CategoryScore>,
    /// Categories of which not every entry was judged, with the judged and all of them.
    pub not_whole: BTreeMap<&'static str, [usize; 2]>,
    /// The means by name, the overall score among them.
    pub means: BTreeMap<&'static str, ShownMean>,
}

/// The category of a run.
fn category(summary: &Summary) -> Option<Category> {
    Category::named(summary.task.strip_prefix("bfcl:")?)
}

/// The scores of every model that has runs of several categories, and one of each: which of two runs of
/// a category to take cannot be known.
pub fn bfcl_scores(summaries: &[Summary]) -> Vec<BfclScore> {
    models(summaries).into_iter().filter_map(|model| of_model(model, summaries)).collect()
}

fn models(summaries: &[Summary]) -> Vec<&str> {
    let mut models: Vec<&str> = Vec::new();
    for summary in summaries {
        if !models.contains(&summary.model.as_str()) {
            models.push(&summary.model);
        }
    }
    models
}

fn of_model(model: &str, summaries: &[Summary]) -> Option<BfclScore> {
    let runs: Vec<(Category, &Summary)> = summaries
        .iter()
        .filter(|summary| summary.model == model)
        .filter_map(|summary| Some((category(summary)?, summary)))
        .collect();
    let scores = scores(&runs);
    if scores.len() < 2 || scores.len() < runs.len() {
        return None;
    }
    let not_whole = runs.iter().filter(|(_, run)| !is_whole(run));
    let not_whole = not_whole.map(|(category, run)| {
        let n_judged = run.metrics.first().map_or(0, |figure| figure.estimate.n_items);
        (category.name(), [n_judged, run.n_items_full])
    });
    Some(BfclScore {
        schema: "evalrun.bfcl/1",
        model: model.to_owned(),
        categories: scores.iter().map(|(category, score)| (category.name(), *score)).collect(),
        not_whole: not_whole.collect(),
        means: MEANS.iter().map(|node| (node.name, ShownMean::of(node, &scores))).collect(),
    })
}

/// Categories with a graded sample.
fn scores(runs: &[(Category, &Summary)]) -> CategoryScores {
    let score = |(category, run): &(Category, &Summary)| {
        let n_total = run.counts.n_graded();
        (n_total > 0)
            .then_some((*category, CategoryScore { n_correct: run.counts.correct, n_total }))
    };
    runs.iter().filter_map(score).collect()
}

/// Whether every entry was judged. Conversations that fill memories are items besides.
fn is_whole(run: &Summary) -> bool {
    run.complete && run.n_items >= run.n_items_full
}

/// A table with a row for each category, where runs are categories of one model and nothing else.
pub(super) fn table(summaries: &[Summary]) -> Option<String> {
    let scored = bfcl_scores(summaries);
    let [scored] = scored.as_slice() else { return None };
    if !summaries.iter().all(|summary| category(summary).is_some()) {
        return None;
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    let title = format!("BFCL v4, {}", scored.model);
    table.set_header([title.as_str(), "score", "unparsed", "truncated", "failed", "tokens"]);
    for summary in summaries {
        let counts = summary.counts;
        let of_graded = |n| share(n, counts.n_graded());
        let name = summary.task.trim_start_matches("bfcl:");
        table.add_row([
            name.to_owned(),
            score_text(summary),
            of_graded(counts.unparsed),
            of_graded(counts.truncated),
            share(counts.failed, counts.n_graded() + counts.failed),
            tokens(summary),
        ]);
    }
    for node in MEANS {
        table.add_row([format!("= {}", node.name), scored.means[node.name].text()]);
    }
    let mut text = format!("{table}\n");
    if !scored.not_whole.is_empty() {
        let part = |(name, [n, of]): (&&str, &[usize; 2])| format!("{name} {n} of {of}");
        let parts: Vec<String> = scored.not_whole.iter().map(part).collect();
        text.extend(["entries judged, where not all: ", &parts.join(", "), "\n"]);
    }
    text.extend(summaries.iter().map(|summary| format!("run file: {}\n", summary.run_file)));
    Some(text)
}

fn score_text(summary: &Summary) -> String {
    let figure = |id: &str| summary.metrics.iter().find(|figure| figure.id == id);
    match (figure("pass_at_1"), figure("data_corrected")) {
        (None, _) => "none: no sample was graded".to_owned(),
        (Some(plain), None) => estimate_text(&plain.estimate),
        (Some(plain), Some(corrected)) => format!(
            "{}; {:.1} % without wrong data",
            estimate_text(&plain.estimate),
            100.0 * corrected.estimate.value
        ),
    }
}

/// Upstream's tables of scores (`generate_leaderboard_csv`), a row for each model. What run files do not
/// say is `N/A`.
pub fn bfcl_tables(summaries: &[Summary]) -> Vec<calls::Table> {
    let unknown = || "N/A".to_owned();
    let rows = models(summaries).into_iter().map(|model| {
        let runs: Vec<(Category, &Summary)> = summaries
            .iter()
            .filter(|summary| summary.model == model)
            .filter_map(|summary| Some((category(summary)?, summary)))
            .collect();
        ModelRow {
            // Upstream quotes nothing.
            name: model.replace([',', '\n'], " "),
            link: unknown(),
            organization: unknown(),
            license: unknown(),
            cost: Cost::Time,
            usage: Usage::default(),
            scores: scores(&runs),
            sensitivity: runs.iter().find_map(|(category, run)| {
                (*category == Category::FormatSensitivity).then(|| spread(run)).flatten()
            }),
        }
    });
    leaderboard(&rows.collect::<Vec<_>>())
}

/// The spread over prompt configurations, by which runs of format sensitivity break their score down.
fn spread(run: &Summary) -> Option<Sensitivity> {
    let of_config = |figure: &Figure| {
        let config = figure.id.strip_prefix("config=")?;
        let Estimate { value, n_samples, .. } = figure.estimate;
        let n_correct = (0..=n_samples).find(|n| *n as f64 >= value * n_samples as f64 - 0.5);
        let score = CategoryScore { n_correct: n_correct.unwrap_or(n_samples), n_total: n_samples };
        Some((config.to_owned(), score))
    };
    let scores: Vec<_> = run.metrics.iter().filter_map(of_config).collect();
    (!scores.is_empty()).then(|| sensitivity(scores))
}
