//! HumanEval, MBPP and their plus versions: programs in `EvalPlus`'s sample format.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use judges::code::{CodeVerdict, Ending, Status, Submission, SuiteVerdict, Suites, grade_many};
use judges::extract::code::{self, Program};
use results::metric::{EVALPLUS_KS, tests_passed};
use results::report::count;
use results::{ItemOutcomes, Outcome, SampleOutcome};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tasks::{
    CodeBenchmark, CodeTests, Detail, ExtractorKind, Finish, ItemId, ProgramOutcome, Verdict,
};

use super::instructions::shown;
use super::{ScoreSettings, Scored, file};
use crate::assets::AssetStore;
use crate::cli::table;
use crate::display::Display;
use crate::error::EvalrunError;
use crate::programs::{Interpreter, graders, rows_of_file};

/// A row of a sample file. `solution` is a whole program, `completion` what follows the prompt; the
/// former counts where both are there (`evalplus/evaluate.py`, 0.3.1).
#[derive(Deserialize)]
struct Sample {
    task_id: String,
    solution: Option<String>,
    completion: Option<String>,
}

/// What a problem's row is needed for here.
#[derive(Deserialize)]
struct Problem {
    prompt: String,
    entry_point: String,
}

/// What became of a sample.
enum Graded {
    /// It was run.
    Run(CodeVerdict),
    /// The extractor asked for found no program in it.
    Unparsed,
    /// The data set has no such problem.
    UnknownProblem,
    /// The machine could not run it.
    Failed(String),
}

/// Grades a sample file.
pub(super) fn score(
    (benchmark, tests): (CodeBenchmark, CodeTests),
    path: &Path,
    settings: ScoreSettings<'_>,
    resources: (&AssetStore, &Display),
) -> Result<Scored, EvalrunError> {
    let (lines, samples): (Vec<usize>, Vec<Sample>) = file::responses(path)?.into_iter().unzip();
    let mut rows = rows_of_file(data(benchmark), resources)?;
    let n_problems = rows.len();
    let named: HashSet<&str> = samples.iter().map(|sample| sample.task_id.as_str()).collect();
    rows.retain(|task_id, _| named.contains(task_id.as_str()));
    let problems = problems(&rows);
    let (known, submissions) = submissions(&samples, &problems, settings.extractor)
        .map_err(|(idx, reason)| (lines[idx], reason))
        .map_err(|(line, reason)| EvalrunError::Samples { path: path.to_owned(), line, reason })?;
    let mut verdicts =
        run((benchmark, tests), rows, &submissions, settings, resources)?.into_iter();
    let graded = known.into_iter().map(|known| known.or_else(|| verdicts.next()));
    let graded: Vec<Graded> =
        graded.map(|graded| graded.expect("every submission has a verdict")).collect();
    note(&samples, &graded, (data(benchmark), n_problems), resources.1);
    Ok(scored(&samples, &graded, tests))
}

/// What is known of each sample before any program is run, and the programs of the others in order.
type Parted = (Vec<Option<Graded>>, Vec<Submission>);

/// Parts the samples. An error comes with the place of its sample.
fn submissions(
    samples: &[Sample],
    problems: &HashMap<&str, Problem>,
    extractor: Option<ExtractorKind>,
) -> Result<Parted, (usize, String)> {
    let mut known = Vec::with_capacity(samples.len());
    let mut submissions = Vec::new();
    for (idx, sample) in samples.iter().enumerate() {
        let Some(problem) = problems.get(sample.task_id.as_str()) else {
            known.push(Some(Graded::UnknownProblem));
            continue;
        };
        let program = program(sample, problem, extractor);
        known.push(match program.map_err(|reason| (idx, reason.to_owned()))? {
            None => Some(Graded::Unparsed),
            Some(program) => {
                submissions.push(Submission { task_id: sample.task_id.clone(), program });
                None
            }
        });
    }
    Ok((known, submissions))
}

/// The asset with a benchmark's problems.
fn data(benchmark: CodeBenchmark) -> &'static str {
    match benchmark {
        CodeBenchmark::Humaneval => "humaneval_plus",
        CodeBenchmark::Mbpp => "mbpp_plus",
    }
}

fn problems(rows: &HashMap<String, String>) -> HashMap<&str, Problem> {
    let problem = |row: &String| {
        let row = tasks::python_json::parse(row.as_bytes()).ok()?;
        serde_json::from_value(row).ok()
    };
    rows.iter().filter_map(|(task_id, row)| Some((task_id.as_str(), problem(row)?))).collect()
}

/// The program of a sample, where the extractor asked for finds one.
fn program(
    sample: &Sample,
    problem: &Problem,
    extractor: Option<ExtractorKind>,
) -> Result<Option<String>, &'static str> {
    let completed = || Some(problem.prompt.clone() + sample.completion.as_ref()?);
    let text = sample.solution.clone().or_else(completed);
    let text = text.ok_or("it has neither `solution` nor `completion`")?;
    let found = match extractor {
        None => return Ok(Some(text)),
        Some(ExtractorKind::Evalplus) => code::evalplus(&text, &problem.entry_point),
        Some(_) => code::fenced(&text, &problem.entry_point, Finish::Stop),
    };
    Ok(found.map(Program::into_text))
}

fn run(
    (benchmark, tests): (CodeBenchmark, CodeTests),
    rows: HashMap<String, String>,
    submissions: &[Submission],
    settings: ScoreSettings<'_>,
    resources: (&AssetStore, &Display),
) -> Result<Vec<Graded>, EvalrunError> {
    let suites = match tests {
        CodeTests::Base => Suites::Base,
        CodeTests::BaseAndPlus => Suites::BaseAndPlus,
    };
    let sandbox = Interpreter::new(settings.n_workers).sandbox(resources)?;
    let graders = graders(benchmark, rows, &sandbox, resources)?;
    let work = resources.1.work("running programs");
    let on_done = |n_done, n_programs| work.count(n_done, n_programs);
    let verdicts =
        grade_many(submissions, &graders, suites, &sandbox, sandbox.n_workers(), on_done);
    work.finish();
    verdicts
        .into_iter()
        .map(|verdict| match verdict {
            Ok(verdict) => Ok(Graded::Run(verdict)),
            Err(err) if err.is_infrastructure() => Ok(Graded::Failed(err.to_string())),
            Err(err) => Err(err.into()),
        })
        .collect()
}

/// Says what the figures do not cover.
fn note(
    samples: &[Sample],
    graded: &[Graded],
    (data, n_problems): (&str, usize),
    display: &Display,
) {
    let is_known = |(_, graded): &(&Sample, &Graded)| !matches!(graded, Graded::UnknownProblem);
    let known = samples.iter().zip(graded).filter(is_known);
    let covered: HashSet<&str> = known.map(|(sample, _)| sample.task_id.as_str()).collect();
    if covered.len() < n_problems {
        display.note(&format!(
            "{data}: samples for {} of {n_problems} problems; the figures are over those",
            covered.len()
        ));
    }
    let mut unknown = samples.iter().zip(graded).filter(|pair| !is_known(pair));
    if let Some((sample, _)) = unknown.next() {
        display.note(&format!(
            "left out, because {data} has no such problem: {}, the first for {}",
            count(1 + unknown.count(), "sample"),
            sample.task_id
        ));
    }
}

fn scored(samples: &[Sample], graded: &[Graded], tests: CodeTests) -> Scored {
    let items = items(samples, graded);
    let least = items.iter().map(|item| item.scores().len()).min().unwrap_or(0);
    let suites = [("base", CodeTests::Base), ("plus", CodeTests::BaseAndPlus)];
    let suites = &suites[..if tests == CodeTests::Base { 1 } else { 2 }];
    let mut figures = table(["", "base", "base + plus"]);
    let mut summary = Map::new();
    for k in EVALPLUS_KS.into_iter().filter(|k| *k == 1 || *k <= least) {
        let mut row = vec![format!("pass@{k}")];
        for (name, tests) in suites {
            let estimate = tests_passed(&items, *tests, k);
            row.push(shown(estimate));
            summary.insert(format!("{name}_pass_at_{k}"), json!(estimate));
        }
        figures.add_row(row);
    }
    let mut endings: BTreeMap<&str, usize> = BTreeMap::new();
    for graded in graded {
        *endings.entry(outcome(graded)).or_default() += 1;
    }
    for (ending, n_samples) in &endings {
        figures.add_row([(*ending).to_owned(), count(*n_samples, "sample")]);
    }
    summary.insert("outcomes".to_owned(), json!(endings));
    let n_failed = graded.iter().filter(|graded| matches!(graded, Graded::Failed(_))).count();
    let pairs = samples.iter().zip(graded).enumerate();
    let lines = pairs.map(|(idx, (sample, graded))| line(idx, sample, graded)).collect();
    Scored { lines, table: figures, summary: summary.into(), n_failed }
}

/// The samples by problem, as metrics see them.
fn items(samples: &[Sample], graded: &[Graded]) -> Vec<ItemOutcomes> {
    let mut items: BTreeMap<&str, Vec<SampleOutcome>> = BTreeMap::new();
    for (sample, graded) in samples.iter().zip(graded) {
        let (outcome, detail) = match graded {
            Graded::UnknownProblem => continue,
            Graded::Failed(_) => (Outcome::Failed, None),
            Graded::Unparsed => (Outcome::Judged(Verdict::Unparsed), None),
            Graded::Run(verdict) => {
                let detail = Detail::Program(Box::new(ProgramOutcome::from(verdict)));
                (Outcome::Judged(Verdict::Incorrect), Some(detail))
            }
        };
        let of_item = items.entry(&sample.task_id).or_default();
        let sample_idx = u32::try_from(of_item.len()).unwrap_or(u32::MAX);
        of_item.push(SampleOutcome { sample_idx, outcome, vote: None, detail });
    }
    let item = |(item, samples): (&str, _)| {
        let item = ItemId(item.to_owned());
        ItemOutcomes { item, labels: Vec::new(), samples }
    };
    items.into_iter().map(item).collect()
}

/// `correct`, `incorrect`, or the name of what ended the program.
fn outcome(graded: &Graded) -> &'static str {
    let verdict = match graded {
        Graded::Unparsed => return "unparsed",
        Graded::UnknownProblem => return "unknown_problem",
        Graded::Failed(_) => return "failed",
        Graded::Run(verdict) => verdict,
    };
    let suites = [Some(&verdict.base), verdict.plus.as_ref()];
    let endings = suites.into_iter().flatten().map(|suite| suite.ending);
    match endings.into_iter().find(|ending| *ending != Ending::Right) {
        None => "correct",
        Some(Ending::Wrong) => "incorrect",
        Some(ending) => ending.name(),
    }
}

fn line(idx: usize, sample: &Sample, graded: &Graded) -> Value {
    let mut line = json!({
        "task_id": sample.task_id,
        "index": idx,
        "base": null,
        "plus": null,
        "outcome": outcome(graded),
    });
    match graded {
        Graded::Run(verdict) => {
            line["base"] = json!(status(&verdict.base));
            line["plus"] = json!(verdict.plus.as_ref().map(status));
            line["failure"] = failure(verdict);
            line["fuel"] = json!(verdict.fuel());
        }
        // EvalPlus would have run what is there, and found nothing to call.
        Graded::Unparsed => (line["base"], line["plus"]) = (json!("fail"), json!("fail")),
        Graded::UnknownProblem => (),
        Graded::Failed(reason) => line["failure"] = json!({ "reason": reason }),
    }
    line
}

fn status(suite: &SuiteVerdict) -> &'static str {
    match suite.status() {
        Status::Pass => "pass",
        Status::Fail => "fail",
        Status::Timeout => "timeout",
    }
}

/// The first failing test: which, its arguments, and what was wrong.
fn failure(verdict: &CodeVerdict) -> Value {
    let suites = [("base", Some(&verdict.base)), ("plus", verdict.plus.as_ref())];
    let failed =
        suites.into_iter().find_map(|(name, suite)| Some((name, suite?.failure.as_ref()?)));
    failed.map_or(Value::Null, |(tests, failure)| {
        json!({
            "tests": tests,
            "input_idx": failure.input_idx,
            "input": failure.input,
            "reason": failure.reason,
        })
    })
}
