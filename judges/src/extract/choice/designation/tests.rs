use super::*;

fn check(text: &str, expected: &str) {
    let options = ["red light", "the rate doubles", "a mixture", "5 m"].map(str::to_owned);
    let found = read(text, Cyrillic::LookAlike, &Restated::new(&options));
    let seen = match found {
        Some(Designation::One(letter, _)) => letter.name(),
        Some(Designation::Several) => "several",
        None => "-",
    };
    assert_eq!(seen, expected, "{text:?}");
}

#[test]
fn letters_with_marks() {
    for text in [
        "B",
        "(B)",
        "**B**",
        "[B]",
        "{B}",
        "`B`",
        "\"B\"",
        "«B»",
        "$B$",
        "__B__",
        "B.",
        "B)",
        "B) the rate",
        "(B) the rate",
        "**(B)**",
        "**B) the rate**",
        r"$\boxed{B}$",
        r"\text{(B)}",
        r"\textbf{B}",
        r"\(\mathrm{B}\)",
        "option B",
        "Option (B)",
        "B: rate",
        "B - rate",
        "B — rate",
        "B because",
        "b",
        "(b) rate",
        "B, as",
        "B\nA",
        "В",
        "Ｂ",
        "B the rate doubles",
        "B (not A)",
        "B, not A",
        "B; A is wrong",
        "вариант В",
        "'B'",
        "B, A is wrong",
        "<B>",
        "B</answer>",
        "B\n</answer>",
        "B = the rate doubles",
        "B and not A",
        "B over option A",
        "B rather than A",
    ] {
        check(text, "B");
    }
}

#[test]
fn letters_in_words_and_formulas() {
    for text in [
        "B cells",
        "A mixture of salts",
        "a mixture",
        "B-type",
        "B = 5 T",
        "B=5",
        "B_1",
        "B'",
        "D2O",
        "A's frame",
        "C++",
        "Both",
        "E",
        "5",
        "",
        "b rate",
        "B?",
        "**A mixture**",
        "B if so",
        "C=O",
        "B^2",
        "B.5",
        "B and T cells",
        "B and A is wrong",
        "B = 5 m",
        "B < 5",
    ] {
        check(text, "-");
    }
}

#[test]
fn several_letters() {
    for text in [
        "A or B",
        "A and B",
        "A, B",
        "A/B",
        "A & B",
        "(A) or (B)",
        "**A** or **B**",
        "A (or B)",
        "A, possibly B",
        "A or maybe option B",
        "А или Б",
        "A, B and C",
        "A, or B is right",
        r"A \text{ or } B",
        r"A, \, B",
    ] {
        check(text, "several");
    }
}
