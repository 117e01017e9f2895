//! End-to-end tests of evalrun.

// The fake server that other tests rely on.
#[expect(clippy::unwrap_used, reason = "the whole binary is a test")]
mod fake_server;
// What a user types and what comes back: tables, listings, errors, exit codes.
mod cli;
// Endpoints that answer, misbehave, or go away.
mod remote;
// Servers that break the rules of HTTP or of event streams.
mod broken_servers;
// Several servers, servers that are down, dialects, and limits of a run.
mod endpoints;
// Several samples in one request, and requests that are sent a second time.
mod hedging;
mod together;
// HTTP/2 without TLS, and OpenTelemetry collectors.
mod http2;
mod spans;
// Thousands of requests: under load, and through chaos.
mod scale;
// What `evalrun score` refuses before it grades.
mod scoring;
// Killed, interrupted and continued runs.
mod resume;
// Assets: damaged, foreign, unreachable, imported.
mod assets;
// The embedded model on real input; absent where its asset cannot be had.
mod embedded;
// Programs that cheat.
mod calls;
mod cheats;
mod choices;
mod echo;
// Functions called in every style of BFCL, by a server that plays what is expected.
mod bfcl_player;
mod function_calls;
// Functions that search the web and that remember by embeddings.
mod functions_outside;
mod instructions;
mod mathematics;
mod mt_bench;
mod programs;
// Reports in every format, and run files of every version.
mod reports;
// Verdicts of upstream scorers.
mod oracle;
// Comparisons of runs, gates on them, and the figures both rest on.
mod compare;
mod gate;
#[expect(clippy::unwrap_used, reason = "the whole binary is a test")]
mod made_runs;
#[expect(clippy::unwrap_used, reason = "the whole binary is a test")]
mod statistics;
// The shape of the source tree.
mod tidy;

use tests::Workplace;

/// A fresh folder in which evalrun runs.
fn workplace() -> Workplace {
    Workplace::new(env!("CARGO_BIN_EXE_evalrun-dup"))
}
