//! Times the native check of mathematical equivalence on pairs of answers, for `tests/peers`.
//!
//! `compare_math PAIRS.jsonl N` reads rows with `gold` and `pred`, compares all of them N times, and
//! prints microseconds for each pair, and how many pairs the check answered by itself.

use std::process::ExitCode;
use std::time::Instant;

use judges::math::{self, Equivalence};
use serde_json::Value;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let [_, path, n_rounds] = args.as_slice() else {
        eprintln!("usage: compare_math PAIRS.jsonl ROUNDS");
        return ExitCode::from(2);
    };
    match time(path, n_rounds) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("compare_math: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn time(path: &str, n_rounds: &str) -> Result<String, String> {
    let n_rounds: u32 = n_rounds.parse().map_err(|err| format!("{n_rounds}: {err}"))?;
    let text = std::fs::read_to_string(path).map_err(|err| format!("{path}: {err}"))?;
    let pairs = text.lines().map(pair).collect::<Result<Vec<_>, _>>()?;
    let started = Instant::now();
    let mut n_answered = 0_usize;
    for _ in 0..n_rounds {
        let answered =
            |(gold, pred): &&(String, String)| math::compare(gold, pred) != Equivalence::Unsure;
        n_answered = pairs.iter().filter(answered).count();
    }
    let micros = started.elapsed().as_secs_f64() * 1e6 / (pairs.len() as f64 * f64::from(n_rounds));
    Ok(format!("{micros:.3} {n_answered} {}", pairs.len()))
}

fn pair(line: &str) -> Result<(String, String), String> {
    let row: Value = serde_json::from_str(line).map_err(|err| err.to_string())?;
    let text = |name: &str| row[name].as_str().map(str::to_owned).ok_or(format!("no `{name}`"));
    Ok((text("gold")?, text("pred")?))
}
