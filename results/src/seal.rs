//! Sealed texts: what stands in a run file in the place of texts that must not be found in plain.
//!
//! The authors of GPQA ask that examples do not appear where crawlers collect training data, and
//! publish the password of their archive beside it. A seal is made in the same spirit: its key is
//! public, so it keeps nothing secret from people; it keeps plain text out of shared files.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};

use crate::Texts;

/// What a sealed text begins with; 1 is the version of the method.
const MARK: &str = "sealed:1:";

/// Anyone may know it.
const KEY_TEXT: &[u8] = b"evalrun sealed text v1";

/// The length of a nonce in bytes (`XChaCha20`, draft-irtf-cfrg-xchacha-03).
const NONCE_BYTES: usize = 24;

/// How the texts of one run file are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextForm(Texts);

impl TextForm {
    pub(crate) fn new(texts: Texts) -> Self {
        Self(texts)
    }

    /// The text as the file keeps it. Equal texts have equal seals, so that the file stays small and
    /// does not depend on chance: the nonce is a digest of the text.
    pub(crate) fn kept(self, text: &str) -> String {
        if self.0 != Texts::Sealed {
            return text.to_owned();
        }
        let digest = Sha256::digest(text.as_bytes());
        let nonce = &digest[..NONCE_BYTES];
        let sealed = cipher()
            .encrypt(&nonce_of(nonce), text.as_bytes())
            .expect("a text is shorter than the cipher's limit of 256 GB");
        format!("{MARK}{}", STANDARD_NO_PAD.encode([nonce, &sealed].concat()))
    }

    /// The text that the file keeps; `None` where a seal is broken.
    pub(crate) fn read(self, kept: String) -> Option<String> {
        if self.0 != Texts::Sealed {
            return Some(kept);
        }
        let bytes = STANDARD_NO_PAD.decode(kept.strip_prefix(MARK)?).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES)?;
        String::from_utf8(cipher().decrypt(&nonce_of(nonce), sealed).ok()?).ok()
    }
}

fn cipher() -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Sha256::digest(KEY_TEXT))
}

fn nonce_of(bytes: &[u8]) -> XNonce {
    XNonce::try_from(bytes).expect("it has the length of a nonce")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: Texts, text: &str, is_readable: bool) {
        let form = TextForm::new(texts);
        let kept = form.kept(text);
        assert_eq!(kept == text, is_readable, "{kept}");
        assert_eq!(form.read(kept).as_deref(), Some(text));
    }

    #[test]
    fn sealed_texts_are_unreadable_and_come_back() {
        for text in ["", "Which gas?", "Какой газ? 🌫", "sealed:1:AAAA"] {
            check(Texts::Sealed, text, false);
            check(Texts::Public, text, true);
            check(Texts::Kept, text, true);
        }
    }

    #[test]
    fn broken_seals_are_noticed() {
        let form = TextForm::new(Texts::Sealed);
        let sealed = form.kept("Which gas?");
        let (head, tail) = sealed.split_at(sealed.len() - 4);
        for broken in [
            format!("{head}AAAA"),
            format!("{head}{tail}!"),
            head.to_owned(),
            MARK.to_owned(),
            "Which gas?".to_owned(),
        ] {
            assert_eq!(form.read(broken), None);
        }
        // The method must read old files for ever.
        assert_eq!(form.kept("a"), form.kept("a"));
        assert_eq!(form.read(PINNED.to_owned()).as_deref(), Some("Which gas?"));
    }

    /// Made with libsodium (`PyNaCl`, `crypto_aead_xchacha20poly1305_ietf_encrypt`).
    const PINNED: &str =
        "sealed:1:Ovb/vli7n5Ay5T60y+pwHG4kovuIEXEXs7TjB9BrGglLZ9/c1MgfS1S664gXqs465ZE";
}
