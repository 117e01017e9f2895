//! Multiple-choice questions with four options: in which order the options are shown, how they are
//! asked, and which letters earn credit.

mod displayed;
mod extractor;
mod letter;
mod prompt_format;
mod python_random;
mod shuffle;

pub use displayed::{ChoiceQuestion, Displayed};
pub use extractor::ChoiceExtractor;
pub use letter::Letter;
pub use prompt_format::PromptFormat;
pub use python_random::PythonRandom;
pub use shuffle::{Permutation, Permutations, ShuffleProtocol, draw_orders};
