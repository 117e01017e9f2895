//! What grades a run's samples, with its files fetched.

use std::sync::Arc;

use judges::instructions::Language as InstructionLanguage;
use judges::{Grader, InstructionGrader, MathGrader, ProgramGrader};
use results::Plan;
use tasks::{ExtractorKind, JudgeKind, Language, MathJudge, Split, Target};

use crate::assets::AssetStore;
use crate::calls::{Bfcl, World};
use crate::display::Display;
use crate::error::EvalrunError;
use crate::programs::{self, Interpreter, Needs};
use crate::score::instructions::language_data;

/// Makes graders. What several runs of one command need is made once.
pub(crate) struct Graders<'a> {
    resources: (&'a AssetStore, &'a Display),
    interpreter: Interpreter,
    bfcl: Bfcl<'a>,
}

impl<'a> Graders<'a> {
    /// Fetches nothing yet. Programs run on `n_workers` at a time, on all processors by default.
    pub(crate) fn new(resources: (&'a AssetStore, &'a Display), n_workers: Option<usize>) -> Self {
        let bfcl = Bfcl::new(resources, n_workers);
        Self { resources, interpreter: Interpreter::new(n_workers), bfcl }
    }

    /// The same for functions that can look things up in this world.
    pub(crate) fn in_world(self, world: World) -> Self {
        Self { bfcl: self.bfcl.in_world(world), ..self }
    }

    /// The entries of BFCL.
    pub(crate) fn bfcl(&self) -> &Bfcl<'a> {
        &self.bfcl
    }

    /// The files and the display.
    pub(crate) fn resources(&self) -> (&'a AssetStore, &'a Display) {
        self.resources
    }

    /// The grader of a plan whose items have these targets.
    pub(crate) fn grader<'t>(
        &mut self,
        plan: &Plan,
        targets: impl Iterator<Item = &'t Target>,
    ) -> Result<Grader, EvalrunError> {
        match plan.judge {
            JudgeKind::Integer => Ok(Grader::Integers { extractor: plan.extractor }),
            JudgeKind::Choice => match plan.extractor {
                ExtractorKind::Choice(extractor) => Ok(Grader::Choices { extractor }),
                _ => unreachable!("a task that grades choices has an extractor of choices"),
            },
            JudgeKind::ShortAnswer => Ok(Grader::Math(Box::new(self.math_grader(plan)))),
            JudgeKind::Instructions => {
                let language = match plan.language {
                    Language::English => InstructionLanguage::English,
                    Language::Russian => InstructionLanguage::Russian,
                };
                let data = language_data(language, self.resources)?;
                Ok(Grader::Instructions(Box::new(InstructionGrader::new(language, data))))
            }
            JudgeKind::Dialogue => Ok(Grader::Dialogues),
            JudgeKind::Calls(category) => {
                let calls = plan.calls.as_ref();
                let calls = calls.expect("a plan of BFCL says how functions are called");
                let grader = self.bfcl.grader(category, calls, targets)?;
                Ok(Grader::Calls(Box::new(grader)))
            }
            JudgeKind::Program { benchmark, tests } => {
                let rows = programs::rows_of_targets(plan, targets, self.resources)?;
                let sandbox = self.interpreter.sandbox(self.resources)?;
                let graders = programs::graders(benchmark, rows, &sandbox, self.resources)?;
                let sandbox = Arc::clone(&sandbox);
                let grader = ProgramGrader::new(plan.extractor, tests, graders, sandbox);
                Ok(Grader::Programs(Box::new(grader)))
            }
        }
    }
    /// Math-Verify is fetched ahead, except for what must work without any file.
    fn math_grader(&self, plan: &Plan) -> MathGrader {
        let judge = plan.math_judge.unwrap_or_default();
        let is_optional = judge == MathJudge::Native || plan.dataset.split == Split::Demo;
        let needs = if is_optional { Needs::Maybe } else { Needs::Likely };
        let n_workers = self.interpreter.n_workers();
        let reference = programs::math_reference(needs, n_workers, self.resources);
        MathGrader::new(plan.extractor, judge, reference, n_workers)
    }
}
