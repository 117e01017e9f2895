//! Comma-separated values (RFC 4180): one line per run and metric.

use crate::Summary;

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
    text
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
