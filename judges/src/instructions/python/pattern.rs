//! Patterns of Python's `re`, searched with its meaning.

use std::fmt;

use fancy_regex::{Regex, RegexBuilder};

use super::sequence::Sequence;
use super::translate::{Mode, translate};

/// Steps back that one search may take before it is given up. At about 20 ns each a hopeless
/// search ends within a quarter of a second.
const BACKTRACK_LIMIT: usize = 10_000_000;

/// A compiled pattern.
#[derive(Clone)]
pub(crate) struct Pattern {
    source: String,
    engine: Engine,
}

#[derive(Clone)]
enum Engine {
    /// A plain sequence, found in linear time: nearly every keyword.
    Sequence(Sequence),
    /// Anything else, and the same for matches that do not end where the search starts.
    General(Box<[Regex; 2]>),
}

/// The match before a search.
#[derive(Clone, Copy, PartialEq)]
enum After {
    Anything,
    Empty,
}

/// A search that went back too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooCostly;

impl Pattern {
    /// Compiles a pattern as `re.compile` does.
    pub(crate) fn new(source: &str, mode: Mode) -> Result<Self, String> {
        let engine = match Sequence::new(source, mode) {
            Some(sequence) => Engine::Sequence(sequence),
            None => Engine::general(source, mode)?,
        };
        Ok(Self { source: source.to_owned(), engine })
    }

    /// `re.search(pattern, text) is not None`.
    pub(crate) fn is_in(&self, text: &str) -> Result<bool, TooCostly> {
        self.find(text, 0, After::Anything).map(|found| found.is_some())
    }

    /// `len(re.findall(pattern, text))`
    pub(crate) fn count(&self, text: &str) -> Result<usize, TooCostly> {
        let (mut n_found, mut from, mut after) = (0, 0, After::Anything);
        while let Some((start, end)) = self.find(text, from, after)? {
            n_found += 1;
            from = end;
            after = if start == end { After::Empty } else { After::Anything };
        }
        Ok(n_found)
    }

    /// The number of capture groups.
    pub(crate) fn n_groups(&self) -> usize {
        match &self.engine {
            Engine::Sequence(_) => 0,
            Engine::General(regexes) => regexes[0].captures_len() - 1,
        }
    }

    /// The first match from a place on. After an empty match the next may start at the same place,
    /// but has to end behind it.
    fn find(
        &self,
        text: &str,
        from: usize,
        after: After,
    ) -> Result<Option<(usize, usize)>, TooCostly> {
        match (&self.engine, after) {
            (Engine::Sequence(sequence), After::Anything) => Ok(sequence.find(text, from)),
            // A sequence that is empty once is empty always.
            (Engine::Sequence(sequence), After::Empty) => {
                let next = text[from..].chars().next();
                Ok(next.and_then(|skipped| sequence.find(text, from + skipped.len_utf8())))
            }
            (Engine::General(regexes), after) => {
                let [any, advancing] = &**regexes;
                let regex = if after == After::Empty { advancing } else { any };
                let found = regex.find_from_pos(text, from).map_err(|_| TooCostly)?;
                // Whatever the engine makes of the guard, the count has to come to an end.
                let found = found.filter(|found| after == After::Anything || found.end() > from);
                Ok(found.map(|found| (found.start(), found.end())))
            }
        }
    }
}

impl Engine {
    fn general(source: &str, mode: Mode) -> Result<Self, String> {
        let regex = translate(source, mode)?;
        let advancing = format!(r"(?:{regex})(?!\G)");
        let build = |regex: &str| {
            let built = RegexBuilder::new(regex).backtrack_limit(BACKTRACK_LIMIT).build();
            built.map_err(|error| error.to_string())
        };
        Ok(Self::General(Box::new([build(&regex)?, build(&advancing)?])))
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.source)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(source: &str) -> Pattern {
        Pattern::new(source, Mode::IgnoringCase).expect("a valid pattern")
    }

    #[test]
    fn counts_are_those_of_findall() {
        let check = |source: &str, text: &str, expected: usize| {
            assert_eq!(pattern(source).count(text), Ok(expected), "{source:?} in {text:?}");
        };
        check("a|b", "xbxA", 2);
        check("x*", "xx", 2);
        check("x*", "yxx", 3);
        check("|x", "yxx", 6);
        check("x*?", "xx", 5);
        check("", "abc", 4);
        check("I", "i I \u{130} \u{131}", 4);
        check("[i]", "i I \u{130} \u{131}", 4);
        check("k", "K k \u{212a}", 3);
        check("σ+", "Σσς", 1);
        check("straße", "STRAẞE", 1);
        check(r"\bcat\b", "cat cats cat\u{301} cat_ cat-", 3);
        check(r"(?:\bcat\b)", "cat cats cat\u{301} cat_ cat-", 3);
        check("c++", "cc ccc c", 3);
        check(r"\w", "ि½", 1);
        check(r"a\sb", "a\u{1c}b a\u{200b}b", 1);
        check("x{", "x{", 1);
        check("x{,2}y", "xxxy", 1);
        check("[]x]", "]x", 2);
        check("[a&&b[]", "&[", 2);
        check("[^a-c]", "ABCd", 1);
        check("(?-i:a)", "aA", 1);
        check("^a$", "a\n", 1);
        check(r"(a)\1", "aA", 1);
    }

    proptest! {
        #[test]
        fn both_engines_count_the_same(
            source in r"([aks.1é]|\\s|\\d|\\b|\\[.]|[ak.\n]\?|\\s\?|a\+|\\d\+){0,6}",
            text in r"[aAksKSſ. 1٣éÉ\u{212a}\n]{0,30}",
        ) {
            for mode in [Mode::IgnoringCase, Mode::KeepingCase] {
                let found = Pattern::new(&source, mode).expect("a valid pattern");
                let engine = Engine::general(&source, mode).expect("a valid pattern");
                let expected = Pattern { source: source.clone(), engine };
                prop_assert_eq!(found.count(&text), expected.count(&text));
                prop_assert_eq!(found.is_in(&text), expected.is_in(&text));
            }
        }
    }

    #[test]
    fn what_python_refuses_is_refused() {
        let check = |source: &str| {
            assert!(Pattern::new(source, Mode::IgnoringCase).is_err(), "{source:?}");
        };
        for source in ["*x", "(x", "x)", "x**", "[x", r"\q", "a(?i)b", "[z-a]", "x{3,2}", r"\"] {
            check(source);
        }
    }

    #[test]
    fn hopeless_searches_are_given_up() {
        let text = "a".repeat(60) + "b";
        assert_eq!(pattern(r"(a|a|\b\B)*$(?=c)").is_in(&text), Err(TooCostly));
    }
}
