//! The manifest: name, hash, size, terms and sources of every asset.

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::AssetError;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// The name used by tasks and commands.
    pub name: String,
    /// What it is.
    pub title: String,
    /// Its version, as its publisher counts them.
    pub version: String,
    /// Hex SHA-256.
    pub sha256: String,
    /// Size in bytes.
    pub n_bytes: u64,
    /// The terms it comes under.
    pub terms: String,
    /// Where to fetch it, in order.
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
}

/// A place an asset can be fetched from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// A file on the web.
    Https {
        /// Its address, pinned to a commit or revision.
        url: String,
    },
    /// A member of a wheel, fetched by the `pip` client.
    Pypi {
        /// The package.
        package: String,
        /// Its exact version.
        version: String,
        /// The path inside the wheel; without one, the wheel itself.
        member: Option<String>,
    },
    /// A file cut into pieces, each a member of its own wheel.
    PypiParts {
        /// The exact version of every package.
        version: String,
        /// The pieces, first to last.
        part: Vec<WheelMember>,
    },
}

/// A file inside a wheel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WheelMember {
    /// The package.
    pub package: String,
    /// The path inside the wheel.
    pub member: String,
}

impl Source {
    /// The place in a few words: a host, or a package.
    pub fn origin(&self) -> String {
        match self {
            Self::Https { url } => url.split('/').nth(2).unwrap_or(url).to_owned(),
            Self::Pypi { package, version, .. } => format!("the pip package {package} {version}"),
            Self::PypiParts { version, part } => {
                let packages: Vec<&str> = part.iter().map(|part| part.package.as_str()).collect();
                format!("the pip packages {} {version}", packages.join(", "))
            }
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Https { url } => f.write_str(url),
            Self::Pypi { package, version, member: Some(member) } => {
                write!(f, "pip package {package}=={version}, {member}")
            }
            Self::Pypi { package, version, member: None } => {
                write!(f, "pip package {package}=={version}")
            }
            Self::PypiParts { version, part } => {
                let parts: Vec<String> = part
                    .iter()
                    .map(|part| format!("{}=={version}, {}", part.package, part.member))
                    .collect();
                write!(f, "pip packages {}", parts.join(" + "))
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    asset: Vec<Asset>,
}

static MANIFEST: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let text = include_str!("../../assets/manifest.toml");
    toml::from_str::<Manifest>(text).expect("the built-in manifest is valid").asset
});

/// Every asset.
pub fn manifest() -> &'static [Asset] {
    &MANIFEST
}

/// The asset with this name.
pub fn find(name: &str) -> Result<&'static Asset, AssetError> {
    manifest().iter().find(|asset| asset.name == name).ok_or_else(|| AssetError::Unknown {
        name: name.to_owned(),
        nearest: tasks::error::nearest(name, manifest().iter().map(|asset| asset.name.as_str())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_manifest_is_well_formed() {
        let names: BTreeSet<_> = manifest().iter().map(|asset| &asset.name).collect();
        assert_eq!(names.len(), manifest().len());
        for asset in manifest() {
            let is_hex = asset.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            assert!(asset.sha256.len() == 64 && is_hex, "{}", asset.name);
            assert!(!asset.sources.is_empty() && !asset.terms.is_empty(), "{}", asset.name);
        }
    }

    #[test]
    fn every_asset_a_built_in_task_names_exists() {
        for task in tasks::suite::all().expect("valid task files") {
            for source in &task.dataset.sources {
                if let tasks::RowSourceLocation::Asset(name) = &source.location {
                    find(name).unwrap_or_else(|err| panic!("{}: {err}", task.name));
                }
            }
        }
    }
}
