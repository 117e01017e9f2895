//! pass@k and cons@k for every k.

use std::collections::BTreeMap;

use super::consensus::{count, votes};
use super::interval::{Estimate, ItemScore, clustered};
use super::pass::pass_at_k_of_item;
use super::random::SplitMix64;
use crate::ItemOutcomes;

/// How an expectation over subsets of samples was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// Over all subsets.
    Exact,
    /// Over [`N_SUBSETS`] subsets drawn with a fixed seed, where all are too many to count.
    Resampled,
}

/// The figure for one k.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Samples of each item that are looked at.
    pub k: usize,
    /// How the expectation was found.
    pub expectation: Expectation,
    /// Over the items with at least `k` graded samples.
    pub estimate: Estimate,
}

/// Samples of one item up to which every subset is counted.
const N_EXACT: usize = 64;

/// Subsets drawn for one item and k where not every one is counted.
pub const N_SUBSETS: usize = 1000;

type Votes<'a> = Vec<(Option<&'a str>, bool)>;

/// Every k up to which a curve is drawn point by point.
const N_POINTS: usize = 64;

/// pass@k for every k up to `n`, but beyond 64 for powers of two and `n` only.
pub fn pass_curve(items: &[ItemOutcomes], n: usize) -> Vec<CurvePoint> {
    let count = |item: &ItemOutcomes| {
        let scores = item.scores();
        (scores.len(), scores.iter().filter(|score| **score > 0.5).count())
    };
    let counts: Vec<(usize, usize)> = items.iter().map(count).collect();
    let point = |k| {
        let score = |(n_samples, n_correct): &(usize, usize)| {
            let value = pass_at_k_of_item(*n_samples, *n_correct, k)?;
            Some(ItemScore { value, n_samples: *n_samples })
        };
        let scores: Vec<ItemScore> = counts.iter().filter_map(score).collect();
        let estimate = clustered(&scores)?;
        Some(CurvePoint { k, expectation: Expectation::Exact, estimate })
    };
    let powers = powers_of_two().skip_while(|k| *k <= N_POINTS).take_while(|k| *k < n);
    let last = (n > N_POINTS).then_some(n);
    (1..=n.min(N_POINTS)).chain(powers).chain(last).filter_map(point).collect()
}

fn powers_of_two() -> impl Iterator<Item = usize> {
    std::iter::successors(Some(1_usize), |k| k.checked_mul(2))
}

/// cons@k, the expected score of the majority answer over k of an item's graded samples with ties
/// shared equally: for every k up to `n` where items have at most 64 samples, otherwise for powers of
/// two and `n`.
pub fn cons_curve(items: &[ItemOutcomes], n: usize) -> Vec<CurvePoint> {
    let votes: Vec<Votes<'_>> = items.iter().map(|item| votes(&item.samples)).collect();
    let expectation = match votes.iter().map(Vec::len).max().unwrap_or(0) {
        0..=N_EXACT => Expectation::Exact,
        _ => Expectation::Resampled,
    };
    let mut scores: BTreeMap<usize, Vec<ItemScore>> = BTreeMap::new();
    for (item_idx, votes) in votes.iter().enumerate() {
        let of_item = match expectation {
            Expectation::Exact => (1..).zip(majority_curve(votes)).collect(),
            Expectation::Resampled => resampled_curve(votes, n, item_idx as u64),
        };
        for (k, value) in of_item.into_iter().filter(|(k, _)| *k <= n) {
            scores.entry(k).or_default().push(ItemScore { value, n_samples: votes.len() });
        }
    }
    let point = |(k, scores): (usize, Vec<ItemScore>)| {
        let all_equal_k = scores.iter().all(|score| score.n_samples == k);
        let expectation = if all_equal_k { Expectation::Exact } else { expectation };
        Some(CurvePoint { k, expectation, estimate: clustered(&scores)? })
    };
    scores.into_iter().filter_map(point).collect()
}

/// The expected score of the majority answer over k of these votes, for k from 1 to all of them.
/// Exact, by counting subsets: for each correct answer and each number t of its votes, the ways in
/// which no other answer has more than t, and how many have as many.
pub fn majority_curve(votes: &[(Option<&str>, bool)]) -> Vec<f64> {
    let n = votes.len();
    let binomials = binomials(n);
    let classes = count(votes.iter().filter_map(|(answer, ok)| Some(((*answer)?, *ok))));
    let n_blank = n - classes.iter().map(|(_, n)| n).sum::<usize>();
    let mut wins = vec![0.0; n + 1];
    for (idx, ((_, is_correct), n_votes)) in classes.iter().enumerate() {
        if !is_correct {
            continue;
        }
        let others = classes.iter().enumerate().filter(|(other, _)| *other != idx);
        let others: Vec<usize> = others.map(|(_, (_, n))| *n).collect();
        for t in 1..=*n_votes {
            let ways = ways(&others, n_blank, t, &binomials);
            for (n_ties, row) in ways.iter().enumerate() {
                for (s, ways) in row.iter().enumerate().take(n - t + 1) {
                    wins[t + s] += binomials[*n_votes][t] * ways / (n_ties + 1) as f64;
                }
            }
        }
    }
    (1..=n).map(|k| (wins[k] / binomials[n][k]).min(1.0)).collect()
}

/// In how many ways `s` votes can be taken from answers with these numbers of votes and from blank
/// ones, so that no answer has more than `t` and `r` of them have exactly `t`: by `r`, then `s`.
fn ways(others: &[usize], n_blank: usize, t: usize, binomials: &[Vec<f64>]) -> Vec<Vec<f64>> {
    // Answers with fewer than t votes can neither tie nor win: they are as good as blank.
    let n_small: usize = others.iter().filter(|n| **n < t).sum::<usize>() + n_blank;
    let mut ways = vec![binomials[n_small].clone()];
    for n_votes in others.iter().filter(|n| **n >= t) {
        let width = ways[0].len() + t;
        let mut next = vec![vec![0.0; width]; ways.len() + 1];
        for (r, row) in ways.iter().enumerate() {
            for (s, ways) in row.iter().enumerate().filter(|(_, ways)| **ways > 0.0) {
                for (taken, of_class) in binomials[*n_votes].iter().enumerate().take(t + 1) {
                    next[r + usize::from(taken == t)][s + taken] += ways * of_class;
                }
            }
        }
        ways = next;
    }
    ways
}

/// Pascal's triangle: C(m, k) for m up to `n`.
fn binomials(n: usize) -> Vec<Vec<f64>> {
    let mut rows = vec![vec![1.0]];
    for m in 1..=n {
        let above: &Vec<f64> = &rows[m - 1];
        let row = (0..=m).map(|k| {
            let left = if k == 0 { 0.0 } else { above[k - 1] };
            left + above.get(k).copied().unwrap_or(0.0)
        });
        let row = row.collect();
        rows.push(row);
    }
    rows
}

/// The mean over seeded random subsets, for powers of two and `n`; over all votes it is exact.
fn resampled_curve(votes: &[(Option<&str>, bool)], n: usize, seed: u64) -> Vec<(usize, f64)> {
    let ks = powers_of_two().take_while(|k| *k < n).chain([n]).filter(|k| *k <= votes.len());
    let mut ballot = Ballot::new(votes);
    let mut random = SplitMix64::new(seed);
    let mut mean = |k: usize| {
        let n_subsets = if k == votes.len() { 1 } else { N_SUBSETS };
        let sum: f64 = (0..n_subsets).map(|_| ballot.draw(k, &mut random)).sum();
        (k, sum / n_subsets as f64)
    };
    ks.map(&mut mean).collect()
}

/// Votes as numbers of answers, to be counted fast.
struct Ballot {
    votes: Vec<Option<usize>>,
    is_correct: Vec<bool>,
    n_votes: Vec<usize>,
}

impl Ballot {
    fn new(votes: &[(Option<&str>, bool)]) -> Self {
        let classes = count(votes.iter().filter_map(|(answer, ok)| Some(((*answer)?, *ok))));
        let class = |(answer, ok): &(Option<&str>, bool)| {
            let vote = ((*answer)?, *ok);
            classes.iter().position(|(class, _)| *class == vote)
        };
        Self {
            votes: votes.iter().map(class).collect(),
            is_correct: classes.iter().map(|((_, ok), _)| *ok).collect(),
            n_votes: vec![0; classes.len()],
        }
    }

    /// The majority's score among `k` random votes, ties shared equally.
    fn draw(&mut self, k: usize, random: &mut SplitMix64) -> f64 {
        self.n_votes.fill(0);
        for idx in 0..k {
            let other = idx + random.below(self.votes.len() - idx);
            self.votes.swap(idx, other);
            if let Some(class) = self.votes[idx] {
                self.n_votes[class] += 1;
            }
        }
        let most = self.n_votes.iter().max().copied().unwrap_or(0);
        let is_winner = |(n_votes, _): &(&usize, &bool)| most > 0 && **n_votes == most;
        let winners = || self.n_votes.iter().zip(&self.is_correct).filter(is_winner);
        let n_correct = winners().filter(|(_, is_correct)| **is_correct).count();
        n_correct as f64 / winners().count().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{MajorityRule, majority, pass_at_k};
    use crate::{Outcome, SampleOutcome};
    use tasks::{ItemId, Verdict};

    fn votes(answers: &[String]) -> Votes<'_> {
        answers.iter().map(|l| ((l != "-").then_some(l.as_str()), l == "a")).collect()
    }

    fn letters(text: &str) -> Vec<String> {
        text.chars().map(String::from).collect()
    }

    /// The same by trying every subset.
    fn enumerated(votes: &Votes<'_>, k: usize) -> f64 {
        let subsets = (0_u32..1 << votes.len()).filter(|mask| mask.count_ones() as usize == k);
        let scores: Vec<f64> = subsets
            .map(|mask| {
                let chosen = (0..votes.len()).filter(|idx| mask >> idx & 1 == 1);
                let chosen: Votes<'_> = chosen.map(|idx| votes[idx]).collect();
                majority(&chosen, MajorityRule::SharedTies).0
            })
            .collect();
        scores.iter().sum::<f64>() / scores.len() as f64
    }

    fn check(text: &str) {
        let letters = letters(text);
        let votes = votes(&letters);
        for (idx, value) in majority_curve(&votes).into_iter().enumerate() {
            let expected = enumerated(&votes, idx + 1);
            assert!((value - expected).abs() < 1e-12, "{text}, k = {}: {value}", idx + 1);
        }
    }

    #[test]
    fn the_expectation_is_that_over_all_subsets() {
        for text in ["a", "-", "ab", "aab", "aabbc", "--aab", "abcdef", "bbbaaa", "aaabbbccc--"] {
            check(text);
        }
    }

    fn check_pass_curve(n: usize, n_correct: usize, expected: &[usize]) {
        let sample = |idx: usize| SampleOutcome {
            sample_idx: u32::try_from(idx).expect("few"),
            outcome: Outcome::Judged(if idx < n_correct {
                Verdict::Correct
            } else {
                Verdict::Incorrect
            }),
            vote: None,
            detail: None,
        };
        let samples: Vec<SampleOutcome> = (0..n).map(sample).collect();
        let item = |id: &str| ItemOutcomes {
            item: ItemId(id.to_owned()),
            labels: Vec::new(),
            samples: samples.clone(),
        };
        let items = [item("x"), item("y")];
        let curve = pass_curve(&items, n);
        let beyond: Vec<usize> = curve.iter().map(|p| p.k).filter(|k| *k > N_POINTS).collect();
        assert_eq!(beyond, expected, "n = {n}");
        assert_eq!(curve.len() - beyond.len(), n.min(N_POINTS));
        for point in curve {
            assert_eq!(Some(point.estimate), pass_at_k(&items, point.k), "k = {}", point.k);
        }
    }

    #[test]
    fn pass_curves_of_many_samples_have_few_points() {
        check_pass_curve(3, 1, &[]);
        check_pass_curve(64, 7, &[]);
        check_pass_curve(65, 7, &[65]);
        check_pass_curve(128, 9, &[128]);
        check_pass_curve(200, 9, &[128, 200]);
        let many = [128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 50_000];
        check_pass_curve(50_000, 20_000, &many);
    }

    proptest::proptest! {
        #[test]
        fn the_expectation_is_that_over_all_subsets_of_any_votes(text in "[abcd-]{1,10}") {
            check(&text);
        }
    }

    #[test]
    fn resampling_comes_near() {
        let letters = letters(&"aaabbbccd-".repeat(14));
        let votes = votes(&letters);
        for (k, value) in resampled_curve(&votes, 140, 1) {
            let exact = majority_curve(&votes)[k - 1];
            assert!((value - exact).abs() < 0.06, "k = {k}: {value} beside {exact}");
        }
    }
}
