//! Math-Verify in the interpreter: wheels fetched, imported once per machine.

use std::sync::Arc;

use judges::math_reference::{MathReference, PRELUDE, WHEELS};
use sandbox::{Extension, Sandbox};

use super::interpreter;
use crate::assets::{self, AssetStore};
use crate::display::Display;
use crate::error::EvalrunError;
use crate::plan::file_bytes;

/// The wheels, by the names of their assets.
const ASSETS: [&str; 3] = ["math-verify", "latex2sympy2-extended", "antlr4-python3-runtime"];

/// How likely a run needs the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Its files are fetched when an answer needs it.
    Maybe,
    /// Its files are fetched before the run begins.
    Likely,
}

/// The reference, loaded when it is first asked. Where its files cannot be had, answers that need it
/// fail, and a note says so before the run begins.
pub(crate) fn math_reference(
    needs: Needs,
    n_workers: usize,
    (store, display): (&AssetStore, &Display),
) -> MathReference {
    if needs == Needs::Likely
        && let Err(err) = fetch((store, display))
    {
        display.note(&format!(
            "Math-Verify cannot be had: answers on which the native check is not sure will fail; \
             `--math-judge native` counts them as different\n{err}"
        ));
    }
    let (store, display) = (store.clone(), *display);
    let load = move || load(n_workers, (&store, &display)).map_err(|err| err.to_string());
    MathReference::new(Box::new(load))
}

/// Files by their path in the interpreter.
type Files = Vec<(String, Arc<[u8]>)>;

fn fetch(resources: (&AssetStore, &Display)) -> Result<Files, EvalrunError> {
    interpreter::files(resources)?;
    let (store, display) = resources;
    let wheel = |name: &&str| {
        let located = store.fetch(assets::find(name)?, display)?;
        Ok((format!("{WHEELS}/{name}.whl"), Arc::from(file_bytes(located.path())?)))
    };
    ASSETS.iter().map(wheel).collect()
}

fn load(
    n_workers: usize,
    (store, display): (&AssetStore, &Display),
) -> Result<Sandbox, EvalrunError> {
    let files = fetch((store, display))?;
    let runtime = interpreter::runtime(n_workers, (store, display))?;
    let extension = Extension { files, prelude: PRELUDE };
    Ok(Sandbox::new(runtime.extended(&extension, &store.python(), &|_| {})?))
}
