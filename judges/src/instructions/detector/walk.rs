//! The random walk over the n-grams of a text.

use super::features::ngrams;
use super::random::Random;
use super::tables::{LANGUAGES, N_LANGUAGES, Ngram};
use super::text::prepared;

/// Walks of which the mean counts.
const N_WALKS: usize = 7;
/// The smoothing of probabilities, and how much it differs between walks.
const SMOOTHING: f64 = 0.5;
const SMOOTHING_DEVIATION: f64 = 0.05;
const SMOOTHING_SCALE: f64 = 10_000.0;
/// A walk ends where a language is as probable as this, or after as many steps.
const CONVERGED: f64 = 0.99999;
const MOST_STEPS: usize = 1000;
/// Steps from one look at the probabilities to the next.
const N_STEPS_BETWEEN: usize = 5;
/// A language has to be more probable than this.
const THRESHOLD: f64 = 0.1;
/// What langdetect says where no language is.
const UNKNOWN: &str = "unknown";

/// The languages', and zeros up to a multiple of four.
type Probabilities = [[f64; N_LANES]; N_LANGUAGES.div_ceil(N_LANES)];

/// Probabilities are multiplied and compared this many at a time.
const N_LANES: usize = 4;

/// The code of the most probable language, or `None` where nothing in the text tells.
pub(crate) fn language(text: &str) -> Option<&'static str> {
    let probabilities = probabilities(&ngrams(&prepared(text)))?;
    let mut best = (UNKNOWN, THRESHOLD);
    for (code, probability) in LANGUAGES.iter().zip(probabilities.as_flattened()) {
        if *probability > best.1 {
            best = (code, *probability);
        }
    }
    Some(best.0)
}

fn probabilities(ngrams: &[Ngram]) -> Option<Probabilities> {
    if ngrams.is_empty() {
        return None;
    }
    let mut random = Random::new();
    let mut mean = Probabilities::default();
    for _ in 0..N_WALKS {
        let walked = walk(ngrams, &mut random)?;
        for (mean, probability) in mean.as_flattened_mut().iter_mut().zip(walked.as_flattened()) {
            *mean += probability / N_WALKS as f64;
        }
    }
    Some(mean)
}

/// One walk. `None` stands for upstream's division by zero.
fn walk(ngrams: &[Ngram], random: &mut Random) -> Option<Probabilities> {
    let weight = (SMOOTHING + random.gauss() * SMOOTHING_DEVIATION) / SMOOTHING_SCALE;
    let mut walked = Probabilities::default();
    walked.as_flattened_mut()[..N_LANGUAGES].fill(1.0 / N_LANGUAGES as f64);
    for step in 0.. {
        let mut factors: Probabilities = [[weight; N_LANES]; N_LANGUAGES.div_ceil(N_LANES)];
        for (language, probability) in ngrams[random.below(ngrams.len())].probabilities() {
            factors.as_flattened_mut()[language] += probability;
        }
        let factors = factors.as_flattened();
        for (probability, factor) in walked.as_flattened_mut().iter_mut().zip(factors) {
            *probability *= factor;
        }
        if step % N_STEPS_BETWEEN == 0 {
            let highest = normalise(&mut walked)?;
            if highest > CONVERGED || step >= MOST_STEPS {
                break;
            }
        }
    }
    Some(walked)
}

/// Brings the sum to one, and returns the highest. The sum is taken from left to right, as `sum`
/// does up to `CPython` 3.11.
fn normalise(probabilities: &mut Probabilities) -> Option<f64> {
    let total: f64 = probabilities.as_flattened().iter().sum();
    if total == 0.0 {
        return None;
    }
    let mut highest = [0.0_f64; N_LANES];
    for lanes in probabilities {
        for (probability, highest) in lanes.iter_mut().zip(&mut highest) {
            *probability /= total;
            *highest = if *probability > *highest { *probability } else { *highest };
        }
    }
    Some(highest.into_iter().fold(0.0, f64::max))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use ::langdetect::{Compat, DetectorFactory, Seed};
    use proptest::prelude::*;

    use super::*;

    static FACTORY: LazyLock<DetectorFactory> = LazyLock::new(|| {
        let mut factory = DetectorFactory::new(Compat::python(11));
        factory.load_builtin(&DetectorFactory::builtin_files()).expect("the profiles load");
        factory.seed = Seed::Int(0);
        factory
    });

    /// The crate's probabilities, to the bit.
    fn check(text: &str) {
        let mut detector = FACTORY.create().expect("there are profiles");
        detector.append(text);
        let expected = detector.langprob().ok().map(<[f64]>::to_vec);
        let found = probabilities(&ngrams(&prepared(text)));
        let found = found.map(|found| found.as_flattened()[..N_LANGUAGES].to_vec());
        assert_eq!(found, expected, "{text:?}");
        assert_eq!(language(text).map(str::to_owned), FACTORY.detect(text).ok(), "{text:?}");
    }

    #[test]
    fn languages_are_langdetects() {
        check("Otec matka syn.");
        check("This is an English text, IN CAPITALS TOO, with 12 numbers.");
        check("ТЕКСТ НА РУССКОМ языке and some Latin");
        check("日本語のテキストです。한국어 텍스트. ไทย \u{10400}A\u{10428}B");
        check("Tiếng Việt a\u{301} e\u{309}");
        check("123 ...");
        check("");
    }

    proptest! {
        #[test]
        fn any_text_has_langdetects_probabilities(text in "(\\PC|[a-zA-Z ]{1,9}|[а-яА-Яёäöüßéğıșț ]{1,9}){0,20}") {
            check(&text);
        }
    }
}
