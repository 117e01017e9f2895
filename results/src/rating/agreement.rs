//! Agreement of judges, and correlation with length.

/// Krippendorff's alpha with the interval metric (Krippendorff, "Computing Krippendorff's
/// Alpha-Reliability", 2011). Each unit holds the ratings that it got, from two judges or more; others
/// do not count. 1 is full agreement, 0 what chance would give. `None` where no two ratings can be
/// compared, or where all are equal, so that nothing could have been disagreed about.
pub fn krippendorff_alpha(units: &[Vec<f64>]) -> Option<f64> {
    let pairable: Vec<&Vec<f64>> = units.iter().filter(|unit| unit.len() > 1).collect();
    let all: Vec<f64> = pairable.iter().flat_map(|unit| unit.iter().copied()).collect();
    let n = all.len() as f64;
    let observed: f64 =
        pairable.iter().map(|unit| squared_differences(unit) / (unit.len() as f64 - 1.0)).sum();
    let expected = squared_differences(&all) / (n - 1.0);
    (n > 1.0 && expected > 1e-12).then(|| 1.0 - observed / expected)
}

/// The sum of (a − b)² over all ordered pairs of values.
fn squared_differences(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    2.0 * n * values.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
}

/// Spearman's rank correlation of pairs, ties sharing their mean rank. `None` for fewer than three
/// pairs, or where one side does not vary.
pub fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    if pairs.len() < 3 {
        return None;
    }
    let left = ranks(pairs.iter().map(|pair| pair.0));
    let right = ranks(pairs.iter().map(|pair| pair.1));
    let mean = f64::midpoint(pairs.len() as f64, 1.0);
    let product: f64 = left.iter().zip(&right).map(|(a, b)| (a - mean) * (b - mean)).sum();
    let squares = |ranks: &[f64]| ranks.iter().map(|rank| (rank - mean).powi(2)).sum::<f64>();
    let scale = (squares(&left) * squares(&right)).sqrt();
    (scale > 1e-12).then(|| product / scale)
}

fn ranks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let values: Vec<f64> = values.collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    for tied in order.chunk_by(|a, b| values[*a].total_cmp(&values[*b]).is_eq()) {
        let below = values.iter().filter(|value| value.total_cmp(&values[tied[0]]).is_lt()).count();
        for idx in tied {
            ranks[*idx] = below as f64 + f64::midpoint(tied.len() as f64, 1.0);
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_alpha(rows: &[&str], expected: Option<f64>) {
        let n_units = rows[0].split(' ').count();
        let units: Vec<Vec<f64>> = (0..n_units)
            .map(|unit| {
                rows.iter().filter_map(|row| row.split(' ').nth(unit)?.parse().ok()).collect()
            })
            .collect();
        let alpha = krippendorff_alpha(&units);
        match (alpha, expected) {
            (Some(alpha), Some(expected)) => assert!((alpha - expected).abs() < 5e-4, "{alpha}"),
            _ => assert_eq!(alpha, expected),
        }
    }

    #[test]
    fn alpha_has_its_published_values() {
        // Krippendorff's own example of four observers and twelve units, some missing: 0.849.
        check_alpha(
            &[
                "1 2 3 3 2 1 4 1 2 . . .",
                "1 2 3 3 2 2 4 1 2 5 . 3",
                ". 3 3 3 2 3 4 2 2 5 1 .",
                "1 2 3 3 2 4 4 1 2 5 1 .",
            ],
            Some(0.849),
        );
        check_alpha(&["1 2 3", "1 2 3"], Some(1.0));
        check_alpha(&["5 5 5", "5 5 5"], None);
        check_alpha(&["1 2 3", ". . ."], None);
        // By hand: 6 observed against 18 / 5 expected.
        check_alpha(&["1 2 1", "2 1 2"], Some(1.0 - 6.0 / 3.6));
    }

    fn check_rho(pairs: &[(f64, f64)], expected: Option<f64>) {
        let rho = spearman(pairs);
        match (rho, expected) {
            (Some(rho), Some(expected)) => assert!((rho - expected).abs() < 1e-9, "{rho}"),
            _ => assert_eq!(rho, expected),
        }
    }

    #[test]
    fn rank_correlation_shares_ties() {
        check_rho(&[(1.0, 10.0), (2.0, 20.0), (3.0, 40.0)], Some(1.0));
        check_rho(&[(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)], Some(-1.0));
        // scipy.stats.spearmanr([1, 2, 2, 4], [3, 1, 2, 5])
        check_rho(
            &[(1.0, 3.0), (2.0, 1.0), (2.0, 2.0), (4.0, 5.0)],
            Some(0.316_227_766_016_837_94),
        );
        check_rho(&[(1.0, 5.0), (2.0, 5.0), (3.0, 5.0)], None);
        check_rho(&[(1.0, 5.0), (2.0, 6.0)], None);
    }
}
