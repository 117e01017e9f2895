//! What one checker finds.

/// Whether a response follows an instruction and, if not, what was counted and what was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    Followed,
    Missed(String),
}

impl Finding {
    /// Followed, or missed for a reason that is only worded then.
    pub(crate) fn of(is_followed: bool, reason: impl FnOnce() -> String) -> Self {
        if is_followed { Self::Followed } else { Self::Missed(reason()) }
    }

    pub(crate) fn is_followed(&self) -> bool {
        *self == Self::Followed
    }
}
