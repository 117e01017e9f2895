//! `evalrun gate`: pass, regression or inconclusive, in every layout, with the exit code of each.

use serde_json::Value;
use tests::Finished;

use crate::made_runs::MadeRuns;

const POLICY: &str = r#"version = 1
[defaults]
max_drop = 0.1
[[rule]]
task = "made"
[[rule]]
task = "made"
metric = "completion_tokens"
max_relative_drop = 0.2
tier = "supporting"
[[rule]]
task = "absent"
tier = "advisory"
"#;

fn check(made: &MadeRuns, name: &str, args: &[&str]) -> Finished {
    let finished = made.run(args);
    insta::assert_snapshot!(name, made.place().redact(&finished.to_string()));
    finished
}

fn made() -> MadeRuns {
    let made = MadeRuns::new();
    made.write("gate.toml", POLICY);
    made.make("good", "made.toml", "good", &[]);
    made.make("bad", "made.toml", "bad", &[]);
    made
}

#[test]
fn a_regression_shows_in_every_layout() {
    let made = made();
    let args = ["gate", "good.db", "bad.db", "--write", "junit=gate.xml", "--write", "md=gate.md"];
    assert_eq!(check(&made, "regression", &args).code, 1);
    insta::assert_snapshot!("regression_junit", made.read("gate.xml"));
    insta::assert_snapshot!("regression_markdown", made.read("gate.md"));
    assert_eq!(check(&made, "regression_json", &["gate", "good.db", "bad.db", "--json"]).code, 1);
    let summary = made.place().path().join("summary.md");
    let mut command = made.place().command(&["gate", "good.db", "bad.db", "--github"]);
    let finished = Finished::from(command.env("GITHUB_STEP_SUMMARY", &summary).output().unwrap());
    assert!(!finished.stdout.contains("::"), "standard output is the report alone: {finished}");
    let annotations = finished.stderr.lines().filter(|line| line.starts_with("::"));
    insta::assert_snapshot!("regression_annotations", annotations.collect::<Vec<_>>().join("\n"));
    assert_eq!(made.read("summary.md"), made.read("gate.md"));
}

#[test]
fn equal_runs_pass_and_better_ones_too() {
    let made = made();
    assert_eq!(check(&made, "pass", &["gate", "good.db", "good.db"]).code, 0);
    assert_eq!(made.run(&["gate", "bad.db", "good.db"]).code, 0);
}

#[test]
fn what_cannot_be_told_is_inconclusive() {
    let made = made();
    made.make("flaky", "made.toml", "flaky", &[]);
    made.make("long", "made.toml", "long", &[]);
    made.make("brief", "brief.toml", "good", &[]);
    let result = |args: &[&str]| {
        let finished = made.run(&[&["gate"], args, &["--json"]].concat());
        let report: Value = serde_json::from_str(&finished.stdout).expect("JSON");
        let reasons = report["rules"][0]["reasons"].to_string();
        (finished.code, reasons)
    };
    let check = |args: &[&str], expected: &str| {
        let (code, reasons) = result(args);
        assert_eq!(code, 2, "{reasons}");
        assert!(reasons.contains(expected), "{reasons}");
    };
    check(
        &["good.db", "flaky.db"],
        "10.0 % of the candidate's samples failed or are missing on made; 1.0 % are allowed",
    );
    check(
        &["long.db", "good.db"],
        "16.7 % of the base's graded samples ran into the token limit on made; 10.0 % are allowed",
    );
    check(&["good.db", "brief.db"], "the runs are not comparable: definition_sha256");
    made.write("gate.toml", &POLICY.replace("max_drop = 0.1", "max_drop = 0.0"));
    check(&["good.db", "good.db"], "the change lies between −2.7 points and +2.7 points");
    made.write("gate.toml", &POLICY.replace("max_drop = 0.1", "max_drop = 0.1\nmin_items = 61"));
    check(&["good.db", "good.db"], "made has 60 items in both runs; 61 are needed");
    made.write("gate.toml", &POLICY.replace("task = \"made\"\n[[", "task = \"none\"\n[["));
    check(&["good.db", "good.db"], "there is no base run of none");
}

#[test]
fn a_baseline_stands_for_its_run() {
    let made = made();
    made.make("lucky", "made.toml", "lucky", &["-n", "4", "--temperature", "0.7"]);
    let baseline = made.run(&["report", "lucky.db", "--format", "baseline"]).stdout;
    assert!(!baseline.contains("plus 1"), "no text of the data: {baseline}");
    made.write("base.json", &baseline);
    insta::assert_snapshot!(
        "baseline_items",
        baseline.lines().skip(3).take(4).collect::<Vec<_>>().join("\n")
    );
    for metric in ["pass_at_1", "pass_at_3", "cons_at_n", "completion_tokens"] {
        let compare = |base: &str| {
            let args = ["compare", base, "good.db", "--metric", metric, "--json"];
            let finished = made.run(&args);
            let report: Value = serde_json::from_str(&finished.stdout).unwrap_or_default();
            report["comparisons"][0]["difference"].clone()
        };
        assert_eq!(compare("base.json"), compare("lucky.db"), "{metric}");
    }
    // Both tasks in one file.
    made.make("other", "other.toml", "good", &[]);
    let both = made.run(&["report", "good.db", "other.db", "--format", "baseline"]).stdout;
    made.write("both.json", &both);
    made.write(
        "pooled.toml",
        "version = 1\n[[pooled]]\nname = \"all\"\ntasks = [\"made\", \"other\"]\nmax_drop = 0.05\n",
    );
    let args =
        ["gate", "both.json", "bad.db", "--candidate", "other.db", "--policy", "pooled.toml"];
    assert_eq!(check(&made, "pooled", &args).code, 1);
    made.write("broken.json", &both.replace("evalrun.baseline/1", "evalrun.baseline/9"));
    let finished = made.run(&["compare", "broken.json", "good.db"]);
    assert_eq!(finished.code, 74, "{finished}");
    assert!(finished.stderr.contains("broken.json is no run file and no baseline"), "{finished}");
}

#[test]
fn a_first_policy_is_written_and_accepted() {
    let made = made();
    made.make("other", "other.toml", "long", &[]);
    let finished = check(&made, "init", &["gate", "init", "good.db", "other.db"]);
    made.write("gate.toml", &finished.stdout);
    let args = ["gate", "good.db", "good.db", "--base", "other.db", "--candidate", "other.db"];
    let finished = made.run(&args);
    assert_eq!(finished.code, 0, "{finished}");
}

#[test]
fn mistakes_are_named() {
    let made = made();
    let check = |args: &[&str], code: i32, expected: &str| {
        let finished = made.run(&[&["gate"], args].concat());
        assert_eq!(finished.code, code, "{finished}");
        assert!(finished.stderr.contains(expected), "{finished}");
    };
    check(&["good.db"], 64, "<CANDIDATE>");
    check(&["good.db", "absent.db"], 74, "there is no such file");
    check(
        &["good.db", "bad.db", "--policy", "absent.toml"],
        66,
        "`evalrun gate init good.db > absent.toml`",
    );
    check(&["good.db", "bad.db", "--write", "pdf=x"], 64, "`pdf` is none of");
    check(&["good.db", "bad.db", "--base", "bad.db"], 64, "are both runs of `made`");
    made.write("gate.toml", &POLICY.replace("tier", "teir"));
    check(&["good.db", "bad.db"], 65, "did you mean `tier`?");
}
