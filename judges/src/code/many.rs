//! Many programs, or many references, with several workers and results in order.

use std::collections::{BTreeMap, HashMap, VecDeque};
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

/// Grades programs with `n_workers` at a time, giving each its verdict in their order. Programs
/// that are the same are run once.
pub fn grade_many(
    submissions: &[Submission],
    graders: &Graders,
    suites: Suites,
    sandbox: &Sandbox,
    n_workers: usize,
    mut on_done: impl FnMut(usize, &Result<CodeVerdict, CodeError>),
) {
    let mut place = HashMap::new();
    let mut distinct = Vec::new();
    let places: Vec<usize> = submissions
        .iter()
        .map(|submission| {
            *place.entry(submission).or_insert_with(|| {
                distinct.push(submission);
                distinct.len() - 1
            })
        })
        .collect();
    let grade = |index: usize| {
        let Submission { task_id, program } = distinct[index];
        graders.get(task_id)?.grade(program, suites, sandbox)
    };
    let mut results = Vec::new();
    let mut next = 0;
    in_order(distinct.len(), n_workers, grade, |result| {
        results.push(result);
        while let Some(result) = places.get(next).and_then(|place| results.get(*place)) {
            on_done(next, result);
            next += 1;
        }
    });
}

/// Computes the references of problems, given as rows, with `n_workers` at a time, in their order.
pub fn references(
    dataset: CodeDataset,
    rows: &[&str],
    sandbox: &Sandbox,
    n_workers: usize,
    mut on_done: impl FnMut(usize, Result<Reference, CodeError>),
) {
    let compute =
        |index: usize| Reference::compute(&CodeProblem::from_row(dataset, rows[index])?, sandbox);
    let mut next = 0;
    in_order(rows.len(), n_workers, compute, |result| {
        on_done(next, result);
        next += 1;
    });
}

/// Does `work` for every number below `n_items` and hands the results to `take` in order.
fn in_order<T: Send>(
    n_items: usize,
    n_workers: usize,
    work: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(T),
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
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (index, result) in results {
            early.insert(index, result);
            while let Some(result) = early.remove(&due) {
                take(result);
                due += 1;
            }
        }
    });
}
