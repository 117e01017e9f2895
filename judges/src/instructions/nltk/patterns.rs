//! The patterns of NLTK's `word_tokenize`, against which the tests hold the search by hand.
//!
//! Source: NLTK 3.8.1, `nltk/tokenize/destructive.py` (`NLTKWordTokenizer`).

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::super::python::text;

/// A rewrite: characters of which one must be there for a match, the pattern, and what it becomes.
type Rule = (&'static str, &'static str, &'static str);

/// Opening quotes, up to the rewrite that needs a look-ahead.
const OPENING_QUOTES: [Rule; 4] = [
    ("«“‘„`", "([«“‘„]|`+)", " $1 "),
    ("\"", "^\"", "``"),
    ("`", "(``)", " $1 "),
    ("\"'", "([ (\\[{<])(\"|'{2})", "$1 `` "),
];

/// Punctuation, brackets and dashes. A final period comes with what may close after it.
const PUNCTUATION: [Rule; 11] = [
    (".", r#"([^.])(\.)([\])}>"'»”’ ]*)[\s\x1c-\x1f]*$"#, "$1 $2 $3 "),
    (":,", r"([:,])(\P{Nd})", " $1 $2"),
    (":,", r"([:,])(\n?)$", " $1 $2"),
    (".", r"\.{2,}", " $0 "),
    (";@#$%&", r"[;@#$%&]", " $0 "),
    (".", r#"([^.])(\.)([\])}>"']*)[\s\x1c-\x1f]*$"#, "$1 $2$3 "),
    ("?!", r"[?!]", " $0 "),
    ("'", r"([^'])' ", "$1 ' "),
    ("*", r"\*", " $0 "),
    ("[](){}<>", r"[\]\[(){}<>]", " $0 "),
    ("-", r"--", " -- "),
];

/// Closing quotes and clitics.
const CLOSING_QUOTES: [Rule; 5] = [
    ("»”’", "([»”’])", " $1 "),
    ("'", "''", " '' "),
    ("\"", "\"", " '' "),
    ("'", "([^' ])('[sS]|'[mM]|'[dD]|') ", "$1 $2 "),
    ("'", "([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", "$1 $2 "),
];

/// Any of the contractions below, without their edges.
const ANY_CONTRACTION: &str = "(?i)cannot|d'ye|gimme|gonna|gotta|lemme|more'n|wanna| 't(?:is|was)";

/// Words written as one, in two halves. `wanna` needs a blank after it, the last two one before.
const CONTRACTIONS: [(&str, Edge, Edge); 10] = [
    ("(?i)(can)(not)", Edge::Boundary, Edge::Boundary),
    ("(?i)(d)('ye)", Edge::Boundary, Edge::Boundary),
    ("(?i)(gim)(me)", Edge::Boundary, Edge::Boundary),
    ("(?i)(gon)(na)", Edge::Boundary, Edge::Boundary),
    ("(?i)(got)(ta)", Edge::Boundary, Edge::Boundary),
    ("(?i)(lem)(me)", Edge::Boundary, Edge::Boundary),
    ("(?i)(more)('n)", Edge::Boundary, Edge::Boundary),
    ("(?i)(wan)(na)", Edge::Boundary, Edge::Blank),
    ("(?i) ('t)(is)", Edge::Any, Edge::Boundary),
    ("(?i) ('t)(was)", Edge::Any, Edge::Boundary),
];

/// What must hold at an edge of a match.
#[derive(Clone, Copy)]
enum Edge {
    Any,
    Boundary,
    Blank,
}

struct Rewrites {
    opening: Vec<Rewrite>,
    punctuation: Vec<Rewrite>,
    closing: Vec<Rewrite>,
    any_contraction: Regex,
    contractions: [Contraction; 10],
}

struct Rewrite {
    /// Characters of which one must be there for a match.
    sign: &'static str,
    pattern: Regex,
    to: &'static str,
}

struct Contraction {
    pattern: Regex,
    start: Edge,
    end: Edge,
}

static REWRITES: LazyLock<Rewrites> = LazyLock::new(|| {
    let compiled = |rules: &[Rule]| {
        let rewrite = |(sign, pattern, to): &Rule| Rewrite { sign, pattern: regex(pattern), to };
        rules.iter().map(rewrite).collect()
    };
    Rewrites {
        opening: compiled(&OPENING_QUOTES),
        punctuation: compiled(&PUNCTUATION),
        closing: compiled(&CLOSING_QUOTES),
        any_contraction: regex(ANY_CONTRACTION),
        contractions: CONTRACTIONS.map(|(pattern, start, end)| Contraction {
            pattern: regex(pattern),
            start,
            end,
        }),
    }
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the built-in patterns are valid")
}

/// The tokens of one sentence.
pub(super) fn sentence_tokens(sentence: &str) -> Vec<String> {
    let rewrites = &*REWRITES;
    let text = rewritten(sentence.to_owned(), &rewrites.opening);
    let text = without_inner_opening_quotes(text);
    let text = rewritten(text, &rewrites.punctuation);
    let mut text = rewritten(format!(" {text} "), &rewrites.closing);
    if rewrites.any_contraction.is_match(&text) {
        for contraction in &rewrites.contractions {
            text = contraction.split(text);
        }
    }
    text::words(&text).map(str::to_owned).collect()
}

fn rewritten(mut text: String, rewrites: &[Rewrite]) -> String {
    for rewrite in rewrites {
        if !text.contains(|c| rewrite.sign.contains(c)) {
            continue;
        }
        if let Cow::Owned(changed) = rewrite.pattern.replace_all(&text, rewrite.to) {
            text = changed;
        }
    }
    text
}

/// Splits an apostrophe from a single word character, unless it is a clitic:
/// `(?i)(\')(?!re|ve|ll|m|t|s|d|n)(\w)\b`.
fn without_inner_opening_quotes(text: String) -> String {
    if !text.contains('\'') {
        return text;
    }
    let mut split = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        split.push(c);
        let mut after = chars.clone();
        let is_lone_word = after.next().is_some_and(|next| {
            let is_clitic = matches!(next.to_ascii_lowercase(), 'm' | 't' | 's' | 'd' | 'n' | 'ſ');
            text::is_word(next) && !is_clitic && !after.next().is_some_and(text::is_word)
        });
        if c == '\'' && is_lone_word {
            split.push(' ');
        }
    }
    split
}

impl Contraction {
    /// Puts blanks around both halves wherever the edges allow.
    fn split(&self, text: String) -> String {
        let mut split = String::new();
        let mut copied = 0;
        for groups in self.pattern.captures_iter(&text) {
            let (whole, [first, second]) = groups.extract();
            let start = groups.get_match().start();
            let end = start + whole.len();
            if self.start.holds(&text, start) && self.end.holds(&text, end) {
                split.extend([&text[copied..start], " ", first, " ", second, " "]);
                copied = end;
            }
        }
        if copied == 0 {
            return text;
        }
        split + &text[copied..]
    }
}

impl Edge {
    fn holds(self, text: &str, at: usize) -> bool {
        let next = text[at..].chars().next();
        match self {
            Self::Any => true,
            Self::Boundary => text::is_boundary(text[..at].chars().next_back(), next),
            Self::Blank => next.is_some_and(text::is_space),
        }
    }
}
