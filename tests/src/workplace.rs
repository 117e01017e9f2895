//! A temporary folder in which evalrun runs, with an empty cache and no assets.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder with everything one run leaves behind.
#[derive(Debug)]
pub struct Workplace {
    folder: tempfile::TempDir,
    program: PathBuf,
}

/// How an evalrun process ended.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; −1 for a process killed by a signal.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Workplace {
    /// An empty folder in which `program` is run.
    pub fn new(program: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder, program: PathBuf::from(program) }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A command that runs evalrun here, offline and with an empty cache.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(args)
            .current_dir(self.path())
            .env("EVALRUN_HOME", self.path().join("home"))
            .env_remove("EVALRUN_ASSETS")
            .env_remove("OPENAI_API_KEY")
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs evalrun to its end.
    pub fn run(&self, args: &[&str]) -> Finished {
        Finished::from(self.command(args).output().expect("evalrun starts"))
    }

    /// The run files in the default folder, in order of names.
    pub fn run_files(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path().join("results")) else { return Vec::new() };
        let paths = entries.map(|entry| entry.expect("a readable folder").path());
        let mut paths: Vec<PathBuf> =
            paths.filter(|path| path.extension().is_some_and(|e| e == "db")).collect();
        paths.sort();
        paths
    }

    /// The only run file.
    pub fn run_file(&self) -> PathBuf {
        let files = self.run_files();
        assert_eq!(files.len(), 1, "one run file: {files:?}");
        files[0].clone()
    }

    /// `text` without what differs from run to run: this folder, names of run files, and times.
    pub fn redact(&self, text: &str) -> String {
        let text = text.replace(&self.path().display().to_string(), "[folder]");
        text.lines().map(|line| redact_line(line) + "\n").collect()
    }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
        }
    }
}

impl std::fmt::Display for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "exit code: {}\n--- stdout\n{}--- stderr\n{}",
            self.code, self.stdout, self.stderr
        )
    }
}

fn redact_line(line: &str) -> String {
    let cells: Vec<&str> = line.split('┆').collect();
    if let [label, value] = cells.as_slice()
        && ["wall time", "tokens", "latency"].iter().any(|name| label.contains(name))
    {
        let width = value.trim_end_matches('│').chars().count() - 1;
        return format!("{label}┆ {:width$}│", "[varies]");
    }
    // Names of run files end in time, digits and `.db`.
    match (line.find("results/"), line.find(".db")) {
        (Some(start), Some(end)) if start < end => {
            format!("{}[run file]{}", &line[..start], &line[end + 3..])
        }
        _ => line.to_owned(),
    }
}
