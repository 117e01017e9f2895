//! The letter that a reply to a multiple-choice question chooses.
//!
//! One extractor is ours; the others are those of published harnesses, exactly, with their faults.

mod alphabet;
mod designation;
mod final_choice;
mod gpqa_repo;
mod inspect;
mod lm_eval;
mod nemo;
mod phrase;
mod python;
mod restated;
mod simple_evals;

use std::borrow::Cow;

use tasks::choice::{ChoiceExtractor, Letter};

/// A choice and the rule that found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundChoice<'a> {
    /// What was found, as the rule spells it.
    pub text: Cow<'a, str>,
    /// The letter it stands for; `None` where it equals no letter and is therefore wrong, such as
    /// the "b" that simple-evals finds in "Answer: b". Our own extractor always gives a letter.
    pub letter: Option<Letter>,
    /// The rule that found it.
    pub by: ChoiceRule,
}

/// The rule that found a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChoiceRule {
    /// A letter, or an option's text, in a `\boxed{…}`.
    Boxed,
    /// A phrase such as "Answer: B" or "Ответ: B".
    FinalPhrase,
    /// The last line, which is a letter.
    LastLine,
    /// A statement such as "option B is correct".
    Statement,
    /// An option's text after a phrase, in a box or as the last line.
    OptionText,
    /// The rule of another harness.
    Upstream(ChoiceExtractor),
}

impl ChoiceRule {
    /// The name under which a run file records the rule; it never changes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Boxed => "boxed",
            Self::FinalPhrase => "final_phrase",
            Self::LastLine => "last_line",
            Self::Statement => "statement",
            Self::OptionText => "option_text",
            Self::Upstream(extractor) => extractor.name(),
        }
    }
}

/// Finds the choice in text without reasoning, by the rule of `extractor`. `options` are the texts
/// as they were displayed, in the order of their letters. `None` where no choice was made.
#[must_use]
pub fn choice<'a>(
    extractor: ChoiceExtractor,
    visible: &'a str,
    options: &[String; 4],
) -> Option<FoundChoice<'a>> {
    let exact = |text: Cow<'a, str>| {
        let letter = Letter::from_name(&text);
        FoundChoice { text, letter, by: ChoiceRule::Upstream(extractor) }
    };
    match extractor {
        ChoiceExtractor::Choice => final_choice::extract(visible, options),
        ChoiceExtractor::SimpleEvals => simple_evals::extract(visible).map(Cow::from).map(exact),
        ChoiceExtractor::Inspect => {
            inspect::extract(visible).map(Letter::name).map(Cow::from).map(exact)
        }
        ChoiceExtractor::Nemo => nemo::extract(visible).map(Cow::from).map(exact),
        ChoiceExtractor::GpqaRepo => gpqa_repo::extract(visible).map(Cow::from).map(exact),
        ChoiceExtractor::LmEvalFlexible => lm_eval::extract(visible, options).map(|text| {
            let letter = Letter::from_name(&lm_eval::compared(&text).to_uppercase());
            FoundChoice { text, letter, by: ChoiceRule::Upstream(extractor) }
        }),
    }
}
