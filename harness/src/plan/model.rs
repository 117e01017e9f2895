//! The model of a run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tasks::Backend;

use crate::assets::{self, Asset, AssetStore, HubModel};
use crate::backend::embedded::{Dtype, EmbeddedBackend, EmbeddedSettings};
use crate::backend::remote::{
    self, Dialect, Endpoint, Profile, RemoteBackend, Replica, TrafficSettings,
};
use crate::display::Display;
use crate::error::EvalrunError;

/// Models that can be named: each is an asset of the same name.
pub(crate) const MODELS: [&str; 2] = ["smollm2-135m-instruct", "gemma3-270m"];

/// What answers the requests.
#[derive(Debug, Clone)]
pub(crate) enum ModelChoice {
    /// A named model, fetched as an asset.
    Named(&'static Asset),
    /// A GGUF file, or a folder with `config.json` and safetensors files.
    Local(PathBuf),
    /// A model on the Hugging Face Hub.
    Hub(HubModel),
    /// A remote endpoint; without a model name the server's only model is used.
    Remote {
        /// Where; its `model` is empty until it is known.
        endpoint: Endpoint,
        /// How it is asked.
        remote: Box<RemoteChoice>,
    },
}

/// How servers are asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct RemoteChoice {
    /// The servers; none for the endpoint alone.
    pub(crate) replicas: Vec<Replica>,
    /// Whether the dialect's profile is the user's word, or is still to be found out.
    pub(crate) is_profile_given: bool,
    /// Whether the server is asked what it does not take.
    pub(crate) wants_probe: bool,
    /// How requests are written.
    pub(crate) dialect: Dialect,
    /// How requests reach the servers.
    pub(crate) traffic: TrafficSettings,
}

impl ModelChoice {
    /// How an embedded model uses the machine where nobody says: as `evalrun run` does.
    pub(crate) const DEFAULT_SETTINGS: EmbeddedSettings = EmbeddedSettings {
        n_threads: None,
        batch: 32,
        kv_bytes: 4_096_000_000,
        dtype: Dtype::Stored,
    };

    /// Reads `--model` for the embedded backend.
    pub(crate) fn embedded(model: Option<&str>) -> Result<Self, EvalrunError> {
        let name = model.unwrap_or(MODELS[0]);
        if let Some(known) = MODELS.iter().find(|known| **known == name) {
            return Ok(Self::Named(assets::find(known)?));
        }
        if let Some(model) = name.strip_prefix("hf:") {
            let refuse = |reason| EvalrunError::Model { model: name.to_owned(), reason };
            return HubModel::parse(model).map(Self::Hub).map_err(refuse);
        }
        let path = PathBuf::from(name);
        if path.is_file() || path.join("config.json").is_file() {
            return Ok(Self::Local(path));
        }
        let nearest = tasks::error::nearest(name, MODELS)
            .map_or_else(String::new, |m| format!("; did you mean `{m}`?"));
        Err(EvalrunError::Model {
            model: name.to_owned(),
            reason: format!(
                "it is neither a known model ({}) nor a GGUF file or a folder with config.json{nearest}; for a model on the Hugging Face Hub write hf:org/name, for one behind a server give --base-url as well",
                MODELS.join(", ")
            ),
        })
    }
}

/// Loads or connects the model.
pub(crate) fn open(
    choice: &ModelChoice,
    settings: EmbeddedSettings,
    (store, display): (&AssetStore, &Display),
    runtime: &tokio::runtime::Runtime,
) -> Result<Arc<dyn Backend>, EvalrunError> {
    match choice {
        ModelChoice::Named(asset) => {
            let located = store.fetch(asset, display)?;
            load((&asset.name, &asset.sha256), located.path(), settings)
        }
        ModelChoice::Local(path) => {
            let path = path.canonicalize().unwrap_or_else(|_| path.clone());
            let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
            let name = name.map_or_else(
                || path.display().to_string(),
                |name| name.to_string_lossy().into_owned(),
            );
            load((&name, &hash(&path, store)?), &path, settings)
        }
        ModelChoice::Hub(model) => {
            let refuse = |reason| EvalrunError::Model { model: model.name(), reason };
            let (path, commit) = model.fetch(display).map_err(refuse)?;
            display.note(&format!("{} is at commit {commit}", model.name()));
            load((&model.name(), &hash(&path, store)?), &path, settings)
        }
        ModelChoice::Remote { endpoint, remote } => {
            connect(endpoint.clone(), remote, display, runtime)
        }
    }
}

fn hash(path: &Path, store: &AssetStore) -> Result<String, EvalrunError> {
    assets::weights_sha256(path, &store.hashes())
        .map_err(|err| EvalrunError::Input { path: path.to_owned(), reason: err.to_string() })
}

fn load(
    (name, sha256): (&str, &str),
    path: &Path,
    settings: EmbeddedSettings,
) -> Result<Arc<dyn Backend>, EvalrunError> {
    let backend = EmbeddedBackend::load((name, sha256), path, settings);
    let backend = backend
        .map_err(|err| EvalrunError::Model { model: name.to_owned(), reason: err.to_string() })?;
    Ok(Arc::new(backend))
}

/// Finds out what is left open about the servers, model name and kind, and prepares to ask them.
fn connect(
    mut endpoint: Endpoint,
    remote: &RemoteChoice,
    display: &Display,
    runtime: &tokio::runtime::Runtime,
) -> Result<Arc<dyn Backend>, EvalrunError> {
    let url = remote::without_credentials(&endpoint.base_url);
    let fail = |reason: String| EvalrunError::Model { model: format!("at {url}"), reason };
    let mut dialect = remote.dialect.clone();
    if endpoint.model.is_empty() || !remote.is_profile_given {
        let urls: Vec<&str> = match remote.replicas.as_slice() {
            [] => vec![&endpoint.base_url],
            replicas => replicas.iter().map(|replica| replica.base_url.as_str()).collect(),
        };
        let is_named = !endpoint.model.is_empty();
        let patience = if is_named { Duration::ZERO } else { remote.traffic.patience };
        let note = |text: &str| display.note(text);
        let how = (remote.traffic.http2, patience);
        let offered = remote::offered(&urls, endpoint.api_key.as_ref(), how, note);
        let offered = match runtime.block_on(offered) {
            // A server need not have a list, unless the model's name is to come from it, and one that
            // is not there yet may come while the run waits for it.
            Err(_) if is_named => Vec::new(),
            other => other.map_err(|err| fail(err.to_string()))?,
        };
        if !remote.is_profile_given {
            dialect.profile = Profile::of(&endpoint.base_url, &offered);
        }
        if endpoint.model.is_empty() {
            let names: Vec<String> = offered.into_iter().map(|model| model.id).collect();
            endpoint.model = only(&names).map_err(fail)?;
        }
    }
    let mut backend =
        RemoteBackend::with(endpoint, &remote.replicas, dialect, &remote.traffic).map_err(fail)?;
    if remote.wants_probe {
        let changes = runtime.block_on(backend.probe()).map_err(|err| fail(err.to_string()))?;
        for change in changes {
            display.note(&format!("{url} does not take {change}"));
        }
    }
    runtime.block_on(backend.probe_choices());
    Ok(Arc::new(backend))
}

fn only(names: &[String]) -> Result<String, String> {
    match names {
        [only] => Ok(only.clone()),
        [] => Err("the server lists no model; name one with --model".to_owned()),
        many => Err(format!("name one with --model: {}", many.join(", "))),
    }
}
