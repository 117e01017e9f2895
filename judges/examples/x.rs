use std::io::Read;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let mut s = String::new();
    std::io::stdin().read_to_string(&mut s).unwrap();
    // records separated by \x1e ; entry\x1dtext
    let t = std::time::Instant::now();
    for r in s.split('\x1e') {
        if let Some((e, t)) = r.split_once('\x1d') {
            let o = if a.get(1).is_some() {
                judges::extract::code::stage1(t).to_string()
            } else {
                judges::extract::code::evalplus(t, e)
            };
            print!("{o}\x1e");
        }
    }
    eprintln!("{:?}", t.elapsed());
}
