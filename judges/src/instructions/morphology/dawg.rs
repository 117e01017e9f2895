//! Reader of directed acyclic word graphs in the format of `dawgdic`.
//!
//! Source: dawgdic 0.4.5 and DAWG-Python 0.7: a little-endian count and that many 32-bit units,
//! and for graphs that list completions a second count and two bytes (first child, next sibling)
//! for each unit.

const IS_LEAF: u32 = 1 << 31;
const HAS_LEAF: u32 = 1 << 8;
const EXTENSION: u32 = 1 << 9;
/// Separates a key from its payload.
const PAYLOAD: u8 = 1;
/// Payloads are a few bytes; a longer path is damage.
const MAX_PAYLOAD_DEPTH: usize = 64;

/// A set of byte strings, walked from [`Dawg::ROOT`].
#[derive(Debug)]
pub(super) struct Dawg {
    units: Vec<u32>,
    /// First child and next sibling of each unit. Empty where the file has none.
    guide: Vec<u8>,
}

/// A place in a graph.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node(u32);

impl Dawg {
    pub(super) const ROOT: Node = Node(0);

    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let (units, rest) = counted(bytes, 4)?;
        let guide = if rest.is_empty() { Vec::new() } else { counted(rest, 2)?.0.to_vec() };
        let (units, _) = units.as_chunks();
        Ok(Self { units: units.iter().copied().map(u32::from_le_bytes).collect(), guide })
    }

    fn unit(&self, node: Node) -> u32 {
        self.units.get(node.0 as usize).copied().unwrap_or(0)
    }

    fn offset(&self, node: Node) -> u32 {
        let unit = self.unit(node);
        (unit >> 10) << ((unit & EXTENSION) >> 6)
    }

    fn step(&self, node: Node, label: u8) -> Option<Node> {
        let next = Node(node.0 ^ self.offset(node) ^ u32::from(label));
        (self.unit(next) & (IS_LEAF | 0xff) == u32::from(label)).then_some(next)
    }

    pub(super) fn follow(&self, node: Node, bytes: &[u8]) -> Option<Node> {
        bytes.iter().try_fold(node, |node, byte| self.step(node, *byte))
    }

    fn has_leaf(&self, node: Node) -> bool {
        self.unit(node) & HAS_LEAF != 0
    }

    /// The number stored under the key that leads to `node` and goes on with `rest`.
    pub(super) fn number(&self, node: Node, rest: &[u8]) -> Option<u32> {
        let node = self.follow(node, rest)?;
        let leaf = Node(node.0 ^ self.offset(node));
        self.has_leaf(node).then(|| self.unit(leaf) & !IS_LEAF)
    }

    /// The payloads of the key that ends at `node`, in the order of their encoded bytes.
    pub(super) fn payloads<const N: usize>(&self, node: Node) -> Vec<[u8; N]> {
        let mut found = Vec::new();
        if let Some(start) = self.step(node, PAYLOAD) {
            self.collect(start, &mut Vec::new(), &mut found);
        }
        found
    }

    fn collect<const N: usize>(&self, node: Node, path: &mut Vec<u8>, found: &mut Vec<[u8; N]>) {
        if self.has_leaf(node) {
            found.extend(base64::<N>(path));
        }
        if path.len() > MAX_PAYLOAD_DEPTH {
            return;
        }
        let link = |node: Node, which: usize| {
            self.guide.get(node.0 as usize * 2 + which).copied().filter(|label| *label != 0)
        };
        let mut label = link(node, 0);
        while let Some(child) = label.and_then(|label| self.step(node, label)) {
            path.extend(label);
            self.collect(child, path, found);
            path.pop();
            label = link(child, 1).filter(|next| Some(*next) > label);
        }
    }
}

fn counted(bytes: &[u8], width: usize) -> Result<(&[u8], &[u8]), String> {
    let (count, rest) = bytes.split_first_chunk().ok_or("the graph is cut off")?;
    let n_bytes = u32::from_le_bytes(*count) as usize * width;
    rest.split_at_checked(n_bytes).ok_or_else(|| "the graph is cut off".into())
}

/// The `N` bytes that a path encodes, if it does. Other characters, such as a line end, are skipped.
fn base64<const N: usize>(path: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let (mut n_bytes, mut bits, mut n_bits) = (0, 0_u32, 0);
    for byte in path {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        n_bits += 6;
        if n_bits >= 8 {
            n_bits -= 8;
            let [.., byte] = (bits >> n_bits).to_be_bytes();
            *bytes.get_mut(n_bytes)? = byte;
            n_bytes += 1;
        }
    }
    (n_bytes == N).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn payloads_are_decoded() {
        let check = |path: &str, expected: Option<[u8; 4]>| {
            assert_eq!(base64::<4>(path.as_bytes()), expected, "{path:?}");
        };
        check("AAECAw==\n", Some([0, 1, 2, 3]));
        check("////+w==", Some([255, 255, 255, 251]));
        check("AAEC", None);
        check("AAECAwQ=", None);
    }

    proptest! {
        #[test]
        fn damaged_graphs_end_every_walk(words in proptest::collection::vec(any::<u32>(), 1..64)) {
            let units: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            let n_units = u32::try_from(words.len()).expect("small").to_le_bytes();
            let guide = units.iter().take(words.len() * 2).copied();
            let bytes = [&n_units[..], &units, &n_units, &guide.collect::<Vec<u8>>()].concat();
            let dawg = Dawg::read(&bytes).expect("well-formed");
            let _ = dawg.number(Dawg::ROOT, b"abc");
            let _ = dawg.payloads::<4>(Dawg::ROOT);
        }
    }
}
