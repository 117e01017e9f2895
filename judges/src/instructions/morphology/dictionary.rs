//! The dictionary's files: word forms, paradigms, tags, endings of unknown words.
//!
//! Source: pymorphy3 2.0.6, `pymorphy3/opencorpora_dict/storage.py` and `wrapper.py`, format 2.4.

use serde_json::Value;

use super::dawg::{Dawg, Node};
use super::tags::{Tag, Tags};

/// A word form's place in a paradigm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) paradigm: u16,
    pub(super) index: u16,
}

/// The bytes of the files of one dictionary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DictionaryFiles<'a> {
    /// `meta.json`.
    pub(crate) meta: &'a [u8],
    /// `gramtab-opencorpora-int.json`.
    pub(crate) tags: &'a [u8],
    /// `suffixes.json`.
    pub(crate) suffixes: &'a [u8],
    /// `paradigms.array`.
    pub(crate) paradigms: &'a [u8],
    /// `words.dawg`.
    pub(crate) words: &'a [u8],
    /// `prediction-suffixes-N.dawg`, one for each prefix of paradigms.
    pub(crate) endings: [&'a [u8]; 3],
    /// `p_t_given_w.intdawg`.
    pub(crate) probabilities: &'a [u8],
}

/// The dictionary in memory.
#[derive(Debug)]
pub(crate) struct Dictionary {
    pub(super) tags: Tags,
    suffixes: Vec<String>,
    prefixes: Vec<String>,
    /// Of each paradigm its suffixes, tags and prefixes, in three equal parts.
    paradigms: Vec<Vec<u16>>,
    words: Dawg,
    endings: Vec<Dawg>,
    probabilities: Dawg,
    /// The longest ending, in characters.
    pub(super) max_ending: usize,
}

/// A known spelling and the forms it can be.
#[derive(Debug)]
pub(super) struct Spelling<T> {
    pub(super) text: String,
    pub(super) forms: Vec<T>,
}

impl Dictionary {
    /// Reads the files. The error names the file and what is amiss.
    pub(crate) fn read(files: DictionaryFiles<'_>) -> Result<Self, String> {
        let meta: Vec<(String, Value)> = json(files.meta, "meta")?;
        let options = meta.iter().find(|(name, _)| name == "compile_options");
        let options = options.map(|(_, options)| options).ok_or("meta: no compile_options")?;
        let prefixes: Vec<String> = serde_json::from_value(options["paradigm_prefixes"].clone())
            .map_err(|error| format!("meta: paradigm_prefixes: {error}"))?;
        if prefixes.len() != files.endings.len() {
            return Err(format!("meta: {} paradigm prefixes instead of three", prefixes.len()));
        }
        let max_ending =
            options["max_suffix_length"].as_u64().and_then(|n| usize::try_from(n).ok());
        let tags: Vec<String> = json(files.tags, "tags")?;
        let dawg =
            |bytes, name: &str| Dawg::read(bytes).map_err(|error| format!("{name}: {error}"));
        let endings = files.endings.iter().map(|bytes| dawg(bytes, "endings"));
        let dictionary = Self {
            tags: Tags::new(&tags)?,
            suffixes: json(files.suffixes, "suffixes")?,
            prefixes,
            paradigms: paradigms(files.paradigms).ok_or("paradigms: the file is cut off")?,
            words: dawg(files.words, "words")?,
            endings: endings.collect::<Result<_, _>>()?,
            probabilities: dawg(files.probabilities, "probabilities")?,
            max_ending: max_ending.ok_or("meta: no max_suffix_length")?,
        };
        dictionary.validate()?;
        Ok(dictionary)
    }

    /// Every number in a paradigm must name something.
    fn validate(&self) -> Result<(), String> {
        let is_whole = |paradigm: &Vec<u16>| {
            let n_forms = paradigm.len() / 3;
            let named = |part: usize, n: usize| {
                paradigm[part * n_forms..][..n_forms].iter().all(|id| usize::from(*id) < n)
            };
            n_forms > 0
                && named(0, self.suffixes.len())
                && paradigm[n_forms..][..n_forms].iter().all(|id| self.tags.get(*id).is_some())
                && named(2, self.prefixes.len())
        };
        if self.paradigms.iter().all(is_whole) { Ok(()) } else { Err("paradigms: damaged".into()) }
    }

    /// The prefixes of paradigms with the endings of words that have them, longest number first.
    pub(super) fn endings(&self) -> impl Iterator<Item = (usize, &str, &Dawg)> {
        let endings = self.prefixes.iter().zip(&self.endings).enumerate().rev();
        endings.map(|(index, (prefix, endings))| (index, prefix.as_str(), endings))
    }

    /// The spellings of a word in the dictionary. Its `е` may stand for `ё`.
    pub(super) fn spellings(&self, word: &str) -> Vec<Spelling<Form>> {
        spellings(&self.words, word, form)
    }

    pub(super) fn tag(&self, form: Form) -> Option<Tag> {
        let paradigm = self.paradigms.get(usize::from(form.paradigm))?;
        let n_forms = paradigm.len() / 3;
        let index = usize::from(form.index);
        if index >= n_forms { None } else { self.tags.get(paradigm[n_forms + index]) }
    }

    /// The normal form of a word of this form: its first form's prefix and suffix on its stem.
    pub(super) fn normal_form(&self, form: Form, word: &str) -> Option<String> {
        if form.index == 0 {
            return Some(word.to_owned());
        }
        let paradigm = self.paradigms.get(usize::from(form.paradigm))?;
        let n_forms = paradigm.len() / 3;
        let affixes = |index: usize| {
            let prefix = &self.prefixes[usize::from(paradigm[2 * n_forms + index])];
            (prefix, &self.suffixes[usize::from(paradigm[index])])
        };
        let index = usize::from(form.index);
        let (prefix, suffix) = if index < n_forms { affixes(index) } else { return None };
        // Upstream cuts by length, not by content.
        let start = char_offset(word, prefix.chars().count());
        let n_stem = word.chars().count().saturating_sub(suffix.chars().count());
        let stem = word.get(start..char_offset(word, n_stem)).unwrap_or("");
        let (prefix, suffix) = affixes(0);
        Some(format!("{prefix}{stem}{suffix}"))
    }

    /// How often a word has its tags in the corpus, where it occurs there.
    pub(super) fn frequencies(&self, word: &str) -> Option<Frequencies<'_>> {
        let node = self.probabilities.follow(Dawg::ROOT, word.as_bytes())?;
        let node = self.probabilities.follow(node, b":")?;
        Some(Frequencies { dictionary: self, node })
    }
}

/// The tags of one word in the corpus.
#[derive(Debug)]
pub(super) struct Frequencies<'a> {
    dictionary: &'a Dictionary,
    node: Node,
}

impl Frequencies<'_> {
    /// How often the word has this tag, in millionths.
    pub(super) fn of(&self, tag: Tag) -> u32 {
        let tag = self.dictionary.tags.text(tag).as_bytes();
        self.dictionary.probabilities.number(self.node, tag).unwrap_or(0)
    }
}

fn char_offset(word: &str, n_chars: usize) -> usize {
    word.char_indices().nth(n_chars).map_or(word.len(), |(at, _)| at)
}

fn json<T: serde::de::DeserializeOwned>(bytes: &[u8], name: &str) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| format!("{name}: {error}"))
}

/// A count, and for each paradigm the count of its numbers and the numbers.
fn paradigms(bytes: &[u8]) -> Option<Vec<Vec<u16>>> {
    let (numbers, _) = bytes.as_chunks();
    let mut numbers = numbers.iter().copied().map(u16::from_le_bytes);
    let n_paradigms = numbers.next()?;
    let mut paradigm = || {
        let length = usize::from(numbers.next()?);
        let paradigm: Vec<u16> = numbers.by_ref().take(length).collect();
        (paradigm.len() == length && length % 3 == 0).then_some(paradigm)
    };
    (0..n_paradigms).map(|_| paradigm()).collect()
}

fn form(bytes: [u8; 4]) -> Form {
    let [paradigm @ .., high, low] = bytes;
    Form { paradigm: u16::from_be_bytes(paradigm), index: u16::from_be_bytes([high, low]) }
}

/// A count and a form.
pub(super) fn counted_form(bytes: [u8; 8]) -> (u32, Form) {
    let (halves, _) = bytes.as_chunks();
    (u32::from_be_bytes(halves[0]), form(halves[1]))
}

/// The keys of a graph that equal `word` once some `е` are read as `ё`: first the word itself,
/// then those that differ, by the place of their first difference.
pub(super) fn spellings<T, const N: usize>(
    dawg: &Dawg,
    word: &str,
    read: fn([u8; N]) -> T,
) -> Vec<Spelling<T>> {
    let mut found = Vec::new();
    walk(dawg, Dawg::ROOT, "", word, &mut |text, node| {
        let forms: Vec<T> = dawg.payloads(node).into_iter().map(read).collect();
        if !forms.is_empty() {
            found.push(Spelling { text, forms });
        }
    });
    found
}

fn walk(dawg: &Dawg, node: Node, before: &str, rest: &str, found: &mut impl FnMut(String, Node)) {
    if let Some(end) = dawg.follow(node, rest.as_bytes()) {
        found(format!("{before}{rest}"), end);
    }
    let mut node = node;
    let mut walked = 0;
    for (at, _) in rest.match_indices('е') {
        let Some(here) = dawg.follow(node, &rest.as_bytes()[walked..at]) else { return };
        (node, walked) = (here, at);
        if let Some(changed) = dawg.follow(node, "ё".as_bytes()) {
            let before = format!("{before}{}ё", &rest[..at]);
            walk(dawg, changed, &before, &rest[at + 'е'.len_utf8()..], found);
        }
    }
}
