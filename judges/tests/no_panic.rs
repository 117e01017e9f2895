//! No text makes the library panic or disagree with itself.

use judges::check::parse_integer;
use judges::extract::{gsm8k_answer, math_answer, visible};
use judges::math;

const PIECES: [&str; 76] = [
    "\\",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "$",
    "$$",
    "\\(",
    "\\)",
    "\\boxed",
    "\\boxed{",
    "\\fbox{",
    "\\text{",
    "\\frac",
    "\\sqrt",
    "^",
    "_",
    "!",
    "=",
    "+",
    "-",
    "−",
    "/",
    "*",
    ".",
    ",",
    " ",
    "\n",
    "\r\n",
    "7",
    "3",
    "073",
    "1,234",
    "9999999999999999999999",
    "answer",
    "Answer: ",
    "ответ",
    "Ответ — ",
    " is ",
    "или",
    "x",
    "é",
    "\u{a0}",
    "😀",
    "<think>",
    "</think>",
    "####",
    "%",
    "°",
    "\\circ",
    "\\{",
    "\\}",
    "\\,",
    "\\cdot",
    "~",
    "`",
    "½",
    "\u{301}",
    "(or ",
    "\\[",
    "\\]",
    "**",
    " = ",
    "◁",
    "◁think▷",
    "◁/think▷",
    "<|channel|>",
    "final",
    "<|message|>",
    "<|end|>",
    "$-42",
    "The number is ",
    "\\mathrm{",
    "mod 7)",
];

#[test]
fn random_texts() {
    let mut state = 1_u64;
    let mut next = |bound: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % bound
    };
    for _ in 0..60_000 {
        let text: String = (0..=next(14)).map(|_| PIECES[next(PIECES.len())]).collect();
        let seen = visible(&text, next(2) == 0);
        let found = [math_answer(seen.text), gsm8k_answer(&text)];
        for answer in found.iter().flatten().map(|found| found.answer).chain([text.as_str()]) {
            let number = parse_integer(answer);
            if let Some(number) = &number {
                assert_eq!(parse_integer(number).as_ref(), Some(number), "{answer:?}");
            }
            // Neither may panic; what cannot be read equals nothing, itself included.
            std::hint::black_box((math::compare(answer, &text), math::normal_form(answer)));
        }
        for found in found.iter().flatten() {
            assert!(!found.answer.is_empty(), "{text:?}");
        }
    }
}
