//! LaTeX tables for papers, with the rules of the `booktabs` package.

use super::{lines, means};
use crate::Summary;

pub(super) fn render(summaries: &[Summary]) -> String {
    let lines = lines(summaries);
    let row = |cells: Vec<String>| format!("{} \\\\\n", cells.join(" & "));
    let columns = "l".repeat(lines.len());
    let mut text = format!("\\begin{{tabular}}{{{columns}}}\n\\toprule\n");
    text += &row(lines.iter().map(|line| escape(&line.label)).collect());
    text += "\\midrule\n";
    for run_idx in 0..summaries.len() {
        text += &row(lines.iter().map(|line| escape(&line.cells[run_idx])).collect());
    }
    text += "\\bottomrule\n\\end{tabular}\n";
    let averages = means::averages(summaries);
    if !averages.is_empty() {
        text += "\n\\begin{tabular}{llll}\n\\toprule\n";
        text += &row(means::HEADER.map(escape).to_vec());
        text += "\\midrule\n";
        for cells in means::rows(&averages) {
            text += &row(cells.iter().map(|cell| escape(cell)).collect());
        }
        text += "\\bottomrule\n\\end{tabular}\n";
        for note in means::notes(&averages) {
            text.extend(["% ", &note.replace('\n', " "), "\n"]);
        }
    }
    text
}

/// A text as LaTeX shows it. Letters beyond ASCII are left to a Unicode engine or `inputenc`.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            '|' => escaped.push_str("\\textbar{}"),
            '"' => escaped.push_str("''"),
            '×' => escaped.push_str("$\\times$"),
            '±' => escaped.push_str("$\\pm$"),
            '–' => escaped.push_str("--"),
            '…' => escaped.push_str("\\ldots{}"),
            '†' => escaped.push_str("\\dag{}"),
            '‡' => escaped.push_str("\\ddag{}"),
            '≠' => escaped.push_str("$\\neq$"),
            '#' | '$' | '%' | '&' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_are_escaped() {
        let check = |text: &str, expected: &str| assert_eq!(escape(text), expected);
        check("a_b 50 % {x} #1 $ &", "a\\_b 50 \\% \\{x\\} \\#1 \\$ \\&");
        check("\\end{tabular}", "\\textbackslash{}end\\{tabular\\}");
        check("1–2 × ~^\n", "1--2 $\\times$ \\textasciitilde{}\\textasciicircum{} ");
    }
}
