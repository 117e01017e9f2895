use super::*;

const OPTIONS: [&str; 4] = ["10^-4 eV", "A mixture of both salts", "3", "The rate doubles"];

fn read(text: &str) -> String {
    let found = extract(text, &OPTIONS.map(str::to_owned));
    found.map_or("-".to_owned(), |found| {
        format!("{} {}", found.letter.expect("ours gives a letter"), found.by.name())
    })
}

fn check(text: &str, expected: &str) {
    assert_eq!(read(text), expected, "{text:?}");
}

#[test]
fn phrases() {
    for text in [
        "Answer: **B**",
        "**Answer: B**",
        "**Answer:** B",
        "The correct answer is (B).",
        "The correct answer is **B) A mixture of both salts**.",
        "Thus the answer is option B, since A is wrong.",
        "Answer: [B]",
        "Answer: \"B\"",
        "Answer: $B$",
        "Answer: b",
        "Answer: (b)",
        "ANSWER: B\n\nI hope this helps!",
        "Final answer\n\n**B**\n\nNote that A looks alike.",
        "### Answer\nB) because it is so.",
        "Answer: B. A is wrong because 3 is odd.",
        "Answer: $\\text{(B)}$.",
        "The best option is B because it fits.",
        "Ответ: В",
        "Ответ: **B**",
        "Правильный ответ — (Б).",
        "Правильный вариант: В, так как он верен.",
        "Answer: B (not C)",
        "The answer is B, not C.",
        "The answer is C. Wait, I forgot a term. The answer is B.",
        "Is the answer A? No, the answer is B.",
        "The answer is not A. The answer is B",
        "The answer would be A if it were odd. So the answer is B.",
        "The answer is A or B. After a check, the answer is B.",
        "The answer is A... wait, actually it's B.",
        "Answer: A. No, it is B, as shown.",
        "Answer: B. Actually, it is A that looks alike.",
        "<answer>B</answer>",
        "<answer>\nB\n</answer>",
        "Answer: \u{200b}B",
        "\u{feff}Answer: B",
        "Final answer: B and not A",
        "The answer is option **B** and not option **A**.",
        "Answer: B = A mixture of both salts",
    ] {
        check(text, "B final_phrase");
    }
}

#[test]
fn boxes() {
    for text in [
        r"\boxed{B}",
        r"$\boxed{\text{B}}$",
        r"\boxed{\textbf{(B)}}",
        r"\boxed{B)~A mixture}",
        r"Answer: $\boxed{B}$",
        r"The answer is \boxed{B}. It equals \boxed{42}.",
        r"\boxed{A} then \boxed{B}",
        r"Answer: A. No: \boxed{B}",
        r"\fbox{B}",
        r"\boxed{\mathrm{B}}",
        r"\boxed{B",
    ] {
        check(text, "B boxed");
    }
    check(r"\boxed{B}, so the answer is C.", "C final_phrase");
    check(r"\boxed{3}", "C option_text");
    check(r"\boxed{A, B}", "-");
    check(r"\boxed{A \text{ or } B}", "-");
    check(r"\boxed{42}", "-");
    check(r"\boxed{B = 5}", "-");
    check(r"Answer: B, since \boxed{42}", "B final_phrase");
}

#[test]
fn last_lines() {
    for text in
        ["B", "(B)", "**B**", "We weigh them.\n\nB.", "So:\n\nB) A mixture of both salts", "`B`\n"]
    {
        check(text, "B last_line");
    }
    check("A) 10^-4 eV\nB) A mixture of both salts\nC) 3\nD) The rate doubles", "-");
    check("Answer: C\n\nB) A mixture of both salts", "B last_line");
    check("Energy of A\nB cells", "-");
}

#[test]
fn statements() {
    check("Therefore, option B is correct.", "B statement");
    check("(B) is the correct answer. (A) is incorrect.", "B statement");
    check("So I would choose B.", "B statement");
    check("Выбираю вариант В", "B statement");
    check("Therefore, B is correct. A is correct only when v=0.", "B statement");
    check(
        "Hence option (B) is the right one, and option (A) is the answer only for t = 1.",
        "B statement",
    );
    check("So it must be B.", "B statement");
    check("I would go with option B over option A.", "B statement");
    check("A is correct. Wait, I forgot a term: B is correct.", "B statement");
    check("A is correct for some. B is correct for others.", "-");
    check("A is correct. B is correct. Actually, I mistook it: C is right.", "C statement");
    check("If A is correct, then 3 is even.", "-");
    check("Neither A nor B is correct.", "-");
    check("Answer: C. Option B is true in part.", "C final_phrase");
    check("A is incorrect. B is not correct.", "-");
}

#[test]
fn texts() {
    check("The answer is 10^-4 eV.", "A option_text");
    check(r"The energy is small. Answer: $10^{-4}\,\text{eV}$", "A option_text");
    check("Answer: A mixture of both salts", "B option_text");
    check("Answer: a mixture of both salts, because", "B option_text");
    check("The answer is 3", "C option_text");
    check("We see that\n\nThe rate doubles.", "D option_text");
    check("The answer is 3.5", "-");
    check("The answer is a mixture.", "-");
    check("Answer: A mixture of acids", "-");
}

#[test]
fn nothing_is_chosen() {
    for text in [
        "",
        "   \n",
        "I do not know.",
        "Answer: A or B",
        "Answer: A/B",
        "The answer is either (A) or (C).",
        "Answer: B. On a second look the answer is A or B.",
        "Answer: none of the above",
        "The answer is A. Hence the answer is unknown.",
        "Answer: E",
        "Answer: $LETTER",
        "Answer:",
        "Answer: both A and B",
        "Ответ: А или В",
        "Ответ: не знаю",
        "A quick look at B cells.",
        "Is the answer A?",
        "Answer: D2O",
    ] {
        check(text, "-");
    }
}

#[test]
fn a_relabelled_list_is_read_in_its_own_order() {
    check("А) да\nБ) нет\nВ) может быть\nГ) никогда\n\nОтвет: В", "C final_phrase");
    check("Ответ: Г", "D final_phrase");
}

#[test]
fn an_option_that_is_a_letter_never_hides_one() {
    let options = ["C", "D", "A", "B"].map(str::to_owned);
    let letter = |text| extract(text, &options).and_then(|found| found.letter);
    assert_eq!(letter("Answer: A"), Some(Letter::A));
    assert_eq!(letter(r"\boxed{D}"), Some(Letter::D));
    assert_eq!(letter("B"), Some(Letter::B));
}
