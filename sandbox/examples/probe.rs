use std::time::Instant;
use sandbox::*;
struct All(Vec<Report>);
impl Observer for All { fn report(&mut self, _: usize, r: Report) -> Flow { self.0.push(r); Flow::Continue } }
fn main() {
    let files = RuntimeFiles { snapshot_wasm: "/tmp/models/wasi/python-snapshot.wasm".into(), stdlib_zip: "/tmp/models/wasi/python-stdlib.zip".into() };
    let t = Instant::now();
    let r = PythonRuntime::load(&files, "/tmp/models/wasi/cache".as_ref(), 2, &|p| eprint!("\r{p:?}  "));
    eprintln!("\nload {:?}", t.elapsed());
    let r = match r { Ok(r) => r, Err(e) => { eprintln!("{e}"); return } };
    let s = Sandbox::new(r);
    for path in std::env::args().skip(1) {
        let source = std::fs::read_to_string(&path).unwrap();
        let program = Program { source, entry_point: "f".into(), iterables: Iterables::Collect, arguments: Arguments::Omit };
        let calls = vec![Call { arguments: value::Value::List(vec![]), fuel: 100_000_000_000 }];
        for k in 0..4 {
            let t = Instant::now();
            let e = s.run(&program, &calls, Limits::default(), All(vec![])).unwrap();
            let d = t.elapsed();
            if k == 0 { println!("{path}: {:?} {:?} {} MB\n {}", e.ended, e.progress, e.peak_memory_bytes >> 20, e.output_tail);
              for r in &e.observer.0 { println!("  {} {}", r.fuel, format!("{:?}", r.outcome).chars().take(600).collect::<String>()); } }
            println!("  {:?} inner {:?} fuel {}", d, e.wall, e.fuel);
        }
    }
}
