//! Serves the deterministic player on a local port until it is killed.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use tests::fake_server::{FakeServer, Player, Script, SeenRequest, StreamStyle};

const USAGE: &str = "usage: fake_openai [--port P] [--delay-ms D] [--fail-rate F] \
[--fault-seed S] [--chaos F] [--truncated F] [--unboxed F] [--thinking] [--filler-bytes N] \
[--pieces N] [--forgetful]";

#[derive(Default)]
struct Options {
    port: u16,
    delay_ms: u64,
    fail_rate: f64,
    fault_seed: u64,
    truncated: f64,
    unboxed: f64,
    thinking: bool,
    chaos: f64,
    filler_bytes: usize,
    pieces: Option<usize>,
    forgetful: bool,
}

fn main() -> ExitCode {
    match parse(env::args().skip(1)).and_then(|options| serve(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("fake_openai: {message}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(flag) = args.next() {
        match flag.as_str() {
            "--port" => options.port = value(&flag, args.next())?,
            "--delay-ms" => options.delay_ms = value(&flag, args.next())?,
            "--fail-rate" => options.fail_rate = value(&flag, args.next())?,
            "--fault-seed" => options.fault_seed = value(&flag, args.next())?,
            "--truncated" => options.truncated = value(&flag, args.next())?,
            "--unboxed" => options.unboxed = value(&flag, args.next())?,
            "--chaos" => options.chaos = value(&flag, args.next())?,
            "--filler-bytes" => options.filler_bytes = value(&flag, args.next())?,
            "--pieces" => options.pieces = Some(value(&flag, args.next())?),
            "--forgetful" => options.forgetful = true,
            "--thinking" => options.thinking = true,
            _ => return Err(format!("unknown argument {flag}")),
        }
    }
    Ok(options)
}

fn value<T: FromStr>(flag: &str, text: Option<String>) -> Result<T, String> {
    let text = text.ok_or_else(|| format!("{flag} needs a value"))?;
    text.parse().map_err(|_| format!("{flag} does not take {text}"))
}

fn serve(options: &Options) -> Result<(), String> {
    let mut player = Player::new().truncated(options.truncated).unboxed(options.unboxed);
    if options.thinking {
        player = player.thinking();
    }
    let delay = Duration::from_millis(options.delay_ms);
    let filler = "so it goes, ".repeat(options.filler_bytes / 12);
    let answer = move |request: &SeenRequest| {
        let mut reply = player.reply(request);
        reply.content.insert_str(0, &filler);
        reply.after(delay)
    };
    let mut script = Script::new(answer)
        .with_faults(options.fail_rate, options.fault_seed)
        .with_chaos(options.chaos, options.fault_seed);
    if let Some(pieces) = options.pieces {
        script = script.styled(StreamStyle::new().pieces(pieces));
    }
    if options.forgetful {
        script = script.forgetful();
    }
    let server = FakeServer::start_on(options.port, script)
        .map_err(|error| format!("cannot listen on port {}: {error}", options.port))?;
    let mut out = io::stdout();
    writeln!(out, "{}", server.base_url())
        .and_then(|()| out.flush())
        .map_err(|error| format!("cannot print the URL: {error}"))?;
    loop {
        thread::park();
    }
}
