//! What programs get and what comes back, in a real interpreter.

mod common;

use common::{LIMITS, Reports, call, program, run, sandbox};
use sandbox::value::{Fingerprint, Value, python_eq};
use sandbox::{
    Arguments, Ended, Flow, Limits, Observer, Outcome, Program, Progress, Report, Returned,
};

/// What `f` returned for each of the arguments.
fn returned(source: &str, arguments: &[Value]) -> Vec<Value> {
    let execution = run(sandbox().expect("tests check"), source, arguments);
    assert_eq!(execution.ended, Ended::Finished, "{source}\n{}", execution.output_tail);
    let values = execution.observer.0.into_iter().map(|report| match report.outcome {
        Outcome::Returned(Returned::Value(value)) => value,
        other => panic!("{source}: {other:?}"),
    });
    values.collect()
}

#[test]
fn values_arrive_and_come_back_unchanged() {
    if sandbox().is_none() {
        return;
    }
    let text = Value::Str("né\u{1f600}\0".into());
    let values = [
        Value::None,
        Value::Bool(true),
        Value::int(-5),
        Value::int(num_bigint::BigInt::from(7).pow(5000)),
        Value::int(-num_bigint::BigInt::from(3).pow(77)),
        Value::Float(0.1),
        Value::Float(f64::NEG_INFINITY),
        Value::Complex(1.5, -2.0),
        text.clone(),
        Value::Bytes(vec![0, 255]),
        Value::List(vec![Value::int(1), Value::List(vec![])]),
        Value::Tuple(vec![text, Value::Tuple(vec![])]),
        Value::Set(vec![Value::int(1), Value::Float(2.5)]),
        Value::FrozenSet(vec![Value::int(1)]),
        Value::Dict(vec![(Value::int(1), Value::None), (Value::str("k"), Value::List(vec![]))]),
    ];
    for (sent, back) in values.iter().zip(returned("def f(x): return x", &values)) {
        assert!(python_eq(sent, &back), "{sent:?} came back as {back:?}");
        assert_eq!(sent.type_name(), back.type_name());
    }
}

#[test]
fn results_are_what_the_built_in_types_hold() {
    if sandbox().is_none() {
        return;
    }
    let check = |expression: &str, expected: &str| {
        let imports = "import collections, enum, numpy, array\n";
        let found = returned(&format!("{imports}def f(x): return {expression}"), &[Value::None]);
        assert_eq!(format!("{:?}", found[0]), expected, "{expression}");
    };
    check("collections.Counter('a')", &subclass("Counter", "Dict([(Str(PyStr([97])), Int(1))])"));
    check("collections.OrderedDict()", &subclass("OrderedDict", "Dict([])"));
    check("collections.namedtuple('P', 'a')(1)", &subclass("P", "Tuple([Int(1)])"));
    check("enum.IntEnum('E', 'A B').B", &subclass("E", "Int(2)"));
    check("numpy.float64(1.5)", "NumpyScalar { dtype: \"float64\", value: Float(1.5) }");
    check("numpy.int64(3)", "NumpyScalar { dtype: \"int64\", value: Int(3) }");
    check(
        "numpy.array([[1.0], [2.0]])",
        "NumpyArray { dtype: \"float64\", shape: [2, 1], items: [Float(1.0), Float(2.0)] }",
    );
    check("bytearray(b'a')", "Bytes([97])");
    check("array.array('b', [1])", "Other { type_name: \"array\" }");
    check("range(2)", "Iterable { type_name: \"range\", items: [Int(0), Int(1)] }");
    check("{1: 2}.keys()", "Iterable { type_name: \"dict_keys\", items: [Int(1)] }");
    check("(c for c in 'a')", "Iterable { type_name: \"generator\", items: [Str(PyStr([97]))] }");
    check("...", "Other { type_name: \"ellipsis\" }");
    check("'\\ud800'", "Str(PyStr([237, 160, 128]))");
    check("float('nan')", "Float(NaN)");
}

fn subclass(name: &str, base: &str) -> String {
    format!("Subclass {{ type_name: {name:?}, base: {base} }}")
}

#[test]
fn surroundings_are_those_of_the_benchmark_and_never_change() {
    if sandbox().is_none() {
        return;
    }
    let check = |source: &str, expected: &[Value]| {
        let arguments: Vec<Value> = expected.iter().map(|_| Value::int(2)).collect();
        let found = returned(source, &arguments);
        let equal = found.iter().zip(expected).all(|(found, expected)| python_eq(found, expected));
        assert!(equal, "{source}: {found:?}");
    };
    check("def f(x): return __name__", &[Value::str("builtins")]);
    check("seen = []\ndef f(x):\n seen.append(x)\n return len(seen)", &[1, 2, 3].map(Value::int));
    check("import time\ndef f(x): return int(time.time())", &[Value::int(1_767_225_600)]);
    check("import sys\ndef f(x): return sys.flags.hash_randomization", &[Value::int(0)]);
    let random = "import random, os, uuid\ndef f(x): return [random.random(), os.urandom(4), hash('a'), str(uuid.uuid4())]";
    let first = returned(random, &[Value::None]);
    check(random, &first);
}

#[test]
fn a_large_result_is_a_fingerprint() {
    let Some(sandbox) = sandbox() else { return };
    let source = "def f(x): return [(i, float(i), 'abc') for i in range(300000)]";
    let execution = run(sandbox, source, &[Value::None]);
    let Outcome::Returned(Returned::Large(found)) = &execution.observer.0[0].outcome else {
        panic!("{:?}", execution.ended);
    };
    let row = |i: i32| Value::Tuple(vec![Value::int(i), Value::int(i), Value::str("abc")]);
    let expected = Fingerprint::of(&Value::List((0..300_000).map(row).collect()));
    assert!(found.equals(&expected), "1.0 and 1 are the same");
    let other = Fingerprint::of(&Value::List((1..300_001).map(row).collect()));
    assert!(!found.equals(&other));
}

#[test]
fn arguments_after_the_call_are_reported_where_asked_for() {
    let Some(sandbox) = sandbox() else { return };
    let source = "def f(x): x.append(1)".to_owned();
    let program = Program { arguments: Arguments::AfterCall, ..program(&source) };
    let calls = [call(vec![Value::List(vec![])])];
    let execution = sandbox.run(&program, &calls, LIMITS, Reports::default()).unwrap();
    let after = execution.observer.0[0].arguments_after.as_ref().unwrap();
    let expected = Value::List(vec![Value::List(vec![Value::int(1)])]);
    assert!(python_eq(after, &expected), "{after:?}");
}

/// Stops at the first report.
struct First(Option<Report>);

impl Observer for First {
    fn report(&mut self, call_idx: usize, report: Report) -> Flow {
        assert_eq!(call_idx, 0);
        self.0 = Some(report);
        Flow::Stop
    }
}

#[test]
fn an_observer_can_stop_a_run() {
    let Some(sandbox) = sandbox() else { return };
    let program = program("def f(x):\n while x: pass\n return x");
    let calls = [0, 1].map(|x| call(vec![Value::int(x)]));
    let execution = sandbox.run(&program, &calls, LIMITS, First(None)).unwrap();
    assert_eq!((execution.ended, execution.progress), (Ended::Stopped, Progress::Calling(1)));
    assert!(execution.observer.0.is_some());
}

#[test]
fn each_call_has_its_own_fuel_and_the_run_its_total() {
    let Some(sandbox) = sandbox() else { return };
    let program = program("def f(x):\n for _ in range(x): pass\n return x");
    let check = |loops: &[i32], total_fuel: u64, ended: Ended, progress: Progress| {
        let calls: Vec<_> = loops.iter().map(|n| call(vec![Value::int(*n)])).collect();
        let limits = Limits { total_fuel, ..LIMITS };
        let execution = sandbox.run(&program, &calls, limits, Reports::default()).unwrap();
        assert_eq!((execution.ended, execution.progress), (ended, progress), "{loops:?}");
    };
    check(&[500_000; 4], 1 << 40, Ended::Finished, Progress::Done);
    check(&[500_000; 4], 3_000_000, Ended::FuelExhausted, Progress::Calling(1));
    check(&[1, 100_000_000], 1 << 40, Ended::FuelExhausted, Progress::Calling(1));
}

#[test]
fn fuel_is_the_same_in_every_run_and_beside_any_other() {
    let Some(sandbox) = sandbox() else { return };
    let source = "import re, math\ndef f(x):\n d = {str(i): math.sqrt(i) for i in range(x)}\n return sorted(d, key=hash)[:3] + re.findall('[0-9]+', ' '.join(d))[-2:]";
    let fuel = || run(sandbox, source, &[Value::int(3000)]).fuel;
    let alone = fuel();
    let together: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(fuel)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(together, [alone; 8]);
}
