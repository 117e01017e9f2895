//! `evalrun tasks`, `evalrun models` and `evalrun runs`.

use comfy_table::{ContentArrangement, Table, presets};
use results::metric::Estimate;
use results::report::count;
use results::{Figure, RunFile, Summary};
use serde_json::json;
use tasks::{Task, suite};

use super::args::{ListArgs, RunsArgs};
use super::{Context, print, run_file};
use crate::assets;
use crate::error::EvalrunError;
use crate::exit_code::ExitCode;
use crate::plan::MODELS;

pub(crate) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    table
}

/// Lists the built-in tasks.
pub(super) fn tasks(args: &ListArgs) -> Result<ExitCode, EvalrunError> {
    let all = suite::all()?;
    if args.json {
        print::json(&all.iter().map(task_json).collect::<Vec<_>>())?;
        return Ok(ExitCode::Ok);
    }
    let mut table = table(["task", "what", "items", "defaults", "from"]);
    for task in &all {
        let sampling = &task.defaults.sampling;
        let defaults = format!(
            "{} × temperature {}, {} tokens",
            task.defaults.n_samples, sampling.temperature, sampling.max_tokens
        );
        let n_items = task.dataset.n_items.to_string();
        table.add_row([&task.name, &task.title, &n_items, &defaults, &task.defaults.source]);
    }
    print::result(&format!("{table}\n"))?;
    Ok(ExitCode::Ok)
}

fn task_json(task: &Task) -> serde_json::Value {
    json!({
        "name": task.name,
        "version": task.version,
        "title": task.title,
        "language": task.language,
        "n_items": task.dataset.n_items,
        "splits": task.split_names(),
        "n_samples": task.defaults.n_samples,
        "sampling": task.defaults.sampling,
        "sampling_source": task.defaults.source,
        "extractor": task.extractor,
        "judge": task.judge,
    })
}

/// Lists the models that can be named.
pub(super) fn models(args: &ListArgs, context: &Context) -> Result<ExitCode, EvalrunError> {
    let mut table = table(["model", "what", "size", "here", "terms"]);
    let mut entries = Vec::new();
    for name in MODELS {
        let asset = assets::find(name)?;
        let located = context.store.locate(asset, &context.display)?;
        let here = if located.is_some() { "yes" } else { "no" };
        let size = indicatif::HumanBytes(asset.n_bytes).to_string();
        table.add_row([name, &asset.title, &size, here, &asset.terms]);
        entries.push(json!({ "model": name, "title": asset.title, "here": located.is_some() }));
    }
    if args.json {
        print::json(&entries)?;
    } else {
        print::result(&format!(
            "{table}\nBesides these, --model takes a GGUF file, a folder with config.json and safetensors files, hf:org/name[@revision][:file.gguf], or with --base-url a server's model.\nArchitectures: {}.\n",
            crate::backend::embedded::architectures().join(", ")
        ))?;
    }
    Ok(ExitCode::Ok)
}

/// The first figure of a run with the items behind it.
fn headline(summary: &Summary) -> String {
    let rating = || {
        let judge = summary.ratings.judges.first()?;
        let average = judge.average?;
        let items = count(average.n_questions, "item");
        Some(format!("rating {:.2} (n = {items}) by {}", average.value, judge.judge))
    };
    let figure = |figure: &Figure| {
        let Estimate { value, n_items, .. } = figure.estimate;
        format!("{} {:.1} % (n = {})", figure.name, value * 100.0, count(n_items, "item"))
    };
    let figure = summary.metrics.first().map(figure);
    figure.or_else(rating).unwrap_or_else(|| "–".to_owned())
}

/// Lists run files, the damaged ones too.
pub(super) fn runs(args: &RunsArgs) -> Result<ExitCode, EvalrunError> {
    let mut table = table(["run", "task", "model", "created", "graded", "score"]);
    let mut entries = Vec::new();
    for path in run_file::list(&args.out)? {
        let name =
            path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let read = || -> Result<(String, Summary), results::StoreError> {
            let run = RunFile::open(&path)?;
            Ok((run.created_at()?, run.summary()?))
        };
        match read() {
            Ok((created_at, summary)) => {
                let counts = summary.counts;
                let mark = if summary.complete { "" } else { ", INCOMPLETE" };
                let graded = format!("{}/{}{mark}", counts.n_graded(), counts.planned);
                let score = headline(&summary);
                table.add_row([&name, &summary.task, &summary.model, &created_at, &graded, &score]);
                entries.push(json!({ "run": name, "created_at": created_at, "summary": summary }));
            }
            Err(err) => {
                table.add_row([&name, "unreadable", "", "", "", &err.to_string()]);
                entries.push(json!({ "run": name, "error": err.to_string() }));
            }
        }
    }
    if args.json {
        print::json(&entries)?;
    } else if entries.is_empty() {
        print::result(&format!("no run files in {}\n", args.out.display()))?;
    } else {
        print::result(&format!("{table}\n"))?;
    }
    Ok(ExitCode::Ok)
}
