//! Policies as written: TOML.

use serde::Deserialize;

use super::policy::{Budgets, FalseAlarms, Limits, Policy, PooledRule, Rule, Tier, Weights};
use crate::error::CompareError;
use crate::metric::{Direction, ItemMetric, Unit};

/// How sure to be where a policy does not say.
const CONFIDENCE: f64 = 0.95;

/// The largest share of failed or missing samples where a policy does not say.
const MAX_FAILED: f64 = 0.01;

/// The largest share of truncated samples where a policy does not say.
const MAX_TRUNCATED: f64 = 0.1;

/// The fewest items where a policy does not say: with fewer, intervals of paired differences are
/// wider than any policy allows.
const MIN_ITEMS: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicySpec {
    version: u32,
    confidence: Option<f64>,
    #[serde(default)]
    false_alarms: FalseAlarms,
    #[serde(default)]
    defaults: Defaults,
    #[serde(default)]
    rule: Vec<RuleSpec>,
    #[serde(default)]
    pooled: Vec<PooledSpec>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Defaults {
    tier: Option<Tier>,
    metric: Option<ItemMetric>,
    max_drop: Option<f64>,
    max_relative_drop: Option<f64>,
    max_failed: Option<f64>,
    max_truncated: Option<f64>,
    min_items: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleSpec {
    task: String,
    tier: Option<Tier>,
    metric: Option<ItemMetric>,
    direction: Option<Direction>,
    max_drop: Option<f64>,
    max_relative_drop: Option<f64>,
    max_failed: Option<f64>,
    max_truncated: Option<f64>,
    min_items: Option<usize>,
    confidence: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PooledSpec {
    name: String,
    tasks: Vec<String>,
    #[serde(default)]
    weights: Weights,
    tier: Option<Tier>,
    metric: Option<ItemMetric>,
    direction: Option<Direction>,
    max_drop: Option<f64>,
    max_failed: Option<f64>,
    max_truncated: Option<f64>,
    min_items: Option<usize>,
    confidence: Option<f64>,
}

/// The table that is wrong, its key, and why.
type Wrong = (Place, &'static str, String);

/// A table of a policy.
#[derive(Clone, Copy)]
enum Place {
    Top,
    Defaults,
    Rule(usize),
    Pooled(usize),
}

impl Policy {
    /// The policy in `text`; `file` is what errors call it.
    pub fn parse(file: &str, text: &str) -> Result<Self, CompareError> {
        let spec: PolicySpec = toml::from_str(text).map_err(|err| bad_toml(file, text, &err))?;
        spec.resolve().map_err(|(place, key, message)| CompareError::Policy {
            file: file.to_owned(),
            line: line_of(text, place, key),
            message,
            nearest: None,
        })
    }
}

impl PolicySpec {
    fn resolve(self) -> Result<Policy, Wrong> {
        if self.version != 1 {
            let message = format!("version is 1, not {}", self.version);
            return Err((Place::Top, "version", message));
        }
        let confidence = self.confidence.unwrap_or(CONFIDENCE);
        check_confidence(Place::Top, confidence)?;
        self.defaults.check()?;
        let defaults = &self.defaults;
        let rules = self.rule.into_iter().enumerate();
        let rules = rules.map(|(idx, rule)| rule.resolve(idx, defaults, confidence));
        let rules: Vec<Rule> = rules.collect::<Result<_, _>>()?;
        let pooled = self.pooled.into_iter().enumerate();
        let pooled = pooled.map(|(idx, rule)| rule.resolve(idx, defaults, confidence));
        let pooled: Vec<PooledRule> = pooled.collect::<Result<_, _>>()?;
        if rules.is_empty() && pooled.is_empty() {
            let message = "there is no [[rule]] and no [[pooled]]: nothing would be gated";
            return Err((Place::Top, "version", message.to_owned()));
        }
        Ok(Policy { confidence, false_alarms: self.false_alarms, rules, pooled })
    }
}

impl Defaults {
    fn check(&self) -> Result<(), Wrong> {
        let shares = [("max_failed", self.max_failed), ("max_truncated", self.max_truncated)];
        for (key, share) in shares {
            check_share(Place::Defaults, key, share)?;
        }
        let drops = [("max_drop", self.max_drop), ("max_relative_drop", self.max_relative_drop)];
        drops.into_iter().try_for_each(|(key, drop)| check_drop(Place::Defaults, key, drop))
    }

    fn drops(&self) -> (Option<f64>, Option<f64>) {
        (self.max_drop, self.max_relative_drop)
    }

    fn budgets(
        &self,
        max_failed: Option<f64>,
        max_truncated: Option<f64>,
        min_items: Option<usize>,
    ) -> Budgets {
        Budgets {
            max_failed: max_failed.or(self.max_failed).unwrap_or(MAX_FAILED),
            max_truncated: max_truncated.or(self.max_truncated).unwrap_or(MAX_TRUNCATED),
            min_items: min_items.or(self.min_items).unwrap_or(MIN_ITEMS),
        }
    }
}

impl RuleSpec {
    fn resolve(self, idx: usize, defaults: &Defaults, confidence: f64) -> Result<Rule, Wrong> {
        let place = Place::Rule(idx);
        check_share(place, "max_failed", self.max_failed)?;
        check_share(place, "max_truncated", self.max_truncated)?;
        check_drop(place, "max_drop", self.max_drop)?;
        check_drop(place, "max_relative_drop", self.max_relative_drop)?;
        let confidence = self.confidence.unwrap_or(confidence);
        check_confidence(place, confidence)?;
        // A rule that names one limit means that one; only a rule without any takes the defaults.
        let own = (self.max_drop, self.max_relative_drop);
        let limits = match if own == (None, None) { defaults.drops() } else { own } {
            (Some(absolute), Some(relative)) => Limits::Both { absolute, relative },
            (Some(absolute), None) => Limits::Absolute(absolute),
            (None, Some(relative)) => Limits::Relative(relative),
            (None, None) => {
                let message = format!(
                    "the rule of `{}` needs max_drop or max_relative_drop, here or in [defaults]",
                    self.task
                );
                return Err((place, "task", message));
            }
        };
        let metric = self.metric.or(defaults.metric).unwrap_or(ItemMetric::PassAt1);
        let (most, message) = match metric.unit() {
            Unit::Share => (1.0, format!("max_drop is a share: 0.02 is two points of `{metric}`")),
            Unit::Rating => {
                (9.0, "max_drop of a rating is in points, on a scale from 1 to 10".to_owned())
            }
            Unit::Tokens => (f64::INFINITY, String::new()),
        };
        if limits.absolute().is_some_and(|drop| drop > most) {
            return Err((place, "max_drop", message));
        }
        Ok(Rule {
            task: self.task,
            tier: self.tier.or(defaults.tier).unwrap_or_default(),
            metric,
            direction: self.direction.unwrap_or(metric.direction()),
            limits,
            budgets: defaults.budgets(self.max_failed, self.max_truncated, self.min_items),
            confidence,
        })
    }
}

impl PooledSpec {
    fn resolve(
        self,
        idx: usize,
        defaults: &Defaults,
        confidence: f64,
    ) -> Result<PooledRule, Wrong> {
        let place = Place::Pooled(idx);
        let wrong = |key, message: String| Err((place, key, message));
        check_share(place, "max_failed", self.max_failed)?;
        check_share(place, "max_truncated", self.max_truncated)?;
        check_drop(place, "max_drop", self.max_drop)?;
        let confidence = self.confidence.unwrap_or(confidence);
        check_confidence(place, confidence)?;
        let metric = self.metric.or(defaults.metric).unwrap_or(ItemMetric::PassAt1);
        if !metric.is_share() {
            return wrong("metric", format!("`{metric}` of several tasks has no meaningful mean"));
        }
        if self.tasks.len() < 2 {
            return wrong("tasks", "a pooled rule is over at least two tasks".to_owned());
        }
        let Some(max_drop) = self.max_drop.or(defaults.max_drop) else {
            let message = "a pooled rule needs max_drop, here or in [defaults]";
            return wrong("name", message.to_owned());
        };
        Ok(PooledRule {
            name: self.name,
            tasks: self.tasks,
            weights: self.weights,
            tier: self.tier.or(defaults.tier).unwrap_or_default(),
            metric,
            direction: self.direction.unwrap_or(metric.direction()),
            max_drop,
            budgets: defaults.budgets(self.max_failed, self.max_truncated, self.min_items),
            confidence,
        })
    }
}

fn check_confidence(place: Place, confidence: f64) -> Result<(), Wrong> {
    if (0.5..1.0).contains(&confidence) {
        return Ok(());
    }
    let message = "confidence is at least 0.5 and below 1, such as 0.95".to_owned();
    Err((place, "confidence", message))
}

fn check_share(place: Place, key: &'static str, share: Option<f64>) -> Result<(), Wrong> {
    if share.is_none_or(|share| (0.0..=1.0).contains(&share)) {
        return Ok(());
    }
    Err((place, key, format!("{key} is a share from 0 to 1")))
}

fn check_drop(place: Place, key: &'static str, drop: Option<f64>) -> Result<(), Wrong> {
    if drop.is_none_or(|drop| drop >= 0.0 && drop.is_finite()) {
        return Ok(());
    }
    Err((place, key, format!("{key} is a number from 0 upwards")))
}

/// The line of a key in its table; of the table where it is not written there.
fn line_of(text: &str, place: Place, key: &str) -> usize {
    let (header, nth) = match place {
        Place::Top => ("", 0),
        Place::Defaults => ("[defaults]", 0),
        Place::Rule(idx) => ("[[rule]]", idx),
        Place::Pooled(idx) => ("[[pooled]]", idx),
    };
    let is_header = |line: &&str| line.trim_start().starts_with(header);
    let headers = text.lines().enumerate().filter(|(_, line)| is_header(line));
    let start = if header.is_empty() { 0 } else { headers.map(|(n, _)| n).nth(nth).unwrap_or(0) };
    let is_key = |line: &str| {
        let rest = line.trim_start().strip_prefix(key);
        rest.is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let inside = text.lines().enumerate().skip(start);
    let first_of_next =
        |(n, line): &(usize, &str)| *n == start || !line.trim_start().starts_with('[');
    let found = inside.take_while(first_of_next).find(|(_, line)| is_key(line));
    found.map_or(start, |(n, _)| n) + 1
}

/// An error of the parser with its line and, for an unknown name, the nearest known one.
fn bad_toml(file: &str, text: &str, err: &toml::de::Error) -> CompareError {
    let start = err.span().map_or(0, |span| span.start).min(text.len());
    let line = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
    let message = err.message().to_owned();
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let is_name = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let nearest = match quoted.split_first() {
        Some((wrong, known)) if is_name => tasks::error::nearest(wrong, known.iter().copied()),
        _ => None,
    };
    CompareError::Policy { file: file.to_owned(), line, message, nearest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Policy, String> {
        Policy::parse("gate.toml", text).map_err(|err| err.to_string())
    }

    #[test]
    fn rules_take_defaults_and_override_them() {
        let policy = parse(
            "version = 1\n[defaults]\nmax_drop = 0.03\nmin_items = 5\ntier = \"supporting\"\n\
             [[rule]]\ntask = \"a\"\n\
             [[rule]]\ntask = \"b\"\nmax_relative_drop = 0.1\nmetric = \"completion_tokens\"\n\
             tier = \"advisory\"\nconfidence = 0.9\n\
             [[pooled]]\nname = \"all\"\ntasks = [\"a\", \"b\"]\nweights = \"items\"\n",
        );
        let policy = policy.expect("a policy");
        let [a, b] = policy.rules.as_slice() else { panic!("two rules: {policy:?}") };
        assert_eq!(
            (a.limits, a.budgets.min_items, a.tier),
            (Limits::Absolute(0.03), 5, Tier::Supporting)
        );
        assert_eq!((b.limits, b.direction), (Limits::Relative(0.1), Direction::Lower));
        assert_eq!((b.tier, policy.n_deciding()), (Tier::Advisory, 2));
        assert_eq!(policy.pooled[0].weights, Weights::Items);
    }

    fn check_refused(text: &str, expected: &str) {
        let message = parse(text).expect_err(text);
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn mistakes_are_located() {
        let rule = "version = 1\n[[rule]]\ntask = \"a\"\nmax_drop = 0.1\n";
        check_refused(
            &rule.replace("max_drop", "max_dorp"),
            "gate.toml:4: unknown field `max_dorp`, expected one of",
        );
        check_refused(&rule.replace("max_drop", "max_dorp"), "; did you mean `max_drop`?");
        check_refused(&rule.replace("0.1", "2.0"), "gate.toml:4: max_drop is a share");
        check_refused(
            &format!("{}metric = \"rating\"\n", rule.replace("0.1", "9.5")),
            "gate.toml:4: max_drop of a rating is in points",
        );
        check_refused(&rule.replace("0.1", "-0.1"), "gate.toml:4: max_drop is a number from 0");
        check_refused(&rule.replace("max_drop = 0.1", ""), "gate.toml:3: the rule of `a` needs");
        check_refused(&rule.replace("= 1", "= 2"), "gate.toml:1: version is 1, not 2");
        check_refused("version = 1\n", "nothing would be gated");
        check_refused(&format!("{rule}metric = \"pas_at_1\"\n"), "did you mean `pass_at_1`?");
        check_refused(&format!("{rule}tier = \"critcal\"\n"), "did you mean `critical`?");
        check_refused(&format!("{rule}confidence = 95\n"), "gate.toml:5: confidence is at least");
        check_refused(
            &format!("{rule}[[pooled]]\nname = \"p\"\ntasks = [\"a\"]\nmax_drop = 0.1\n"),
            "gate.toml:7: a pooled rule is over at least two tasks",
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(version = 1\n)?(\\[\\[rule\\]\\]\n|[a-z_]{1,9} = [0-9.\"a-z]{1,5}\n|.){0,8}") {
            let _ = parse(&text);
        }
    }
}
