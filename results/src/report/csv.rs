//! Comma-separated values (RFC 4180): one line per run and metric, and one per mean over
//! tasks.

use super::means::{Averages, averages};
use crate::Summary;
use crate::metric::Estimate;

const HEADER: &str = "task,task_version,split,model,n_items,n_items_full,partial_source,n_samples,seed,complete,\
metric,value,stderr,ci95_low,ci95_high,metric_n_items,correct,incorrect,unparsed,truncated,failed,pending,\
prompt_tokens,completion_tokens,wall_s,run_file\n";

pub(super) fn render(summaries: &[Summary]) -> String {
    let mut text = HEADER.to_owned();
    for summary in summaries {
        if summary.metrics.is_empty() {
            text += &row(summary, [const { String::new() }; 6]);
        }
        for figure in &summary.metrics {
            let estimate = figure.estimate;
            text += &row(
                summary,
                [
                    figure.name.clone(),
                    estimate.value.to_string(),
                    estimate.stderr.map_or_else(String::new, |stderr| stderr.to_string()),
                    estimate.ci95.low.to_string(),
                    estimate.ci95.high.to_string(),
                    estimate.n_items.to_string(),
                ],
            );
        }
    }
    for of_model in averages(summaries) {
        for figure in &of_model.figures {
            text += &mean_row(&of_model, &figure.name, "tasks", figure.by_task);
            text += &mean_row(&of_model, &figure.name, "items", figure.by_item);
        }
    }
    text
}

/// A mean over tasks: it has no run of its own, so that most columns are empty.
fn mean_row(averages: &Averages, metric: &str, over: &str, estimate: Estimate) -> String {
    let n_tasks = averages.tasks.len();
    let task = format!("mean over {over} ({n_tasks} tasks: {})", averages.tasks.join(" "));
    let mut cells = vec![String::new(); HEADER.trim_end().split(',').count()];
    let known = [
        ("task", task),
        ("model", averages.model.clone()),
        ("complete", averages.complete.to_string()),
        ("metric", metric.to_owned()),
        ("value", estimate.value.to_string()),
        ("stderr", estimate.stderr.map_or_else(String::new, |stderr| stderr.to_string())),
        ("ci95_low", estimate.ci95.low.to_string()),
        ("ci95_high", estimate.ci95.high.to_string()),
        ("metric_n_items", estimate.n_items.to_string()),
    ];
    for (name, cell) in known {
        let column = HEADER.trim_end().split(',').position(|column| column == name);
        cells[column.expect("the header has every column")] = cell;
    }
    line(cells)
}

fn row(summary: &Summary, metric: [String; 6]) -> String {
    let counts = summary.counts;
    let run = [
        summary.task.clone(),
        summary.task_version.to_string(),
        summary.split.clone(),
        summary.model.clone(),
        summary.n_items.to_string(),
        summary.n_items_full.to_string(),
        summary.partial_source.clone().unwrap_or_default(),
        summary.n_samples.to_string(),
        summary.seed.to_string(),
        summary.complete.to_string(),
    ];
    let counts = [
        counts.correct,
        counts.incorrect,
        counts.unparsed,
        counts.truncated,
        counts.failed,
        counts.pending,
    ];
    let totals = [
        summary.tokens.prompt.to_string(),
        summary.tokens.completion.to_string(),
        summary.wall_s.to_string(),
        summary.run_file.clone(),
    ];
    let cells = run.into_iter().chain(metric).chain(counts.map(|n| n.to_string())).chain(totals);
    line(cells)
}

/// The cells as one line, quoted where they need it.
pub(super) fn line(cells: impl IntoIterator<Item = String>) -> String {
    cells.into_iter().map(|cell| quote(&cell)).collect::<Vec<_>>().join(",") + "\n"
}

fn quote(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
