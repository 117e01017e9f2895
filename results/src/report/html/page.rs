//! All that a page shows, as its script reads it.

use serde::Serialize;
use tasks::Sampling;

use super::PageLimits;
use super::charts::{CurvePoint, Histogram, Matrix, curve, lengths, matrices};
use super::samples::{PagePrompt, PageSample, SampleShelf};
use super::selection::{Selection, Share, choose};
use crate::report::{Averages, Entry, Leaderboard, ReportedRun, averages};
use crate::{ItemOutcomes, StoreError, Summary};

/// The page's data.
#[derive(Debug, Serialize)]
pub(super) struct Page<'a> {
    /// The version of this layout.
    schema: &'static str,
    /// Every outcome, in the order of legends.
    outcomes: [&'static str; 6],
    /// Models × tasks, where there are several runs or it was asked for.
    leaderboard: Option<Leaderboard>,
    /// Figures of models over several tasks.
    averages: Vec<Averages>,
    /// Prompts that samples name by position.
    prompts: Vec<PagePrompt>,
    runs: Vec<PageRun<'a>>,
}

#[derive(Debug, Serialize)]
struct PageRun<'a> {
    summary: &'a Summary,
    created_at: String,
    evalrun_version: Option<String>,
    sampling: &'a Sampling,
    backend: &'a str,
    items_sha256: &'a str,
    /// Whether texts were left out.
    withheld: bool,
    pass_at_k: Vec<CurvePoint>,
    cons_at_k: Vec<CurvePoint>,
    lengths: Histogram,
    matrices: Vec<Matrix>,
    /// Which of the page's groups of comparable runs this one belongs to.
    group: usize,
    /// Samples that are shown, and how many there are.
    shares: Vec<Share>,
    samples: Vec<PageSample>,
}

/// Gathers everything.
pub(super) fn page<'a>(
    runs: &[ReportedRun<'a>],
    limits: PageLimits,
) -> Result<Page<'a>, StoreError> {
    let summaries: Vec<Summary> = runs.iter().map(|run| run.summary.clone()).collect();
    let groups = groups(runs);
    let mut charts = Vec::new();
    let mut selections = Vec::new();
    for group in &groups {
        let outcomes: Vec<Vec<ItemOutcomes>> =
            group.iter().map(|idx| runs[*idx].file.outcomes()).collect::<Result<_, _>>()?;
        for (idx, outcomes) in group.iter().zip(&outcomes) {
            charts.push((*idx, matrices(runs[*idx].file.plan(), outcomes)));
        }
        selections.push(choose(&outcomes, limits.n_samples));
    }
    charts.sort_by_key(|(idx, _)| *idx);
    let n_texts: usize =
        groups.iter().zip(&selections).map(|(group, s)| group.len() * s.keys.len()).sum();
    // Below this length little can be read of a text, above it nobody reads on.
    let mut shelf = SampleShelf::new((limits.text_bytes / n_texts.max(1)).clamp(1_000, 200_000));
    let mut shown = Vec::new();
    for (run_idx, (run, (_, matrices))) in runs.iter().zip(charts).enumerate() {
        let group = groups.iter().position(|group| group.contains(&run_idx));
        let group = group.expect("every run is in a group");
        let is_first = groups[group][0] == run_idx;
        shown.push(page_run(run, (group, is_first), &mut selections[group], matrices, &mut shelf)?);
    }
    Ok(Page {
        schema: "evalrun.page/1",
        outcomes: super::charts::OUTCOMES,
        leaderboard: (runs.len() > 1 || limits.leaderboard).then(|| leaderboard(runs)),
        averages: averages(&summaries),
        prompts: shelf.into_prompts(),
        runs: shown,
    })
}

fn page_run<'a>(
    run: &ReportedRun<'a>,
    (group, is_first): (usize, bool),
    selection: &mut Selection,
    matrices: Vec<Matrix>,
    shelf: &mut SampleShelf,
) -> Result<PageRun<'a>, StoreError> {
    let plan = run.file.plan();
    Ok(PageRun {
        summary: run.summary,
        created_at: run.file.created_at()?,
        evalrun_version: run.file.facts()?.remove("evalrun_version"),
        sampling: &plan.sampling,
        backend: &plan.model.backend,
        items_sha256: &plan.dataset.items_sha256,
        withheld: run.withholds(),
        pass_at_k: curve(run.summary, "pass_at_"),
        cons_at_k: curve(run.summary, "cons_at_"),
        lengths: lengths(run.file)?,
        matrices,
        group,
        // The shares are those of the whole group; its first run tells them.
        shares: if is_first { std::mem::take(&mut selection.shares) } else { Vec::new() },
        samples: shelf.gather(run, &selection.keys)?,
    })
}

/// The runs that can be compared sample by sample: those of one task, version and split.
fn groups(runs: &[ReportedRun<'_>]) -> Vec<Vec<usize>> {
    let key = |idx: usize| {
        let summary: &Summary = runs[idx].summary;
        (&summary.task, summary.task_version, &summary.split)
    };
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for idx in 0..runs.len() {
        match groups.iter_mut().find(|group| key(group[0]) == key(idx)) {
            Some(group) => group.push(idx),
            None => groups.push(vec![idx]),
        }
    }
    groups
}

fn leaderboard(runs: &[ReportedRun<'_>]) -> Leaderboard {
    let entries: Vec<Entry<'_>> = runs.iter().map(Entry::from).collect();
    Leaderboard::new(&entries)
}
