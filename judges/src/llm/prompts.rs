//! Judge prompts: which one is asked, and with what it is filled.

use std::collections::BTreeMap;

use serde::Deserialize;
use tasks::{Message, PromptSet, Role};
use thiserror::Error;

use super::format::{Format, FormatError};

/// Categories that are rated against a reference answer: `NEED_REF_CATS` of FastChat's `common.py`.
const REFERENCE_CATEGORIES: [&str; 4] = ["math", "reasoning", "coding", "arena-hard-200"];

/// Our own prompts, in the layout of upstream's `judge_prompts.jsonl`. They ask for the same rating,
/// and besides whether the answer is in the language that the user would expect.
pub const LANGUAGE_PROMPTS: &str = include_str!("language_prompts.jsonl");

/// The prompts of one set, by name.
#[derive(Debug, Clone)]
pub struct JudgePrompts {
    set: PromptSet,
    prompts: BTreeMap<String, JudgePrompt>,
}

#[derive(Debug, Clone)]
struct JudgePrompt {
    system: String,
    format: Format,
}

/// A dialogue as judges see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatedDialogue {
    /// The question's name in its data set.
    pub question_id: String,
    /// The category, which decides whether a reference is shown.
    pub category: String,
    /// What the user said, turn by turn.
    pub turns: Vec<String>,
    /// Reference answers by turn; may be empty where the category needs none.
    pub references: Vec<String>,
}

/// What a judge is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgeQuestion {
    /// The prompt's name.
    pub template: String,
    /// The system message and the user's.
    pub messages: Vec<Message>,
}

/// What is wrong with judge prompts, references or what they are filled with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PromptError {
    /// A line of a file is not what it should be.
    #[error("{file}, line {line}: {reason}")]
    File {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A prompt that is needed is not in the file.
    #[error("there is no judge prompt `{0}`")]
    NoPrompt(String),
    /// The category needs a reference answer, and there is none.
    #[error("question {0} has no reference answer, which its category needs")]
    NoReference(String),
    /// There are fewer answers than the prompt shows.
    #[error("question {0} has no answer to turn {1}")]
    NoAnswer(String, u32),
    /// The prompt cannot be filled.
    #[error("the judge prompt `{template}`: {source}")]
    Format {
        /// The prompt's name.
        template: String,
        /// What is wrong.
        source: FormatError,
    },
}

#[derive(Deserialize)]
struct Row {
    name: String,
    system_prompt: String,
    prompt_template: String,
}

impl JudgePrompts {
    /// Reads a file of judge prompts; `file` names it in errors.
    pub fn parse(set: PromptSet, file: &str, text: &str) -> Result<Self, PromptError> {
        let mut prompts = BTreeMap::new();
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        for (line, row) in lines {
            let bad = |reason: String| PromptError::File { file: file.to_owned(), line, reason };
            let row: Row = serde_json::from_str(row).map_err(|err| bad(err.to_string()))?;
            let format = Format::parse(&row.prompt_template)
                .map_err(|err| bad(format!("`{}`: {err}", row.name)))?;
            prompts.insert(row.name, JudgePrompt { system: row.system_prompt, format });
        }
        Ok(Self { set, prompts })
    }

    /// Our own prompts.
    pub fn language() -> Self {
        Self::parse(PromptSet::Language, "language_prompts.jsonl", LANGUAGE_PROMPTS)
            .expect("the built-in prompts are valid")
    }

    /// Which prompts these are.
    pub fn set(&self) -> PromptSet {
        self.set
    }

    /// What is asked to have one answer rated; `turn` counts from 1.
    pub fn single(
        &self,
        dialogue: &RatedDialogue,
        answers: &[String],
        turn: u32,
    ) -> Result<JudgeQuestion, PromptError> {
        let stem = match (self.set, dialogue.needs_reference()) {
            (PromptSet::Upstream, false) => "single-v1",
            (PromptSet::Upstream, true) => "single-math-v1",
            (PromptSet::Language, false) => "language-v1",
            (PromptSet::Language, true) => "language-math-v1",
        };
        let answer = |turn| dialogue.answer(answers, turn);
        let answers = match turn {
            1 => vec![("answer", answer(1)?)],
            _ => vec![("answer_1", answer(1)?), ("answer_2", answer(2)?)],
        };
        self.question(stem, dialogue, answers, turn)
    }

    /// What is asked to have two answers compared, the first of which is shown first.
    pub fn pair(
        &self,
        dialogue: &RatedDialogue,
        (first, second): (&[String], &[String]),
        turn: u32,
    ) -> Result<JudgeQuestion, PromptError> {
        let stem = if dialogue.needs_reference() { "pair-math-v1" } else { "pair-v2" };
        let (a, b) = (|turn| dialogue.answer(first, turn), |turn| dialogue.answer(second, turn));
        let answers = match turn {
            1 => vec![("answer_a", a(1)?), ("answer_b", b(1)?)],
            _ => vec![
                ("answer_a_1", a(1)?),
                ("answer_b_1", b(1)?),
                ("answer_a_2", a(2)?),
                ("answer_b_2", b(2)?),
            ],
        };
        self.question(stem, dialogue, answers, turn)
    }

    fn question<'a>(
        &self,
        stem: &str,
        dialogue: &'a RatedDialogue,
        mut slots: Vec<(&'static str, &'a str)>,
        turn: u32,
    ) -> Result<JudgeQuestion, PromptError> {
        let question = |idx: usize| dialogue.turns.get(idx).map_or("", String::as_str);
        let template = if turn == 1 {
            slots.push(("question", question(0)));
            stem.to_owned()
        } else {
            slots.extend([("question_1", question(0)), ("question_2", question(1))]);
            format!("{stem}-multi-turn")
        };
        if dialogue.needs_reference() {
            for (slot, idx) in [("ref_answer_1", 0), ("ref_answer_2", 1)].iter().take(turn as usize)
            {
                slots.push((slot, dialogue.reference(*idx)?));
            }
        }
        let prompt = self.prompts.get(&template);
        let prompt = prompt.ok_or_else(|| PromptError::NoPrompt(template.clone()))?;
        let content = prompt
            .format
            .fill(&slots)
            .map_err(|source| PromptError::Format { template: template.clone(), source })?;
        let message = Message::new;
        let messages =
            vec![message(Role::System, prompt.system.clone()), message(Role::User, content)];
        Ok(JudgeQuestion { template, messages })
    }
}

impl RatedDialogue {
    /// Whether the answers are rated against a reference.
    pub fn needs_reference(&self) -> bool {
        REFERENCE_CATEGORIES.contains(&self.category.as_str())
    }

    fn reference(&self, idx: usize) -> Result<&str, PromptError> {
        let reference = self.references.get(idx).map(String::as_str);
        reference.ok_or_else(|| PromptError::NoReference(self.question_id.clone()))
    }

    fn answer<'a>(&self, answers: &'a [String], turn: u32) -> Result<&'a str, PromptError> {
        let answer = answers.get(turn as usize - 1).map(String::as_str);
        answer.ok_or_else(|| PromptError::NoAnswer(self.question_id.clone(), turn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialogue(category: &str, references: &[&str]) -> RatedDialogue {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        RatedDialogue {
            question_id: "1".to_owned(),
            category: category.to_owned(),
            turns: texts(&["Q{1}", "Q2"]),
            references: texts(references),
        }
    }

    fn check(dialogue: &RatedDialogue, turn: u32, parts: &[&str]) {
        let answers = ["A1".to_owned(), "A2".to_owned()];
        let question = JudgePrompts::language().single(dialogue, &answers, turn);
        let seen = match question {
            Ok(question) => format!("{} {}", question.template, question.messages[1].content),
            Err(err) => err.to_string(),
        };
        for part in parts {
            assert!(seen.contains(part), "{part} in {seen}");
        }
    }

    #[test]
    fn category_and_turn_choose_the_prompt() {
        check(&dialogue("writing", &[]), 1, &["language-v1 ", "Q{1}", "A1"]);
        check(&dialogue("stem", &[]), 2, &["language-v1-multi-turn ", "Q{1}", "A1", "Q2", "A2"]);
        check(&dialogue("math", &["R1"]), 1, &["language-math-v1 ", "R1", "Q{1}", "A1"]);
        check(
            &dialogue("coding", &["R1", ""]),
            2,
            &["language-math-v1-multi-turn ", "R1", "Q2", "A2"],
        );
        let absent = "question 1 has no reference answer, which its category needs";
        check(&dialogue("reasoning", &[]), 1, &[absent]);
        check(&dialogue("math", &["R1"]), 2, &[absent]);
    }
}
