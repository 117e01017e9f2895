//! What grades a run's samples, with its files fetched.

use judges::instructions::Language as InstructionLanguage;
use judges::{Grader, InstructionGrader};
use results::Plan;
use tasks::{JudgeKind, Language};

use crate::assets::AssetStore;
use crate::display::Display;
use crate::error::EvalrunError;
use crate::score::instructions::language_data;

/// The grader of a plan.
pub(crate) fn grader(
    plan: &Plan,
    resources: (&AssetStore, &Display),
) -> Result<Grader, EvalrunError> {
    match plan.judge {
        JudgeKind::Integer | JudgeKind::ShortAnswer => {
            Ok(Grader::Answers { extractor: plan.extractor, judge: plan.judge })
        }
        JudgeKind::Instructions => {
            let language = match plan.language {
                Language::English => InstructionLanguage::English,
                Language::Russian => InstructionLanguage::Russian,
            };
            let data = language_data(language, resources)?;
            Ok(Grader::Instructions(Box::new(InstructionGrader::new(language, data))))
        }
    }
}
