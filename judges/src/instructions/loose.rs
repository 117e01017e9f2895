//! The eight readings of a response of which one is enough for the loose verdict.
//!
//! Source: `IFEval`'s `evaluation_lib.py`, `test_instruction_following_loose`.

use super::python::text;

/// The readings of one response.
#[derive(Debug)]
pub(crate) struct Readings<'a> {
    /// The response itself, which alone decides the strict verdict.
    pub(crate) response: &'a str,
    /// Without stars; without the first line, the last line, both; each of those without stars.
    /// Upstream's order. Blank ones, which never pass, and repetitions are left out.
    pub(crate) others: Vec<String>,
}

impl<'a> Readings<'a> {
    pub(crate) fn new(response: &'a str) -> Self {
        let lines: Vec<&str> = response.split('\n').collect();
        let joined = |lines: &[&str]| text::strip(&lines.join("\n")).to_owned();
        let shortened = [
            joined(&lines[1..]),
            joined(&lines[..lines.len() - 1]),
            joined(lines.get(1..lines.len() - 1).unwrap_or(&[])),
        ];
        let without_stars = |text: &str| text.replace('*', "");
        let mut readings = Self { response, others: Vec::new() };
        readings.add(without_stars(response));
        let shortened_without_stars = shortened.each_ref().map(|text| without_stars(text));
        for reading in shortened.into_iter().chain(shortened_without_stars) {
            readings.add(reading);
        }
        readings
    }

    fn add(&mut self, reading: String) {
        let is_known = reading == self.response || self.others.contains(&reading);
        if !is_known && !text::is_blank(&reading) {
            self.others.push(reading);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_drop_lines_and_stars() {
        let check = |response: &str, expected: &[&str]| {
            assert_eq!(Readings::new(response).others, expected, "{response:?}");
        };
        check("one line", &[]);
        check("*a*", &["a"]);
        check("a\nb", &["b", "a"]);
        check("*a*\n b \n*c*", &["a\n b \nc", "b \n*c*", "*a*\n b", "b", "b \nc", "a\n b"]);
        check("***\n***", &["***"]);
    }
}
