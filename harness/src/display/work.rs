//! Progress of preparations that take a minute or two.

use std::sync::Once;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Display, Mode};

/// How often a log is told of progress, from beginning to end.
const N_LINES: usize = 10;

/// Something that takes a while.
#[derive(Debug)]
pub(crate) struct Work {
    display: Display,
    what: String,
    bar: ProgressBar,
    announced: Once,
}

impl Work {
    pub(super) fn new(display: Display, what: &str) -> Self {
        let bar = match display.mode {
            Mode::Bars => ProgressBar::no_length(),
            Mode::Lines | Mode::Quiet => ProgressBar::hidden(),
        };
        Self { display, what: what.to_owned(), bar, announced: Once::new() }
    }

    /// It has been going on for so long.
    pub(crate) fn elapsed(&self, elapsed: Duration) {
        self.announce("{spinner} {msg}");
        self.bar.set_message(format!("{} ({} s)", self.what, elapsed.as_secs()));
    }

    /// So many items of all are done.
    pub(crate) fn count(&self, n_done: usize, n_items: usize) {
        self.announce("{msg} {wide_bar} {pos}/{len} {eta}");
        self.bar.set_message(self.what.clone());
        self.bar.set_length(n_items as u64);
        self.bar.set_position(n_done as u64);
        let tenth = |n_done: usize| n_done * N_LINES / n_items.max(1);
        let is_news = n_items > N_LINES && tenth(n_done) > tenth(n_done.saturating_sub(1));
        if self.display.mode == Mode::Lines && is_news {
            self.display.note(&format!("{n_done} of {n_items}"));
        }
    }

    /// Another part begins.
    pub(crate) fn say(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// It is done.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn announce(&self, template: &str) {
        self.announced.call_once(|| {
            let style = ProgressStyle::with_template(template).expect("the template is valid");
            self.bar.set_style(style);
            self.bar.enable_steady_tick(Duration::from_millis(200));
            if self.display.mode == Mode::Lines {
                self.display.note(&self.what);
            }
        });
    }
}
