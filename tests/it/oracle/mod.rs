//! Verdicts of upstream scorers: one test per oracle file, each with its bar.
//!
//! The rows are found through `EVALRUN_ORACLES` (default: the folder beside the checkout). A file that
//! is not there is reported as absent.

mod bfcl;
mod bfcl_scores;
mod chat;
mod code_extract;
mod evalplus;
mod gpqa;
mod ifeval;
mod majority;
mod math_equiv;
mod math_extract;
mod model;
mod tiny;
mod tokenizer;

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Disagreements that are printed.
const N_LISTED: usize = 20;

/// The folder of oracles.
fn folder() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oracles");
    std::env::var_os("EVALRUN_ORACLES").map_or(beside, PathBuf::from)
}

/// The rows of an oracle file, or `None` with a remark where it is absent.
fn rows(file: &str) -> Option<Vec<Value>> {
    let Ok(text) = std::fs::read_to_string(folder().join(file)) else {
        say(&format!("oracle {file}: absent"));
        return None;
    };
    Some(
        text.lines()
            .map(|line| serde_json::from_str(line).expect("an oracle row is JSON"))
            .collect(),
    )
}

/// A folder of oracles, or `None` with a remark where it is absent.
fn subfolder(name: &str) -> Option<PathBuf> {
    let path = folder().join(name);
    if !path.is_dir() {
        say(&format!("oracle {name}: absent"));
        return None;
    }
    Some(path)
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or("")
}

/// Prints a line that shows up whether or not the test passes.
fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Prints the agreement and fails under the bar, a share of all rows.
fn report(file: &str, total: usize, disagreements: &[String], bar: f64) {
    let agree = total - disagreements.len();
    say(&format!("oracle {file}: {agree}/{total}"));
    for disagreement in disagreements.iter().take(N_LISTED) {
        say(&format!("  {disagreement}"));
    }
    assert!(
        agree as f64 >= bar * total as f64,
        "{file}: {agree} of {total} is under the bar of {bar}"
    );
}
