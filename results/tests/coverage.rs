//! How often intervals cover what they should, and how often a gate raises a false alarm, over seeded
//! trials. `cargo test --release -p results --test coverage -- --nocapture` prints every figure.

use std::collections::BTreeMap;

use results::compare::{OnDifference, Pair, PairedDifference, Shape, Side, Spread};
use results::gate::{GateResult, Policy, evaluate};
use results::metric::{
    Estimate, Interval, ItemScore, ItemSeries, Tail, average_by_items, clustered, macro_average,
    ratio, values,
};
use results::{Outcome, Plan};
use tasks::{ItemId, Verdict};

/// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016).
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// The mean of `n` samples that are right with probability `p`.
    fn mean(&mut self, p: f64, n: usize) -> f64 {
        (0..n).filter(|_| self.unit() < p).count() as f64 / n as f64
    }
}

/// How hard items are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Difficulty {
    /// All the same.
    Equal,
    /// Beta with a + b = 4.
    Mixed,
    /// Beta with a + b = 0.5: most are always or never solved.
    Extreme,
}

/// Quantiles of an item's probability, by numerical integration of the density of Beta(a, b) in the
/// variable that removes its poles.
fn quantiles(difficulty: Difficulty, mean: f64) -> Vec<f64> {
    let total = match difficulty {
        Difficulty::Equal => return vec![mean; 512],
        Difficulty::Mixed => 4.0,
        Difficulty::Extreme => 0.5,
    };
    let (a, b) = (total * mean, total * (1.0 - mean));
    // With x = u^(1/a) below one half the density is flat in u, which is `share`; likewise for 1 − x above.
    let n_steps = 200_000;
    let mut mass = Vec::with_capacity(2 * n_steps);
    for step in 0..n_steps {
        let share = (step as f64 + 0.5) / n_steps as f64;
        let (low, high) = (0.5_f64.powf(a), 0.5_f64.powf(b));
        let x = (share * low).powf(1.0 / a);
        mass.push((x, low / a * (1.0 - x).powf(b - 1.0)));
        let mirrored = (share * high).powf(1.0 / b);
        mass.push((1.0 - mirrored, high / b * (1.0 - mirrored).powf(a - 1.0)));
    }
    mass.sort_by(|x, y| x.0.total_cmp(&y.0));
    let sum: f64 = mass.iter().map(|(_, mass)| mass).sum();
    let (mut found, mut below) = (Vec::new(), 0.0);
    for (x, mass) in mass {
        below += mass / sum;
        while (found.len() as f64 + 0.5) / 4096.0 < below {
            found.push(x);
        }
    }
    found
}

/// Coverages that were measured, each with where it must lie.
#[derive(Default)]
struct Measured(Vec<(String, f64, (f64, f64))>);

impl Measured {
    fn add(&mut self, name: String, covered: f64, within: (f64, f64)) {
        println!("{name}: {covered:.4}");
        self.0.push((name, covered, within));
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let outside = self.0.iter().filter(|(_, c, (least, most))| !(*least..=*most).contains(c));
        let outside: Vec<_> = outside.collect();
        assert!(outside.is_empty() || std::thread::panicking(), "{outside:#?}");
    }
}

/// What is asked of an interval of 95 %.
const ASKED: (f64, f64) = (0.93, 0.97);

/// Items expected off the edge that it takes.
const N_OFF_EDGE: f64 = 10.0;

struct Items {
    quantiles: Vec<f64>,
    mean: f64,
}

impl Items {
    fn new(difficulty: Difficulty, p: f64) -> Self {
        let quantiles = quantiles(difficulty, p);
        let mean = quantiles.iter().sum::<f64>() / quantiles.len() as f64;
        assert!((mean - p).abs() < 0.003, "{difficulty:?} {p}: {mean}");
        Self { quantiles, mean }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    fn draw(&self, random: &mut Random) -> f64 {
        self.quantiles[(random.unit() * self.quantiles.len() as f64) as usize]
    }
}

fn share(n_trials: usize, mut covers: impl FnMut() -> bool) -> f64 {
    (0..n_trials).filter(|_| covers()).count() as f64 / n_trials as f64
}

fn holds(interval: Interval, value: f64) -> bool {
    interval.low <= value + 1e-12 && value <= interval.high + 1e-12
}

/// The expected number of items that score something else than the edge that `p` is near to.
fn n_off_edge(items: &Items, n_items: usize, n_samples: usize) -> f64 {
    let at_edge = |p: &f64| (1.0 - p).powi(i32::try_from(n_samples).expect("a few samples"));
    let flipped = |p: &f64| if items.mean < 0.5 { at_edge(p) } else { at_edge(&(1.0 - p)) };
    let mean = items.quantiles.iter().map(flipped).sum::<f64>() / items.quantiles.len() as f64;
    (1.0 - mean) * n_items as f64
}

#[test]
fn means_of_shares() {
    let mut random = Random(1);
    let mut measured = Measured::default();
    for difficulty in [Difficulty::Equal, Difficulty::Mixed, Difficulty::Extreme] {
        for p in [0.05, 0.1, 0.3, 0.5, 0.8, 0.95] {
            let items = Items::new(difficulty, p);
            // With one sample each, only the mean difficulty matters.
            let least = if difficulty == Difficulty::Equal { 1 } else { 2 };
            for n_samples in [1, 2, 4, 16].into_iter().filter(|n| *n >= least) {
                for n_items in [30, 100, 1000] {
                    let covered = share(if n_items == 1000 { 1500 } else { 4000 }, || {
                        let mut score = || {
                            let p = items.draw(&mut random);
                            ItemScore { value: random.mean(p, n_samples), n_samples }
                        };
                        let scores: Vec<ItemScore> = (0..n_items).map(|_| score()).collect();
                        holds(clustered(&scores).expect("items").ci95, items.mean)
                    });
                    // Close to the edges intervals are too wide rather than too narrow.
                    let is_sensible =
                        n_items > 30 && n_off_edge(&items, n_items, n_samples) >= N_OFF_EDGE;
                    let within = if is_sensible { ASKED } else { (0.925, 0.985) };
                    let name =
                        format!("{difficulty:?} p {p} {n_items} × {n_samples} {is_sensible}");
                    measured.add(name, covered, within);
                }
            }
        }
    }
}

#[test]
fn shares_of_instructions() {
    let mut random = Random(2);
    let mut measured = Measured::default();
    for p in [0.3, 0.5, 0.8] {
        let items = Items::new(Difficulty::Mixed, p);
        for n_items in [30, 100, 500] {
            let covered = share(4000, || {
                let mut cluster = |idx: usize| {
                    let (p, n) = (items.draw(&mut random), 1 + idx % 3);
                    (random.mean(p, n) * n as f64, n as f64)
                };
                let clusters: Vec<(f64, f64)> = (0..n_items).map(&mut cluster).collect();
                let (hits, trials) =
                    clusters.iter().fold((0.0, 0.0), |s, c| (s.0 + c.0, s.1 + c.1));
                holds(ratio(hits / trials, &clusters).expect("items").ci95, items.mean)
            });
            measured.add(format!("instructions p {p} {n_items}"), covered, ASKED);
        }
    }
}

#[test]
fn lengths() {
    let mut random = Random(3);
    let mut measured = Measured::default();
    for sigma in [0.0, 0.5, 1.0] {
        for n_items in [30, 100, 300] {
            let covered = share(3000, || {
                let mut length = || match sigma {
                    s if s > 0.0 => (s * random.normal()).exp(),
                    _ => random.normal(),
                };
                let scores: Vec<ItemScore> =
                    (0..n_items).map(|_| ItemScore { value: length(), n_samples: 1 }).collect();
                let truth = if sigma > 0.0 { (sigma * sigma / 2.0_f64).exp() } else { 0.0 };
                holds(values(&scores).expect("items").ci95, truth)
            });
            // A tail as heavy as this is beyond what so few values show.
            let within = if sigma > 0.9 { (0.915, 0.97) } else { ASKED };
            measured.add(format!("lengths σ {sigma} {n_items}"), covered, within);
        }
    }
}

/// A pair whose second run is right with a probability lower by a share that lowers the mean by `drop`.
fn pair(idx: usize, p: f64, factor: f64, n_samples: usize, random: &mut Random) -> Pair {
    let mut score = |p| ItemScore { value: random.mean(p, n_samples), n_samples };
    Pair { item: ItemId(idx.to_string()), a: score(p), b: score(p * factor) }
}

#[test]
fn differences() {
    let mut random = Random(4);
    let mut measured = Measured::default();
    let designs = [(1, 0.0), (1, 0.04), (4, 0.04), (16, 0.0)];
    for difficulty in [Difficulty::Equal, Difficulty::Mixed, Difficulty::Extreme] {
        for p in [0.2, 0.5, 0.8, 0.95] {
            let items = Items::new(difficulty, p);
            for (n_samples, drop) in designs {
                for n_items in [30, 100, 1000] {
                    let factor = 1.0 - drop / items.mean;
                    let covered = share(if n_items == 1000 { 1200 } else { 3000 }, || {
                        let mut difference = || {
                            let p = items.draw(&mut random);
                            pair(0, p, factor, n_samples, &mut random).difference()
                        };
                        let differences: Vec<f64> = (0..n_items).map(|_| difference()).collect();
                        let spread = Spread::new(&differences, Shape::Shares).expect("items");
                        holds(spread.interval(Tail::OF_95), -drop)
                    });
                    // Items that hardly ever change leave little to go by, and the interval wide.
                    let hardly = difficulty == Difficulty::Extreme && n_items == 100;
                    let within = if n_items == 30 || hardly { (0.915, 1.0) } else { ASKED };
                    let name =
                        format!("difference {difficulty:?} p {p} −{drop} {n_items} × {n_samples}");
                    measured.add(name, covered, within);
                }
            }
        }
    }
}

#[test]
fn aggregates_over_tasks() {
    let mut random = Random(5);
    let tasks = [(0.1, 30, 8), (0.6, 164, 1), (0.8, 500, 1)]
        .map(|(p, n_items, n_samples)| (Items::new(Difficulty::Mixed, p), n_items, n_samples));
    let sum: f64 = tasks.iter().map(|(_, n, _)| f64::from(*n)).sum();
    let truth_macro = tasks.iter().map(|(items, ..)| items.mean).sum::<f64>() / 3.0;
    let truth_items =
        tasks.iter().map(|(items, n, _)| items.mean * f64::from(*n) / sum).sum::<f64>();
    let (mut n_macro, mut n_items) = (0, 0);
    let n_trials = 3000;
    for _ in 0..n_trials {
        let estimates: Vec<Estimate> = tasks
            .iter()
            .map(|(items, n, n_samples)| {
                let score = |_| {
                    let p = items.draw(&mut random);
                    ItemScore { value: random.mean(p, *n_samples), n_samples: *n_samples }
                };
                clustered(&(0..*n).map(score).collect::<Vec<_>>()).expect("items")
            })
            .collect();
        n_macro += usize::from(holds(macro_average(&estimates).expect("tasks").ci95, truth_macro));
        n_items +=
            usize::from(holds(average_by_items(&estimates).expect("tasks").ci95, truth_items));
    }
    let mut measured = Measured::default();
    for (name, n) in [("macro", n_macro), ("by items", n_items)] {
        measured.add(name.to_owned(), n as f64 / f64::from(n_trials), ASKED);
    }
}

mod made;

/// A side of seeded scores.
fn side(plan: &Plan, ps: &[f64], random: &mut Random) -> Side {
    let n_samples = plan.n_samples as usize;
    let series = ps.iter().enumerate().map(|(idx, p)| {
        let outcome = |_| {
            let verdict = if random.unit() < *p { Verdict::Correct } else { Verdict::Incorrect };
            Outcome::Judged(verdict)
        };
        let outcomes = (0..n_samples).map(outcome).collect();
        ItemSeries { item: ItemId(idx.to_string()), outcomes, measured: BTreeMap::new() }
    });
    Side::of_series("made".to_owned(), plan.clone(), series.collect(), Vec::new())
}

/// The shares of (regressions, passes) of a gate over three tasks and their mean.
fn gate(max_drop: f64, true_drop: f64, difficulty: Difficulty, n_samples: u32) -> (f64, f64) {
    let mut text = format!("version = 1\n[defaults]\nmax_drop = {max_drop}\n");
    let tasks = [("a", 0.7, 60), ("b", 0.9, 164), ("c", 0.3, 30)];
    for (name, ..) in tasks {
        text.extend(["[[rule]]\ntask = \"", name, "\"\n"]);
    }
    text += "[[pooled]]\nname = \"all\"\ntasks = [\"a\", \"b\", \"c\"]\n";
    let policy = Policy::parse("gate.toml", &text).expect("a policy");
    let tasks = tasks.map(|(name, p, n_items)| {
        let mut plan = made::plan();
        name.clone_into(&mut plan.task);
        plan.n_samples = n_samples;
        plan.dataset.n_items = n_items;
        (plan, Items::new(difficulty, p), n_items)
    });
    let mut random = Random(6);
    let (mut n_regressions, mut n_passes) = (0, 0);
    let n_trials = 400;
    for _ in 0..n_trials {
        let (mut base, mut candidate) = (Vec::new(), Vec::new());
        for (plan, items, n_items) in &tasks {
            let mut ps: Vec<f64> = (0..*n_items).map(|_| items.draw(&mut random)).collect();
            base.push(side(plan, &ps, &mut random));
            let factor = 1.0 - true_drop / items.mean;
            for p in &mut ps {
                *p *= factor;
            }
            candidate.push(side(plan, &ps, &mut random));
        }
        let report = evaluate(&policy, &base, &candidate, OnDifference::Refuse).expect("a report");
        n_regressions += usize::from(report.result == GateResult::Regression);
        n_passes += usize::from(report.result == GateResult::Pass);
    }
    let share = |n: usize| n as f64 / f64::from(n_trials);
    println!(
        "gate allowed {max_drop} true {true_drop} {difficulty:?} × {n_samples}: {} regressions, {} passes",
        share(n_regressions),
        share(n_passes)
    );
    (share(n_regressions), share(n_passes))
}

#[test]
fn gates_keep_their_word() {
    for difficulty in [Difficulty::Equal, Difficulty::Mixed, Difficulty::Extreme] {
        for n_samples in [1, 4] {
            // Nothing became worse: alarms are at most as frequent as 1 − confidence.
            let (alarms, _) = gate(0.0, 0.0, difficulty, n_samples);
            assert!(alarms <= 0.05, "{difficulty:?} {n_samples}: {alarms}");
        }
    }
    // Exactly as much worse as is allowed: neither passes nor alarms are frequent.
    let (alarms, passes) = gate(0.1, 0.1, Difficulty::Mixed, 4);
    assert!(alarms <= 0.05 && passes <= 0.05, "{alarms} {passes}");
    // Far worse is seen, and no worse than before passes.
    let (alarms, passes) = gate(0.02, 0.25, Difficulty::Mixed, 4);
    assert!(alarms >= 0.95 && passes <= 0.0, "{alarms} {passes}");
    let (alarms, passes) = gate(0.2, 0.0, Difficulty::Mixed, 8);
    assert!(alarms <= 0.0 && passes >= 0.8, "{alarms} {passes}");
}

#[test]
fn a_comparison_rejects_equal_runs_as_often_as_it_says() {
    let mut random = Random(7);
    for (n_samples, p) in [(1, 0.5), (4, 0.5), (4, 0.9), (16, 0.3)] {
        let items = Items::new(Difficulty::Mixed, p);
        let rejected = share(600, || {
            let pairs: Vec<Pair> = (0..60)
                .map(|idx| {
                    let p = items.draw(&mut random);
                    pair(idx, p, 1.0, n_samples, &mut random)
                })
                .collect();
            let found = PairedDifference::new(&pairs, Shape::Shares, Tail::OF_95).expect("items");
            found.significance.p <= 0.05
        });
        println!("null × {n_samples} p {p}: {rejected:.4}");
        assert!(rejected <= 0.065, "{n_samples} {p}: {rejected}");
    }
}
