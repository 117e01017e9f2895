//! No reply makes a choice extractor panic, and none of ours guesses.

use judges::extract::choice::choice;
use proptest::collection::vec;
use proptest::prelude::*;
use tasks::choice::{ChoiceExtractor, Letter};

const PIECES: [&str; 48] = [
    "Answer",
    "answer is ",
    "Ответ",
    ": ",
    " — ",
    "\n",
    " ",
    "**",
    "_",
    "$",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\\boxed{",
    "\\text{",
    "\\(",
    "\\",
    "A",
    "B",
    "C",
    "D",
    "a",
    "b",
    "А",
    "В",
    "Г",
    "или",
    " or ",
    ",",
    "/",
    ".",
    "?",
    "5 m",
    "red",
    "A mix",
    "is correct",
    "option ",
    "choose ",
    "é",
    "\u{301}",
    "🙂",
    "\u{a0}",
    "\r\n",
    "if",
    "not ",
];

fn options() -> [String; 4] {
    ["5 m", "red", "A mix", "$\\text{red}$ or 5"].map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn made_up_replies(places in vec(0..PIECES.len(), 0..16)) {
        let reply: String = places.into_iter().map(|place| PIECES[place]).collect();
        for extractor in ChoiceExtractor::ALL {
            let _ = choice(extractor, &reply, &options());
        }
        let ours = choice(ChoiceExtractor::Choice, &reply, &options());
        if let Some(found) = ours {
            prop_assert!(found.letter.is_some() && !found.text.is_empty(), "{reply:?}");
            // A letter is read where one stands, or where an option's text does.
            prop_assert!(reply.contains(found.text.as_ref()));
        }
    }

    #[test]
    fn any_text(reply in ".{0,60}", option in ".{0,8}") {
        let options = [option, "5 m".to_owned(), "red".to_owned(), String::new()];
        for extractor in ChoiceExtractor::ALL {
            let _ = choice(extractor, &reply, &options);
        }
    }

    #[test]
    fn an_answer_line_decides(before in "[a-z .,\n]{0,80}", place in 0..4_usize) {
        let letter = Letter::ALL[place];
        let reply = format!("{before}\n\nAnswer: {letter}");
        let found = choice(ChoiceExtractor::Choice, &reply, &options());
        prop_assert_eq!(found.and_then(|found| found.letter), Some(letter));
    }
}
