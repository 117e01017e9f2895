//! Samples of `IFEval` and ruIFEval: the response against the instructions of its item.

use serde::Deserialize;
use serde_json::{Map, Value};
use tasks::{Answer, Detail, InstructionOutcome, Judgement, Target, Transcript, Verdict};

use crate::extract::visible;
use crate::instructions::{InstructionVerdict, Instructions, Language, LanguageData, check};
use crate::judge::gradable;

/// Grades responses in one language.
pub struct InstructionGrader {
    language: Language,
    data: LanguageData,
}

/// The target of an item.
#[derive(Deserialize)]
struct Row {
    instruction_id_list: Vec<String>,
    kwargs: Vec<Map<String, Value>>,
}

impl InstructionGrader {
    /// Reads no file yet.
    pub fn new(language: Language, data: LanguageData) -> Self {
        Self { language, data }
    }

    /// A response is correct when it follows every instruction strictly. One that is not graded
    /// follows none.
    pub(crate) fn grade(
        &self,
        target: &Target,
        transcript: &Transcript,
    ) -> Result<Judgement, String> {
        let Target::Instructions(row) = target else {
            return Err("its target holds no instructions".to_owned());
        };
        let row: Row = serde_json::from_str(row).map_err(|err| err.to_string())?;
        let instructions =
            Instructions::parse(self.language, &row.instruction_id_list, &row.kwargs)
                .map_err(|err| err.to_string())?;
        let none_followed = || {
            let ids = row.instruction_id_list.iter();
            let outcome = |id: &String| InstructionOutcome {
                id: id.clone(),
                strict: false,
                loose: false,
                corrected: None,
            };
            Detail::Instructions(ids.map(outcome).collect())
        };
        let completion = transcript.last();
        if let Err(ungraded) = gradable(completion) {
            let detail = Some(none_followed());
            return Ok(Judgement { detail, ..ungraded.judgement() });
        }
        let seen = visible(&completion.text, completion.reasoning_opened_by_template);
        // An endpoint that returns the reasoning apart leaves white space where it stood.
        let is_apart = completion.reasoning.is_some();
        let response = if is_apart { seen.text.trim() } else { seen.response() };
        let verdict = check(&instructions, response, &self.data).map_err(|err| err.to_string())?;
        Ok(judgement(row.instruction_id_list, &verdict))
    }
}

fn judgement(ids: Vec<String>, verdict: &InstructionVerdict) -> Judgement {
    let is_correct = verdict.strict.iter().all(|is_followed| *is_followed);
    let explanation = match verdict.reasons.as_slice() {
        [] => "every instruction is followed".to_owned(),
        reasons => reasons.join("; "),
    };
    let corrected = |idx: usize| verdict.corrected.as_ref().map(|c| (c.strict[idx], c.loose[idx]));
    let flags = verdict.strict.iter().zip(&verdict.loose);
    let outcomes = ids.into_iter().zip(flags).enumerate();
    let outcomes = outcomes.map(|(idx, (id, (strict, loose)))| InstructionOutcome {
        id,
        strict: *strict,
        loose: *loose,
        corrected: corrected(idx),
    });
    Judgement {
        answer: Answer::Whole,
        verdict: if is_correct { Verdict::Correct } else { Verdict::Incorrect },
        explanation,
        detail: Some(Detail::Instructions(outcomes.collect())),
    }
}
