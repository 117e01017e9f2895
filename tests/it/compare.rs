//! `evalrun compare`: what two runs have in common and where they part.

use serde_json::Value;
use tests::Finished;

use crate::made_runs::MadeRuns;

fn check(made: &MadeRuns, name: &str, args: &[&str]) -> Finished {
    let finished = made.run(args);
    insta::assert_snapshot!(name, made.place().redact(&finished.to_string()));
    finished
}

fn json(made: &MadeRuns, args: &[&str]) -> Value {
    let finished = made.run(&[args, &["--json"]].concat());
    assert_eq!(finished.code, 0, "{finished}");
    serde_json::from_str(&finished.stdout).expect("JSON")
}

#[test]
fn single_samples_are_compared_in_every_layout() {
    let made = MadeRuns::new();
    made.make("good", "made.toml", "good", &[]);
    made.make("bad", "made.toml", "bad", &[]);
    check(&made, "table", &["compare", "good.db", "bad.db", "--flips", "3"]);
    check(&made, "markdown", &["compare", "good.db", "bad.db", "--flips", "2", "--format", "md"]);
    check(&made, "equal", &["compare", "good.db", "good.db"]);
    let forth = json(&made, &["compare", "good.db", "bad.db", "--all"]);
    let one = &forth["comparisons"][0];
    assert_eq!(one["difference"]["significance"]["test"], "mc_nemar");
    assert_eq!(one["flips"].as_array().map(Vec::len), Some(24));
    assert_eq!((&one["n_flips"], &one["difference"]["n_down"]), (&24.into(), &24.into()));
    assert_eq!(one["flips"][0]["is_worse"], true);
    // Swapped runs have the opposite difference.
    let back = json(&made, &["compare", "bad.db", "good.db"]);
    let back = &back["comparisons"][0]["difference"];
    let number =
        |of: &Value, path: &str| of.pointer(path).and_then(Value::as_f64).expect("a number");
    let of_forth = &one["difference"];
    let ends = ["/value", "/interval/low", "/interval/high"];
    let opposite = ["/value", "/interval/high", "/interval/low"];
    for (end, of_other) in ends.into_iter().zip(opposite) {
        let sum = number(of_forth, end) + number(back, of_other);
        assert!(sum.abs() < 1e-12, "{end}: {of_forth} {back}");
    }
}

#[test]
fn averaged_samples_take_a_permutation_test() {
    let made = MadeRuns::new();
    made.make("good", "made.toml", "good", &["-n", "4"]);
    made.make("lucky", "made.toml", "lucky", &["-n", "4", "--temperature", "0.7"]);
    made.make("fewer", "made.toml", "lucky", &["-n", "2", "--temperature", "0.7"]);
    check(&made, "averaged", &["compare", "good.db", "lucky.db", "--flips", "5"]);
    let of = |metric: &str| {
        let args = ["compare", "good.db", "lucky.db", "--metric", metric];
        json(&made, &args)["comparisons"][0].clone()
    };
    assert_eq!(of("cons_at_n")["metric"], "cons_at_4");
    assert_eq!(of("completion_tokens")["difference"]["significance"]["test"], "sign");
    assert_eq!(of("completion_tokens")["difference"]["value"], 0.0);
    assert_eq!(of("pass_at_2")["difference"]["n_pairs"], 60);
    let unequal = json(&made, &["compare", "good.db", "fewer.db", "--metric", "cons_at_n"]);
    assert_eq!(unequal["comparisons"][0]["metric"], "cons_at_2");
    assert_eq!(unequal["comparisons"][0]["equal_samples"], false);
    let finished = made.run(&["compare", "good.db", "lucky.db", "--metric", "prompt_strict"]);
    assert_eq!(finished.code, 64, "{finished}");
    assert!(
        finished.stderr.contains("good.db has no scores of `prompt_strict`; it has: pass_at_1"),
        "{finished}"
    );
    let finished = made.run(&["compare", "good.db", "lucky.db", "--metric", "pas_at_1"]);
    assert!(finished.stderr.contains("did you mean `pass_at_1`?"), "{finished}");
}

#[test]
fn what_is_missing_is_said() {
    let made = MadeRuns::new();
    made.make("good", "made.toml", "good", &[]);
    made.make("flaky", "made.toml", "flaky", &[]);
    made.make("long", "made.toml", "long", &[]);
    check(&made, "missing", &["compare", "flaky.db", "long.db"]);
    let completed =
        json(&made, &["compare", "good.db", "long.db", "--metric", "pass_at_1_completed"]);
    let completed = &completed["comparisons"][0];
    assert_eq!(
        (&completed["dropped"]["unscored"], &completed["difference"]["value"]),
        (&10.into(), &0.0.into())
    );
}

/// Changes a run file by SQL.
fn change(made: &MadeRuns, name: &str, sql: &str) {
    let path = made.place().path().join(name);
    let connection = rusqlite::Connection::open(path).expect("a run file");
    connection.execute_batch(sql).expect("an update");
}

/// Where the answer is the whole reply, the reasons of the verdicts stand in its place; where texts are
/// withheld, reasons are, too.
#[test]
fn reasons_stand_for_answers_that_are_whole_replies() {
    let made = MadeRuns::new();
    made.make("good", "made.toml", "good", &[]);
    made.make("bad", "made.toml", "bad", &[]);
    let whole = "UPDATE verdicts SET answer = NULL, vote = NULL, rule = NULL";
    let followed = "explanation = 'every instruction is followed'";
    change(&made, "good.db", &format!("{whole}, {followed};"));
    let missed =
        "explanation = 'no comma is allowed, 3 were found\n; fewer than 5 sentences: ' || item_id";
    change(&made, "bad.db", &format!("{whole}, {missed};"));
    check(&made, "reasons", &["compare", "good.db", "bad.db", "--flips", "2"]);
    let flip = |name: &str| {
        json(&made, &["compare", "good.db", name])["comparisons"][0]["flips"][0].clone()
    };
    assert_eq!(flip("bad.db")["a"]["reason"], "every instruction is followed");
    change(
        &made,
        "bad.db",
        "UPDATE run SET value = json_set(value, '$.texts', 'kept') WHERE key = 'plan';",
    );
    let flip = flip("bad.db");
    assert_eq!((&flip["b"]["reason"], &flip["b"]["answer"]), (&Value::Null, &Value::Null));
}

#[test]
fn of_several_samples_the_reasons_tell_what_went_wrong() {
    let made = MadeRuns::new();
    made.make("good", "made.toml", "good", &["-n", "4"]);
    made.make("lucky", "made.toml", "lucky", &["-n", "4", "--temperature", "0.7"]);
    for name in ["good.db", "lucky.db"] {
        let of_outcome = "CASE outcome WHEN 'correct' THEN 'every test passed' ELSE 'input 3' END";
        let whole = "answer = NULL, vote = NULL, rule = NULL";
        change(&made, name, &format!("UPDATE verdicts SET {whole}, explanation = {of_outcome};"));
    }
    let compared = json(&made, &["compare", "good.db", "lucky.db", "--all"]);
    for flip in compared["comparisons"][0]["flips"].as_array().expect("flips") {
        for said in [&flip["a"], &flip["b"]] {
            let expected = if said["score"] == 1.0 { "every test passed" } else { "input 3" };
            assert_eq!(said["reason"], expected, "{flip}");
        }
    }
}

#[test]
fn runs_that_mean_different_things_are_refused() {
    let made = MadeRuns::new();
    made.make("good", "made.toml", "good", &[]);
    made.make("brief", "brief.toml", "bad", &[]);
    made.make("few", "made.toml", "bad", &["--limit", "30"]);
    let args = ["compare", "good.db", "brief.db"];
    assert_eq!(check(&made, "refused", &args).code, 64);
    let finished = made.run(&["compare", "good.db", "few.db"]);
    assert!(finished.stderr.contains("dataset.n_items: 60 and 30"), "{finished}");
    let finished = made.run(&["compare", "good.db", "few.db", "--allow-different"]);
    assert_eq!(finished.code, 0, "{finished}");
    assert!(finished.stdout.contains("NOT COMPARABLE"), "{finished}");
    assert!(finished.stdout.contains("30 items, 30 dropped: only in A"), "{finished}");
}

#[test]
fn several_tasks_are_averaged() {
    let made = MadeRuns::new();
    for task in ["made", "other"] {
        for model in ["good", "bad"] {
            let (name, file) = (format!("{task}-{model}"), format!("{task}.toml"));
            made.make(&name, &file, model, &[]);
        }
    }
    let args =
        ["compare", "made-good.db", "made-bad.db", "--pair", "other-good.db", "other-bad.db"];
    let both = json(&made, &args);
    assert_eq!(both["overall"]["n_tasks"], 2);
    assert_eq!(both["overall"]["by_task"]["value"], -0.4);
    let finished = made.run(&[&args[..], &["--flips", "0"]].concat());
    let last = finished.stdout.lines().last().unwrap_or_default();
    assert!(last.starts_with("over 2 tasks: every task the same −40.0 points ("), "{finished}");
}
