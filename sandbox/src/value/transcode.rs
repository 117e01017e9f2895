//! From encoded values straight to their canonical form: what is only hashed is never built.

use super::canonical::{Form, write};
use super::decode::{DecodeError, Reader, extension, long, text};

/// What was seen while values were rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Something is not equal to itself or has no canonical form.
    pub is_incomparable: bool,
    /// `bytes`, which may be something else that `marshal` took for them.
    pub has_bytes: bool,
}

/// Appends the canonical form of the next value, which is the same as that of the value decoded.
/// `depth` is how deeply it may be nested.
pub fn transcode(
    reader: &mut Reader<'_>,
    depth: usize,
    to: &mut Vec<u8>,
    seen: &mut Seen,
) -> Result<(), DecodeError> {
    Transcoder { to, seen }.value(reader, depth)
}

struct Transcoder<'t> {
    to: &'t mut Vec<u8>,
    seen: &'t mut Seen,
}

impl Transcoder<'_> {
    fn value(&mut self, reader: &mut Reader<'_>, depth: usize) -> Result<(), DecodeError> {
        let depth = reader.descend(depth)?;
        match reader.byte()? {
            b'N' => self.to.push(b'N'),
            b'T' => self.to.small_integer(1),
            b'F' => self.to.small_integer(0),
            b'i' => self.to.small_integer(reader.i32()?),
            b'l' => self.to.integer(&long(reader)?),
            b'g' => {
                let is_comparable = self.to.real(reader.f64()?);
                self.note(is_comparable);
            }
            b'y' => {
                let is_comparable = self.to.complex(reader.f64()?, reader.f64()?);
                self.note(is_comparable);
            }
            b's' => {
                self.seen.has_bytes = true;
                self.to.counted(b's', reader.counted()?);
            }
            b'u' | b't' | b'a' | b'A' => {
                let bytes = text(reader.counted()?)?;
                self.to.counted(b'u', bytes);
            }
            b'z' | b'Z' => {
                let n_bytes = reader.byte()?;
                let bytes = text(reader.take(n_bytes.into())?)?;
                self.to.counted(b'u', bytes);
            }
            b'[' => self.sequence(b'[', reader, depth)?,
            b'(' => self.sequence(b'(', reader, depth)?,
            b')' => {
                let n_items = reader.byte()?;
                self.items(b'(', n_items.into(), reader, depth)?;
            }
            b'<' | b'>' => {
                let n_items = reader.length()?;
                let mut forms = Vec::new();
                for _ in 0..n_items {
                    forms.push(self.apart(1, reader, depth)?);
                }
                self.to.unordered(b'<', forms);
            }
            b'{' => {
                let mut forms = Vec::new();
                while !reader.is_at(b'0') {
                    forms.push(self.apart(2, reader, depth)?);
                }
                reader.byte()?;
                self.to.unordered(b'{', forms);
            }
            tag => {
                let is_comparable = write(&extension(tag, reader, depth)?, self.to);
                self.note(is_comparable);
            }
        }
        Ok(())
    }

    fn note(&mut self, is_comparable: bool) {
        self.seen.is_incomparable |= !is_comparable;
    }

    fn sequence(
        &mut self,
        tag: u8,
        reader: &mut Reader<'_>,
        depth: usize,
    ) -> Result<(), DecodeError> {
        let n_items = reader.length()?;
        self.items(tag, n_items, reader, depth)
    }

    fn items(
        &mut self,
        tag: u8,
        n_items: usize,
        reader: &mut Reader<'_>,
        depth: usize,
    ) -> Result<(), DecodeError> {
        self.to.sequence_head(tag, n_items);
        for _ in 0..n_items {
            self.value(reader, depth)?;
        }
        Ok(())
    }

    /// The forms of the next values, one after the other, by themselves.
    fn apart(
        &mut self,
        n_values: usize,
        reader: &mut Reader<'_>,
        depth: usize,
    ) -> Result<Vec<u8>, DecodeError> {
        let mut form = Vec::new();
        let mut apart = Transcoder { to: &mut form, seen: self.seen };
        for _ in 0..n_values {
            apart.value(reader, depth)?;
        }
        Ok(form)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::Fold;
    use crate::value::decode::{MAX_DEPTH, decode, item};

    /// Both ways of reading a value lead to the same form, or to the same refusal.
    fn check(bytes: &[u8]) {
        let (mut form, mut seen) = (Vec::new(), Seen::default());
        let straight = transcode(&mut Reader::new(bytes), MAX_DEPTH, &mut form, &mut seen);
        let built = item(&mut Reader::new(bytes)).map(|value| {
            let mut form = Vec::new();
            let is_comparable = write(&value, &mut form);
            (form, is_comparable)
        });
        let straight = straight.map(|()| (form, !seen.is_incomparable));
        assert_eq!(straight, built, "{}", bytes.escape_ascii());
        // What can be built from a whole message can be hashed item by item, and nothing else.
        if let Some(b'[' | b'(') = bytes.first() {
            let hashed = Fold::default().items(bytes).map(|_| ());
            assert_eq!(hashed, decode(bytes).map(|_| ()), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn the_form_is_that_of_the_value() {
        for n in [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32768, -32769] {
            check(&[b"i".as_slice(), &i32::to_le_bytes(n)].concat());
        }
        for n in [i32::MIN, i32::MAX, 1 << 23, -(1 << 23), (1 << 23) - 1, -(1 << 23) - 1] {
            check(&[b"i".as_slice(), &n.to_le_bytes()].concat());
        }
        for x in [0.0, -0.0, 1.0, 0.5, 1e300, f64::INFINITY, f64::NAN] {
            check(&[b"g".as_slice(), &f64::to_le_bytes(x)].concat());
            check(&[b"y".as_slice(), &x.to_le_bytes(), &f64::to_le_bytes(0.0)].concat());
            check(&[b"y".as_slice(), &f64::to_le_bytes(1.5), &x.to_le_bytes()].concat());
        }
        check(b"<\x02\0\0\0i\x02\0\0\0i\x01\0\0\0");
        check(b"{i\x02\0\0\0Ni\x01\0\0\0T0");
        check(b"u\x03\0\0\0\xed\xa0\x80");
        check(b"u\x02\0\0\0\xed\xa0");
        check(b"[\xff\xff\xff\x7f");
        for depth in MAX_DEPTH - 2..MAX_DEPTH + 2 {
            check(&[b"[\x01\0\0\0".repeat(depth), b"N".to_vec()].concat());
        }
    }

    fn message() -> impl Strategy<Value = Vec<u8>> {
        let number = prop_oneof![0_i32..4, any::<i32>()].prop_map(i32::to_le_bytes);
        let tag = proptest::sample::select(b"NTFiglsyuzZ[()<>{0Knmko.".to_vec());
        let parts = proptest::collection::vec((tag, proptest::option::of(number)), 0..40);
        parts.prop_map(|parts| {
            let bytes = |(tag, number): (u8, Option<[u8; 4]>)| {
                [vec![tag], number.map_or(Vec::new(), |number| number.to_vec())].concat()
            };
            parts.into_iter().flat_map(bytes).collect()
        })
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_alike(bytes: Vec<u8>) {
            check(&bytes);
        }

        #[test]
        fn any_bytes_like_a_message_are_read_alike(bytes in message()) {
            check(&bytes);
        }
    }
}
