//! The table at the end of a run: one column per run.

use comfy_table::{ContentArrangement, Table, presets};

use super::{bfcl, lines, means};
use crate::Summary;

pub(super) fn render(summaries: &[Summary]) -> String {
    if let Some(text) = bfcl::table(summaries) {
        return text;
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    for line in lines(summaries) {
        table.add_row([line.label].into_iter().chain(line.cells));
    }
    let averages = means::averages(summaries);
    let mut below = String::new();
    if !averages.is_empty() {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(means::HEADER);
        for row in means::rows(&averages) {
            table.add_row(row);
        }
        below = format!("{table}\n{}\n", means::notes(&averages).join("\n"));
    }
    let files = summaries.iter().map(|summary| format!("run file: {}\n", summary.run_file));
    format!("{table}\n{below}{}", files.collect::<String>())
}
