//! Rows of reports that tell of ratings.

use super::radar::{escape, radar_of};
use super::{Coverage, JudgeRatings, PairRatings, Panel, RatingEstimate};
use crate::Summary;

/// A label, and a cell for every run.
pub(crate) type Row = (String, Vec<String>);

/// The rows about ratings, in order; none where no run has any.
pub(crate) fn lines(summaries: &[Summary]) -> Vec<Row> {
    let mut labels: Vec<String> = Vec::new();
    let of_runs: Vec<Vec<(String, String)>> = summaries.iter().map(of_run).collect();
    for (label, _) in of_runs.iter().flatten() {
        if !labels.contains(label) {
            labels.push(label.clone());
        }
    }
    let cell = |rows: &Vec<(String, String)>, label: &str| {
        let row = rows.iter().find(|(known, _)| known == label);
        row.map_or_else(|| "–".to_owned(), |(_, cell)| cell.clone())
    };
    let row = |label: String| {
        let cells = of_runs.iter().map(|rows| cell(rows, &label)).collect();
        (label, cells)
    };
    labels.into_iter().map(row).collect()
}

/// Ratings as a part of a page: the chart, and the rows with a column for every run. Empty where no run
/// has any.
pub(crate) fn html_section(summaries: &[Summary]) -> String {
    let rows = lines(summaries);
    if rows.is_empty() {
        return String::new();
    }
    let cell = |tag: &str, text: &str| format!("<{tag}>{}</{tag}>", escape(text));
    let names = summaries.iter().map(|s| cell("th", &format!("{}, {}", s.model, s.task)));
    let head: String = [cell("th", "")].into_iter().chain(names).collect();
    let row = |(label, cells): &(String, Vec<String>)| {
        let cells: String = cells.iter().map(|text| cell("td", text)).collect();
        format!("<tr>{}{cells}</tr>", cell("th", label))
    };
    let body: String = rows.iter().map(row).collect();
    format!(
        "<section aria-label=\"Ratings by language models\"><h2>Ratings by language models</h2>\
         {}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></section>",
        radar_of(summaries).unwrap_or_default()
    )
}

fn of_run(summary: &Summary) -> Vec<(String, String)> {
    let ratings = &summary.ratings;
    let judges = ratings.judges.iter().flat_map(of_judge);
    let panels = ratings.panels.iter().flat_map(of_panel);
    judges.chain(panels).chain(ratings.pairs.iter().flat_map(of_pair)).collect()
}

fn of_judge(judge: &JudgeRatings) -> Vec<(String, String)> {
    let name = &judge.judge;
    let mut rows = vec![(format!("rating by {name}"), estimate(judge.average.as_ref(), 2))];
    let mut add = |label: String, cell: String| rows.push((label, cell));
    for part in &judge.turns {
        add(format!("  turn {}, {name}", part.name), estimate(Some(&part.estimate), 2));
    }
    for part in &judge.categories {
        add(format!("  {}, {name}", part.name), estimate(Some(&part.estimate), 2));
    }
    add(format!("  coverage, {name}"), coverage(&judge.coverage));
    let differs = match (judge.upstream_average, judge.average) {
        (Some(upstream), Some(average)) if judge.n_samples == 1 => {
            (upstream - average.value).abs() > 1e-9
        }
        _ => false,
    };
    if let (Some(upstream), true) = (judge.upstream_average, differs) {
        add(
            format!("  as upstream, {name}"),
            format!("{upstream:.2}, ratings out of range included"),
        );
    }
    if let Some(spread) = judge.spread {
        let cell = format!("{spread:.2} (mean SD of {} replies)", judge.n_samples);
        add(format!("  spread, {name}"), cell);
    }
    if let Some(share) = judge.in_language {
        let cell = format!(
            "{:.1} % (95 % CI {:.1}–{:.1}, n = {} answers)",
            share.value * 100.0,
            share.ci95.low * 100.0,
            share.ci95.high * 100.0,
            share.n_samples
        );
        add(format!("  in the asked language, {name}"), cell);
    }
    if let Some(correlation) = judge.length_correlation {
        let cell = format!("Spearman {:+.2} (n = {})", correlation.value, correlation.n);
        add(format!("  rating and length, {name}"), cell);
    }
    rows
}

fn of_panel(panel: &Panel) -> Vec<(String, String)> {
    let n = panel.judges.len();
    let set = match panel.prompts {
        tasks::PromptSet::Upstream => String::new(),
        tasks::PromptSet::Language => ", language prompts".to_owned(),
    };
    let alpha = panel.alpha.map_or_else(|| "–".to_owned(), |alpha| format!("{alpha:.3}"));
    vec![
        (format!("mean of {n} judges{set}"), estimate(panel.mean.as_ref(), 2)),
        (format!("median of {n} judges{set}"), estimate(panel.median.as_ref(), 2)),
        (
            format!("agreement of {n} judges{set}"),
            format!(
                "Krippendorff's alpha {alpha}; {} of {} rated answers by all",
                panel.n_shared, panel.n_rated
            ),
        ),
    ]
}

fn of_pair(pair: &PairRatings) -> Vec<(String, String)> {
    let result = pair.comparison;
    let title = format!("against {}, {}", pair.opponent, pair.judge);
    let percent = |share: Option<f64>| {
        share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
    };
    let adjusted = result.adjusted_win_rate.map(|rate| RatingEstimate {
        value: rate.value * 100.0,
        ci95: rate
            .ci95
            .map(|ci| crate::metric::Interval { low: ci.low * 100.0, high: ci.high * 100.0 }),
        ..rate
    });
    vec![
        (
            title.clone(),
            format!(
                "{} won, {} tied, {} lost; win rate {}, loss rate {}",
                result.n_wins,
                result.n_ties,
                result.n_losses,
                percent(result.win_rate),
                percent(result.loss_rate)
            ),
        ),
        (format!("  adjusted win rate in %, {title}"), estimate(adjusted.as_ref(), 1)),
        (
            format!("  position, {title}"),
            format!(
                "{} consistent, {} flips, the first of two wins {}",
                percent(result.consistency),
                result.n_flips,
                percent(result.first_wins)
            ),
        ),
        (format!("  games, {title}"), coverage(&pair.coverage)),
    ]
}

fn estimate(estimate: Option<&RatingEstimate>, digits: usize) -> String {
    let Some(estimate) = estimate else { return "none: nothing was judged".to_owned() };
    let interval = estimate.ci95.map_or_else(String::new, |ci| {
        format!("95 % CI {:.digits$}–{:.digits$}, ", ci.low, ci.high)
    });
    format!("{:.digits$} ({interval}n = {} questions)", estimate.value, estimate.n_questions)
}

fn coverage(coverage: &Coverage) -> String {
    let remarks = [
        (coverage.unparsed, "unparsed"),
        (coverage.failed, "failed"),
        (coverage.pending, "pending"),
        (coverage.reminded, "after a reminder"),
    ];
    let remarks = remarks.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}"));
    let judged = format!("{} of {} judged", coverage.judged, coverage.planned);
    [judged].into_iter().chain(remarks).collect::<Vec<_>>().join(", ")
}
