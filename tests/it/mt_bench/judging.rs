//! Rating of single answers, end to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tests::fake_server::{ChatReply, Reply, Usage};

use super::{
    JUDGE, asked, check_ratings, demo, eight_then_six, has_prompts, is_judge, is_second_turn, json,
    n_asked, run, server,
};
use crate::embedded::model_path;
use crate::workplace;

#[test]
fn a_dialogue_is_held_as_upstream_holds_it_and_judged_without_reasoning() {
    if !has_prompts() {
        return;
    }
    let (place, server) = (workplace(), server(eight_then_six));
    let finished = demo(&place, &server, &[]);
    assert_eq!(finished.code, 0, "{finished}");
    assert!(finished.stderr.contains("8 calls, about"), "the cost is shown: {finished}");
    let summary = json(&finished);
    check_ratings(&summary["ratings"]["judges"][0], 7.0, [8.0, 6.0], [8, 8, 0, 0, 0]);
    assert_eq!(summary["counts"]["answered"], 4);
    assert_eq!((&summary["complete"], &summary["metrics"]), (&true.into(), &Value::Array(vec![])));
    let requests = asked(&server);
    let (judged, answered): (Vec<_>, Vec<_>) = requests.iter().partition(|seen| is_judge(seen));
    assert_eq!((judged.len(), answered.len()), (8, 8));
    for seen in &answered {
        let messages = seen.body["messages"].as_array().expect("messages");
        let is_math = messages[0]["content"].as_str().expect("text").contains("6 times 7");
        let is_writing = messages[0]["content"].as_str().expect("text").contains("lighthouse");
        let temperature = seen.body["temperature"].as_f64().expect("a temperature");
        let is_near = |expected: f64| (temperature - expected).abs() < 1e-9;
        assert!((!is_math || is_near(0.0)) && (!is_writing || is_near(0.7)), "{temperature}");
        assert_eq!(seen.body["max_tokens"], 1024);
        if messages.len() == 3 {
            assert_eq!(messages[1]["content"], "answer of m after 1", "without reasoning");
            assert_eq!(messages[1]["role"], "assistant");
        }
    }
    for seen in &judged {
        assert!(!seen.question().contains("secret"), "{}", seen.question());
        assert_eq!(
            (&seen.body["temperature"], &seen.body["max_tokens"]),
            (&0.0.into(), &2048.into())
        );
        assert_eq!(seen.body["messages"].as_array().map(Vec::len), Some(2));
    }
    let file = place.run_file();
    let file = file.to_str().expect("UTF-8");
    let replay = run(&place, &["replay", file]);
    assert_eq!(replay.code, 0, "{replay}");
    let md = run(&place, &["report", file, "--format", "md"]);
    assert!(md.stdout.contains("| 7.00 (95 % CI"), "{md}");
    assert!(md.stdout.contains("<svg"), "{md}");
    assert!(run(&place, &["runs"]).stdout.contains("rating 7.00 (n = 4 items) by judge"));
}

#[test]
fn the_russian_benchmark_runs_end_to_end() {
    if !has_prompts()
        || model_path("ru-mt-bench-questions").is_none()
        || model_path("ru-mt-bench-references").is_none()
    {
        return;
    }
    let (place, server) = (workplace(), server(eight_then_six));
    let url = server.base_url();
    let mut args = vec!["--task", "ru_mt_bench", "--limit", "4", "--json", "--model", "m"];
    args.extend(["--base-url", &url, "--judge-base-url", &url, "--judge-model", JUDGE]);
    args.extend(["--items", "22,31,33,35", "--reasoning-tokens", "3000"]);
    let finished = run(&place, &args);
    assert_eq!(finished.code, 0, "{finished}");
    let summary = json(&finished);
    check_ratings(&summary["ratings"]["judges"][0], 7.0, [8.0, 6.0], [8, 8, 0, 0, 0]);
    let requests = asked(&server);
    assert!(requests.iter().filter(|seen| !is_judge(seen)).all(|s| s.body["max_tokens"] == 4024));
    // Question 112's references are numbers in the file, and 103's second one is empty.
    let has =
        |text: &str| requests.iter().any(|seen| is_judge(seen) && seen.question().contains(text));
    assert!(has("### Reference answer:\n12000\n\n"), "a number as Python shows it");
    assert!(has("### Reference answer:\n\n\n<|The End of Reference Answer|>"), "an empty one");
}

#[test]
fn a_judges_outage_is_no_score_and_the_same_command_makes_up_for_it() {
    if !has_prompts() {
        return;
    }
    let is_up = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_up);
    let (place, server) = (
        workplace(),
        server(move |seen| {
            let is_ill = is_second_turn(seen) && !switch.load(Ordering::SeqCst);
            if is_ill { Reply::status(500) } else { Reply::from(eight_then_six(seen)) }
        }),
    );
    let down = demo(&place, &server, &["--judge-retries", "0"]);
    assert_eq!(down.code, 75, "{down}");
    let summary = json(&down);
    check_ratings(&summary["ratings"]["judges"][0], 8.0, [8.0, 0.0], [8, 4, 0, 4, 0]);
    assert_eq!(summary["complete"], false);
    assert!(down.stderr.contains("4 of 8 judgments by judge are missing"), "{down}");
    is_up.store(true, Ordering::SeqCst);
    let up = demo(&place, &server, &["--judge-retries", "0"]);
    assert_eq!(up.code, 0, "{up}");
    check_ratings(&json(&up)["ratings"]["judges"][0], 7.0, [8.0, 6.0], [8, 8, 0, 0, 0]);
    assert_eq!(n_asked(&server, false), 8, "no answer is asked for twice");
    assert_eq!(n_asked(&server, true), 8 + 4, "no judgment is asked for twice");
    assert_eq!(place.run_files().len(), 1);
}

#[test]
fn replies_that_cannot_be_read_are_counted_and_one_reminder_is_allowed() {
    if !has_prompts() {
        return;
    }
    let judge = |seen: &tests::fake_server::SeenRequest| {
        let is_reminder = seen.body["messages"].as_array().is_some_and(|m| m.len() == 4);
        let question = if is_reminder { String::new() } else { seen.question() };
        let text = if is_reminder {
            "[[5]]"
        } else if question.contains("lighthouse") {
            "[[08]]"
        } else if question.contains("6 times 7") {
            "[[11]]"
        } else {
            "[[9]]"
        };
        ChatReply::new(text)
    };
    let (place, server) = (workplace(), server(judge));
    let finished = demo(&place, &server, &[]);
    assert_eq!(finished.code, 0, "an unreadable reply is an answer: {finished}");
    let judge = &json(&finished)["ratings"]["judges"][0];
    check_ratings(judge, 9.0, [9.0, 9.0], [8, 4, 4, 0, 0]);
    // Upstream takes the two 11s, and would have ended at [[08]].
    let upstream = judge["upstream_average"].as_f64().expect("an average");
    assert!((upstream - 58.0 / 6.0).abs() < 1e-9, "{judge}");
    let file = place.run_file();
    let file = file.to_str().expect("UTF-8");
    let url = server.base_url();
    let mut args = vec!["rejudge", file, "--json", "--judge-model", JUDGE, "--judge-remind"];
    args.extend(["--judge-base-url", &url]);
    let reminded = run(&place, &args);
    assert_eq!(reminded.code, 0, "{reminded}");
    let judges = json(&reminded)["ratings"]["judges"].clone();
    check_ratings(&judges[1], 7.0, [7.0, 7.0], [8, 8, 0, 0, 0]);
    assert_eq!(judges[1]["coverage"]["reminded"], 4);
    assert_eq!(judges[1]["judge"], "judge #2", "another way of asking is another judge");
    assert_eq!(n_asked(&server, false), 8, "answers are not asked for again");

    let connection = rusqlite::Connection::open(file).expect("a run file");
    let tampered = r#"{"rating":{"value":1.0,"in_language":null}}"#;
    connection.execute("UPDATE judgments SET reading = ?1", [tampered]).expect("an update");
    drop(connection);
    assert_eq!(run(&place, &["replay", file]).code, 76);
    let reread = run(&place, &["rejudge", file, "--reread", "--json"]);
    assert_eq!(reread.code, 0, "{reread}");
    check_ratings(&json(&reread)["ratings"]["judges"][0], 9.0, [9.0, 9.0], [8, 4, 4, 0, 0]);
    assert_eq!(n_asked(&server, true), 8 + 12, "nobody was asked");
}

#[test]
fn several_judges_and_replies_are_told_apart_and_put_together() {
    if !has_prompts() {
        return;
    }
    let judge = |seen: &tests::fake_server::SeenRequest| {
        let by_second = if seen.body["model"] == "judge-b" { 2 } else { 0 };
        let by_seed = seen.seed().unwrap_or(0) % 2;
        let by_turn = if is_second_turn(seen) { 0 } else { 3 };
        ChatReply::new(format!("[[{}]] Language: [[no]]", 3 + by_turn + by_second + by_seed))
    };
    let (place, server) = (workplace(), server(judge));
    let url = server.base_url();
    let mut args = vec!["--task", "mt_bench", "--split", "demo", "--json", "--base-url", &url];
    args.extend(["--model", "m", "--judge-base-url", &url, "--judge-samples", "3"]);
    args.extend(["--judge-model", "judge-a", "--judge-model", "judge-b"]);
    let finished = run(&place, &args);
    assert_eq!(finished.code, 0, "{finished}");
    let ratings = &json(&finished)["ratings"];
    let average = |idx: usize| ratings["judges"][idx]["average"]["value"].as_f64().expect("a mean");
    assert!(ratings["judges"][0]["spread"].as_f64().is_some_and(|spread| spread > 0.0));
    assert_eq!(ratings["judges"][0]["coverage"]["judged"], 24);
    let panel = &ratings["panels"][0];
    let mean = panel["mean"]["value"].as_f64().expect("a mean");
    assert!((mean - f64::midpoint(average(0), average(1))).abs() < 1e-9, "{ratings}");
    assert!(panel["alpha"].as_f64().is_some_and(|alpha| alpha < 1.0), "{ratings}");

    let file = place.run_file();
    let mut args = vec!["rejudge", file.to_str().expect("UTF-8"), "--judge-base-url", &url];
    args.extend(["--judge-model", "judge-a", "--judge-prompts", "language", "--json"]);
    let language = run(&place, &args);
    assert_eq!(language.code, 0, "{language}");
    let judge = &json(&language)["ratings"]["judges"][2];
    assert_eq!(judge["judge"], "judge-a, language prompts");
    assert_eq!(
        (&judge["in_language"]["value"], &judge["prompts"]),
        (&0.0.into(), &"language".into())
    );
    assert_eq!(json(&language)["ratings"]["panels"], ratings["panels"], "reported apart");
}

#[test]
fn a_model_judges_itself_only_when_told_to() {
    if !has_prompts() {
        return;
    }
    let (place, server) = (workplace(), server(eight_then_six));
    let url = server.base_url();
    let mut args = vec!["--task", "mt_bench", "--split", "demo", "--json", "--base-url", &url];
    args.extend(["--model", JUDGE, "--judge-base-url", &url, "--judge-model", "Judge"]);
    let refused = run(&place, &args);
    assert_eq!(refused.code, 64, "{refused}");
    assert!(refused.stderr.contains("--allow-self-judge"), "{refused}");
    assert!(asked(&server).is_empty());
    args.push("--allow-self-judge");
    let allowed = run(&place, &args);
    assert_eq!(allowed.code, 0, "{allowed}");
    let judge = &json(&allowed)["ratings"]["judges"][0];
    assert_eq!(
        (&judge["judge"], &judge["is_self"]),
        (&"Judge, judging itself".into(), &true.into())
    );
}

#[test]
fn judges_spend_no_more_than_they_may() {
    if !has_prompts() {
        return;
    }
    let dear =
        |seen: &tests::fake_server::SeenRequest| eight_then_six(seen).usage(Usage::new(2000, 10));
    let (place, server) = (workplace(), server(dear));
    let refused = demo(&place, &server, &["--max-judge-tokens", "100"]);
    assert_eq!((refused.code, asked(&server).len()), (64, 0), "{refused}");
    assert!(refused.stderr.contains("the judge's prompts alone have about"), "{refused}");
    let more = ["--max-judge-tokens", "5000", "--judge-concurrency", "1"];
    let spent = demo(&place, &server, &more);
    assert_eq!(spent.code, 75, "{spent}");
    assert!(spent.stderr.contains("the tokens of --max-judge-tokens are spent"), "{spent}");
    let judge = &json(&spent)["ratings"]["judges"][0];
    let n_judged = judge["coverage"]["judged"].as_u64().expect("a count");
    // A third reply of 2048 tokens would not fit beside the 4020 that are spent.
    assert_eq!(n_judged, 2, "{judge}");
    let rest = demo(&place, &server, &[]);
    assert_eq!((rest.code, n_asked(&server, true)), (0, 8), "{rest}");
}

/// What is set aside for questions under way comes back, so that more of them at once end no earlier.
#[test]
fn questions_under_way_are_waited_for_before_the_tokens_are_spent() {
    if !has_prompts() {
        return;
    }
    let dear =
        |seen: &tests::fake_server::SeenRequest| eight_then_six(seen).usage(Usage::new(2000, 10));
    let (place, server) = (workplace(), server(dear));
    let more = ["--max-judge-tokens", "17500", "--judge-concurrency", "8"];
    let finished = demo(&place, &server, &more);
    assert_eq!((finished.code, n_asked(&server, true)), (0, 8), "{finished}");
}

#[test]
fn the_embedded_model_answers_and_judges() {
    if !has_prompts() || model_path("smollm2-135m-instruct").is_none() {
        return;
    }
    let place = workplace();
    let mut args = vec!["--task", "ru_mt_bench", "--split", "demo", "--limit", "2", "--json"];
    args.extend(["--max-tokens", "16", "--judge-max-tokens", "16", "--allow-self-judge"]);
    args.extend(["--judge-model", "smollm2-135m-instruct"]);
    let finished = run(&place, &args);
    assert_eq!(finished.code, 0, "{finished}");
    let judge = &json(&finished)["ratings"]["judges"][0];
    let count = |name: &str| judge["coverage"][name].as_u64().expect("a count");
    assert_eq!((count("planned"), count("judged") + count("unparsed")), (4, 4), "{judge}");
    assert_eq!(judge["is_self"], true);
}

/// A judge that is mistyped or dead owes judgments to itself alone: other commands tell of it and end
/// well, and it can be forgotten.
#[test]
fn what_another_judge_owes_is_no_failure_of_this_command() {
    if !has_prompts() {
        return;
    }
    let place = workplace();
    let server = server(|seen| match seen.body["model"].as_str() {
        Some("judge-dead") => Reply::status(500),
        _ => Reply::from(eight_then_six(seen)),
    });
    let url = server.base_url();
    let args = ["--task", "mt_bench", "--split", "demo", "--base-url", &url, "--model", "m"];
    assert_eq!(run(&place, &args).code, 0);
    let file = place.run_file();
    let file = file.to_str().expect("UTF-8");
    let unjudged = run(&place, &["report", file, "--format", "fastchat-judgments"]);
    assert!(unjudged.stderr.contains("`evalrun rejudge "), "{unjudged}");
    let rejudge = |judge: &str| {
        let judge = ["--judge-model", judge, "--judge-retries", "0", "--judge-base-url", &url];
        run(&place, &[&["rejudge", file, "--json"], &judge[..]].concat())
    };
    let dead = rejudge("judge-dead");
    assert_eq!(dead.code, 75, "{dead}");
    assert!(dead.stderr.contains("8 of 8 judgments by judge-dead are missing"), "{dead}");
    assert!(dead.stderr.contains("run the same command again"), "{dead}");
    let other = rejudge(JUDGE);
    assert_eq!(other.code, 0, "{other}");
    assert!(other.stderr.contains("this command did not ask it"), "{other}");
    assert!(other.stderr.contains("--forget 'judge-dead'"), "{other}");
    let reread = run(&place, &["rejudge", file, "--reread", "--json"]);
    assert_eq!(reread.code, 0, "{reread}");
    assert_eq!(json(&reread)["complete"], false);

    let unknown = run(&place, &["rejudge", file, "--forget", "judge-ded"]);
    assert_eq!(unknown.code, 64, "{unknown}");
    assert!(unknown.stderr.contains("it has: `judge-dead`, `judge`"), "{unknown}");
    let forgotten = run(&place, &["rejudge", file, "--forget", "judge-dead", "--json"]);
    assert_eq!(forgotten.code, 0, "{forgotten}");
    assert!(
        forgotten.stderr.contains("the judge `judge-dead`, 0 of its judgments and 8 failed ones"),
        "{forgotten}"
    );
    let summary = json(&forgotten);
    assert_eq!(
        (&summary["complete"], &summary["ratings"]["judges"][1]),
        (&true.into(), &Value::Null)
    );
    check_ratings(&summary["ratings"]["judges"][0], 7.0, [8.0, 6.0], [8, 8, 0, 0, 0]);
    assert_eq!(run(&place, &["replay", file]).code, 0);
}

#[test]
fn a_judge_that_is_down_ends_judging_when_patience_ends() {
    if !has_prompts() {
        return;
    }
    let (place, models) = (workplace(), server(eight_then_six));
    let gone = server(eight_then_six);
    let dead_url = gone.base_url();
    drop(gone);
    let url = models.base_url();
    let mut args =
        vec!["--task", "mt_bench", "--split", "demo", "--base-url", &url, "--model", "m"];
    args.extend(["--judge-model", JUDGE, "--judge-base-url", &dead_url, "--judge-patience", "0"]);
    let finished = run(&place, &args);
    assert_eq!(finished.code, 69, "{finished}");
    assert!(finished.stderr.contains("is down: "), "{finished}");
    assert!(finished.stderr.contains("That was the judge"), "{finished}");
}
