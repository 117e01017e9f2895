//! Models on the Hugging Face Hub, fetched into its own cache folder (`HF_HOME`) so that other tools'
//! downloads are found and ours serve them. What is there is used without asking the Hub again.

use std::path::{Path, PathBuf};

use hf_hub::api::Progress;
use hf_hub::api::sync::{ApiBuilder, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};

use crate::display::{Display, Transfer};

/// Files of a model folder besides its weights.
const SMALL_FILES: [&str; 10] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "model.safetensors.index.json",
    "rwkv_vocab_v20230424.txt",
];

/// A model named `hf:org/name[@revision][:file.gguf]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubModel {
    repo: String,
    revision: String,
    file: Option<String>,
}

impl HubModel {
    /// Reads what follows `hf:`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (text, file) = match text.split_once(':') {
            Some((text, file)) => (text, Some(file.to_owned())),
            None => (text, None),
        };
        let (repo, revision) = text.split_once('@').unwrap_or((text, "main"));
        let is_name = |part: &str| {
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !part.is_empty() && part.chars().all(is_allowed) && !part.starts_with('.')
        };
        let is_repo = repo.split('/').count() == 2 && repo.split('/').all(is_name);
        let is_file = file.as_ref().is_none_or(|file| {
            file.to_ascii_lowercase().ends_with(".gguf") && !file.contains("..")
        });
        if !is_repo || revision.is_empty() || !is_file {
            return Err(
                "write hf:org/name, hf:org/name@revision or hf:org/name:file.gguf".to_owned()
            );
        }
        Ok(Self { repo: repo.to_owned(), revision: revision.to_owned(), file })
    }

    /// How tables call the model.
    pub fn name(&self) -> String {
        let file = self.file.as_ref().map_or_else(String::new, |file| format!(":{file}"));
        let revision = if self.revision == "main" { "" } else { &self.revision };
        let at = if revision.is_empty() { "" } else { "@" };
        format!("{}{at}{revision}{file}", self.repo)
    }

    /// Fetches what is missing and returns the model's folder, or its GGUF file, and its commit.
    pub fn fetch(&self, display: &Display) -> Result<(PathBuf, String), String> {
        let api = ApiBuilder::from_env().with_progress(false).build();
        let repo = |revision: &str| {
            Repo::with_revision(self.repo.clone(), RepoType::Model, revision.to_owned())
        };
        let api = api.map_err(|err| err.to_string())?;
        let info = match api.repo(repo(&self.revision)).info() {
            Ok(info) => info,
            Err(err) => {
                let cached = self.cached(&Cache::from_env());
                return cached.ok_or_else(|| format!("the Hub cannot be asked for it: {err}"));
            }
        };
        // All files come from one commit, whatever happens to the branch meanwhile.
        let pinned = api.repo(repo(&info.sha));
        let listed: Vec<String> = info.siblings.into_iter().map(|file| file.rfilename).collect();
        let mut path = PathBuf::new();
        for file in self.wanted(&listed)? {
            path = fetch_file((&pinned, repo(&info.sha)), &file, display)?;
        }
        let path = if is_gguf(&path) { path } else { parent(&path) };
        Ok((path, info.sha))
    }

    /// What an earlier fetch left, for when the Hub cannot be reached.
    fn cached(&self, cache: &Cache) -> Option<(PathBuf, String)> {
        let repo = Repo::with_revision(self.repo.clone(), RepoType::Model, self.revision.clone());
        let main = self.file.as_deref().unwrap_or("config.json");
        let path = cache.repo(repo).get(main)?;
        let folder = path.parent()?.to_owned();
        let commit = folder.file_name()?.to_string_lossy().into_owned();
        Some((if self.file.is_some() { path } else { folder }, commit))
    }

    /// The files to fetch: the named one; the weights with what belongs to them; or the only GGUF file.
    fn wanted(&self, listed: &[String]) -> Result<Vec<String>, String> {
        if let Some(file) = &self.file {
            if listed.contains(file) {
                return Ok(vec![file.clone()]);
            }
            return Err(format!("it has no file {file}, but {}", joined(&gguf(listed))));
        }
        let is_weight = |file: &&String| file.ends_with(".safetensors") && !file.contains('/');
        // Some repositories hold a second copy in their maker's own layout.
        let weights = listed.iter().filter(is_weight).filter(|f| !f.starts_with("consolidated"));
        let weights: Vec<String> = weights.cloned().collect();
        if !weights.is_empty() {
            let small = listed.iter().filter(|file| SMALL_FILES.contains(&file.as_str()));
            return Ok(small.cloned().chain(weights).collect());
        }
        match gguf(listed).as_slice() {
            [only] => Ok(vec![(*only).clone()]),
            [] => Err("it has neither safetensors nor GGUF files".to_owned()),
            many => Err(format!(
                "it has several GGUF files, name one as hf:{}:FILE: {}",
                self.repo,
                joined(many)
            )),
        }
    }
}

fn is_gguf(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
}

fn gguf(listed: &[String]) -> Vec<&String> {
    listed.iter().filter(|file| file.to_ascii_lowercase().ends_with(".gguf")).collect()
}

fn joined(files: &[&String]) -> String {
    files.iter().map(|file| file.as_str()).collect::<Vec<_>>().join(", ")
}

fn parent(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
}

fn fetch_file(
    (repo, pinned): (&ApiRepo, Repo),
    file: &str,
    display: &Display,
) -> Result<PathBuf, String> {
    if let Some(path) = Cache::from_env().repo(pinned).get(file) {
        return Ok(path);
    }
    let progress = Bar { display, transfer: None };
    repo.download_with_progress(file, progress).map_err(|err| format!("{file}: {err}"))
}

/// A download shown as other assets are.
struct Bar<'a> {
    display: &'a Display,
    transfer: Option<Transfer>,
}

impl Progress for Bar<'_> {
    fn init(&mut self, size: usize, filename: &str) {
        self.transfer = Some(self.display.transfer(filename, size as u64, "the Hugging Face Hub"));
    }

    fn update(&mut self, size: usize) {
        if let Some(transfer) = &self.transfer {
            transfer.advance(size as u64);
        }
    }

    fn finish(&mut self) {
        if let Some(transfer) = self.transfer.take() {
            transfer.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, &str, Option<&str>)>) {
        let parsed = HubModel::parse(text).ok();
        let found =
            parsed.as_ref().map(|m| (m.repo.as_str(), m.revision.as_str(), m.file.as_deref()));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn names_are_read() {
        check("Qwen/Qwen3-0.6B", Some(("Qwen/Qwen3-0.6B", "main", None)));
        check("a/b@v1.0", Some(("a/b", "v1.0", None)));
        check("a/b@1234:x/m.Q4_0.gguf", Some(("a/b", "1234", Some("x/m.Q4_0.gguf"))));
        for odd in
            ["", "a", "a/b/c", "a/../b", "../b", "a/b@", "a/b:x.bin", "a/b:../x.gguf", "a /b"]
        {
            check(odd, None);
        }
    }

    #[test]
    fn the_right_files_are_wanted() {
        let check = |model: &str, listed: &[&str], expected: Result<&[&str], &str>| {
            let listed: Vec<String> = listed.iter().map(|file| (*file).to_owned()).collect();
            let wanted = HubModel::parse(model).expect("a name").wanted(&listed);
            match (wanted, expected) {
                (Ok(wanted), Ok(expected)) => assert_eq!(wanted, expected),
                (Err(reason), Err(part)) => assert!(reason.contains(part), "{reason}"),
                (found, _) => panic!("{model}: {found:?}"),
            }
        };
        let folder = [
            "README.md",
            "config.json",
            "consolidated.safetensors",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
            "original/model.safetensors",
            "tokenizer.json",
        ];
        check("a/b", &folder, Ok(&[folder[1], folder[5], folder[7], folder[3], folder[4]]));
        check("a/b", &["x.gguf", "README.md"], Ok(&["x.gguf"]));
        check("a/b", &["x.gguf", "y.gguf"], Err("x.gguf, y.gguf"));
        check("a/b:y.gguf", &["x.gguf", "y.gguf"], Ok(&["y.gguf"]));
        check("a/b:z.gguf", &["x.gguf"], Err("no file z.gguf"));
        check("a/b", &["pytorch_model.bin"], Err("neither"));
    }
}
