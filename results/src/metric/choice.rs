//! Figures of multiple-choice tasks: which letters earn credit, and whether the place of an option
//! matters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tasks::choice::Letter;
use tasks::{Detail, ItemId, Verdict};

use super::{Estimate, ItemScore, clustered, ratio};
use crate::{ItemOutcomes, Outcome};

/// One graded sample of a question with four options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceSample {
    /// The question; samples of one question are not independent.
    pub item: ItemId,
    /// The letter that the protocol credits, in the order that this sample showed.
    pub gold: Letter,
    /// The letter that was chosen; `None` for a sample without an answer, or with one that is no
    /// letter.
    pub chosen: Option<Letter>,
    /// Whether the sample counts as correct. It may although the letters differ, where two options
    /// read alike.
    pub is_correct: bool,
}

/// Which letters earn credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credit {
    /// Every letter whose option reads like the correct answer: our default.
    AnyEqual,
    /// The gold letter alone, as upstream counts.
    GoldOnly,
}

/// How often a letter was chosen, beside how often it was right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LetterShare {
    /// The letter.
    pub letter: Letter,
    /// The share of samples that chose it, among those that chose a letter. Its interval treats
    /// questions as the independent units.
    pub chosen: Estimate,
    /// The share of the same samples for which it was the gold letter.
    pub gold: f64,
    /// Accuracy over all graded samples for which it was the gold letter; `None` without any.
    pub accuracy: Option<Estimate>,
}

/// Questions below which no bias is claimed: the intervals treat questions as independent units, and
/// few units have no interval worth the name.
const LEAST_ITEMS: usize = 10;

impl LetterShare {
    /// Whether the letter was chosen more or less often than it was right by more than chance
    /// explains: its 95 % interval leaves out the share of gold letters. One letter in twenty does so
    /// without any bias.
    pub fn is_biased(&self) -> bool {
        self.chosen.n_items >= LEAST_ITEMS
            && !(self.chosen.ci95.low..=self.chosen.ci95.high).contains(&self.gold)
    }

    /// The same against a share of one in four.
    pub fn differs_from_uniform(&self) -> bool {
        !(self.chosen.ci95.low..=self.chosen.ci95.high).contains(&0.25)
    }
}

/// The graded samples of a run that show options. A sample that found no answer, or ran into the token
/// limit, is among them: it chose no letter and is not correct.
pub fn choice_samples(items: &[ItemOutcomes]) -> Vec<ChoiceSample> {
    let samples = items.iter().flat_map(|item| item.samples.iter().map(move |s| (&item.item, s)));
    let of_sample = |(item, sample): (&ItemId, &crate::SampleOutcome)| {
        let Some(Detail::Choice(choice)) = &sample.detail else { return None };
        Some(ChoiceSample {
            item: item.clone(),
            gold: choice.gold,
            chosen: choice.chosen,
            is_correct: sample.outcome == Outcome::Judged(Verdict::Correct),
        })
    };
    samples.filter_map(of_sample).collect()
}

/// The mean over questions of the mean over their samples.
pub fn choice_accuracy(samples: &[ChoiceSample], credit: Credit) -> Option<Estimate> {
    accuracy(samples.iter(), credit)
}

/// Shares and accuracies of the four letters; empty where no sample chose a letter.
pub fn letter_shares(samples: &[ChoiceSample]) -> Vec<LetterShare> {
    let chosen = |sample: &&ChoiceSample| sample.chosen.is_some();
    let n_chosen = samples.iter().filter(chosen).count();
    let of_letter = |letter: Letter| {
        let is_gold = |sample: &&ChoiceSample| sample.gold == letter;
        let n_gold = samples.iter().filter(chosen).filter(is_gold).count();
        Some(LetterShare {
            letter,
            chosen: share(samples.iter().filter(chosen), |s| s.chosen == Some(letter))?,
            gold: n_gold as f64 / n_chosen as f64,
            accuracy: share(samples.iter().filter(is_gold), |s| s.is_correct),
        })
    };
    Letter::ALL.into_iter().filter_map(of_letter).collect()
}

fn accuracy<'a>(
    samples: impl Iterator<Item = &'a ChoiceSample>,
    credit: Credit,
) -> Option<Estimate> {
    let is_correct = |sample: &ChoiceSample| match credit {
        Credit::AnyEqual => sample.is_correct,
        Credit::GoldOnly => sample.chosen == Some(sample.gold),
    };
    let scores = counts(samples, is_correct)
        .into_values()
        .map(|(hits, trials)| ItemScore { value: hits as f64 / trials as f64, n_samples: trials });
    clustered(&scores.collect::<Vec<_>>())
}

/// The share of samples that pass a test, each counting once.
fn share<'a>(
    samples: impl Iterator<Item = &'a ChoiceSample>,
    test: impl Fn(&ChoiceSample) -> bool,
) -> Option<Estimate> {
    let counts: Vec<(f64, f64)> = counts(samples, test)
        .into_values()
        .map(|(hits, trials)| (hits as f64, trials as f64))
        .collect();
    let (hits, trials) = counts.iter().fold((0.0, 0.0), |sum, c| (sum.0 + c.0, sum.1 + c.1));
    ratio(hits / trials, &counts)
}

/// For each question the samples that pass a test, and all of them.
fn counts<'a>(
    samples: impl Iterator<Item = &'a ChoiceSample>,
    test: impl Fn(&ChoiceSample) -> bool,
) -> BTreeMap<&'a ItemId, (usize, usize)> {
    let mut counts: BTreeMap<&ItemId, (usize, usize)> = BTreeMap::new();
    for sample in samples {
        let (hits, trials) = counts.entry(&sample.item).or_default();
        *hits += usize::from(test(sample));
        *trials += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sample as text: question, gold letter, chosen letter or `-`; after `!` it is correct
    /// although the letters differ.
    fn sample(text: &str) -> ChoiceSample {
        let (is_alike, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let [item, gold, chosen] =
            text.split(' ').collect::<Vec<_>>().try_into().expect("three words");
        let (gold, chosen) = (Letter::from_name(gold).unwrap(), Letter::from_name(chosen));
        ChoiceSample {
            item: ItemId(item.to_owned()),
            gold,
            chosen,
            is_correct: is_alike || chosen == Some(gold),
        }
    }

    fn samples(texts: &[&str]) -> Vec<ChoiceSample> {
        texts.iter().map(|text| sample(text)).collect()
    }

    fn shown(estimate: Option<&Estimate>) -> String {
        estimate.map_or("-".to_owned(), |e| format!("{:.3} {}/{}", e.value, e.n_items, e.n_samples))
    }

    const RUN: [&str; 6] = ["1 A A", "1 B A", "2 C -", "3 D D", "3 A A", "!4 B C"];

    #[test]
    fn accuracies_average_questions() {
        let samples = samples(&RUN);
        let check = |credit, expected: &str| {
            assert_eq!(shown(choice_accuracy(&samples, credit).as_ref()), expected);
        };
        check(Credit::AnyEqual, "0.625 4/6");
        check(Credit::GoldOnly, "0.375 4/6");
        assert_eq!(choice_accuracy(&[], Credit::AnyEqual), None);
    }

    #[test]
    fn letters_have_shares_and_accuracies() {
        let shares = letter_shares(&samples(&RUN));
        let shown: Vec<String> = shares
            .iter()
            .map(|s| {
                let accuracy = shown(s.accuracy.as_ref());
                format!("{} {} {:.1} {accuracy}", s.letter, shown(Some(&s.chosen)), s.gold)
            })
            .collect();
        let expected = [
            "A 0.600 3/5 0.4 1.000 2/2",
            "B 0.000 3/5 0.4 0.500 2/2",
            "C 0.200 3/5 0.0 0.000 1/1",
            "D 0.200 3/5 0.2 1.000 1/1",
        ];
        assert_eq!(shown, expected);
        assert!(letter_shares(&samples(&["1 A -"])).is_empty());
    }

    #[test]
    fn bias_shows_in_a_large_run_only() {
        let run = |n: usize| -> Vec<ChoiceSample> {
            let sample = |n: usize| sample(&format!("{n} {} A", Letter::ALL[n % 4]));
            (0..n).map(sample).collect()
        };
        let is_biased = |n| letter_shares(&run(n)).first().map(LetterShare::is_biased);
        assert_eq!((is_biased(1), is_biased(100)), (Some(false), Some(true)));
        let fair: Vec<ChoiceSample> = run(100)
            .into_iter()
            .map(|sample| ChoiceSample { chosen: Some(sample.gold), ..sample })
            .collect();
        assert!(!letter_shares(&fair).iter().any(|s| s.is_biased() || s.differs_from_uniform()));
    }
}
