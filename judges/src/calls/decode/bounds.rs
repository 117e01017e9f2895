//! How deep a Python expression nests, found without parsing it.
//!
//! The parser limits the depth of what it descends into; operators, calls, subscripts and attributes
//! that follow one another nest to the left without that, and are counted here.

/// Brackets that may be open at once (`MAXLEVEL` of `CPython` 3.11, `Parser/tokenizer.h`).
const MAX_OPEN: usize = 200;
/// Operators, dots and closing brackets between two commas, with those inside the brackets.
/// `ast.unparse`, through which upstream evaluates arithmetic, meets Python's recursion limit at fewer.
const MAX_CHAIN: usize = 1_000;
/// Longer sources are refused unread.
const MAX_BYTES: usize = 16 << 20;

/// Whether an expression can be parsed without exhausting the stack. A source that is no Python may
/// get either answer.
///
/// What stands between two commas nests in the worst order: a bracket's inside below all that follows
/// it. From the first f-string on every operator and bracket counts, within texts too, because the
/// parser reads expressions inside f-strings and where those end is for it to say.
pub(super) fn is_shallow(source: &str) -> bool {
    if source.len() > MAX_BYTES {
        return false;
    }
    let bytes = source.as_bytes();
    let mut levels = vec![Level::default()];
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'#' => at += bytes[at..].iter().take_while(|b| **b != b'\n').count(),
            b'"' | b'\'' if is_formatted(&bytes[..at]) => {
                let outside: usize = levels.iter().map(Level::depth).sum();
                let inside = bytes[at..].iter().filter(|byte| is_nesting(**byte)).count();
                return outside + inside <= MAX_CHAIN;
            }
            b'"' | b'\'' => {
                at = after_string(bytes, at);
                continue;
            }
            b'(' | b'[' | b'{' => levels.push(Level::default()),
            b')' | b']' | b'}' => {
                let inside = levels.pop().map_or(0, |level| level.depth());
                bump(&mut levels, inside + 1);
            }
            b',' => {
                if let Some(level) = levels.last_mut() {
                    *level = Level { chain: 0, deepest: level.depth() };
                }
            }
            byte if is_nesting(*byte) => bump(&mut levels, 1),
            _ => {}
        }
        let is_deep =
            levels.len() > MAX_OPEN + 1 || levels.last().is_none_or(|l| l.chain > MAX_CHAIN);
        if is_deep {
            return false;
        }
        at += 1;
    }
    true
}

/// What nests within an open bracket.
#[derive(Default)]
struct Level {
    /// Since the last comma.
    chain: usize,
    /// Between any two commas before that.
    deepest: usize,
}

impl Level {
    fn depth(&self) -> usize {
        self.chain.max(self.deepest)
    }
}

fn bump(levels: &mut [Level], by: usize) {
    if let Some(level) = levels.last_mut() {
        level.chain += by;
    }
}

/// Whether a byte outside texts makes an expression nest.
fn is_nesting(byte: u8) -> bool {
    b".+-*/%@&|^~<>()[]{}".contains(&byte)
}

/// Whether what stands before a quote makes an f-string of the text, or a t-string of later versions.
fn is_formatted(before: &[u8]) -> bool {
    let is_marker = |byte: u8| matches!(byte, b'f' | b'F' | b't' | b'T');
    match before {
        [.., marker, b'r' | b'R'] if is_marker(*marker) => true,
        [.., marker] => is_marker(*marker),
        [] => false,
    }
}

/// The byte after a string literal, or the end where it stays open.
fn after_string(bytes: &[u8], start: usize) -> usize {
    let quote = bytes[start];
    let is_triple = bytes[start..].starts_with(&[quote; 3]);
    let fence: &[u8] = if is_triple { &[quote; 3] } else { &[quote] };
    let mut at = start + fence.len();
    while at < bytes.len() {
        if bytes[at..].starts_with(fence) {
            return at + fence.len();
        }
        if bytes[at] == b'\n' && !is_triple {
            return at;
        }
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::is_shallow;

    #[test]
    fn depth_and_chains_are_bounded_between_commas() {
        let check = |source: &str, expected: bool| {
            let start: String = source.chars().take(40).collect();
            assert_eq!(is_shallow(source), expected, "{start}");
        };
        check(&"[".repeat(201), false);
        check(&"[".repeat(100), true);
        check(&format!("f(a={})", "1+".repeat(2_000)), false);
        check(&format!("f(a=1{})", ", -1".repeat(5_000)), true);
        check(&format!("f{}", "()".repeat(2_000)), false);
        check(&format!("f(a='{}')", "-".repeat(5_000)), true);
        check(&format!("f(a=\"\"\"{}\"\"\")", "-\n".repeat(5_000)), true);
        check(&"]".repeat(10), false);
        let left = |n: usize| {
            format!("{}1{}", "(".repeat(150), format!("{})", "+1".repeat(n)).repeat(150))
        };
        check(&left(5), true);
        check(&left(900), false);
        check(&format!("f(a=[{}])", "(1.5, -2), ".repeat(5_000)), true);
    }

    #[test]
    fn the_insides_of_formatted_texts_count() {
        let check = |source: &str, expected: bool| {
            let start: String = source.chars().take(40).collect();
            assert_eq!(is_shallow(source), expected, "{start}");
        };
        for prefix in ["f", "F", "rf", "fR", "t", "rt", "T"] {
            for quote in ["'", "\""] {
                let open = format!("[f(a={prefix}{quote}{{x");
                check(&format!("{open}.y}}{quote})]"), true);
                check(&format!("{open}{}}}{quote})]", ".y".repeat(50_000)), false);
                check(&format!("{open}{}", "+1".repeat(40_000)), false);
                check(&format!("{open}}}{quote}, b={}", "'.','.',".repeat(2_000)), false);
            }
        }
        check(&format!("[f(a=r'{}')]", ".".repeat(5_000)), true);
        check(&format!("[f(a=b'{}')]", ".".repeat(5_000)), true);
    }
}
