//! Answers of two runs compared by a judge, in both orders.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tasks::{ItemId, Reading, Winner};

use super::estimate::pooled;
use super::{Coverage, RatingEstimate};
use crate::judgment::{JudgmentKey, Opponent, Position, Setting, StoredJudge, StoredJudgment};

/// What one judge says of this run against another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairRatings {
    /// Its number in the run file; no part of a report.
    #[serde(skip)]
    pub judge_id: i64,
    /// The judge.
    pub judge: String,
    /// Whether it judged its own answers.
    pub is_self: bool,
    /// The other run's model.
    pub opponent: String,
    /// The other run's file when it was compared.
    pub opponent_run_file: String,
    /// The result.
    pub comparison: Comparison,
    /// What became of every game; two games are one comparison.
    pub coverage: Coverage,
}

/// Wins, ties and losses of this run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Comparisons won in both orders.
    pub n_wins: usize,
    /// Comparisons that are a tie in the first order, or in which the orders disagree: upstream
    /// counts both as ties.
    pub n_ties: usize,
    /// Comparisons lost in both orders.
    pub n_losses: usize,
    /// Comparisons left out, because a game of theirs could not be read.
    pub n_errors: usize,
    /// Wins by comparisons.
    pub win_rate: Option<f64>,
    /// Losses by comparisons.
    pub loss_rate: Option<f64>,
    /// Wins and half of the ties by comparisons, with an interval over questions.
    pub adjusted_win_rate: Option<RatingEstimate>,
    /// The share of comparisons in which both orders name the same winner, or a tie.
    pub consistency: Option<f64>,
    /// Comparisons in which the winner changes with the order.
    pub n_flips: usize,
    /// Of games with a winner, the share won by the answer that stood first; 0.5 is fair.
    pub first_wins: Option<f64>,
}

/// Both games about one answer, by the name under which the judge knew the winner.
#[derive(Debug, Clone, PartialEq)]
pub struct Game {
    /// The question.
    pub item: ItemId,
    /// The winner of the game in which this run's answer stood first; `None` for an unreadable reply.
    pub first: Option<Winner>,
    /// The winner of the other game.
    pub second: Option<Winner>,
}

/// Who won, on this run's terms.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Win,
    Tie,
    Loss,
}

impl Comparison {
    /// Counts games as `display_result_pairwise` of FastChat's `show_result.py` does.
    pub fn of(games: &[Game]) -> Self {
        let mut found = Self::default();
        let mut points = Vec::new();
        let (mut n_same, mut n_first, mut n_decided) = (0, 0, 0);
        for game in games {
            let (Some(first), Some(second)) = (game.first, game.second) else {
                found.n_errors += 1;
                continue;
            };
            for winner in [first, second].into_iter().filter(|winner| *winner != Winner::Tie) {
                n_decided += 1;
                n_first += usize::from(winner == Winner::A);
            }
            let (one, other) = (outcome(first, Winner::A), outcome(second, Winner::B));
            n_same += usize::from(one == other);
            found.n_flips += usize::from(matches!(
                (one, other),
                (Outcome::Win, Outcome::Loss) | (Outcome::Loss, Outcome::Win)
            ));
            let agreed = if one == other { one } else { Outcome::Tie };
            let (count, point) = match agreed {
                Outcome::Win => (&mut found.n_wins, 1.0),
                Outcome::Tie => (&mut found.n_ties, 0.5),
                Outcome::Loss => (&mut found.n_losses, 0.0),
            };
            *count += 1;
            points.push((game.item.clone(), point));
        }
        let share = |n: usize, of: usize| (of > 0).then(|| n as f64 / of as f64);
        let n = points.len();
        found.win_rate = share(found.n_wins, n);
        found.loss_rate = share(found.n_losses, n);
        found.consistency = share(n_same, n);
        found.first_wins = share(n_first, n_decided);
        found.adjusted_win_rate = pooled(points, (0.0, 1.0));
        found
    }
}

/// The outcome for the answer that the judge knew as `own`.
fn outcome(winner: Winner, own: Winner) -> Outcome {
    match winner {
        Winner::Tie => Outcome::Tie,
        winner if winner == own => Outcome::Win,
        _ => Outcome::Loss,
    }
}

/// The comparison with one opponent; `None` where that judge was never asked about it.
pub(super) fn of(
    judge: &StoredJudge,
    opponent: &Opponent,
    judgments: &[&StoredJudgment],
    n_planned: usize,
) -> Option<PairRatings> {
    let is_about = |judgment: &&&StoredJudgment| match &judgment.key.setting {
        Setting::Against { opponent: id, .. } => *id == opponent.id,
        Setting::Alone => false,
    };
    let own: Vec<&StoredJudgment> = judgments.iter().filter(is_about).copied().collect();
    if own.is_empty() {
        return None;
    }
    Some(PairRatings {
        judge_id: judge.judge_id,
        judge: judge.config.name(),
        is_self: judge.config.is_self,
        opponent: opponent.model.clone(),
        opponent_run_file: opponent.run_file.clone(),
        comparison: Comparison::of(&games(&own)),
        coverage: Coverage::of(&own, 2 * n_planned),
    })
}

fn winner(reading: &Reading) -> Option<Winner> {
    match reading {
        Reading::Winner(winner) => Some(*winner),
        Reading::Rating { .. } | Reading::Unparsed(_) => None,
    }
}

/// Pairs of games of which both were played.
fn games(judgments: &[&StoredJudgment]) -> Vec<Game> {
    let mut games: BTreeMap<_, [Option<&Reading>; 2]> = BTreeMap::new();
    for judgment in judgments {
        let JudgmentKey { sample, turn, judge_sample_idx, setting, .. } = &judgment.key;
        let (Setting::Against { position, .. }, Some(reading)) = (setting, judgment.reading())
        else {
            continue;
        };
        let place = (sample.clone(), *turn, *judge_sample_idx);
        games.entry(place).or_default()[usize::from(*position == Position::Second)] = Some(reading);
    }
    let played = games.into_iter().filter_map(|((sample, _, _), [first, second])| {
        Some(Game { item: sample.item, first: winner(first?), second: winner(second?) })
    });
    played.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Games as two letters each: the winner's name in either order, `T` for a tie, `-` for an error.
    fn check(games: &str, expected: &str) {
        let winner = |letter: char| match letter {
            'A' => Some(Winner::A),
            'B' => Some(Winner::B),
            'T' => Some(Winner::Tie),
            _ => None,
        };
        let game = |(idx, text): (usize, &str)| {
            let mut letters = text.chars().map(winner);
            let mut next = || letters.next().expect("two letters");
            Game { item: ItemId(idx.to_string()), first: next(), second: next() }
        };
        let games: Vec<Game> = games.split(' ').enumerate().map(game).collect();
        let c = Comparison::of(&games);
        let shown =
            |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{share:.3}"));
        let adjusted = shown(c.adjusted_win_rate.map(|rate| rate.value));
        let seen = format!(
            "{}/{}/{} errors {} flips {} win {} loss {} adjusted {adjusted} same {} first {}",
            c.n_wins,
            c.n_ties,
            c.n_losses,
            c.n_errors,
            c.n_flips,
            shown(c.win_rate),
            shown(c.loss_rate),
            shown(c.consistency),
            shown(c.first_wins)
        );
        assert_eq!(seen, expected);
    }

    #[test]
    fn only_what_both_orders_agree_on_is_won_or_lost() {
        check(
            "AB",
            "1/0/0 errors 0 flips 0 win 1.000 loss 0.000 adjusted 1.000 same 1.000 first 0.500",
        );
        check(
            "BA",
            "0/0/1 errors 0 flips 0 win 0.000 loss 1.000 adjusted 0.000 same 1.000 first 0.500",
        );
        // The answer that stands first wins both games: a flip, and a tie.
        check(
            "AA",
            "0/1/0 errors 0 flips 1 win 0.000 loss 0.000 adjusted 0.500 same 0.000 first 1.000",
        );
        check(
            "TT AT TB",
            "0/3/0 errors 0 flips 0 win 0.000 loss 0.000 adjusted 0.500 same 0.333 first 0.500",
        );
        check(
            "A- -- AB",
            "1/0/0 errors 2 flips 0 win 1.000 loss 0.000 adjusted 1.000 same 1.000 first 0.500",
        );
        check("--", "0/0/0 errors 1 flips 0 win - loss - adjusted - same - first -");
    }
}
