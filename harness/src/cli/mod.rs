//! The command line.

mod args;
mod assets;
mod calls_args;
mod compare;
mod endpoint_args;
mod gate;
mod judge;
mod judge_args;
mod ledger;
mod listing;
mod pairwise;
mod print;
mod replay;
mod report;
mod run;
mod run_args;
mod run_file;
mod score;
mod stored_judges;

use std::process::ExitCode as ProcessExit;

use clap::Parser;
use clap::error::ErrorKind;

use crate::assets::AssetStore;
use crate::display::Display;
use crate::env_vars;
use crate::error::EvalrunError;
use crate::exit_code::ExitCode;
use args::{Cli, Command};
pub(crate) use listing::table;
pub(crate) use run_file::new_path;

/// What every command may use.
pub(crate) struct Context {
    pub(crate) store: AssetStore,
    pub(crate) display: Display,
}

/// Parses the command line, does what it says, and returns the exit code.
pub fn main_impl() -> ProcessExit {
    // Only the first installation counts, and this is the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(err) => return usage(&err),
    };
    let display = if cli.is_quiet() { Display::quiet() } else { Display::detect() };
    let folders = env_vars::asset_folders();
    for folder in folders.iter().filter(|folder| !folder.is_dir()) {
        display.note(&format!(
            "EVALRUN_ASSETS names {}, which is no folder: ignored",
            folder.display()
        ));
    }
    let store = AssetStore::new(&env_vars::home(), folders);
    let context = Context { store, display };
    match dispatch(cli, &context) {
        Ok(code) => code.into(),
        Err(err) => {
            context.display.note(&format!("error: {err}"));
            err.exit_code().into()
        }
    }
}

fn dispatch(cli: Cli, context: &Context) -> Result<ExitCode, EvalrunError> {
    match cli.command {
        None => run::run(&cli.run, context),
        Some(Command::Run(run)) => run::run(&run, context),
        Some(Command::Tasks(args)) => listing::tasks(&args),
        Some(Command::Models(args)) => listing::models(&args, context),
        Some(Command::Runs(args)) => listing::runs(&args),
        Some(Command::Report(args)) => report::report(&args),
        Some(Command::Compare(args)) => compare::compare(&args),
        Some(Command::Gate(args)) => gate::gate(&args),
        Some(Command::Replay(args)) => replay::replay(&args, context),
        Some(Command::Rejudge(args)) => judge::rejudge(&args, context),
        Some(Command::Pairwise(args)) => pairwise::pairwise(&args, context),
        Some(Command::Score(args)) => score::score(&args, context),
        Some(Command::Assets { command }) => assets::run(command, context),
    }
}

/// Help and version are results; everything else is a wrong command line. Clap's own exit code 2
/// would mean "gate cannot tell".
fn usage(err: &clap::Error) -> ProcessExit {
    // Nothing can be done if the terminal is gone.
    let _ = err.print();
    match err.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::Ok.into(),
        _ => ExitCode::Usage.into(),
    }
}
