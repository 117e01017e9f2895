//! An interpreter that has more modules than its own, imported before any program runs.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmtime::Module;

use super::cache::{Entry, key};
use super::load::{CompileProgress, PythonRuntime};
use super::{instance, rewrite};
use crate::error::SandboxError;

/// What is added to an interpreter.
#[derive(Debug, Clone)]
pub struct Extension<'a> {
    /// Files by absolute path, read-only; wheels work as they are.
    pub files: Vec<(String, Arc<[u8]>)>,
    /// Python source that runs once, with all of `files` there: it imports what programs need.
    pub prelude: &'a str,
}

impl PythonRuntime {
    /// This interpreter with an extension. The memory that the prelude leaves behind is kept in
    /// `cache_dir`, so that importing costs time only once.
    pub fn extended(
        &self,
        extension: &Extension<'_>,
        cache_dir: &Path,
        progress: &(dyn Fn(CompileProgress) + Sync),
    ) -> Result<Self, SandboxError> {
        let mut parts = vec![self.identity.as_bytes().to_vec(), extension.prelude.into()];
        let mut files = (*self.files).clone();
        for (path, bytes) in &extension.files {
            parts.push(path.as_bytes().to_vec());
            parts.push(Sha256::digest(bytes).to_vec());
            files = files.with(path, Arc::clone(bytes));
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let identity = key(&parts);
        let entry = Entry::new(cache_dir, "extended", &identity);
        let with_files = Self { files: Arc::new(files), identity, ..self.clone() };
        if let Some(mut file) = entry.open() {
            let mut image = Vec::new();
            let read = file.read_to_end(&mut image);
            read.map_err(|source| SandboxError::file(cache_dir, source))?;
            return with_files.with_image(&image);
        }
        progress(CompileProgress::Booting);
        let memory = instance::boot(&with_files, extension.prelude)?;
        let image = rewrite::image_of(&memory);
        entry.store(&image)?;
        with_files.with_image(&image)
    }

    fn with_image(self, image: &[u8]) -> Result<Self, SandboxError> {
        let image = Module::new(&self.engine, image).map_err(|e| SandboxError::engine(&e))?;
        Ok(Self { image, ..self })
    }
}
