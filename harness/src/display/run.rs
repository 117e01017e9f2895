//! Progress of a run.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::{Display, Mode};
use crate::engine::Event;

/// How often a line is printed where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// How often a repeated request is mentioned; the others of that time are counted.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Follows the events of one run.
#[derive(Debug)]
pub(crate) struct RunDisplay {
    display: Display,
    title: String,
    bar: Option<ProgressBar>,
    started: Instant,
    last_line: Instant,
    n_planned: u64,
    n_graded: u64,
    n_before: u64,
    n_correct: u64,
    n_failed: u64,
    n_tokens: u64,
    has_right_answers: bool,
    last_retry: Option<Instant>,
    n_unmentioned: u64,
}

impl RunDisplay {
    pub(super) fn new(display: Display, title: &str) -> Self {
        let now = Instant::now();
        Self {
            display,
            title: title.to_owned(),
            bar: None,
            started: now,
            last_line: now,
            n_planned: 0,
            n_graded: 0,
            n_before: 0,
            n_correct: 0,
            n_failed: 0,
            n_tokens: 0,
            has_right_answers: true,
            last_retry: None,
            n_unmentioned: 0,
        }
    }

    /// For tasks whose answers are neither right nor wrong.
    pub(crate) fn without_correct(self) -> Self {
        Self { has_right_answers: false, ..self }
    }

    /// Shows one event.
    pub(crate) fn show(&mut self, event: &Event) {
        match event {
            Event::Started { n_planned, n_graded, n_correct } => {
                (self.n_planned, self.n_graded, self.n_correct) =
                    (*n_planned, *n_graded, *n_correct);
                self.n_before = self.n_graded;
                self.start_bar();
            }
            Event::Stored { is_correct } => {
                self.n_graded += 1;
                self.n_correct += u64::from(*is_correct);
                self.refresh();
            }
            Event::Failed { item, sample_idx, reason } => {
                self.n_failed += 1;
                self.say(&format!("{item} sample {sample_idx} failed: {reason}"));
                self.refresh();
            }
            Event::Retrying { item, sample_idx, cause: _, reason, wait_ms } => {
                self.mention_retry(&format!("{item} sample {sample_idx}: {reason}"), *wait_ms);
            }
            Event::Hedged(_) => (),
            Event::Remarked(text) => self.say(text),
            Event::Tick { n_tokens } => {
                self.n_tokens = *n_tokens;
                self.refresh();
            }
            Event::Ended => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
            }
        }
    }

    /// One line a second at most, however many requests are repeated.
    fn mention_retry(&mut self, what: &str, wait_ms: u64) {
        if self.last_retry.is_some_and(|at| at.elapsed() < RETRY_INTERVAL) {
            self.n_unmentioned += 1;
            return;
        }
        let others = match std::mem::take(&mut self.n_unmentioned) {
            0 => String::new(),
            n => format!(" (and {n} more before it)"),
        };
        self.last_retry = Some(Instant::now());
        let seconds = wait_ms as f64 / 1000.0;
        self.say(&format!("{what}; trying again in {seconds:.1} s{others}"));
    }

    fn start_bar(&mut self) {
        if self.display.mode != Mode::Bars {
            self.display.chat(&self.line());
            return;
        }
        let style = "{prefix} {wide_bar} {pos}/{len} · {msg}";
        let style = ProgressStyle::with_template(style).expect("the template is valid");
        let bar =
            ProgressBar::new(self.n_planned).with_style(style).with_prefix(self.title.clone());
        bar.set_position(self.n_graded);
        bar.enable_steady_tick(Duration::from_millis(250));
        self.bar = Some(bar);
    }

    fn refresh(&mut self) {
        if let Some(bar) = &self.bar {
            bar.set_position(self.n_graded);
            bar.set_message(self.figures());
        } else if self.last_line.elapsed() >= LINE_INTERVAL {
            self.last_line = Instant::now();
            self.display.chat(&self.line());
        }
    }

    fn line(&self) -> String {
        format!("{}: {}/{} · {}", self.title, self.n_graded, self.n_planned, self.figures())
    }

    /// Correct so far, failures, speed and time left.
    fn figures(&self) -> String {
        let elapsed = self.started.elapsed().as_secs_f64();
        let mut parts = if self.has_right_answers {
            vec![format!("{} correct", self.n_correct)]
        } else {
            vec![format!("{} answered", self.n_graded)]
        };
        if self.n_failed > 0 {
            parts.push(format!("{} failed", self.n_failed));
        }
        if elapsed > 1.0 && self.n_tokens > 0 {
            parts.push(format!("{:.0} tokens/s", self.n_tokens as f64 / elapsed));
        }
        let n_new = self.n_graded - self.n_before;
        if n_new > 0 && self.n_graded < self.n_planned {
            let left = elapsed / n_new as f64 * (self.n_planned - self.n_graded) as f64;
            parts.push(format!("{} left", results::report::duration(left)));
        }
        parts.join(" · ")
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(format!("evalrun: {text}")),
            None => self.display.chat(text),
        }
    }
}
