//! Memories that conversations leave for others of the same run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use judges::calls::Memory;
use judges::{GradeError, Grader};
use results::{RunFile, SampleResult, StoreError};
use tasks::calls::{CallsTarget, MemoryPart};
use tasks::{Item, Sample, SampleKey, Target, Transcript};
use tokio::sync::watch;

use crate::error::EvalrunError;

/// A memory, or why there is none; `None` until the conversation has ended.
type Place = Option<Result<Arc<Memory>, Missing>>;

/// Why a conversation left no memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It was not begun, because the budget is used up.
    NotBegun,
    /// It failed, or what it left cannot be read; in words.
    Failed(String),
}

/// The memories of a run by the conversation, and the index of the sample, that left them.
pub(crate) struct MemoryBank {
    grader: Arc<Grader>,
    places: Mutex<HashMap<(String, u32), watch::Sender<Place>>>,
}

impl MemoryBank {
    /// The bank of a run, with what its stored conversations left; `None` for a run without memories.
    pub(crate) fn open(
        items: &[Arc<Item>],
        grader: &Arc<Grader>,
        run_file: &RunFile,
    ) -> Result<Option<Arc<Self>>, EvalrunError> {
        let fills = |item: &&Arc<Item>| part(&item.target).is_some_and(|(_, part)| part.fills);
        let filling: Vec<&Arc<Item>> = items.iter().filter(fills).collect();
        if filling.is_empty() {
            return Ok(None);
        }
        let bank = Self { grader: Arc::clone(grader), places: Mutex::default() };
        // An item stands after those whose memory it finds.
        for item in filling {
            for sample_idx in 0..run_file.plan().n_samples {
                bank.restore(item, sample_idx, run_file)?;
            }
        }
        Ok(Some(Arc::new(bank)))
    }

    fn restore(
        &self,
        item: &Item,
        sample_idx: u32,
        run_file: &RunFile,
    ) -> Result<(), EvalrunError> {
        let key = SampleKey { item: item.id.clone(), sample_idx };
        let stored = run_file.record(&key).map_err(|err: StoreError| EvalrunError::from(err))?;
        let Some(SampleResult::Judged { transcript, .. }) = stored.map(|record| record.result)
        else {
            return Ok(());
        };
        let Some((target, place)) = part(&item.target) else { return Ok(()) };
        let before = match &place.after {
            None => Some(self.empty(&item.target)),
            Some(entry) => self.place(entry, sample_idx).borrow().clone(),
        };
        // A conversation that is done although the one before it is not has another memory now.
        let Some(Ok(before)) = before else { return Ok(()) };
        let after = self.after(&item.target, Some(&transcript), Some(&before));
        self.place(&target.entry, sample_idx).send_replace(Some(after));
        Ok(())
    }

    /// The memory that a sample finds, once the conversation before it has ended.
    pub(crate) async fn before(&self, sample: &Sample) -> Result<Option<Arc<Memory>>, Missing> {
        let Some((_, part)) = part(&sample.item.target) else { return Ok(None) };
        let Some(entry) = &part.after else { return self.empty(&sample.item.target).map(Some) };
        let mut place = self.place(entry, sample.sample_idx).subscribe();
        let ended = place.wait_for(Option::is_some).await;
        let ended = ended.expect("the bank keeps every place").clone();
        let memory = ended.expect("it was waited for");
        memory.map(Some).map_err(|missing| match missing {
            Missing::NotBegun => Missing::NotBegun,
            Missing::Failed(reason) => Missing::Failed(format!("{entry} left no memory: {reason}")),
        })
    }

    /// Makes known what a conversation leaves. This may take long.
    pub(crate) fn leave(
        &self,
        sample: &Sample,
        (transcript, before): (&Transcript, Option<&Memory>),
    ) -> Result<(), String> {
        if !part(&sample.item.target).is_some_and(|(_, part)| part.fills) {
            return Ok(());
        }
        let left = self.after(&sample.item.target, Some(transcript), before);
        match left {
            Ok(memory) => {
                self.publish(sample, Ok(memory));
                Ok(())
            }
            Err(Missing::Failed(reason)) => Err(reason),
            Err(Missing::NotBegun) => unreachable!("its conversation has ended"),
        }
    }

    /// Makes known that a conversation leaves no memory.
    pub(crate) fn lack(&self, sample: &Sample, missing: Missing) {
        self.publish(sample, Err(missing));
    }

    fn publish(&self, sample: &Sample, left: Result<Arc<Memory>, Missing>) {
        if let Some((target, _)) = part(&sample.item.target) {
            self.place(&target.entry, sample.sample_idx).send_replace(Some(left));
        }
    }

    fn empty(&self, target: &Target) -> Result<Arc<Memory>, Missing> {
        self.after(target, None, None)
    }

    fn after(
        &self,
        target: &Target,
        transcript: Option<&Transcript>,
        before: Option<&Memory>,
    ) -> Result<Arc<Memory>, Missing> {
        let failed = |reason: &str| Missing::Failed(reason.to_owned());
        let Grader::Calls(grader) = self.grader.as_ref() else {
            return Err(failed("only BFCL has memories"));
        };
        let left = grader.memory_after(target, transcript, before);
        let left = left.map_err(|err: GradeError| failed(&err.to_string()))?;
        left.map(Arc::new).ok_or_else(|| failed("its category has no memory"))
    }

    fn place(&self, entry: &str, sample_idx: u32) -> watch::Sender<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.entry((entry.to_owned(), sample_idx));
        place.or_insert_with(|| watch::Sender::new(None)).clone()
    }
}

fn part(target: &Target) -> Option<(&CallsTarget, &MemoryPart)> {
    match target {
        Target::Calls(target) => Some((target, target.memory.as_ref()?)),
        _ => None,
    }
}
