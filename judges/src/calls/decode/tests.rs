use proptest::prelude::*;

use super::*;

const PLAIN: (ReturnFormat, ToolTag) = (ReturnFormat::Python, ToolTag::Absent);

/// The decoded calls, written as Python writes them; `None` where the reply cannot be decoded.
fn shown(result: &Value, mode: Mode, asked: (ReturnFormat, ToolTag)) -> Option<String> {
    let calls = match calls(result, mode, asked).ok()? {
        Decoded::Calls(calls) => calls,
        Decoded::OtherShape(_) => return Some("another shape".to_owned()),
    };
    let call = |call: FunctionCall| {
        format!("{}{}", call.name.to_text(), Value::Dict(call.arguments).repr())
    };
    Some(calls.into_iter().map(call).collect::<Vec<_>>().join(" "))
}

fn check(text: &str, asked: (ReturnFormat, ToolTag), expected: Option<&str>) {
    let start: String = text.chars().take(80).collect();
    let found = shown(&Value::str(text), Mode::Prompting, asked);
    assert_eq!(found.as_deref(), expected, "{start}");
}

#[test]
fn python_calls_are_read_with_upstreams_quirks() {
    let check = |text: &str, expected: Option<&str>| check(text, PLAIN, expected);
    check("", Some(""));
    check("[f(a=1), m.g(b='x')]", Some("f{'a': 1} m.g{'b': 'x'}"));
    check("f(a=1), g()", Some("f{'a': 1} g{}"));
    check("```\n[f(a=1)]\n```", Some("f{'a': 1}"));
    check("```python\n[f(a=1)]\n```", None);
    check("f(1, *x, a=2)", Some("f{'a': 2}"));
    check("f(**{'a': 1})", Some("f{None: {'a': 1}}"));
    check("f(a=1, a=2)", Some("f{'a': 2}"));
    check("f(a=+5, b=not True, c=~3)", Some("f{'a': -5, 'b': -1, 'c': -3}"));
    check("f(a=-'x')", None);
    check("f(a=--5)", None);
    check("f(a=true, b=...)", Some("f{'a': 'true', 'b': '...'}"));
    check("f(a=[1, (2.5,)], b={'k': None})", Some("f{'a': [1, (2.5,)], 'b': {'k': None}}"));
    check("f(a=g( 1 ), b=h(k=2))", Some("f{'a': 'g(1)', 'b': {'h': {'k': 2}}}"));
    check("f(a=x [ 'k' ])", Some("f{'a': \"x['k']\"}"));
    check("f(a=Color.RED)", None);
    check("f(a={1, 2})", None);
    check("f(a={[]: 1})", None);
    check("client().f(a=1)", Some("f{'a': 1}"));
    check("['f'(a=1)]", Some("{'a': 1}"));
    check("f(a=0x1F, b=1_000, c=1e400)", Some("f{'a': 31, 'b': 1000, 'c': inf}"));
    check("f(a=0100)", None);
    check("f(a='x\\u0043')", Some("f{'a': 'xC'}"));
    check("f(a='\r\n')", None);
    check("\tf()", Some("f{}"));
    check("[f()]\t", None);
    check("f(a=1)\0", None);
    check("[1]", None);
    check("f", None);
}

#[test]
fn constants_are_computed_and_nothing_is_evaluated() {
    let check = |argument: &str, expected: Option<&str>| {
        let expected = expected.map(|value| format!("f{{'a': {value}}}"));
        check(&format!("f(a={argument})"), PLAIN, expected.as_deref());
    };
    check("3 + 2 * 4", Some("11"));
    check("7 // -2", Some("-4"));
    check("-7 % 3", Some("2"));
    check("1 + -7 % 3", Some("3"));
    check("7 / 2", Some("3.5"));
    check("10 ** -2", Some("0.01"));
    check("1 / 3", Some("0.3333333333333333"));
    check("2 ** 64 / 3", Some("6.148914691236517e+18"));
    check("5.5 // 2.0", Some("2.0"));
    check("'a' + 'b' * 2", Some("'abb'"));
    check("'%s-%d' % ('a', 5)", Some("'a-5'"));
    check("[1] + [2] * 2", Some("[1, 2, 2]"));
    check("(1,) + ()", Some("(1,)"));
    check("6 | 1 ^ 3 & 2", Some("7"));
    check("1 << 3 >> 1", Some("4"));
    check("True + 1", Some("2"));
    check("1j * 2", Some("2j"));
    check("1 / 0", None);
    check("'a' + 1", None);
    check("n * 2", None);
    check("9 ** 9 ** 9", None);
    check("1 << 10 ** 9", None);
    check("'x' * 10 ** 9", None);
    check("[[[0] * 1000] * 1000] * 1000", None);
    check(&vec!["[0] * 1048576"; 20].join(" + "), None);
    check("[0] * 600000, b=[0] * 600000", None);
    check("'%s%s' % ('x' * 400000, 'y' * 400000)", None);
    check("('%1000d' * 100000) % ((1,) * 100000)", None);
    check(&format!("{}[]", "[1] + ".repeat(150)), Some(&format!("[{}]", ["1"; 150].join(", "))));
    check(&format!("{}''", "'x' * 90 + ".repeat(150)), Some(&format!("'{}'", "x".repeat(13_500))));
    check("len('abc') + 1", None);
    check("__import__('os').system('true') + 1", None);
    check("0 ** 0 + (-1) ** 3", Some("0"));
}

#[test]
fn other_formats_are_read_as_upstream_reads_them() {
    let json = (ReturnFormat::Json, ToolTag::Absent);
    check(r#"[{"function": "f", "parameters": {"a": 1}}]"#, json, Some("f{'a': 1}"));
    check("```json\n[{\"function\": \"f\", \"parameters\": {}}]\n```", json, Some("f{}"));
    check(r#"[{"function": "f", "parameters": {"a": [{"b": 1}]}}]"#, json, Some(""));
    check(r#"[{"name": "f", "parameters": {}}]"#, json, None);
    check("no call", json, Some(""));
    let verbose = (ReturnFormat::VerboseXml, ToolTag::Absent);
    let call = r#"<functions><function name="f"><params><param name="a" value="5" type="integer"/><param name="b" value="[1, 'x']" type="array"/></params></function></functions>"#;
    check(call, verbose, Some("f{'a': 5, 'b': [1, 'x']}"));
    check(&call.replace('5', "five"), verbose, None);
    check("text", verbose, None);
    let concise = (ReturnFormat::ConciseXml, ToolTag::Required);
    let call = r#"<functions><function name="f"><param name="a" type="boolean"> True </param><param name="b">x &amp; y</param></function></functions>"#;
    check(&format!("<TOOLCALL>{call}</TOOLCALL>"), concise, Some("f{'a': True, 'b': 'x & y'}"));
    check(call, concise, None);
    let commented = call.replace(" True ", "<!-- c -->Tr<?p i?>ue<b/>no");
    check(
        &format!("<TOOLCALL>{commented}</TOOLCALL>"),
        concise,
        Some("f{'a': True, 'b': 'x & y'}"),
    );
    let tagged = (ReturnFormat::Python, ToolTag::Required);
    check("Sure! <TOOLCALL>[f(a=1)]</TOOLCALL>", tagged, Some("f{'a': 1}"));
}

#[test]
fn java_and_javascript_calls_are_read_with_upstreams_quirks() {
    let java = (ReturnFormat::Java, ToolTag::Absent);
    check(
        "[A.f(x=1L, s=\"a b\", n=new T( 1 , y))]",
        java,
        Some("A.f{'x': '1L', 's': 'a b', 'n': 'new T(1, y)'}"),
    );
    check(
        "[f(m=new HashMap<String, Object>() {{ put(\"a\", 1); }})]",
        java,
        Some("f{'m': 'new HashMap<String,Object>()'}"),
    );
    check("[f(x=new int[]{1, 2})]", java, Some("f{'x': 'new int[]{1,2}'}"));
    check("[f(x=1, x=2)]", java, None);
    check("[/* é */ff(aa=11, b=2)]", java, Some("f({'a=': '1,', '=': ')'}"));
    check("[f(x=new int[2])]", java, None);
    check("[f(x=1]", java, None);
    check("[]", java, Some("another shape"));
    let js = (ReturnFormat::JavaScript, ToolTag::Absent);
    check("[f(a='x', b={k: 1}, c=[1, 2])]", js, Some("f{'a': 'x', 'b': '{k: 1}', 'c': '[1, 2]'}"));
    check("[f(é='ü')]", js, Some("f{'é': 'ü'}"));
    check("[a.b.f(x)]", js, Some("a.b.f{None: 'x'}"));
    check("[5]", js, Some("another shape"));
    check("[f(a=)]", js, None);
}

#[test]
fn endpoints_and_blocks_of_calls_are_read() {
    let native = |json: &str| {
        let result = crate::calls::json::parse(json).expect("JSON");
        shown(&result, Mode::Native, PLAIN)
    };
    assert_eq!(native(r#"[{"f": "{\"a\": 1}"}]"#).as_deref(), Some("f{'a': 1}"));
    assert_eq!(native(r#"[{"f": "[]"}]"#).as_deref(), Some("another shape"));
    assert_eq!(native(r#"[{"f": {"a": 1}}]"#), None);
    assert_eq!(native(r#""I cannot.""#), None);
    assert_eq!(native(r#""""#).as_deref(), Some(""));
    let hermes = |text: &str| shown(&Value::str(text), Mode::Hermes, PLAIN);
    let call = "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>";
    assert_eq!(hermes(&format!("x{call}y{call}")).as_deref(), Some("f{'a': 1} f{'a': 1}"));
    assert_eq!(hermes("<tool_call>\nnot JSON\n</tool_call>").as_deref(), Some(""));
    assert_eq!(hermes("<tool_call>\n[]\n</tool_call>"), None);
    assert_eq!(hermes("<tool_call>{}</tool_call>").as_deref(), Some(""));
}

#[test]
fn steps_become_the_texts_of_calls() {
    let check = |text: &str, expected: Option<&str>| {
        let found =
            executable(&Value::str(text), Mode::Prompting).ok().map(|calls| calls.join("; "));
        assert_eq!(found.as_deref(), expected, "{text}");
    };
    check("[f(a='it''s', b=[1, None]), g()]", Some("f(a='its', b=[1, None]); g()"));
    check("f(a=g(b=1))", Some("f(a=g(b=1))"));
    check("f(a={'x': 1, 'y': 'z'})", Some("f(a={'x': 1, 'y': 'z'})"));
    check("f(a={'x': {'y': 1}})", Some("f(a=x(y=1))"));
    check("f(a={})", None);
    check("All done.", None);
}

/// Replies that are meant to exhaust time, memory or the stack, or to reach the interpreter.
#[test]
fn hostile_replies_cost_nothing() {
    let deep = |open: &str, close: &str, n: usize| format!("{}{}", open.repeat(n), close.repeat(n));
    let hostile = [
        deep("[", "]", 100_000),
        deep("f(a=", ")", 100_000),
        deep("{'a': ", "}", 100_000),
        format!("f(a={}1)", "-".repeat(200_000)),
        format!("f(a={}1)", "not ".repeat(200_000)),
        format!("f(a={}1)", "lambda: ".repeat(100_000)),
        format!("f(a=1{})", "+1".repeat(200_000)),
        format!("f(a=1{})", "**9".repeat(100)),
        format!("f{}", "()".repeat(200_000)),
        format!("f{}(a=1)", ".x".repeat(200_000)),
        format!("f{}(a=1)", "[0]".repeat(200_000)),
        format!("f(a='{}", "\\".repeat(1_000_001)),
        "f(".repeat(100_000),
        "\"".repeat(100_001),
        "new ".repeat(50_000),
        "<".repeat(100_000),
        format!("<functions>{}</functions>", "<a>".repeat(20_000)),
        format!("<functions><a {}/></functions>", "b='' ".repeat(10_000)),
        format!("<functions>{}</functions>", deep("<a>", "</a>", 9_000)),
        "<tool_call>\n".repeat(50_000),
        deep("<tool_call>\n{\"name\":", "}\n</tool_call>", 20_000),
        "f(a=__import__('os').system('true'))".to_owned(),
        "f(a=().__class__.__base__.__subclasses__())".to_owned(),
        "f(a=[x for x in ().__class__.__mro__])".to_owned(),
        "f(a=(lambda: (yield))())".to_owned(),
    ];
    let formats = [
        ReturnFormat::Python,
        ReturnFormat::Java,
        ReturnFormat::JavaScript,
        ReturnFormat::Json,
        ReturnFormat::VerboseXml,
        ReturnFormat::ConciseXml,
    ];
    for text in &hostile {
        let result = Value::str(text.as_str());
        for format in formats {
            let _ = calls(&result, Mode::Prompting, (format, ToolTag::Absent));
        }
        let _ = calls(&result, Mode::Hermes, PLAIN);
        let _ = executable(&result, Mode::Prompting);
        let native = Value::List(vec![Value::Dict(Dict::from([("f", result)]))]);
        let _ = calls(&native, Mode::Native, PLAIN);
    }
}

/// Half the stack of a worker thread has to do for any reply.
#[test]
fn no_python_exhausts_a_small_stack() {
    let nested =
        |text: &str, n: usize| format!("{}1{}", "(".repeat(n), format!("{text})").repeat(n));
    let hostile = [
        format!("[f(a=f'{{x{}}}')]", ".y".repeat(50_000)),
        format!("[f(a=f'{{x{}", "+1".repeat(40_000)),
        format!("[f(a={{f'{{''{}'}})]", ".y".repeat(50_000)),
        format!("[f(a=t\"\"\"{{x{}}}\"\"\")]", "()".repeat(50_000)),
        format!("[f(a=g(rf'{{x{}}}'))]", ".y".repeat(450)),
        format!("[f(a=f'{}')]", "{x:".repeat(400)),
        format!("[f(a=g({}))]", nested(&"+1".repeat(900), 150)),
        format!("[f(a=g({}))]", nested("+1", 150)),
        format!("[f(a=g(x{}))]", "+1".repeat(950)),
    ];
    let decode = move || {
        for text in &hostile {
            let result = Value::str(text.as_str());
            let _ = calls(&result, Mode::Prompting, PLAIN);
            let _ = executable(&result, Mode::Prompting);
        }
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(decode);
    thread.expect("a thread").join().expect("every reply is decoded or refused");
}

/// Values that the Python format can express.
fn argument() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        (0..i64::MAX).prop_map(Value::int),
        any::<f64>()
            .prop_filter("written plainly", |x| x.is_finite() && x.is_sign_positive())
            .prop_map(Value::Float),
        "[^\r\u{0}]{0,12}".prop_map(Value::str),
    ];
    scalar.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Tuple),
            prop::collection::vec(("[a-z']{1,3}", inner), 0..4).prop_map(|entries| {
                let mut dict = Dict::new();
                for (key, value) in entries {
                    dict.insert(Value::str(key), value).expect("hashable");
                }
                Value::Dict(dict)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_python_writes_is_read_back(values in prop::collection::vec(argument(), 0..4)) {
        let names = ["a", "b", "c", "d"];
        let arguments = names.iter().zip(&values);
        let text: Vec<String> = arguments.map(|(name, value)| format!("{name}={}", value.repr())).collect();
        let reply = Value::Str(format!("[m.f({})]", text.join(", ")));
        let decoded = calls(&reply, Mode::Prompting, PLAIN);
        let Ok(Decoded::Calls(calls)) = decoded else { return Err(TestCaseError::fail(format!("{reply:?} {decoded:?}"))) };
        let found: Vec<String> = calls[0].arguments.iter().map(|(_, value)| value.repr()).collect();
        let expected: Vec<String> = values.iter().map(Value::repr).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_reply_panics(text in "[a-c(){}\\[\\]'\"=,.:+*/<>\\\\ \n0-9\u{e9}-]{0,60}") {
        let result = Value::Str(text);
        let formats = [ReturnFormat::Python, ReturnFormat::Java, ReturnFormat::JavaScript, ReturnFormat::Json];
        for format in formats {
            let _ = calls(&result, Mode::Prompting, (format, ToolTag::Absent));
        }
        let _ = executable(&result, Mode::Prompting);
    }
}
