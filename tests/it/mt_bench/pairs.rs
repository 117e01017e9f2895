//! Comparison of two runs.

use tests::fake_server::{ChatReply, SeenRequest};

use super::{JUDGE, has_prompts, is_judge, json, n_asked, run, server};
use crate::workplace;

/// One rule for each demo dialogue: the better model wins in either order, the first answer wins, a
/// tie, and no verdict in one of the orders.
fn verdict(seen: &SeenRequest) -> ChatReply {
    let question = seen.question();
    let (m, n) = (question.find("answer of m"), question.find("answer of n"));
    let (first, second) = if question.contains("lighthouse") {
        ("[[A]]", "[[B]]")
    } else if question.contains("6 times 7") {
        ("[[A]]", "[[A]]")
    } else if question.contains("sky") {
        ("[[C]]", "[[C]]")
    } else {
        ("I cannot say.", "[[A]]")
    };
    ChatReply::new(if m < n { first } else { second })
}

#[test]
fn swaps_ties_and_errors_count_as_upstream_counts_them() {
    if !has_prompts() {
        return;
    }
    let (place, server) = (workplace(), server(verdict));
    let url = server.base_url();
    for model in ["m", "n"] {
        let args = ["--task", "mt_bench", "--split", "demo", "--base-url", &url, "--model", model];
        let finished = run(&place, &args);
        assert_eq!(finished.code, 0, "{finished}");
        assert!(finished.stderr.contains("no judge is named"), "{finished}");
    }
    let files = place.run_files();
    let [m, n] = files.as_slice() else { panic!("two runs: {files:?}") };
    let (m, n) = (m.to_str().expect("UTF-8"), n.to_str().expect("UTF-8"));
    let mut args = vec!["pairwise", m, n, "--judge-model", JUDGE, "--judge-base-url", &url];
    args.push("--json");
    let finished = run(&place, &args);
    assert_eq!(finished.code, 0, "{finished}");
    let pair = &json(&finished)["ratings"]["pairs"][0];
    let result = &pair["comparison"];
    let counts = ["n_wins", "n_ties", "n_losses", "n_errors", "n_flips"];
    let counts = counts.map(|name| result[name].as_u64().expect("a count"));
    assert_eq!(counts, [2, 4, 0, 2, 2], "{pair}");
    let near = |value: &serde_json::Value, expected: f64| {
        let value = value.as_f64().expect("a share");
        assert!((value - expected).abs() < 1e-9, "{value} is not {expected}: {pair}");
    };
    near(&result["win_rate"], 2.0 / 6.0);
    near(&result["loss_rate"], 0.0);
    near(&result["adjusted_win_rate"]["value"], 4.0 / 6.0);
    near(&result["consistency"], 4.0 / 6.0);
    near(&result["first_wins"], 6.0 / 8.0);
    assert_eq!(pair["opponent"], "n");
    assert_eq!(n_asked(&server, true), 16);
    assert_eq!(run(&place, &args).code, 0);
    assert_eq!(n_asked(&server, true), 16, "what was compared is not compared again");
    let judged = server.requests().into_iter().find(is_judge).expect("a request");
    assert!(judged.body["messages"][0]["content"].as_str().is_some_and(|s| s.contains("[[C]]")));

    let rows = run(&place, &["report", m, "--format", "fastchat-judgments"]).stdout;
    let rows: Vec<serde_json::Value> =
        rows.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.len(), 8);
    let winners = |question: &str| {
        let row = rows.iter().find(|row| row["question_id"] == question).expect("a row");
        (row["g1_winner"].clone(), row["g2_winner"].clone())
    };
    assert_eq!(winners("demo-0"), ("model_1".into(), "model_1".into()));
    assert_eq!(winners("demo-1"), ("model_1".into(), "model_2".into()));
    assert_eq!(winners("demo-2"), ("tie".into(), "tie".into()));
    assert_eq!(winners("demo-3"), ("error".into(), "model_2".into()));
    let refused =
        run(&place, &["pairwise", m, m, "--judge-model", JUDGE, "--judge-base-url", &url]);
    assert_eq!(refused.code, 64, "{refused}");
}
