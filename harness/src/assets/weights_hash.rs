//! The hash that identifies a model's weights, remembered so that large files are read once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::store::sha256_file;

/// Endings of a model folder's files that decide its completions.
const ENDINGS: [&str; 3] = ["safetensors", "json", "jinja"];

/// Hex SHA-256 of a model file; for a folder, of the names and hashes of its files. `cache` is a folder
/// for hashes of files that have not changed in place, size and time.
pub fn weights_sha256(model: &Path, cache: &Path) -> io::Result<String> {
    if !model.is_dir() {
        return cached_sha256(model, cache);
    }
    let mut files: Vec<PathBuf> = fs::read_dir(model)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| ENDINGS.iter().any(|ending| e == *ending)))
        .collect();
    files.sort();
    let mut lines = String::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        lines += &[&cached_sha256(&file, cache)?, " ", &name, "\n"].concat();
    }
    Ok(tasks::hex(&Sha256::digest(lines)))
}

fn cached_sha256(file: &Path, cache: &Path) -> io::Result<String> {
    let path = file.canonicalize()?;
    let metadata = path.metadata()?;
    let changed = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let key = format!("{}\0{}\0{}", path.display(), metadata.len(), changed.as_nanos());
    let entry = cache.join(tasks::hex(&Sha256::digest(key)));
    if let Ok(hash) = fs::read_to_string(&entry)
        && hash.len() == 64
    {
        return Ok(hash);
    }
    let hash = sha256_file(&path)?;
    // A cache that cannot be written costs time, not correctness.
    let written = fs::create_dir_all(cache).and_then(|()| {
        let mut partial = tempfile::NamedTempFile::new_in(cache)?;
        io::Write::write_all(&mut partial, hash.as_bytes())?;
        partial.persist(&entry).map(drop).map_err(io::Error::from)
    });
    drop(written);
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_follow_the_content() {
        let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let check = |expected: &str| {
            for _ in 0..2 {
                assert_eq!(weights_sha256(folder.path(), cache.path()).unwrap(), expected);
            }
        };
        let hash = |text: &str| tasks::hex(&Sha256::digest(text));
        check(&hash(""));
        fs::write(folder.path().join("model.safetensors"), "abc").unwrap();
        fs::write(folder.path().join("README.md"), "words").unwrap();
        let first = hash(&format!("{} model.safetensors\n", hash("abc")));
        check(&first);
        fs::write(folder.path().join("model.safetensors"), "abcd").unwrap();
        check(&hash(&format!("{} model.safetensors\n", hash("abcd"))));
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 2);
    }
}
