//! How deep a Python expression nests, found without parsing it.
//!
//! The parser limits the depth of what it descends into; operators, calls, subscripts and attributes
//! that follow one another nest to the left without that, and are counted here.

/// Brackets that may be open at once (`MAXLEVEL` of `CPython` 3.11, `Parser/tokenizer.h`).
const MAX_OPEN: usize = 200;
/// Operators, dots and closing brackets between two commas. `ast.unparse`, through which upstream
/// evaluates arithmetic, meets Python's recursion limit at fewer operators.
const MAX_CHAIN: usize = 1_000;
/// Longer sources are refused unread.
const MAX_BYTES: usize = 16 << 20;

/// Whether an expression can be parsed without exhausting the stack. A source that is no Python may
/// get either answer.
pub(super) fn is_shallow(source: &str) -> bool {
    if source.len() > MAX_BYTES {
        return false;
    }
    let bytes = source.as_bytes();
    let mut chains = vec![0_usize];
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'#' => at += bytes[at..].iter().take_while(|b| **b != b'\n').count(),
            b'"' | b'\'' => {
                at = after_string(bytes, at);
                continue;
            }
            b'(' | b'[' | b'{' => chains.push(0),
            b')' | b']' | b'}' => {
                chains.pop();
                bump(&mut chains);
            }
            b',' => {
                if let Some(chain) = chains.last_mut() {
                    *chain = 0;
                }
            }
            b'.' | b'+' | b'-' | b'*' | b'/' | b'%' | b'@' | b'&' | b'|' | b'^' | b'~' | b'<'
            | b'>' => bump(&mut chains),
            _ => {}
        }
        let is_deep =
            chains.len() > MAX_OPEN + 1 || chains.last().is_none_or(|chain| *chain > MAX_CHAIN);
        if is_deep {
            return false;
        }
        at += 1;
    }
    true
}

fn bump(chains: &mut [usize]) {
    if let Some(chain) = chains.last_mut() {
        *chain += 1;
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
    }
}
