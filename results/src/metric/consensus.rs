//! Consensus: the score of the answer that most samples gave.

use super::interval::{Estimate, ItemScore, clustered};
use crate::{ItemOutcomes, SampleOutcome};

/// How votes are counted and ties resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MajorityRule {
    /// Tied answers share the score equally; samples without an answer do not vote. NeMo-Skills
    /// `majority@k` (commit 8b18f399), and the default here.
    SharedTies,
    /// The tied answer seen first wins; samples without an answer do not vote (Qwen2.5-Math
    /// `rm_maj_eval`).
    FirstSeen,
    /// As `FirstSeen`, and samples without an answer vote together for no answer, which is wrong
    /// (lighteval `maj@n`).
    FirstSeenMissingVotes,
}

/// The score of the majority answer, and that answer where the rule picks one. A vote is an answer
/// and whether it was judged correct: two samples with one spelling and two verdicts are two votes,
/// as upstream counts them.
pub fn majority<'a>(
    votes: &[(Option<&'a str>, bool)],
    rule: MajorityRule,
) -> (f64, Option<&'a str>) {
    match rule {
        MajorityRule::SharedTies => (shared_ties(votes), None),
        MajorityRule::FirstSeen => {
            let given: Vec<_> =
                votes.iter().copied().filter(|(answer, _)| answer.is_some()).collect();
            first_seen(&given)
        }
        MajorityRule::FirstSeenMissingVotes => first_seen(votes),
    }
}

fn shared_ties(votes: &[(Option<&str>, bool)]) -> f64 {
    let counts = count(votes.iter().filter_map(|(answer, correct)| Some(((*answer)?, *correct))));
    let most = counts.iter().map(|(_, n)| *n).max().unwrap_or(0);
    let winners: Vec<bool> =
        counts.iter().filter(|(_, n)| *n == most).map(|((_, correct), _)| *correct).collect();
    if winners.is_empty() {
        return 0.0;
    }
    winners.iter().filter(|correct| **correct).count() as f64 / winners.len() as f64
}

fn first_seen<'a>(votes: &[(Option<&'a str>, bool)]) -> (f64, Option<&'a str>) {
    let counts = count(votes.iter().map(|(answer, _)| *answer));
    let most = counts.iter().map(|(_, n)| *n).max().unwrap_or(0);
    let winner = counts.into_iter().find(|(_, n)| *n == most).and_then(|(answer, _)| answer);
    let first = votes.iter().find(|(answer, _)| *answer == winner);
    let is_correct = winner.is_some() && first.is_some_and(|(_, correct)| *correct);
    (f64::from(u8::from(is_correct)), winner)
}

/// Counts equal values, in the order in which they were first seen.
pub(super) fn count<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut counts: Vec<(T, usize)> = Vec::new();
    for value in values {
        match counts.iter_mut().find(|(seen, _)| *seen == value) {
            Some((_, n)) => *n += 1,
            None => counts.push((value, 1)),
        }
    }
    counts
}

/// cons@n: the mean over items of the majority answer's score, over items whose `n` samples have all
/// been graded: a vote among fewer is another metric.
pub fn cons_at_n(items: &[ItemOutcomes], n: usize) -> Option<Estimate> {
    let of_items = items.iter().filter_map(|item| {
        let votes = votes(&item.samples);
        let value = majority(&votes, MajorityRule::SharedTies).0;
        (votes.len() == n && n > 0).then_some(ItemScore { value, n_samples: n })
    });
    clustered(&of_items.collect::<Vec<_>>())
}

pub(super) fn votes(samples: &[SampleOutcome]) -> Vec<(Option<&str>, bool)> {
    let graded =
        samples.iter().filter_map(|sample| Some((sample.vote.as_deref(), sample.score()? > 0.5)));
    graded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answers: &str, rule: MajorityRule, expected: f64) {
        // Each letter is an answer, `-` is none, and `a` is the correct one.
        let letters: Vec<String> = answers.chars().map(String::from).collect();
        let votes: Vec<(Option<&str>, bool)> =
            letters.iter().map(|l| ((l != "-").then_some(l.as_str()), l == "a")).collect();
        assert!((majority(&votes, rule).0 - expected).abs() < 1e-12, "{answers} {rule:?}");
    }

    #[test]
    fn ties_follow_the_named_rule() {
        check("aab", MajorityRule::SharedTies, 1.0);
        check("abb", MajorityRule::SharedTies, 0.0);
        check("ab", MajorityRule::SharedTies, 0.5);
        check("abc", MajorityRule::SharedTies, 1.0 / 3.0);
        check("---a", MajorityRule::SharedTies, 1.0);
        check("--", MajorityRule::SharedTies, 0.0);
        check("ba", MajorityRule::FirstSeen, 0.0);
        check("ab", MajorityRule::FirstSeen, 1.0);
        check("---a", MajorityRule::FirstSeen, 1.0);
        check("--a", MajorityRule::FirstSeenMissingVotes, 0.0);
        check("-a", MajorityRule::FirstSeenMissingVotes, 0.0);
        check("a-", MajorityRule::FirstSeenMissingVotes, 1.0);
        check("", MajorityRule::FirstSeen, 0.0);
    }
}
