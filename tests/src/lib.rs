//! What the end-to-end tests share: a fake server, and a folder in which evalrun runs.
//!
//! Invariant: nothing here reaches the network beyond the loopback interface.

pub mod fake_server;
mod workplace;

/// Hex SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    tasks::hex(&sha2::Sha256::digest(bytes))
}

pub use workplace::{Finished, Workplace};
