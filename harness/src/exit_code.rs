//! Exit codes, in one place; the README lists the same ones.

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// Everything asked for was done.
    Ok = 0,
    /// `gate`: the candidate is worse. No other command uses this code.
    Regression = 1,
    /// `gate`: the data cannot tell. No other command uses this code.
    Inconclusive = 2,
    /// The command line is wrong.
    Usage = 64,
    /// A task, a prompt, or what a file holds is wrong.
    Task = 65,
    /// An asset or a file that the command names cannot be had or is damaged.
    Asset = 66,
    /// The model or endpoint cannot be used.
    Backend = 69,
    /// A run file cannot be read, or an output cannot be written.
    Store = 74,
    /// Samples or judgments are missing; the same command goes on.
    Incomplete = 75,
    /// A replay disagrees with what the run file says.
    ReplayDiffers = 76,
    /// Stopped by Ctrl-C; the same command resumes.
    Interrupted = 130,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
