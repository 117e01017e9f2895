//! The encrypted archive.

use std::io::{Cursor, Read};

use serde::{Deserialize, Serialize};
use zip::ZipArchive;
use zip::result::ZipError;

use super::GpqaRow;
use super::row::read_rows;
use crate::TaskError;

/// The password, which the authors publish in the README of their repository to keep plain text
/// from crawlers. The encryption is that of PKWARE's original zip format.
const PASSWORD: &[u8] = b"deserted-untie-orchid";

/// The largest file that is unpacked, in bytes; the extended set has about 4 MB.
const LARGEST_FILE_BYTES: u64 = 64 << 20;

/// One of the three published sets; each holds the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GpqaSet {
    /// Both experts agreed and at most one of three non-experts was right.
    Diamond,
    /// The set of the paper's main results.
    Main,
    /// Every question that was collected.
    Extended,
}

impl GpqaSet {
    /// All sets, the smallest first.
    pub const ALL: [Self; 3] = [Self::Diamond, Self::Main, Self::Extended];

    /// The name in the archive and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Diamond => "diamond",
            Self::Main => "main",
            Self::Extended => "extended",
        }
    }

    /// Questions in the set (table 1 of the paper).
    pub fn n_items(self) -> usize {
        match self {
            Self::Diamond => 198,
            Self::Main => 448,
            Self::Extended => 546,
        }
    }
}

/// Decrypts `archive` in memory and reads every row of `set` in the order of the data; `file` names
/// the archive in errors.
pub fn rows(file: &str, archive: &[u8], set: GpqaSet) -> Result<Vec<GpqaRow>, TaskError> {
    let member = format!("dataset/gpqa_{}.csv", set.name());
    let bad = |message: String| TaskError::BadArchive { file: file.to_owned(), message };
    let mut zip = ZipArchive::new(Cursor::new(archive))
        .map_err(|_| bad("it is not a complete zip archive; download it again".to_owned()))?;
    let member_file =
        zip.by_name_decrypt(&member, PASSWORD).map_err(|err| bad(why_unreadable(&member, &err)))?;
    let mut csv = Vec::new();
    member_file
        .take(LARGEST_FILE_BYTES + 1)
        .read_to_end(&mut csv)
        .map_err(|_| bad(format!("`{member}` is damaged; download the archive again")))?;
    if csv.len() as u64 > LARGEST_FILE_BYTES {
        return Err(bad(format!("`{member}` unpacks to more than {LARGEST_FILE_BYTES} bytes")));
    }
    let rows = read_rows(&format!("{file}, {member}"), &csv)?;
    if rows.len() != set.n_items() {
        return Err(TaskError::WrongItemCount {
            file: format!("{file}, {member}"),
            found: rows.len(),
            expected: set.n_items(),
        });
    }
    Ok(rows)
}

fn why_unreadable(member: &str, err: &ZipError) -> String {
    match err {
        ZipError::FileNotFound => format!("there is no `{member}` in it"),
        ZipError::InvalidPassword => {
            format!("`{member}` does not open with the password that the authors publish")
        }
        _ => format!("`{member}` cannot be unpacked; download the archive again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::unstable::write::FileOptionsExt;
    use zip::write::SimpleFileOptions;

    const HEADER: &str = "Record ID,Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,\
                          Incorrect Answer 3,High-level domain,Subdomain\n";

    fn archive(member: &str, csv: &str, password: Option<&[u8]>) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default();
        let options = match password {
            Some(password) => options.with_deprecated_encryption(password).unwrap(),
            None => options,
        };
        zip.start_file(member, options).unwrap();
        zip.write_all(csv.as_bytes()).unwrap();
        zip.finish().unwrap().into_inner()
    }

    /// Rows of which the last is `row`, and errors must not quote `secret`.
    fn csv(n_rows: usize, row: &str) -> String {
        let rows =
            (1..n_rows).map(|n| format!("rec{n},secret,1,2,3,\"4\n\"\"x\"\"\",Physics,Optics\n"));
        format!("{HEADER}{}{row}", rows.collect::<String>())
    }

    fn check(archive: &[u8], expected: &str) {
        let seen = match rows("gpqa.zip", archive, GpqaSet::Diamond) {
            Ok(rows) => format!("{} rows, {:?}", rows.len(), rows[0].question.incorrect[2]),
            Err(err) => err.to_string(),
        };
        assert_eq!(seen, expected);
    }

    #[test]
    fn archives_open_or_say_why_not() {
        let member = "dataset/gpqa_diamond.csv";
        let last = "rec0,secret,1,2,3,4,Physics,Optics\n";
        let good = archive(member, &csv(198, last), Some(PASSWORD));
        check(&good, r#"198 rows, "4\n\"x\"""#);
        check(&archive(member, &csv(198, last), None), r#"198 rows, "4\n\"x\"""#);
        check(
            &good[..good.len() / 2],
            "gpqa.zip: it is not a complete zip archive; download it again",
        );
        check(
            &archive("dataset/other.csv", &csv(198, last), Some(PASSWORD)),
            "gpqa.zip: there is no `dataset/gpqa_diamond.csv` in it",
        );
        check(
            &archive(member, &csv(198, last), Some(b"another")),
            "gpqa.zip: `dataset/gpqa_diamond.csv` does not open with the password that the \
             authors publish",
        );
        check(
            &archive(member, &csv(3, last), Some(PASSWORD)),
            "gpqa.zip, dataset/gpqa_diamond.csv holds 3 items where the task file states 198",
        );
    }

    #[test]
    fn damaged_archives_never_panic() {
        let last = "rec0,secret,1,2,3,4,Physics,Optics\n";
        let good = archive("dataset/gpqa_diamond.csv", &csv(198, last), Some(PASSWORD));
        for at in (0..good.len()).step_by(7) {
            let mut bytes = good.clone();
            bytes[at] ^= 0x55;
            if let Err(err) = rows("gpqa.zip", &bytes, GpqaSet::Diamond) {
                assert!(!err.to_string().contains("secret"), "{err}");
            }
        }
    }
}
