//! The template environment shared by prompts and row mappings.

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

/// An environment in which a missing field is an error and Python's string methods work. Besides
/// minijinja's own filters it has `boxed`.
pub(crate) fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    env.add_filter("boxed", |solution: &str| {
        boxed(solution).ok_or_else(|| {
            Error::new(ErrorKind::InvalidOperation, "the solution has no closed \\boxed{…}")
        })
    });
    env
}

/// The content of the last `\boxed{…}` of a worked solution. A number such as `4.5e33` is spelt as
/// LaTeX, where the letter would be a symbol.
fn boxed(solution: &str) -> Option<String> {
    const COMMAND: &str = r"\boxed{";
    let (_, after) = solution.rsplit_once(COMMAND)?;
    let mut depth = 1;
    let end = after.bytes().position(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => (),
        }
        depth == 0
    })?;
    let answer = after[..end].trim();
    Some(scientific(answer).unwrap_or_else(|| answer.to_owned()))
}

fn scientific(answer: &str) -> Option<String> {
    let (mantissa, exponent) = answer.split_once('e')?;
    mantissa.parse::<f64>().ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    Some(format!(r"{mantissa} \times 10^{{{exponent}}}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(solution: &str, expected: Option<&str>) {
        assert_eq!(boxed(solution).as_deref(), expected, "{solution}");
    }

    #[test]
    fn the_last_box_of_a_solution_is_its_answer() {
        check(r"so \boxed{1} or \boxed{ \frac{a}{b} }.", Some(r"\frac{a}{b}"));
        check(r"\boxed{4.5e33}", Some(r"4.5 \times 10^{33}"));
        check(r"\boxed{-1e-3} m", Some(r"-1 \times 10^{-3}"));
        check(r"\boxed{m e^2}", Some("m e^2"));
        check(r"\boxed{1", None);
        check("1", None);
    }
}
