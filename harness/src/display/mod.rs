//! What a person sees while evalrun works. Everything here goes to standard error.

mod run;
mod transfer;
mod work;

use std::io::IsTerminal;

pub(crate) use run::RunDisplay;
pub use transfer::Transfer;
pub(crate) use work::Work;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Bars on a terminal.
    Bars,
    /// A line now and then.
    Lines,
    /// Only warnings and errors.
    Quiet,
}

/// The display of one process.
#[derive(Debug, Clone, Copy)]
pub struct Display {
    mode: Mode,
}

impl Display {
    /// Bars if standard error is a terminal, lines otherwise.
    pub fn detect() -> Self {
        let mode = if std::io::stderr().is_terminal() { Mode::Bars } else { Mode::Lines };
        Self { mode }
    }

    /// Only warnings and errors.
    pub fn quiet() -> Self {
        Self { mode: Mode::Quiet }
    }

    /// Something worth knowing that is no error.
    #[expect(clippy::print_stderr, reason = "the display is the one place that prints")]
    pub fn note(&self, text: &str) {
        eprintln!("evalrun: {text}");
    }

    /// Something that is dropped when the user asked for quiet.
    pub fn chat(&self, text: &str) {
        if self.mode != Mode::Quiet {
            self.note(text);
        }
    }

    /// Starts showing the transfer of a file of known size from `source`.
    pub fn transfer(&self, name: &str, n_bytes: u64, source: &str) -> Transfer {
        Transfer::start(*self, (name, n_bytes), source)
    }

    /// Starts showing something that takes a while. Nothing is shown until it reports.
    pub(crate) fn work(&self, what: &str) -> Work {
        Work::new(*self, what)
    }

    /// Starts showing a run.
    pub(crate) fn run(&self, title: &str) -> RunDisplay {
        RunDisplay::new(*self, title)
    }
}
