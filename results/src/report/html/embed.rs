//! JSON inside an HTML page.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

use crate::StoreError;

/// Writes `value` as JSON that any HTML parser takes for text: `<`, `>` and `&` are written as
/// escapes, so that neither `</script>` nor `<!--` can occur, and so are the two line separators that
/// JavaScript once forbade in strings.
pub(super) fn json(value: &impl Serialize, out: &mut dyn Write) -> Result<(), StoreError> {
    let mut serializer = serde_json::Serializer::with_formatter(out, ScriptSafe(CompactFormatter));
    Ok(value.serialize(&mut serializer).map_err(io::Error::from)?)
}

struct ScriptSafe(CompactFormatter);

const SPECIAL: [char; 5] = ['<', '>', '&', '\u{2028}', '\u{2029}'];

impl Formatter for ScriptSafe {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(start) = rest.find(SPECIAL) {
            let c = rest[start..].chars().next().expect("a character was found here");
            self.0.write_string_fragment(writer, &rest[..start])?;
            write!(writer, "\\u{:04x}", u32::from(c))?;
            rest = &rest[start + c.len_utf8()..];
        }
        self.0.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embedded(text: &str) -> String {
        let mut out = Vec::new();
        json(&text, &mut out).expect("memory takes it");
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn no_text_can_leave_its_block() {
        let check = |text: &str, expected: &str| assert_eq!(embedded(text), expected);
        check("</script><b>", r#""\u003c/script\u003e\u003cb\u003e""#);
        check("<!--<script>", r#""\u003c!--\u003cscript\u003e""#);
        check("&lt;\u{2028}\u{2029}", r#""\u0026lt;\u2028\u2029""#);
        check("\u{0}\"\\\n", r#""\u0000\"\\\n""#);
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_back(text in ".*") {
            let json = embedded(&text);
            proptest::prop_assert!(!json.contains(SPECIAL));
            proptest::prop_assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
        }
    }
}
