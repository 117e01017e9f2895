//! Samples that choose one of four options.

use sha2::{Digest, Sha256};
use tasks::choice::{ChoiceExtractor, Displayed};
use tasks::{Answer, ChoiceOutcome, Detail, Judgement, Transcript, Verdict};

use crate::extract::choice::{FoundChoice, choice};
use crate::judge::{gradable, unparsed};

/// Grades a finished transcript whose answer is a letter. Every letter whose option reads like the
/// correct answer is right. Votes name options and not letters, because samples may show them in
/// different orders.
pub(crate) fn judge_choice(
    extractor: ChoiceExtractor,
    displayed: &Displayed,
    transcript: &Transcript,
) -> Judgement {
    let found =
        gradable(transcript.last()).map(|text| choice(extractor, text, displayed.options()));
    let chosen = found.as_ref().ok().and_then(|found| found.as_ref()?.letter);
    let judgement = match found {
        Err(ungraded) => ungraded.judgement(),
        Ok(None) => unparsed(),
        Ok(Some(found)) => compare(displayed, &found),
    };
    let (gold, credited) = (displayed.gold(), displayed.credited().to_vec());
    let detail = Some(Detail::Choice(ChoiceOutcome { gold, credited, chosen }));
    Judgement { detail, ..judgement }
}

fn compare(displayed: &Displayed, found: &FoundChoice<'_>) -> Judgement {
    let gold = displayed.gold();
    let (verdict, explanation) = match found.letter {
        Some(letter) if displayed.credited().contains(&letter) => {
            (Verdict::Correct, format!("{letter} is right"))
        }
        Some(letter) => (Verdict::Incorrect, format!("{letter} was chosen, {gold} is right")),
        None => (Verdict::Incorrect, format!("what was found is no letter, {gold} is right")),
    };
    let vote = match found.letter.map(|letter| displayed.source_idx(letter)) {
        Some(0) => "correct".to_owned(),
        Some(idx) => format!("incorrect-{idx}"),
        None => foreign(found.text.trim()),
    };
    let (text, rule) = (found.text.clone().into_owned(), found.by.name().to_owned());
    let answer = Answer::Found { text, vote, rule };
    Judgement { answer, verdict, explanation, detail: None }
}

/// The vote for what is no letter. Votes are kept readable, and the text of an option may have to be
/// sealed, so anything longer than a letter votes by its digest.
fn foreign(text: &str) -> String {
    if text.chars().count() <= 1 {
        return text.to_owned();
    }
    let digest = tasks::hex(&Sha256::digest(text));
    format!("other-{}", &digest[..8])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::judge::tests::transcript;
    use tasks::choice::{ChoiceQuestion, ShuffleProtocol, draw_orders};
    use tasks::{ChoiceTarget, Finish, Item, ItemId, Target};

    /// The question as the first sample of simple-evals shows it: the data's options 3, 1, 0 and 2.
    fn displayed(correct: &str, incorrect: [&str; 3]) -> Displayed {
        let question = ChoiceQuestion {
            question: "Which?".to_owned(),
            correct: correct.to_owned(),
            incorrect: incorrect.map(str::to_owned),
        };
        let protocol = ShuffleProtocol::SimpleEvals;
        let target = ChoiceTarget { question, protocol, orders: Vec::new() };
        let id = ItemId("i".to_owned());
        let fields = std::collections::BTreeMap::new();
        let mut items = [Item { id, fields, target: Target::Choice(Box::new(target)) }];
        draw_orders(&mut items, protocol, 0, ("t", 1));
        let [item] = items;
        match Arc::new(item).displayed(0).target.clone() {
            Target::Displayed(displayed) => *displayed,
            other => panic!("{other:?}"),
        }
    }

    fn check(extractor: ChoiceExtractor, reply: &str, finish: Finish, expected: &str) {
        let shown = displayed("red", ["green", "red", "blue"]);
        let judgement = judge_choice(extractor, &shown, &transcript(reply, finish, false));
        let Some(Detail::Choice(detail)) = &judgement.detail else { panic!("{judgement:?}") };
        let chosen = detail.chosen.map_or("-", tasks::choice::Letter::name);
        let (verdict, vote) = (judgement.verdict.name(), judgement.answer.vote().unwrap_or("-"));
        let seen = format!("{verdict} {vote} {chosen} of {}", detail.gold);
        assert_eq!(seen, expected, "{reply}");
    }

    #[test]
    fn letters_are_graded_as_they_were_shown() {
        use ChoiceExtractor::{Choice, Nemo, SimpleEvals};
        // A is blue, B green, C and D both red.
        check(Choice, "Answer: C", Finish::Stop, "correct correct C of C");
        check(Choice, "Answer: **D**", Finish::Stop, "correct correct D of C");
        check(Choice, "Ответ: B", Finish::Stop, "incorrect incorrect-1 B of C");
        check(Choice, "Answer: blue", Finish::Stop, "incorrect incorrect-3 A of C");
        check(Choice, "I do not know.", Finish::Stop, "unparsed - - of C");
        check(Choice, "Answer: C", Finish::Length, "truncated - - of C");
        check(SimpleEvals, "answer: c", Finish::Stop, "incorrect c - of C");
        // Only the first eight digits of SHA-256 of "blue" are kept.
        check(Nemo, r"\boxed{blue}", Finish::Stop, "incorrect other-16477688 - of C");
    }
}
