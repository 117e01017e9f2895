//! Figures of one model over several tasks.
//!
//! A mean over tasks says something where each task has the same figure. So a figure is averaged where
//! every run of the model has it under the same id, and not otherwise: leaving a task out would change
//! the mean silently, and shares of problems solved, of prompts followed and ratings are not one scale.

use serde::Serialize;

use super::interval;
use crate::metric::{Estimate, average_by_items, macro_average};
use crate::{Figure, Summary};

/// The means of one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Averages {
    /// The version of this layout.
    pub schema: &'static str,
    /// The model.
    pub model: String,
    /// The tasks, in the order of the runs.
    pub tasks: Vec<String>,
    /// Whether every run is complete.
    pub complete: bool,
    /// The figures that all tasks have.
    pub figures: Vec<AverageFigure>,
}

/// One figure over several tasks, which are taken as independent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AverageFigure {
    /// The figure's id in each task.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Every task counts the same.
    pub by_task: Estimate,
    /// Every item counts the same.
    pub by_item: Estimate,
}

/// The means of every model that has runs of several tasks, and one of each: which of two runs of a task
/// to take cannot be known. Models without a common figure are absent.
pub fn averages(summaries: &[Summary]) -> Vec<Averages> {
    let mut models: Vec<&str> = Vec::new();
    for summary in summaries {
        if !models.contains(&summary.model.as_str()) {
            models.push(&summary.model);
        }
    }
    models.into_iter().filter_map(|model| of_model(model, summaries)).collect()
}

fn of_model(model: &str, summaries: &[Summary]) -> Option<Averages> {
    let runs: Vec<&Summary> = summaries.iter().filter(|summary| summary.model == model).collect();
    let tasks: Vec<String> = runs.iter().map(|run| run.task.clone()).collect();
    let is_once = |task: &String| tasks.iter().filter(|other| *other == task).count() == 1;
    if tasks.len() < 2 || !tasks.iter().all(is_once) {
        return None;
    }
    let mut ids: Vec<&str> = Vec::new();
    for figure in runs.iter().flat_map(|run| &run.metrics) {
        if is_averaged(figure) && !ids.contains(&figure.id.as_str()) {
            ids.push(&figure.id);
        }
    }
    let figures: Vec<_> = ids.into_iter().filter_map(|id| figure(id, &runs)).collect();
    let complete = runs.iter().all(|run| run.complete);
    let (schema, model) = ("evalrun.averages/1", model.to_owned());
    (!figures.is_empty()).then_some(Averages { schema, model, tasks, complete, figures })
}

/// Whether the figure is about a task as a whole.
fn is_averaged(figure: &Figure) -> bool {
    let is_part = figure.id.contains('=') || figure.id.starts_with("family_");
    figure.is_headline() && !is_part && figure.id != "gold_letter_only"
}

fn figure(id: &str, runs: &[&Summary]) -> Option<AverageFigure> {
    // A consensus over other numbers of votes is another figure.
    if id == "cons_at_n" && runs.iter().any(|run| run.n_samples != runs[0].n_samples) {
        return None;
    }
    let of_runs = runs.iter().map(|run| of_run(id, run));
    let of_runs: Vec<&Figure> = of_runs.collect::<Option<_>>()?;
    let estimates: Vec<Estimate> = of_runs.iter().map(|figure| figure.estimate).collect();
    Some(AverageFigure {
        id: id.to_owned(),
        name: common_name(&of_runs.iter().map(|f| f.name.as_str()).collect::<Vec<_>>()),
        by_task: macro_average(&estimates)?,
        by_item: average_by_items(&estimates)?,
    })
}

/// A run whose samples are all finished has the same figure over all of them as over finished ones.
fn of_run<'a>(id: &str, run: &'a Summary) -> Option<&'a Figure> {
    let find = |id: &str| run.metrics.iter().find(|figure| figure.id == id);
    let is_finished = run.counts.unparsed + run.counts.truncated == 0;
    let over_all = id.strip_suffix("_completed").filter(|_| is_finished);
    find(id).or_else(|| over_all.and_then(find))
}

/// The longest name, without what it is averaged over where tasks differ in that.
fn common_name(names: &[&str]) -> String {
    let longest = names.iter().max_by_key(|name| name.len()).copied().unwrap_or_default();
    if names.iter().all(|name| *name == longest) {
        return longest.to_owned();
    }
    match (longest.find('['), longest.find(']')) {
        (Some(start), Some(end)) => format!("{}{}", &longest[..start], &longest[end + 1..]),
        _ => longest.to_owned(),
    }
}

/// What tables say of the means: a line a figure of each model.
pub(super) const HEADER: [&str; 4] = ["model", "figure", "mean over tasks", "mean over items"];

/// The rows of a table of means.
pub(super) fn rows(averages: &[Averages]) -> Vec<[String; 4]> {
    let row = |of_model: &Averages, figure: &AverageFigure| {
        let n_tasks = of_model.tasks.len();
        let unfinished = if of_model.complete { "" } else { ", INCOMPLETE" };
        [
            of_model.model.clone(),
            figure.name.clone(),
            format!("{}, n = {n_tasks} tasks{unfinished})", interval(&figure.by_task)),
            format!(
                "{}, n = {} items{unfinished})",
                interval(&figure.by_item),
                figure.by_item.n_items
            ),
        ]
    };
    averages.iter().flat_map(|m| m.figures.iter().map(move |figure| row(m, figure))).collect()
}

/// Which tasks the means are over, a sentence a model.
pub(super) fn notes(averages: &[Averages]) -> Vec<String> {
    let note = |of_model: &Averages| {
        format!("means of {}: over {}", of_model.model, of_model.tasks.join(", "))
    };
    averages.iter().map(note).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Interval;
    use crate::{Counts, Tokens};

    /// A run of `task` with figures `(id, name, value, n_items)`.
    fn run(task: &str, n_samples: u32, figures: &[(&str, &str, f64, usize)]) -> Summary {
        let figure = |(id, name, value, n_items): &(&str, &str, f64, usize)| Figure {
            id: (*id).to_owned(),
            name: (*name).to_owned(),
            estimate: Estimate {
                value: *value,
                stderr: Some(0.03),
                ci95: Interval { low: value - 0.06, high: value + 0.06 },
                n_items: *n_items,
                n_samples: *n_items,
            },
        };
        let json = serde_json::json!({
            "schema": "", "task": task, "task_version": 1, "split": "test", "model": "m",
            "n_items": 30, "n_items_full": 30, "partial_source": null, "n_samples": n_samples,
            "seed": 0, "complete": true, "counts": Counts::default(), "metrics": [],
            "tokens": Tokens::default(), "wall_s": 1.0, "run_file": "",
        });
        let summary: Summary = serde_json::from_value(json).expect("a summary");
        Summary { metrics: figures.iter().map(figure).collect(), ..summary }
    }

    fn check(runs: &[Summary], expected: &[&str]) {
        let show = |figure: &AverageFigure| {
            let (by_task, by_item) = (figure.by_task, figure.by_item);
            format!(
                "{} {:.3} ±{:.4} {:.3}",
                figure.name,
                by_task.value,
                by_task.value - by_task.ci95.low,
                by_item.value
            )
        };
        let found = averages(runs);
        let shown: Vec<String> = found.iter().flat_map(|m| m.figures.iter().map(show)).collect();
        assert_eq!(shown, expected);
    }

    const PASS: &str = "pass_at_1";

    #[test]
    fn what_all_tasks_have_is_averaged() {
        let a = || {
            run("a", 4, &[(PASS, "pass@1[avg-of-4]", 0.2, 30), ("cons_at_n", "cons@4", 0.4, 30)])
        };
        let b = run("b", 1, &[(PASS, "pass@1[avg-of-1]", 0.8, 90)]);
        // The half width of two independent halves of 0.06 each is 0.06 / √2.
        check(&[a(), b.clone()], &["pass@1 0.500 ±0.0424 0.650"]);
        let c =
            run("c", 4, &[(PASS, "pass@1[avg-of-4]", 0.8, 90), ("cons_at_n", "cons@4", 0.9, 90)]);
        check(&[a(), c], &["pass@1[avg-of-4] 0.500 ±0.0424 0.650", "cons@4 0.650 ±0.0424 0.775"]);
        let other_n = run("c", 8, &[("cons_at_n", "cons@8", 0.9, 90)]);
        check(&[a(), other_n], &[]);
        let ifeval = run("ifeval", 1, &[("prompt_strict", "prompt strict", 0.5, 541)]);
        check(&[a(), b, ifeval], &[]);
        // Two runs of one task, or one task only.
        check(&[a(), a()], &[]);
        check(&[a()], &[]);
    }

    #[test]
    fn a_finished_run_has_one_figure_for_two() {
        let done = run("a", 1, &[(PASS, "pass@1[avg-of-1]", 0.2, 30)]);
        let completed = ("pass_at_1_completed", "pass@1[avg-of-1], completed only", 0.8, 20);
        let cut = run("b", 1, &[(PASS, "pass@1[avg-of-1]", 0.6, 30), completed]);
        let expected =
            ["pass@1[avg-of-1] 0.400 ±0.0424 0.400", "pass@1, completed only 0.500 ±0.0424 0.440"];
        check(&[done, cut], &expected);
    }
}
