//! A Parquet file: one sample a row, for `DuckDB`, pandas and the like.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

use super::ReportedRun;
use super::sample_row::{SampleRow, TurnRow, for_each_row};
use crate::StoreError;

/// Rows that are written together; so many are held in memory.
const N_ROWS: usize = 5_000;

/// How a column is read from a row. Every column may be null.
enum Column {
    Text(fn(&SampleRow) -> Option<String>),
    Integer(fn(&SampleRow) -> Option<i64>),
    Real(fn(&SampleRow) -> Option<f64>),
}

use Column::{Integer, Real, Text};

/// The table. Of a dialogue with several turns, texts are those of the last turn and counts are sums;
/// `jsonl` has every turn.
const COLUMNS: [(&str, Column); 25] = [
    ("run_file", Text(|row| Some(row.run_file.clone()))),
    ("task", Text(|row| Some(row.task.clone()))),
    ("task_version", Integer(|row| Some(i64::from(row.task_version)))),
    ("model", Text(|row| Some(row.model.clone()))),
    ("item", Text(|row| Some(row.item.clone()))),
    ("sample_idx", Integer(|row| Some(i64::from(row.sample_idx)))),
    ("seed", Integer(|row| Some(i64::from(row.seed)))),
    ("outcome", Text(|row| Some(row.outcome.to_owned()))),
    ("score", Real(|row| row.score)),
    ("gold", Text(|row| Some(row.gold.clone()))),
    ("answer", Text(|row| row.answer.clone())),
    ("vote", Text(|row| row.vote.clone())),
    ("rule", Text(|row| row.rule.clone())),
    ("explanation", Text(|row| row.explanation.clone())),
    ("error_kind", Text(|row| row.error_kind.clone())),
    ("error", Text(|row| row.error.clone())),
    ("finished_at", Text(|row| Some(row.finished_at.clone()))),
    ("n_turns", Integer(|row| i64::try_from(row.turns.len()).ok())),
    ("messages", Text(|row| row.turns.last().map(messages))),
    ("reasoning", Text(|row| row.turns.last()?.reasoning.clone())),
    ("completion", Text(|row| row.turns.last().map(|turn| turn.completion.clone()))),
    ("finish_reason", Text(|row| row.turns.last().map(|turn| turn.finish_reason.to_owned()))),
    ("prompt_tokens", Integer(|row| sum(row, |turn| turn.prompt_tokens))),
    ("completion_tokens", Integer(|row| sum(row, |turn| turn.completion_tokens))),
    ("latency_ms", Integer(|row| sum(row, |turn| Some(turn.latency_ms)))),
];

fn messages(turn: &TurnRow) -> String {
    serde_json::to_string(&turn.messages).expect("messages are plain text")
}

fn sum(row: &SampleRow, count: fn(&TurnRow) -> Option<u64>) -> Option<i64> {
    let counts = row.turns.iter().filter_map(count);
    counts.reduce(|a, b| a + b).map(u64::cast_signed)
}

/// Writes every attempted sample of every run.
pub fn parquet(runs: &[ReportedRun<'_>], out: &mut (dyn Write + Send)) -> Result<(), StoreError> {
    let schema = parse_message_type(&schema()).expect("the schema is written by this file");
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer =
        SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)).map_err(output)?;
    let mut rows = Vec::new();
    for run in runs {
        for_each_row(run, |row| {
            rows.push(row);
            if rows.len() < N_ROWS {
                return Ok(());
            }
            write_rows(&mut writer, &std::mem::take(&mut rows))
        })?;
    }
    write_rows(&mut writer, &rows)?;
    writer.close().map(drop).map_err(output)
}

fn schema() -> String {
    let column = |(name, column): &(&str, Column)| match column {
        Text(_) => format!("optional binary {name} (UTF8);\n"),
        Integer(_) => format!("optional int64 {name};\n"),
        Real(_) => format!("optional double {name};\n"),
    };
    format!("message samples {{\n{}}}", COLUMNS.iter().map(column).collect::<String>())
}

fn write_rows<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    rows: &[SampleRow],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut group = writer.next_row_group().map_err(output)?;
    for (_, column) in &COLUMNS {
        let mut open = group.next_column().map_err(output)?.expect("the schema has every column");
        match column {
            Text(read) => {
                let bytes = |row| read(row).map(|text| ByteArray::from(text.into_bytes()));
                write_column::<ByteArrayType>(&mut open, rows.iter().map(bytes))
            }
            Integer(read) => write_column::<Int64Type>(&mut open, rows.iter().map(read)),
            Real(read) => write_column::<DoubleType>(&mut open, rows.iter().map(read)),
        }
        .and_then(|()| open.close())
        .map_err(output)?;
    }
    group.close().map(drop).map_err(output)
}

/// A definition level of 1 stands for a value, and 0 for null.
fn write_column<T: DataType>(
    open: &mut SerializedColumnWriter<'_>,
    cells: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError>
where
    T::T: Sized,
{
    let cells: Vec<Option<T::T>> = cells.collect();
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    open.typed::<T>().write_batch(&values, Some(&levels), None).map(drop)
}

fn output(err: ParquetError) -> StoreError {
    StoreError::Output(io::Error::other(err))
}
