//! White space as Python's `str.strip` sees it.

/// Whether `str.isspace` holds: Unicode's white space and the four separators of ASCII.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// Whether `str.strip` leaves nothing.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(is_space)
}

/// The text without the white space around it.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}
