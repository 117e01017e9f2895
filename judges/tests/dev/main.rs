#![allow(warnings, clippy::all, clippy::pedantic)]
mod ifeval;
use serde_json::Value;
use std::path::Path;
pub fn rows(file: &str) -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(
        Path::new(&std::env::var("DEV_ORACLES").unwrap_or("/work/shared/oracles".into()))
            .to_path_buf()
            .join(file),
    )
    .ok()?;
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}
pub fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or("")
}
pub fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}
pub fn report(file: &str, total: usize, d: &[String], bar: f64) {
    let agree = total - d.len();
    say(&format!("oracle {file}: {agree}/{total}"));
    for x in d.iter().take(12) {
        say(&format!("  {}", x.chars().take(300).collect::<String>()));
    }
}
pub fn sha256_file(p: &Path) -> std::io::Result<String> {
    use sha2::Digest;
    let b = std::fs::read(p)?;
    Ok(sha2::Sha256::digest(&b).iter().map(|b| format!("{b:02x}")).collect())
}
