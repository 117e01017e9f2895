//! Estimators against reference values of scipy, statsmodels and plain counting, which
//! `tests/peers/statistics` made.

use results::compare::{Pair, Shape, Spread, significance};
use results::metric::{
    Estimate, Interval, ItemScore, Tail, average_by_items, clustered, macro_average,
    majority_curve, pass_at_k_of_item, values,
};
use serde_json::Value;
use tasks::ItemId;

const VECTORS: &str = include_str!("../fixtures/statistics/vectors.json");

/// The rows of one kind.
fn rows(kind: &str) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let rows = vectors[kind].as_array().unwrap().clone();
    assert!(!rows.is_empty(), "{kind}");
    rows
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("{key} in {row}"))
}

fn count(row: &Value, key: &str) -> usize {
    usize::try_from(row[key].as_u64().unwrap_or_else(|| panic!("{key} in {row}"))).unwrap()
}

fn numbers(row: &Value, key: &str) -> Vec<f64> {
    row[key].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// Equal to `digits` digits after the point.
fn check(found: f64, row: &Value, key: &str, digits: i32) {
    let expected = number(row, key);
    assert!((found - expected).abs() < 0.1_f64.powi(digits), "{key}: {found} beside {row}");
}

fn check_interval(found: Interval, row: &Value, digits: i32) {
    check(found.low, row, "low", digits);
    check(found.high, row, "high", digits);
}

/// `n` items of which the first `k` are right.
fn single_samples(n: usize, k: usize) -> Vec<ItemScore> {
    let value = |idx| if idx < k { 1.0 } else { 0.0 };
    (0..n).map(|idx| ItemScore { value: value(idx), n_samples: 1 }).collect()
}

#[test]
fn means_have_the_intervals_of_statsmodels() {
    for row in rows("wilson") {
        let found = clustered(&single_samples(count(&row, "n"), count(&row, "k"))).unwrap();
        check_interval(found.ci95, &row, 9);
    }
    for row in rows("clustered") {
        let n_samples = count(&row, "n_samples");
        let score = |hits: &f64| ItemScore { value: hits / n_samples as f64, n_samples };
        let items: Vec<ItemScore> = numbers(&row, "hits").iter().map(score).collect();
        let found = clustered(&items).unwrap();
        check(found.value, &row, "mean", 12);
        check(found.stderr.unwrap(), &row, "stderr", 9);
        check_interval(found.ci95, &row, 7);
    }
}

#[test]
fn expectations_over_subsets_are_those_of_counting() {
    for row in rows("pass_at_k") {
        let found = pass_at_k_of_item(count(&row, "n"), count(&row, "c"), count(&row, "k"));
        check(found.unwrap(), &row, "value", 12);
    }
    for row in rows("cons_at_k") {
        let letters: Vec<String> =
            row["votes"].as_str().unwrap().chars().map(String::from).collect();
        let is_correct = |l: &String| matches!(l.as_str(), "a" | "A");
        let votes: Vec<(Option<&str>, bool)> =
            letters.iter().map(|l| ((l != "-").then_some(l.as_str()), is_correct(l))).collect();
        let expected = numbers(&row, "values");
        let found = majority_curve(&votes);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-12, "{found} instead of {expected}: {row}");
        }
    }
}

fn pairs(differences: &[(f64, f64)], n_samples: usize) -> Vec<Pair> {
    let score = |value: f64| ItemScore { value, n_samples };
    let pair =
        |(a, b): &(f64, f64)| Pair { item: ItemId("i".to_owned()), a: score(*a), b: score(*b) };
    differences.iter().map(pair).collect()
}

/// Pairs of single samples: so many up, down and the same.
fn table(up: usize, down: usize, same: usize) -> Vec<Pair> {
    let cells = [((0.0, 1.0), up), ((1.0, 0.0), down), ((1.0, 1.0), same)];
    let scores = cells.into_iter().flat_map(|(cell, n)| std::iter::repeat_n(cell, n));
    pairs(&scores.collect::<Vec<_>>(), 1)
}

#[test]
fn tests_have_the_p_values_of_scipy_and_statsmodels() {
    for row in rows("mcnemar") {
        let found = table(count(&row, "up"), count(&row, "down"), count(&row, "same"));
        let found = significance(&found, Shape::Shares);
        check(found.p, &row, "p", 9);
        check(found.p_down, &row, "p_down", 9);
    }
    for row in rows("sign") {
        let scores: Vec<(f64, f64)> = numbers(&row, "d").iter().map(|d| (0.0, *d)).collect();
        check(significance(&pairs(&scores, 1), Shape::Values).p, &row, "p", 9);
    }
    for row in rows("permutation") {
        let n_samples = count(&row, "n_samples");
        let share = |hits: f64| hits / n_samples as f64;
        let scores = numbers(&row, "a").into_iter().zip(numbers(&row, "b"));
        let scores: Vec<(f64, f64)> = scores.map(|(a, b)| (share(a), share(b))).collect();
        let found = significance(&pairs(&scores, n_samples), Shape::Shares);
        check(found.p_down, &row, "p_down", 9);
        check(found.p_up, &row, "p_up", 9);
    }
}

#[test]
fn differences_have_the_interval_of_agresti_and_min() {
    for row in rows("agresti_min") {
        let (up, down) = (count(&row, "up"), count(&row, "down"));
        let pairs = table(up, down, count(&row, "n") - up - down);
        let differences: Vec<f64> = pairs.iter().map(Pair::difference).collect();
        let found = Spread::new(&differences, Shape::Shares).unwrap();
        check_interval(found.interval(Tail::OF_95), &row, 9);
        // With few items an exact test needs more than the standard error says.
        let least = found.detectable(Tail::OF_95);
        assert!(least >= number(&row, "detectable_by_error") - 1e-9, "{least} beside {row}");
        if count(&row, "n") > 100 {
            check(least, &row, "detectable_by_error", 6);
        }
    }
}

#[test]
fn quantiles_are_those_of_scipy() {
    for row in rows("student") {
        // The inverse is found by iteration, and quantiles in the tail of one degree are large.
        let found = Tail::one_sided(1.0 - number(&row, "tail")).student(count(&row, "df"));
        assert!((found / number(&row, "value") - 1.0).abs() < 1e-7, "{found} beside {row}");
    }
    for row in rows("normal") {
        check(Tail::one_sided(1.0 - number(&row, "tail")).normal(), &row, "value", 7);
    }
}

#[test]
fn the_bootstrap_comes_near_one_of_many_more_resamples() {
    for row in rows("bootstrap") {
        let items: Vec<ItemScore> =
            numbers(&row, "x").into_iter().map(|value| ItemScore { value, n_samples: 1 }).collect();
        let found = values(&items).unwrap();
        check(found.value, &row, "mean", 9);
        check(found.stderr.unwrap(), &row, "stderr", 9);
        let width = number(&row, "high") - number(&row, "low");
        for (found, key) in [(found.ci95.low, "low"), (found.ci95.high, "high")] {
            assert!((found - number(&row, key)).abs() < 0.1 * width, "{key}: {found} beside {row}");
        }
    }
}

#[test]
fn aggregates_are_those_of_numpy() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let parts = vectors["aggregate"]["parts"].as_array().unwrap();
    let estimate = |part: &Value| {
        let of = |idx: usize| part[idx].as_f64().unwrap();
        let n_items = usize::try_from(part[4].as_u64().unwrap()).unwrap();
        let ci95 = Interval { low: of(2), high: of(3) };
        Estimate { value: of(0), stderr: Some(of(1)), ci95, n_items, n_samples: n_items }
    };
    let parts: Vec<Estimate> = parts.iter().map(estimate).collect();
    for row in vectors["aggregate"]["rows"].as_array().unwrap() {
        let found = match row["name"].as_str().unwrap() {
            "macro" => macro_average(&parts),
            _ => average_by_items(&parts),
        };
        let found = found.unwrap();
        check(found.value, row, "value", 12);
        check(found.stderr.unwrap(), row, "stderr", 12);
        check_interval(found.ci95, row, 12);
    }
}
