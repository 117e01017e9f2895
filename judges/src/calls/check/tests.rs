use serde::Deserialize;
use serde_json::json;
use tasks::calls::{Category, Description};

use crate::calls::decode::Mode;
use crate::calls::value::Value;
use crate::calls::{Config, SingleTurn, expected_calls, json as python_json};

use super::*;

/// An entry of one function `m.f` with the parameters given, and the answers given.
fn entry(category: Category, properties: &serde_json::Value, answers: &str) -> SingleTurn {
    let names: Vec<String> = properties.as_object().expect("an object").keys().cloned().collect();
    let required = &names[..1.min(names.len())];
    let doc = json!({
        "name": "m.f",
        "parameters": { "type": "dict", "properties": properties, "required": required },
    });
    let language = category.language();
    let answers = python_json::parse(answers).expect("JSON");
    SingleTurn {
        category,
        functions: vec![
            FunctionDoc::new(Description::deserialize(&doc).expect("a description"), language)
                .expect("known types"),
        ],
        expected: expected_calls(&answers).expect("answers"),
        config: Config::of(language),
    }
}

fn error_of(entry: &SingleTurn, reply: &str) -> Option<&'static str> {
    let judged = entry.judge(&Value::str(reply), (Mode::Prompting, Naming::Dots));
    judged.err().map(|failure| failure.error_type.name())
}

#[test]
fn names_and_parameters_must_be_those_of_the_function() {
    let properties = json!({ "a": { "type": "integer" }, "b": { "type": "string" } });
    let entry =
        entry(Category::SimplePython, &properties, r#"[{"m.f": {"a": [1], "b": ["x", ""]}}]"#);
    let check = |reply: &str, expected: Option<&str>| {
        assert_eq!(error_of(&entry, reply), expected, "{reply}");
    };
    check("m.f(a=1)", None);
    check("m.f(a=1, b=' X.')", None);
    check("f(a=1)", Some("simple_function_checker:wrong_func_name"));
    check("m_f(a=1)", Some("simple_function_checker:wrong_func_name"));
    check("m.f(b='x')", Some("simple_function_checker:missing_required"));
    check("m.f(a=1, c=2)", Some("simple_function_checker:unexpected_param"));
    check("m.f(a=1), m.f(a=1)", Some("simple_function_checker:wrong_count"));
    check("m.f(a=True)", Some("type_error:simple"));
    check("m.f(a=2)", Some("value_error:others"));
    check("m.f(a=1, b='y')", Some("value_error:string"));
    check("```python\nm.f(a=1)```", Some("ast_decoder:decoder_failed"));
    let underscores = entry.judge(&Value::str("m_f(a=1)"), (Mode::Prompting, Naming::Underscores));
    assert!(underscores.is_ok());
}

#[test]
fn values_are_compared_by_their_type() {
    let check = |schema: &serde_json::Value, answers: &str, value: &str, expected: Option<&str>| {
        let answers = format!(r#"[{{"m.f": {{"a": {answers}}}}}]"#);
        let entry = entry(Category::SimplePython, &json!({ "a": schema }), &answers);
        assert_eq!(error_of(&entry, &format!("m.f(a={value})")), expected, "{value} {answers}");
    };
    let (float, dict) = (json!({ "type": "float" }), json!({ "type": "dict" }));
    check(&float, "[5.0]", "5", None);
    check(&float, "[5.0]", "True", Some("type_error:simple"));
    let floats = json!({ "type": "array", "items": { "type": "float" } });
    check(&floats, "[[1.0, 2.0]]", "[1.0, 2.0]", None);
    check(&floats, "[[1.0, 2.0]]", "[1, 2]", Some("type_error:nested"));
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    check(&texts, r#"[["a b"], ""]"#, "['A-B']", None);
    check(&texts, r#"[["a b"], ""]"#, "[]", None);
    check(&texts, r#"[["a b"]]"#, "['b', 'a']", Some("value_error:list/tuple"));
    check(&texts, r#"["names"]"#, "names", None);
    check(&dict, r#"[{"k": [1], "o": [2, ""]}]"#, "{'k': 1}", None);
    check(&dict, r#"[{"k": [1], "o": [2, ""]}]"#, "{'k': 3}", Some("value_error:dict_value"));
    check(&dict, r#"[{"k": [1]}]"#, "{'x': 1}", Some("value_error:dict_key"));
    check(&dict, r#"[""]"#, "{}", Some("dict_checker:unclear"));
    check(&dict, r#"[{"k": "ab"}]"#, "{}", None);
    let dicts = json!({ "type": "array", "items": { "type": "dict" } });
    check(&dicts, r#"[[{"k": [1]}]]"#, "[{'k': 1}]", None);
    check(&dicts, r#"[[{"k": [1]}]]"#, "[]", Some("value_error:list_dict_count"));
    check(&dicts, r#"[[{"k": [1]}]]"#, "['x']", Some("type_error:nested"));
    let tuple = json!({ "type": "tuple", "items": { "type": "float" } });
    check(&tuple, "[[1.5, 2.5]]", "(1.5, 2.5)", None);
    check(&json!({ "type": "integer" }), r#"["year"]"#, "year", None);
    check(&json!({ "type": "any" }), r#"["x"]"#, "5", Some("type_error:simple"));
}

#[test]
fn calls_in_parallel_are_matched_greedily() {
    let properties = json!({ "a": { "type": "integer" } });
    let entry =
        entry(Category::Parallel, &properties, r#"[{"m.f": {"a": [1, 2]}}, {"m.f": {"a": [1]}}]"#);
    let check = |reply: &str, expected: Option<&str>| {
        assert_eq!(error_of(&entry, reply), expected, "{reply}");
    };
    check("m.f(a=2), m.f(a=1)", None);
    check("m.f(a=1), m.f(a=2)", Some("parallel_function_checker_no_order:cannot_find_match"));
    check("m.f(a=1)", Some("parallel_function_checker_no_order:wrong_count"));
}

#[test]
fn parameters_with_wrong_data_are_left_out_of_the_corrected_verdict() {
    let check = |category: Category, schema: &serde_json::Value, answers: &str, reply: &str| {
        let answers = format!(r#"[{{"m.f": {{"a": {answers}}}}}]"#);
        let entry = entry(category, &json!({ "a": schema }), &answers);
        let how = (Mode::Prompting, Naming::Dots);
        let errors = entry.data_errors(how.0);
        assert!(entry.judge(&Value::str(reply), how).is_err(), "{reply}");
        assert!(
            entry.judge_corrected(&Value::str(reply), how, &errors).is_ok(),
            "{reply} {errors:?}"
        );
    };
    check(Category::SimplePython, &json!({ "type": "string" }), "[]", "m.f(a='x')");
    check(
        Category::SimpleJava,
        &json!({ "type": "Array", "items": { "type": "String" } }),
        r#"[["x"]]"#,
        "m.f(a=new String[]{\"x\"})",
    );
    check(
        Category::SimpleJava,
        &json!({ "type": "HashMap" }),
        r#"[{"k": ["v"]}]"#,
        "m.f(a=new HashMap<String, String>() {{ put(\"k\", \"v\"); }})",
    );
    let sound = entry(
        Category::SimplePython,
        &json!({ "a": { "type": "integer" } }),
        r#"[{"m.f": {"a": [1]}}]"#,
    );
    assert_eq!(sound.data_errors(Mode::Prompting), vec![]);
}
