//! Which texts a report may show. Every report that shows texts asks here and nowhere else.

use tasks::{Answer, SampleKey, Target, Transcript};

use crate::{Failure, Plan, RunFile, SampleRecord, SampleResult, StoreError, Summary};

/// What stands in the place of a text that is left out.
pub const WITHHELD: &str = "[withheld]";

/// Which texts of a run a report shows: prompts, replies, answers and everything that quotes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextPolicy {
    /// All texts, except those of tasks whose authors ask that they stay out of anything shared.
    AsPlanned,
    /// All texts.
    Keep,
    /// No texts.
    Withhold,
}

impl TextPolicy {
    /// Whether texts of a run with this plan are left out.
    pub fn withholds(self, plan: &Plan) -> bool {
        match self {
            Self::AsPlanned => plan.withholds_texts(),
            Self::Keep => false,
            Self::Withhold => true,
        }
    }
}

/// A run as reports see it: its figures, and its samples as far as they may be shown.
#[derive(Debug, Clone, Copy)]
pub struct ReportedRun<'a> {
    /// Where samples come from.
    pub file: &'a RunFile,
    /// Every figure.
    pub summary: &'a Summary,
    /// Which texts may be shown.
    pub texts: TextPolicy,
}

impl ReportedRun<'_> {
    /// Whether texts are left out.
    pub fn withholds(&self) -> bool {
        self.texts.withholds(self.file.plan())
    }

    /// Calls `visit` with every attempted sample in order and what its item's answers are compared
    /// with. The texts that are left out are not in the samples; a target is shown by [`Self::gold`].
    pub(crate) fn for_each_record(
        &self,
        mut visit: impl FnMut(&Target, SampleRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let withholds = self.withholds();
        self.file.for_each_record(|target, record| visit(target, shown(record, withholds)))
    }

    /// One sample, likewise; `None` where it has not been attempted.
    pub(crate) fn record(&self, key: &SampleKey) -> Result<Option<SampleRecord>, StoreError> {
        Ok(self.file.record(key)?.map(|record| shown(record, self.withholds())))
    }

    /// What the answer of a sample is compared with, as the run file says it and as the sample showed
    /// it.
    pub(crate) fn gold(&self, target: &Target, sample_idx: u32) -> String {
        if self.withholds() {
            return WITHHELD.to_owned();
        }
        target.displayed(sample_idx).map_or_else(String::new, |target| gold(&target))
    }
}

/// A target of one text is that text, one with options the right one; others are JSON.
fn gold(target: &Target) -> String {
    if let Target::Displayed(displayed) = target {
        let gold = displayed.gold();
        return format!("{gold}: {}", displayed.options()[gold.idx()]);
    }
    if let Target::Calls(_) = target {
        // What is expected stays in the data set; the target says how the entry is asked.
        return String::new();
    }
    let json = serde_json::to_value(target).expect("a target is plain data");
    match json.as_object().and_then(|object| object.values().next()) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(inner) => inner.to_string(),
        None => json.to_string(),
    }
}

fn shown(record: SampleRecord, withholds: bool) -> SampleRecord {
    if !withholds {
        return record;
    }
    let result = match record.result {
        SampleResult::Failed(Failure { kind, .. }) => {
            SampleResult::Failed(Failure { kind, message: WITHHELD.to_owned() })
        }
        SampleResult::Judged { mut transcript, mut judgement } => {
            withhold(&mut transcript);
            if let Answer::Found { text, vote, .. } = &mut judgement.answer {
                WITHHELD.clone_into(text);
                WITHHELD.clone_into(vote);
            }
            WITHHELD.clone_into(&mut judgement.explanation);
            judgement.detail = None;
            SampleResult::Judged { transcript, judgement }
        }
    };
    SampleRecord { result, ..record }
}

fn withhold(transcript: &mut Transcript) {
    for turn in &mut transcript.turns {
        for message in &mut turn.request.messages {
            WITHHELD.clone_into(&mut message.content);
        }
        WITHHELD.clone_into(&mut turn.completion.text);
        if let Some(reasoning) = &mut turn.completion.reasoning {
            WITHHELD.clone_into(reasoning);
        }
    }
}
