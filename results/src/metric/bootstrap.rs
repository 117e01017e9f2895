//! Means of values that have no bounds, such as lengths.

use super::distribution::Tail;
use super::interval::{Estimate, Interval, ItemScore};
use super::random::SplitMix64;

/// Resamples of one interval.
const N_RESAMPLES: usize = 1000;

/// Items below which resampling says less than Student's distribution.
const N_ITEMS_LEAST: usize = 10;

/// Items above which skewness no longer matters to the interval of a mean.
const N_ITEMS_MOST: usize = 2000;

/// The seed of every resampling.
const SEED: u64 = 0x0062_6f6f_7473_7472;

/// The mean of item values without bounds, with an interval that treats items as the independent
/// units: a seeded studentised bootstrap (bootstrap-t: Efron and Tibshirani, "An Introduction to the
/// Bootstrap", 1993, section 12.5) for 10 to 2,000 items, which follows skewed values such as lengths;
/// Student's interval for fewer and for more. `None` for no items.
///
/// Measured coverage over 30 items: 94.8 % for normal values, 93.9 % for log-normal ones of σ = 0.5 and
/// 92.4 % of σ = 1, where so few values do not show the tail; over 100, 93.6 % (`tests/coverage.rs`).
pub fn values(items: &[ItemScore]) -> Option<Estimate> {
    let all: Vec<f64> = items.iter().map(|item| item.value).collect();
    let (value, stderr) = mean_and_stderr(&all)?;
    let ci95 = mean_interval(&all, Tail::OF_95)?;
    Some(Estimate {
        value,
        stderr,
        ci95,
        n_items: items.len(),
        n_samples: items.iter().map(|item| item.n_samples).sum(),
    })
}

/// The interval of a mean as [`values`] has it.
pub(crate) fn mean_interval(values: &[f64], tail: Tail) -> Option<Interval> {
    let (mean, stderr) = mean_and_stderr(values)?;
    let stderr = stderr.unwrap_or(0.0);
    let student = || {
        let half = if values.len() < 2 { 0.0 } else { tail.student(values.len() - 1) * stderr };
        Interval { low: mean - half, high: mean + half }
    };
    if !(N_ITEMS_LEAST..=N_ITEMS_MOST).contains(&values.len()) || stderr <= 0.0 {
        return Some(student());
    }
    let studentised = studentised(values, mean);
    // Resamples of one value only have no standard error; where they are many, nothing is gained.
    if studentised.len() < N_RESAMPLES / 2 {
        return Some(student());
    }
    let quantile = |p: f64| {
        let position = p * (studentised.len() - 1) as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let below = position.floor() as usize;
        let above = (below + 1).min(studentised.len() - 1);
        let share = position - below as f64;
        studentised[below] * (1.0 - share) + studentised[above] * share
    };
    let low = mean - quantile(1.0 - tail.probability()) * stderr;
    let high = mean - quantile(tail.probability()) * stderr;
    Some(Interval { low: low.min(mean), high: high.max(mean) })
}

/// How many standard errors the means of resamples are away from `mean`, in ascending order.
fn studentised(values: &[f64], mean: f64) -> Vec<f64> {
    let mut random = SplitMix64::new(SEED);
    let mut found = Vec::with_capacity(N_RESAMPLES);
    let mut drawn = vec![0.0; values.len()];
    for _ in 0..N_RESAMPLES {
        for value in &mut drawn {
            *value = values[random.below(values.len())];
        }
        if let Some((of_drawn, Some(stderr))) = mean_and_stderr(&drawn)
            && stderr > 0.0
        {
            found.push((of_drawn - mean) / stderr);
        }
    }
    found.sort_unstable_by(f64::total_cmp);
    found
}

/// `None` for no values; no standard error for one.
fn mean_and_stderr(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let stderr = (values.len() > 1).then(|| (squares / (n * (n - 1.0))).sqrt());
    (!values.is_empty()).then_some((mean, stderr))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[f64], expected: &str) {
        let items: Vec<ItemScore> =
            values.iter().map(|value| ItemScore { value: *value, n_samples: 2 }).collect();
        let shown = super::values(&items).map_or("none".to_owned(), |e| {
            format!("{:.2} [{:.2}, {:.2}] {}", e.value, e.ci95.low, e.ci95.high, e.n_samples)
        });
        assert_eq!(shown, expected);
    }

    #[test]
    fn few_values_have_students_interval() {
        // scipy 1.16: t.interval(.95, 3, loc=25, scale=sem([10, 20, 30, 40])).
        check(&[10.0, 20.0, 30.0, 40.0], "25.00 [4.46, 45.54] 8");
        check(&[7.0], "7.00 [7.00, 7.00] 2");
        check(&[7.0; 50], "7.00 [7.00, 7.00] 100");
        check(&[], "none");
    }

    #[test]
    fn skewed_values_have_a_skewed_interval() {
        let values: Vec<f64> = (0..40).map(|i| (f64::from(i) / 8.0).exp()).collect();
        let interval = mean_interval(&values, Tail::OF_95).expect("there are values");
        let mean = values.iter().sum::<f64>() / 40.0;
        assert!(interval.high - mean > 1.2 * (mean - interval.low), "{interval:?} around {mean}");
    }
}
