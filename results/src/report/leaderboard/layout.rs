//! A leaderboard as text.

use comfy_table::{ContentArrangement, Table, presets};

use super::{Cell, Leaderboard, ModelRow, TaskColumn};
use crate::report::{csv, latex};

/// The layouts of a leaderboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaderboardFormat {
    /// A table for a terminal.
    Table,
    /// A Markdown table.
    Markdown,
    /// A LaTeX table.
    Latex,
    /// Comma-separated values, one line per model and task.
    Csv,
    /// JSON for machines.
    Json,
}

const UNFINISHED: &str = "†";
const PARTIAL: &str = "‡";
const OTHER_ITEMS: &str = "≠";

impl Leaderboard {
    /// The leaderboard in a layout.
    pub fn render(&self, format: LeaderboardFormat) -> String {
        match format {
            LeaderboardFormat::Table => self.table(),
            LeaderboardFormat::Markdown => self.markdown(),
            LeaderboardFormat::Latex => self.latex(),
            LeaderboardFormat::Csv => self.csv(),
            LeaderboardFormat::Json => {
                serde_json::to_string_pretty(self).expect("a leaderboard is plain data") + "\n"
            }
        }
    }

    fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(["model".to_owned()].into_iter().chain(self.tasks.iter().map(header)));
        for row in &self.rows {
            let cells = row.cells.iter().map(|cell| match cell {
                // A star, because the table may end up in a file, where escapes for bold are noise.
                Some(cell) if cell.is_best => format!("*{}", whole(cell)),
                Some(cell) => whole(cell),
                None => "–".to_owned(),
            });
            table.add_row([label(row)].into_iter().chain(cells));
        }
        format!("{table}\n* best of its column\n{}", self.notes("", "\n"))
    }

    fn markdown(&self) -> String {
        let escape = |text: &str| text.replace('\\', "\\\\").replace('|', "\\|").replace('\n', " ");
        let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let headers = ["model".to_owned()].into_iter().chain(self.tasks.iter().map(header));
        let mut text = row(headers.map(|header| escape(&header)).collect());
        text += &row(vec!["---".to_owned(); self.tasks.len() + 1]);
        for model in &self.rows {
            let cells = model.cells.iter().map(|cell| match cell {
                Some(cell) if cell.is_best => format!("**{}** {}", value(cell), remarks(cell)),
                Some(cell) => whole(cell),
                None => "–".to_owned(),
            });
            text += &row([escape(&label(model))].into_iter().chain(cells).collect());
        }
        format!("{text}\n{}", self.notes("- ", "\n"))
    }

    fn latex(&self) -> String {
        let row = |cells: Vec<String>| format!("{} \\\\\n", cells.join(" & "));
        let mut text =
            format!("\\begin{{tabular}}{{l{}}}\n\\toprule\n", "l".repeat(self.tasks.len()));
        let headers = ["model".to_owned()].into_iter().chain(self.tasks.iter().map(header));
        text += &row(headers.map(|header| latex::escape(&header)).collect());
        text += "\\midrule\n";
        for model in &self.rows {
            let cells = model.cells.iter().map(|cell| match cell {
                Some(cell) => {
                    let (value, remarks) =
                        (latex::escape(&value(cell)), latex::escape(&remarks(cell)));
                    let value = if cell.is_best { format!("\\textbf{{{value}}}") } else { value };
                    format!("{value} {{\\scriptsize {remarks}}}")
                }
                None => "--".to_owned(),
            });
            text += &row([latex::escape(&label(model))].into_iter().chain(cells).collect());
        }
        let notes = self.notes("% ", "\n");
        format!("{text}\\bottomrule\n\\end{{tabular}}\n{notes}")
    }

    fn csv(&self) -> String {
        let mut text =
            "model,run,task,task_version,split,metric,value,ci95_low,ci95_high,n_items,n_samples,\
rank_best,rank_worst,best,complete,partial_source,items_differ,run_file\n"
                .to_owned();
        for model in &self.rows {
            for (task, cell) in self.tasks.iter().zip(&model.cells) {
                let Some(cell) = cell else { continue };
                let estimate = cell.estimate;
                let cells = [
                    model.model.clone(),
                    model.run.to_string(),
                    task.task.clone(),
                    task.task_version.to_string(),
                    task.split.clone(),
                    cell.metric.clone(),
                    estimate.value.to_string(),
                    estimate.ci95.low.to_string(),
                    estimate.ci95.high.to_string(),
                    estimate.n_items.to_string(),
                    estimate.n_samples.to_string(),
                    cell.rank.best.to_string(),
                    cell.rank.worst.to_string(),
                    cell.is_best.to_string(),
                    cell.complete.to_string(),
                    cell.partial_source.clone().unwrap_or_default(),
                    task.items_differ.to_string(),
                    cell.run_file.clone(),
                ];
                text += &csv::line(cells);
            }
        }
        text
    }

    /// What the signs mean, each line between `start` and `end`.
    fn notes(&self, start: &str, end: &str) -> String {
        let mut notes = vec![
            "±: half the width of the 95 % interval; n: items; #: ranks that the intervals leave open"
                .to_owned(),
        ];
        let cells = || self.rows.iter().flat_map(|row| row.cells.iter().flatten());
        if cells().any(|cell| !cell.complete) {
            notes.push(format!("{UNFINISHED} unfinished run: not every sample was graded"));
        }
        for (task_idx, task) in self.tasks.iter().enumerate() {
            let cells = self.rows.iter().filter_map(|row| row.cells[task_idx].as_ref());
            let mut partial: Vec<&str> =
                cells.filter_map(|cell| cell.partial_source.as_deref()).collect();
            partial.dedup();
            if !partial.is_empty() {
                notes.push(format!("{PARTIAL} {}: {}", task.task, partial.join("; ")));
            }
            if task.items_differ {
                notes.push(format!(
                    "{OTHER_ITEMS} {}: the runs are over different items, so their figures and ranks do not compare",
                    task.task
                ));
            }
        }
        notes.extend(self.left_out.iter().map(|run| format!("left out: {run}")));
        let line = |note: String| format!("{start}{note}{end}");
        notes.into_iter().map(line).collect()
    }
}

fn header(task: &TaskColumn) -> String {
    let split = if task.split == "test" { String::new() } else { format!(" ({})", task.split) };
    let sign = if task.items_differ { format!(" {OTHER_ITEMS}") } else { String::new() };
    format!("{} v{}{split}{sign}", task.task, task.task_version)
}

fn label(row: &ModelRow) -> String {
    if row.run == 1 { row.model.clone() } else { format!("{} (run {})", row.model, row.run) }
}

fn whole(cell: &Cell) -> String {
    format!("{} {}", value(cell), remarks(cell))
}

fn value(cell: &Cell) -> String {
    format!("{:.1}", cell.estimate.value * 100.0)
}

/// Interval, n, ranks and signs.
fn remarks(cell: &Cell) -> String {
    let estimate = cell.estimate;
    let half = (estimate.ci95.high - estimate.ci95.low) / 2.0 * 100.0;
    let n = match (estimate.n_items, estimate.n_samples) {
        (items, samples) if items == samples => items.to_string(),
        (items, samples) => format!("{items}, {samples} samples"),
    };
    let rank = match (cell.rank.best, cell.rank.worst) {
        (best, worst) if best == worst => best.to_string(),
        (best, worst) => format!("{best}–{worst}"),
    };
    let unfinished = if cell.complete { "" } else { UNFINISHED };
    let partial = if cell.partial_source.is_some() { PARTIAL } else { "" };
    format!("± {half:.1} (n = {n}) #{rank}{unfinished}{partial}")
}
