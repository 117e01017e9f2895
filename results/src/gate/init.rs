//! A first policy, with comments, from runs that exist.

use std::fmt::Write as _;

use crate::compare::Side;
use crate::metric::{ItemMetric, Tail};

/// The share of items assumed to change between two versions of a model, for what a gate will be able
/// to see. Paired runs of related models change between 5 and 20 % of items; the first comparison
/// tells the real share.
const CHANGING: f64 = 0.1;

/// A policy of one rule for each run, with limits that its number of items can decide.
pub fn init(sides: &[Side]) -> String {
    let mut text = HEAD.to_owned();
    let is_rated = |side: &&Side| side.default_metric() == ItemMetric::Rating;
    let (rated, graded): (Vec<&Side>, Vec<&Side>) = sides.iter().partition(is_rated);
    text.extend(graded.iter().map(|side| rule(side)));
    text.extend(rated.iter().map(|side| rating_rule(side)));
    // Shares and ratings have no common mean.
    let graded: Vec<&Side> = graded.into_iter().filter(|side| n_scored(side) > 0).collect();
    if graded.len() > 1 {
        text += &pooled(&graded);
    }
    text
}

/// A rule about ratings. What a gate will be able to see is guessed from how ratings differ within the
/// run, for they differ about as much between two runs of related models.
fn rating_rule(side: &Side) -> String {
    let n_most = side.judges.iter().map(|judge| judge.ratings.len()).max().unwrap_or(0);
    if n_most == 0 {
        let (task, model) = (&side.plan.task, side.plan.model.model.replace('\n', " "));
        return format!(
            "\n# {task}, {model}: no answer was rated, so there is nothing to make a rule of.\n"
        );
    }
    let fullest = side.judges.iter().find(|judge| judge.ratings.len() == n_most);
    let ratings = || fullest.into_iter().flat_map(|judge| judge.ratings.values().map(|r| r.value));
    let n = n_most as f64;
    let mean = ratings().sum::<f64>() / n;
    let variance = ratings().map(|rating| (rating - mean).powi(2)).sum::<f64>() / n;
    let half = Tail::one_sided(0.95).normal() * (variance / n).sqrt();
    let max_drop = ((half * 20.0).ceil() / 20.0).max(0.05);
    let names: Vec<String> = side.judges.iter().map(|judge| judge.judge.name()).collect();
    let mut text = format!(
        "\n# {}: rated {mean:.2} by {}, {n_most} dialogues. Runs are compared by the judges\n# that both have; a comparison is sure to about ±{half:.2} points.\n[[rule]]\ntask = {}\nmetric = \"rating\"\nmax_drop = {max_drop:.2}             # points on the scale from 1 to 10\n",
        side.plan.model.model.replace('\n', " "),
        names.join("; ").replace('\n', " "),
        quote(&side.plan.task),
    );
    if let Some(most) = truncation_budget(side) {
        let _ = writeln!(text, "max_truncated = {most:.2}");
    }
    if n_most < N_ITEMS {
        let _ = writeln!(text, "min_items = {n_most}");
    }
    text
}

/// A rule over all tasks, with the widest of their budgets.
fn pooled(sides: &[&Side]) -> String {
    let names: Vec<String> = sides.iter().map(|side| quote(&side.plan.task)).collect();
    let squares: f64 = sides.iter().map(|side| half_width(n_scored(side)).powi(2)).sum();
    let max_drop = half_points(squares.sqrt() / sides.len() as f64);
    let mut text = format!(
        "\n# The mean over tasks sees smaller drops than each of them.\n[[pooled]]\nname = \"all tasks\"\ntasks = [{}]\nweights = \"tasks\"            # or \"items\": every item counts the same\nmax_drop = {max_drop:.3}            # {:.1} points\n",
        names.join(", "),
        max_drop * 100.0
    );
    let budgets = sides.iter().filter_map(|side| truncation_budget(side));
    if let Some(most) = budgets.max_by(f64::total_cmp) {
        let _ = writeln!(text, "max_truncated = {most:.2}");
    }
    if let Some(fewest) = sides.iter().map(|side| n_scored(side)).min().filter(|n| *n < N_ITEMS) {
        let _ = writeln!(text, "min_items = {fewest}");
    }
    text
}

/// The fewest items of the defaults.
const N_ITEMS: usize = 20;

/// Items with a graded sample.
fn n_scored(side: &Side) -> usize {
    side.items.iter().filter(|item| item.n_graded() > 0).count()
}

/// Rounded up to half a point, so that an unchanged model is likely to pass.
fn half_points(share: f64) -> f64 {
    (share * 200.0).ceil() / 200.0
}

/// A budget a little above the share of truncated samples, where the default would be exceeded.
fn truncation_budget(side: &Side) -> Option<f64> {
    let share = side.health().share_truncated();
    (share > 0.1).then(|| ((share * 110.0).ceil() / 100.0).min(1.0))
}

const HEAD: &str = "# Policy of `evalrun gate BASE CANDIDATE --policy FILE`.
# Exit codes: 0 pass, 1 regression, 2 inconclusive.
version = 1

# How sure to be before a rule passes or calls a regression.
confidence = 0.95
# What 1 - confidence bounds where nothing became worse: false alarms of the whole \"gate\", or of each \"rule\".
false_alarms = \"gate\"

[defaults]
# critical:   a regression fails the gate, and without a decision the gate is inconclusive.
# supporting: a regression fails the gate.
# advisory:   only reported.
tier = \"critical\"
# Or pass_at_1_completed, pass_at_K, cons_at_K, cons_at_n, prompt_strict, prompt_loose,
# base_tests_pass_at_1, plus_tests_pass_at_1, rating, completion_tokens, unparsed, truncated.
metric = \"pass_at_1\"
# Runs with a larger share of failed or missing samples, or of truncated ones, decide nothing.
max_failed = 0.01
max_truncated = 0.1
# Nor do fewer common items.
min_items = 20
";

fn rule(side: &Side) -> String {
    let mut text = String::new();
    let health = side.health();
    let n_items = n_scored(side);
    if n_items == 0 {
        let (task, model) = (&side.plan.task, side.plan.model.model.replace('\n', " "));
        return format!(
            "\n# {task}, {model}: no sample was graded, so there is nothing to make a rule of.\n"
        );
    }
    let scores = side.items.iter().filter_map(|item| item.score(ItemMetric::PassAt1));
    let mean = scores.map(|score| score.value).sum::<f64>() / n_items.max(1) as f64;
    let half = half_width(n_items);
    let _ = write!(
        text,
        "\n# {}: pass@1 {:.1} %, {n_items} items × {}. With {:.0} % of single answers changing, a comparison\n# is sure to about ±{:.1} points; several samples per item narrow that.\n[[rule]]\ntask = {}\n",
        side.plan.model.model.replace('\n', " "),
        mean * 100.0,
        side.plan.n_samples,
        CHANGING * 100.0,
        half * 100.0,
        quote(&side.plan.task),
    );
    let max_drop = half_points(half);
    let _ = writeln!(text, "max_drop = {max_drop:.3}            # {:.1} points", max_drop * 100.0);
    let _ = writeln!(text, "# max_relative_drop = 0.1    # and of the base's score, so much");
    if health.share_failed() > 0.01 {
        let failed = health.share_failed() * 100.0;
        let _ = writeln!(text, "# {failed:.1} % of this run's samples failed or are missing.");
    }
    if let Some(most) = truncation_budget(side) {
        let shown = health.share_truncated() * 100.0;
        let _ = writeln!(text, "# {shown:.1} % of this run's samples were truncated.");
        let _ = writeln!(text, "max_truncated = {most:.2}");
    }
    if n_items < N_ITEMS {
        let _ = writeln!(text, "min_items = {n_items}");
    }
    text
}

/// Of a one-sided 95 % bound of the difference between single answers to so many items.
fn half_width(n_items: usize) -> f64 {
    let n = n_items as f64 + 2.0;
    Tail::one_sided(0.95).normal() * (CHANGING / n).sqrt()
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
