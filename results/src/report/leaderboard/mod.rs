//! A leaderboard: models × tasks over many runs.

mod layout;
mod ranks;

use serde::Serialize;

use super::ReportedRun;
use crate::Summary;
use crate::metric::Estimate;

pub use layout::LeaderboardFormat;
use ranks::RankRange;

/// A run on a leaderboard.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its figures; the first one counts.
    pub summary: &'a Summary,
    /// Hex SHA-256 over its items, as the plan has it.
    pub items_sha256: &'a str,
}

impl<'a> From<&ReportedRun<'a>> for Entry<'a> {
    fn from(run: &ReportedRun<'a>) -> Self {
        let items_sha256 = &run.file.plan().dataset.items_sha256;
        Self { summary: run.summary, items_sha256 }
    }
}

/// Models × tasks, each cell with its interval, its n and its possible ranks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Leaderboard {
    /// The version of this layout.
    pub schema: &'static str,
    /// The columns, in the order in which runs named them.
    pub tasks: Vec<TaskColumn>,
    /// The rows, the best in the first column first.
    pub rows: Vec<ModelRow>,
    /// Runs without a figure, which have no place: none of their samples was graded, or they are rated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// A task as a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskColumn {
    /// The task's name.
    pub task: String,
    /// Its version.
    pub task_version: u32,
    /// The split.
    pub split: String,
    /// Whether its runs are over different items, so that their figures are not of one kind.
    pub items_differ: bool,
}

/// A model as a row. A model with several runs of one task has as many rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelRow {
    /// The model's name.
    pub model: String,
    /// Which of the model's rows this is, counted from 1.
    pub run: usize,
    /// One cell a column; `None` where the model has no graded run of the task.
    pub cells: Vec<Option<Cell>>,
}

/// A figure with what is needed to judge it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// The figure's name, such as `pass@1[avg-of-64]`.
    pub metric: String,
    /// The estimate.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// The ranks that the intervals leave open.
    pub rank: RankRange,
    /// Whether no figure of the column is higher, where there are several.
    pub is_best: bool,
    /// The remark on a partial source, if the run has one.
    pub partial_source: Option<String>,
    /// Whether every sample of the plan was graded.
    pub complete: bool,
    /// The run file.
    pub run_file: String,
}

impl Leaderboard {
    /// Arranges runs.
    pub fn new(entries: &[Entry<'_>]) -> Self {
        let columns = columns(entries);
        let mut rows: Vec<ModelRow> = Vec::new();
        let mut left_out = Vec::new();
        for entry in entries {
            let Some(cell) = cell(entry.summary) else {
                left_out.push(left_out_text(entry.summary));
                continue;
            };
            let column = columns.iter().position(|column| column.is_of(entry.summary));
            let column = column.expect("every entry has its column");
            place(&mut rows, &entry.summary.model, (columns.len(), column), cell);
        }
        for column in 0..columns.len() {
            ranks::fill_in(rows.iter_mut().filter_map(|row| row.cells[column].as_mut()).collect());
        }
        rows.sort_by(|a, b| order(b).partial_cmp(&order(a)).expect("figures are numbers"));
        Self { schema: "evalrun.leaderboard/1", tasks: columns, rows, left_out }
    }
}

impl TaskColumn {
    fn is_of(&self, summary: &Summary) -> bool {
        (&self.task, self.task_version, &self.split)
            == (&summary.task, summary.task_version, &summary.split)
    }
}

fn left_out_text(summary: &Summary) -> String {
    let why = match summary.counts {
        counts if counts.answered > 0 => "its answers are rated and not graded",
        _ => "no sample of it was graded",
    };
    format!("{} of {}: {why} ({})", summary.task, summary.model, summary.run_file)
}

fn columns(entries: &[Entry<'_>]) -> Vec<TaskColumn> {
    let mut columns: Vec<(TaskColumn, &str)> = Vec::new();
    for Entry { summary, items_sha256 } in entries {
        match columns.iter_mut().find(|(column, _)| column.is_of(summary)) {
            Some((column, first)) => column.items_differ |= first != items_sha256,
            None => columns.push((
                TaskColumn {
                    task: summary.task.clone(),
                    task_version: summary.task_version,
                    split: summary.split.clone(),
                    items_differ: false,
                },
                items_sha256,
            )),
        }
    }
    columns.into_iter().map(|(column, _)| column).collect()
}

fn cell(summary: &Summary) -> Option<Cell> {
    let figure = summary.metrics.first()?;
    Some(Cell {
        metric: figure.name.clone(),
        estimate: figure.estimate,
        rank: RankRange::default(),
        is_best: false,
        partial_source: summary.partial_source.clone(),
        complete: summary.complete,
        run_file: summary.run_file.clone(),
    })
}

/// Puts a cell into the model's first row that has room for it.
fn place(rows: &mut Vec<ModelRow>, model: &str, (n_columns, column): (usize, usize), cell: Cell) {
    let mut of_model = rows.iter_mut().filter(|row| row.model == model);
    if let Some(row) = of_model.find(|row| row.cells[column].is_none()) {
        row.cells[column] = Some(cell);
        return;
    }
    let run = rows.iter().filter(|row| row.model == model).count() + 1;
    let mut cells = vec![None; n_columns];
    cells[column] = Some(cell);
    rows.push(ModelRow { model: model.to_owned(), run, cells });
}

/// By the first column, then the next; no figure counts as the lowest.
fn order(row: &ModelRow) -> Vec<f64> {
    row.cells.iter().map(|cell| cell.as_ref().map_or(-1.0, |c| c.estimate.value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Interval;
    use crate::{Counts, Figure, Tokens};

    fn summary(model: &str, task: &str, (low, value, high): (f64, f64, f64)) -> Summary {
        let estimate = Estimate {
            value,
            stderr: Some((high - low) / 4.0),
            ci95: Interval { low, high },
            n_items: 30,
            n_samples: 120,
        };
        let (id, name) = ("pass_at_1".to_owned(), "pass@1[avg-of-4]".to_owned());
        let json = serde_json::json!({
            "schema": "", "task": task, "task_version": 1, "split": "test", "model": model,
            "n_items": 30, "n_items_full": 30, "partial_source": null, "n_samples": 4, "seed": 0,
            "complete": true, "counts": Counts::default(), "metrics": [],
            "tokens": Tokens::default(), "wall_s": 1.0, "run_file": format!("{model}-{task}.db"),
        });
        let summary: Summary = serde_json::from_value(json).expect("a summary");
        Summary { metrics: vec![Figure { id, name, estimate }], ..summary }
    }

    fn board(summaries: &[Summary]) -> Leaderboard {
        let entry = |summary| Entry { summary, items_sha256: "a" };
        Leaderboard::new(&summaries.iter().map(entry).collect::<Vec<_>>())
    }

    /// The rows as text: model and run, then value, ranks and a star for the best.
    fn shown(board: &Leaderboard) -> Vec<String> {
        let cell = |cell: &Option<Cell>| {
            cell.as_ref().map_or(" -".to_owned(), |c| {
                let star = if c.is_best { "*" } else { "" };
                format!(" {}{star} {}..{}", c.estimate.value, c.rank.best, c.rank.worst)
            })
        };
        let row = |row: &ModelRow| {
            format!("{}/{}:{}", row.model, row.run, row.cells.iter().map(cell).collect::<String>())
        };
        board.rows.iter().map(row).collect()
    }

    #[test]
    fn ranks_are_as_wide_as_overlapping_intervals_make_them() {
        let board = board(&[
            summary("low", "t", (0.1, 0.2, 0.3)),
            summary("high", "t", (0.7, 0.8, 0.9)),
            summary("mid", "t", (0.35, 0.5, 0.72)),
            summary("low", "u", (0.1, 0.2, 0.3)),
        ]);
        assert_eq!(
            shown(&board),
            ["high/1: 0.8* 1..2 -", "mid/1: 0.5 1..2 -", "low/1: 0.2 3..3 0.2 1..1"]
        );
    }

    #[test]
    fn a_second_run_of_a_model_has_a_row_of_its_own() {
        let board = board(&[
            summary("m", "t", (0.1, 0.2, 0.3)),
            summary("m", "t", (0.1, 0.2, 0.3)),
            summary("m", "u", (0.5, 0.6, 0.7)),
        ]);
        assert_eq!(shown(&board), ["m/1: 0.2* 1..2 0.6 1..1", "m/2: 0.2* 1..2 -"]);
    }

    #[test]
    fn runs_over_other_items_are_marked() {
        let runs = [summary("a", "t", (0.1, 0.2, 0.3)), summary("b", "t", (0.1, 0.2, 0.3))];
        let entries = [
            Entry { summary: &runs[0], items_sha256: "a" },
            Entry { summary: &runs[1], items_sha256: "b" },
        ];
        assert!(Leaderboard::new(&entries).tasks[0].items_differ);
        assert!(!board(&runs).tasks[0].items_differ);
    }
}
