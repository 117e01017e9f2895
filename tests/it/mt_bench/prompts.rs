//! Judge prompts byte for byte as Python's `str.format` renders them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use judges::llm::{JudgePrompts, JudgeQuestion, RatedDialogue, References};
use tasks::{Item, PromptSet, Target, suite};

use crate::embedded::model_path;

fn text(asset: &str) -> Option<String> {
    Some(fs::read_to_string(model_path(asset)?).expect("an asset is readable"))
}

/// The made-up answers of `tests/peers/mt_bench/render.py`.
fn answers(who: &str, question: &str) -> Vec<String> {
    let answer = |turn| format!("{who}{turn} on {question}: {{braces}} {{0}} «ёлки» [[7]]\n\tend");
    [1, 2].map(answer).into()
}

fn hash(question: &JudgeQuestion) -> String {
    let [system, user] = question.messages.as_slice() else { panic!("two messages") };
    let text = format!("{}\0{}", system.content, user.content);
    tests::sha256(text.as_bytes())
}

fn check(task: &str) {
    let assets = task.replace('_', "-");
    let (questions, references) = (format!("{assets}-questions"), format!("{assets}-references"));
    let (Some(questions), Some(references), Some(prompts)) =
        (text(&questions), text(&references), text("mt-bench-judge-prompts"))
    else {
        return;
    };
    let source = &suite::find(task).expect("a built-in task").dataset.sources[0];
    let items: Vec<Item> = source.items(task, questions.as_bytes()).expect("questions");
    let references = References::parse(task, &references).expect("references");
    let prompts = JudgePrompts::parse(PromptSet::Upstream, task, &prompts).expect("prompts");
    let mut seen = BTreeMap::new();
    for item in items {
        let Target::Dialogue(target) = item.target else { panic!("a dialogue") };
        let id = target.question_id;
        let dialogue = RatedDialogue {
            references: references.get(&id).unwrap_or_default().to_vec(),
            question_id: id.clone(),
            category: target.category,
            turns: target.turns,
        };
        let (a, b) = (answers("a", &id), answers("b", &id));
        for turn in [1, 2] {
            let single = prompts.single(&dialogue, &a, turn).expect("a prompt");
            let pair = prompts.pair(&dialogue, (&a, &b), turn).expect("a prompt");
            for question in [single, pair] {
                seen.insert(format!("{id} {turn} {}", question.template), hash(&question));
            }
        }
    }
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mt_bench");
    let fixture = fs::read_to_string(fixture.join(format!("{task}.txt"))).expect("the fixture");
    let expected: BTreeMap<String, String> = fixture
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(name, hash)| (name.to_owned(), hash.to_owned()))
        .collect();
    assert_eq!((seen.len(), expected.len()), (320, 320));
    let wrong: Vec<&String> = seen
        .iter()
        .filter(|(name, hash)| expected.get(*name) != Some(hash))
        .map(|(n, _)| n)
        .collect();
    assert!(wrong.is_empty(), "{task}: {wrong:?}");
    println!("{task}: {} prompts as Python renders them", seen.len());
}

#[test]
fn english_prompts_are_pythons() {
    check("mt_bench");
}

#[test]
fn russian_prompts_are_pythons() {
    check("ru_mt_bench");
}
