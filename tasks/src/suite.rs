//! The built-in task files, and loading of a user's own.

use std::path::Path;

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

/// Every built-in task.
pub fn all() -> Result<Vec<Task>, TaskError> {
    TASK_FILES.iter().map(|(file, text)| built_in(file, text)).collect()
}

/// The task called `name`: a built-in one, or the task file at this path.
pub fn find(name: &str) -> Result<Task, TaskError> {
    if Path::new(name).extension().is_some_and(|extension| extension == "toml") {
        return from_file(Path::new(name));
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
    use crate::choice::draw_orders;

    #[test]
    fn every_built_in_task_loads_and_renders_its_demo_items() {
        for task in all().expect("built-in task files are valid") {
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
