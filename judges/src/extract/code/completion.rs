//! The program that a base model's completion of a prompt makes.

use super::{How, Program};

/// The benchmark whose prompts a base model completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Benchmark {
    /// HumanEval and HumanEval+, whose prompts end inside a function.
    HumanEval,
    /// MBPP and MBPP+, whose prompts are a docstring before the program.
    Mbpp,
}

impl Benchmark {
    /// The strings at which a base model's completion ends: `EOS` and
    /// `extra_eos_for_direct_completion` of EvalPlus 0.3.1 `provider/utility.py`.
    #[must_use]
    pub const fn stops(self) -> &'static [&'static str] {
        match self {
            Self::HumanEval => &[
                "<|endoftext|>",
                "<|endofmask|>",
                "</s>",
                "\nif __name__",
                "\ndef main(",
                "\nprint(",
                "\ndef ",
                "\nclass ",
                "\nimport ",
                "\nfrom ",
                "\nassert ",
            ],
            Self::Mbpp => &[
                "<|endoftext|>",
                "<|endofmask|>",
                "</s>",
                "\nif __name__",
                "\ndef main(",
                "\nprint(",
                "\n\"\"\"",
                "\nassert",
            ],
        }
    }
}

/// Joins a prompt and its completion up to the earliest stop string. Tabs of the completion become
/// four spaces, the prompt's own indentation, as in EvalPlus 0.3.1 `provider/hf.py`. `None` where
/// neither has any text.
#[must_use]
pub fn completed(prompt: &str, completion: &str, benchmark: Benchmark) -> Option<Program> {
    let stops = benchmark.stops().iter();
    let end = stops.filter_map(|stop| completion.find(stop)).min().unwrap_or(completion.len());
    let text = prompt.to_owned() + &completion[..end].replace('\t', "    ");
    Program::new(text, How::Completion)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_end_at_the_earliest_stop() {
        let check = |benchmark, completion: &str, expected: &str| {
            let found = completed("def f():\n", completion, benchmark).expect("a program");
            assert_eq!(found.text(), format!("def f():\n{expected}"), "{completion:?}");
            assert_eq!(found.how(), How::Completion);
        };
        check(Benchmark::HumanEval, "    return 1\n", "    return 1\n");
        check(Benchmark::HumanEval, "\treturn 1\nprint(f())\ndef g", "    return 1");
        check(Benchmark::HumanEval, "    return 1\n\ndef g():", "    return 1\n");
        check(Benchmark::HumanEval, "    return 1\n\"\"\"\n", "    return 1\n\"\"\"\n");
        check(Benchmark::Mbpp, "    return 1\ndef g(): 0\nassert f()", "    return 1\ndef g(): 0");
        check(Benchmark::Mbpp, "    return 1\n\"\"\"\n", "    return 1");
        check(Benchmark::Mbpp, "    return 1</s>x\nprint(", "    return 1");
        assert_eq!(completed("", "\nprint(1)", Benchmark::Mbpp), None);
    }
}
