//! A Markdown table, for issues and pull requests: one row per run.

use super::{lines, means};
use crate::Summary;

pub(super) fn render(summaries: &[Summary]) -> String {
    let lines = lines(summaries);
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let escape = |cell: &String| cell.replace('|', "\\|");
    let mut text = row(lines.iter().map(|line| line.label.clone()).collect());
    text += &row(lines.iter().map(|_| "---".to_owned()).collect());
    for run_idx in 0..summaries.len() {
        text += &row(lines.iter().map(|line| escape(&line.cells[run_idx])).collect());
    }
    let averages = means::averages(summaries);
    if !averages.is_empty() {
        text += "\n";
        text += &row(means::HEADER.map(str::to_owned).to_vec());
        text += &row(vec!["---".to_owned(); means::HEADER.len()]);
        for cells in means::rows(&averages) {
            text += &row(cells.iter().map(escape).collect());
        }
        text.extend(["\n", &means::notes(&averages).join("\n"), "\n"]);
    }
    if let Some(radar) = crate::rating::radar_of(summaries) {
        text.extend(["\n", radar.as_str(), "\n"]);
    }
    text
}
