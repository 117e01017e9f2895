//! Samples whose answers are compared as mathematics.

use tasks::{
    Answer, Detail, EquivalenceOutcome, ExtractorKind, Judgement, MathJudge, Target, Transcript,
    Verdict,
};

use crate::extract::Extracted;
use crate::judge::{GradeError, extract, gradable, unparsed};
use crate::math::{self, Equivalence};
use crate::math_reference::MathReference;

/// Grades answers in closed form.
pub struct MathGrader {
    extractor: ExtractorKind,
    judge: MathJudge,
    reference: MathReference,
    n_workers: usize,
}

/// Whether an answer is right, why, and what each judge said.
struct Compared {
    is_equal: bool,
    by: &'static str,
    both: Option<EquivalenceOutcome>,
}

impl MathGrader {
    /// A grader that asks `reference` on at most `n_workers` threads at a time.
    pub fn new(
        extractor: ExtractorKind,
        judge: MathJudge,
        reference: MathReference,
        n_workers: usize,
    ) -> Self {
        Self { extractor, judge, reference, n_workers }
    }

    pub(crate) fn n_workers(&self) -> usize {
        self.n_workers
    }

    pub(crate) fn grade(
        &self,
        target: &Target,
        transcript: &Transcript,
    ) -> Result<Judgement, GradeError> {
        let (Target::ShortAnswer(gold) | Target::Integer(gold)) = target else {
            return Err(GradeError::Data("its target is no answer".to_owned()));
        };
        let text = match gradable(transcript.last()) {
            Ok(text) => text,
            Err(ungraded) => return Ok(ungraded.judgement()),
        };
        match extract(self.extractor, text) {
            None => Ok(unparsed()),
            Some(found) => self.compare(gold, &found),
        }
    }

    fn compare(&self, gold: &str, found: &Extracted<'_>) -> Result<Judgement, GradeError> {
        let compared = self.equivalence(gold, found.answer).map_err(GradeError::Infrastructure)?;
        let (verdict, relation) = if compared.is_equal {
            (Verdict::Correct, "equals")
        } else {
            (Verdict::Incorrect, "differs from")
        };
        Ok(Judgement {
            answer: Answer::Found {
                text: found.answer.to_owned(),
                vote: math::normal_form(found.answer),
                rule: found.by.name().to_owned(),
            },
            verdict,
            explanation: format!("the answer {relation} {gold} ({})", compared.by),
            detail: compared.both.map(Detail::Equivalence),
        })
    }

    fn equivalence(&self, gold: &str, answer: &str) -> Result<Compared, String> {
        let native = || match math::compare(gold, answer) {
            Equivalence::Equal => Some(true),
            Equivalence::Different => Some(false),
            Equivalence::Unsure => None,
        };
        // What is longer is no answer, and not worth an algebra system's time.
        let reference = || {
            let is_answer = gold.len().max(answer.len()) <= math::LONGEST_ANSWER;
            if is_answer { self.reference.equal(gold, answer) } else { Ok(false) }
        };
        let single = |is_equal, by| Compared { is_equal, by, both: None };
        Ok(match (self.judge, native()) {
            (MathJudge::Native | MathJudge::NativeFirst, Some(is_equal)) => {
                single(is_equal, "native check")
            }
            (MathJudge::Native, None) => single(false, "the native check is not sure"),
            (MathJudge::NativeFirst, None) | (MathJudge::Reference, _) => {
                single(reference()?, "Math-Verify")
            }
            (MathJudge::Both, native) => {
                let reference = reference()?;
                let both = Some(EquivalenceOutcome { native, reference });
                Compared { is_equal: reference, by: "Math-Verify", both }
            }
        })
    }
}
