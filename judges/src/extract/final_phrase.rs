//! The answer after a final-answer phrase, in English or Russian.
//!
//! The phrase is a key word ("answer", "ответ") and a connector: a colon, a dash, an equals
//! sign, "is", "равен", or the line break after a heading. The families follow Math-Verify's
//! extraction patterns, without its last resort of taking any number. "The answer must be an
//! integer" has no connector and "the answer was 7" reports on something else; neither fires.

use super::words::{
    CLAUSES, FILLERS, GAP, GAP_WORDS, HEDGES, JOINERS, OPENERS, VERBS, begins_with_word, past_verb,
    strip_word,
};

/// The key words, in lower case.
const KEYS: [&str; 2] = ["answer", "ответ"];

/// Finds the answer after the last phrase that is followed by mathematics, meaning math mode, a
/// digit or a LaTeX command, so that "the answer is correct" does not hide an earlier "the
/// answer is 5". Without such a phrase it is the text after the last phrase.
pub(super) fn last(text: &str) -> Option<&str> {
    let mut limit = text.len();
    let mut words = None;
    for start in (0..text.len()).rev() {
        let Some(end) = key_end(text, start) else { continue };
        let found = after_connector(text, start, &text[end..limit]).and_then(segment);
        limit = start;
        match found {
            Some(Segment { answer, is_math: true }) => return Some(answer),
            Some(Segment { answer, is_math: false }) => words = words.or(Some(answer)),
            None => {}
        }
    }
    words
}

struct Segment<'a> {
    answer: &'a str,
    is_math: bool,
}

/// The end of the key word that starts at a byte, if one does.
fn key_end(text: &str, start: usize) -> Option<usize> {
    if !matches!(text.as_bytes()[start], b'a' | b'A' | 0xD0) {
        return None;
    }
    let rest = text.get(start..)?;
    let key = KEYS.iter().find(|key| begins_with_word(rest, key))?;
    let word_goes_on = text[..start].ends_with(char::is_alphabetic);
    (!word_goes_on).then_some(start + key.len())
}

/// The text after the connector that follows a key word.
fn after_connector<'a>(text: &str, key_start: usize, rest: &'a str) -> Option<&'a str> {
    let rest = rest.trim_start_matches([' ', '\t', '*', '_', '"', '\u{a0}']);
    if let Some(after) = rest.strip_prefix([':', '：', '—', '–', '=']) {
        return Some(after);
    }
    if let Some(after) = rest.strip_prefix("- ").or_else(|| strip_word(rest, &VERBS)) {
        return Some(after);
    }
    if rest.starts_with(['\n', '\r']) {
        return is_heading(text, key_start).then_some(rest);
    }
    after_gap(rest)
}

/// Whether only markup and "final" words stand before the key word on its line.
fn is_heading(text: &str, key_start: usize) -> bool {
    let mut from = key_start.saturating_sub(GAP);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let before = text[from..key_start].rsplit('\n').next().unwrap_or("");
    before
        .split(|c: char| c.is_whitespace() || "*#_>".contains(c))
        .filter(|word| !word.is_empty())
        .all(|word| {
            let word = word.to_lowercase();
            ["final", "the", "итоговый", "окончательный"].contains(&word.as_str())
        })
}

/// The text after "to the problem is", a gap that starts with a preposition and holds neither a
/// digit nor the end of a sentence.
fn after_gap(rest: &str) -> Option<&str> {
    let gap = strip_word(rest, &GAP_WORDS)?;
    past_verb(gap, &["="])
}

/// The answer at the start of the text after a connector.
fn segment(rest: &str) -> Option<Segment<'_>> {
    let rest = skip_fillers(rest);
    let rest = after_subject(rest).unwrap_or(rest);
    if let Some(inner) = in_math_mode(rest) {
        return Some(Segment { answer: inner, is_math: true });
    }
    let line = rest.lines().next().unwrap_or("");
    let answer = trim_markup(clip(line));
    let is_math = answer.contains(|c: char| c.is_ascii_digit() || c == '\\');
    (!answer.is_empty()).then_some(Segment { answer, is_math })
}

fn skip_fillers(rest: &str) -> &str {
    let is_markup = |c: char| c.is_whitespace() || "*_#>:`=".contains(c);
    let mut rest = bullet(rest).trim_start_matches(is_markup);
    while let Some(after) = strip_word(rest, &FILLERS) {
        rest = after.trim_start_matches(|c: char| is_markup(c) || c == ',');
    }
    rest
}

/// Drops the bullet of a list item on the line after the connector.
fn bullet(rest: &str) -> &str {
    let line = rest.trim_start_matches([' ', '\t', '*', '\r']);
    let item = line.trim_start();
    let on_new_line = line.starts_with('\n');
    item.strip_prefix("- ").filter(|_| on_new_line).unwrap_or(rest)
}

/// The number or formula in a sentence such as "The number of marbles is 42" after a connector.
/// The subject starts with a word of several letters, so that "x is" keeps its variable.
fn after_subject(rest: &str) -> Option<&str> {
    let starts_with_word = rest.chars().take(2).filter(|c| c.is_alphabetic()).count() == 2;
    let after = skip_fillers(past_verb(rest, &[]).filter(|_| starts_with_word)?);
    let number = after.trim_start_matches(['-', '−', '+']);
    number.starts_with(|c: char| c.is_ascii_digit() || "$\\".contains(c)).then_some(after)
}

/// Trims markup and punctuation from the end of an answer, except bold marks that open in it.
fn trim_markup(answer: &str) -> &str {
    let end = answer.trim_end_matches(|c: char| c.is_whitespace() || "*_`.,;:".contains(c)).len();
    let is_open = answer[..end].matches("**").count() % 2 == 1;
    let close = answer[end..].find("**").filter(|_| is_open);
    &answer[..close.map_or(end, |at| end + at + 2)]
}

/// The content of a formula that is the whole answer; a formula that goes on in another, as with
/// "or", a comma or an equals sign, is left to the plain rule, which keeps both.
fn in_math_mode(rest: &str) -> Option<&str> {
    let (open, close) = [("$$", "$$"), ("$", "$"), (r"\[", r"\]"), (r"\(", r"\)")]
        .into_iter()
        .find(|(open, _)| rest.starts_with(open))?;
    let body = &rest[open.len()..];
    let end = body.find(close)?;
    let inner = body[..end].trim();
    let is_joined = goes_on(&body[end + close.len()..]);
    let is_one_line = open != "$" || !inner.contains('\n');
    (!inner.is_empty() && !is_joined && is_one_line).then_some(inner)
}

/// Whether an answer goes on after a formula.
fn goes_on(after: &str) -> bool {
    let next = after.trim_start_matches([' ', ',', '*']);
    let operand = next.trim_start_matches([' ', '+', '-', '−', '–', '—']);
    strip_word(next, &JOINERS).is_some()
        || next.strip_prefix('(').is_some_and(is_hedge)
        || next.starts_with(|c: char| c.is_ascii_digit() || "/=".contains(c))
        || OPENERS.iter().any(|open| operand.starts_with(open))
}

pub(super) fn is_hedge(remark: &str) -> bool {
    strip_word(remark.trim_start(), &HEDGES).is_some()
}

/// Cuts a line where the answer ends: at the end of its sentence, before a remark in
/// parentheses, or before a clause. A remark that opens a further answer, such as "(or 43)",
/// belongs to the answer, which is then none.
fn clip(line: &str) -> &str {
    for (at, c) in line.char_indices() {
        let rest = &line[at + c.len_utf8()..];
        let ends = match c {
            ';' => !line[..at].ends_with('\\') && !is_hedge(rest),
            '.' => rest.trim_start_matches('*').starts_with(char::is_whitespace),
            ',' => strip_word(rest.trim_start(), &CLAUSES).is_some(),
            '(' => {
                let is_words = rest.chars().take(2).filter(|c| c.is_alphabetic()).count() == 2;
                let is_apart = is_words || line[..at].ends_with("** ") && is_computed(rest);
                line[..at].ends_with(' ') && is_apart && !is_hedge(rest)
            }
            _ => false,
        };
        if ends {
            return &line[..at];
        }
    }
    line
}

/// Whether a remark in parentheses is a calculation, which after bold type is no factor.
fn is_computed(remark: &str) -> bool {
    let inside = remark.split(')').next().unwrap_or("");
    !inside.contains(',') && inside.contains(|c: char| "+-*/=×·−".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(last(text).unwrap_or("∅"), expected, "{text:?}");
    }

    #[test]
    fn english() {
        check("The answer is 73.", "73");
        check("The final answer is: $137 \\frac{1}{2}$", r"137 \frac{1}{2}");
        check("Final Answer: The final answer is $3$. I hope it is correct.", "3");
        check("**Answer:** $42$", "42");
        check("*Answer*: 25", "25");
        check("Answer = 204", "204");
        check("### Final Answer\n\n\\[ 5 \\]", "5");
        check("**Final Answer**\n73", "73");
        check("ANSWER: 3", "3");
        check("Our final answer is thus equal to 17", "17");
        check("The correct answer is option 55", "55");
        check("The answer to the problem is \\(81\\).", "81");
        check("The answer is 73 (since 70+3=73).", "73");
        check("The answer is probably 144, but I am not sure. 42 might work.", "144");
        check("answer: $(6,31,-1)$", "(6,31,-1)");
        check("The answer is (3,4]", "(3,4]");
        check("the answer is clearly not 5 but 293", "not 5 but 293");
        check("The answer is $5$ or $7$", "$5$ or $7$");
        check("The answer is 3.5", "3.5");
        check("The answer is **073**.", "073");
        check("Answer: C", "C");
        check("The answer is 5. I believe the answer is correct.", "5");
        check("Answer:\n- 73", "73");
    }

    #[test]
    fn sentences() {
        check("Answer: The number of marbles is 42.", "42");
        check("Answer: The number of marbles is **42**.", "42");
        check("Answer: There are 42 marbles.", "42 marbles");
        check("**Answer:** The total cost is $42$ for 3.", "42");
        check("Ответ: количество шариков равно 42.", "42");
        check("The answer is that their sum equals -42", "-42");
        check("Answer: x is 5", "x is 5");
        check("Answer: The minimum is 5 and the maximum is 9", "5 and the maximum is 9");
        check("Answer: The line is y = 5", "The line is y = 5");
        check("Answer: It is not 5", "It is not 5");
        check("Answer for $n$ = 3: 5", "∅");
    }

    #[test]
    fn several_answers_stay_together() {
        for answer in [
            "42 (or maybe 43)",
            "42 (or 43)",
            "42 (или 43)",
            "42; or 43",
            "$42$ (or $43$)",
            r"\(42\), \(43\)",
            r"\(42\) or \(43\)",
            r"\[42\] \[43\]",
            "$42$ / $43$",
            "$42$ - $43$",
            "$42$, 43",
            "$m+n$ = **42**",
            r"\(m+n\) = \(42\)",
        ] {
            check(&format!("The answer is {answer}."), answer);
        }
        check("The answer is $42$ (the sum).", "42");
        check("The answer is $42$ — the sum.", "42");
        check("The answer is 42 (orange ones).", "42");
        check("The answer is **42** (6 + 36).", "42");
        check("The answer is **42** (or 43).", "42** (or 43)");
        check("The answer is 2 (x + 1).", "2 (x + 1)");
        check("The answer is 42 (not 43).", "42");
    }

    #[test]
    fn russian() {
        check("Ответ: 9.", "9");
        check("Ответ — **56**", "56");
        check("Итак, ответ: **12**.", "12");
        check("Окончательный ответ: $(3,4]$", "(3,4]");
        check("Таким образом, ответ равен 10.", "10");
        check("ОТВЕТ: 7", "7");
        check("## Итоговый ответ\n\n15", "15");
        check("Ответ на задачу: 8", "8");
        check("Ответить: 8", "∅");
    }

    #[test]
    fn traps() {
        check("The answer must be an integer between 0 and 999.", "∅");
        check("I recall a similar problem where the answer was 75.", "∅");
        check("The answer is 6. The answer must be an integer between 0 and 999.", "6");
        check("Answer:", "∅");
        check("unanswered: 5", "∅");
        check("So we get 4.", "∅");
        check("", "∅");
    }
}
