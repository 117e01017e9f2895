//! The letters of four options.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The letter under which an option is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "a letter has no meaning beyond its place")]
pub enum Letter {
    A,
    B,
    C,
    D,
}

impl Letter {
    /// All letters in the order of display.
    pub const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];

    /// The place of the option, counted from 0.
    pub fn idx(self) -> usize {
        self as usize
    }

    /// The letter as it is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
        }
    }

    /// The letter with this exact name; case matters, as it does to upstream scorers.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|letter| letter.name() == name)
    }
}

impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
