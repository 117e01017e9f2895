//! The files a guest sees: a few, in memory, none writable. No host path is ever opened for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A read-only tree of files held in memory.
#[derive(Debug, Clone, Default)]
pub struct Files {
    contents: BTreeMap<String, Arc<[u8]>>,
    folders: BTreeMap<String, BTreeSet<String>>,
}

/// What a path names.
#[derive(Debug, Clone)]
pub enum Node {
    /// A folder, by its absolute path.
    Folder(String),
    /// A file's bytes.
    File(Arc<[u8]>),
}

impl Files {
    /// Adds a file at an absolute path, with the folders above it.
    #[must_use]
    pub fn with(mut self, path: &str, bytes: Arc<[u8]>) -> Self {
        let mut folder = String::new();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            self.folders.entry(folder.clone()).or_default().insert(name.to_owned());
            folder = format!("{folder}/{name}");
        }
        self.contents.insert(folder, bytes);
        self
    }

    /// The node at `path`, seen from the folder `from`; `None` when there is none.
    ///
    /// `..` above the root stays at the root, as in any POSIX tree.
    pub fn find(&self, from: &str, path: &str) -> Option<Node> {
        let mut parts: Vec<&str> = Vec::new();
        let whole = if path.starts_with('/') { path.to_owned() } else { format!("{from}/{path}") };
        for name in whole.split('/') {
            match name {
                "" | "." => {}
                ".." => drop(parts.pop()),
                name => parts.push(name),
            }
        }
        let path = parts.iter().fold(String::new(), |path, name| format!("{path}/{name}"));
        if let Some(bytes) = self.contents.get(&path) {
            return Some(Node::File(bytes.clone()));
        }
        (path.is_empty() || self.folders.contains_key(&path)).then_some(Node::Folder(path))
    }

    /// The names in a folder, sorted.
    pub fn names(&self, folder: &str) -> impl Iterator<Item = &str> {
        self.folders.get(folder).into_iter().flatten().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_the_tree() {
        let files = Files::default().with("/usr/lib/a.zip", Arc::from(&b"zip"[..]));
        let check = |from: &str, path: &str, expected: &str| {
            let found = match files.find(from, path) {
                None => "none".to_owned(),
                Some(Node::File(bytes)) => format!("{} bytes", bytes.len()),
                Some(Node::Folder(path)) => format!("folder {path}"),
            };
            assert_eq!(found, expected, "{from} {path}");
        };
        check("", "usr/lib/a.zip", "3 bytes");
        check("/usr", "lib/a.zip", "3 bytes");
        check("", "../../usr/./lib//a.zip", "3 bytes");
        check("/usr", "/usr/lib", "folder /usr/lib");
        check("", "..", "folder ");
        check("", "../etc/passwd", "none");
        check("/usr/lib", "a.zip/b", "none");
    }
}
