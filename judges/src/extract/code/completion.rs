//! The program that a base model's completion of a prompt makes.

use super::{How, Program};

/// Joins a prompt and its completion up to the earliest stop text, which servers do not always cut
/// themselves. Tabs of the completion become four spaces, the prompt's own indentation, as in EvalPlus
/// 0.3.1 `provider/hf.py`. `None` where neither has any text.
#[must_use]
pub fn completed(prompt: &str, completion: &str, stops: &[String]) -> Option<Program> {
    let ends = stops.iter().filter(|stop| !stop.is_empty());
    let end = ends.filter_map(|stop| completion.find(stop.as_str())).min();
    let end = end.unwrap_or(completion.len());
    let text = prompt.to_owned() + &completion[..end].replace('\t', "    ");
    Program::new(text, How::Completion)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_end_at_the_earliest_stop() {
        let check = |stops: &[&str], completion: &str, expected: &str| {
            let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
            let found = completed("def f():\n", completion, &stops).expect("a program");
            assert_eq!(found.text(), format!("def f():\n{expected}"), "{completion:?}");
            assert_eq!(found.how(), How::Completion);
        };
        let stops = ["\nprint(", "\ndef "];
        check(&stops, "    return 1\n", "    return 1\n");
        check(&stops, "\treturn 1\nprint(f())\ndef g", "    return 1");
        check(&stops, "    return 1\n\ndef g():", "    return 1\n");
        check(&[], "    return 1\n\ndef g():", "    return 1\n\ndef g():");
        check(&[""], "    return 1", "    return 1");
        assert_eq!(completed("", "\nprint(1)", &["\nprint(".to_owned()]), None);
    }
}
