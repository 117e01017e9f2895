//! Lines and figures.

use judges::calls::Judged;
use judges::calls::decode::Mode;
use results::metric::calls::{
    CategoryScore, CategoryScores, MEANS, Sensitivity, ShownMean, sensitivity,
};
use results::metric::{Estimate, ItemScore, clustered};
use serde_json::{Map, Value, json};
use tasks::calls::Category;

use super::super::Scored;
use super::super::instructions::shown;
use super::{Graded, Outcome};
use crate::cli::table;

pub(super) fn scored(graded: &[Graded], mode: Mode) -> Scored {
    let scores = scores(graded, |verdict, _| verdict.is_ok());
    let corrected = self::scores(graded, |verdict, corrected| corrected.unwrap_or(verdict).is_ok());
    let upstream = upstream_scores(graded);
    let mut figures = table(["", "score", "corrected"]);
    let mut categories = Map::new();
    for (category, theirs) in &upstream {
        let Some(score) = scores.get(category) else {
            let cell = format!("none was judged{}", as_upstream(theirs.accuracy()));
            figures.add_row([category.name().to_owned(), cell, String::new()]);
            let entry = json!({ "correct": 0, "total": 0, "upstream": theirs });
            categories.insert(category.name().to_owned(), entry);
            continue;
        };
        let fixed = corrected[category];
        let is_changed = fixed != *score;
        let beside = if is_changed { shown(items(&fixed)) } else { String::new() };
        let mut entry = json!({
            "correct": score.n_correct,
            "total": score.n_total,
            "accuracy": items(score),
        });
        if is_changed {
            entry["corrected"] = json!(items(&fixed));
        }
        let mut cell = shown(items(score));
        if theirs != score {
            cell += &as_upstream(theirs.accuracy());
            entry["upstream"] = json!(theirs);
        }
        figures.add_row([category.name().to_owned(), cell, beside]);
        categories.insert(category.name().to_owned(), entry);
    }
    let mut means = Map::new();
    for node in MEANS {
        let mean = ShownMean::of(node, &scores).counted_as_upstream(node, &upstream);
        let fixed = ShownMean::of(node, &corrected);
        let beside = if scores == corrected { String::new() } else { fixed.text() };
        figures.add_row([node.name.to_owned(), mean.text(), beside]);
        means.insert(node.name.to_owned(), json!(mean));
    }
    let n_failed =
        graded.iter().filter(|graded| matches!(graded.outcome, Outcome::Failed { .. })).count();
    let mut summary = json!({ "mode": mode_name(mode), "categories": categories, "means": means });
    if let Some(spread) = spread(graded) {
        summary["format_sensitivity"] = spread_json(&spread);
    }
    Scored { lines: graded.iter().map(line).collect(), table: figures, summary, n_failed }
}

fn items(score: &CategoryScore) -> Option<Estimate> {
    let values = (0..score.n_total).map(|idx| f64::from(u8::from(idx < score.n_correct)));
    let items: Vec<ItemScore> = values.map(|value| ItemScore { value, n_samples: 1 }).collect();
    clustered(&items)
}

/// Upstream's figure where requests failed.
fn as_upstream(share: f64) -> String {
    format!(" (upstream counts outages as replies: {:.2} %)", 100.0 * share)
}

pub(super) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Prompting => "prompting",
        Mode::Native => "fc",
        Mode::Hermes => "hermes",
    }
}

pub(super) fn scores(
    graded: &[Graded],
    is_right: impl Fn(&Judged, Option<&Judged>) -> bool,
) -> CategoryScores {
    let mut scores = CategoryScores::new();
    for Graded { category, outcome, .. } in graded {
        if let Outcome::Judged { verdict, corrected } = outcome {
            let right = is_right(verdict, corrected.as_ref().map(|(_, corrected)| corrected));
            count(&mut scores, (*category, right));
        }
    }
    scores
}

/// The same as upstream counts, with what it stored for requests that failed.
fn upstream_scores(graded: &[Graded]) -> CategoryScores {
    let mut scores = CategoryScores::new();
    for Graded { category, outcome, .. } in graded {
        if let Some(verdict) = outcome.upstream() {
            count(&mut scores, (*category, verdict.is_ok()));
        }
    }
    scores
}

fn count(scores: &mut CategoryScores, (category, is_right): (Category, bool)) {
    let score = scores.entry(category).or_insert(CategoryScore { n_correct: 0, n_total: 0 });
    score.n_correct += usize::from(is_right);
    score.n_total += 1;
}

/// The spread over prompt configurations, where there are any.
pub(super) fn spread(graded: &[Graded]) -> Option<Sensitivity> {
    let mut scores: Vec<(String, CategoryScore)> = Vec::new();
    let formatted = graded.iter().filter(|g| g.category == Category::FormatSensitivity);
    for graded in formatted {
        let Outcome::Judged { verdict, .. } = &graded.outcome else { continue };
        let name = graded.row.id.split(':').nth(1).unwrap_or_default();
        let idx = scores.iter().position(|(other, _)| other == name).unwrap_or_else(|| {
            scores.push((name.to_owned(), CategoryScore { n_correct: 0, n_total: 0 }));
            scores.len() - 1
        });
        scores[idx].1.n_correct += usize::from(verdict.is_ok());
        scores[idx].1.n_total += 1;
    }
    (!scores.is_empty()).then(|| sensitivity(scores))
}

fn spread_json(spread: &Sensitivity) -> Value {
    let of_config = |(name, score): &(String, CategoryScore)| {
        let CategoryScore { n_correct, n_total } = score;
        let figures =
            json!({ "accuracy": score.accuracy(), "correct": n_correct, "total": n_total });
        (name.clone(), figures)
    };
    let configurations: Map<String, Value> =
        spread.per_configuration.iter().map(of_config).collect();
    json!({
        "max_delta": spread.max_delta,
        "standard_deviation": spread.standard_deviation,
        "configurations": configurations,
    })
}

fn line(graded: &Graded) -> Value {
    let id = &graded.row.id;
    let (verdict, corrected) = match &graded.outcome {
        Outcome::Failed { reason, .. } => {
            return json!({ "id": id, "valid": null, "error_type": null, "reason": reason });
        }
        Outcome::Judged { verdict, corrected } => (verdict, corrected),
    };
    let mut line = json!({
        "id": id,
        "valid": verdict.is_ok(),
        "error_type": verdict.as_ref().err().map(|failure| failure.error_type.name()),
        "reason": verdict.as_ref().err().map(|failure| failure.reason.as_str()),
    });
    if let Some((errors, corrected)) = corrected {
        let errors = errors.iter().map(|e| format!("{}: {}", e.parameter, e.kind.describe()));
        let errors: Vec<String> = errors.collect();
        line["corrected"] = json!({ "valid": corrected.is_ok(), "errors": errors });
    }
    line
}
