//! Files made once per machine. A file's name carries the hash of its content, so one that is
//! damaged, cut short or replaced is noticed before it is used.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest, Sha256};

use crate::error::SandboxError;

/// Files stored by this process, so that each of its threads writes to one of its own.
static N_STORED: AtomicUsize = AtomicUsize::new(0);

/// A SHA-256 sum in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The hash of everything that decides what a cached file holds.
pub fn key(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())[..32].to_owned()
}

/// A cached file by kind and key.
#[derive(Debug, Clone)]
pub struct Entry {
    folder: PathBuf,
    prefix: String,
}

impl Entry {
    pub fn new(folder: &Path, kind: &str, key: &str) -> Self {
        Self { folder: folder.to_owned(), prefix: format!("{kind}-{key}-") }
    }

    /// The file, open at its start, if one is there whose content is what its name says.
    pub fn open(&self) -> Option<File> {
        let mut candidates = fs::read_dir(&self.folder).ok()?.flatten();
        candidates.find_map(|entry| self.verified(&entry.path()))
    }

    fn verified(&self, path: &Path) -> Option<File> {
        let expected = path.file_name()?.to_str()?.strip_prefix(&self.prefix)?;
        let mut file = File::open(path).ok()?;
        let found = hash_of(&mut file).ok()?;
        if found != expected {
            // Whoever else is reading it has found the same; another copy is on its way.
            drop(fs::remove_file(path));
            return None;
        }
        file.rewind().ok()?;
        Some(file)
    }

    /// Stores `bytes` under a temporary name and renames it, so that no reader sees half a file.
    pub fn store(&self, bytes: &[u8]) -> Result<(), SandboxError> {
        let fail = |source| SandboxError::file(&self.folder, source);
        fs::create_dir_all(&self.folder).map_err(fail)?;
        let name = format!("{}{}", self.prefix, hex(&Sha256::digest(bytes)));
        let n_stored = N_STORED.fetch_add(1, Ordering::Relaxed);
        let temporary = self.folder.join(format!(".{name}.{}.{n_stored}", std::process::id()));
        let written = File::create(&temporary).and_then(|mut file| file.write_all(bytes));
        let renamed = written.and_then(|()| fs::rename(&temporary, self.folder.join(name)));
        renamed.map_err(|source| {
            drop(fs::remove_file(&temporary));
            fail(source)
        })
    }
}

fn hash_of(file: &mut File) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(hex(&hash.finalize())),
            n_bytes => hash.update(&block[..n_bytes]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_stored_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let entry = Entry::new(folder.path(), "code", "0123");
        assert!(entry.open().is_none());
        entry.store(b"machine code").unwrap();
        let mut found = String::new();
        entry.open().unwrap().read_to_string(&mut found).unwrap();
        assert_eq!(found, "machine code");
        assert!(Entry::new(folder.path(), "code", "4567").open().is_none());

        let path = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        fs::write(&path, b"machine c0de").unwrap();
        assert!(entry.open().is_none(), "a changed file is not trusted");
        assert!(!path.exists(), "and does not stay");
    }

    #[test]
    fn threads_that_store_the_same_do_not_meet() {
        let folder = tempfile::tempdir().unwrap();
        let entry = Entry::new(folder.path(), "image", "0123");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..200).for_each(|_| entry.store(&[7; 4096]).unwrap()));
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
