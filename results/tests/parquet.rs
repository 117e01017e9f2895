//! A Parquet file, read back with the crate that writes it.

use std::fs::{self, File};
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use results::RunFile;
use results::report::{ReportedRun, TextPolicy, jsonl, parquet as write_parquet};
use serde_json::{Value, json};

/// A cell as JSON.
fn cell(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Str(text) => json!(text),
        Field::Long(number) => json!(number),
        Field::Double(number) => json!(number),
        other => panic!("no column has such cells: {other:?}"),
    }
}

/// The rows of a file, each an object of its columns.
fn rows(path: &Path) -> Vec<Value> {
    let reader = SerializedFileReader::new(File::open(path).expect("a file")).expect("Parquet");
    let rows = reader.get_row_iter(None).expect("rows");
    let row = |row: parquet::record::Row| {
        let cells = row.get_column_iter().map(|(name, field)| (name.clone(), cell(field)));
        cells.collect::<Value>()
    };
    rows.map(|found| row(found.expect("a row"))).collect()
}

/// What a row holds of a sample as `jsonl` has it: texts of the last turn, and sums of counts.
fn flat(mut sample: Value) -> Value {
    let object = sample.as_object_mut().expect("an object");
    let turns = object.remove("turns").expect("turns");
    let turns = turns.as_array().expect("a list");
    let last = turns.last();
    let sum = |name: &str| {
        let counts = turns.iter().filter_map(|turn| turn[name].as_u64());
        counts.reduce(|a, b| a + b).map_or(Value::Null, Value::from)
    };
    let of_last = |name: &str| last.map_or(Value::Null, |turn| turn[name].clone());
    let messages = last.map_or(Value::Null, |turn| turn["messages"].to_string().into());
    object.insert("n_turns".to_owned(), turns.len().into());
    object.insert("messages".to_owned(), messages);
    for name in ["reasoning", "completion", "finish_reason"] {
        object.insert(name.to_owned(), of_last(name));
    }
    for name in ["prompt_tokens", "completion_tokens", "latency_ms"] {
        object.insert(name.to_owned(), sum(name));
    }
    sample
}

/// Compares the Parquet file of the stored run with its JSON lines, cell by cell.
fn check(texts: TextPolicy, n_runs: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run.db");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/runs/version-3.db");
    fs::copy(fixture, &run).expect("a copy");
    let file = RunFile::open(&run).expect("a run");
    let summary = file.summary().expect("a summary");
    let runs = vec![ReportedRun { file: &file, summary: &summary, texts }; n_runs];
    let path = folder.path().join("samples.parquet");
    write_parquet(&runs, &mut File::create(&path).expect("a file")).expect("written");
    let mut lines = Vec::new();
    jsonl(&runs, &mut lines).expect("written");
    let lines = String::from_utf8(lines).expect("UTF-8");
    let expected: Vec<Value> =
        lines.lines().map(|line| flat(serde_json::from_str(line).expect("JSON"))).collect();
    assert_eq!(expected.len(), 32 * n_runs);
    assert_eq!(rows(&path), expected);
}

#[test]
fn every_cell_comes_back() {
    check(TextPolicy::AsPlanned, 1);
    check(TextPolicy::Withhold, 1);
    // More rows than are written together.
    check(TextPolicy::AsPlanned, 160);
}

#[test]
fn a_report_of_no_runs_is_an_empty_table() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("none.parquet");
    write_parquet(&[], &mut File::create(&path).expect("a file")).expect("written");
    assert_eq!(rows(&path), [Value::Null; 0]);
}
