//! The built-in task files, and loading of a user's own.

use std::path::Path;

use crate::calls::{Category, Group};
use crate::error::nearest;
use crate::{Task, TaskError, task_file};

/// Built-in task files in the order of `evalrun tasks`.
const TASK_FILES: [(&str, &str); 18] = [
    ("aime24.toml", include_str!("../suite/aime24.toml")),
    ("aime25.toml", include_str!("../suite/aime25.toml")),
    ("aime26.toml", include_str!("../suite/aime26.toml")),
    ("hmmt25.toml", include_str!("../suite/hmmt25.toml")),
    ("math500.toml", include_str!("../suite/math500.toml")),
    ("minerva_math.toml", include_str!("../suite/minerva_math.toml")),
    ("gsm8k.toml", include_str!("../suite/gsm8k.toml")),
    ("gpqa_diamond.toml", include_str!("../suite/gpqa_diamond.toml")),
    ("gpqa_main.toml", include_str!("../suite/gpqa_main.toml")),
    ("gpqa_extended.toml", include_str!("../suite/gpqa_extended.toml")),
    ("humaneval.toml", include_str!("../suite/humaneval.toml")),
    ("humaneval_plus.toml", include_str!("../suite/humaneval_plus.toml")),
    ("mbpp.toml", include_str!("../suite/mbpp.toml")),
    ("mbpp_plus.toml", include_str!("../suite/mbpp_plus.toml")),
    ("ifeval.toml", include_str!("../suite/ifeval.toml")),
    ("ruifeval.toml", include_str!("../suite/ruifeval.toml")),
    ("mt_bench.toml", include_str!("../suite/mt_bench.toml")),
    ("ru_mt_bench.toml", include_str!("../suite/ru_mt_bench.toml")),
];

/// Built-in prompt templates.
const TEMPLATES: [(&str, &str); 7] = [
    ("boxed.jinja", include_str!("../suite/boxed.jinja")),
    ("aime.jinja", include_str!("../suite/aime.jinja")),
    ("choice_simple_evals.jinja", include_str!("../suite/choice_simple_evals.jinja")),
    ("choice_inspect.jinja", include_str!("../suite/choice_inspect.jinja")),
    ("plain.jinja", include_str!("../suite/plain.jinja")),
    ("program.jinja", include_str!("../suite/program.jinja")),
    ("program_base.jinja", include_str!("../suite/program_base.jinja")),
];

/// The task file of every category of BFCL.
const BFCL: &str = include_str!("../suite/bfcl.toml");

/// Every built-in task.
pub fn all() -> Result<Vec<Task>, TaskError> {
    let files = TASK_FILES.iter().map(|(file, text)| built_in(file, text));
    files.chain(Category::ALL.into_iter().map(bfcl)).collect()
}

/// The tasks that `name` stands for: one, or the categories of BFCL that `bfcl` or a group such as
/// `bfcl:multi_turn` holds. All of BFCL leaves out format sensitivity, which is no part of its score.
pub fn find_all(name: &str) -> Result<Vec<Task>, TaskError> {
    let categories = if name == "bfcl" {
        let is_scored = |category: &Category| *category != Category::FormatSensitivity;
        Category::ALL.into_iter().filter(is_scored).collect()
    } else {
        let group = name.strip_prefix("bfcl:");
        // The group of requests without a function has the name of one of its categories.
        let group = group.filter(|name| Category::named(name).is_none());
        match group.and_then(|name| Group::ALL.into_iter().find(|group| group.name() == name)) {
            Some(group) => group.categories(),
            None => return Ok(vec![find(name)?]),
        }
    };
    categories.into_iter().map(bfcl).collect()
}

fn bfcl(category: Category) -> Result<Task, TaskError> {
    let text = BFCL
        .replace("{category}", category.name())
        .replace("{n_items}", &category.n_entries().to_string());
    let mut task = built_in("bfcl.toml", &text)?;
    if category == Category::FormatSensitivity {
        task.breakdown = vec!["config".to_owned()];
    }
    Ok(task)
}

/// The task called `name`: a built-in one, or the task file at this path.
pub fn find(name: &str) -> Result<Task, TaskError> {
    if Path::new(name).extension().is_some_and(|extension| extension == "toml") {
        return from_file(Path::new(name));
    }
    if let Some(category) = name.strip_prefix("bfcl:") {
        return match Category::named(category) {
            Some(category) => bfcl(category),
            None => Err(unknown_category(name, category)),
        };
    }
    let stem = |file: &'static str| file.trim_end_matches(".toml");
    match TASK_FILES.iter().find(|(file, _)| stem(file) == name) {
        Some((file, text)) => built_in(file, text),
        None => Err(TaskError::UnknownTask {
            name: name.to_owned(),
            nearest: nearest(name, TASK_FILES.iter().map(|(file, _)| stem(file))),
        }),
    }
}

fn unknown_category(name: &str, category: &str) -> TaskError {
    let groups = Group::ALL.into_iter().map(Group::name);
    let known = Category::ALL.into_iter().map(Category::name).chain(groups);
    let nearest = nearest(category, known).map(|known| format!("bfcl:{known}"));
    TaskError::UnknownTask { name: name.to_owned(), nearest }
}

fn built_in(file: &str, text: &str) -> Result<Task, TaskError> {
    task_file::parse(file, text, Path::new(""), |name| built_in_template(file, name))
}

fn built_in_template(file: &str, name: &str) -> Result<String, TaskError> {
    let found = TEMPLATES.iter().find(|(template, _)| *template == name);
    found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| TaskError::BadTaskFile {
        file: file.to_owned(),
        line: 1,
        message: format!("there is no prompt template `{name}`"),
        nearest: nearest(name, TEMPLATES.iter().map(|(template, _)| *template)),
    })
}

/// A user's task file may use a template beside it or a built-in one.
fn from_file(path: &Path) -> Result<Task, TaskError> {
    let read = |path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|source| TaskError::Unreadable { file: path.display().to_string(), source })
    };
    let text = read(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let file = path.display().to_string();
    task_file::parse(&file, &text, folder, |name| {
        let beside = folder.join(name);
        if beside.exists() { read(&beside) } else { built_in_template(&file, name) }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::JudgeKind;
    use crate::choice::draw_orders;

    #[test]
    fn every_built_in_task_loads_and_renders_its_demo_items() {
        for task in all().expect("built-in task files are valid") {
            if matches!(task.judge, JudgeKind::Calls(_)) {
                // The prompts of BFCL are made of its data.
                continue;
            }
            assert!(!task.demo.is_empty(), "{} has no demo items", task.name);
            let mut demo = task.demo.clone();
            if let Some(protocol) = task.shuffle {
                draw_orders(&mut demo, protocol, 0, (&task.name, 1));
            }
            for item in demo.into_iter().map(Arc::new) {
                let shown = item.displayed(0);
                let messages = task.prompt.render(&shown).expect("demo items render");
                let name = if task.shuffle.is_some() { "question" } else { "problem" };
                let problem = &shown.fields[name];
                assert!(messages.last().is_some_and(|m| m.content.contains(problem.as_str())));
            }
        }
    }

    fn check(name: &str, expected: &str) {
        let err = find(name).expect_err("the name is wrong");
        assert_eq!(err.to_string(), expected);
    }

    #[test]
    fn unknown_tasks_suggest_the_nearest() {
        check(
            "aime52",
            "there is no task `aime52`; did you mean `aime25`? `evalrun tasks` lists them",
        );
        check("qqq", "there is no task `qqq`; `evalrun tasks` lists them");
        check(
            "absent/own.toml",
            "cannot read absent/own.toml: No such file or directory (os error 2)",
        );
    }

    fn check_file(edit: impl Fn(&str) -> String, expected: &str) {
        let (file, text) = TASK_FILES[1];
        let err = built_in(file, &edit(text)).expect_err("the file is wrong");
        let message = err.to_string();
        assert!(message.starts_with(expected), "{message}");
    }

    #[test]
    fn bad_task_files_name_file_line_and_key() {
        check_file(
            |text| text.replacen("version =", "versoin =", 1),
            "aime25.toml:2: unknown field `versoin`",
        );
        check_file(|text| format!("{text}\n[[["), "aime25.toml:");
        check_file(
            |text| text.replacen("extractor = \"math_answer\"", "extractor = \"math_answr\"", 1),
            "aime25.toml:6: unknown variant `math_answr`",
        );
        check_file(
            |text| text.replacen("template = \"aime.jinja\"", "template = \"aine.jinja\"", 1),
            "aime25.toml:1: there is no prompt template `aine.jinja`; did you mean `aime.jinja`?",
        );
        let replaced =
            |from: &'static str, to: &'static str| move |text: &str| text.replacen(from, to, 1);
        check_file(
            replaced("samples = 64", "samples = 0"),
            "aime25.toml:20: samples is at least 1",
        );
        check_file(
            replaced("top_p = 0.95", "top_p = nan"),
            "aime25.toml:18: top_p is a number from 0 to 1",
        );
        check_file(
            replaced("judge = \"integer\"", "judge = \"integer\"\ntexts = \"withheld\""),
            "aime25.toml:8: only the judge `choice` keeps withheld texts",
        );
        check_file(
            replaced("target = \"integer\"", "target = \"short_answer\""),
            "aime25.toml:7: the judge `integer` needs targets",
        );
    }
}
