//! Many programs, or many references, with several workers and results in order.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use sandbox::Sandbox;

use super::error::CodeError;
use super::grade::{CodeVerdict, Grader, Suites};
use super::limits::CodeLimits;
use super::problem::{CodeDataset, CodeProblem};
use super::reference::Reference;

/// Graders that are kept, so that neighbouring programs of one problem share one.
const N_KEPT: usize = 8;

/// A program to grade.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Submission {
    /// The problem.
    pub task_id: String,
    /// The whole program.
    pub program: String,
}

/// The graders of a data set, made when they are needed.
pub struct Graders {
    dataset: CodeDataset,
    rows: HashMap<String, String>,
    references: HashMap<String, Reference>,
    limits: CodeLimits,
    recent: Mutex<VecDeque<(String, Arc<Grader>)>>,
}

impl Graders {
    /// Graders over the rows of a data set by problem, and the references that belong to them.
    pub fn new(
        dataset: CodeDataset,
        rows: HashMap<String, String>,
        references: impl IntoIterator<Item = Reference>,
        limits: CodeLimits,
    ) -> Self {
        let references = references.into_iter();
        let references = references.map(|reference| (reference.task_id.clone(), reference));
        let recent = Mutex::new(VecDeque::new());
        Self { dataset, rows, references: references.collect(), limits, recent }
    }

    /// The grader of a problem.
    pub fn get(&self, task_id: &str) -> Result<Arc<Grader>, CodeError> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, grader)) = recent.iter().find(|(of, _)| of == task_id) {
            return Ok(grader.clone());
        }
        let unknown = || CodeError::UnknownProblem(task_id.to_owned());
        let row = self.rows.get(task_id).ok_or_else(unknown)?;
        let problem = CodeProblem::from_row(self.dataset, row)?;
        let reference = self.references.get(task_id);
        let reference = reference.ok_or_else(|| CodeError::ForeignReference(task_id.to_owned()))?;
        let grader = Arc::new(Grader::new(problem, reference, &self.limits)?);
        recent.truncate(N_KEPT - 1);
        recent.push_front((task_id.to_owned(), grader.clone()));
        Ok(grader)
    }
}

/// Grades programs with `n_workers` at a time and gives their verdicts in their order. Programs that
/// are the same are run once. `on_done` hears how many distinct programs of how many are done.
///
/// Problems whose canonical solutions take longest come first, so that no worker is left alone with
/// one of them at the end.
pub fn grade_many(
    submissions: &[Submission],
    graders: &Graders,
    suites: Suites,
    sandbox: &Sandbox,
    n_workers: usize,
    mut on_done: impl FnMut(usize, usize),
) -> Vec<Result<CodeVerdict, CodeError>> {
    let mut distinct: Vec<&Submission> =
        submissions.iter().collect::<HashSet<_>>().into_iter().collect();
    distinct.sort_by_key(|submission| {
        let fuel = graders.references.get(&submission.task_id).map_or(0, Reference::total_fuel);
        (Reverse(fuel), &submission.task_id, &submission.program)
    });
    let grade = |index: usize| {
        let Submission { task_id, program } = distinct[index];
        graders.get(task_id)?.grade(program, suites, sandbox)
    };
    let mut verdicts = HashMap::new();
    each(distinct.len(), n_workers, grade, |index, verdict| {
        verdicts.insert(distinct[index], verdict.map_err(Arc::new));
        on_done(verdicts.len(), distinct.len());
    });
    let verdict = |submission| match &verdicts[submission] {
        Ok(verdict) => Ok(verdict.clone()),
        Err(err) => Err(CodeError::Shared(Arc::clone(err))),
    };
    submissions.iter().map(verdict).collect()
}

/// Computes the references of problems, given as rows, with `n_workers` at a time. `take` is given
/// each with its row's number as soon as it is there.
pub fn references(
    dataset: CodeDataset,
    rows: &[&str],
    sandbox: &Sandbox,
    n_workers: usize,
    take: impl FnMut(usize, Result<Reference, CodeError>),
) {
    let compute =
        |index: usize| Reference::compute(&CodeProblem::from_row(dataset, rows[index])?, sandbox);
    each(rows.len(), n_workers, compute, take);
}

/// Does `work` for every number below `n_items`, beginning them in order, and hands each result to
/// `take` when it is there.
fn each<T: Send>(
    n_items: usize,
    n_workers: usize,
    work: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(usize, T),
) {
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..n_workers.clamp(1, n_items.max(1)) {
            let (done, next, work) = (done.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    // Nobody listens any more when the taker has panicked.
                    if index >= n_items || done.send((index, work(index))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        for (index, result) in results {
            take(index, result);
        }
    });
}
