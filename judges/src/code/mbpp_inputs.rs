//! Inputs of `MBPP+` that JSON cannot hold: tuples, sets and complex numbers.
//!
//! The table is that of `EvalPlus` 0.3.1, `evalplus/data/mbpp.py`, `mbpp_deserialize_inputs`.

use sandbox::value::Value;

/// How the arguments of one problem are rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// As they are.
    Plain,
    /// Every argument becomes a tuple.
    Tuples,
    /// The elements of every argument become tuples.
    ListsOfTuples,
    /// The elements of the first of two arguments become tuples.
    FirstListOfTuples,
    /// The second of two arguments becomes a tuple.
    SecondTuple,
    /// The first of several arguments becomes a tuple.
    FirstTuple,
    /// Non-empty lists in the first argument become sets, anything else an empty `dict`.
    Sets,
    /// A float and a complex number, in a tuple.
    FloatAndComplex,
    /// One complex number.
    Complex,
    /// Every argument becomes a tuple of tuples.
    TuplesOfTuples,
    /// Every argument becomes a tuple, and the lists in it too.
    TuplesOfListsAsTuples,
    /// The values of the first argument, a `dict`, become tuples.
    DictOfTuples,
    /// Every list at any depth becomes a tuple, the argument list included.
    DeepTuples,
}

impl Shape {
    fn of(problem: u32) -> Self {
        match problem {
            2 | 116 | 132 | 143 | 222 | 261 | 273 | 394 | 399 | 421 | 424 | 429 | 470 | 560
            | 579 | 596 | 616 | 630 | 726 | 740 | 744 | 809 => Self::Tuples,
            63 | 64 | 70 | 94 | 120 | 237 | 272 | 299 | 400 | 409 | 417 | 438 | 473 | 614 | 780 => {
                Self::ListsOfTuples
            }
            75 | 413 | 444 | 753 => Self::FirstListOfTuples,
            106 | 750 => Self::SecondTuple,
            250 | 307 | 405 | 446 | 617 | 720 | 763 | 808 => Self::FirstTuple,
            115 => Self::Sets,
            124 => Self::FloatAndComplex,
            252 => Self::Complex,
            259 | 401 | 445 => Self::TuplesOfTuples,
            278 => Self::TuplesOfListsAsTuples,
            722 => Self::DictOfTuples,
            580 | 615 | 791 => Self::DeepTuples,
            _ => Self::Plain,
        }
    }

    fn apply(self, mut arguments: Vec<Value>) -> Result<Value, String> {
        let each = |arguments: Vec<Value>, change: fn(Value) -> Value| {
            Value::List(arguments.into_iter().map(change).collect())
        };
        Ok(match self {
            Self::Plain => Value::List(arguments),
            Self::Tuples => each(arguments, tuple),
            Self::ListsOfTuples => each(arguments, list_of_tuples),
            Self::TuplesOfTuples => each(arguments, |argument| tuple(list_of_tuples(argument))),
            Self::TuplesOfListsAsTuples => each(arguments, |argument| match argument {
                Value::List(items) => Value::Tuple(items.into_iter().map(tuple_of_list).collect()),
                other => tuple(other),
            }),
            Self::FirstListOfTuples => {
                arguments.truncate(2);
                Value::List(at(arguments, 0, list_of_tuples))
            }
            Self::SecondTuple => {
                arguments.truncate(2);
                Value::List(at(arguments, 1, tuple))
            }
            Self::FirstTuple => Value::List(at(arguments, 0, tuple)),
            Self::DictOfTuples => Value::List(at(arguments, 0, dict_of_tuples)),
            Self::Sets => {
                arguments.truncate(1);
                Value::List(at(arguments, 0, list_of_sets))
            }
            Self::FloatAndComplex => match arguments.as_slice() {
                [first, second] => Value::Tuple(vec![float(first)?, complex(second)?]),
                _ => return Err("two arguments expected".to_owned()),
            },
            Self::Complex => match arguments.as_slice() {
                [only] => Value::List(vec![complex(only)?]),
                _ => return Err("one argument expected".to_owned()),
            },
            Self::DeepTuples => deep_tuple(Value::List(arguments)),
        })
    }
}

/// The arguments of a call of problem `Mbpp/{problem}`, as the call takes them.
pub fn arguments(problem: u32, arguments: Vec<Value>) -> Result<Value, String> {
    Shape::of(problem).apply(arguments)
}

fn at(mut arguments: Vec<Value>, index: usize, change: fn(Value) -> Value) -> Vec<Value> {
    if let Some(argument) = arguments.get_mut(index) {
        *argument = change(std::mem::replace(argument, Value::None));
    }
    arguments
}

/// `tuple(value)` of a list or a string; anything else is left alone.
fn tuple(value: Value) -> Value {
    match value {
        Value::List(items) => Value::Tuple(items),
        Value::Str(text) => {
            let text = text.to_string_lossy();
            Value::Tuple(
                text.chars().map(|char| Value::str(char.encode_utf8(&mut [0; 4]))).collect(),
            )
        }
        other => other,
    }
}

fn tuple_of_list(value: Value) -> Value {
    if matches!(value, Value::List(_)) { tuple(value) } else { value }
}

fn list_of_tuples(value: Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.into_iter().map(tuple).collect()),
        other => other,
    }
}

fn list_of_sets(value: Value) -> Value {
    let set = |item| match item {
        Value::List(items) if !items.is_empty() => Value::Set(items),
        _ => Value::Dict(Vec::new()),
    };
    match value {
        Value::List(items) => Value::List(items.into_iter().map(set).collect()),
        other => other,
    }
}

fn dict_of_tuples(value: Value) -> Value {
    match value {
        Value::Dict(pairs) => {
            Value::Dict(pairs.into_iter().map(|(key, value)| (key, tuple(value))).collect())
        }
        other => other,
    }
}

fn deep_tuple(value: Value) -> Value {
    match value {
        Value::List(items) => Value::Tuple(items.into_iter().map(deep_tuple).collect()),
        other => other,
    }
}

fn float(value: &Value) -> Result<Value, String> {
    match value {
        Value::Float(value) => Ok(Value::Float(*value)),
        Value::Int(whole) => {
            let text = whole.to_string();
            text.parse().map(Value::Float).map_err(|_| format!("{text} is no float"))
        }
        Value::Str(text) => {
            let text = text.to_string_lossy();
            text.trim().parse().map(Value::Float).map_err(|_| format!("{text:?} is no float"))
        }
        other => Err(format!("a {} is no float", other.type_name())),
    }
}

fn complex(value: &Value) -> Result<Value, String> {
    let Value::Str(text) = value else {
        let Value::Float(real) = float(value)? else { return Err("no complex number".to_owned()) };
        return Ok(Value::Complex(real, 0.0));
    };
    let text = text.to_string_lossy();
    let (real, imaginary) =
        complex_parts(&text).ok_or_else(|| format!("{text:?} is no complex number"))?;
    Ok(Value::Complex(real, imaginary))
}

/// Real and imaginary part of text such as `(1-2.5j)`, `3j` or `1e-100`.
fn complex_parts(text: &str) -> Option<(f64, f64)> {
    let text = text.trim();
    let bare = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(text);
    let Some(sum) = bare.strip_suffix(['j', 'J']) else {
        return Some((bare.parse().ok()?, 0.0));
    };
    // The imaginary part begins at the last sign that belongs to no exponent.
    let bytes = sum.as_bytes();
    let begins = |at: &usize| {
        matches!(bytes[*at], b'+' | b'-') && (*at == 0 || !matches!(bytes[*at - 1], b'e' | b'E'))
    };
    let split = (0..bytes.len()).rev().find(begins).unwrap_or(0);
    let (real, imaginary) = sum.split_at(split);
    let real = if real.is_empty() { 0.0 } else { real.parse().ok()? };
    let imaginary = match imaginary {
        "" | "+" => 1.0,
        "-" => -1.0,
        digits => digits.parse().ok()?,
    };
    Some((real, imaginary))
}

#[cfg(test)]
mod tests {
    use super::super::python_json::parse;
    use super::super::python_text::repr;
    use super::arguments;
    use sandbox::value::Value;

    #[test]
    fn inputs_take_the_types_that_json_has_lost() {
        let check = |problem: u32, json: &str, expected: &str| {
            let Ok(Value::List(items)) = parse(json) else { panic!("{json}") };
            let rebuilt = arguments(problem, items).unwrap();
            assert_eq!(repr(&rebuilt, 200), expected, "{problem}");
        };
        check(3, "[[1], 2]", "[[1], 2]");
        check(2, r#"[[1, 2], "ab"]"#, "[(1, 2), ('a', 'b')]");
        check(63, "[[[1, 2], [3]]]", "[[(1, 2), (3,)]]");
        check(75, "[[[1], [2]], 3, 4]", "[[(1,), (2,)], 3]");
        check(106, "[[1], [2]]", "[[1], (2,)]");
        check(115, "[[[1], [], {}]]", "[[{1}, {}, {}]]");
        check(124, r#"["1e-1", "(-0-1.5j)"]"#, "(0.1, (-0-1.5j))");
        check(124, r#"["3", "1e-100j"]"#, "(3.0, 1e-100j)");
        check(252, "[1]", "[(1+0j)]");
        check(250, "[[1], 2]", "[(1,), 2]");
        check(307, "[[1], 2, 3]", "[(1,), 2, 3]");
        check(259, "[[[1], [2]], [[3]]]", "[((1,), (2,)), ((3,),)]");
        check(278, r#"[[1, [2], "ab"]]"#, "[(1, (2,), 'ab')]");
        check(722, r#"[{"a": [1, 2]}, 3]"#, "[{'a': (1, 2)}, 3]");
        check(580, "[[1, [2, []]]]", "((1, (2, ())),)");
    }
}
