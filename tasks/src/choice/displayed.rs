//! A question as one sample shows it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Letter, Permutation, ShuffleProtocol};

/// A question, its correct answer and three incorrect ones, as the data spell them. `Debug` shows no
/// text, because the authors of GPQA ask that its examples do not appear in public.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceQuestion {
    /// The question.
    pub question: String,
    /// The correct answer.
    pub correct: String,
    /// The incorrect answers in the order of the data.
    pub incorrect: [String; 3],
}

/// A question with its options in the order of display. `Debug` shows no text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Displayed {
    question: String,
    options: [String; 4],
    permutation: Permutation,
    gold: Letter,
    credited: Vec<Letter>,
}

impl ChoiceQuestion {
    /// The question under `permutation`. simple-evals and `inspect_evals` show texts with the white
    /// space that the data have around them; our own protocol trims it.
    pub fn displayed(&self, protocol: ShuffleProtocol, permutation: Permutation) -> Displayed {
        let shown = |text: &str| match protocol {
            ShuffleProtocol::SimpleEvals | ShuffleProtocol::Inspect => text.to_owned(),
            ShuffleProtocol::PerItem => text.trim().to_owned(),
        };
        let correct = shown(&self.correct);
        let [second, third, fourth] = self.incorrect.each_ref().map(|text| shown(text));
        let before = [correct.clone(), second, third, fourth];
        let sources = permutation.sources();
        let options = sources.map(|source| before[source].clone());
        let letter_where = |test: &dyn Fn(usize) -> bool| -> Vec<Letter> {
            Letter::ALL.into_iter().filter(|letter| test(letter.idx())).collect()
        };
        let is_credited = |idx: usize| options[idx].trim() == correct.trim();
        let is_gold = |idx: usize| match protocol {
            ShuffleProtocol::SimpleEvals | ShuffleProtocol::PerItem => options[idx] == correct,
            ShuffleProtocol::Inspect => sources[idx] == 0,
        };
        let gold = *letter_where(&is_gold).first().expect("the correct answer is an option");
        let credited = letter_where(&is_credited);
        Displayed { question: shown(&self.question), options, permutation, gold, credited }
    }
}

impl Displayed {
    /// The question's text.
    pub fn question(&self) -> &str {
        &self.question
    }

    /// The options' texts in the order of display.
    pub fn options(&self) -> &[String; 4] {
        &self.options
    }

    /// The one letter that the protocol credits: of the first option that equals the correct answer
    /// (simple-evals and our own), or of the correct answer's own place (`inspect_evals`).
    pub fn gold(&self) -> Letter {
        self.gold
    }

    /// Every letter whose option reads like the correct answer. More than one stands here where the
    /// data repeat it among the incorrect answers (row 74 of the main set, row 105 of the extended
    /// one, counted from 0); we credit each of them, upstream credits [`Self::gold`] alone.
    pub fn credited(&self) -> &[Letter] {
        &self.credited
    }

    /// The place of a letter's option before shuffling, where 0 is the correct answer; of options
    /// that read alike it is the first. Votes of samples that show different orders are counted on
    /// this, because their letters name different options.
    pub fn source_idx(&self, letter: Letter) -> usize {
        let chosen = self.options[letter.idx()].trim();
        let alike = Letter::ALL.map(Letter::idx).into_iter();
        let sources = self.permutation.sources();
        let alike = alike.filter(|idx| self.options[*idx].trim() == chosen);
        alike.map(|idx| sources[idx]).min().expect("an option reads like itself")
    }

    /// What a prompt template sees: `question` and the options `a` to `d`.
    pub fn fields(&self) -> BTreeMap<String, String> {
        let options = ["a", "b", "c", "d"].into_iter().zip(&self.options);
        let all = [("question", &self.question)].into_iter().chain(options);
        all.map(|(name, text)| (name.to_owned(), text.clone())).collect()
    }
}

impl fmt::Debug for ChoiceQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChoiceQuestion").finish_non_exhaustive()
    }
}

impl fmt::Debug for Displayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Displayed")
            .field("permutation", &self.permutation)
            .field("gold", &self.gold)
            .field("credited", &self.credited)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ItemId;
    use crate::choice::Permutations;

    fn question(correct: &str, incorrect: [&str; 3]) -> ChoiceQuestion {
        ChoiceQuestion {
            question: " Which? ".to_owned(),
            correct: correct.to_owned(),
            incorrect: incorrect.map(str::to_owned),
        }
    }

    /// The first order of simple-evals is 3, 1, 0, 2 and the first of `inspect_evals` 2, 1, 3, 0.
    fn displayed(question: &ChoiceQuestion, protocol: ShuffleProtocol) -> Displayed {
        let orders = Permutations::draw(protocol, 0, "t", &[ItemId("i".to_owned())], 1);
        question.displayed(protocol, orders.of(0, 0).unwrap())
    }

    fn check(
        correct: &str,
        incorrect: [&str; 3],
        protocol: ShuffleProtocol,
        (options, gold, credited): (&str, Letter, &[Letter]),
    ) {
        let shown = displayed(&question(correct, incorrect), protocol);
        assert_eq!(shown.options().join("|"), options);
        assert_eq!((shown.gold(), shown.credited()), (gold, credited));
    }

    #[test]
    fn letters_follow_the_order_of_display() {
        use Letter::{B, C, D};
        let simple = ShuffleProtocol::SimpleEvals;
        check("r ", ["x", "y", "z"], simple, ("z|x|r |y", C, &[C]));
        check("r", ["x", "y", "z"], ShuffleProtocol::Inspect, ("y|x|z|r", D, &[D]));
        // A repeated correct answer: the first equal text, and the correct answer's own place.
        check("r", ["r", "y", "z"], simple, ("z|r|r|y", B, &[B, C]));
        check("r", ["r", "y", "z"], ShuffleProtocol::Inspect, ("y|r|z|r", D, &[B, D]));
        check("r ", ["r", "y", "z"], simple, ("z|r|r |y", C, &[B, C]));
        check("r", ["x", "x", "z"], simple, ("z|x|r|x", C, &[C]));
    }

    #[test]
    fn our_own_protocol_trims() {
        let shown = displayed(&question(" r\n", ["x ", "y", "z"]), ShuffleProtocol::PerItem);
        assert!(shown.options().iter().all(|option| option.len() == 1));
        assert_eq!(shown.question(), "Which?");
    }

    #[test]
    fn votes_name_options_and_not_places() {
        let shown = displayed(&question("r", ["r", "y", "z"]), ShuffleProtocol::SimpleEvals);
        assert_eq!(Letter::ALL.map(|letter| shown.source_idx(letter)), [3, 0, 0, 2]);
    }

    #[test]
    fn debug_shows_no_text() {
        let question = question("secret", ["secret", "secret", "secret"]);
        let shown = displayed(&question, ShuffleProtocol::SimpleEvals);
        let text = format!("{question:?} {shown:?}");
        assert!(!text.contains("secret") && !text.contains("Which"), "{text}");
    }
}
