//! Grammatical tags of the dictionary.
//!
//! Source: pymorphy3 2.0.6, `pymorphy3/tagset.py`.

use std::collections::HashMap;

/// A tag, by its number in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Tag(u16);

/// What the analysis asks of a tag.
#[derive(Debug)]
struct Grammar {
    text: Box<str>,
    /// Bits of [`FEATURES`].
    features: u64,
    is_productive: bool,
    is_word: bool,
}

/// Every tag.
#[derive(Debug)]
pub(super) struct Tags {
    table: Vec<Grammar>,
    pub(super) adverb: Tag,
    pub(super) initials: Vec<Tag>,
    pub(super) other: Tag,
}

const PARTS_OF_SPEECH: [&str; 17] = [
    "NOUN", "ADJF", "ADJS", "COMP", "VERB", "INFN", "PRTF", "PRTS", "GRND", "NUMR", "ADVB", "NPRO",
    "PRED", "PREP", "CONJ", "PRCL", "INTJ",
];

/// Numbers, cases, persons and tenses, by which two halves of a word agree.
const FEATURES: [&str; 20] = [
    "sing", "plur", "nomn", "gent", "datv", "accs", "ablt", "loct", "voct", "gen1", "gen2", "acc2",
    "loc1", "loc2", "1per", "2per", "3per", "pres", "past", "futr",
];

/// Cases that count as others when halves are compared.
const SAME_FEATURE: [(&str, &str); 2] = [("gen1", "gent"), ("loc1", "loct")];

/// Grammemes of closed classes: unknown words are never formed like these.
const CLOSED: [&str; 8] = ["NUMR", "NPRO", "PRED", "PREP", "CONJ", "PRCL", "INTJ", "Apro"];

impl Grammar {
    fn new(text: &str) -> Self {
        let grammemes = || text.split([',', ' ']);
        let feature = |grammeme: &str| {
            let same = SAME_FEATURE.iter().find(|(from, _)| *from == grammeme);
            let grammeme = same.map_or(grammeme, |(_, to)| *to);
            let mut features = FEATURES.iter().chain(&PARTS_OF_SPEECH);
            features.position(|feature| *feature == grammeme).map_or(0, |bit| 1_u64 << bit)
        };
        Self {
            text: text.into(),
            features: grammemes().map(feature).fold(0, |all, bit| all | bit),
            is_productive: !grammemes().any(|grammeme| CLOSED.contains(&grammeme)),
            is_word: grammemes().any(|grammeme| PARTS_OF_SPEECH.contains(&grammeme)),
        }
    }
}

impl Tags {
    /// The dictionary's tags in their order, then those that only the analysis gives.
    pub(super) fn new(texts: &[String]) -> Result<Self, String> {
        let mut table: Vec<Grammar> = texts.iter().map(|text| Grammar::new(text)).collect();
        let mut numbers: HashMap<String, Tag> = HashMap::new();
        for (index, text) in texts.iter().enumerate() {
            let number = u16::try_from(index).map_err(|_| "there are too many tags")?;
            numbers.entry(text.clone()).or_insert(Tag(number));
        }
        let mut tag = |text: &str| -> Result<Tag, String> {
            if let Some(tag) = numbers.get(text) {
                return Ok(*tag);
            }
            let number = u16::try_from(table.len()).map_err(|_| "there are too many tags")?;
            table.push(Grammar::new(text));
            Ok(Tag(number))
        };
        let adverb = tag("ADVB")?;
        let other = tag("UNKN")?;
        let mut initials = Vec::new();
        for kind in ["Name", "Patr"] {
            for gender in ["masc", "femn"] {
                for case in ["nomn", "gent", "datv", "accs", "ablt", "loct"] {
                    let text = format!("NOUN,anim,{gender},Sgtm,{kind},Fixd,Abbr,Init sing,{case}");
                    initials.push(tag(&text)?);
                }
            }
        }
        Ok(Self { table, adverb, initials, other })
    }

    /// The tag with this number in the dictionary.
    pub(super) fn get(&self, number: u16) -> Option<Tag> {
        self.table.get(usize::from(number)).map(|_| Tag(number))
    }

    fn grammar(&self, tag: Tag) -> &Grammar {
        &self.table[usize::from(tag.0)]
    }

    pub(super) fn text(&self, tag: Tag) -> &str {
        &self.grammar(tag).text
    }

    /// New words can be formed like those of this tag.
    pub(super) fn is_productive(&self, tag: Tag) -> bool {
        self.grammar(tag).is_productive
    }

    /// The tag names a part of speech.
    pub(super) fn is_word(&self, tag: Tag) -> bool {
        self.grammar(tag).is_word
    }

    /// Part of speech, number, case, person and tense are the same.
    pub(super) fn agree(&self, left: Tag, right: Tag) -> bool {
        self.grammar(left).features == self.grammar(right).features
    }

    /// A full adjective, singular, in the dative: what an adverb with `по-` is made of.
    pub(super) fn is_dative_adjective(&self, tag: Tag) -> bool {
        let text = self.text(tag);
        ["ADJF", "sing", "datv"].iter().all(|wanted| text.split([',', ' ']).any(|g| g == *wanted))
    }
}
