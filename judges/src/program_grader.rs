//! Samples of HumanEval, MBPP and their plus versions: the program in a reply, run on tests.

use std::sync::Arc;

use sandbox::Sandbox;
use sha2::{Digest, Sha256};
use tasks::{
    Answer, CodeTests, Detail, ExtractorKind, Judgement, ProgramOutcome, ProgramTarget, Target,
    TestsOutcome, TestsStatus, Transcript, Verdict,
};

use crate::code::{CodeError, CodeVerdict, Graders, Status, SuiteVerdict, Suites};
use crate::extract::code::{self, Program};
use crate::judge::{GradeError, gradable};
use crate::once::OncePerKey;

/// Grades replies with programs.
pub struct ProgramGrader {
    extractor: ExtractorKind,
    graders: Graders,
    suites: Suites,
    sandbox: Arc<Sandbox>,
    /// By the hash of problem and program, so that samples with the same program share one run.
    verdicts: OncePerKey<[u8; 32], CodeVerdict>,
}

impl ProgramGrader {
    /// A grader that finds programs with `extractor` and runs them on `tests` in `sandbox`.
    pub fn new(
        extractor: ExtractorKind,
        tests: CodeTests,
        graders: Graders,
        sandbox: Arc<Sandbox>,
    ) -> Self {
        let suites = match tests {
            CodeTests::Base => Suites::Base,
            CodeTests::BaseAndPlus => Suites::BaseAndPlus,
        };
        Self { extractor, graders, suites, sandbox, verdicts: OncePerKey::default() }
    }

    pub(crate) fn n_workers(&self) -> usize {
        self.sandbox.n_workers()
    }

    pub(crate) fn grade(
        &self,
        target: &Target,
        transcript: &Transcript,
    ) -> Result<Judgement, GradeError> {
        let Target::Program(target) = target else {
            return Err(GradeError::Data("its target holds no tests".to_owned()));
        };
        let text = match gradable(transcript.last()) {
            Ok(text) => text,
            Err(ungraded) => return Ok(ungraded.judgement()),
        };
        match self.program(text, target, transcript) {
            None => Ok(Judgement {
                answer: Answer::Missing,
                verdict: Verdict::Unparsed,
                explanation: format!("no program that defines `{}` was found", target.entry_point),
                detail: None,
            }),
            Some(program) => {
                let key = Sha256::digest(format!("{}\0{}", target.task_id, program.text()));
                let run = || self.run(&target.task_id, program.text());
                let verdict = self.verdicts.get_or_try(key.into(), run);
                verdict.map(|verdict| judgement(&program, &verdict)).map_err(GradeError::from)
            }
        }
    }

    fn program(
        &self,
        reply: &str,
        target: &ProgramTarget,
        transcript: &Transcript,
    ) -> Option<Program> {
        let last = transcript.turns.last()?;
        let completed =
            || code::completed(&last.request.plain_prompt(), reply, &last.request.sampling.stop);
        match self.extractor {
            ExtractorKind::Evalplus => code::evalplus(reply, &target.entry_point),
            ExtractorKind::Completion => completed(),
            // Upstream sanitises a base model's prompt and completion together (`codegen.py`, 0.3.1).
            ExtractorKind::EvalplusCompletion => {
                code::evalplus(completed()?.text(), &target.entry_point)
            }
            _ => code::fenced(reply, &target.entry_point, last.completion.finish),
        }
    }

    fn run(&self, task_id: &str, program: &str) -> Result<CodeVerdict, CodeError> {
        self.graders.get(task_id)?.grade(program, self.suites, &self.sandbox)
    }
}

impl From<CodeError> for GradeError {
    fn from(err: CodeError) -> Self {
        let message = err.to_string();
        if err.is_infrastructure() { Self::Infrastructure(message) } else { Self::Data(message) }
    }
}

fn judgement(program: &Program, verdict: &CodeVerdict) -> Judgement {
    let passes = verdict.passes_plus().unwrap_or_else(|| verdict.passes_base());
    let outcome = Box::new(ProgramOutcome::from(verdict));
    Judgement {
        answer: Answer::Found {
            text: program.text().to_owned(),
            vote: tasks::hex(&Sha256::digest(program.text())),
            rule: program.how().name().to_owned(),
        },
        verdict: if passes { Verdict::Correct } else { Verdict::Incorrect },
        explanation: explanation(verdict),
        detail: Some(Detail::Program(outcome)),
    }
}

/// The first failure, in words.
fn explanation(verdict: &CodeVerdict) -> String {
    let suites = [("base", Some(&verdict.base)), ("plus", verdict.plus.as_ref())];
    let failed =
        suites.into_iter().find_map(|(name, suite)| Some((name, suite?.failure.as_ref()?)));
    match failed {
        None => "every test passed".to_owned(),
        Some((name, failure)) => match failure.input_idx {
            Some(idx) => format!("{name} input {idx}, {}: {}", failure.input, failure.reason),
            None => format!("{name} tests: {}", failure.reason),
        },
    }
}

impl From<&CodeVerdict> for ProgramOutcome {
    fn from(verdict: &CodeVerdict) -> Self {
        let plus = verdict.plus.as_ref().map(TestsOutcome::from);
        Self { base: TestsOutcome::from(&verdict.base), plus }
    }
}

impl From<&SuiteVerdict> for TestsOutcome {
    fn from(verdict: &SuiteVerdict) -> Self {
        let failure = verdict.failure.as_ref();
        Self {
            status: match verdict.status() {
                Status::Pass => TestsStatus::Pass,
                Status::Fail => TestsStatus::Fail,
                Status::Timeout => TestsStatus::Timeout,
            },
            ending: verdict.ending.name().to_owned(),
            failed_input_idx: failure.and_then(|failure| failure.input_idx),
            failed_input: failure.map_or_else(String::new, |failure| failure.input.clone()),
            fuel: verdict.fuel,
        }
    }
}
