//! One self-contained HTML page: figures, charts, and a browser of samples.
//!
//! Completions are hostile. Nothing of a run becomes markup: all data sits in one JSON block, written
//! so that no byte of it can end the block, and the page's script puts texts in place with
//! `textContent` only; the one exception are names of models and judges in the section on ratings,
//! which are escaped here. A content security policy names the one script and the one style by hash and
//! forbids everything else, so that the page reaches no network even if a text could smuggle code in.

mod charts;
mod embed;
mod page;
mod samples;
mod selection;

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::ReportedRun;
use crate::{StoreError, Summary};

/// How much of long runs a page holds; what is left out is stated in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimits {
    /// Samples of each run.
    pub n_samples: usize,
    /// Bytes of texts, shared among all samples; longer ones lose their middle.
    pub text_bytes: usize,
    /// Whether a page of one run has a leaderboard, too.
    pub leaderboard: bool,
}

impl Default for PageLimits {
    /// What a browser takes in without a pause.
    fn default() -> Self {
        Self { n_samples: 2_000, text_bytes: 32 << 20, leaderboard: false }
    }
}

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// The parts of the page's script in order; they share one scope.
const SCRIPT: [&str; 7] = [
    include_str!("js/dom.js"),
    include_str!("js/figures.js"),
    include_str!("js/charts.js"),
    include_str!("js/list.js"),
    include_str!("js/samples.js"),
    include_str!("js/compare.js"),
    include_str!("js/main.js"),
];

/// Writes the page of one or more runs.
pub fn html(
    runs: &[ReportedRun<'_>],
    limits: PageLimits,
    out: &mut dyn Write,
) -> Result<(), StoreError> {
    let page = page::page(runs, limits)?;
    let script = format!("(() => {{\n'use strict';\n{}}})();\n", SCRIPT.concat());
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(&script),
        hash(STYLE)
    );
    let mut rest = TEMPLATE;
    for (mark, text) in [("{policy}", policy.as_str()), ("{style}", STYLE)] {
        rest = write_up_to(rest, mark, out)?;
        out.write_all(text.as_bytes())?;
    }
    rest = write_up_to(rest, "{ratings}", out)?;
    let summaries: Vec<Summary> = runs.iter().map(|run| run.summary.clone()).collect();
    out.write_all(crate::rating::html_section(&summaries).as_bytes())?;
    rest = write_up_to(rest, "{data}", out)?;
    embed::json(&page, out)?;
    rest = write_up_to(rest, "{script}", out)?;
    out.write_all(script.as_bytes())?;
    Ok(out.write_all(rest.as_bytes())?)
}

/// Writes the template as far as `mark`, and returns what follows it.
fn write_up_to<'a>(
    template: &'a str,
    mark: &str,
    out: &mut dyn Write,
) -> Result<&'a str, StoreError> {
    let (before, after) = template.split_once(mark).expect("the template has every mark in order");
    out.write_all(before.as_bytes())?;
    Ok(after)
}

/// As a content security policy wants it (W3C CSP level 3, section 2.3.1).
fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_makes_no_markup_of_texts() {
        let script = SCRIPT.concat();
        let ways =
            ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function("];
        for way in
            ways.into_iter().chain(["createContextualFragment", "setHTML", "javascript:", "http:"])
        {
            assert!(!script.contains(way), "{way}");
        }
        // Neither may end its own element.
        assert!(!script.contains("</") && !STYLE.contains("</"));
    }
}
