//! What is taken out of a text before its n-grams are counted.
//!
//! Source: langdetect 1.0.9, `Detector.append` and `Detector.cleaning_text`.

use std::borrow::Cow;

use ::langdetect::text::{clean, prepare, truncate};

/// Only the start of a text is looked at.
const MOST_CHARS: i64 = 10_000;
/// The longest address of a page, after its `://`.
const MOST_PAGE_BYTES: usize = 2076;
/// The longest user name, and the longest part of a host name, of a mail address.
const MOST_USER_BYTES: usize = 64;
const MOST_HOST_BYTES: usize = 255;

/// The text that n-grams are taken from: without addresses, Vietnamese composed, at most 10,000
/// characters, one space for several, and without Latin letters where others prevail.
pub(super) fn prepared(text: &str) -> String {
    let text = without_mail_addresses(without_page_addresses(Cow::Borrowed(text)));
    // Composing concerns rows of a few languages only, and is left to the crate.
    let is_combining = |c: char| ('\u{300}'..'\u{370}').contains(&c);
    let text = if !text.is_ascii() && text.contains(is_combining) {
        prepare(&text, MOST_CHARS)
    } else {
        truncate(&text, MOST_CHARS)
    };
    clean(&text).unwrap_or(text)
}

/// A space for each `https?://[-_.?&~;+=/#0-9A-Za-z]{1,2076}`.
fn without_page_addresses(text: Cow<'_, str>) -> Cow<'_, str> {
    let after_http = |rest: &str| {
        let rest = rest.strip_prefix('s').unwrap_or(rest);
        rest.strip_prefix("://").map(str::len)
    };
    let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.?&~;+=/#".contains(&byte);
    let mut shortened = String::new();
    let (mut copied, mut from) = (0, 0);
    while let Some(start) = text[from..].find("http").map(|offset| from + offset) {
        from = start + "http".len();
        let Some(n_left) = after_http(&text[from..]) else { continue };
        let start_inside = text.len() - n_left;
        let n_inside = run(&text[start_inside..], MOST_PAGE_BYTES, is_inside);
        if n_inside > 0 {
            shortened.extend([&text[copied..start], " "]);
            from = start_inside + n_inside;
            copied = from;
        }
    }
    finished(text, shortened, copied)
}

/// A space for each `[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}`.
fn without_mail_addresses(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_user = |byte: u8| is_host(byte) || byte == b'.';
    let mut shortened = String::new();
    let mut copied = 0;
    for (at, _) in text.match_indices('@') {
        let before = text.as_bytes()[copied.min(at)..at].iter().rev();
        let n_user = before.take(MOST_USER_BYTES).take_while(|byte| is_user(**byte)).count();
        let host = &text[at + 1..];
        let n_host = run(host, MOST_HOST_BYTES, is_host);
        let n_end = run(&host[n_host..], MOST_HOST_BYTES, is_user);
        // Where nothing follows the host's first part, that gives its last character away.
        if at < copied || n_user == 0 || n_host == 0 || n_host + n_end < 2 {
            continue;
        }
        shortened.extend([&text[copied..at - n_user], " "]);
        copied = at + 1 + n_host + n_end;
    }
    finished(text, shortened, copied)
}

/// The number of bytes at the start, up to `most`, for which `is_inside` holds.
fn run(text: &str, most: usize, is_inside: impl Fn(u8) -> bool) -> usize {
    text.bytes().take(most).take_while(|byte| is_inside(*byte)).count()
}

fn finished(text: Cow<'_, str>, mut shortened: String, copied: usize) -> Cow<'_, str> {
    if copied == 0 {
        return text;
    }
    shortened.push_str(&text[copied..]);
    Cow::Owned(shortened)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str) {
        let expected = prepare(text, MOST_CHARS);
        let expected = clean(&expected).unwrap_or(expected);
        assert_eq!(prepared(text), expected, "{text:?}");
    }

    #[test]
    fn addresses_are_taken_out() {
        check("see https://x.org/a?b=c  or http://y, httpss://z http:// https://");
        check("mail a.b@c.de, @x, a@b, a@bc, a@b., a@.b, a@@bc, x.a@b.c@d.e");
        check(&format!("{}@{}.{}@x.y", "a".repeat(70), "b".repeat(300), "c".repeat(300)));
        check(&format!("http://{}", "http://a".repeat(400)));
        check("a\u{301} \u{301}x@yz.a\u{309} привет");
    }

    proptest! {
        #[test]
        fn preparing_is_the_crates(text in "(https?|://|[a-c@.,/ -]|[яa\u{301}]){0,40}") {
            check(&text);
        }
    }
}
