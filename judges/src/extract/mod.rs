//! Finds the final answer of a completion: reasoning is removed first, then fixed rules are
//! tried in order, and the answer says which rule produced it.

mod boxed;
pub mod choice;
pub mod code;
mod final_phrase;
mod number;
mod reasoning;
mod words;

pub use reasoning::visible;

/// How a completion's text relates to its reasoning section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasoningState {
    /// There is no reasoning section: the whole text is the answer.
    Absent,
    /// A reasoning section was closed: what follows it is the answer.
    Closed,
    /// A reasoning section was opened and never closed: the completion must not be graded.
    Unclosed,
}

/// The part of a completion that is not reasoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visible<'a> {
    /// What is left after the reasoning is removed. With [`ReasoningState::Unclosed`] it is the
    /// text before the unclosed tag, to show to a reader and never to grade.
    pub text: &'a str,
    /// Whether the text had reasoning, and whether that reasoning ended.
    pub reasoning: ReasoningState,
}

impl<'a> Visible<'a> {
    /// The response: without the white space that sets it apart from closed reasoning, which is
    /// nobody's first paragraph.
    #[must_use]
    pub fn response(self) -> &'a str {
        match self.reasoning {
            ReasoningState::Closed => self.text.trim(),
            ReasoningState::Absent | ReasoningState::Unclosed => self.text,
        }
    }
}

/// The rule that produced an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// The last `\boxed{…}` or `\fbox{…}`.
    Boxed,
    /// The last line of the form `#### 42`, the GSM8K convention.
    Hashes,
    /// The last final-answer phrase, such as "the answer is 42" or "Ответ: 42".
    FinalPhrase,
    /// The last number of the text.
    LastNumber,
    /// The text as a whole.
    Whole,
}

impl Rule {
    /// The name under which a run file records the rule; it never changes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boxed => "boxed",
            Self::Hashes => "hashes",
            Self::FinalPhrase => "final_phrase",
            Self::LastNumber => "last_number",
            Self::Whole => "whole",
        }
    }
}

/// An answer and the rule that found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extracted<'a> {
    /// The answer as the completion spells it, without surrounding white space.
    pub answer: &'a str,
    /// The rule that found the answer.
    pub by: Rule,
}

/// Finds the answer to a competition problem in text without reasoning: the last box, else the
/// last final-answer phrase. A last box that is never closed means the text was cut inside the
/// answer, and then there is no answer at all (NeMo-Skills `extract_answer` does the same).
#[must_use]
pub fn math_answer(visible: &str) -> Option<Extracted<'_>> {
    match boxed::last(visible) {
        boxed::Found::Answer(answer) => Some(Extracted { answer, by: Rule::Boxed }),
        boxed::Found::Cut => None,
        boxed::Found::Absent => {
            let answer = final_phrase::last(visible)?;
            Some(Extracted { answer, by: Rule::FinalPhrase })
        }
    }
}

/// Finds the answer to a GSM8K problem in text without reasoning: the last box, else the number of
/// the last `#### 42` line (the format of the data set, Cobbe et al. 2021), else the number that the last
/// final-answer phrase starts with or ends in, else the last number of the text. A phrase that
/// offers several numbers is the answer as it stands, which no number equals.
#[must_use]
pub fn gsm8k_answer(visible: &str) -> Option<Extracted<'_>> {
    match boxed::last(visible) {
        boxed::Found::Answer(answer) => return Some(Extracted { answer, by: Rule::Boxed }),
        boxed::Found::Cut => return None,
        boxed::Found::Absent => {}
    }
    if let Some(answer) = number::after_hashes(visible) {
        return Some(Extracted { answer, by: Rule::Hashes });
    }
    if let Some(answer) = final_phrase::last(visible).and_then(number::of_phrase) {
        return Some(Extracted { answer, by: Rule::FinalPhrase });
    }
    let answer = number::last(visible)?;
    Some(Extracted { answer, by: Rule::LastNumber })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: Option<Extracted<'_>>, expected: Option<(&str, Rule)>) {
        assert_eq!(found.map(|e| (e.answer, e.by)), expected);
    }

    #[test]
    fn math_rules_are_tried_in_order() {
        check(math_answer(r"The answer is 4. \boxed{5}"), Some(("5", Rule::Boxed)));
        check(math_answer("The answer is 4."), Some(("4", Rule::FinalPhrase)));
        check(math_answer("So we get 4."), None);
        check(math_answer(r"The answer is 4, \boxed{4"), None);
        check(math_answer(""), None);
    }

    #[test]
    fn gsm8k_rules_are_tried_in_order() {
        check(gsm8k_answer("#### 7\n\\boxed{5}"), Some((("5"), Rule::Boxed)));
        check(gsm8k_answer("The answer is 3.\n#### 1,234"), Some(("1,234", Rule::Hashes)));
        check(
            gsm8k_answer("#### Step 1\nThe answer is $18. Or 20"),
            Some(("18", Rule::FinalPhrase)),
        );
        check(
            gsm8k_answer("The answer is that she makes 18 dollars."),
            Some(("18", Rule::FinalPhrase)),
        );
        for (text, expected) in [
            ("The answer is 42 (6 * 7).", "42"),
            ("The answer is 42 for all 3 of them.", "42"),
            ("The answer is 42 = 6 * 7", "42"),
            ("The answer is 6 * 7 = 42.", "42"),
            ("The answer is 42 dollars per 7 days.", "42"),
            ("**Answer:** 42 marbles (7 groups of 6)", "42"),
            ("Final answer: $m+n$ = **42**", "42"),
            ("The answer is 42 (or maybe 43).", "42 (or maybe 43)"),
            ("The answer is $42$ or $43$.", "$42$ or $43$"),
            (r"The answer is \(42\), \(43\).", r"\(42\), \(43\)"),
        ] {
            check(gsm8k_answer(text), Some((expected, Rule::FinalPhrase)));
        }
        for (text, expected) in [
            ("The answer is $1{,}234$.", "1{,}234"),
            (r"The answer is 1\,234.", r"1\,234"),
            (r"The answer is $\$1{,}234$.", "1{,}234"),
            ("Ответ: 1 200 рублей", "1 200"),
            ("Ответ: 1\u{a0}200 рублей", "1\u{a0}200"),
            ("The answer is 1 200 dollars.", "1 200"),
            ("The answer is 42 m^2.", "42"),
        ] {
            check(gsm8k_answer(text), Some((expected, Rule::FinalPhrase)));
        }
        check(gsm8k_answer("So she has $1{,}234$ apples."), Some(("1{,}234", Rule::LastNumber)));
        check(gsm8k_answer("7 left.\n#### 42 (that is 6 * 7)"), Some(("42", Rule::Hashes)));
        check(gsm8k_answer("She owes -$42"), Some(("42", Rule::LastNumber)));
        check(gsm8k_answer("Balance: -$42"), Some(("-$42", Rule::LastNumber)));
        check(gsm8k_answer("She has 3 + 4 = 7 apples."), Some(("7", Rule::LastNumber)));
        check(gsm8k_answer("none"), None);
    }

    #[test]
    fn large_texts_are_read_to_the_end() {
        for unit in [
            r"\boxed{",
            "{",
            r"\boxed{}",
            "answer: ",
            "Answer:\n",
            "<think>",
            "</think>",
            "\\",
            "answer to ",
            "1,",
            "#### ",
            " ",
            "ответ — ",
            "$",
            r"\boxed ",
            r"\boxed{\boxed{}",
            r"\boxed{}}",
            r"\boxed \boxed",
            "answer is $",
            "answer: the ",
            "answer: 1 + ",
            "<|channel|>final<|message|>",
            "<|channel|>",
            "◁think▷",
        ] {
            let text = unit.repeat(200_000 / unit.len());
            let text = visible(&text, false).text;
            let _ = (math_answer(text), gsm8k_answer(text), number::of_phrase(text));
            let open = visible(text, true);
            assert_eq!(open.reasoning, ReasoningState::Unclosed, "{unit}");
        }
    }
}
