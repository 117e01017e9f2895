//! Which samples of a long run a page shows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tasks::SampleKey;

use crate::{ItemOutcomes, Outcome};

/// How samples ended in each of the runs that a page compares; `None` where a run has no such sample.
type Group = Vec<Option<&'static str>>;

/// The samples that were chosen, and how many there are of each kind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Selection {
    /// The chosen samples in the order of the runs.
    pub(super) keys: Vec<SampleKey>,
    /// Each kind with its share.
    pub(super) shares: Vec<Share>,
}

/// How many samples of a kind are shown.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Share {
    /// How they ended, one name a run.
    outcomes: Group,
    /// How many are shown: the first ones in the order of items.
    n_shown: usize,
    /// How many there are.
    n_total: usize,
}

/// Chooses at most `limit` samples over runs of one task: all where that is enough, else the first
/// ones of each kind, as many of one kind as of another as far as there are so many. A kind is how a
/// sample ended in each of the runs, so that samples on which runs differ are not crowded out.
pub(super) fn choose(runs: &[Vec<ItemOutcomes>], limit: usize) -> Selection {
    let (keys, groups) = grouped(runs);
    let mut totals: BTreeMap<&Group, usize> = BTreeMap::new();
    for group in &groups {
        *totals.entry(group).or_default() += 1;
    }
    let quota = quota(&totals.values().copied().collect::<Vec<_>>(), limit);
    let mut shown: BTreeMap<&Group, usize> = BTreeMap::new();
    let mut chosen = Vec::new();
    for (key, group) in keys.into_iter().zip(&groups) {
        let n_shown = shown.entry(group).or_default();
        if *n_shown < quota {
            *n_shown += 1;
            chosen.push(key);
        }
    }
    let share = |(group, n_total): (&&Group, &usize)| Share {
        outcomes: (*group).clone(),
        n_shown: shown[group],
        n_total: *n_total,
    };
    let shares = totals.iter().map(share).collect();
    Selection { keys: chosen, shares }
}

/// Every sample of every run once, in the order of the first run that has it, with its kind.
fn grouped(runs: &[Vec<ItemOutcomes>]) -> (Vec<SampleKey>, Vec<Group>) {
    let mut keys = Vec::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut positions: BTreeMap<SampleKey, usize> = BTreeMap::new();
    for (run_idx, items) in runs.iter().enumerate() {
        for item in items {
            for sample in &item.samples {
                let key = SampleKey { item: item.item.clone(), sample_idx: sample.sample_idx };
                let name = outcome_name(sample.outcome);
                // One run needs no look-up, and is the one that may be very long.
                let known = if runs.len() > 1 { positions.get(&key).copied() } else { None };
                let position = known.unwrap_or_else(|| {
                    if runs.len() > 1 {
                        positions.insert(key.clone(), keys.len());
                    }
                    keys.push(key);
                    groups.push(vec![None; runs.len()]);
                    groups.len() - 1
                });
                groups[position][run_idx] = Some(name);
            }
        }
    }
    (keys, groups)
}

/// The largest number such that taking at most so many of each kind takes at most `limit`.
fn quota(totals: &[usize], limit: usize) -> usize {
    let taken = |quota: usize| totals.iter().map(|total| quota.min(*total)).sum::<usize>();
    let candidates: BTreeSet<usize> = totals.iter().copied().collect();
    // Between two totals the number taken grows evenly, so the answer lies above the last total that
    // still fits.
    let below =
        candidates.iter().copied().filter(|quota| taken(*quota) <= limit).max().unwrap_or(0);
    let n_larger = totals.iter().filter(|total| **total > below).count();
    below + (limit - taken(below)).checked_div(n_larger).unwrap_or(0)
}

/// The name of an outcome, as in run files.
pub(super) fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Judged(verdict) => verdict.name(),
        Outcome::Failed => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SampleOutcome;
    use tasks::{ItemId, Verdict};

    /// A run as letters, one an item of one sample: `c`orrect, `i`ncorrect, `f`ailed; `.` is absent.
    fn run(letters: &str) -> Vec<ItemOutcomes> {
        let item = |(idx, letter): (usize, char)| {
            let outcome = match letter {
                'c' => Outcome::Judged(Verdict::Correct),
                'i' => Outcome::Judged(Verdict::Incorrect),
                'f' => Outcome::Failed,
                _ => return None,
            };
            let samples = vec![SampleOutcome { sample_idx: 0, outcome, vote: None, detail: None }];
            Some(ItemOutcomes { item: ItemId(idx.to_string()), labels: Vec::new(), samples })
        };
        letters.chars().enumerate().filter_map(item).collect()
    }

    fn check(runs: &[&str], limit: usize, keys: &str, shares: &str) {
        let runs: Vec<_> = runs.iter().map(|letters| run(letters)).collect();
        let selection = choose(&runs, limit);
        let found: Vec<&str> = selection.keys.iter().map(|key| key.item.0.as_str()).collect();
        assert_eq!(found.join(" "), keys);
        let share = |share: &Share| {
            let names = share.outcomes.iter().map(|name| name.map_or("-", |name| &name[..1]));
            format!("{} {}/{}", names.collect::<String>(), share.n_shown, share.n_total)
        };
        assert_eq!(selection.shares.iter().map(share).collect::<Vec<_>>().join(", "), shares);
    }

    #[test]
    fn kinds_get_equal_shares_as_far_as_they_go() {
        check(&["ciciif"], 10, "0 1 2 3 4 5", "c 2/2, f 1/1, i 3/3");
        check(&["cccccccif"], 5, "0 1 2 7 8", "c 3/7, f 1/1, i 1/1");
        check(&["ccccciiiii"], 5, "0 1 5 6", "c 2/5, i 2/5");
        check(&["ccc"], 0, "", "c 0/3");
        check(&[""], 5, "", "");
    }

    #[test]
    fn samples_on_which_runs_differ_are_kinds_of_their_own() {
        check(&["cccccc", "cccic."], 3, "0 3 5", "c- 1/1, cc 1/4, ci 1/1");
        check(&["c", "ci"], 9, "0 1", "-i 1/1, cc 1/1");
    }
}
