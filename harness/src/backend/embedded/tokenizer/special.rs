//! Cutting a text at the special tokens that are written out in it.

use std::collections::HashMap;

/// A token that is matched as a whole before the rest of a text is tokenised.
pub(super) struct SpecialToken {
    pub(super) id: u32,
    pub(super) text: String,
    pub(super) recognised: Recognised,
    pub(super) space_after: SpaceAfter,
}

/// When a special token's text stands for the token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Recognised {
    /// In any text: tokens that the model's authors defined as words.
    Always,
    /// Only in a text that may hold control tokens, such as a rendered chat.
    WithControls,
}

/// What becomes of white space behind a special token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SpaceAfter {
    Kept,
    Dropped,
}

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fragment<'t> {
    Text(&'t str),
    Token(u32),
}

/// The special tokens of a vocabulary.
///
/// A token is matched before every shorter one, wherever in the text the two are
/// (`tokenizer_st_partition` in `llama-vocab.cpp` of llama-cpp-python 0.3.36).
pub(super) struct SpecialTokens {
    longest_first: Vec<SpecialToken>,
    rank_of: HashMap<String, usize>,
    /// Lengths in bytes of the tokens that begin with each byte.
    n_bytes_from: Vec<Vec<usize>>,
}

impl SpecialTokens {
    pub(super) fn new(mut tokens: Vec<SpecialToken>) -> Self {
        tokens.retain(|token| !token.text.is_empty());
        tokens.sort_by_key(|token| std::cmp::Reverse(token.text.len()));
        let mut n_bytes_from = vec![Vec::new(); 256];
        let mut rank_of = HashMap::new();
        for (rank, token) in tokens.iter().enumerate() {
            rank_of.entry(token.text.clone()).or_insert(rank);
            let lengths: &mut Vec<usize> = &mut n_bytes_from[usize::from(token.text.as_bytes()[0])];
            if !lengths.contains(&token.text.len()) {
                lengths.push(token.text.len());
            }
        }
        Self { longest_first: tokens, rank_of, n_bytes_from }
    }

    /// `text` cut at the special tokens; control tokens count only if `recognised` says so.
    pub(super) fn partition<'t>(&self, text: &'t str, recognised: Recognised) -> Vec<Fragment<'t>> {
        let mut fragments = vec![Fragment::Text(text)];
        for rank in self.ranks_in(text) {
            let token = &self.longest_first[rank];
            if token.recognised == Recognised::WithControls && recognised == Recognised::Always {
                continue;
            }
            let mut cut = Vec::with_capacity(fragments.len());
            for fragment in fragments {
                match fragment {
                    Fragment::Text(text) => cut_at(token, text, &mut cut),
                    Fragment::Token(_) => cut.push(fragment),
                }
            }
            fragments = cut;
        }
        fragments.retain(|fragment| *fragment != Fragment::Text(""));
        fragments
    }

    /// The tokens that occur in a text at all, so that a vocabulary of thousands costs one pass.
    fn ranks_in(&self, text: &str) -> Vec<usize> {
        let starts = text.bytes().enumerate();
        let mut ranks: Vec<usize> = starts
            .flat_map(|(start, byte)| {
                let lengths = &self.n_bytes_from[usize::from(byte)];
                lengths.iter().filter_map(move |n_bytes| text.get(start..start + n_bytes))
            })
            .filter_map(|found| self.rank_of.get(found).copied())
            .collect();
        ranks.sort_unstable();
        ranks.dedup();
        ranks
    }
}

fn cut_at<'t>(token: &SpecialToken, mut text: &'t str, fragments: &mut Vec<Fragment<'t>>) {
    while let Some((before, after)) = text.split_once(token.text.as_str()) {
        fragments.push(Fragment::Text(before));
        fragments.push(Fragment::Token(token.id));
        text = match token.space_after {
            SpaceAfter::Kept => after,
            SpaceAfter::Dropped => after.trim_start_matches(is_c_space),
        };
    }
    fragments.push(Fragment::Text(text));
}

/// `isspace` of C in its default locale, which llama.cpp strips by.
fn is_c_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, recognised: Recognised, expected: &[Fragment<'_>]) {
        let token = |id, text: &str, recognised, space_after| SpecialToken {
            id,
            text: text.to_owned(),
            recognised,
            space_after,
        };
        let tokens = SpecialTokens::new(vec![
            token(1, "<s>", Recognised::WithControls, SpaceAfter::Dropped),
            token(2, "\n", Recognised::Always, SpaceAfter::Kept),
            token(3, "\n\n", Recognised::Always, SpaceAfter::Kept),
        ]);
        assert_eq!(tokens.partition(text, recognised), expected, "{text:?}");
    }

    #[test]
    fn a_text_is_cut_at_special_tokens() {
        use Fragment::{Text, Token};
        check("", Recognised::Always, &[]);
        check("ü<", Recognised::WithControls, &[Text("ü<")]);
        check("a<s>\t b", Recognised::WithControls, &[Text("a"), Token(1), Text("b")]);
        check("a<s> b", Recognised::Always, &[Text("a<s> b")]);
        check("<s><s>", Recognised::WithControls, &[Token(1), Token(1)]);
        check("\n\n\nö\n", Recognised::Always, &[Token(3), Token(2), Text("ö"), Token(2)]);
    }
}
