//! Which samples of a run are done, and which are still to be asked for.

use std::collections::HashMap;
use std::sync::Arc;

use results::{RunFile, StoreError};
use tasks::{Item, Sample, Target};

use crate::engine::Pending;
use crate::plan::RunPlan;

/// What became of every sample in a run file, in one byte each.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    marks: HashMap<String, Vec<Mark>>,
    pub(super) n_graded: u64,
    pub(super) n_correct: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Graded,
    Failed,
}

impl Ledger {
    /// Reads it from a run file.
    pub(super) fn read(run_file: &RunFile) -> Result<Self, StoreError> {
        let mut ledger = Self::default();
        run_file.for_each_attempted(|item, sample_idx, is_correct| {
            ledger.n_graded += u64::from(is_correct.is_some());
            ledger.n_correct += u64::from(is_correct == Some(true));
            let mark = if is_correct.is_some() { Mark::Graded } else { Mark::Failed };
            if !ledger.marks.contains_key(item) {
                ledger.marks.insert(item.to_owned(), Vec::new());
            }
            let marks = ledger.marks.get_mut(item).expect("it has just been put there");
            let idx = sample_idx as usize;
            if marks.len() <= idx {
                marks.resize(idx + 1, Mark::New);
            }
            marks[idx] = mark;
        })?;
        Ok(ledger)
    }

    /// The samples without a verdict, drawn one by one. Samples that failed before come last, so that
    /// they cannot keep the others from being asked, unless others wait for what they leave.
    pub(super) fn pending(self, plan: &RunPlan) -> Pending {
        let is_in_order = plan.items.iter().any(|item| match &item.target {
            Target::Calls(target) => target.memory.is_some(),
            _ => false,
        });
        let marks = Arc::new(self.marks);
        let (items, n_samples) = (plan.items.clone(), plan.plan.n_samples);
        let (task, run_seed) = (plan.plan.task.clone(), plan.plan.run_seed);
        let of_marks = move |wanted: &'static [Mark]| {
            let (marks, task) = (Arc::clone(&marks), task.clone());
            let keys = items.clone().into_iter().flat_map(move |item: Arc<Item>| {
                (0..n_samples).map(move |sample_idx| (Arc::clone(&item), sample_idx))
            });
            keys.filter(move |(item, sample_idx)| {
                let mark = marks.get(&item.id.0).and_then(|marks| marks.get(*sample_idx as usize));
                wanted.contains(&mark.copied().unwrap_or(Mark::New))
            })
            .map(move |(item, sample_idx)| Sample::draw(&item, sample_idx, &task, run_seed))
        };
        if is_in_order {
            return Box::new(of_marks(&[Mark::New, Mark::Failed]));
        }
        Box::new(of_marks(&[Mark::New]).chain(of_marks(&[Mark::Failed])))
    }
}
