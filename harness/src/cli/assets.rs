//! `evalrun assets`.

use std::path::{Path, PathBuf};

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

use super::args::AssetsCommand;
use super::{Context, print};
use crate::assets::{Asset, AssetError, find, manifest};
use crate::error::EvalrunError;
use crate::exit_code::ExitCode;

/// Does what `command` says.
pub(super) fn run(command: AssetsCommand, context: &Context) -> Result<ExitCode, EvalrunError> {
    match command {
        AssetsCommand::List(args) => list(args.json, context),
        AssetsCommand::Fetch { names } => fetch(&names, context),
        AssetsCommand::Verify => verify(context),
        AssetsCommand::Export { folder, names } => export(&folder, &names, context),
        AssetsCommand::Import { files } => import(&files, context),
    }
}

fn chosen(names: &[String]) -> Result<Vec<&'static Asset>, AssetError> {
    match names {
        [] => Ok(manifest().iter().collect()),
        names => names.iter().map(|name| find(name)).collect(),
    }
}

fn list(as_json: bool, context: &Context) -> Result<ExitCode, EvalrunError> {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["asset", "what", "size", "here", "terms"]);
    let mut entries = Vec::new();
    for asset in manifest() {
        let located = context.store.locate(asset, &context.display)?;
        let path = located.as_ref().map(|located| located.path().display().to_string());
        let here = if path.is_some() { "yes" } else { "no" };
        let size = indicatif::HumanBytes(asset.n_bytes).to_string();
        table.add_row([&asset.name, &asset.title, &size, here, &asset.terms]);
        entries.push(json!({ "asset": asset, "path": path }));
    }
    if as_json {
        print::json(&entries)?;
    } else {
        print::result(&format!(
            "{table}\nEach asset comes under its own terms, listed above; evalrun fetches it for you and grants no rights in it.\n"
        ))?;
    }
    Ok(ExitCode::Ok)
}

/// Fetches all that can be had before complaining about the rest.
fn fetch(names: &[String], context: &Context) -> Result<ExitCode, EvalrunError> {
    let mut failed = None;
    for asset in chosen(names)? {
        match context.store.fetch(asset, &context.display) {
            Ok(located) => {
                print::result(&format!("{} {}\n", asset.name, located.path().display()))?;
            }
            Err(err @ AssetError::Unreachable { .. }) => {
                context.display.note(&format!("error: {err}"));
                failed = Some(err);
            }
            Err(err) => return Err(err.into()),
        }
    }
    Ok(failed.map_or(ExitCode::Ok, |_| ExitCode::Asset))
}

fn verify(context: &Context) -> Result<ExitCode, EvalrunError> {
    let mut code = ExitCode::Ok;
    for asset in manifest() {
        let state = match context.store.verify(asset)? {
            Some(true) => "ok",
            Some(false) => {
                code = ExitCode::Asset;
                "DAMAGED: `evalrun assets fetch` replaces it"
            }
            None => "not here",
        };
        print::result(&format!("{} {state}\n", asset.name))?;
    }
    Ok(code)
}

fn export(folder: &Path, names: &[String], context: &Context) -> Result<ExitCode, EvalrunError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |err: std::io::Error| EvalrunError::Output { path, reason: err.to_string() }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    for asset in chosen(names)? {
        let located = if names.is_empty() {
            context.store.locate(asset, &context.display)?
        } else {
            Some(context.store.fetch(asset, &context.display)?)
        };
        if let Some(located) = located {
            let target = folder.join(format!("{}-{}", asset.name, &asset.sha256[..12]));
            std::fs::copy(located.path(), &target).map_err(failed(&target))?;
            print::result(&format!("{} {}\n", asset.name, target.display()))?;
        }
    }
    context.display.chat("point EVALRUN_ASSETS at the folder, or `evalrun assets import` it");
    Ok(ExitCode::Ok)
}

fn import(files: &[PathBuf], context: &Context) -> Result<ExitCode, EvalrunError> {
    for path in files {
        if !path.is_dir() {
            let asset = context.store.import(path)?;
            print::result(&format!("{} {}\n", asset.name, path.display()))?;
            continue;
        }
        let entries = std::fs::read_dir(path)
            .map_err(|err| EvalrunError::Input { path: path.clone(), reason: err.to_string() })?;
        // A folder may hold other files besides; a file that is named must be an asset.
        for file in
            entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_file())
        {
            match context.store.import(&file) {
                Ok(asset) => print::result(&format!("{} {}\n", asset.name, file.display()))?,
                Err(AssetError::Foreign { .. }) => {
                    context.display.note(&format!("{} is no known asset: skipped", file.display()));
                }
                Err(err) => return Err(err.into()),
            }
        }
    }
    Ok(ExitCode::Ok)
}
