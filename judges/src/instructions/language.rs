//! What differs between the two languages.

/// The language of a benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// `IFEval`.
    English,
    /// ruIFEval.
    Russian,
}

impl Language {
    /// The code that the language detector gives for it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
        }
    }

    /// The answers of which a constrained response has to contain one.
    pub(crate) fn constrained_answers(self) -> [&'static str; 3] {
        match self {
            Self::English => ["My answer is yes.", "My answer is no.", "My answer is maybe."],
            Self::Russian => ["Мой ответ — да", "Мой ответ — нет", "Мой ответ — возможно"],
        }
    }

    /// The pattern of a section's heading.
    pub(crate) fn section_heading(self, spliter: &str) -> String {
        match self {
            Self::English => format!(r"\s?{spliter}\s?\d+\s?"),
            Self::Russian => format!(" ?{spliter} ?(?:[0-9]|[a-zA-Z])"),
        }
    }
}

/// The languages that an instruction may ask for (`LANGUAGE_CODES` in `instructions_util.py`).
pub(crate) const RESPONSE_LANGUAGES: [&str; 30] = [
    "en", "es", "pt", "ar", "hi", "fr", "ru", "de", "ja", "it", "bn", "uk", "th", "ur", "ta", "te",
    "bg", "ko", "pl", "he", "fa", "vi", "ne", "sw", "kn", "mr", "gu", "pa", "ml", "fi",
];
