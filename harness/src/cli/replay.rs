//! `evalrun replay`: the stored completions are extracted and judged again, and every reported number
//! is derived from that. What comes out must be what the run file says.

use std::collections::BTreeMap;

use judges::Grader;
use results::report::{Format, render};
use results::{ItemOutcomes, Outcome, RunFile, SampleOutcome, Summary};
use tasks::{SampleKey, TaskError};

use super::args::ReplayArgs;
use super::{Context, print, run_file};
use crate::error::EvalrunError;
use crate::exit_code::ExitCode;
use crate::judging;
use crate::plan;

/// Differences that are listed; the rest is counted.
const N_LISTED: usize = 20;

/// Replays one run.
pub(super) fn replay(args: &ReplayArgs, context: &Context) -> Result<ExitCode, EvalrunError> {
    let run = RunFile::open(&run_file::find(&args.run, &args.out))?;
    let stored = run.summary()?;
    let items = run.items()?;
    let mut graders = plan::Graders::new((&context.store, &context.display), None);
    let grader = graders.grader(run.plan(), items.iter().map(|item| &item.target))?;
    let (derived, differences) = derive(&run, &grader)?;
    let format = if args.json { Format::Json } else { Format::Table };
    print::result(&render(std::slice::from_ref(&derived), format))?;
    let n_judged = stored.counts.n_graded();
    let n_changed = judging::n_changed(&run)?;
    if n_changed > 0 {
        context.display.note(&format!("{n_changed} judges' replies are read otherwise now"));
    }
    if differences.is_empty() && n_changed == 0 && derived == stored {
        context.display.note(&format!(
            "replay agrees: {n_judged} completions judged again, every verdict and every number is the same"
        ));
        return Ok(ExitCode::Ok);
    }
    for difference in differences.iter().take(N_LISTED) {
        context.display.note(difference);
    }
    context.display.note(&format!(
        "replay differs: {} of {n_judged} verdicts are not the same",
        differences.len()
    ));
    Ok(ExitCode::ReplayDiffers)
}

/// The numbers that follow from judging every stored completion again, and each changed verdict.
fn derive(run: &RunFile, grader: &Grader) -> Result<(Summary, Vec<String>), EvalrunError> {
    let mut verdicts: BTreeMap<SampleKey, SampleOutcome> = BTreeMap::new();
    let mut differences = Vec::new();
    run.for_each_judged(|sample| -> Result<(), EvalrunError> {
        let judgement = grader.grade(&sample.target, &sample.transcript).map_err(|err| {
            TaskError::Grade { item: sample.key.item.to_string(), message: err.to_string() }
        })?;
        let vote = judgement.answer.vote().map(str::to_owned);
        let outcome = Outcome::Judged(judgement.verdict);
        let (sample_idx, detail) = (sample.key.sample_idx, judgement.detail);
        let derived = SampleOutcome { sample_idx, outcome, vote, detail };
        if derived != sample.outcome {
            differences.push(format!(
                "{} sample {}: stored {}, now {}",
                sample.key.item,
                sample.key.sample_idx,
                shown(&sample.outcome),
                shown(&derived)
            ));
        }
        verdicts.insert(sample.key, derived);
        Ok(())
    })?;
    let mut items = run.outcomes()?;
    replace(&mut items, verdicts);
    Ok((run.summarize(&items)?, differences))
}

/// Puts derived outcomes in the place of stored ones; failed samples stay failed.
fn replace(items: &mut [ItemOutcomes], mut verdicts: BTreeMap<SampleKey, SampleOutcome>) {
    for item in items {
        for sample in &mut item.samples {
            let key = SampleKey { item: item.item.clone(), sample_idx: sample.sample_idx };
            if let Some(derived) = verdicts.remove(&key) {
                *sample = derived;
            }
        }
    }
}

fn shown(sample: &SampleOutcome) -> String {
    let outcome = match sample.outcome {
        Outcome::Judged(verdict) => verdict.name(),
        Outcome::Failed => "failed",
    };
    format!("{outcome} ({})", sample.vote.as_deref().unwrap_or("no answer"))
}
