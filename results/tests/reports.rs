//! Every layout of a report, as a user sees it.

use results::metric::{Estimate, Interval};
use results::report::{Format, render};
use results::{Counts, Figure, Summary, Tokens};

fn figure(id: &str, name: &str, value: f64) -> Figure {
    let estimate = Estimate {
        value,
        stderr: Some(0.0625),
        ci95: Interval { low: value - 0.125, high: value + 0.125 },
        n_items: 25,
        n_samples: 99,
    };
    Figure { id: id.to_owned(), name: name.to_owned(), estimate }
}

/// A run from a partial source, with a failure, and a name that needs quoting.
fn summary() -> Summary {
    Summary {
        schema: "evalrun.summary/1".to_owned(),
        task: "made".to_owned(),
        task_version: 2,
        split: "test".to_owned(),
        model: "org/a|b, \"c\"".to_owned(),
        n_items: 25,
        n_items_full: 30,
        partial_source: Some("25 of 30 items (partial source)".to_owned()),
        n_samples: 4,
        seed: 7,
        complete: false,
        counts: Counts {
            planned: 100,
            correct: 50,
            incorrect: 40,
            unparsed: 5,
            truncated: 4,
            answered: 0,
            failed: 1,
            pending: 0,
        },
        metrics: vec![
            figure("pass_at_1", "pass@1[avg-of-3..4]", 0.5),
            figure("pass_at_2", "pass@2", 0.625),
            figure("cons_at_n", "cons@4", 0.75),
        ],
        disagreements: None,
        ratings: results::rating::Ratings::default(),
        letters: Vec::new(),
        avg_length: None,
        tokens: Tokens { prompt: 1000, completion: 20_000, n_unreported: 2, ..Tokens::default() },
        serving: None,
        wall_s: 3725.5,
        run_file: "results/made.db".to_owned(),
    }
}

fn check(name: &str, summaries: &[Summary], format: Format) {
    insta::assert_snapshot!(name, render(summaries, format));
}

#[test]
fn one_run() {
    check("one_table", &[summary()], Format::Table);
    check("one_json", &[summary()], Format::Json);
    check("one_markdown", &[summary()], Format::Markdown);
    check("one_csv", &[summary()], Format::Csv);
}

#[test]
fn a_run_without_verdicts_beside_another() {
    let counts = Counts { planned: 100, failed: 3, pending: 97, ..Counts::default() };
    let tokens = Tokens::default();
    let empty = Summary {
        counts,
        tokens,
        metrics: Vec::new(),
        partial_source: None,
        wall_s: 0.0,
        ..summary()
    };
    check("two_table", &[summary(), empty.clone()], Format::Table);
    check("two_csv", &[summary(), empty.clone()], Format::Csv);
    check("none_table", &[empty], Format::Table);
}

#[test]
fn json_comes_back_as_it_was() {
    let text = render(&[summary()], Format::Json);
    let back: Summary = serde_json::from_str(&text).expect("a summary");
    assert_eq!(back, summary());
}
