//! Every reading of a word, most probable first.
//!
//! Source: pymorphy3 2.0.6, `pymorphy3/analyzer.py`, `units/*.py` and `lang/ru/config.py`. The
//! chain of analysers ends with the first group that finds a reading.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::dictionary::{Dictionary, counted_form, spellings};
use super::shapes::is_its_own_lemma;
use super::tags::Tag;

/// Readings within readings (a word behind a prefix, half of a compound) go this deep. No word of
/// the language needs more; upstream has no limit but its stack.
const MAX_DEPTH: usize = 24;

/// Particles that follow a hyphen.
const PARTICLES: [&str; 8] = ["-то", "-ка", "-таки", "-де", "-тко", "-тка", "-с", "-ста"];

/// The shortest word behind a known prefix, and behind an unknown one.
const MIN_REMAINDER: usize = 3;
/// The longest unknown prefix.
const MAX_UNKNOWN_PREFIX: usize = 5;
/// The shortest word read by its ending.
const MIN_PREDICTED: usize = 4;
/// The shortest adverb with `по-`.
const MIN_ADVERB: usize = 5;

/// Prefixes that leave the reading of a word as it is.
const PREFIXES: [&str; 144] = [
    "авиа",
    "авто",
    "аква",
    "анти",
    "анти-",
    "антропо",
    "архи",
    "арт",
    "арт-",
    "астро",
    "аудио",
    "аэро",
    "без",
    "бес",
    "био",
    "вело",
    "взаимо",
    "вне",
    "внутри",
    "видео",
    "вице-",
    "вперед",
    "впереди",
    "гекто",
    "гелио",
    "гео",
    "гетеро",
    "гига",
    "гигро",
    "гипер",
    "гипо",
    "гомо",
    "дву",
    "двух",
    "де",
    "дез",
    "дека",
    "деци",
    "дис",
    "до",
    "евро",
    "за",
    "зоо",
    "интер",
    "инфра",
    "квази",
    "квази-",
    "кило",
    "кино",
    "контр",
    "контр-",
    "космо",
    "космо-",
    "крипто",
    "лейб-",
    "лже",
    "лже-",
    "макро",
    "макси",
    "макси-",
    "мало",
    "меж",
    "медиа",
    "медиа-",
    "мега",
    "мета",
    "мета-",
    "метео",
    "метро",
    "микро",
    "милли",
    "мини",
    "мини-",
    "моно",
    "мото",
    "много",
    "мульти",
    "нано",
    "нарко",
    "не",
    "небез",
    "недо",
    "нейро",
    "нео",
    "низко",
    "обер-",
    "обще",
    "одно",
    "около",
    "орто",
    "палео",
    "пан",
    "пара",
    "пента",
    "пере",
    "пиро",
    "поли",
    "полу",
    "после",
    "пост",
    "пост-",
    "порно",
    "пра",
    "пра-",
    "пред",
    "пресс-",
    "противо",
    "противо-",
    "прото",
    "псевдо",
    "псевдо-",
    "радио",
    "разно",
    "ре",
    "ретро",
    "ретро-",
    "само",
    "санти",
    "сверх",
    "сверх-",
    "спец",
    "суб",
    "супер",
    "супер-",
    "супра",
    "теле",
    "тетра",
    "топ-",
    "транс",
    "транс-",
    "ультра",
    "унтер-",
    "штаб-",
    "экзо",
    "эко",
    "эндо",
    "эконом-",
    "экс",
    "экс-",
    "экстра",
    "экстра-",
    "электро",
    "энерго",
    "этно",
];

/// One reading of a word.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    word: Rc<str>,
    tag: Tag,
    pub(super) normal_form: String,
    /// The paradigm, where the reading comes from one.
    paradigm: Option<u16>,
}

/// Readings that an analysis has given already.
type Seen = HashSet<(Rc<str>, Tag, Option<u16>)>;

/// Analyses words, remembering the parts they share.
#[derive(Debug)]
pub(super) struct Analyser<'a> {
    dictionary: &'a Dictionary,
    known: HashMap<String, Rc<Vec<Reading>>>,
}

impl<'a> Analyser<'a> {
    pub(super) fn new(dictionary: &'a Dictionary) -> Self {
        Self { dictionary, known: HashMap::new() }
    }

    /// The readings of a token.
    pub(super) fn readings(&mut self, token: &str) -> Rc<Vec<Reading>> {
        self.known.clear();
        self.parse(token, 0)
    }

    fn parse(&mut self, token: &str, depth: usize) -> Rc<Vec<Reading>> {
        if let Some(readings) = self.known.get(token) {
            return Rc::clone(readings);
        }
        let word = token.to_lowercase();
        let mut readings = self.chain(token, &word, depth);
        if let Some(frequencies) = self.dictionary.frequencies(&word) {
            let frequency = |reading: &Reading| frequencies.of(reading.tag);
            readings.sort_by_cached_key(|reading| std::cmp::Reverse(frequency(reading)));
        }
        let readings = Rc::new(readings);
        self.known.insert(token.to_owned(), Rc::clone(&readings));
        readings
    }

    fn chain(&mut self, token: &str, word: &str, depth: usize) -> Vec<Reading> {
        let mut readings = self.in_dictionary(word);
        readings.extend(self.initials(token, word));
        if !readings.is_empty() {
            return readings;
        }
        let itself = |tag| {
            vec![Reading { word: word.into(), tag, normal_form: word.into(), paradigm: None }]
        };
        if is_its_own_lemma(token) {
            return itself(self.dictionary.tags.other);
        }
        let mut seen = Seen::new();
        if depth < MAX_DEPTH {
            readings = self.with_particle(word, depth);
            if readings.is_empty() && self.is_hyphenated_adverb(word, depth) {
                return itself(self.dictionary.tags.adverb);
            }
            if readings.is_empty() {
                readings = self.compound(word, depth);
            }
            if readings.is_empty() {
                readings = self.with_known_prefix(word, depth, &mut seen);
            }
        }
        if readings.is_empty() {
            readings = self.with_unknown_prefix(word, &mut seen);
            readings.extend(self.by_ending(word, &mut seen));
        }
        if readings.is_empty() { itself(self.dictionary.tags.other) } else { readings }
    }

    fn in_dictionary(&self, word: &str) -> Vec<Reading> {
        let mut readings = Vec::new();
        for spelling in self.dictionary.spellings(word) {
            let word: Rc<str> = spelling.text.as_str().into();
            for form in spelling.forms {
                let normal_form = self.dictionary.normal_form(form, &spelling.text);
                if let (Some(tag), Some(normal_form)) = (self.dictionary.tag(form), normal_form) {
                    let word = Rc::clone(&word);
                    let paradigm = Some(form.paradigm);
                    readings.push(Reading { word, tag, normal_form, paradigm });
                }
            }
        }
        readings
    }

    /// A single capital may abbreviate a name.
    fn initials(&self, token: &str, word: &str) -> Vec<Reading> {
        let mut chars = token.chars();
        let is_initial = chars
            .next()
            .is_some_and(|c| matches!(c, 'А'..='Я' | 'Ё') && !matches!(c, 'Ъ' | 'Ы' | 'Ь'));
        if !is_initial || chars.next().is_some() {
            return Vec::new();
        }
        let reading = |tag: &Tag| Reading {
            word: word.into(),
            tag: *tag,
            normal_form: word.into(),
            paradigm: None,
        };
        self.dictionary.tags.initials.iter().map(reading).collect()
    }

    /// `смотри-ка` is `смотри` and `-ка`.
    fn with_particle(&mut self, word: &str, depth: usize) -> Vec<Reading> {
        let mut splits = PARTICLES.iter().filter_map(|particle| {
            word.strip_suffix(particle).filter(|rest| !rest.is_empty()).map(|rest| (rest, particle))
        });
        let Some((rest, particle)) = splits.next() else { return Vec::new() };
        let mut seen = Seen::new();
        let readings = self.parse(rest, depth + 1);
        let with_particle = readings.iter().map(|reading| Reading {
            word: format!("{}{particle}", reading.word).into(),
            tag: reading.tag,
            normal_form: format!("{}{particle}", reading.normal_form),
            paradigm: reading.paradigm,
        });
        with_particle.filter(|reading| is_new(reading, &mut seen)).collect()
    }

    /// `по-западному`: an adjective in the dative behind `по-`.
    fn is_hyphenated_adverb(&mut self, word: &str, depth: usize) -> bool {
        let Some(rest) = word.strip_prefix("по-") else { return false };
        if word.chars().count() < MIN_ADVERB {
            return false;
        }
        let readings = self.parse(rest, depth + 1);
        readings.iter().any(|reading| self.dictionary.tags.is_dative_adjective(reading.tag))
    }

    /// Two words joined by one hyphen: both change, or only the second.
    fn compound(&mut self, word: &str, depth: usize) -> Vec<Reading> {
        let Some((left, right)) = word.split_once('-') else { return Vec::new() };
        let has_prefix = PREFIXES.iter().any(|prefix| word.starts_with(prefix));
        if left.is_empty() || right.is_empty() || right.contains('-') || has_prefix {
            return Vec::new();
        }
        let left_readings = self.parse(left, depth + 1);
        let right_readings = self.parse(right, depth + 1);
        let tags = &self.dictionary.tags;
        let mut readings = Vec::new();
        for first in left_readings.iter().filter(|reading| tags.is_word(reading.tag)) {
            for second in right_readings.iter().filter(|second| tags.agree(first.tag, second.tag)) {
                readings.push(Reading {
                    word: format!("{}-{}", first.word, second.word).into(),
                    tag: first.tag,
                    normal_form: format!("{}-{}", first.normal_form, second.normal_form),
                    paradigm: None,
                });
            }
        }
        for second in right_readings.iter().filter(|reading| tags.is_word(reading.tag)) {
            readings.push(Reading {
                word: format!("{left}-{}", second.word).into(),
                tag: second.tag,
                normal_form: format!("{left}-{}", second.normal_form),
                paradigm: None,
            });
        }
        readings
    }

    fn with_known_prefix(&mut self, word: &str, depth: usize, seen: &mut Seen) -> Vec<Reading> {
        let mut prefixes: Vec<&str> =
            PREFIXES.into_iter().filter(|prefix| word.starts_with(prefix)).collect();
        prefixes.sort_by_key(|prefix| std::cmp::Reverse(prefix.len()));
        let mut found = Vec::new();
        for prefix in prefixes {
            let rest = &word[prefix.len()..];
            if rest.chars().count() >= MIN_REMAINDER {
                let readings = self.parse(rest, depth + 1);
                found.extend(self.prefixed(prefix, &readings, seen));
            }
        }
        found
    }

    fn with_unknown_prefix(&self, word: &str, seen: &mut Seen) -> Vec<Reading> {
        let n_chars = word.chars().count();
        let longest = MAX_UNKNOWN_PREFIX.min(n_chars.saturating_sub(MIN_REMAINDER));
        let splits = word.char_indices().skip(1).take(longest);
        let mut found = Vec::new();
        for (at, _) in splits {
            let (prefix, rest) = word.split_at(at);
            found.extend(self.prefixed(prefix, &self.in_dictionary(rest), seen));
        }
        found
    }

    /// The readings with a prefix before them, of words that take one.
    fn prefixed(&self, prefix: &str, readings: &[Reading], seen: &mut Seen) -> Vec<Reading> {
        let productive =
            readings.iter().filter(|reading| self.dictionary.tags.is_productive(reading.tag));
        let prefixed = productive.map(|reading| Reading {
            word: format!("{prefix}{}", reading.word).into(),
            tag: reading.tag,
            normal_form: format!("{prefix}{}", reading.normal_form),
            paradigm: reading.paradigm,
        });
        prefixed.filter(|reading| is_new(reading, seen)).collect()
    }

    /// Reads the word as known words with its longest known ending are read.
    fn by_ending(&self, word: &str, seen: &mut Seen) -> Vec<Reading> {
        let places: Vec<usize> =
            word.char_indices().map(|(at, _)| at).chain([word.len()]).collect();
        let n_chars = places.len() - 1;
        if n_chars < MIN_PREDICTED {
            return Vec::new();
        }
        let mut found: Vec<(f64, Reading)> = Vec::new();
        for (_, prefix, endings) in self.dictionary.endings() {
            if !word.starts_with(prefix) {
                continue;
            }
            // One more than the count: upstream's smoothing.
            let mut total = 1_u32;
            let start = found.len();
            for length in (1..=self.dictionary.max_ending).rev() {
                let (stem, ending) = word.split_at(places[n_chars.saturating_sub(length)]);
                for spelling in spellings(endings, ending, counted_form) {
                    let word: Rc<str> = format!("{stem}{}", spelling.text).into();
                    for (count, form) in spelling.forms {
                        let Some(tag) = self.dictionary.tag(form) else { continue };
                        if !self.dictionary.tags.is_productive(tag) {
                            continue;
                        }
                        total = total.saturating_add(count);
                        let Some(normal_form) = self.dictionary.normal_form(form, &word) else {
                            continue;
                        };
                        let paradigm = Some(form.paradigm);
                        let reading =
                            Reading { word: Rc::clone(&word), tag, normal_form, paradigm };
                        if is_new(&reading, seen) {
                            found.push((f64::from(count), reading));
                        }
                    }
                }
                if total > 1 {
                    break;
                }
            }
            found[start..].iter_mut().for_each(|(score, _)| *score /= f64::from(total));
        }
        found.sort_by(|(left, _), (right, _)| right.total_cmp(left));
        found.into_iter().map(|(_, reading)| reading).collect()
    }
}

fn is_new(reading: &Reading, seen: &mut Seen) -> bool {
    seen.insert((Rc::clone(&reading.word), reading.tag, reading.paradigm))
}
