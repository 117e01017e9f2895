//! The eight readings of a response of which one is enough for the loose verdict.
//!
//! Source: `IFEval`'s `evaluation_lib.py`, `test_instruction_following_loose`.

use std::cell::OnceCell;

use super::python::text;

/// The readings of one response.
#[derive(Debug)]
pub(crate) struct Readings<'a> {
    /// The response itself, which alone decides the strict verdict.
    pub(crate) response: &'a str,
    others: OnceCell<Vec<String>>,
}

impl<'a> Readings<'a> {
    pub(crate) fn new(response: &'a str) -> Self {
        Self { response, others: OnceCell::new() }
    }

    /// Without stars; without the first line, the last line, both; each of those without stars.
    /// Upstream's order. Blank ones, which never pass, and repetitions are left out. They are made
    /// when an instruction is not followed strictly.
    pub(crate) fn others(&self) -> &[String] {
        self.others.get_or_init(|| others(self.response))
    }
}

fn others(response: &str) -> Vec<String> {
    let after_first = response.split_once('\n').map_or("", |(_, rest)| rest);
    let before_last = response.rsplit_once('\n').map_or("", |(rest, _)| rest);
    let inner = before_last.split_once('\n').map_or("", |(_, rest)| rest);
    let shortened = [after_first, before_last, inner].map(text::strip);
    let mut others: Vec<String> = Vec::new();
    let mut add = |reading: String| {
        let is_known = reading == response || others.contains(&reading);
        if !is_known && !text::is_blank(&reading) {
            others.push(reading);
        }
    };
    let without_stars = |text: &str| text.replace('*', "");
    add(without_stars(response));
    shortened.map(str::to_owned).into_iter().for_each(&mut add);
    shortened.map(without_stars).into_iter().for_each(add);
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_drop_lines_and_stars() {
        let check = |response: &str, expected: &[&str]| {
            assert_eq!(Readings::new(response).others(), expected, "{response:?}");
        };
        check("one line", &[]);
        check("*a*", &["a"]);
        check("a\nb", &["b", "a"]);
        check("*a*\n b \n*c*", &["a\n b \nc", "b \n*c*", "*a*\n b", "b", "b \nc", "a\n b"]);
        check("***\n***", &["***"]);
    }
}
