//! The wording of multiple-choice prompts.

use serde::{Deserialize, Serialize};

use crate::Prompt;

/// A published wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptFormat {
    /// `QUERY_TEMPLATE_MULTICHOICE` (simple-evals, commit ee3b031, `common.py`).
    #[default]
    SimpleEvals,
    /// `SINGLE_ANSWER_TEMPLATE_COT` for four options (`inspect_ai`, commit 499e615,
    /// `solver/_multiple_choice.py`), which `gpqa_diamond` of `inspect_evals` asks with.
    Inspect,
}

impl PromptFormat {
    /// The prompt. Its template sees `question` and the options `a` to `d`.
    pub fn prompt(self) -> Prompt {
        let (name, template) = match self {
            Self::SimpleEvals => {
                ("choice_simple_evals.jinja", include_str!("../../suite/choice_simple_evals.jinja"))
            }
            Self::Inspect => {
                ("choice_inspect.jinja", include_str!("../../suite/choice_inspect.jinja"))
            }
        };
        Prompt { system: None, template_name: name.to_owned(), template: template.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Item, ItemId, Target};

    fn check(format: PromptFormat, expected: &str) {
        let fields = [
            ("question", "Which {{ a }}?\n"),
            ("a", "1"),
            ("b", "<2>"),
            ("c", "3\n3"),
            ("d", "4\n"),
        ];
        let item = Item {
            id: ItemId("i".to_owned()),
            fields: fields.map(|(name, text)| (name.to_owned(), text.to_owned())).into(),
            target: Target::ShortAnswer("A".to_owned()),
        };
        let messages = format.prompt().render(&item).expect("it renders");
        assert_eq!(messages[0].content, expected);
    }

    #[test]
    fn prompts_are_those_of_the_protocol() {
        check(
            PromptFormat::SimpleEvals,
            "Answer the following multiple choice question. The last line of your response should \
             be of the following format: 'Answer: $LETTER' (without quotes) where LETTER is one of \
             ABCD. Think step by step before answering.\n\nWhich {{ a }}?\n\n\nA) 1\nB) <2>\n\
             C) 3\n3\nD) 4\n",
        );
        check(
            PromptFormat::Inspect,
            "Answer the following multiple choice question. The last line of your response should \
             be of the following format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of \
             A,B,C,D. Think step by step before answering.\n\nWhich {{ a }}?\n\n\nA) 1\nB) <2>\n\
             C) 3\n3\nD) 4\n",
        );
    }
}
