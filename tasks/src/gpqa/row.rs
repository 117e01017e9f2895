//! Rows of the CSV files.

use std::collections::BTreeSet;
use std::fmt;

use csv::{ReaderBuilder, StringRecord};

use crate::choice::ChoiceQuestion;
use crate::{ItemId, TaskError};

/// One question. `Debug` shows its name and its place in the sciences, and none of its text.
#[derive(Clone, PartialEq, Eq)]
pub struct GpqaRow {
    /// The authors' name for it, unique within a set and the same in all sets.
    pub record_id: ItemId,
    /// The question and its four answers, with all the white space of the data.
    pub question: ChoiceQuestion,
    /// Biology, Chemistry or Physics.
    pub domain: String,
    /// The field within the domain.
    pub subdomain: String,
}

impl GpqaRow {
    /// The row as task files see it.
    pub(crate) fn into_json(self) -> serde_json::Value {
        serde_json::json!({
            "record_id": self.record_id,
            "domain": self.domain,
            "subdomain": self.subdomain,
            "choice": self.question,
        })
    }
}

impl fmt::Debug for GpqaRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GpqaRow")
            .field("record_id", &self.record_id)
            .field("domain", &self.domain)
            .field("subdomain", &self.subdomain)
            .finish_non_exhaustive()
    }
}

/// Reads the rows of a CSV file; `file` names it in errors, which never quote it. Rows are counted
/// from 1, without the line of column names.
pub(super) fn read_rows(file: &str, csv: &[u8]) -> Result<Vec<GpqaRow>, TaskError> {
    let bad =
        |row: usize, message: String| TaskError::BadRow { file: file.to_owned(), row, message };
    let mut reader = ReaderBuilder::new().from_reader(csv);
    let names = reader.headers().map_err(|err| bad(0, why_unreadable(&err)))?;
    let columns =
        Columns::find(names).map_err(|name| bad(0, format!("there is no column `{name}`")))?;
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for (row, record) in (1..).zip(reader.records()) {
        let record = record.map_err(|err| bad(row, why_unreadable(&err)))?;
        let read = columns
            .row(&record)
            .map_err(|name| bad(row, format!("the column `{name}` is empty")))?;
        if !seen.insert(read.record_id.clone()) {
            return Err(bad(row, "its record id occurs twice".to_owned()));
        }
        rows.push(read);
    }
    Ok(rows)
}

/// Where the columns stand.
struct Columns([usize; NAMES.len()]);

const NAMES: [&str; 8] = [
    "Record ID",
    "Question",
    "Correct Answer",
    "Incorrect Answer 1",
    "Incorrect Answer 2",
    "Incorrect Answer 3",
    "High-level domain",
    "Subdomain",
];

impl Columns {
    /// Finds every column by its name, or gives the name of one that is missing.
    fn find(names: &StringRecord) -> Result<Self, &'static str> {
        let mut places = [0; NAMES.len()];
        for (place, name) in places.iter_mut().zip(NAMES) {
            *place = names.iter().position(|found| found == name).ok_or(name)?;
        }
        Ok(Self(places))
    }

    /// The row in a record, or the name of a column that is empty in it.
    fn row(&self, record: &StringRecord) -> Result<GpqaRow, &'static str> {
        let mut texts = self.0.into_iter().zip(NAMES).map(|(place, name)| {
            let text = record.get(place).filter(|text| !text.trim().is_empty());
            text.map(str::to_owned).ok_or(name)
        });
        let mut next = || texts.next().expect("there are eight columns");
        Ok(GpqaRow {
            record_id: ItemId(next()?),
            question: ChoiceQuestion {
                question: next()?,
                correct: next()?,
                incorrect: [next()?, next()?, next()?],
            },
            domain: next()?,
            subdomain: next()?,
        })
    }
}

/// What is wrong, without the text that the CSV reader might quote.
fn why_unreadable(err: &csv::Error) -> String {
    match err.kind() {
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} columns where the first line names {expected_len}")
        }
        _ => "it is not CSV".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "Record ID,Extra,Question,Correct Answer,Incorrect Answer 1,Incorrect \
                          Answer 2,Incorrect Answer 3,High-level domain,Subdomain\n";

    fn check(header: &str, body: &[u8], expected: &str) {
        let bytes = [header.as_bytes(), body].concat();
        let seen = match read_rows("f.csv", &bytes) {
            Ok(rows) => format!("{rows:?}"),
            Err(err) => err.to_string(),
        };
        assert_eq!(seen, expected);
    }

    #[test]
    fn rows_become_questions_or_name_the_row() {
        check(
            HEADER,
            b"r1,,\"secret, \"\"q\"\"\n\",c ,x,y,z,Physics,Optics\n",
            r#"[GpqaRow { record_id: ItemId("r1"), domain: "Physics", subdomain: "Optics", .. }]"#,
        );
        check(
            HEADER,
            b"r1,,q,c,x,y, ,P,O\n",
            "f.csv, row 1: the column `Incorrect Answer 3` is empty",
        );
        check(
            HEADER,
            b"r1,,q,c,x,y,z,P,O\nr1,,q,c,x,y,z,P,O\n",
            "f.csv, row 2: its record id occurs twice",
        );
        check(
            HEADER,
            b"r1,secret\n",
            "f.csv, row 1: it has 2 columns where the first line names 9",
        );
        check(HEADER, b"r1,,\xff,c,x,y,z,P,O\n", "f.csv, row 1: it is not UTF-8");
        check("Record ID,Question\n", b"", "f.csv, row 0: there is no column `Correct Answer`");
    }

    #[test]
    fn texts_keep_their_white_space() {
        let body = "r1,,\"q\nq\",\" c \",x,y,z,P,O\n";
        let rows = read_rows("f.csv", format!("{HEADER}{body}").as_bytes()).unwrap();
        assert_eq!(
            (rows[0].question.question.as_str(), rows[0].question.correct.as_str()),
            ("q\nq", " c ")
        );
    }
}
