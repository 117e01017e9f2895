//! Character classes of Python's `re` for use in patterns of the `regex` crate.

/// `\s`, for use inside brackets (`CPython` 3.11, `str.isspace`).
pub(super) const SPACE: &str = r"\s\x1c-\x1f";

/// `\w`, for use inside brackets: `str.isalnum` and the underscore. The `regex` crate's own class
/// takes in combining marks.
pub(super) const WORD: &str = r"\p{L}\p{N}_";

/// What `[A-Za-z]` matches under `re.IGNORECASE`, for use inside brackets: the dotted capital I, the
/// dotless i, the long s and the sign of the kelvin too.
pub(super) const ANY_LETTER: &str = r"A-Za-z\u{130}\u{131}\u{17f}\u{212a}";
