use proptest::prelude::*;

use super::*;

/// The program of a finished reply for the entry point `f`.
fn check(reply: &str, expected: Option<(&str, How)>) {
    check_ended(reply, Finish::Stop, expected);
}

fn check_ended(reply: &str, finish: Finish, expected: Option<(&str, How)>) {
    let found = fenced(reply, "f", finish);
    let found = found.as_ref().map(|program| (program.text(), program.how()));
    assert_eq!(found, expected, "{reply:?}");
}

#[test]
fn the_last_defining_block_is_taken() {
    let def = |n: u8| format!("def f():\n    return {n}");
    let (one, two) = (def(1), def(2));
    for reply in [
        format!("First:\n```python\n{one}\n```\nBetter:\n```python\n{two}\n```\nDone."),
        format!("~~~~Python3\n{two}\n~~~~\nUse it:\n```\nprint(f())\n```"),
        format!("```\n{two}\n```\n```text\nf() == 2\n```\n```\n  def f(): pass # no\nx\n```"),
        format!("```\n{two}").replace('\n', "\r\n"),
        format!("1. As asked:\n   ```py\n{two}\n   ```")
            .replace("\ndef", "\n   def")
            .replace("\n    return", "\n       return"),
    ] {
        check(&reply, Some((&two, How::Fence)));
    }
    check(
        "```\n@cache\ndef f(): yield 1\nmain()\n```",
        Some(("@cache\ndef f(): yield 1\nmain()", How::Fence)),
    );
    check("```\ndef f(:\n```", None);
    check("```\ndef f(x) return 1\n```", Some(("def f(x) return 1", How::Fence)));
}

#[test]
fn an_open_block_counts_where_the_model_ended_its_turn() {
    let open = "```\ndef f(): return 1\n```\nor\n```\ndef f(): return 2";
    check_ended(open, Finish::Stop, Some(("def f(): return 2", How::Fence)));
    for finish in [Finish::Length, Finish::ContentFilter, Finish::ToolCalls] {
        check_ended(open, finish, Some(("def f(): return 1", How::Fence)));
        check_ended("```\ndef f(): return 2\nx = 1", finish, None);
    }
}

#[test]
fn needed_imports_come_along() {
    let reply = |first: &str, last: &str| format!("```\n{first}\n```\nthen\n```\n{last}\n```");
    let check = |first: &str, last: &str, expected: &str| {
        let how = if last == expected { How::Fence } else { How::FenceAndImports };
        check(&reply(first, last), Some((expected, how)));
    };
    let f = "def f(x: List): return np.sum(x)";
    check(
        "from typing import List, Set\nimport numpy as np\nimport os",
        f,
        &format!("from typing import List, Set\nimport numpy as np\n{f}"),
    );
    let whole = format!("from typing import List\nnp = None\n{f}");
    check("from typing import List\nimport numpy as np", &whole, &whole);
    check(
        "import numpy as np",
        "from __future__ import annotations\ndef f(x: List): return np.sum(x)",
        "from __future__ import annotations\nimport numpy as np\ndef f(x: List): return np.sum(x)",
    );
    check("def helper(): pass", "def f(): return helper()", "def f(): return helper()");
    check("import a\nimport a", "def f(): return a", "import a\ndef f(): return a");
}

#[test]
fn code_without_fences() {
    let code = "import os\n\n@cache\ndef f():\n    pass\n\nf()";
    check(code, Some((code, How::BareCode)));
    check("f = lambda x: x", Some(("f = lambda x: x", How::BareCode)));
    check(
        "Here:\n\ndef f():\n    return 1\n\nf()\nThat is all.",
        Some(("def f():\n    return 1", How::EvalPlus)),
    );
    check("I cannot do that.", None);
    check("def g():\n    return 1", None);
    check("", None);
    check("```python\n```", None);
    check("```python\ndef g(): pass\n```", None);
}

#[test]
fn evalplus_selects() {
    let check = |reply: &str, expected: &str| {
        let found = evalplus(reply, "f").map(Program::into_text).unwrap_or_default();
        assert_eq!(found, expected, "{reply:?}");
    };
    check(
        "def f():\n    return g()\n\ndef g():\n    return 1\n\ndef h():\n    return 2",
        "def f():\n    return g()\ndef g():\n    return 1",
    );
    check(
        "x = 1\nimport os\ndef f():\n    return x\nprint(f())",
        "import os\nx = 1\ndef f():\n    return x",
    );
    check("from __future__ import a\ndef f():\n    return 1", "def f():\n    return 1");
    check("@cache\ndef f():\n    return 1\nx = 2", "@cache\ndef f():\n    return 1\nx = 2");
    check("import os\ndef f():\n    print(1)", "import os");
    check("def f():\n    return 1\ndef f():\n    return 2", "def f():\n    return 1");
    check("a, b = c\nf = a\nc = 1", "f = a");
    check("def g():\n    def f():\n        return 1\n", "def g():\n    def f():\n        return 1");
    check("def f(): return 1", "def f(): return 1");
    check("```python\ndef f(:\n```", "```python");
    check("", "");
    check("\n\u{1f}\n", "");
}

/// Fragments that hostile replies are made of.
const FRAGMENTS: [&str; 26] = [
    "(",
    "[",
    "{",
    ")",
    "'''",
    "\"\"\"",
    "f'{",
    "\\\n",
    "\n",
    "\r",
    "\0",
    "\t",
    " ",
    "```\n",
    "def f():\n ",
    "try:\n",
    "not ",
    "-",
    "lambda:",
    ".a",
    "1+",
    "if x:\n",
    "x",
    "é",
    "\u{feff}",
    "\x0c",
];

#[test]
fn large_replies_are_read_to_the_end() {
    for fragment in FRAGMENTS {
        let reply = fragment.repeat(50_000);
        let _ = (evalplus(&reply, "f"), fenced(&reply, "f", Finish::Stop));
        let block = format!("```\n{reply}\ndef f():\n  return 1\n```");
        assert!(fenced(&block, "f", Finish::Length).is_none_or(|found| !found.text().is_empty()));
    }
    let deep = format!("x = {}{}\ny = 1", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(
        evalplus(&deep, "y").map(Program::into_text),
        Some(deep.lines().next().unwrap_or("").to_owned())
    );
}

proptest! {
    #[test]
    fn any_text_is_read(reply in any::<String>(), name in "[a-z]{0,3}") {
        let _ = (evalplus(&reply, &name), fenced(&reply, &name, Finish::Stop));
    }

    #[test]
    fn any_soup_gives_a_program_or_none(
        parts in proptest::collection::vec(proptest::sample::select(&FRAGMENTS[..]), 0..60),
    ) {
        let reply = parts.concat();
        for found in [evalplus(&reply, "f"), fenced(&reply, "f", Finish::Length)].into_iter().flatten() {
            prop_assert!(!python::is_blank(found.text()));
        }
    }

    #[test]
    fn a_fenced_program_comes_back(body in "[a-z =()\n\"]{0,80}", before in "[a-z .\n]{0,40}") {
        let code = format!("def f(): 0\n{body}x");
        let reply = format!("{before}\n```python\n{code}\n```\n");
        let found = fenced(&reply, "f", Finish::Length).expect("the block defines f");
        prop_assert_eq!(found.text(), code);
    }
}
