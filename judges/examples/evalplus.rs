use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;
use std::time::Instant;
use judges::code::*;
use sandbox::{PythonRuntime, RuntimeFiles, Sandbox};

fn load(dataset: CodeDataset) -> Vec<(String, String)> {
    let file = match dataset { CodeDataset::HumanEval => "/tmp/evp-data/HumanEvalPlus-v0.1.10.jsonl", CodeDataset::Mbpp => "/tmp/evp-data/MbppPlus-v0.2.0.jsonl" };
    std::fs::read_to_string(file).unwrap().lines().map(|l| { let p = CodeProblem::from_row(dataset, l).unwrap(); (p.task_id, l.to_owned()) }).collect()
}
fn peak() -> String { std::fs::read_to_string("/proc/self/status").unwrap().lines().find(|l| l.starts_with("VmHWM")).unwrap().to_owned() }

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let workers: usize = args[2].parse().unwrap();
    let t = Instant::now();
    let dir = Path::new("/tmp/models/wasi");
    let rt = PythonRuntime::load(&RuntimeFiles { snapshot_wasm: dir.join("python-snapshot.wasm"), stdlib_zip: dir.join("python-stdlib.zip") }, Path::new("/tmp/target-sbx/tmp/python"), workers.max(1), &|p| eprintln!("{p:?}")).unwrap();
    let sandbox = Sandbox::new(rt);
    eprintln!("loaded {:?}", t.elapsed());
    let refs = "/tmp/evp-data/refs.jsonl";
    match args[1].as_str() {
        "refs" => {
            let only = args.get(3);
            let mut out = std::io::BufWriter::new(std::fs::File::create(if only.is_some() {"/tmp/evp-data/refs-some.jsonl"} else {refs}).unwrap());
            for ds in [CodeDataset::HumanEval, CodeDataset::Mbpp] {
                let rows = load(ds);
                let rows: Vec<_> = rows.into_iter().filter(|(id, _)| only.is_none_or(|o| o.split(',').any(|x| x == id))).collect();
                let texts: Vec<&str> = rows.iter().map(|r| r.1.as_str()).collect();
                let t = Instant::now();
                references(ds, &texts, &sandbox, workers, |i, r| match r {
                    Ok(r) => {
                        let f = r.base.total_fuel + r.plus.total_fuel; let m = r.base.peak_memory_bytes.max(r.plus.peak_memory_bytes);
                        if f > 5_000_000_000 || m > 500 << 20 { eprintln!("{} fuel {:.2}e9 mem {} MiB at {:?}", rows[i].0, f as f64/1e9, m >> 20, t.elapsed()); }
                        serde_json::to_writer(&mut out, &r).unwrap(); out.write_all(b"\n").unwrap();
                    }
                    Err(e) => eprintln!("{}: {e}", rows[i].0),
                });
                eprintln!("{ds:?} {:?} {}", t.elapsed(), peak());
            }
        }
        "fuel" => {
            struct N; impl sandbox::Observer for N { fn report(&mut self, i: usize, r: sandbox::Report) -> sandbox::Flow { println!("call {i} fuel {} {:?}", r.fuel, r.outcome); sandbox::Flow::Continue } }
            let src = std::fs::read_to_string(&args[3]).unwrap();
            for k in 0..args[4].parse::<i64>().unwrap() {
            let p = sandbox::Program { source: src.clone(), entry_point: "f".into(), iterables: Default::default(), arguments: Default::default() };
            let c = [sandbox::Call { arguments: sandbox::value::Value::List(vec![sandbox::value::Value::int(k)]), fuel: u64::MAX }];
            let lim = sandbox::Limits { load_fuel: u64::MAX, total_fuel: u64::MAX, ..Default::default() };
            let e = sandbox.run(&p, &c, lim, N).unwrap();
            println!("{k} {:?} fuel {:.3e} wall {:?}", e.ended, e.fuel as f64, e.wall); }
        }
        "grade" => {
            let file = &args[3];
            let rows: Vec<serde_json::Value> = std::fs::read_to_string(file).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
            let all: Vec<Reference> = std::fs::read_to_string(refs).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
            eprintln!("references read {:?} {}", t.elapsed(), peak());
            let mut out = std::io::BufWriter::new(std::fs::File::create(&args[4]).unwrap());
            let t = Instant::now();
            for (ds, prefix) in [(CodeDataset::HumanEval, "HumanEval/"), (CodeDataset::Mbpp, "Mbpp/")] {
                let t = Instant::now();
                let mine: Vec<&serde_json::Value> = rows.iter().filter(|r| r["task_id"].as_str().unwrap().starts_with(prefix)).collect();
                let subs: Vec<Submission> = mine.iter().map(|r| Submission { task_id: r["task_id"].as_str().unwrap().into(), program: r["solution"].as_str().unwrap().into() }).collect();
                let graders = Graders::new(ds, load(ds).into_iter().collect::<HashMap<_, _>>(), all.iter().filter(|r| r.task_id.starts_with(prefix)).cloned(), CodeLimits::default());
                let mut count = BTreeMap::<String, usize>::new();
                let mut last = Instant::now();
                grade_many(&subs, &graders, Suites::BaseAndPlus, &sandbox, workers, |i, r| {
                    match r {
                        Ok(v) => {
                            let (b, p) = (v.base.status(), v.plus.as_ref().unwrap().status());
                            let name = |s: Status| serde_json::to_value(s).unwrap();
                            serde_json::to_writer(&mut out, &serde_json::json!({"task_id": subs[i].task_id, "kind": mine[i]["kind"], "base": name(b), "plus": name(p), "verdict": v})).unwrap();
                            out.write_all(b"\n").unwrap();
                            *count.entry(format!("{b:?} {p:?}")).or_default() += 1;
                            if let Some(e) = mine[i]["base"].as_str() {
                                let ep = mine[i]["plus"].as_str().unwrap();
                                if name(b) != e || name(p) != ep {
                                    eprintln!("DIFF #{i} {} {} upstream {e}/{ep} ours {b:?}/{p:?} env={:?}\n   base {:?}\n   plus {:?}", subs[i].task_id, mine[i]["kind"], mine[i]["environment"], v.base, v.plus);
                                }
                            }
                        }
                        Err(e) => eprintln!("ERROR {i} {}: {e}", subs[i].task_id),
                    }
                    if last.elapsed().as_secs() > 8 { eprintln!("... slow before {i} {} {} {:?}", subs[i].task_id, mine[i]["kind"], last.elapsed()); }
                    last = Instant::now();
                });
                eprintln!("{prefix} {} in {:?} {count:?} {}", subs.len(), t.elapsed(), peak());
            }
            eprintln!("total {:?}", t.elapsed());
        }
        _ => unreachable!(),
    }
}
