//! Word tokens: the ordered rewrites of NLTK's `word_tokenize`.
//!
//! Source: NLTK 3.8.1, `nltk/tokenize/destructive.py` (`NLTKWordTokenizer`), after Robert
//! `MacIntyre`'s Penn Treebank script. Upstream's patterns are searched by hand, as a text may be
//! half a million sentences; the tests hold the search against the patterns.

use super::super::python::text;
use super::contraction::{CONTRACTIONS, may_have_contractions};
use super::model::Punkt;
use super::rewrite::{Rewrite, Sign, Signs};

/// Quotes that open, punctuation, brackets and dashes. The first quote becomes backticks.
const REWRITES: [(Sign, Rewrite); 17] = [
    (Sign::NotAscii, Rewrite::Around(&['«', '“', '‘', '„'])),
    (Sign::Backtick, Rewrite::AroundRuns { mark: '`', shortest: 1 }),
    (Sign::Quote, Rewrite::QuoteAtStart),
    (Sign::BacktickOrQuote, Rewrite::Each { found: "``", becomes: " `` " }),
    (Sign::AnyQuote, Rewrite::QuoteAfterOpening),
    (Sign::Apostrophe, Rewrite::ApostropheBeforeLetter),
    (
        Sign::Period,
        Rewrite::FinalPeriod {
            closing: &[']', ')', '}', '>', '"', '\'', '»', '”', '’', ' '],
            gap: " ",
        },
    ),
    (Sign::Separator, Rewrite::Separators),
    (Sign::Separator, Rewrite::FinalSeparator),
    (Sign::Period, Rewrite::AroundRuns { mark: '.', shortest: 2 }),
    (Sign::Symbol, Rewrite::Around(&[';', '@', '#', '$', '%', '&'])),
    (Sign::Period, Rewrite::FinalPeriod { closing: &[']', ')', '}', '>', '"', '\''], gap: "" }),
    (Sign::Mark, Rewrite::Around(&['?', '!'])),
    (Sign::Apostrophe, Rewrite::ClosingApostrophe),
    (Sign::Star, Rewrite::Around(&['*'])),
    (Sign::Bracket, Rewrite::Around(&[']', '[', '(', ')', '{', '}', '<', '>'])),
    (Sign::Hyphen, Rewrite::Each { found: "--", becomes: " -- " }),
];

/// Quotes that close, and clitics. They come after the text has got a blank at each end.
const CLOSING_REWRITES: [(Sign, Rewrite); 5] = [
    (Sign::NotAscii, Rewrite::Around(&['»', '”', '’'])),
    (Sign::Apostrophe, Rewrite::Each { found: "''", becomes: " '' " }),
    (Sign::Quote, Rewrite::Each { found: "\"", becomes: " '' " }),
    (Sign::Apostrophe, Rewrite::ShortClitics),
    (Sign::Apostrophe, Rewrite::LongClitics),
];

/// A sentence that is being rewritten, and room for its next form.
#[derive(Default)]
struct Draft {
    text: String,
    next: String,
}

impl Draft {
    /// Lets `rewrite` copy the text to its next form. It returns how far it has come, which is 0
    /// where nothing changes; the rest is copied here.
    fn rewrite(&mut self, rewrite: impl FnOnce(&str, &mut String) -> usize) {
        self.next.clear();
        let copied = rewrite(&self.text, &mut self.next);
        if copied > 0 {
            self.next.push_str(&self.text[copied..]);
            std::mem::swap(&mut self.text, &mut self.next);
        }
    }

    fn rewrite_where_signed(&mut self, signs: Signs, rewrites: &[(Sign, Rewrite)]) {
        for (_, rewrite) in rewrites.iter().filter(|(sign, _)| signs.has(*sign)) {
            self.rewrite(|text, next| rewrite.apply(text, next));
        }
    }

    /// Turns a sentence into its tokens with blanks between them.
    fn tokenise(&mut self, sentence: &str) {
        self.text.clear();
        self.text.push_str(sentence);
        let signs = Signs::of(sentence);
        self.rewrite_where_signed(signs, &REWRITES);
        self.next.clear();
        self.next.extend([" ", &self.text, " "]);
        std::mem::swap(&mut self.text, &mut self.next);
        self.rewrite_where_signed(signs, &CLOSING_REWRITES);
        if may_have_contractions(sentence) {
            for contraction in &CONTRACTIONS {
                self.rewrite(|text, next| contraction.split(text, next));
            }
        }
    }
}

/// Calls `each` with every token of `nltk.word_tokenize(text)`.
pub(crate) fn each_word_token(text: &str, punkt: &Punkt, mut each: impl FnMut(&str)) {
    let mut draft = Draft::default();
    for range in punkt.sentences(text) {
        draft.tokenise(text.get(range).unwrap_or(""));
        text::words(&draft.text).for_each(&mut each);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::patterns;
    use super::*;

    fn sentence_tokens(sentence: &str) -> Vec<String> {
        let mut draft = Draft::default();
        draft.tokenise(sentence);
        text::words(&draft.text).map(str::to_owned).collect()
    }

    #[test]
    fn tokens_are_nltks() {
        let check = |text: &str, expected: &str| {
            assert_eq!(sentence_tokens(text).join("|"), expected, "{text:?}");
            assert_eq!(patterns::sentence_tokens(text).join("|"), expected, "{text:?}");
        };
        check("NASA's ISS isn't 3D.", "NASA|'s|ISS|is|n't|3D|.");
        check("I cannot say \"no\", (really)!", "I|can|not|say|``|no|''|,|(|really|)|!");
        check("well-known: a, b -- c...", "well-known|:|a|,|b|--|c|...");
        check("$3.88 (3,36)", "$|3.88|(|3,36|)");
        check("'Tis gonna be a 'x' D'ye", "'T|is|gon|na|be|a|'|x|'|D|'ye");
        check("«A» “B” ‘C’", "«|A|»|“|B|”|‘|C|’");
        check("", "");
    }

    /// Texts in which the rewrites meet each other.
    const TEXTS: &str = "([.'\"` ]|[a-dst]|[«»“”‘’„]|[\\[\\](){}<>;@#$%&*?!:,-]|\n|\u{1c}|[3٣éſſ]|\
        '(s|S|m|d|ll|RE|ve|t) |n't |N'T |cannot|D'ye|gimme|Gonna|gotta|lemme|more'n|wanna| '[tT](is|wa[sſ])){0,30}";

    proptest! {
        #[test]
        fn tokens_are_those_of_the_patterns(text in TEXTS) {
            prop_assert_eq!(sentence_tokens(&text), patterns::sentence_tokens(&text), "{:?}", text);
        }
    }
}
