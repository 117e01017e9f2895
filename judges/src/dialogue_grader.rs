//! Dialogues without right answers: whether every turn was answered.

use tasks::{Answer, Detail, Finish, Judgement, Transcript, Turn, Verdict};

use crate::llm::{visible_answer, visible_facts};

/// Tells a complete dialogue from one that ran into the token limit or has a turn without an answer.
/// None of this is a score. As upstream does, judges rate the incomplete ones like the others; the
/// verdict only keeps them countable.
pub(crate) fn judge_dialogue(transcript: &Transcript) -> Judgement {
    let is_cut = |turn: &Turn| turn.completion.finish == Finish::Length;
    let is_empty = |turn: &Turn| visible_answer(&turn.completion).is_empty();
    let turns = || (1..).zip(&transcript.turns);
    let cut = turns().find(|(_, turn)| is_cut(turn));
    let empty = turns().find(|(_, turn)| is_empty(turn));
    let (verdict, explanation) = match (cut, empty) {
        (Some((n, _)), _) => {
            (Verdict::Truncated, format!("the answer to turn {n} ran into the token limit"))
        }
        (None, Some((n, _))) => (Verdict::Unparsed, format!("turn {n} has no visible answer")),
        (None, None) => (Verdict::Answered, "every turn was answered".to_owned()),
    };
    let facts = transcript.turns.iter().map(|turn| visible_facts(&turn.completion)).collect();
    Judgement { answer: Answer::Whole, verdict, explanation, detail: Some(Detail::Dialogue(facts)) }
}
