//! The shape of the source tree: who depends on whom, and how large things are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const CRATES: [&str; 6] = ["tasks", "sandbox", "judges", "results", "harness", "tests"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The workspace crates named in the `[dependencies]` of a crate's manifest.
fn dependencies(name: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).expect("a manifest");
    let section = manifest.split("\n[").find(|section| section.starts_with("dependencies]"));
    let keys = section
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.split(['.', '=', ' ']).next());
    keys.filter(|key| CRATES.contains(key)).map(str::to_owned).collect()
}

#[test]
fn crates_depend_in_one_direction() {
    let allowed = BTreeMap::from([
        ("tasks", vec![]),
        ("sandbox", vec![]),
        ("judges", vec!["sandbox", "tasks"]),
        ("results", vec!["tasks"]),
        ("harness", vec!["judges", "results", "sandbox", "tasks"]),
        ("tests", vec!["harness", "judges", "results", "tasks"]),
    ]);
    for (name, expected) in allowed {
        let expected: BTreeSet<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(dependencies(name), expected, "{name}");
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The lengths of the functions in a formatted file: from `fn` to the closing brace at its indent.
fn function_lengths(text: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let is_start = |line: &str| {
        let line = line.trim_start();
        let line = line.trim_start_matches("pub ").trim_start_matches("async ");
        line.starts_with("fn ") || (line.starts_with("pub(") && line.contains(" fn "))
    };
    let starts = lines.iter().enumerate().filter(|(_, line)| is_start(line));
    starts
        .filter_map(|(start, line)| {
            let indent = line.len() - line.trim_start().len();
            let is_at_indent = |line: &&str| line.len() - line.trim_start().len() == indent;
            // A declaration in a trait ends with a semicolon and has no body.
            let ends =
                |line: &&str| is_at_indent(line) && (line.ends_with(';') || line.trim() == "}");
            lines[start..].iter().position(ends).map(|n| n + 1)
        })
        .collect()
}

#[test]
fn files_and_functions_stay_small() {
    let mut lengths = Vec::new();
    for name in CRATES {
        let mut files = Vec::new();
        sources(&root().join(name).join("src"), &mut files);
        for path in files {
            let text = fs::read_to_string(&path).expect("a source file");
            let n_lines = text.lines().count();
            assert!(n_lines <= 700, "{} has {n_lines} lines", path.display());
            let of_file = function_lengths(&text);
            let longest = of_file.iter().max().copied().unwrap_or(0);
            assert!(longest <= 80, "{} has a function of {longest} lines", path.display());
            lengths.extend(of_file);
        }
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    println!("{} functions, median {median} lines", lengths.len());
    assert!(median < 12, "the median function has {median} lines");
}
