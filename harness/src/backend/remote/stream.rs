//! Server-sent events (WHATWG HTML, section 9.2.6), as far as the protocol uses them.

/// What a stream may begin with to say that it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One complete event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Its name, where it has one.
    pub(super) name: Option<String>,
    /// Its data.
    pub(super) data: String,
}

/// Turns bytes in any split into complete events.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// Bytes of an unfinished line.
    line: Vec<u8>,
    /// Whether the first line has been read.
    has_begun: bool,
    /// The name of an unfinished event.
    name: Option<String>,
    /// Its data lines.
    data: Option<String>,
}

impl Events {
    /// Takes `bytes` in and returns the events they complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut complete = Vec::new();
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            self.line.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            let line = std::mem::take(&mut self.line);
            complete.extend(self.line(&line));
        }
        self.line.extend_from_slice(rest);
        complete
    }

    /// A last event that was not closed by a blank line.
    pub(super) fn finish(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        self.line(&line).or_else(|| self.end_of_event())
    }

    /// Bytes held back until their event is complete.
    pub(super) fn n_pending_bytes(&self) -> usize {
        self.line.len() + self.data.as_ref().map_or(0, String::len)
    }

    /// A name without data is no event.
    fn end_of_event(&mut self) -> Option<Event> {
        let name = self.name.take();
        self.data.take().map(|data| Event { name, data })
    }

    fn line(&mut self, line: &[u8]) -> Option<Event> {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let line = line.strip_prefix(BYTE_ORDER_MARK).filter(|_| is_first).unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return self.end_of_event();
        }
        // Bytes that are not UTF-8 become replacement characters instead of losing the completion.
        let text = |value: &[u8]| {
            String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value)).into_owned()
        };
        if let Some(name) = line.strip_prefix(b"event:") {
            self.name = Some(text(name));
            return None;
        }
        let value = text(line.strip_prefix(b"data:")?);
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(&value);
            }
            None => self.data = Some(value),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &[&str]) {
        for size in 1..=bytes.len() {
            let mut events = Events::default();
            let mut seen: Vec<Event> =
                bytes.chunks(size).flat_map(|chunk| events.feed(chunk)).collect();
            seen.extend(events.finish());
            let shown = |event: Event| match event.name {
                Some(name) => format!("{name}|{}", event.data),
                None => event.data,
            };
            let seen: Vec<String> = seen.into_iter().map(shown).collect();
            assert_eq!(seen, expected, "in chunks of {size}");
        }
    }

    #[test]
    fn events_survive_any_split() {
        check(
            "data: {\"a\": \"привет\"}\n\ndata: [DONE]\n\n".as_bytes(),
            &["{\"a\": \"привет\"}", "[DONE]"],
        );
        check(b": keep-alive\r\n\r\ndata:x\r\nid: 7\r\n\r\n", &["x"]);
        check(b"event: e\ndata: one\ndata: two\n\ndata: x\n\n", &["e|one\ntwo", "x"]);
        check(b"event:e\n\ndata: x\nevent: late\n\n", &["late|x"]);
        check(b"\xef\xbb\xbfdata: one\n\n\xef\xbb\xbfdata: lost\n\ndata: x\n\n", &["one", "x"]);
        check(b"\xef\xbb\xbf\n\ndata: x\n\n", &["x"]);
        check(b"data: cut", &["cut"]);
        check(b"data: \xff\n\n", &["\u{fffd}"]);
        check(b"retry: 5\n", &[]);
    }
}
