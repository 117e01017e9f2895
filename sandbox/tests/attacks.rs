//! Programs that cheat, crash or hoard: none may gain, hurt the host, or change its neighbours.

mod common;
#[path = "common/corpus.rs"]
mod corpus;

use common::{Reports, run, sandbox};
use corpus::{Attack, EXITS, FORGERS, HOARDERS, LIARS, SPIES};
use sandbox::value::{Value, python_eq};
use sandbox::{Ended, Execution, Outcome, Returned};

/// What an honest program would return. No guest is ever told.
const SECRET: &str = "expected-5b1f";

/// The end of a run in a few words.
fn end(execution: &Execution<Reports>) -> String {
    match (&execution.ended, execution.observer.0.first().map(|report| &report.outcome)) {
        (Ended::Finished, Some(Outcome::Returned(Returned::Value(value)))) => {
            format!("returned {}", value.type_name())
        }
        (Ended::Finished, Some(Outcome::Raised(raised))) => format!("raised {}", raised.kind),
        (Ended::Finished, Some(Outcome::Unrepresentable(_))) => "unrepresentable".to_owned(),
        (Ended::Finished, other) => format!("{other:?}"),
        (Ended::LoadRaised(raised), _) => format!("load raised {}", raised.kind),
        (Ended::Exit(code), _) => format!("exit {code}"),
        (Ended::FuelExhausted, _) => "out of fuel".to_owned(),
        (Ended::MemoryExhausted, _) => "out of memory".to_owned(),
        (Ended::OutputExhausted, _) => "too much output".to_owned(),
        (Ended::ProtocolBroken, _) => "protocol broken".to_owned(),
        (other, _) => format!("{other:?}"),
    }
}

/// Runs each attack next to an honest program, before and after which nothing may differ.
fn check(attacks: &[Attack]) {
    let Some(sandbox) = sandbox() else { return };
    let honest = |sandbox| run(sandbox, "def f(x): return [x, sum(range(1000))]", &[Value::int(3)]);
    let alone = honest(sandbox);
    let mut wrong = Vec::new();
    for (name, expected, source) in attacks {
        let (beside, attack) = std::thread::scope(|scope| {
            let attack = scope.spawn(|| run(sandbox, source, &[Value::int(1)]));
            (honest(sandbox), attack.join().expect("the host survives"))
        });
        let found = end(&attack);
        println!("{name}: {found}, fuel {}, {:?}", attack.fuel, attack.wall);
        if !found.starts_with(expected) {
            wrong.push(format!("{name}: {found} instead of {expected}; {}", attack.output_tail));
        }
        for report in &attack.observer.0 {
            if let Outcome::Returned(Returned::Value(value)) = &report.outcome {
                assert!(!python_eq(value, &Value::str(SECRET)), "{name}");
            }
        }
        for honest in [beside, honest(sandbox)] {
            assert_eq!(honest.ended, Ended::Finished, "beside {name}");
            assert_eq!(honest.fuel, alone.fuel, "beside {name}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn lying_values_gain_nothing() {
    check(&LIARS);
}

#[test]
fn leaving_early_is_named() {
    check(&EXITS);
}

#[test]
fn nothing_outside_is_reached() {
    check(&SPIES);
}

#[test]
fn forged_messages_gain_nothing() {
    check(&FORGERS);
}

#[test]
fn every_limit_has_a_name() {
    check(&HOARDERS);
}
