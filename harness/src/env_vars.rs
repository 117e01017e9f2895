//! Every environment variable evalrun reads, in one place.

use std::ffi::OsString;
use std::path::PathBuf;

/// The folder for assets and caches.
const HOME: &str = "EVALRUN_HOME";

/// Folders searched for assets by hash, separated as in `PATH`.
const ASSETS: &str = "EVALRUN_ASSETS";

/// The file to which a step of GitHub Actions appends its summary.
const GITHUB_STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// The default variable that holds an endpoint's API key.
pub(crate) const DEFAULT_API_KEY: &str = "OPENAI_API_KEY";

/// The default variable that holds a search service's key, which is upstream's for BFCL.
pub(crate) const DEFAULT_SEARCH_KEY: &str = "SERPAPI_API_KEY";

/// The folder for assets: `EVALRUN_HOME`, else the platform's cache folder.
pub(crate) fn home() -> PathBuf {
    use etcetera::BaseStrategy;
    let configured = std::env::var_os(HOME).filter(|value| !value.is_empty()).map(PathBuf::from);
    configured.unwrap_or_else(|| {
        etcetera::choose_base_strategy().map_or_else(
            |_| PathBuf::from(".evalrun"),
            |strategy| strategy.cache_dir().join("evalrun"),
        )
    })
}

/// The folders of `EVALRUN_ASSETS`.
pub(crate) fn asset_folders() -> Vec<PathBuf> {
    let list: OsString = std::env::var_os(ASSETS).unwrap_or_default();
    std::env::split_paths(&list).filter(|folder| !folder.as_os_str().is_empty()).collect()
}

/// The file for the summary of a step of GitHub Actions.
pub(crate) fn github_step_summary() -> Option<PathBuf> {
    std::env::var_os(GITHUB_STEP_SUMMARY).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The hosts of the proxies that HTTP clients use.
pub(crate) fn proxy_hosts() -> Vec<String> {
    let names =
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let host = |name: &str| {
        let address = std::env::var(name).ok()?;
        let has_scheme = address.contains("://");
        let address = if has_scheme { address } else { format!("http://{address}") };
        reqwest::Url::parse(&address).ok()?.host_str().map(str::to_owned)
    };
    names.into_iter().filter_map(host).collect()
}

/// The value of the variable that holds an API key.
pub(crate) fn secret(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}
